/*
 * temporary_linux.c - making and removing a private temporary directory. Parent (launch_linux.c) and keeper. What is
 * in there was made by commands, so names, depth, links and modes are hostile.
 */
#include "elevated/temporary_linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/crypto.h"
#include "shared/text.h"

int temporary_name(char **path, struct postern_error *error)
{
    char name[33];
    char *above = realpath("/tmp", NULL); /* the runner follows no link to it */
    int number = errno;
    if (!above)
        return error_os(error, POSTERN_E_CONFINE, "launch", "realpath", number, "/tmp, for temporary files");
    *path = crypto_random_name(name) ? text_format("%s/postern-%s", above, name) : NULL;
    free(above);
    return *path ? POSTERN_OK : error_memory(error, "launch");
}

bool temporary_make(const char *path)
{
    return mkdir(path, 0700) == 0;
}

/* Opens a directory, however its owner has closed it to himself. */
static int open_directory(int parent, const char *name)
{
    const int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    char path[40];
    int named = openat(parent, name, O_PATH | flags);
    if (named < 0)
        return -1;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", named);
    chmod(path, 0700);
    int directory = openat(named, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(named);
    return directory;
}

typedef bool entry_fn(int directory, const char *name, void *context);

/* Calls `each` for every entry and says how many it has dealt with; they vanish while the directory is read, so the
 * caller repeats until none is left. */
static size_t each_entry(int directory, entry_fn *each, void *context)
{
    _Alignas(struct dirent64) char bytes[4096];
    size_t done = 0;
    ssize_t got;
    if (lseek(directory, 0, SEEK_SET) != 0)
        return 0;
    while ((got = getdents64(directory, bytes, sizeof(bytes))) > 0) {
        for (ssize_t at = 0; at < got;) {
            const struct dirent64 *entry = (const struct dirent64 *)(bytes + at);
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
                each(directory, entry->d_name, context))
                done++;
            at += entry->d_reclen;
        }
    }
    return done;
}

struct flattening {
    int top;
    unsigned long counter;
};

/* An entry of a directory in the top directory: files go, directories move up beside it. So the depth of what the
 * commands have made costs neither stack nor descriptors. */
static bool empty_out(int directory, const char *name, void *context)
{
    struct flattening *flattening = context;
    char moved[40];
    if (unlinkat(directory, name, 0) == 0)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return false;
    int inner = open_directory(directory, name); /* moving a directory needs write permission on it */
    if (inner < 0)
        return false;
    close(inner);
    do {
        snprintf(moved, sizeof(moved), "postern-moved-%lu", flattening->counter++);
    } while (renameat2(directory, name, flattening->top, moved, RENAME_NOREPLACE) != 0 && errno == EEXIST);
    return faccessat(flattening->top, moved, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool remove_entry(int top, const char *name, void *context)
{
    if (unlinkat(top, name, 0) == 0)
        return true;
    int directory = open_directory(top, name);
    if (directory < 0)
        return false;
    while (each_entry(directory, empty_out, context) > 0)
        continue;
    close(directory);
    return unlinkat(top, name, AT_REMOVEDIR) == 0;
}

void temporary_remove(const char *path)
{
    struct stat status;
    struct flattening flattening = {.top = open_directory(AT_FDCWD, path)};
    if (flattening.top < 0)
        return;
    if (fstat(flattening.top, &status) == 0 && status.st_uid == geteuid()) {
        while (each_entry(flattening.top, remove_entry, &flattening) > 0)
            continue;
        rmdir(path);
    }
    close(flattening.top);
}
