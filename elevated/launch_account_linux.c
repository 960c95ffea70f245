/*
 * launch_account_linux.c - whose user the commands have, and what the account files inside say about him. Parent;
 * called by launch_start_linux.c.
 */
#include "elevated/launch_linux.h"

#include <string.h>
#include <unistd.h>

#include "shared/text.h"

/* Lines of the host first: a name that both have is the host's, so ours is another one then. */
static bool write_accounts(struct launch *launch, const struct host_accounts *accounts, char **passwd, char **group)
{
    bool taken = user_text_has_name(accounts->passwd, "postern") || user_text_has_name(accounts->group, "postern");
    const char *shell = access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
    size_t passwd_length = strlen(accounts->passwd);
    size_t group_length = strlen(accounts->group);
    uint32_t uid = launch->user.uid;
    launch->name = taken ? text_format("postern-%u", uid) : text_duplicate("postern");
    launch->home = launch->name ? text_format("/home/%s", launch->name) : NULL;
    if (!launch->home)
        return false;
    *passwd = text_format("%s%s%s:x:%u:%u:postern sandbox:%s:%s\n", accounts->passwd,
                          passwd_length && accounts->passwd[passwd_length - 1] != '\n' ? "\n" : "", launch->name, uid,
                          uid, launch->home, shell);
    *group = text_format("%s%s%s:x:%u:\n", accounts->group,
                         group_length && accounts->group[group_length - 1] != '\n' ? "\n" : "", launch->name, uid);
    return *passwd && *group;
}

int launch_choose_user(struct launch *launch, bool other_user, const struct host_accounts *accounts, char **passwd,
                       char **group, struct postern_error *error)
{
    if (!other_user)
        return host_caller(accounts, geteuid(), &launch->name, &launch->home, error);
    int result = user_acquire(accounts->passwd, accounts->group, &launch->user, error);
    if (result == POSTERN_OK && !write_accounts(launch, accounts, passwd, group))
        result = error_memory(error, "launch");
    return result;
}
