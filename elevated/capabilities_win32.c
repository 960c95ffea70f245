/*
 * capabilities_win32.c - what a sandbox can have on Windows, see capabilities.h. Whether a restricted token keeps its
 * holder from writing is tried; which accounts there are, whether the network filters hold the offline ones, and
 * whether there are app containers is looked up. Parent.
 */
#include "elevated/capabilities.h"

#include "elevated/launch_parts_win32.h"

int capabilities_find(enum postern_level level, struct capabilities *out, struct postern_error *error)
{
    int code = launch_check_level(level, error);

    *out = (struct capabilities){.host = {.level = level}};
    if (code != POSTERN_OK || level == POSTERN_LEVEL_NONE) {
        return code;
    }
    out->host.restricted_token = true; /* else there is no such level */
    out->host.appcontainer = appcontainer_check(NULL) == POSTERN_OK;
    if (level == POSTERN_LEVEL_ELEVATED) {
        out->host.account_online = account_check(false, &out->missing) == POSTERN_OK;
        out->host.account_offline = account_check(true, &out->missing) == POSTERN_OK;
    }
    return POSTERN_OK;
}

void capabilities_free(struct capabilities *capabilities)
{
    strings_free(&capabilities->device);
    strings_free(&capabilities->owned);
    *capabilities = (struct capabilities){.host = {.level = POSTERN_LEVEL_NONE}};
}
