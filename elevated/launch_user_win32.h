/*
 * launch_user_win32.h - who the sandbox user is and which directories are theirs. Private to elevated/launch_*win32.c.
 */
#ifndef POSTERN_ELEVATED_LAUNCH_USER_WIN32_H
#define POSTERN_ELEVATED_LAUNCH_USER_WIN32_H

#include "shared/error.h"
#include "shared/strings.h"

/* All owned, none NULL after launch_user_find(). */
struct launch_user {
    char *name;
    char *home;
    char *temp;
    char *directory; /* where commands start by default */
    char *path;      /* PATH of a clean environment */
    char *system_directory;
};

/* Level none: the caller's own user. `workspace` may be NULL. */
int launch_user_find(const char *workspace, struct launch_user *out, struct postern_error *error);
void launch_user_free(struct launch_user *user);

/* USERNAME, USERPROFILE, TEMP and what else goes with them. false: memory is out. */
bool launch_user_put(const struct launch_user *user, struct strings *environment);

/* What the runner itself needs to run, and nothing more of ours. */
bool launch_user_runner_environment(const struct launch_user *user, struct strings *environment);

#endif
