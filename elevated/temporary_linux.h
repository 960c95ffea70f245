/*
 * temporary_linux.h - the private temporary directory of a sandbox that has no mount namespace to hide /tmp with.
 * Named by the parent; made and at the end removed by the keeper, so that nothing is left whenever the parent is
 * killed.
 */
#ifndef POSTERN_ELEVATED_TEMPORARY_LINUX_H
#define POSTERN_ELEVATED_TEMPORARY_LINUX_H

#include <stdbool.h>

#include "shared/error.h"

/* A name beneath /tmp that nobody can guess, without links above it; nothing is made. *path is allocated, caller frees
 * with free(). */
int temporary_name(char **path, struct postern_error *error);

/* Makes it, mode 0700; it must not be there. false: errno. */
bool temporary_make(const char *path);

/* Removes the directory and all in it. Follows no link, stays in the directory and on its file system whatever the
 * commands left there, uses no memory but the stack, and gives up on what it may not remove. */
void temporary_remove(const char *path);

#endif
