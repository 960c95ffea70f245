/*
 * capabilities_linux.c - what a sandbox can have on this host, as the facts that plans are made from. Looks, changes
 * nothing. Parent; see capabilities.h.
 */
#include "elevated/capabilities_linux.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "elevated/cgroup_linux.h"
#include "elevated/launch.h"

static const char STAGE[] = "level";

int capabilities_landlock_abi(void)
{
    enum { CREATE_RULESET_VERSION = 1 };
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    return abi > 0 ? (int)abi : 0;
}

/* ---- places ---- */

/* Takes `path`. The same directory under two names is one place; what is above others comes before them. */
static bool add_place(struct capabilities *capabilities, char *path, bool writable)
{
    const size_t most = sizeof(capabilities->place) / sizeof(capabilities->place[0]);
    struct enforce_host *host = &capabilities->host;
    size_t at = host->place_count;
    if (!strings_add_owned(&capabilities->owned, path) || host->place_count == most)
        return false;
    for (; at > 0; at--) {
        int order = path_compare(PATH_POSIX, capabilities->place[at - 1].path, path);
        if (order == 0)
            return true;
        if (order < 0)
            break;
    }
    memmove(&capabilities->place[at + 1], &capabilities->place[at],
            (host->place_count - at) * sizeof(capabilities->place[0]));
    capabilities->place[at] = (struct enforce_place){.path = path, .writable = writable};
    host->place_count++;
    return true;
}

/* Places hold what others leave for each other: temporary files, sockets of services, other people's homes. */
static bool add_places(struct capabilities *capabilities, bool other_user)
{
    static const struct {
        const char *path;
        bool writable;
        bool with_other_user_only; /* at level restricted the user keeps the view of his own home */
    } known[] = {{"/dev", true, false},
                 {"/tmp", true, false},
                 {"/var/tmp", true, false},
                 {"/run", false, false},
                 {"/home", true, true}};
    struct stat status;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        char *path = known[i].with_other_user_only && !other_user ? NULL : realpath(known[i].path, NULL);
        if (!path)
            continue;
        if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode) || strcmp(path, "/") == 0)
            free(path);
        else if (!add_place(capabilities, path, known[i].writable))
            return false;
    }
    return true;
}

/* What is safe to be written whatever the policy says. */
static bool add_devices(struct capabilities *capabilities)
{
    static const char *const names[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/pts", "/dev/ptmx"};
    const struct enforce_host *host = &capabilities->host;
    /* in a /dev of the sandbox's own the last is a link into /dev/pts */
    size_t count = sizeof(names) / sizeof(names[0]) - (host->own_files ? 1 : 0);
    bool added = true;
    for (size_t i = 0; added && i < count; i++) {
        /* some are links, and the runner follows none */
        char *path = realpath(names[i], NULL);
        added = !path || strings_add_owned(&capabilities->device, path);
    }
    /* names and comments of threads; nothing else in there is the other user's to change */
    if (added && host->other_user && host->own_proc)
        added = strings_add(&capabilities->device, "/proc");
    return added;
}

/* ---- facts ---- */

int capabilities_of_grade(enum postern_level level, enum capabilities_grade grade, struct capabilities *out,
                          struct postern_error *error)
{
    memset(out, 0, sizeof(*out));
    struct enforce_host *host = &out->host;
    bool namespaces = grade != GRADE_LANDLOCK_ONLY;
    host->level = level;
    host->place = out->place;
    host->device = &out->device;
    if (level == POSTERN_LEVEL_NONE)
        return POSTERN_OK;
    host->other_user = level == POSTERN_LEVEL_ELEVATED;
    host->own_files = host->own_pids = host->own_ipc = namespaces;
    host->own_proc = grade == GRADE_FULL;
    host->own_network = namespaces && access("/proc/self/ns/net", F_OK) == 0;
    host->landlock_abi = capabilities_landlock_abi();
    host->seccomp = true; /* or launch_check_level() fails */
    if ((host->own_files && !add_places(out, host->other_user)) || !add_devices(out))
        return error_memory(error, STAGE);
    return POSTERN_OK;
}

void capabilities_add_groups(struct capabilities *capabilities)
{
    struct cgroup_host groups = {0};
    struct postern_error ignored = {0}; /* then a limit holds for each process instead */
    if (capabilities->host.level == POSTERN_LEVEL_NONE)
        return;
    (void)cgroup_find(&groups, &ignored);
    capabilities->host.cgroup_memory = groups.memory.path != NULL;
    capabilities->host.cgroup_processes = groups.processes.path != NULL;
    cgroup_host_free(&groups);
}

bool capabilities_was_refused(const struct postern_error *error)
{
    return error->os_error == EPERM || error->os_error == EACCES || error->os_error == ENOSPC ||
           error->os_error == EINVAL || error->os_error == ENOSYS || error->os_error == EUSERS ||
           error->os_error == EROFS;
}

int capabilities_check_landlock_only(const struct postern_error *refused, struct postern_error *error)
{
    enum { ABI_TRUNCATE = 3 }; /* before, files that may only be read could be truncated */
    if (capabilities_landlock_abi() >= ABI_TRUNCATE)
        return POSTERN_OK;
    error_set(error, POSTERN_E_LEVEL, STAGE, refused->operation,
              "the host refuses user namespaces (%s), and its Landlock is too old to do without", refused->message);
    error_remedy(error, refused->remedy);
    return POSTERN_E_LEVEL;
}

int capabilities_find(enum postern_level level, struct capabilities *out, struct postern_error *error)
{
    enum capabilities_grade grade = GRADE_FULL;
    struct postern_error refused = {0};
    memset(out, 0, sizeof(*out));
    int result = launch_check_level(level, error);
    if (result == POSTERN_OK && level == POSTERN_LEVEL_RESTRICTED)
        grade = capabilities_try(&refused);
    if (result == POSTERN_OK && grade == GRADE_LANDLOCK_ONLY)
        result = capabilities_check_landlock_only(&refused, error);
    if (result == POSTERN_OK)
        result = capabilities_of_grade(level, grade, out, error);
    if (result == POSTERN_OK)
        capabilities_add_groups(out);
    out->missing = refused;
    return result;
}

void capabilities_free(struct capabilities *capabilities)
{
    strings_free(&capabilities->device);
    strings_free(&capabilities->owned);
    memset(capabilities, 0, sizeof(*capabilities));
}
