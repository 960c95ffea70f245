/*
 * cgroup_linux.h - limits that all processes of a sandbox share: a control group (version 1 or 2) made for one sandbox.
 * Parent; callers: capabilities_linux.c (cgroup_find), launch_*_linux.c.
 *
 * Only the runner is moved into the group, by the keeper's child that becomes it, and so is all that comes from it; the
 * keeper stays outside. The group can be removed once the last of them is gone, which for a keeper in a pid namespace
 * is after its own end, and often takes rights that the keeper has given up. So a process of its own, the sweeper
 * (postern-keeper in another mode, keeper_sweep_linux.c), waits for the end of the sandbox and removes the group; it
 * runs before the group exists, so that nothing is left whenever the parent is killed. A parent that is alive does it
 * itself and has no use for the sweeper then.
 */
#ifndef POSTERN_ELEVATED_CGROUP_LINUX_H
#define POSTERN_ELEVATED_CGROUP_LINUX_H

#include "shared/error.h"
#include "shared/handle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A directory in which we can make a group that limits one thing. */
struct cgroup_place {
    char *path;   /* NULL: there is none */
    bool unified; /* version 2 */
};
struct cgroup_host {
    struct cgroup_place memory, processes;
};

/* Where groups can be made: looks, changes nothing. Version 1: in our own group; version 2: in our own if that is the
 * root, else beside it (one with processes in it can have no limited ones below), but only if ours has no limits that
 * commands would get out of there. POSTERN_E_UNSUPPORTED: not for
 * memory, and why; POSTERN_E_MEMORY. Freed with cgroup_host_free(), also after a failure. */
int cgroup_find(struct cgroup_host *out, struct postern_error *error);
void cgroup_host_free(struct cgroup_host *host);

/* Pure part of it (cgroup_locate_linux.c): the directories of our own group for `controller` as /proc/self/mountinfo
 * and /proc/self/cgroup name them, in the order of the mounts. `top` is where the hierarchy is mounted: what is above
 * cannot be seen. Returns the number, at most `maximum`; what cannot be told is left out. */
struct cgroup_candidate {
    char *path, *top; /* allocated */
    bool unified;
};
size_t cgroup_locate(const char *mounts, const char *membership, const char *controller, struct cgroup_candidate *out,
                     size_t maximum);
void cgroup_candidate_free(struct cgroup_candidate *candidate);

struct cgroup;

/* Makes the group or groups, and the sweeper. A limit of 0 is none; one of the two is not 0 and has its place in
 * `host`. `keeper` is postern-keeper, opened (borrowed). POSTERN_E_CONFINE; nothing is left then. */
int cgroup_create(const struct cgroup_host *host, uint64_t memory, uint64_t processes, os_handle keeper,
                  struct cgroup **out, struct postern_error *error);

/* What the keeper is started with, borrowed: the files into which the runner-to-be writes "0" to be moved
 * (plan_header.group_count of them, see report_linux.h), and the guard, which it only holds: the sweeper's signal is
 * that keeper and parent are both gone. */
#define CGROUP_FILES_MAX 2
size_t cgroup_files(const struct cgroup *cgroup, os_handle out[CGROUP_FILES_MAX]);
os_handle cgroup_guard(const struct cgroup *cgroup);

/* The keeper has been started and has what it needs. */
void cgroup_started(struct cgroup *cgroup);

/* Whether something in it wanted more memory than there was. */
bool cgroup_ran_out(const struct cgroup *cgroup);

/* Everything in it is dead, or is about to be: waits for that, for a bounded time, and removes it. Frees. NULL allowed.
 */
void cgroup_remove(struct cgroup *cgroup);

/* ---- private to cgroup_*_linux.c (cgroup_find_linux.c) ---- */

/* A directory, of a control group file system, that we may make groups in. -1: errno. */
int cgroup_open_place(const char *path, bool unified);

/* Whether what is beside our own group of version 2, `path`, is held to all that ours is. POSTERN_E_UNSUPPORTED. */
int cgroup_check_beside(const char *path, struct postern_error *error);

/* The whole of a file in `directory`, also of those that have no size before they are read. Allocated; NULL: errno. */
char *cgroup_read_file(int directory, const char *name);

#endif
