/*
 * confine.h - the runner confines its commands, once, before its first session. confine_linux.c: itself, and every
 * command inherits it (Landlock, seccomp, limits). confine_win32.c: makes what commands are started with (token,
 * desktop, mitigations). Caller: runner/runner.c.
 */
#ifndef POSTERN_RUNNER_CONFINE_H
#define POSTERN_RUNNER_CONFINE_H

#include "shared/enforce.h"
#include "shared/error.h"
#include "shared/strings.h"

/* Takes the runner's steps of the plan, all of them or fails: POSTERN_E_CONFINE, naming mechanism and system error; the
 * runner must end then. A step that is not the runner's, or not known on this platform, is a failure; so is, at any
 * level but none, a plan without no_new_privs, the system call filter and Landlock, on Windows one without token or
 * desktop. `sid`: of the start record, copied where needed; Linux: not used. What is in force is appended to
 * `in_force` as "capability:mechanism", once each, e.g. "fs.write:landlock-abi7", "syscalls:seccomp". */
int confine_self(enum postern_level level, const struct enforce_steps *steps, const char *sid, struct strings *in_force,
                 struct postern_error *error);

#endif
