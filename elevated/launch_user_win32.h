/*
 * launch_user_win32.h - who the sandbox user is and which directories are theirs. Private to elevated/launch_*win32.c.
 */
#ifndef POSTERN_ELEVATED_LAUNCH_USER_WIN32_H
#define POSTERN_ELEVATED_LAUNCH_USER_WIN32_H

#include "shared/error.h"
#include "shared/strings.h"

/* All owned, none NULL after launch_user_find(). */
struct launch_user {
    struct strings machine; /* variables that are the machine's, not a user's */
    char *name;
    char *home;
    char *temp;
    char *directory; /* where commands start by default */
    char *path;      /* PATH of a clean environment */
    char *system_directory;
};

/* The caller's own user. `workspace` may be NULL. */
int launch_user_find(const char *workspace, struct launch_user *out, struct postern_error *error);
/* Makes it another one: the variables and PATH are then what the machine gives to everybody, none are the caller's. */
int launch_user_become(struct launch_user *user, const char *name, const char *home, struct postern_error *error);
bool launch_user_set_temp(struct launch_user *user, const char *temp); /* false: memory is out */
void launch_user_free(struct launch_user *user);

/* USERNAME, USERPROFILE, TEMP and what else goes with them. false: memory is out. */
bool launch_user_put(const struct launch_user *user, struct strings *environment);

/* What the runner itself needs to run, and nothing more of ours. */
bool launch_user_runner_environment(const struct launch_user *user, struct strings *environment);

#endif
