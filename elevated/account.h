/*
 * account.h - the sandbox accounts that `postern setup` has made: taking one for a sandbox, and starting the runner as
 * it. account.c decides (portable: which account is free, what a failed logon means, when to try again and when never);
 * account_win32.c is the system's part. Parent; caller: launch_win32.c.
 *
 * An account is one sandbox's at a time, by a lock that ends with this process. A logon that failed is tried once more
 * after its password was read afresh (errors 1326 and 1312), and never where that could lead to a lockout. The verdict
 * is kept for ACCOUNT_VERDICT_S seconds, also for other processes, so that the next call fails at once and tells the
 * same cause.
 */
#ifndef POSTERN_ELEVATED_ACCOUNT_H
#define POSTERN_ELEVATED_ACCOUNT_H

#include "shared/process.h"

#define ACCOUNT_VERDICT_S 60

struct account;

/* Whether there is an account of this sort whose password we may read; looks only, no logon. POSTERN_E_LEVEL: none,
 * with cause and remedy ("run `postern setup` once, as administrator"). */
int account_check(bool offline, struct postern_error *error);

/* Takes a free one. POSTERN_E_LEVEL: as above. POSTERN_E_STATE: all are in use. */
int account_take(bool offline, struct account **out, struct postern_error *error);

const char *account_name(const struct account *account);
const char *account_sid(const struct account *account);

/* Starts a program as the account, its profile loaded, in an environment of its own, suspended: nothing of it has run,
 * and the caller puts it into a job and resumes it with account_resume(). Nothing is inherited. `cwd` has to be a
 * directory that the account can enter. Stage "launch". */
int account_start(struct account *account, const char *program, const char *const *argv, const char *cwd,
                  struct process *out, struct postern_error *error);
int account_resume(struct account *account, struct postern_error *error);

/* Its profile directory; after account_start(). Allocated. */
int account_home(const struct account *account, char **out, struct postern_error *error);

void account_release(struct account *account); /* once nothing runs as it any more; NULL allowed */

#endif
