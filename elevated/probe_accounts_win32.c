/*
 * probe_accounts_win32.c - the sandbox accounts as this caller sees them, see probe_windows.h. Parent; looks, and makes
 * no logon. What only administrators may see is told as not known.
 */
#include "elevated/setup_win32.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <lm.h>

#include "elevated/probe_win32.h"
#include "shared/text.h"
#include "shared/wide.h"

#define STAGE "probe"
#define DAY 86400u /* seconds */

static bool is_mark(const wchar_t *comment)
{
    char *text = comment ? wide_to_utf8(comment) : NULL;
    bool mark = text && strcmp(text, SETUP_MARK) == 0;
    free(text);
    return mark;
}

/* Of level 3, which any user of this host may ask for. */
static void judge(const USER_INFO_3 *found, struct probe_account *out)
{
    DWORD flags = found->usri3_flags;
    out->ours = is_mark(found->usri3_comment);
    out->administrator = found->usri3_priv == USER_PRIV_ADMIN;
    out->disabled = (flags & UF_ACCOUNTDISABLE) != 0;
    out->locked = (flags & UF_LOCKOUT) != 0;
    out->expired = found->usri3_acct_expires != TIMEQ_FOREVER && (time_t)found->usri3_acct_expires <= time(NULL);
    out->password_expired = found->usri3_password_expired != 0;
    out->password_expires = (flags & UF_DONT_EXPIRE_PASSWD) == 0;
    out->password_days = found->usri3_password_age / DAY;
}

/* Passing through the directory needs no right to it; the file's own list decides. */
static enum probe_secret look_at_secret(const struct setup_windows *windows, const char *name)
{
    enum probe_secret state = PROBE_SECRET_STORED;
    wchar_t *path = setup_place_secret(windows, name);
    HANDLE file = path ? CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                     OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT, NULL)
                       : INVALID_HANDLE_VALUE;
    DWORD number = GetLastError();
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
    else if (number == ERROR_FILE_NOT_FOUND || number == ERROR_PATH_NOT_FOUND)
        state = PROBE_SECRET_MISSING;
    else
        state = PROBE_SECRET_OTHERS;
    free(path);
    return state;
}

static bool is_hidden(struct setup_windows *windows, const char *name)
{
    struct setup_item item = {.kind = SETUP_HIDDEN};
    struct setup_state state = {.standing = SETUP_ABSENT};
    text_copy(item.name, sizeof(item.name), name);
    return setup_hidden_find(windows, &item, &state, NULL) == 0 && state.standing == SETUP_AS_WANTED;
}

/* *there false: no such account. */
static int look_at_account(struct setup_windows *windows, bool online, unsigned number, struct probe_account *out,
                           bool *there, struct postern_error *error)
{
    USER_INFO_3 *found = NULL;
    setup_account_name(online, number, out->name);
    wchar_t *name = wide_from_utf8(out->name);
    if (!name)
        return error_memory(error, STAGE);
    NET_API_STATUS status = NetUserGetInfo(NULL, name, 3, (LPBYTE *)&found);
    free(name);
    *there = status == NERR_Success;
    if (status == NERR_UserNotFound)
        return 0;
    if (status != NERR_Success)
        return error_os(error, POSTERN_E_OS, STAGE, "NetUserGetInfo", (int64_t)status, "the account %s", out->name);
    out->online = online;
    judge(found, out);
    NetApiBufferFree(found);
    out->secret = look_at_secret(windows, out->name);
    out->hidden = is_hidden(windows, out->name);
    return 0;
}

static void look_at_accounts(struct setup_windows *windows, struct probe_setup *out)
{
    int status = 0;
    bool any = true; /* they are numbered without gaps */
    for (unsigned number = 1; status == 0 && any && number <= SETUP_ACCOUNTS_MAX; number++) {
        any = false;
        for (int online = 0; online < 2 && status == 0; online++) {
            struct probe_account account = {.online = false};
            bool there = false;
            status = look_at_account(windows, online != 0, number, &account, &there, &out->failure);
            if (there)
                out->account[out->count++] = account;
            any = any || there;
        }
    }
}

static void look_at_rights(struct setup_windows *windows, struct probe_setup *out)
{
    struct setup_items items;
    struct setup_state state;
    setup_list_items(1, &items);
    for (size_t i = 0; i < items.count && out->rights_failure.code == 0; i++) {
        if (items.item[i].kind != SETUP_RIGHT)
            continue;
        state = (struct setup_state){.standing = SETUP_ABSENT};
        if (setup_right_find(windows, &items.item[i], &state, &out->rights_failure) == 0 &&
            state.standing != SETUP_AS_WANTED && out->rights_missing < PROBE_RIGHTS_MAX)
            text_copy(out->right_missing[out->rights_missing++], SETUP_NAME_MAX, items.item[i].name);
    }
}

void probe_find_setup(struct probe_setup *out)
{
    struct setup_windows windows = {.journal = {.handle = INVALID_HANDLE_VALUE}};
    *out = (struct probe_setup){.count = 0};
    if (setup_place_find(&windows, &out->failure) == 0)
        look_at_accounts(&windows, out);
    if (out->failure.code == 0 && out->count > 0)
        look_at_rights(&windows, out);
    setup_place_free(&windows);
}
