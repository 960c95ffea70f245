/*
 * confine.h - the runner confines itself, once, before its first session; every command inherits it.
 * confine_linux.c (Landlock, seccomp, limits), confine_win32.c (nothing yet but level none). Caller: runner/main.c.
 */
#ifndef POSTERN_RUNNER_CONFINE_H
#define POSTERN_RUNNER_CONFINE_H

#include "shared/error.h"
#include "shared/strings.h"

enum confine_access { CONFINE_READ = 1, CONFINE_WRITE = 2 }; /* WRITE includes READ */

struct confine_path {
    const char *path;
    enum confine_access access;
};

struct confinement {
    enum postern_level level;
    const struct confine_path *paths; /* beneath each of them the access is allowed; everything else is denied */
    size_t path_count;
    bool network;            /* false: sockets other than AF_UNIX are refused by seccomp too */
    bool no_user_namespaces; /* always true but at level none */
    bool no_local_sockets;   /* AF_UNIX is refused as well: set where no mount namespace hides the host's services */
    uint32_t max_processes;  /* 0: leave the limit alone */
};

/* Applies all of it or fails: POSTERN_E_CONFINE, naming mechanism and system error; the runner must exit then. Each
 * mechanism in force is appended to `in_force` as "capability:mechanism", e.g. "fs.write:landlock-abi7",
 * "syscalls:seccomp", "privileges:no_new_privs". Level none applies nothing. */
int confine_self(const struct confinement *confinement, struct strings *in_force, struct postern_error *error);

/* Whether the host can: looks, changes nothing. Returns the Landlock ABI or 0 in *landlock_abi. */
int confine_check(int *landlock_abi, struct postern_error *error);

#endif
