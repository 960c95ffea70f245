/*
 * path_windows.h - what is special about the paths of Windows, as text. Portable; for path.c alone.
 */
#ifndef POSTERN_SHARED_PATH_WINDOWS_H
#define POSTERN_SHARED_PATH_WINDOWS_H

#include <stdint.h>

#define PATH_PROBLEM_PARENT "holds \"..\", whose meaning depends on links; write the path that is meant"

/* The canonical form of UTF-8 text without control characters; `out` has room for it and two bytes more. NULL, or the
 * rule that is broken. */
const char *path_windows_canonical(const char *text, char *out);

/* The next character of UTF-8 text as names are compared: without regard to case. 0 at the end. */
uint32_t path_windows_next(const char **at);

#endif
