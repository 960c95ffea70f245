/*
 * trial_win32.h - whether a process can live with what commands are to be started with, and is held by it: a real one
 * is started, as a command on pipes would be, looks at itself and ends. Caller: confine_win32.c. Runs in the runner.
 *
 *   postern-runner --trial DESKTOP SID [STATION]
 *       Ends with 0 when it is on that desktop, holds a token restricted to SID and, with STATION, is not let onto that
 *       window station. Its libraries include user32.dll, which does not load for who has no right to his desktop.
 *       Where SID is that of an app container it waits for the end of its input instead of looking at its token: what
 *       the container is and gives is asked by the runner.
 */
#ifndef POSTERN_RUNNER_TRIAL_WIN32_H
#define POSTERN_RUNNER_TRIAL_WIN32_H

#include "shared/process_win32.h"

#define TRIAL_OPTION "--trial"

/* Exit codes; any other is the system's. */
enum trial_verdict {
    TRIAL_PASSED = 0,
    TRIAL_MISUSED = 2,
    TRIAL_ON_OTHER_DESKTOP = 80,
    TRIAL_NOT_RESTRICTED = 81,
    TRIAL_REACHES_STATION = 82
};

/* Starts one and waits, at most TRIAL_WAIT_MS. `station`: one that may not be reached; NULL: none. POSTERN_E_CONFINE:
 * how it ended, in words. */
#define TRIAL_WAIT_MS 10000u
int trial_run(const struct process_confinement *confinement, const char *sid, const char *station,
              struct postern_error *error);

/* The whole program in this mode, from its own command line; returns the exit status. */
int trial_main(void);

#endif
