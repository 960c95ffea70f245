/*
 * wide.h - UTF-8 to and from the UTF-16 of the Windows calls. Only for *_win32.c. Both sides.
 *
 * Strict both ways: what is not valid is refused, never replaced. Two different byte strings must not become the same
 * file name or argument on their way through postern.
 */
#ifndef POSTERN_SHARED_WIDE_H
#define POSTERN_SHARED_WIDE_H

#include <stddef.h>

struct postern_error;
struct strings;

/* Allocated, freed with free(). NULL on failure; GetLastError() then says ERROR_NO_UNICODE_TRANSLATION for text that is
 * not valid, ERROR_NOT_ENOUGH_MEMORY or ERROR_ARITHMETIC_OVERFLOW (over 2 GiB). */
wchar_t *wide_from_utf8(const char *text);
char *wide_to_utf8(const wchar_t *text);

/* A path for the calls that take names of files: one beyond the old limit (260, for directories 248) is made whole and
 * gets the form "\\?\" that lifts it. Allocated; NULL as wide_from_utf8(). */
wchar_t *wide_path(const char *path);
/* The same for text that is wide already: takes it, also on failure. NULL allowed. */
wchar_t *wide_lengthen(wchar_t *path);

/* wide_from_utf8() for callers that report: `item` names what is converted ("the working directory"). */
int wide_convert(const char *text, const char *stage, const char *item, wchar_t **out, struct postern_error *error);

/* The value of an environment variable of this process; NULL when it is not set, not valid or memory is out. */
wchar_t *wide_variable(const wchar_t *name);

/* The arguments of this process as CommandLineToArgvW splits them. POSTERN_E_INVALID when one is no valid Unicode. */
int wide_arguments(struct strings *out, struct postern_error *error);

#endif
