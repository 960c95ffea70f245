/*
 * workspace_linux.h - whether a directory may be handed to commands, and how they get to it. Parent; caller:
 * launch_linux.c. The checks of the path alone are pure.
 */
#ifndef POSTERN_ELEVATED_WORKSPACE_LINUX_H
#define POSTERN_ELEVATED_WORKSPACE_LINUX_H

#include "shared/error.h"

/* POSTERN_E_POLICY for "/", a system directory or one above it, and `home` (the caller's; NULL: unknown) or one above
 * it: what is written there takes effect outside, in the name of other people. `path` is absolute and resolved. */
int workspace_check_path(const char *path, const char *home, struct postern_error *error);

struct workspace {
    uint64_t device, inode;
    uint32_t uid, gid; /* its owner */
};

/* Looks at the directory without following a link anywhere in its path. */
int workspace_inspect(const char *path, struct workspace *out, struct postern_error *error);

/* The highest directory above `path` that only its owner or group may enter; "" for none. POSTERN_E_POLICY when that
 * is "/" itself. `out` has `size` bytes. */
int workspace_barrier(const char *path, char *out, size_t size, struct postern_error *error);

#endif
