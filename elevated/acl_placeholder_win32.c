/*
 * acl_placeholder_win32.c - stands in for acl_win32.c until that is merged; goes with it.
 */
#include "elevated/acl.h"

#include <stdlib.h>
#include <windows.h>

#include "shared/text.h"
#include "shared/wide.h"

struct acl_grant {
    char *temp;
};

int acl_open(const struct enforce_steps *steps, const struct acl_sids *sids, const char *temp, struct acl_grant **out,
             struct postern_error *error)
{
    static unsigned count;
    (void)steps, (void)sids;
    *out = calloc(1, sizeof(**out));
    (*out)->temp = text_format("%s\\placeholder-%lu-%u", temp, GetCurrentProcessId(), count++);
    return CreateDirectoryA((*out)->temp, NULL) ? POSTERN_OK : error_memory(error, "acl");
}

const char *acl_temp(const struct acl_grant *grant)
{
    return grant->temp;
}

int acl_close(struct acl_grant *grant, struct postern_error *error)
{
    (void)error;
    if (grant) {
        RemoveDirectoryA(grant->temp);
        free(grant->temp);
    }
    free(grant);
    return POSTERN_OK;
}
