/*
 * cgroup_linux.c - making, filling in and removing the control group of one sandbox. Parent; see cgroup_linux.h.
 */
#include "elevated/cgroup_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elevated/plan_linux.h"
#include "shared/crypto.h"
#include "shared/process_linux.h"

static const char STAGE[] = "cgroup";
enum { NAME_SIZE = 64, REMOVE_LIMIT_MS = 2000, REMOVE_PAUSE_MAX_MS = 50 };

_Static_assert((int)CGROUP_FILES_MAX == (int)PLAN_GROUPS, "one file for each group that the keeper knows");

/* ---- one group ---- */

struct group {
    int parent;    /* the directory that it is in; -1: none */
    int directory; /* -1: not made */
    int file;      /* its cgroup.procs, -1 */
};

struct cgroup {
    char name[NAME_SIZE];
    struct group groups[CGROUP_FILES_MAX];
    size_t count;
    os_handle guard; /* kept as long as we want to look into the group */
    struct process sweeper;
};

static int fail(const char *call, const char *what, struct postern_error *error)
{
    return error_os(error, POSTERN_E_CONFINE, STAGE, call, errno, "the control group of the sandbox: %s", what);
}

static int write_limit(int directory, const char *name, uint64_t value, bool may_be_missing,
                       struct postern_error *error)
{
    char text[24];
    int length = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    int file = openat(directory, name, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT && may_be_missing ? POSTERN_OK : fail("open", name, error);
    ssize_t written;
    do
        written = write(file, text, (size_t)length);
    while (written < 0 && errno == EINTR);
    /* without accounting for swap the file may be there, but takes nothing */
    int result = written == length || (written < 0 && errno == EOPNOTSUPP && may_be_missing)
                     ? POSTERN_OK
                     : fail("write", name, error);
    close(file);
    return result;
}

static int limit_memory(int directory, bool unified, uint64_t bytes, struct postern_error *error)
{
    int result = write_limit(directory, unified ? "memory.max" : "memory.limit_in_bytes", bytes, false, error);
    /* else what does not fit would only be slow */
    if (result == POSTERN_OK && unified)
        result = write_limit(directory, "memory.swap.max", 0, true, error);
    else if (result == POSTERN_OK)
        result = write_limit(directory, "memory.memsw.limit_in_bytes", bytes, true, error);
    return result;
}

static int open_parent(struct cgroup *cgroup, const struct cgroup_place *place, struct postern_error *error)
{
    struct group *group = &cgroup->groups[cgroup->count];
    *group = (struct group){cgroup_open_place(place->path, place->unified), -1, -1};
    if (group->parent < 0)
        return fail("open", place->path, error);
    cgroup->count++;
    return POSTERN_OK;
}

static int make_group(struct cgroup *cgroup, struct group *group, struct postern_error *error)
{
    if (mkdirat(group->parent, cgroup->name, 0755) != 0)
        return fail("mkdir", cgroup->name, error);
    group->directory = openat(group->parent, cgroup->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (group->directory < 0)
        return fail("open", cgroup->name, error);
    group->file = openat(group->directory, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    return group->file >= 0 ? POSTERN_OK : fail("open", "cgroup.procs", error);
}

/* Before the groups, so that whenever we are killed there is somebody to remove them. */
static int start_sweeper(struct cgroup *cgroup, os_handle keeper, struct postern_error *error)
{
    const char *const argv[] = {"postern-keeper", "--sweep", cgroup->name, NULL};
    const char *const env[] = {NULL};
    const struct process_linux_options options = {.signals = NULL};
    os_handle pass[1 + CGROUP_FILES_MAX];
    struct process_spec spec;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail("pipe2", "its guard", error);
    cgroup->guard = ends[1];
    pass[0] = ends[0];
    for (size_t i = 0; i < cgroup->count; i++)
        pass[1 + i] = cgroup->groups[i].parent;
    process_spec_init(&spec);
    spec.program_handle = keeper;
    spec.argv = argv;
    spec.env = env;
    spec.cwd = "/";
    spec.pass = pass;
    spec.pass_count = 1 + cgroup->count;
    spec.new_session = true;
    int result = process_spawn_linux(&spec, &options, &cgroup->sweeper, error);
    close(ends[0]);
    return result;
}

static int make(struct cgroup *cgroup, const struct cgroup_host *host, uint64_t memory, uint64_t processes,
                os_handle keeper, struct postern_error *error)
{
    char random[33];
    size_t with_memory = 0, with_processes = 0; /* which of the groups */
    int result = POSTERN_OK;
    if (!crypto_random_name(random))
        return error_set(error, POSTERN_E_OS, STAGE, "getrandom", "no randomness for a name");
    snprintf(cgroup->name, sizeof(cgroup->name), "postern-%d-%.8s", (int)getpid(), random);
    if (memory)
        result = open_parent(cgroup, &host->memory, error);
    if (result == POSTERN_OK && processes && !(memory && strcmp(host->memory.path, host->processes.path) == 0)) {
        with_processes = cgroup->count;
        result = open_parent(cgroup, &host->processes, error);
    }
    if (result == POSTERN_OK)
        result = start_sweeper(cgroup, keeper, error);
    for (size_t i = 0; result == POSTERN_OK && i < cgroup->count; i++)
        result = make_group(cgroup, &cgroup->groups[i], error);
    if (result == POSTERN_OK && memory)
        result = limit_memory(cgroup->groups[with_memory].directory, host->memory.unified, memory, error);
    if (result == POSTERN_OK && processes)
        result = write_limit(cgroup->groups[with_processes].directory, "pids.max", processes, false, error);
    return result;
}

int cgroup_create(const struct cgroup_host *host, uint64_t memory, uint64_t processes, os_handle keeper,
                  struct cgroup **out, struct postern_error *error)
{
    struct cgroup *cgroup = calloc(1, sizeof(*cgroup));
    if (!cgroup)
        return error_memory(error, STAGE);
    cgroup->guard = cgroup->sweeper.handle = OS_HANDLE_NONE;
    int result = make(cgroup, host, memory, processes, keeper, error);
    if (result != POSTERN_OK) {
        cgroup_remove(cgroup);
        return result;
    }
    *out = cgroup;
    return POSTERN_OK;
}

size_t cgroup_files(const struct cgroup *cgroup, os_handle out[CGROUP_FILES_MAX])
{
    for (size_t i = 0; i < cgroup->count; i++)
        out[i] = cgroup->groups[i].file;
    return cgroup->count;
}

os_handle cgroup_guard(const struct cgroup *cgroup)
{
    return cgroup->guard;
}

void cgroup_started(struct cgroup *cgroup)
{
    for (size_t i = 0; i < cgroup->count; i++) {
        close(cgroup->groups[i].file);
        cgroup->groups[i].file = -1;
    }
}

/* "oom 2" is one line of several, or the number is all there is; files of another controller or version are not there.
 * Version 1 counts now here, now there, and not every killing: a program that cannot even be loaded ends without one.
 */
bool cgroup_ran_out(const struct cgroup *cgroup)
{
    static const struct {
        const char *file, *word;
    } counters[] = {{"memory.events", "\noom "}, {"memory.oom_control", "oom_kill "}, {"memory.failcnt", ""}};
    bool ran_out = false;
    for (size_t i = 0; i < cgroup->count; i++) {
        for (size_t n = 0; n < sizeof(counters) / sizeof(counters[0]); n++) {
            char *text = cgroup_read_file(cgroup->groups[i].directory, counters[n].file);
            const char *at = text ? strstr(text, counters[n].word) : NULL;
            ran_out = ran_out || (at && strtoull(at + strlen(counters[n].word), NULL, 10) > 0);
            free(text);
        }
    }
    return ran_out;
}

/* ---- the end ---- */

/* Busy until the last process in it has passed away, of which the kernel says nothing more than that. */
static bool remove_group(const struct cgroup *cgroup, const struct group *group)
{
    int waited = 0;
    int pause = 1;
    while (unlinkat(group->parent, cgroup->name, AT_REMOVEDIR) != 0) {
        if (errno == ENOENT)
            return true;
        if ((errno != EBUSY && errno != EINTR) || waited >= REMOVE_LIMIT_MS)
            return false;
        poll(NULL, 0, pause);
        waited += pause;
        pause = pause < REMOVE_PAUSE_MAX_MS ? pause * 2 : pause;
    }
    return true;
}

void cgroup_remove(struct cgroup *cgroup)
{
    bool removed = true;
    if (!cgroup)
        return;
    for (size_t i = 0; i < cgroup->count; i++) {
        struct group *group = &cgroup->groups[i];
        if (group->file >= 0)
            close(group->file);
        if (group->directory >= 0)
            close(group->directory);
        removed = remove_group(cgroup, group) && removed;
        close(group->parent);
    }
    handle_close(&cgroup->guard);
    if (removed)
        process_close(&cgroup->sweeper);
    else
        handle_close(&cgroup->sweeper.handle); /* it goes on trying */
    free(cgroup);
}
