/*
 * report.h - what postern says about a run: exit status, messages on stderr, the one JSON object of --json.
 * Callers: main.c, run.c, shell.c and the other verbs. Parent side.
 */
#ifndef POSTERN_CLI_REPORT_H
#define POSTERN_CLI_REPORT_H

#include <jansson.h>

#include "shared/error.h"

/* Exit status for a command that ran, and for one that could not be started. */
int report_status(const struct postern_result *result);
int report_error_status(int code);

/* Two lines on stderr: "postern: <stage>: <message> (<code>)" and the hint. Parts of a message may come from the other
 * side of the boundary: nothing in it can steer a terminal. */
void report_error(const struct postern_error *error);

/* The same, or as the JSON object of report_error_json() on stdout. */
void report_failure(const struct postern_error *error, bool json);

/* One line on stderr. */
void report_notice(const char *format, ...) COMPILER_PRINTF(1, 2);

/* A notice for each of postern_sandbox_cuts(), of postern_sandbox_new_protected(). */
void report_cuts(const char *cuts);
void report_made(const char *made);

/* Where bytes are missing, drops the halves of characters on both sides of the gap, so that text stays text.
 * Other data is left as it is. */
void report_trim_output(struct postern_output *output);

/* The JSON object, allocated, one line without its end; NULL when memory is out. Caller frees with free(). `cuts`,
 * `made`: as postern_sandbox_cuts() and postern_sandbox_new_protected() have them; NULL: none. */
char *report_result_json(const struct postern_run_result *run, const char *cuts, const char *made);
char *report_error_json(const struct postern_error *error);

/* A string; what is no UTF-8 (at most as long as an error's message) is escaped. New reference, NULL: memory is out. */
json_t *report_json_text(const char *text);

/* Prints such a text (takes it, NULL too) as a line on stdout. */
int report_print_json(char *text, struct postern_error *error);

#endif
