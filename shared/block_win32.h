/*
 * block_win32.h - the environment block of CreateProcessW. Callers: those who start processes. Both sides.
 */
#ifndef POSTERN_SHARED_BLOCK_WIN32_H
#define POSTERN_SHARED_BLOCK_WIN32_H

#include <stddef.h>

struct postern_error;

/* NAME=value entries as UTF-16, sorted by name without regard to case as the system wants them, each terminated, one
 * more terminator at the end (two for an empty list). *out is freed with free(). */
int block_create(const char *const *env, wchar_t **out, struct postern_error *error);

#endif
