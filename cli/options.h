/*
 * options.h - command line options from a table. Callers: the verbs of cli/. Parent side.
 *
 * A verb describes its options as rows that say where in its own structure a value goes. What cannot be parsed is an
 * error that names the item; nothing is ever guessed.
 */
#ifndef POSTERN_CLI_OPTIONS_H
#define POSTERN_CLI_OPTIONS_H

#include <stddef.h>

struct postern_error;

enum option_kind {
    OPTION_FLAG,     /* bool: becomes true */
    OPTION_TEXT,     /* const char *: points into argv; an empty value is refused */
    OPTION_LIST,     /* struct strings: each value is appended */
    OPTION_DURATION, /* uint64_t: milliseconds */
    OPTION_SIZE,     /* uint64_t: bytes */
    OPTION_NUMBER,   /* uint64_t */
    OPTION_CHOICE    /* int: the value of the choice named */
};

struct option_choice {
    const char *name; /* NULL ends the list */
    int value;
};

struct option_row {
    const char *name; /* without "--"; has to be given in full */
    char letter;      /* of the short form; 0: none */
    enum option_kind kind;
    size_t offset;                       /* of the field in the structure filled */
    const struct option_choice *choices; /* OPTION_CHOICE only */
};

/* Parses argv[1 ...] into the structure at `into`, up to "--" or the first argument that is no option; *rest is the
 * index of the first argument behind. All arguments, also those behind, have to be UTF-8. On failure
 * POSTERN_E_INVALID; fields may have been filled by then. */
int options_parse(const struct option_row *rows, size_t count, int argc, char **argv, void *into, int *rest,
                  struct postern_error *error);

#endif
