/*
 * run.h - one command in a sandbox of its own, from options to exit status. Callers: run.c's verb, shell.c. Parent
 * side.
 */
#ifndef POSTERN_CLI_RUN_H
#define POSTERN_CLI_RUN_H

#include "cli/session_options.h"

/* Runs argv and says all there is to say about it. Returns the exit status. */
int run_session(const struct session_options *options, const char *const *argv);

/* Says why nothing was run, as JSON when that was asked for. Returns the exit status. */
int run_failed(const struct session_options *options, const struct postern_error *error);

#endif
