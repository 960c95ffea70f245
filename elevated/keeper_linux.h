/*
 * keeper_linux.h - the parts of postern-keeper, a program of its own and the first process of a sandbox. Private to
 * elevated/keeper_*_linux.c; what the parent needs to know of it is in report_linux.h and plan_linux.h.
 *
 * The keeper is on the parent's side of the boundary and runs with the parent's rights (root, or root of a user
 * namespace) until the runner has been started, then with none. It allocates no memory, has one thread, and talks to
 * nobody but the parent; the runner, which runs as another user or below it in the process tree, cannot reach it.
 */
#ifndef POSTERN_ELEVATED_KEEPER_LINUX_H
#define POSTERN_ELEVATED_KEEPER_LINUX_H

#include <stdbool.h>
#include <sys/types.h>

#include "elevated/plan_linux.h"
#include "elevated/report_linux.h"

/* What failed. `call` and `item` point to constants or into the plan. */
struct keeper_failure {
    uint32_t where; /* enum plan_operation or report_phase */
    int os_error;
    const char *call;
    const char *item;
};

/* Fills the failure from errno and returns false, so that steps end with `return keeper_failed(...)`. */
bool keeper_failed(struct keeper_failure *failure, const char *call, const char *item);

/* ---- keeper_mount_linux.c ---- */

struct keeper_mounts {
    const struct plan_header *header; /* borrowed */
    int slots[PLAN_SLOTS];            /* descriptors, -1: empty */
    int proc;                         /* slot of the new /proc, -1: none; MAP_OWNER looks into it */
    int map;                          /* the last id map, -1: none yet; the next step is often of the same owner */
    uint32_t map_uid, map_gid;
};
void keeper_mounts_init(struct keeper_mounts *mounts, const struct plan_header *header);
void keeper_mounts_free(struct keeper_mounts *mounts); /* what was not placed is gone */
bool keeper_take_step(struct keeper_mounts *mounts, const struct plan_step *step, struct keeper_failure *failure);

/* ---- keeper_idmap_linux.c ---- */

/* Opens a map of the owner in `step` to the sandbox user in `header`, for MOUNT_ATTR_IDMAP. `proc` is a /proc of the
 * pid namespace. -1: see the failure. */
int keeper_open_map(int proc, const struct plan_step *step, const struct plan_header *header,
                    struct keeper_failure *failure);

/* ---- keeper_identity_linux.c ---- */

/* For this process and all that come from it: no exec and no set-id file will ever give a privilege that the caller of
 * the exec has not got. What there is stays usable. *barred: also the bounding set is empty, which takes privileges. */
bool keeper_bar_privileges(bool *barred, struct keeper_failure *failure);

/* After that, gives up all privileges for good: other user and group (NULL: stay), no groups, no capabilities in any
 * set; then makes sure, by reading everything back and by trying to be root again. Safe between vfork and exec. */
bool keeper_drop_privileges(const struct plan_header *other_user, bool barred, struct keeper_failure *failure);

/* ---- keeper_runner_linux.c ---- */

/* Starts the runner with exactly its descriptors; returns once it is executed. */
bool keeper_start_runner(const struct plan_header *header, mode_t mask, bool barred, pid_t *runner,
                         struct keeper_failure *failure);

/* ---- keeper_sweep_linux.c ---- */

/* The other mode of the program: waits for the end of the sandbox, removes its control groups `name`. Exit status. */
int keeper_sweep(const char *name);

/* ---- keeper_watch_linux.c ---- */

/* Signals that tell of children, as a descriptor; before the runner is started. -1: errno. */
int keeper_watch_children(void);

/* Waits until the parent has done its part: finished the plan, then checked the runner. false: it is gone, or has
 * thought better of it. */
bool keeper_await_go(void);

/* Reaps until the runner has ended (true, *wait_status) or the parent is gone or wants an end (false). */
bool keeper_watch(int children, pid_t runner, int *wait_status);

/* Without a pid namespace: kills and reaps everything that descends from us. */
void keeper_end_descendants(int children);

#endif
