/*
 * acl_profile_win32.c - the profile of a sandbox's app container, in the record with its entries. See acl.h. Parent.
 */
#include <stdlib.h>
#include <string.h>

#include "elevated/acl_win32.h"
#include "shared/appcontainer_win32.h"

int acl_make_profile(struct acl_grant *grant, const char *name, const char *sid, struct postern_error *error)
{
    char *made = NULL;
    int code = acl_note(grant, ACL_KIND_PROFILE, name, error);
    if (code == 0)
        code = appcontainer_create(name, &made, error);
    if (code == 0 && strcmp(made, sid) != 0)
        code = error_set(error, POSTERN_E_CONFINE, ACL_STAGE, "CreateAppContainerProfile",
                         "the app container %s has another SID than its name says", name);
    free(made);
    return code;
}

/* Others have app containers too: what is not named as ours are is not taken away, whatever the record says. */
int acl_profile_restore(const struct acl_system *system, const char *name, struct postern_error *error)
{
    (void)system;
    if (!appcontainer_is_ours(name))
        return error_set(error, POSTERN_E_STATE, ACL_STAGE, "", "the record of a sandbox holds '%s', no app container",
                         name);
    return appcontainer_delete(name, error);
}
