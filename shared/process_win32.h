/*
 * process_win32.h - what a spawn can do on Windows beyond process.h. Callers: elevated/launch_win32.c,
 * runner/command_win32.c, runner/trampoline_win32.c.
 */
#ifndef POSTERN_SHARED_PROCESS_WIN32_H
#define POSTERN_SHARED_PROCESS_WIN32_H

#include "shared/process.h"

enum process_console {
    PROCESS_CONSOLE_OWN,    /* one of its own, without a window: what process_spawn() gives */
    PROCESS_CONSOLE_SHARED, /* the caller's */
    PROCESS_CONSOLE_NONE    /* none at all: starts faster, and nobody can send it Ctrl-C */
};

/* `console` is of no meaning for a process on a terminal. */
int process_spawn_win32(const struct process_spec *spec, enum process_console console, struct process *out,
                        struct postern_error *error);

#endif
