/*
 * launch_check_win32.c - can this host give this caller a level? Looks only. Parent; called before every start and by
 * postern_level_check().
 */
#include "elevated/launch_parts_win32.h"

static const char STAGE[] = "level";

int launch_check_token(struct postern_error *error)
{
    char sid[TOKEN_SID_SIZE];
    os_handle token = OS_HANDLE_NONE;
    int code = token_make_sid(sid, error);

    if (code == POSTERN_OK) {
        code = token_restrict(sid, TOKEN_LOGON_DENIED, &token, error);
    }
    if (code == POSTERN_OK) {
        code = token_try(token, sid, error);
    }
    handle_close(&token);
    return code;
}

/* Either sort will do: which of them a sandbox takes is decided by its policy. */
static int check_accounts(struct postern_error *error)
{
    struct postern_error ignored = {0};

    return account_check(false, error) == POSTERN_OK ? POSTERN_OK : account_check(true, &ignored);
}

int launch_check_level(enum postern_level level, struct postern_error *error)
{
    int code = POSTERN_OK;

    if (level == POSTERN_LEVEL_NONE) {
        return POSTERN_OK;
    }
    if (level != POSTERN_LEVEL_ELEVATED && level != POSTERN_LEVEL_RESTRICTED) {
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "%d is not one level", (int)level);
    }
    if (level == POSTERN_LEVEL_ELEVATED) {
        code = check_accounts(error);
    }
    if (code == POSTERN_OK) {
        code = launch_check_token(error);
        if (code != POSTERN_OK && error != NULL) {
            error->code = code = POSTERN_E_LEVEL;
        }
    }
    return code;
}
