/*
 * file_linux.c - opening a named file; see file.h. Pipes are fine: `--policy <(generate)`. Parent side.
 */
#include "cli/file.h"

#include <errno.h>

static FILE *open_as(const char *path, const char *mode, int64_t *os_error)
{
    FILE *file;
    do {
        file = fopen(path, mode);
    } while (!file && errno == EINTR);
    if (!file)
        *os_error = errno;
    return file;
}

FILE *file_open(const char *path, int64_t *os_error)
{
    return open_as(path, "rbe", os_error);
}

FILE *file_create(const char *path, int64_t *os_error)
{
    return open_as(path, "wbe", os_error);
}

FILE *file_append(const char *path, int64_t *os_error)
{
    return open_as(path, "abe", os_error);
}
