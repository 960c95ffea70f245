/*
 * launch_logon_win32.c - a runner as a sandbox account: see launch_parts_win32.h. Parent; called by launch_win32.c at
 * level elevated.
 *
 * It is started suspended, so that it is in the job before its first instruction. Then the handles that it is to have
 * are put into it, and the start record, which names them, is written where it will look. If we end in between, the job
 * ends it.
 */
#include "elevated/launch_parts_win32.h"

#include <stdlib.h>
#include <windows.h>

#include "shared/text.h"

static int prepare_arguments(struct launch *launch, struct launch_start *start, struct postern_error *error)
{
    char *record = text_format("file:%s", start->record_path);
    bool ok = record != NULL && strings_add(&start->argv, start->program) && strings_add(&start->argv, "--endpoint") &&
              strings_add(&start->argv, endpoint_address(launch->endpoint)) &&
              strings_add(&start->argv, "--bootstrap") && strings_add(&start->argv, record);

    free(record);
    return ok ? POSTERN_OK : error_memory(error, LAUNCH_STAGE);
}

static int put_into_job(struct launch *launch, struct postern_error *error)
{
    if (AssignProcessToJobObject((HANDLE)launch->job, (HANDLE)launch->runner.handle)) {
        return POSTERN_OK;
    }
    return error_os(error, POSTERN_E_CONFINE, LAUNCH_STAGE, "AssignProcessToJobObject", (int64_t)GetLastError(),
                    "the runner could not be put into its job");
}

/* The runner's copy has the rights of ours. Left to its end: the runner closes what it has no use for. */
static int give_handle(struct launch *launch, os_handle ours, os_handle *theirs, struct postern_error *error)
{
    HANDLE copy = NULL;

    if (ours == OS_HANDLE_NONE) {
        return POSTERN_OK;
    }
    if (!DuplicateHandle(GetCurrentProcess(), (HANDLE)ours, (HANDLE)launch->runner.handle, &copy, 0, FALSE,
                         DUPLICATE_SAME_ACCESS)) {
        return launch_os_failure(error, "DuplicateHandle", "a handle could not be given to the runner");
    }
    *theirs = (os_handle)copy;
    return POSTERN_OK;
}

/* Its profile is there by now, made at its first logon. */
static int become(struct launch *launch, struct postern_error *error)
{
    char *home = NULL;
    int code = account_home(launch->account, &home, error);

    if (code == POSTERN_OK) {
        code = launch_user_become(&launch->user, account_name(launch->account), home, error);
    }
    free(home);
    return code;
}

int launch_spawn_account(struct launch *launch, struct launch_start *start, struct postern_error *error)
{
    int code = launch_record_name(start, error);

    if (code == POSTERN_OK) {
        code = prepare_arguments(launch, start, error);
    }
    if (code == POSTERN_OK) {
        code = account_start(launch->account, start->program, (const char *const *)start->argv.item,
                             launch->user.system_directory, &launch->runner, error);
    }
    if (code == POSTERN_OK) {
        code = put_into_job(launch, error);
    }
    if (code == POSTERN_OK) {
        code = give_handle(launch, start->parent, &start->bootstrap.parent, error);
    }
    if (code == POSTERN_OK) {
        code = give_handle(launch, start->log, &start->bootstrap.log, error);
    }
    if (code == POSTERN_OK) {
        code = become(launch, error);
    }
    if (code == POSTERN_OK) {
        code = launch_record_write(start, account_sid(launch->account), error);
    }
    return code == POSTERN_OK ? account_resume(launch->account, error) : code;
}
