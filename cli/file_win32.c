/*
 * file_win32.c - opening a named file; see file.h. fopen() would take the path in the ANSI code page. Parent side.
 */
#include "cli/file.h"

#include <errno.h>
#include <stdlib.h>
#include <windows.h>

#include "shared/wide.h"

static FILE *open_as(const char *path, const wchar_t *mode, int64_t *os_error)
{
    wchar_t *wide = wide_from_utf8(path);
    FILE *file = wide ? _wfopen(wide, mode) : NULL;
    if (!file)
        *os_error = (int64_t)GetLastError(); /* what the C library's errno was made from */
    free(wide);
    return file;
}

FILE *file_open(const char *path, int64_t *os_error)
{
    return open_as(path, L"rbN", os_error);
}

FILE *file_create(const char *path, int64_t *os_error)
{
    return open_as(path, L"wbN", os_error);
}

FILE *file_append(const char *path, int64_t *os_error)
{
    return open_as(path, L"abN", os_error);
}
