/*
 * quote.h - one Windows command line from an argument list. Portable, so that its tests run anywhere.
 */
#ifndef POSTERN_SHARED_QUOTE_H
#define POSTERN_SHARED_QUOTE_H

#include <stddef.h>

struct postern_error;

/* The limit of CreateProcessW in UTF-16 units, terminator included (Microsoft, CreateProcessW, lpCommandLine). */
#define QUOTE_LIMIT 32767

/* Quotes so that CommandLineToArgvW gives the arguments back. `cmd /c X` (exactly three arguments, cmd or cmd.exe by
 * any path) becomes `cmd /s /c "X"`, with X verbatim: cmd does not follow CommandLineToArgvW. On success *out is UTF-8,
 * freed with free(). POSTERN_E_INVALID for an empty list, POSTERN_E_LIMIT above QUOTE_LIMIT. */
int quote_command_line(const char *const *argv, char **out, struct postern_error *error);

/* The inverse, by the rules of CommandLineToArgvW (its first argument has rules of its own). Appends to `list`. */
struct strings;
int quote_split(const char *command_line, struct strings *list);

#endif
