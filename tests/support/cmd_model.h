/*
 * cmd_model.h - how cmd.exe reads a command line, as far as it matters for quoting: a model for tests on any system.
 *
 * From Microsoft's "cmd" page and what is known of its phases: percent signs first, over the whole line and whatever
 * the quotes; then quotes, which only switch, and the characters that mean something outside of them; then a script's
 * arguments, split at blanks and , ; = outside of quotes.
 */
#ifndef POSTERN_TESTS_SUPPORT_CMD_MODEL_H
#define POSTERN_TESTS_SUPPORT_CMD_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#define CMD_MODEL_SIZE 4096

struct cmd_variable {
    const char *name, *value;
};

struct cmd_reading {
    char line[CMD_MODEL_SIZE]; /* what runs: after /s /c "..." and percent signs */
    bool leaked;               /* a variable's value got into it */
    bool commands;             /* a character outside of quotes does something: & | < > ^ ( ) or a line break */
    size_t count;              /* arguments, the script first, with their quotes */
    char argument[12][1024];
};

/* `variables` end with a NULL name; `cd` is always there. */
void cmd_model_read(const char *line, const struct cmd_variable *variables, struct cmd_reading *out);

#endif
