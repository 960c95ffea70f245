/*
 * launch_win32.c - starting one runner on Windows, see launch.h. Runs in the parent.
 *
 * At levels none and restricted the runner is an ordinary process of our own user (launch_start_win32.c), at level
 * elevated one of a sandbox account (launch_logon_win32.c). Everything of it, commands included, lives in one job
 * object whose only handle is ours. When we end, for whatever reason, the system closes the handle and with it the
 * tree; the runner watches our process too and so gets to say so in its log.
 */
#include "elevated/launch_parts_win32.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "elevated/launch_helper_win32.h"
#include "shared/job_win32.h"
#include "shared/log_file.h"
#include "shared/text.h"
#include "shared/wide.h"

#define RUNNER "postern-runner.exe"
#define END_WAIT_MS 5000u

int launch_os_failure(struct postern_error *error, const char *operation, const char *what)
{
    return error_os(error, POSTERN_E_RUNNER_START, LAUNCH_STAGE, operation, (int64_t)GetLastError(), "%s", what);
}

/* ---- helpers ---- */

static char *runner_path(const char *directory)
{
    return text_format("%s\\" RUNNER, directory);
}

static bool is_file(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    DWORD kind = wide == NULL ? INVALID_FILE_ATTRIBUTES : GetFileAttributesW(wide);

    free(wide);
    return kind != INVALID_FILE_ATTRIBUTES && (kind & FILE_ATTRIBUTE_DIRECTORY) == 0;
}

bool launch_has_helpers(const char *directory)
{
    char *path = runner_path(directory);
    bool has = path != NULL && is_file(path);

    free(path);
    return has;
}

/* ---- start ---- */

/* The runner can only wait for it. */
static int prepare_parent(struct launch_start *start, struct postern_error *error)
{
    HANDLE handle = NULL;

    if (!DuplicateHandle(GetCurrentProcess(), GetCurrentProcess(), GetCurrentProcess(), &handle, SYNCHRONIZE, FALSE,
                         0)) {
        return launch_os_failure(error, "DuplicateHandle", "a handle to this process could not be made");
    }
    start->parent = (os_handle)handle;
    return POSTERN_OK;
}

/* The steps are in it already. */
static int prepare_bootstrap(const struct launch_options *options, const struct launch *launch,
                             struct launch_start *start, struct postern_error *error)
{
    struct bootstrap *bootstrap = &start->bootstrap;
    bool ok = strings_copy(&bootstrap->in_force, (const char *const *)launch->in_force.item);

    memcpy(bootstrap->key, options->key, CRYPTO_KEY_SIZE);
    bootstrap->level = options->level;
    if (launch->sid[0] != '\0') {
        bootstrap->sid = text_duplicate(launch->sid);
        ok = ok && bootstrap->sid != NULL;
    }
    return ok ? POSTERN_OK : error_memory(error, LAUNCH_STAGE);
}

static int prepare(const struct launch_options *options, struct launch *launch, struct launch_start *start,
                   struct postern_error *error)
{
    int code;

    start->program = runner_path(options->libexec);
    if (start->program == NULL) {
        return error_memory(error, LAUNCH_STAGE);
    }
    code = helper_hold(options->libexec, RUNNER, &start->program_file, error);
    if (code == POSTERN_OK) {
        code = prepare_parent(start, error);
    }
    if (code == POSTERN_OK && options->log_file != NULL) {
        code = log_file_open(options->log_file, &start->log, error);
    }
    return code == POSTERN_OK ? prepare_bootstrap(options, launch, start, error) : code;
}

static void start_free(struct launch_start *start)
{
    handle_close(&start->program_file);
    handle_close(&start->log);
    handle_close(&start->parent);
    handle_close(&start->record);
    bootstrap_free(&start->bootstrap);
    strings_free(&start->argv);
    free(start->program);
    start->program = NULL;
}

/* A runner that dies during its start has said why in its exit status, if anywhere. */
static int await_runner(const struct launch_options *options, struct launch *launch, struct postern_error *error)
{
    struct postern_error reason = {0};
    int code = endpoint_accept(launch->endpoint, launch->runner.handle, launch->runner.pid, options->deadline_us,
                               &launch->channel, &reason);

    if (code == POSTERN_E_RUNNER_DIED) {
        launch_describe_end(launch, &reason);
        reason.code = code = POSTERN_E_RUNNER_START;
    }
    if (code != POSTERN_OK && error != NULL) {
        *error = reason;
    }
    return code;
}

/* All steps; what is done is undone by launch_end(). */
static int start_all(const struct launch_options *options, struct launch *launch, struct launch_start *start,
                     struct postern_error *error)
{
    int code = launch_check_level(options->level, error);

    if (code == POSTERN_OK) {
        code = launch_user_find(options->directory, &launch->user, error);
    }
    if (code == POSTERN_OK) {
        code = launch_take_steps(options, launch, start, error);
    }
    if (code == POSTERN_OK) {
        code = endpoint_create(launch->account != NULL ? account_sid(launch->account) : NULL, &launch->endpoint, error);
    }
    if (code == POSTERN_OK) {
        code = prepare(options, launch, start, error);
    }
    if (code == POSTERN_OK) {
        code = launch->account != NULL ? launch_spawn_account(launch, start, error)
                                       : launch_spawn_own(launch, start, error);
    }
    start_free(start); /* before waiting: the runner's end of file is our closing of these */
    return code == POSTERN_OK ? await_runner(options, launch, error) : code;
}

int launch_start(const struct launch_options *options, struct launch **out, struct postern_error *error)
{
    struct launch *launch = calloc(1, sizeof(*launch));
    struct launch_start start = {
        .program_file = OS_HANDLE_NONE, .record = OS_HANDLE_NONE, .log = OS_HANDLE_NONE, .parent = OS_HANDLE_NONE};
    int code;

    if (launch == NULL) {
        return error_memory(error, LAUNCH_STAGE);
    }
    launch->log = options->log;
    launch->job = launch->channel = launch->runner.handle = OS_HANDLE_NONE;
    code = start_all(options, launch, &start, error);
    launch_record_remove(&start, launch->log);
    if (code != POSTERN_OK) {
        launch_end(launch);
        return code;
    }
    log_line(launch->log, "runner %u started", (unsigned)launch->runner.pid);
    *out = launch;
    return POSTERN_OK;
}

/* ---- what it is ---- */

os_handle launch_take_channel(struct launch *launch)
{
    return handle_take(&launch->channel);
}

os_handle launch_wait_handle(const struct launch *launch)
{
    return launch->runner.handle;
}

uint32_t launch_runner_pid(const struct launch *launch)
{
    return launch->runner.pid;
}

const char *launch_user(const struct launch *launch)
{
    return launch->user.name;
}

const char *launch_home(const struct launch *launch)
{
    return launch->user.home;
}

const char *launch_temp(const struct launch *launch)
{
    return launch->user.temp;
}

const char *launch_default_directory(const struct launch *launch)
{
    return launch->user.directory;
}

const char *launch_default_path(const struct launch *launch)
{
    return launch->user.path;
}

bool launch_put_identity(const struct launch *launch, struct strings *environment)
{
    return launch_user_put(&launch->user, environment);
}

const struct strings *launch_in_force(const struct launch *launch)
{
    return &launch->in_force;
}

/* ---- end ---- */

void launch_describe_end(struct launch *launch, struct postern_error *error)
{
    struct process_exit status;

    if (!process_collect(&launch->runner, &status)) {
        error_set(error, POSTERN_E_RUNNER_DIED, LAUNCH_STAGE, "", "the runner's connection ended while it was running");
        return;
    }
    /* NTSTATUS values mean that the system ended it, or could not start it: those have texts and known causes. */
    if (((uint32_t)status.exit_code & 0xC0000000u) == 0xC0000000u) {
        error_os(error, POSTERN_E_RUNNER_DIED, LAUNCH_STAGE, "", (int64_t)(uint32_t)status.exit_code,
                 "the runner was ended by the system");
        return;
    }
    error_set(error, POSTERN_E_RUNNER_DIED, LAUNCH_STAGE, "", "the runner ended with exit status %u",
              (unsigned)status.exit_code);
}

/* Ends all processes. false: some are still there. */
static bool end_processes(struct launch *launch)
{
    bool ended = launch->job == OS_HANDLE_NONE || job_end(launch->job, END_WAIT_MS);

    if (!ended) {
        log_line(launch->log, "processes of the runner were still ending after %u ms", END_WAIT_MS);
    }
    process_close(&launch->runner); /* it may have failed before it was in the job */
    handle_close(&launch->job);
    return ended;
}

void launch_end(struct launch *launch)
{
    struct postern_error error = {0};
    bool ended;

    if (launch == NULL) {
        return;
    }
    handle_close(&launch->channel);
    endpoint_close(launch->endpoint);
    ended = end_processes(launch);
    if (acl_close(launch->grant, &error) != POSTERN_OK) {
        log_line(launch->log, "access lists were not set back, the next sandbox tries again: %s: %s", error.operation,
                 error.message);
    }
    /* With processes left the account is not given on to another sandbox: its lock stays, and ends with us. */
    if (ended) {
        account_release(launch->account);
    }
    strings_free(&launch->in_force);
    launch_user_free(&launch->user);
    free(launch);
}
