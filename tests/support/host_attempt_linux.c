/*
 * host_attempt_linux.c - see host_attempt_linux.h.
 */
#include "tests/support/host_attempt_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int attempt_main(int argc, char **argv, const struct attempt *attempts, size_t count)
{
    for (size_t i = 0; argc > 1 && i < count; i++) {
        if (strcmp(argv[1], attempts[i].name) != 0 || argc != 2 + attempts[i].arguments)
            continue;
        /* what is said must not be lost, or said twice, where an attempt forks or ends this process */
        setvbuf(stdout, NULL, _IONBF, 0);
        attempts[i].run(argv + 2);
        return 0;
    }
    fprintf(stderr, "%s: it is not known what to do\n", argv[0]);
    return 98;
}

/* In one call, so that lines of several processes do not mix. */
static void say(const char *way, const char *what, const char *why)
{
    char line[512];
    int length = snprintf(line, sizeof(line), "%s\t%s%s\n", way, what, why);
    if (length > 0 && (size_t)length < sizeof(line))
        (void)!write(STDOUT_FILENO, line, (size_t)length);
}

void attempt_tell(const char *way, bool worked)
{
    if (worked)
        say(way, "worked", "");
    else
        say(way, "refused: ", strerror(errno));
}

void attempt_tell_file(const char *way, int descriptor)
{
    attempt_tell(way, descriptor >= 0);
    if (descriptor >= 0)
        close(descriptor);
}

void attempt_tell_result(const char *way, long result)
{
    attempt_tell(way, result >= 0);
}

void attempt_tell_reached(const char *way, long result)
{
    attempt_tell(way, result >= 0 || (errno != EPERM && errno != EACCES && errno != ENOSYS));
}

void attempt_untried(const char *way, const char *why)
{
    say(way, "untried: ", why);
}

static bool close_keeping_errno(int file, bool result)
{
    int number = errno;
    close(file);
    errno = number;
    return result;
}

bool attempt_changes_file(int descriptor)
{
    return write(descriptor, "!", 1) == 1;
}

bool attempt_changes(const char *path)
{
    int file = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    return file >= 0 && close_keeping_errno(file, attempt_changes_file(file));
}

bool attempt_reads(const char *path)
{
    char byte;
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return false;
    ssize_t got = read(file, &byte, 1);
    if (got == 0)
        errno = ENODATA; /* an empty file in its place tells nothing */
    return close_keeping_errno(file, got == 1);
}

bool attempt_makes(const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0)
        return false;
    unlink(path);
    return close_keeping_errno(file, true);
}

bool attempt_in_child(int (*way)(void *context), void *context)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(way(context));
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : ECANCELED;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

const char *attempt_path(const char *directory, const char *name)
{
    static char paths[64][1024];
    static unsigned next;
    char *path = paths[next++ % 64];
    snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
    return path;
}
