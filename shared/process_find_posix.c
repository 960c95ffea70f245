/*
 * process_find_posix.c - from a command's name to the file to execute. Called by the runner, with the PATH of the
 * command, and by the parent for its helpers.
 */
#include "shared/process.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the C library's own execvp() looks when there is no PATH; never the current directory. */
#define DEFAULT_PATH "/bin:/usr/bin"

/* 0 when the file can be executed, else why not. */
static int check_file(int directory, const char *file)
{
    struct stat status;

    if (fstatat(directory, file, &status, 0) != 0) {
        return errno;
    }
    if (S_ISDIR(status.st_mode)) {
        return EISDIR;
    }
    if (!S_ISREG(status.st_mode)) {
        return EACCES;
    }
    return faccessat(directory, file, X_OK, 0) == 0 ? 0 : errno;
}

/* The directory that relative names start from; only opened when there is one. */
static int check_candidate(const char *cwd, const char *file)
{
    int directory = AT_FDCWD, result;

    if (cwd != NULL && file[0] != '/') {
        directory = open(cwd, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) {
            return errno;
        }
    }
    result = check_file(directory, file);
    if (directory != AT_FDCWD) {
        (void)close(directory);
    }
    return result;
}

static bool means_absent(int os_error)
{
    return os_error == ENOENT || os_error == ENOTDIR || os_error == ELOOP || os_error == ENAMETOOLONG;
}

static int find_as_it_stands(const char *name, const char *cwd, char **found, struct postern_error *error)
{
    int os_error = check_candidate(cwd, name);

    if (os_error != 0) {
        return error_os(error, means_absent(os_error) ? POSTERN_E_NOT_FOUND : POSTERN_E_NOT_EXECUTABLE, "spawn", "stat",
                        os_error, means_absent(os_error) ? "no program \"%s\"" : "cannot execute \"%s\"", name);
    }
    *found = text_duplicate(name);
    return *found != NULL ? 0 : error_memory(error, "spawn");
}

int process_find(const char *name, const char *path, const char *extensions, const char *cwd, char **found,
                 struct postern_error *error)
{
    int refused = 0;

    (void)extensions;
    *found = NULL;
    if (name[0] == '\0') {
        return error_set(error, POSTERN_E_NOT_FOUND, "spawn", "", "the program's name is empty");
    }
    if (strchr(name, '/') != NULL) {
        return find_as_it_stands(name, cwd, found, error);
    }
    for (const char *rest = path != NULL ? path : DEFAULT_PATH; rest != NULL;) {
        size_t length = strcspn(rest, ":");
        char *file = length == 0 ? text_format("./%s", name) : text_format("%.*s/%s", (int)length, rest, name);
        int os_error;

        if (file == NULL) {
            return error_memory(error, "spawn");
        }
        os_error = check_candidate(cwd, file);
        if (os_error == 0) {
            *found = file;
            return 0;
        }
        /* As a shell: a file that cannot be executed is mentioned only if no later directory has a better one. */
        if (!means_absent(os_error) && os_error != EISDIR && refused == 0) {
            refused = os_error;
        }
        free(file);
        rest = rest[length] == ':' ? rest + length + 1 : NULL;
    }
    if (refused != 0) {
        return error_os(error, POSTERN_E_NOT_EXECUTABLE, "spawn", "stat", refused, "cannot execute any \"%s\" in PATH",
                        name);
    }
    return error_set(error, POSTERN_E_NOT_FOUND, "spawn", "", "no program \"%s\" in PATH", name);
}
