/*
 * again_win32.h - the runner started once more, in one of its other modes. Callers: agent_win32.c, trial_win32.c. Runs
 * in the runner.
 */
#ifndef POSTERN_RUNNER_AGAIN_WIN32_H
#define POSTERN_RUNNER_AGAIN_WIN32_H

#include "shared/process_win32.h"

/* With the runner's own environment, the small one that it was given. `in` is its stdin (OS_HANDLE_NONE: none);
 * `confinement` as for process_spawn_win32(), whose errors these are. */
int again_start(const char *const *argv, os_handle in, enum process_console console,
                const struct process_confinement *confinement, struct process *out, struct postern_error *error);

#endif
