/*
 * host_sockets_linux.c - finds the sockets of the host's services that would be in a sandbox's sight. Parent; called by
 * host_linux.c.
 *
 * A read-only mount does not keep anybody from connecting to a socket file, and what listens there may do as root what
 * it is asked. Most are in /run and /tmp, which are covered as a whole; those elsewhere are covered one by one. Sockets
 * made later are not, so this is not among what the sandbox says is in force.
 */
#include "elevated/host_linux.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_MASKS = 256 };

/* What may be written is shared with all that is in it; what may only be read is not, for whoever connects acts. */
static bool in_sight(const struct layout *layout, const char *path)
{
    struct stat status;
    const struct layout_item *cover = layout_cover(layout, path);
    if (cover && (cover->kind != LAYOUT_MOUNT || !cover->read_only))
        return false;
    if (layout_is_beneath(path, "/dev") || layout_is_beneath(path, "/proc"))
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

static bool add_mask(struct layout *layout, const char *name)
{
    char path[PATH_MAX];
    if (!realpath(name, path) || !in_sight(layout, path))
        return true;
    for (size_t i = 0; i < layout->masked.count; i++) {
        if (strcmp(layout->masked.item[i], path) == 0)
            return true;
    }
    return strings_add(&layout->masked, path);
}

bool host_find_sockets(struct layout *layout)
{
    char line[PATH_MAX + 128];
    bool added = true;
    FILE *file = fopen("/proc/net/unix", "re");
    if (!file)
        return true;
    while (added && layout->masked.count < MOST_MASKS && fgets(line, sizeof(line), file)) {
        const char *name = path_of_line(line);
        if (name)
            added = add_mask(layout, name);
    }
    fclose(file);
    return added;
}
