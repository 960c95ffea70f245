/*
 * startup.h - what the runner inherits from whoever started it. startup_linux.c, startup_win32.c. Caller: main.c.
 *
 * Arguments name handles as "fd:N" (Linux) or "handle:N" (Windows). Where the runner can inherit none (Windows, as
 * another account) the start record is in a file, "file:PATH", and the numbers of the others are in it.
 */
#ifndef POSTERN_RUNNER_STARTUP_H
#define POSTERN_RUNNER_STARTUP_H

#include "shared/buffer.h"
#include "shared/error.h"
#include "shared/handle.h"

/* Process-wide settings that the rest of the runner relies on, before anything else. */
int startup_prepare(struct postern_error *error);

/* Makes an inherited handle ours: no command will inherit it. */
int startup_adopt_handle(const char *argument, os_handle *out, struct postern_error *error);

/* The same for one whose number came in the start record; 0 gives none. */
int startup_adopt_number(os_handle number, os_handle *out, struct postern_error *error);

/* Reads the whole start record, to its end, and closes the handle; a file is gone then, also when reading failed. The
 * caller wipes the buffer. */
int startup_read_bootstrap(const char *argument, struct buffer *out, struct postern_error *error);

/* Hidden modes of the program (console agent, trial, Wine's trampoline): true when it ran one, its exit status in
 * *status. */
bool startup_hidden_mode(int argc, char **argv, int *status);

#endif
