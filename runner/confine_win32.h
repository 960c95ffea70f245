/*
 * confine_win32.h - what confine_self() has made ready on Windows, where a process can't give up its own token: every
 * command is started with it. Caller: command_win32.c. Runs in the runner.
 */
#ifndef POSTERN_RUNNER_CONFINE_WIN32_H
#define POSTERN_RUNNER_CONFINE_WIN32_H

#include "shared/process_win32.h"

/* What the launcher's start record adds to the steps; before confine_self(). The text is borrowed for good. */
void confine_use_sid(const char *sid);

/* NULL at level none: nothing. Valid as long as the process lives. */
const struct process_confinement *confine_of_commands(void);

#endif
