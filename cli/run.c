/*
 * `postern run`: one command in a sandbox of its own, from options to exit status. Parent side.
 */
#include "cli/run.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/relay.h"
#include "cli/report.h"
#include "cli/status.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "shared/collector.h"
#include "shared/error.h"
#include "shared/system.h"

/* Everything one run needs; run_free() frees what was set. */
struct run {
    const struct session_options *options;
    char *cwd;             /* absolute */
    const char *workspace; /* the same, or NULL: nothing is made writable */
    bool tty, raw, forward_input;
    struct collector kept[2]; /* for --json, by enum postern_stream */
    struct postern_command command;
    struct postern_sandbox_options sandbox_options;
    struct postern_sandbox *sandbox;
    struct postern_run_result outcome; /* for the report */
};

static void run_free(struct run *run)
{
    postern_sandbox_close(run->sandbox);
    collector_free(&run->kept[POSTERN_STDOUT]);
    collector_free(&run->kept[POSTERN_STDERR]);
    postern_run_result_free(&run->outcome);
    free(run->cwd);
}

int run_failed(const struct session_options *options, const struct postern_error *error)
{
    struct postern_error second = {0};

    if (!options->json) {
        report_error(error);
    } else if (report_print_json(report_error_json(error), &second) != 0) {
        report_error(&second);
    }
    return report_error_status(error->code);
}

/* ---- what is asked for -------------------------------------------------------------------------------------- */

/* "/" or "C:\": making all of the system writable is nothing a start in the wrong directory should do. */
static bool is_root(const char *path)
{
    return strcmp(path, "/") == 0 || (isalpha((unsigned char)path[0]) && strcmp(path + 1, ":\\") == 0);
}

/* The working directory is what the command may write: the one that was named, else ours. */
static int find_directories(struct run *run, struct postern_error *error)
{
    const char *cwd = run->options->cwd;
    int64_t os_error = 0;

    run->cwd = cwd != NULL ? system_absolute_path(cwd, &os_error) : system_current_directory();
    if (run->cwd == NULL && cwd != NULL) {
        return error_os(error, POSTERN_E_CWD, "options", "", os_error, "option --cwd: \"%s\" cannot be used", cwd);
    }
    if (run->cwd == NULL) {
        return error_set(error, POSTERN_E_CWD, "options", "", "the current directory cannot be found; was it removed?");
    }
    if (!is_root(run->cwd)) {
        run->workspace = run->cwd;
    } else if (!run->options->quiet) {
        report_notice("the working directory is the root of the file system: nothing of it is made writable");
    }
    return 0;
}

static void choose_streams(struct run *run)
{
    const struct session_options *options = run->options;
    bool in_terminal = terminal_is(TERMINAL_STDIN);

    run->tty = options->tty == TTY_ALWAYS ||
               (options->tty == TTY_AUTO && !options->json && in_terminal && terminal_is(TERMINAL_STDOUT));
    run->forward_input = !in_terminal || options->interactive || (run->tty && !options->json);
    run->raw = run->tty && in_terminal && run->forward_input;
}

static int prepare(struct run *run, const char *const *argv, struct postern_error *error)
{
    const struct session_options *options = run->options;
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_sandbox_options sandbox = POSTERN_SANDBOX_OPTIONS_INIT;
    int result = find_directories(run, error);

    if (result != 0) {
        return result;
    }
    choose_streams(run);
    command.argv = argv;
    command.cwd = run->cwd;
    command.env = (const char *const *)options->env.item;
    command.inherit_env = options->inherit_env;
    command.tty = run->tty;
    command.open_stdin = run->forward_input;
    command.timeout = options->timeout;
    command.grace = (uint32_t)options->grace;
    if (run->tty) {
        terminal_size(&command.rows, &command.cols);
    }
    run->command = command;
    sandbox.level = (enum postern_level)options->level;
    sandbox.workspace = run->workspace;
    sandbox.network = options->network == 1;
    sandbox.log_file = options->log_file;
    run->sandbox_options = sandbox;
    collector_init(&run->kept[POSTERN_STDOUT], (size_t)options->max_output);
    collector_init(&run->kept[POSTERN_STDERR], (size_t)options->max_output);
    return 0;
}

/* ---- running and telling ------------------------------------------------------------------------------------ */

static void notice_end(const struct run *run, const struct postern_result *result)
{
    if (run->options->quiet || run->options->json) {
        return;
    }
    if (result->timed_out) {
        report_notice("the command's time was up and it was ended");
    }
    if (result->output_cut) {
        report_notice("something the command left running still held its output; the rest was cut off");
    }
}

static int tell_json(struct run *run, struct postern_error *error)
{
    if (!collector_take(&run->kept[POSTERN_STDOUT], &run->outcome.out) ||
        !collector_take(&run->kept[POSTERN_STDERR], &run->outcome.err)) {
        return error_memory(error, "report");
    }
    report_trim_output(&run->outcome.out);
    report_trim_output(&run->outcome.err);
    return report_print_json(report_result_json(&run->outcome), error);
}

/* The sandbox is closed before anything is told: who reads of the end can rely on it. */
static int execute(struct run *run, int *status, struct postern_error *error)
{
    const struct session_options *options = run->options;
    struct postern_sandbox_info info = {0};
    struct relay_end end;
    struct relay_spec spec = {.command = &run->command, .forward_input = run->forward_input, .raw = run->raw};
    int result = postern_sandbox_open(&run->sandbox_options, &run->sandbox, error);

    if (result != 0) {
        return result;
    }
    spec.sandbox = run->sandbox;
    if (options->json) {
        spec.keep[POSTERN_STDOUT] = &run->kept[POSTERN_STDOUT];
        spec.keep[POSTERN_STDERR] = &run->kept[POSTERN_STDERR];
    }
    postern_sandbox_get_info(run->sandbox, &info);
    run->outcome.level = info.level;
    result = relay_run(&spec, &end, error);
    postern_sandbox_close(run->sandbox);
    run->sandbox = NULL;
    if (result != 0) {
        return result;
    }
    if (end.signal != 0) {
        *status = STATUS_SIGNAL + end.signal;
        return 0;
    }
    run->outcome.result = end.result;
    *status = report_status(&end.result);
    notice_end(run, &end.result);
    return options->json ? tell_json(run, error) : 0;
}

int run_session(const struct session_options *options, const char *const *argv)
{
    struct run run = {.options = options};
    struct postern_error error = {0};
    int status = STATUS_FAILED;

    if (options->level == POSTERN_LEVEL_NONE) {
        report_notice("warning: level none: nothing keeps the command from what you may do yourself");
    }
    if (prepare(&run, argv, &error) != 0 || execute(&run, &status, &error) != 0) {
        status = run_failed(options, &error);
    }
    run_free(&run);
    return status;
}

int run_main(int argc, char **argv)
{
    struct session_options options;
    struct postern_error error = {0};
    int rest = argc, status = STATUS_OK;

    if (session_options_parse_run(argc, argv, &options, &rest, &error) != 0) {
        status = run_failed(&options, &error);
    } else if (options.help) {
        fputs(help_run, stdout);
    } else {
        status = run_session(&options, (const char *const *)argv + rest);
    }
    session_options_free(&options);
    return status;
}
