/*
 * temporary_linux.h - the private temporary directory of a sandbox that has no mount namespace to hide /tmp with.
 * Made by the parent, removed by the keeper at the end, which also happens when the parent was killed.
 */
#ifndef POSTERN_ELEVATED_TEMPORARY_LINUX_H
#define POSTERN_ELEVATED_TEMPORARY_LINUX_H

#include "shared/error.h"

/* Beneath /tmp, mode 0700. *path is allocated, caller frees with free(). */
int temporary_create(char **path, struct postern_error *error);

/* Removes the directory and all in it. Follows no link, stays in the directory and on its file system whatever the
 * commands left there, uses no memory but the stack, and gives up on what it may not remove. */
void temporary_remove(const char *path);

#endif
