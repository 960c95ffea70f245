/*
 * launch_linux.h - what the files of the Linux launcher share. Private to elevated/launch_*_linux.c. Parent.
 */
#ifndef POSTERN_ELEVATED_LAUNCH_LINUX_H
#define POSTERN_ELEVATED_LAUNCH_LINUX_H

#include "elevated/host_linux.h"
#include "elevated/launch.h"
#include "elevated/launch_spawn_linux.h"
#include "elevated/report_linux.h"
#include "elevated/user_linux.h"
#include "ipc/endpoint.h"

struct launch {
    struct process process; /* the keeper; at level none the runner */
    bool has_keeper;
    bool own_pids;            /* the end of the keeper is the end of everything */
    os_handle status;         /* our end of the keeper's status socket */
    struct report last;       /* FAILED or ENDED, once it has come */
    struct process_exit exit; /* of `process`, once it has been collected */
    uint32_t runner_pid;
    os_handle channel;
    struct user user; /* level elevated; lock NONE otherwise */
    char *temporary;  /* private directory to remove; NULL: none */
    char *name, *home, *temp, *directory;
    struct strings in_force;
};

/* How much of a sandbox the host grants; level restricted goes down these, from the best. */
struct launch_grade {
    unsigned long namespaces; /* CLONE_NEW*; CLONE_NEWNET is added when the network is off */
    bool own_files;           /* mounts are changed */
    bool own_proc;
};

/* launch_start_linux.c: one attempt at one grade; on failure the launch is as before. */
int launch_attempt(const struct launch_options *options, const struct launch_grade *grade, struct launch *launch,
                   struct postern_error *error);
int launch_without_keeper(const struct launch_options *options, struct launch *launch, struct postern_error *error);

/* launch_account_linux.c: takes a user (level elevated) or the caller's own; fills name and home of the launch and, for
 * another user, the account files as the sandbox shall see them; both are allocated. */
int launch_choose_user(struct launch *launch, bool other_user, const struct host_accounts *accounts, char **passwd,
                       char **group, struct postern_error *error);

/* launch_linux.c: takes in what the keeper has reported, without waiting. */
void launch_read_reports(struct launch *launch);
/* Kills what runs, and closes; what launch_attempt() began. */
void launch_stop(struct launch *launch);

int launch_landlock_abi(void); /* negative: none */

#endif
