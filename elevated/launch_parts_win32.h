/*
 * launch_parts_win32.h - what the parts of starting a runner on Windows share. Private to elevated/launch_*win32.c.
 * Parent.
 */
#ifndef POSTERN_ELEVATED_LAUNCH_PARTS_WIN32_H
#define POSTERN_ELEVATED_LAUNCH_PARTS_WIN32_H

#include "elevated/account.h"
#include "elevated/acl.h"
#include "elevated/launch.h"
#include "elevated/launch_user_win32.h"
#include "ipc/bootstrap.h"
#include "ipc/endpoint.h"
#include "shared/appcontainer_win32.h"
#include "shared/token_win32.h"

#define LAUNCH_STAGE "launch"

struct launch {
    struct log *log;
    struct launch_user user;
    char sid[APPCONTAINER_SID_SIZE];        /* of the sandbox; "": level none */
    char container[APPCONTAINER_NAME_SIZE]; /* the app container whose SID that is; "": none */
    struct account *account;                /* NULL: the caller's own */
    struct acl_grant *grant;                /* NULL: no access list was changed */
    struct endpoint *endpoint;
    os_handle job;
    struct process runner;
    os_handle channel;
    struct strings in_force;
};

/* What only launch_start() needs. */
struct launch_start {
    char *program;
    os_handle program_file; /* holds it as it was checked, until it is executed */
    os_handle log;          /* NONE: the runner writes none */
    os_handle parent;       /* our own process, to be waited for and nothing else */
    struct bootstrap bootstrap;
    os_handle record;  /* inherited: the read end of the pipe with the start record in it */
    char *record_path; /* not inherited: the file with it; removed with this */
    struct strings argv;
};

int launch_os_failure(struct postern_error *error, const char *operation, const char *what);

/* launch_steps_win32.c: the plan, executed as far as it is ours; the runner's part goes into `start`. What has been
 * done is in `launch`, also after a failure. */
int launch_take_steps(const struct launch_options *options, struct launch *launch, struct launch_start *start,
                      struct postern_error *error);

/* launch_start_win32.c: a runner that is our own user, with inherited handles. */
int launch_spawn_own(struct launch *launch, struct launch_start *start, struct postern_error *error);
/* launch_logon_win32.c: a runner that is the account. */
int launch_spawn_account(struct launch *launch, struct launch_start *start, struct postern_error *error);

/* launch_record_win32.c: the start record, as a pipe that is inherited, or as a file for the account alone. */
int launch_record_pipe(struct launch_start *start, struct postern_error *error);
int launch_record_name(struct launch_start *start, struct postern_error *error);
int launch_record_write(struct launch_start *start, const char *account_sid, struct postern_error *error);
/* The file is gone afterwards; one that the runner has read is already. */
void launch_record_remove(struct launch_start *start, struct log *log);

/* launch_check_win32.c: whether Windows keeps the holder of a restricted token from writing. POSTERN_E_LEVEL. */
int launch_check_token(struct postern_error *error);

#endif
