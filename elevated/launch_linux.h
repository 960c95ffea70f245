/*
 * launch_linux.h - what the files of the Linux launcher share. Private to elevated/launch_*_linux.c. Parent.
 */
#ifndef POSTERN_ELEVATED_LAUNCH_LINUX_H
#define POSTERN_ELEVATED_LAUNCH_LINUX_H

#include "elevated/capabilities_linux.h"
#include "elevated/cgroup_linux.h"
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
    struct cgroup *cgroup; /* NULL: none */
    struct user user;      /* level elevated; lock NONE otherwise */
    char *temporary;       /* private directory to remove; NULL: none */
    char *name, *home, *temp, *directory;
    struct strings in_force;
};

/* launch_start_linux.c: one attempt at one grade of the host, by a plan made for it; on failure the launch is as
 * before. POSTERN_E_POLICY: the policy cannot be enforced at this grade. */
int launch_attempt(const struct launch_options *options, enum capabilities_grade grade, struct launch *launch,
                   struct postern_error *error);
int launch_without_keeper(const struct launch_options *options, struct launch *launch, struct postern_error *error);

/* launch_plan_linux.c: CLONE_NEW* flags of a plan. */
unsigned long launch_namespaces(enum postern_level level, const struct enforce_steps *steps);
/* Appends what the launcher's steps put in force, each once. false: memory is out. */
bool launch_list_in_force(const struct enforce_steps *steps, uint32_t uid, struct strings *out);
/* Appends the runner's steps; `temporary` is what was made for ENFORCE_PRIVATE_DIRECTORY (NULL: nothing), which only
 * the runner's Landlock can make writable. false: memory is out. */
bool launch_take_runner_steps(const struct enforce_steps *steps, const char *temporary, struct enforce_steps *out);

/* launch_account_linux.c: takes a user (level elevated) or the caller's own; fills name and home of the launch and, for
 * another user, the account files as the sandbox shall see them; both are allocated. */
int launch_choose_user(struct launch *launch, bool other_user, const struct host_accounts *accounts, char **passwd,
                       char **group, struct postern_error *error);

/* launch_linux.c: takes in what the keeper has reported, without waiting. */
void launch_read_reports(struct launch *launch);
/* What the last of them, FAILED or ENDED, means. */
int launch_describe_report(const struct launch *launch, struct postern_error *error);
/* Kills what runs, and closes; what launch_attempt() began. */
void launch_stop(struct launch *launch);

#endif
