/*
 * launch_win32.c - starting one runner on Windows, see launch.h. Runs in the parent.
 *
 * Level none only: the runner is an ordinary process of our own user. Everything of it, commands included, lives in one
 * job object whose only handle is ours. When we end, for whatever reason, the system closes the handle and with it the
 * tree; the runner watches our process too and so gets to say so in its log.
 */
#include "elevated/launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "elevated/capabilities.h"
#include "elevated/launch_helper_win32.h"
#include "elevated/launch_user_win32.h"
#include "ipc/bootstrap.h"
#include "ipc/endpoint.h"
#include "shared/job_win32.h"
#include "shared/log_file.h"
#include "shared/process_win32.h"
#include "shared/system.h"
#include "shared/text.h"
#include "shared/wide.h"

#define STAGE "launch"
#define RUNNER "postern-runner.exe"
#define END_WAIT_MS 5000u
#define HANDLE_ARGUMENT 32 /* "handle:" and 20 digits */

struct launch {
    struct log *log;
    struct launch_user user;
    struct endpoint *endpoint;
    os_handle job;
    struct process runner;
    os_handle channel;
    struct strings in_force;
};

/* What only launch_start() needs: our copies of what the runner inherits. */
struct start {
    char *program;
    os_handle program_file; /* holds it as it was checked, until it is executed */
    os_handle record;       /* the read end of the pipe with the start record in it */
    os_handle log;
    os_handle parent; /* our own process */
    struct strings argv;
};

static int os_failure(struct postern_error *error, const char *operation, const char *what)
{
    return error_os(error, POSTERN_E_RUNNER_START, STAGE, operation, (int64_t)GetLastError(), "%s", what);
}

/* ---- levels and helpers ---- */

int launch_check_level(enum postern_level level, struct postern_error *error)
{
    int code;

    if (level == POSTERN_LEVEL_NONE) {
        return POSTERN_OK;
    }
    code = error_set(error, POSTERN_E_LEVEL, STAGE, "",
                     "this version of postern has no boundary on Windows yet: level %s is not available",
                     postern_level_name(level));
    error_remedy(error, "use --level none if the command may do all that you may do");
    return code;
}

static int make_plan(const struct launch_options *options, struct enforce_steps *steps, struct postern_error *error)
{
    struct capabilities capabilities = {0};
    int code = capabilities_find(options->level, &capabilities, error);

    if (code == POSTERN_OK) {
        code = enforce_plan(options->policy, &capabilities.host, steps, error);
    }
    capabilities_free(&capabilities);
    return code;
}

/* Every step is taken here, or nothing starts. */
static int take_steps(struct launch *launch, const struct enforce_steps *steps, struct postern_error *error)
{
    struct job_limits limits = {0};

    for (size_t i = 0; i < steps->count; i++) {
        const struct enforce_step *step = &steps->item[i];
        const char *id = enforce_info(step->mechanism)->id;

        switch (step->mechanism) {
        case ENFORCE_LIFETIME_JOB:
            break; /* what every job here does */
        case ENFORCE_JOB_MEMORY:
            limits.memory = step->number;
            break;
        case ENFORCE_JOB_PROCESSES:
            limits.processes = step->number;
            break;
        default:
            return error_set(error, POSTERN_E_CONFINE, STAGE, "", "%s cannot be put in force here", id);
        }
        if (!strings_add(&launch->in_force, id)) {
            return error_memory(error, STAGE);
        }
    }
    return job_create(&limits, &launch->job, error);
}

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

/* ---- what the runner inherits ---- */

/* Written before the runner exists: the pipe is larger than any record, so this can't wait, and a reader that never
 * comes can't hold us up. */
static int fill_pipe(HANDLE pipe, struct buffer *record, struct postern_error *error)
{
    DWORD written = 0;
    DWORD size = (DWORD)buffer_length(record);

    if (!WriteFile(pipe, buffer_data(record), size, &written, NULL) || written != size) {
        return os_failure(error, "WriteFile", "the start record could not be written");
    }
    return POSTERN_OK;
}

static int prepare_record(const struct launch_options *options, struct launch *launch, struct start *start,
                          struct postern_error *error)
{
    struct bootstrap bootstrap;
    struct buffer record;
    HANDLE reader = NULL, writer = NULL;
    int code;

    memset(&bootstrap, 0, sizeof(bootstrap));
    memcpy(bootstrap.key, options->key, CRYPTO_KEY_SIZE);
    bootstrap.level = options->level;
    buffer_init(&record, BOOTSTRAP_LIMIT);
    code = strings_copy(&bootstrap.in_force, (const char *const *)launch->in_force.item) ? POSTERN_OK
                                                                                         : error_memory(error, STAGE);
    if (code == POSTERN_OK) {
        code = bootstrap_encode(&bootstrap, &record, error);
    }
    if (code == POSTERN_OK && !CreatePipe(&reader, &writer, NULL, 2 * BOOTSTRAP_LIMIT)) {
        code = os_failure(error, "CreatePipe", "the pipe for the start record could not be made");
    }
    if (code == POSTERN_OK) {
        start->record = (os_handle)reader;
        code = fill_pipe(writer, &record, error);
        CloseHandle(writer);
    }
    buffer_wipe(&record);
    bootstrap_free(&bootstrap);
    return code;
}

/* The runner can only wait for it. */
static int prepare_parent(struct start *start, struct postern_error *error)
{
    HANDLE handle = NULL;

    if (!DuplicateHandle(GetCurrentProcess(), GetCurrentProcess(), GetCurrentProcess(), &handle, SYNCHRONIZE, FALSE,
                         0)) {
        return os_failure(error, "DuplicateHandle", "a handle to this process could not be made");
    }
    start->parent = (os_handle)handle;
    return POSTERN_OK;
}

static bool add_handle(struct start *start, const char *option, os_handle handle)
{
    char text[HANDLE_ARGUMENT];

    snprintf(text, sizeof(text), "handle:%llu", (unsigned long long)handle);
    return strings_add(&start->argv, option) && strings_add(&start->argv, text);
}

static int prepare_arguments(struct launch *launch, struct start *start, struct postern_error *error)
{
    bool ok = strings_add(&start->argv, start->program) && strings_add(&start->argv, "--endpoint") &&
              strings_add(&start->argv, endpoint_address(launch->endpoint)) &&
              add_handle(start, "--bootstrap", start->record) && add_handle(start, "--parent", start->parent) &&
              (start->log == OS_HANDLE_NONE || add_handle(start, "--log", start->log));

    return ok ? POSTERN_OK : error_memory(error, STAGE);
}

static int prepare(const struct launch_options *options, struct launch *launch, struct start *start,
                   struct postern_error *error)
{
    int code;

    start->program = runner_path(options->libexec);
    if (start->program == NULL) {
        return error_memory(error, STAGE);
    }
    code = helper_hold(options->libexec, RUNNER, &start->program_file, error);
    if (code == POSTERN_OK) {
        code = prepare_record(options, launch, start, error);
    }
    if (code == POSTERN_OK) {
        code = prepare_parent(start, error);
    }
    if (code == POSTERN_OK && options->log_file != NULL) {
        code = log_file_open(options->log_file, &start->log, error);
    }
    if (code == POSTERN_OK) {
        code = prepare_arguments(launch, start, error);
    }
    return code;
}

static void start_free(struct start *start)
{
    handle_close(&start->program_file);
    handle_close(&start->record);
    handle_close(&start->log);
    handle_close(&start->parent);
    strings_free(&start->argv);
    free(start->program);
}

/* ---- start ---- */

/* Says that it was the runner: "not found" must not look like the command's. */
static int runner_failure(struct postern_error *error)
{
    if (error != NULL) {
        error->code = POSTERN_E_RUNNER_START;
        text_copy(error->stage, sizeof(error->stage), STAGE);
    }
    return POSTERN_E_RUNNER_START;
}

static int spawn_runner(struct launch *launch, struct start *start, struct postern_error *error)
{
    struct strings environment = {0};
    struct process_spec spec;
    os_handle pass[3] = {start->record, start->parent, start->log};
    int code;

    if (!launch_user_runner_environment(&launch->user, &environment) || strings_array(&environment) == NULL) {
        strings_free(&environment);
        return error_memory(error, STAGE);
    }
    process_spec_init(&spec);
    spec.program = start->program;
    spec.argv = (const char *const *)start->argv.item;
    spec.env = (const char *const *)environment.item;
    spec.cwd = launch->user.system_directory; /* a process keeps its directory from being removed */
    spec.pass = pass;
    spec.pass_count = start->log == OS_HANDLE_NONE ? 2 : 3;
    spec.job = launch->job;
    code = process_spawn_win32(&spec, PROCESS_CONSOLE_NONE, NULL, &launch->runner, error);
    strings_free(&environment);
    return code == POSTERN_OK ? POSTERN_OK : runner_failure(error);
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

int launch_start(const struct launch_options *options, struct launch **out, struct postern_error *error)
{
    struct launch *launch = calloc(1, sizeof(*launch));
    struct start start = {
        .program_file = OS_HANDLE_NONE, .record = OS_HANDLE_NONE, .log = OS_HANDLE_NONE, .parent = OS_HANDLE_NONE};
    struct enforce_steps steps = {0};
    int code;

    if (launch == NULL) {
        return error_memory(error, STAGE);
    }
    launch->log = options->log;
    launch->job = launch->channel = launch->runner.handle = OS_HANDLE_NONE;
    code = launch_check_level(options->level, error);
    if (code == POSTERN_OK) {
        code = make_plan(options, &steps, error);
    }
    if (code == POSTERN_OK) {
        code = launch_user_find(options->directory, &launch->user, error);
    }
    if (code == POSTERN_OK) {
        code = take_steps(launch, &steps, error);
    }
    enforce_steps_free(&steps);
    if (code == POSTERN_OK) {
        code = endpoint_create(NULL, &launch->endpoint, error);
    }
    if (code == POSTERN_OK) {
        code = prepare(options, launch, &start, error);
    }
    if (code == POSTERN_OK) {
        code = spawn_runner(launch, &start, error);
    }
    start_free(&start); /* before waiting: the runner's end of file is our closing of these */
    if (code == POSTERN_OK) {
        code = await_runner(options, launch, error);
    }
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
        error_set(error, POSTERN_E_RUNNER_DIED, STAGE, "", "the runner's connection ended while it was running");
        return;
    }
    /* NTSTATUS values mean that the system ended it, or could not start it: those have texts and known causes. */
    if (((uint32_t)status.exit_code & 0xC0000000u) == 0xC0000000u) {
        error_os(error, POSTERN_E_RUNNER_DIED, STAGE, "", (int64_t)(uint32_t)status.exit_code,
                 "the runner was ended by the system");
        return;
    }
    error_set(error, POSTERN_E_RUNNER_DIED, STAGE, "", "the runner ended with exit status %u",
              (unsigned)status.exit_code);
}

void launch_end(struct launch *launch)
{
    if (launch == NULL) {
        return;
    }
    handle_close(&launch->channel);
    endpoint_close(launch->endpoint);
    if (launch->job != OS_HANDLE_NONE && !job_end(launch->job, END_WAIT_MS)) {
        log_line(launch->log, "processes of the runner were still ending after %u ms", END_WAIT_MS);
    }
    process_close(&launch->runner);
    handle_close(&launch->job);
    strings_free(&launch->in_force);
    launch_user_free(&launch->user);
    free(launch);
}
