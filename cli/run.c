/*
 * `postern run`: one command in a sandbox of its own, from options to exit status. Parent side.
 */
#include "cli/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/policy_text.h"
#include "cli/relay.h"
#include "cli/report.h"
#include "cli/status.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "shared/collector.h"
#include "shared/environment.h"
#include "shared/error.h"
#include "shared/policy.h"
#include "shared/text.h"

/* Everything one run needs; run_free() frees what was set. */
struct run {
    const struct session_options *options;
    struct policy_request request;
    struct policy policy;       /* of --policy, for what it says about the process */
    const char *shell_argv[4];  /* for its command line */
    struct strings environment; /* what is added to the base environment */
    bool tty, raw, forward_input;
    struct collector kept[2]; /* for --json, by enum postern_stream */
    struct postern_command command;
    struct postern_sandbox *sandbox;
    struct postern_run_result outcome; /* for the report */
    char *cuts;                        /* what a ceiling took from the policy, as JSON; NULL: not known yet */
    char *made;                        /* what the command made that is protected elsewhere, as JSON; NULL: none */
};

static void run_free(struct run *run)
{
    postern_sandbox_close(run->sandbox);
    collector_free(&run->kept[POSTERN_STDOUT]);
    collector_free(&run->kept[POSTERN_STDERR]);
    postern_run_result_free(&run->outcome);
    strings_free(&run->environment);
    free(run->cuts);
    postern_free(run->made);
    policy_free(&run->policy);
    policy_request_free(&run->request);
}

int run_failed(const struct session_options *options, const struct postern_error *error)
{
    report_failure(error, options->json);
    return report_error_status(error->code);
}

/* ---- what is asked for -------------------------------------------------------------------------------------- */

/* What the policy says about the process: the library only looks at what it may touch. */
static int read_process(struct run *run, struct postern_error *error)
{
    const struct postern_sandbox_options *sandbox = &run->request.sandbox;

    if (sandbox->policy == NULL) {
        return 0;
    }
    return policy_parse(sandbox->policy, strlen(sandbox->policy), sandbox->policy_name, &run->policy, error);
}

/* A command line is the shell's to read, as MXC has it; a command that was given comes first. */
static int find_command(struct run *run, const char *const *argv, struct postern_error *error)
{
    const char *line = run->policy.process.command_line;

    if (argv[0] != NULL) {
        run->command.argv = argv;
        return 0;
    }
    if (line == NULL) {
        error_set(error, POSTERN_E_INVALID, "options", "", "the command to run is missing, and %s names none",
                  run->request.sandbox.policy_name);
        error_remedy(error, "postern run [options] -- COMMAND [ARGUMENT...], or process.commandLine in the policy");
        return POSTERN_E_INVALID;
    }
    run->shell_argv[0] = arguments_command_shell()[0];
    run->shell_argv[1] = arguments_command_shell()[1];
    run->shell_argv[2] = line;
    run->command.argv = run->shell_argv;
    return 0;
}

/* The policy's variables, then those of the options: later ones win. */
static int find_environment(struct run *run, struct postern_error *error)
{
    const struct strings *lists[] = {&run->policy.process.env, &run->options->env};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (size_t k = 0; k < lists[i]->count; k++) {
            int result = environment_check(lists[i]->item[k], environment_folds(), error);
            if (result != 0) {
                return result;
            }
            if (!strings_add(&run->environment, lists[i]->item[k])) {
                return error_memory(error, "options");
            }
        }
    }
    run->command.env = (const char *const *)strings_array(&run->environment);
    return run->command.env != NULL ? 0 : error_memory(error, "options");
}

static uint64_t find_timeout(const struct run *run)
{
    return run->options->timeout != TIMEOUT_UNSAID ? run->options->timeout : run->policy.process.timeout;
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
    const struct postern_command empty = POSTERN_COMMAND_INIT;
    int result = policy_request_make(&options->policy, &run->request, error);

    if (result == 0) {
        result = read_process(run, error);
    }
    run->command = empty;
    if (result == 0) {
        result = find_command(run, argv, error);
    }
    if (result == 0) {
        result = find_environment(run, error);
    }
    if (result != 0) {
        return result;
    }
    choose_streams(run);
    run->command.cwd = options->policy.cwd == NULL && run->policy.process.cwd != NULL ? run->policy.process.cwd
                                                                                      : run->request.directory;
    run->command.inherit_env = options->inherit_env;
    run->command.tty = run->tty;
    run->command.open_stdin = run->forward_input;
    run->command.timeout = find_timeout(run);
    run->command.grace = (uint32_t)options->grace;
    if (run->tty) {
        terminal_size(&run->command.rows, &run->command.cols);
    }
    run->request.sandbox.log_file = options->log_file;
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
    return report_print_json(report_result_json(&run->outcome, run->cuts, run->made), error);
}

/* The sandbox will be gone when this is told as JSON. */
static int note_cuts(struct run *run, struct postern_error *error)
{
    run->cuts = text_duplicate(postern_sandbox_cuts(run->sandbox));
    if (run->cuts == NULL) {
        return error_memory(error, "run");
    }
    if (!run->options->quiet && !run->options->json) {
        report_cuts(run->cuts);
    }
    return 0;
}

/* When the session has ended, nothing of the command's is left that could make more. */
static int relay(struct run *run, const struct relay_spec *spec, struct relay_end *end, struct postern_error *error)
{
    struct postern_error second = {0};
    int result = relay_run(spec, end, error);
    int looked = postern_sandbox_new_protected(run->sandbox, &run->made, result == 0 ? error : &second);

    return result != 0 ? result : looked;
}

/* The sandbox is closed before anything is told: who reads of the end can rely on it. */
static int execute(struct run *run, int *status, struct postern_error *error)
{
    const struct session_options *options = run->options;
    struct postern_sandbox_info info = {0};
    struct relay_end end;
    struct relay_spec spec = {.command = &run->command, .forward_input = run->forward_input, .raw = run->raw};
    int result = postern_sandbox_open(&run->request.sandbox, &run->sandbox, error);

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
    result = note_cuts(run, error);
    if (result == 0) {
        result = relay(run, &spec, &end, error);
    }
    postern_sandbox_close(run->sandbox);
    run->sandbox = NULL;
    if (run->made != NULL && !options->quiet && !options->json) {
        report_made(run->made);
    }
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

/* --dry-run: all that can be told without starting anything. */
static int rehearse(struct run *run, int *status, struct postern_error *error)
{
    bool granted = false;
    int result = policy_text_check_helpers(error);

    if (result == 0) {
        result = policy_text_tell(&run->request.sandbox, run->options->json, &granted, error);
    }
    *status = granted ? STATUS_OK : STATUS_FAILED;
    return result;
}

static void notice_start(const struct run *run)
{
    if (run->options->policy.level == POSTERN_LEVEL_NONE) {
        report_notice("warning: level none: nothing keeps the command from what you may do yourself");
    }
    if (run->request.sandbox.workspace == NULL && run->request.directory != NULL && !run->options->quiet) {
        report_notice("the working directory is the root of the file system: nothing of it is made writable");
    }
}

int run_session(const struct session_options *options, const char *const *argv)
{
    struct run run = {.options = options};
    struct postern_error error = {0};
    int status = STATUS_FAILED, result;

    policy_init(&run.policy, path_style_here());
    result = prepare(&run, argv, &error);
    if (result == 0 && options->dry_run) {
        result = rehearse(&run, &status, &error);
    } else if (result == 0) {
        notice_start(&run);
        result = execute(&run, &status, &error);
    }
    if (result != 0) {
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
