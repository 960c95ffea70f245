/*
 * cgroup_find_linux.c - whether, and where, a control group can be made for a sandbox. Looks, changes nothing. Parent;
 * see cgroup_linux.h.
 */
#include "elevated/cgroup_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "shared/text.h"

static const char STAGE[] = "cgroup";
enum { CANDIDATES = 8 };

char *cgroup_read_file(int directory, const char *name)
{
    enum { FIRST = 8192, LAST = 8 * 1024 * 1024 };
    char *text = NULL;
    size_t length = 0;
    size_t capacity = 0;
    ssize_t got = 1;
    int file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0)
        return NULL;
    while (got > 0) {
        if (capacity - length < 2) {
            capacity = capacity ? capacity * 2 : FIRST;
            char *larger = capacity <= LAST ? realloc(text, capacity) : NULL;
            if (!larger) {
                errno = EFBIG;
                got = -1;
                break;
            }
            text = larger;
        }
        do
            got = read(file, text + length, capacity - length - 1);
        while (got < 0 && errno == EINTR);
        if (got > 0)
            length += (size_t)got;
    }
    int number = errno;
    close(file);
    if (got == 0) {
        text[length] = 0;
        return text;
    }
    free(text);
    errno = number;
    return NULL;
}

static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += length) {
        bool begins = at == text || at[-1] == ' ';
        if (begins && (at[length] == 0 || at[length] == ' ' || at[length] == '\n'))
            return true;
    }
    return false;
}

int cgroup_open_place(const char *path, bool unified)
{
    struct statfs system;
    int directory = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0)
        return -1;
    int number = 0;
    if (fstatfs(directory, &system) != 0)
        number = errno;
    else if (system.f_type != (unified ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC))
        number = ENODEV; /* something else is mounted over it */
    else if (faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) != 0)
        number = errno;
    /* version 2: who moves a process must be able to write here, where the old and the new group meet */
    else if (unified && faccessat(directory, "cgroup.procs", W_OK, AT_EACCESS) != 0)
        number = errno;
    if (number == 0)
        return directory;
    close(directory);
    errno = number;
    return -1;
}

static bool distributes(int directory, const char *controller)
{
    char *enabled = cgroup_read_file(directory, "cgroup.subtree_control");
    bool has = enabled && has_word(enabled, controller);
    free(enabled);
    return has;
}

static int refuse(const char *path, const char *call, struct postern_error *error)
{
    error_os(error, POSTERN_E_UNSUPPORTED, STAGE, call, errno, "no control group can be made in %s", path);
    error_remedy(error, "run as root, or let the system delegate control groups to the user");
    return POSTERN_E_UNSUPPORTED;
}

/* POSTERN_E_UNSUPPORTED: not there. */
static int try_place(const char *path, bool unified, const char *controller, struct cgroup_place *out,
                     struct postern_error *error)
{
    int directory = cgroup_open_place(path, unified);
    if (directory < 0)
        return refuse(path, "open", error);
    bool usable = !unified || distributes(directory, controller);
    close(directory);
    if (!usable) {
        error_set(error, POSTERN_E_UNSUPPORTED, STAGE, "", "the control groups in %s are not given \"%s\"", path,
                  controller);
        error_remedy(error, "enable it in the cgroup.subtree_control there");
        return POSTERN_E_UNSUPPORTED;
    }
    *out = (struct cgroup_place){text_duplicate(path), unified};
    return out->path ? POSTERN_OK : error_memory(error, STAGE);
}

/* What a group beside ours would not be held to. Limits above both hold for it as well; memory.swap.max is always 0 in
 * ours. A share of what is contended (cpu.weight, io.weight) is no limit. */
static bool is_limited(int group, const char **limit)
{
    static const char *const files[] = {"memory.max", "memory.high", "pids.max",    "cpu.max",
                                        "io.max",     "cpuset.cpus", "cpuset.mems", "cpuset.cpus.exclusive"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char *text = cgroup_read_file(group, files[i]);
        /* no such file: the controller is not given to our group */
        bool limited = text ? text[strspn(text, " \n")] != 0 && strncmp(text, "max", 3) != 0 : errno != ENOENT;
        free(text);
        *limit = files[i];
        if (limited)
            return true;
    }
    return false;
}

int cgroup_check_beside(const char *path, struct postern_error *error)
{
    const char *limit = "";
    int group = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (group < 0)
        return refuse(path, "open", error);
    bool limited = is_limited(group, &limit);
    close(group);
    if (!limited)
        return POSTERN_OK;
    error_set(error, POSTERN_E_UNSUPPORTED, STAGE, "",
              "a control group beside our own would let commands out of its limits: %s of %s is set", limit, path);
    error_remedy(error, "set the limit on the group above, such as the slice of the service");
    return POSTERN_E_UNSUPPORTED;
}

/* In our own group if it may have limited ones below it (in version 2 only the root may), else beside it. */
static int try_candidate(const struct cgroup_candidate *candidate, const char *controller, struct cgroup_place *out,
                         struct postern_error *error)
{
    int result = try_place(candidate->path, candidate->unified, controller, out, error);
    char *end = strrchr(candidate->path, '/');
    if (result != POSTERN_E_UNSUPPORTED || !candidate->unified || strcmp(candidate->path, candidate->top) == 0 || !end)
        return result;
    result = cgroup_check_beside(candidate->path, error);
    if (result != POSTERN_OK)
        return result;
    char *above = text_format("%.*s", (int)(end - candidate->path), candidate->path);
    if (!above)
        return error_memory(error, STAGE);
    result = try_place(above, true, controller, out, error);
    free(above);
    return result;
}

static int find_place(const char *mounts, const char *membership, const char *controller, struct cgroup_place *out,
                      struct postern_error *error)
{
    struct cgroup_candidate candidates[CANDIDATES];
    size_t count = cgroup_locate(mounts, membership, controller, candidates, CANDIDATES);
    int result = POSTERN_E_UNSUPPORTED;
    if (count == 0) {
        error_set(error, result, STAGE, "", "no control groups for \"%s\" are mounted where our own can be seen",
                  controller);
        error_remedy(error, "mount /sys/fs/cgroup");
    }
    for (size_t i = 0; i < count; i++) {
        if (result == POSTERN_E_UNSUPPORTED)
            result = try_candidate(&candidates[i], controller, out, error);
        cgroup_candidate_free(&candidates[i]);
    }
    return result;
}

int cgroup_find(struct cgroup_host *out, struct postern_error *error)
{
    memset(out, 0, sizeof(*out));
    char *mounts = cgroup_read_file(AT_FDCWD, "/proc/self/mountinfo");
    char *membership = mounts ? cgroup_read_file(AT_FDCWD, "/proc/self/cgroup") : NULL;
    int result = POSTERN_OK;
    if (!membership)
        result = error_os(error, POSTERN_E_UNSUPPORTED, STAGE, "open", errno, "our own control groups");
    if (result == POSTERN_OK)
        result = find_place(mounts, membership, "pids", &out->processes, NULL);
    if (result == POSTERN_OK || (result == POSTERN_E_UNSUPPORTED && membership))
        result = find_place(mounts, membership, "memory", &out->memory, error);
    else if (result == POSTERN_E_MEMORY)
        error_memory(error, STAGE);
    free(mounts);
    free(membership);
    return result;
}

void cgroup_host_free(struct cgroup_host *host)
{
    free(host->memory.path);
    free(host->processes.path);
    memset(host, 0, sizeof(*host));
}
