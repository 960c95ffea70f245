/*
 * pipe_win32.h - a pipe between us and a child: our end for the event loop, the child's an ordinary one. Callers: the
 * runner for commands and pseudo consoles. Not the endpoint: that one is met by name, see ipc/endpoint.h.
 */
#ifndef POSTERN_SHARED_PIPE_WIN32_H
#define POSTERN_SHARED_PIPE_WIN32_H

#include <stdbool.h>

#include "shared/error.h"
#include "shared/handle.h"

/* "\\.\pipe\postern-" and a random 128-bit number; false: no randomness could be had. */
#define PIPE_NAME_PREFIX "\\\\.\\pipe\\postern-"
#define PIPE_NAME_SIZE (sizeof(PIPE_NAME_PREFIX) + 32)
bool pipe_random_name(char out[PIPE_NAME_SIZE]);

/* Anonymous pipes can't be overlapped, so this is a named one of a random name whose only instance is taken by us
 * before anybody else could. `we_read` tells the direction. Neither end is inheritable; both belong to the caller. */
int pipe_create(bool we_read, os_handle *ours, os_handle *theirs, struct postern_error *error);

#endif
