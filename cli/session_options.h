/*
 * session_options.h - the options of `postern run` and `postern shell`: parsed, checked, ready for the API.
 * Callers: run.c, shell.c. Parent side.
 */
#ifndef POSTERN_CLI_SESSION_OPTIONS_H
#define POSTERN_CLI_SESSION_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/policy_options.h"

enum tty_choice { TTY_AUTO, TTY_ALWAYS, TTY_NEVER };

#define TIMEOUT_UNSAID UINT64_MAX

struct session_options {
    int tty; /* enum tty_choice */
    bool interactive;
    struct policy_options policy;
    struct strings env;
    bool inherit_env;
    uint64_t timeout, grace; /* milliseconds; TIMEOUT_UNSAID: the policy's, else none */
    bool dry_run;
    bool json;
    uint64_t max_output;
    const char *log_file;
    bool quiet;
    bool help;
};

/* Fills *options from argv[1 ...]; *rest is the index behind the options: of the command, or of argv's NULL when a
 * policy is named, which may say what to run. Strings point into argv. Freed with
 * session_options_free(), also after a failure; then only `json` and `help` mean something. */
int session_options_parse_run(int argc, char **argv, struct session_options *options, int *rest,
                              struct postern_error *error);
int session_options_parse_shell(int argc, char **argv, struct session_options *options, int *rest,
                                struct postern_error *error);
void session_options_free(struct session_options *options);

#endif
