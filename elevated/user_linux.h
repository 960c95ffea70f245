/*
 * user_linux.h - picking a user id for a sandbox and holding it. Parent, as root; caller: launch_linux.c.
 *
 * No account is made: a free number of a range that no distribution gives to people is taken, under a lock that lives
 * as long as the sandbox (the keeper inherits it), also when the parent is killed.
 */
#ifndef POSTERN_ELEVATED_USER_LINUX_H
#define POSTERN_ELEVATED_USER_LINUX_H

#include "shared/error.h"
#include "shared/handle.h"

/* systemd leaves these free between its ranges for container users and dynamic services; so do the distributions. */
#define USER_FIRST 60706u
#define USER_LAST 61183u

struct user {
    uint32_t uid; /* and gid */
    os_handle lock;
};

/* `passwd` and `group`: contents of the host's files, whose ids are passed over, as are those of running processes.
 * POSTERN_E_LIMIT when all are taken. Release with user_release(). */
int user_acquire(const char *passwd, const char *group, struct user *out, struct postern_error *error);
void user_release(struct user *user); /* closes our copy of the lock */

/* Looks up an id in the text of a passwd or group file (its third field in both). */
bool user_text_has_id(const char *text, uint32_t id);
bool user_text_has_name(const char *text, const char *name);

#endif
