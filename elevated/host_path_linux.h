/*
 * host_path_linux.h - what may be handed to commands, what is there, and how they get to it. Parent; callers:
 * resolve_*linux.c. The questions about the path alone are pure. Paths are absolute and resolved.
 */
#ifndef POSTERN_ELEVATED_HOST_PATH_LINUX_H
#define POSTERN_ELEVATED_HOST_PATH_LINUX_H

#include "shared/error.h"

/* "/", a directory of the system, what is in it or above it; and those that all users share, but not what is in them.
 */
bool host_path_is_system(const char *path);

/* Why commands must not write there: what is written in a directory of the system, in `home` (the caller's; NULL:
 * unknown) or above it takes effect outside, in the name of other people. NULL: they may. Static text. */
const char *host_path_objection(const char *path, const char *home);

struct host_path {
    uint64_t device, inode;
    uint32_t uid, gid; /* its owner */
    uint32_t mode;     /* kind and permissions */
};

/* Looks at what is there without following a link anywhere in its path; POSTERN_E_POLICY, also for a link. The file is
 * not opened as such, so a device or FIFO does not notice. */
int host_path_inspect(const char *path, struct host_path *out, struct postern_error *error);

/* The highest directory above `path` that only its owner or group may enter; "" for none. POSTERN_E_POLICY when that
 * is "/" itself. `out` has `size` bytes. */
int host_path_barrier(const char *path, char *out, size_t size, struct postern_error *error);

#endif
