/*
 * limits_linux.h - resource limits of the plan. Some the runner takes upon itself, and its commands inherit them;
 * others only the commands get, since the runner's own work would be counted: it carries their output, writes its log,
 * and a sandbox must not end because a command's limit was reached. Callers: confine_linux.c, reaper_linux.c.
 */
#ifndef POSTERN_RUNNER_LIMITS_LINUX_H
#define POSTERN_RUNNER_LIMITS_LINUX_H

#include "shared/enforce.h"
#include "shared/error.h"
#include "shared/process_linux.h"

bool limits_know(enum enforce_mechanism mechanism); /* it is one of ours */

/* Takes one step that limits_know(), now or for the commands. POSTERN_E_CONFINE. */
int limits_take(const struct enforce_step *step, struct postern_error *error);

/* What every command is started with. */
const struct process_limit *limits_of_commands(size_t *count);

#endif
