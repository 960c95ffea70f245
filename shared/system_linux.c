/*
 * system_linux.c - clock, process id and directories. Called by both sides.
 */
#include "shared/system.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/auxv.h>
#include <unistd.h>

uint64_t system_now_us(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: the clock exists on every Linux */
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint32_t system_process_id(void)
{
    return (uint32_t)getpid();
}

/* The path in a line of /proc/self/maps when `address` lies in its range: "start-end perms offset dev inode   path".
 * Not sscanf(): a large agent has thousands of lines, and it would take most of the time of a start. */
static const char *mapped_file(const char *line, uintptr_t address)
{
    char *end;
    unsigned long first = strtoul(line, &end, 16);
    const char *path;

    if (address < first || *end != '-' || address >= strtoul(end + 1, &end, 16)) {
        return NULL;
    }
    path = strchr(end, '/');
    /* "(unreachable)/..." is no path: the file lies outside the root directory. */
    return path != NULL && path[-1] == ' ' ? path : NULL;
}

/*
 * The file that holds this very function, be it the program or a shared library, is looked up in /proc/self/maps.
 * Rejected: /proc/self/exe, which for an agent that loads libpostern is the agent; dladdr(), which says what dlopen()
 * was told, possibly a path relative to a directory that has been left since - a privileged parent would then start
 * its helpers from whatever is below the present one - and which static programs do not really have.
 */
char *system_program_directory(void)
{
    uintptr_t address = (uintptr_t)&system_program_directory;
    FILE *maps = fopen("/proc/self/maps", "re");
    char *directory = NULL;
    char *line = NULL;
    size_t size = 0;

    while (maps != NULL && directory == NULL && getline(&line, &size, maps) > 0) {
        const char *path = mapped_file(line, address);
        const char *slash = path != NULL ? strrchr(path, '/') : NULL;

        if (slash != NULL) {
            /* A " (deleted)" of a program replaced meanwhile stands behind the slash and does not matter. */
            directory = slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
        }
    }
    free(line);
    if (maps != NULL) {
        fclose(maps);
    }
    return directory;
}

char *system_program_path(void)
{
    return realpath("/proc/self/exe", NULL);
}

bool system_trusts_environment(void)
{
    return getauxval(AT_SECURE) == 0;
}

char *system_current_directory(void)
{
    char *directory = getcwd(NULL, 0);

    /* "(unreachable)/..." when it lies outside the root directory. */
    if (directory != NULL && directory[0] != '/') {
        free(directory);
        directory = NULL;
        errno = ENOENT;
    }
    return directory;
}

char *system_absolute_path(const char *path, int64_t *os_error)
{
    char *absolute = realpath(path, NULL);

    if (absolute == NULL) {
        *os_error = errno;
    }
    return absolute;
}

bool system_path_is_absolute(const char *path)
{
    return path[0] == '/';
}
