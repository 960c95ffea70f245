/*
 * exit_code.h - exit codes of Windows that are not the program's own word: NTSTATUS values of a crash, a failed start,
 * a Ctrl-C. Portable, since a result may be told elsewhere than it came about. Callers: whoever reports a result.
 */
#ifndef POSTERN_SHARED_EXIT_CODE_H
#define POSTERN_SHARED_EXIT_CODE_H

#include <stdbool.h>
#include <stddef.h>

struct exit_code_words {
    char number[12];   /* "0xc0000005" */
    const char *name;  /* "STATUS_ACCESS_VIOLATION"; "an NTSTATUS" when it has no name here */
    const char *cause; /* of the table of known errors, error_hints.c */
    const char *remedy;
};

/* false: a number like any other, which means what the program says it means. The exit codes of Linux are all that. */
bool exit_code_explain(int exit_code, struct exit_code_words *out);

/* The names, for lists of them and tests: NULL behind the last one. */
const char *exit_code_name_at(size_t index, int *exit_code);

#endif
