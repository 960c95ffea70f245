/*
 * launch_start_win32.c - a runner as our own user, with exactly the handles that it inherits: see
 * launch_parts_win32.h. Parent; called by launch_win32.c at levels none and restricted. Its commands are confined by
 * the runner itself, as a process can't give up its own token.
 */
#include "elevated/launch_parts_win32.h"

#include <stdio.h>
#include <string.h>

#include "shared/process_win32.h"
#include "shared/text.h"

#define HANDLE_ARGUMENT 32 /* "handle:" and 20 digits */

static bool add_handle(struct launch_start *start, const char *option, os_handle handle)
{
    char text[HANDLE_ARGUMENT];

    snprintf(text, sizeof(text), "handle:%llu", (unsigned long long)handle);
    return strings_add(&start->argv, option) && strings_add(&start->argv, text);
}

static int prepare_arguments(struct launch *launch, struct launch_start *start, struct postern_error *error)
{
    bool ok = strings_add(&start->argv, start->program) && strings_add(&start->argv, "--endpoint") &&
              strings_add(&start->argv, endpoint_address(launch->endpoint)) &&
              add_handle(start, "--bootstrap", start->record) && add_handle(start, "--parent", start->parent) &&
              (start->log == OS_HANDLE_NONE || add_handle(start, "--log", start->log));

    return ok ? POSTERN_OK : error_memory(error, LAUNCH_STAGE);
}

/* Says that it was the runner: "not found" must not look like the command's. */
static int runner_failure(struct postern_error *error)
{
    if (error != NULL) {
        error->code = POSTERN_E_RUNNER_START;
        text_copy(error->stage, sizeof(error->stage), LAUNCH_STAGE);
    }
    return POSTERN_E_RUNNER_START;
}

static int spawn(struct launch *launch, struct launch_start *start, struct postern_error *error)
{
    struct strings environment = {0};
    struct process_spec spec;
    os_handle pass[3] = {start->record, start->parent, start->log};
    int code;

    if (!launch_user_runner_environment(&launch->user, &environment) || strings_array(&environment) == NULL) {
        strings_free(&environment);
        return error_memory(error, LAUNCH_STAGE);
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

int launch_spawn_own(struct launch *launch, struct launch_start *start, struct postern_error *error)
{
    int code = launch_record_pipe(start, error);

    if (code == POSTERN_OK) {
        code = prepare_arguments(launch, start, error);
    }
    return code == POSTERN_OK ? spawn(launch, start, error) : code;
}
