/*
 * session_options.h - the options of `postern run` and `postern shell`: parsed, checked, ready for the API.
 * Callers: run.c, shell.c. Parent side.
 */
#ifndef POSTERN_CLI_SESSION_OPTIONS_H
#define POSTERN_CLI_SESSION_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "postern.h"
#include "shared/strings.h"

enum tty_choice { TTY_AUTO, TTY_ALWAYS, TTY_NEVER };

#define NETWORK_UNSAID (-1)

struct session_options {
    int tty; /* enum tty_choice */
    bool interactive;
    const char *cwd; /* NULL: the current directory */
    struct strings env;
    bool inherit_env;
    uint64_t timeout, grace; /* milliseconds */
    int level;               /* enum postern_level */
    int network;             /* 0 or 1; NETWORK_UNSAID: off where that can be enforced */
    bool json;
    uint64_t max_output;
    const char *log_file;
    bool quiet;
    bool help;
};

/* Fills *options from argv[1 ...]; *rest is the index behind the options. Strings point into argv. Freed with
 * session_options_free(), also after a failure; then only `json` and `help` mean something. */
int session_options_parse_run(int argc, char **argv, struct session_options *options, int *rest,
                              struct postern_error *error);
int session_options_parse_shell(int argc, char **argv, struct session_options *options, int *rest,
                                struct postern_error *error);
void session_options_free(struct session_options *options);

#endif
