/*
 * host_sockets_linux.c - finds the sockets of the host's services that would be in a sandbox's sight. Parent; called by
 * host_linux.c.
 *
 * A read-only mount does not keep anybody from connecting to a socket file, and what listens there may do as root what
 * it is asked. Most are in /run and /tmp, which are covered as a whole; those elsewhere are covered one by one. Sockets
 * made later are not, so this is not among what the sandbox says is in force.
 */
#include "elevated/host_linux.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char STAGE[] = "launch";
enum { MOST_MASKS = 512 };

/* What may be written is shared with all that is in it; what may only be read is not, for whoever connects acts. */
static bool in_sight(const struct layout *layout, const char *path)
{
    struct stat status;
    const struct layout_item *cover = layout_cover(layout, path);
    if (cover && (cover->kind != LAYOUT_MOUNT || !cover->read_only))
        return false;
    if (path_is_beneath(PATH_POSIX, path, "/dev") || path_is_beneath(PATH_POSIX, path, "/proc"))
        return false;
    return lstat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* The eighth field of a line: "ffff...: 00000002 00000000 00010000 0001 01 12345 /path". NULL: the socket has no name
 * in the file system. */
static const char *path_of_line(char *line)
{
    char *at = line;
    for (int i = 0; i < 7 && at; i++) {
        at += strspn(at, " ");
        at = strchr(at, ' ');
    }
    if (!at)
        return NULL;
    at += strspn(at, " ");
    at[strcspn(at, "\n")] = 0;
    return *at == '/' ? at : NULL;
}

/* Anybody on the host can make as many as he likes: to leave out what is too much would leave out what he wants. */
static int add_mask(struct layout *layout, const char *name, struct postern_error *error)
{
    char path[PATH_MAX];
    if (!realpath(name, path) || !in_sight(layout, path))
        return POSTERN_OK;
    for (size_t i = 0; i < layout->masked.count; i++) {
        if (strcmp(layout->masked.item[i], path) == 0)
            return POSTERN_OK;
    }
    if (layout->masked.count == MOST_MASKS) {
        error_set(error, POSTERN_E_LIMIT, STAGE, "",
                  "more than %d sockets of services would be in the commands' sight, the last of them %s", MOST_MASKS,
                  path);
        error_remedy(error, "deny the directories that they are in, or end the services");
        return POSTERN_E_LIMIT;
    }
    return strings_add(&layout->masked, path) ? POSTERN_OK : error_memory(error, STAGE);
}

int host_find_sockets(struct layout *layout, struct postern_error *error)
{
    char line[PATH_MAX + 128];
    int result = POSTERN_OK;
    FILE *file = fopen("/proc/net/unix", "re");
    if (!file) {
        error_os(error, POSTERN_E_CONFINE, STAGE, "fopen", errno, "/proc/net/unix, the list of the services' sockets");
        error_remedy(error, "mount the whole of /proc");
        return POSTERN_E_CONFINE;
    }
    while (result == POSTERN_OK && fgets(line, sizeof(line), file)) {
        const char *name = path_of_line(line);
        if (name)
            result = add_mask(layout, name, error);
    }
    fclose(file);
    return result;
}
