/*
 * launch.h - starting and ending one runner as the sandbox user. launch_linux.c (through the keeper), launch_win32.c.
 * Caller: elevated/sandbox.c. Runs in the parent, with the parent's rights.
 */
#ifndef POSTERN_ELEVATED_LAUNCH_H
#define POSTERN_ELEVATED_LAUNCH_H

#include "shared/crypto.h"
#include "shared/error.h"
#include "shared/handle.h"
#include "shared/log.h"
#include "shared/policy.h"
#include "shared/strings.h"

struct launch;

struct launch_options {
    enum postern_level level;    /* exactly this one: elevated, restricted or none */
    const struct policy *policy; /* resolved, settled, clamped; borrowed until launch_start() has returned */
    const char *directory;       /* where commands start unless they say otherwise; NULL: "/" or the like */
    const char *libexec;         /* directory of postern-runner (and postern-keeper) */
    const unsigned char *key;    /* CRYPTO_KEY_SIZE bytes, the launch key */
    const char *log_file;        /* NULL: none; the runner logs to it through an inherited handle */
    struct log *log;
    uint64_t deadline_us; /* system_now_us() time by which the runner must have connected */
};

/* Starts the runner; returns once its channel is connected (not authenticated). On failure nothing of it is left. */
int launch_start(const struct launch_options *options, struct launch **out, struct postern_error *error);

/* The byte stream to the runner; ownership passes. */
os_handle launch_take_channel(struct launch *launch);

/* Signalled once the runner is gone: for loop_wait_start(). Borrowed. */
os_handle launch_wait_handle(const struct launch *launch);

uint32_t launch_runner_pid(const struct launch *launch); /* as the parent's system numbers it */

/* What the sandbox user is: for the command's base environment. Valid until launch_end(). */
const char *launch_user(const struct launch *launch); /* name */
const char *launch_home(const struct launch *launch); /* directory as seen inside */
const char *launch_temp(const struct launch *launch);
const char *launch_default_directory(const struct launch *launch); /* the workspace, else "/" or the like */
const char *launch_default_path(const struct launch *launch);      /* PATH of a clean environment */

/* Sets the variables that say who the sandbox user is (HOME, USER, LOGNAME, SHELL, TMPDIR; USERPROFILE, TEMP, ...). */
bool launch_put_identity(const struct launch *launch, struct strings *environment);

/* Whether the helper programs are in this directory. */
bool launch_has_helpers(const char *directory);

/* What the launcher itself put in force, "capability:mechanism", e.g. "user:uid-60706", "processes:pid-namespace". */
const struct strings *launch_in_force(const struct launch *launch);

/* After the wait handle was signalled: why, as POSTERN_E_RUNNER_DIED (status in the message), or the failed step of
 * the start (POSTERN_E_CONFINE, POSTERN_E_RUNNER_START) as the keeper told it. */
void launch_describe_end(struct launch *launch, struct postern_error *error);

/* Kills the runner and all it started, waits until they are gone, undoes what launch_start() set up. NULL allowed. */
void launch_end(struct launch *launch);

/* Whether `level` can be had, without starting anything lasting; fills error with cause and remedy if not. */
int launch_check_level(enum postern_level level, struct postern_error *error);

#endif
