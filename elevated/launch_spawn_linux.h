/*
 * launch_spawn_linux.h - the mechanics of starting a keeper (or, at level none, a runner): files in memory, opened
 * helpers, descriptors in their order. Private to elevated/launch_*_linux.c. Parent.
 */
#ifndef POSTERN_ELEVATED_LAUNCH_SPAWN_LINUX_H
#define POSTERN_ELEVATED_LAUNCH_SPAWN_LINUX_H

#include "elevated/launch_helper_linux.h"
#include "elevated/plan_linux.h"
#include "ipc/bootstrap.h"
#include "shared/handle.h"
#include "shared/process.h"

/* What both kinds of start need; all of it is ours to close. */
struct spawn {
    struct helper runner;
    struct helper keeper;         /* not opened at level none */
    os_handle plan;               /* file in memory; NONE at level none */
    os_handle bootstrap;          /* file in memory */
    os_handle log;                /* NONE: no log */
    os_handle parent;             /* pidfd of this process */
    os_handle endpoint;           /* borrowed: the runner's end of the channel */
    os_handle lock;               /* borrowed: lock of the sandbox user; NONE: there is none */
    os_handle group[PLAN_GROUPS]; /* borrowed, as is the guard: cgroup_files(), cgroup_guard() */
    size_t group_count;
    os_handle guard; /* NONE: there are no groups */
};
void spawn_init(struct spawn *spawn);
void spawn_close(struct spawn *spawn);

/* Opens helpers, log and pidfd; the files in memory are empty. What may be executed next, the keeper, is pinned then.
 */
int spawn_open(struct spawn *spawn, const char *libexec, bool with_keeper, const char *log_file,
               struct postern_error *error);

/* Starts the keeper in new namespaces (CLONE_NEW* flags). *status is our end of its status socket. It waits there until
 * it is told to go, so that what it needs then can be prepared while it comes up. */
int spawn_keeper(const struct spawn *spawn, unsigned long namespaces, struct process *out, os_handle *status,
                 struct postern_error *error);

/* Fills the files in memory; both once, the bootstrap before the runner can start. */
int spawn_write_bootstrap(const struct spawn *spawn, const struct bootstrap *bootstrap, struct postern_error *error);
int spawn_write_plan(const struct spawn *spawn, const struct plan *plan, struct postern_error *error);

/* The plan is written: the keeper takes its steps, and then waits again. */
int spawn_let_go(os_handle status, struct postern_error *error);

/* Pins the runner, which takes a while, and then has the keeper start it: never without. A keeper that has ended
 * meanwhile is no failure here: its report says why. */
int spawn_let_run(struct spawn *spawn, os_handle status, struct postern_error *error);

/* Pins and starts the runner itself. */
int spawn_runner(struct spawn *spawn, struct process *out, struct postern_error *error);

#endif
