/*
 * error.h - filling struct postern_error. Used on both sides of the boundary.
 *
 * An error is filled once, where the failing call was made, and never overwritten further up. Every function takes a
 * NULL error. All return `code`, so that `return error_os(...)` is the usual form.
 */
#ifndef POSTERN_SHARED_ERROR_H
#define POSTERN_SHARED_ERROR_H

#include "postern.h"
#include "shared/compiler.h"

/* Failure that no system call caused. `operation` may be "". The message is cut to its field at a character. */
int error_set(struct postern_error *error, int code, const char *stage, const char *operation, const char *format, ...)
    COMPILER_PRINTF(5, 6);

/* A failed system call: appends ": <system text> (errno N)" to the message and, where the number is a known one, the
 * usual cause; the remedy comes from the table of known failures, else from the code. */
int error_os(struct postern_error *error, int code, const char *stage, const char *operation, int64_t os_error,
             const char *format, ...) COMPILER_PRINTF(6, 7);

/* Replaces the remedy of an error just filled. */
void error_remedy(struct postern_error *error, const char *remedy);

/* POSTERN_E_MEMORY for `stage`. */
int error_memory(struct postern_error *error, const char *stage);

/* "stage: message [operation] - remedy" for people, one line. */
void error_format(const struct postern_error *error, char *text, size_t size);

/* What a known number of a system means. Portable data: both tables exist on both platforms, so that they can be
 * tested anywhere. */
enum error_system { ERROR_SYSTEM_LINUX, ERROR_SYSTEM_WINDOWS };
struct error_hint {
    int64_t os_error;
    const char *operation; /* prefix of the operation it holds for; "" for any */
    const char *cause;
    const char *remedy;
};
const struct error_hint *error_find_hint(enum error_system system, int64_t os_error, const char *operation);
/* The rows of a table, for lists of them; NULL behind the last one. */
const struct error_hint *error_hint_at(enum error_system system, size_t index);

/* Platform part (error_linux.c, error_win32.c): the system's text for a number, and which table is ours. */
void error_os_text(int64_t os_error, char *text, size_t size);
enum error_system error_this_system(void);

#endif
