/*
 * log_linux.c - opening and appending to the log file. Called by log.c; both sides.
 */
#include "shared/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* O_NOFOLLOW and the check of the type: a privileged parent may be told to log into a directory that others can write
 * to. O_NONBLOCK: opening a fifo would wait for a reader. */
int log_file_open(const char *path, os_handle *out, struct postern_error *error)
{
    os_handle file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
    struct stat status;
    int code = POSTERN_OK;

    if (file == OS_HANDLE_NONE) {
        code = error_os(error, POSTERN_E_OS, "log", "open", errno, "cannot open the log file %s", path);
        goto out;
    }
    if (fstat((int)file, &status) != 0) {
        code = error_os(error, POSTERN_E_OS, "log", "fstat", errno, "cannot look at the log file %s", path);
        goto out;
    }
    if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode)) {
        code = error_set(error, POSTERN_E_INVALID, "log", "", "the log file %s is not a regular file", path);
        goto out;
    }
    *out = handle_take(&file);
out:
    handle_close(&file);
    return code;
}

void log_file_keep(os_handle file)
{
    int flags = fcntl((int)file, F_GETFD);

    if (flags >= 0) {
        (void)fcntl((int)file, F_SETFD, flags | FD_CLOEXEC);
    }
}

void log_file_write(os_handle file, const char *line, size_t size)
{
    int saved = errno;
    ssize_t written;

    /* What a full disk leaves unwritten is not retried: the rest would stand between other processes' lines. */
    do {
        written = write((int)file, line, size);
    } while (written < 0 && errno == EINTR);
    errno = saved;
}

int64_t log_file_time(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
