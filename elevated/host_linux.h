/*
 * host_linux.h - facts about the host that a sandbox is laid out by: what the account files say, which devices there
 * are, which sockets are in sight. Looks, changes nothing. Parent; caller: launch_start_linux.c.
 */
#ifndef POSTERN_ELEVATED_HOST_LINUX_H
#define POSTERN_ELEVATED_HOST_LINUX_H

#include "elevated/plan_layout_linux.h"
#include "shared/error.h"

/* The account files, as far as everybody may read them. Never NULL after host_read_accounts(). */
struct host_accounts {
    char *passwd, *group;
    char *passwd_path, *group_path; /* resolved; NULL: there is none */
};
int host_read_accounts(struct host_accounts *out, struct postern_error *error);
void host_accounts_free(struct host_accounts *accounts);

/* The caller's own line: name and home directory, allocated; a user without a line is named by his number. */
int host_caller(const struct host_accounts *accounts, uint32_t uid, char **name, char **home,
                struct postern_error *error);

/* host_sockets_linux.c: adds sockets of services to layout->masked. POSTERN_E_LIMIT: there are too many. */
int host_find_sockets(struct layout *layout, struct postern_error *error);

/* Completes a layout whose items are there: devices, what is seen in places all the same (the file by which names are
 * resolved, when there is `network` and `rules` let it be read), sockets. */
int host_look(const struct policy_rules *rules, bool network, struct layout *layout, struct postern_error *error);

#endif
