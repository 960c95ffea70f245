/*
 * host_linux.h - facts about the host that a sandbox is laid out by: which places there are to cover, what the account
 * files say, how the workspace is reached. Looks, changes nothing. Parent; caller: launch_linux.c.
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

struct host_options {
    bool other_user; /* level elevated */
    bool network;
    const char *workspace; /* NULL: none */
};

/* A layout with everything it borrows. */
struct host {
    struct layout layout;
    struct strings owned;
};

/* host_sockets_linux.c: adds sockets of services to layout->masked. false: memory is out. */
bool host_find_sockets(struct layout *layout);

int host_look(const struct host_options *options, struct host *out, struct postern_error *error);
void host_free(struct host *host);

#endif
