/*
 * desktop_win32.h - a desktop of the sandbox's own, on a window station other than the user's: what commands draw, type
 * and copy stays there. Callers: confine_win32.c, trial_win32.c. Runs in the runner.
 *
 * Only administrators may name a window station. So it is the one that the system names after the logon session, and
 * all sandboxes of that session share it (and with them a clipboard); the desktop is the sandbox's alone.
 */
#ifndef POSTERN_RUNNER_DESKTOP_WIN32_H
#define POSTERN_RUNNER_DESKTOP_WIN32_H

#include <stdbool.h>

#include "shared/error.h"

struct desktop;

/* For who holds a token restricted to `sid` (token_win32.h), or is in the app container `sid`. Both objects last until
 * desktop_close(), and as long as somebody is on them. To be called while this process has one thread: its window
 * station is another one for a moment. POSTERN_E_CONFINE. */
int desktop_open(const char *sid, struct desktop **out, struct postern_error *error);
void desktop_close(struct desktop *desktop); /* NULL allowed */

const char *desktop_name(const struct desktop *desktop); /* "station\desktop" */

/* Where this thread is, "station\desktop". Allocated; NULL: see GetLastError(). */
char *desktop_here(void);

/* The station's part of a name. Allocated; NULL: memory is out. */
char *desktop_station(const char *name);

/* Whether this process is let onto a window station with any right at all. */
bool desktop_reaches(const char *station);

#endif
