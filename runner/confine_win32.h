/*
 * confine_win32.h - what confine_self() has made ready on Windows, where a process can't give up its own token: every
 * command is started with it. Caller: command_win32.c. Runs in the runner.
 */
#ifndef POSTERN_RUNNER_CONFINE_WIN32_H
#define POSTERN_RUNNER_CONFINE_WIN32_H

#include "shared/process_win32.h"

/* NULL at level none: nothing. Valid as long as the process lives. */
const struct process_confinement *confine_of_commands(void);

#endif
