/*
 * landlock_linux.h - the Landlock part of the plan: which paths may be read and written, TCP, signals and abstract
 * sockets. Runner, once, for itself and all that comes from it. Caller: confine_linux.c.
 */
#ifndef POSTERN_RUNNER_LANDLOCK_LINUX_H
#define POSTERN_RUNNER_LANDLOCK_LINUX_H

#include "shared/enforce.h"
#include "shared/error.h"

/* The kernel's ABI, or what is known of it here; 0 with an error (POSTERN_E_CONFINE): it has none. */
int landlock_find_abi(struct postern_error *error);

/* Takes the Landlock steps among `steps`, and passes over the others. What no path step allows is denied. A step that
 * the ABI cannot do, or whose path is not there or has a symbolic link in it by now, is a failure. *abi is what is in
 * force then. */
int landlock_apply(const struct enforce_steps *steps, int *abi, struct postern_error *error);

#endif
