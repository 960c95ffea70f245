/*
 * acl_placeholder_win32.c - stands in for acl_win32.c until that is merged; goes with it.
 */
#include "elevated/acl.h"

int acl_open(const struct enforce_steps *steps, const struct acl_sids *sids, const char *temp,
                                   struct acl_grant **out, struct postern_error *error)
{
    (void)steps, (void)sids, (void)temp, (void)out;
    return error_set(error, POSTERN_E_CONFINE, "acl", "", "access lists are not there yet");
}

const char *acl_temp(const struct acl_grant *grant)
{
    (void)grant;
    return NULL;
}

int acl_close(struct acl_grant *grant, struct postern_error *error)
{
    (void)grant, (void)error;
    return POSTERN_OK;
}
