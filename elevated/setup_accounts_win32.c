/*
 * setup_accounts_win32.c - the group, the accounts, and who is in the group. See setup_win32.h. Parent, as
 * administrator.
 *
 * A comment marks what is ours. It is asked for before anything is changed or removed: an account of the same name that
 * somebody else has made stays as it is.
 */
#include "elevated/setup_win32.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <lm.h>
#include <userenv.h>

#include "shared/crypto.h"
#include "shared/text.h"
#include "shared/wide.h"

#define MARK_UNITS 128
#define ACCOUNT_FLAGS (UF_SCRIPT | UF_NORMAL_ACCOUNT | UF_DONT_EXPIRE_PASSWD | UF_PASSWD_CANT_CHANGE)

/* Names and mark are ASCII; the Net functions want room they may write to. */
static void widen(const char *text, wchar_t *out, size_t units)
{
    size_t i = 0;
    for (; text[i] && i + 1 < units; i++)
        out[i] = (wchar_t)(unsigned char)text[i];
    out[i] = L'\0';
}

static bool is_mark(const wchar_t *comment)
{
    wchar_t mark[MARK_UNITS];
    widen(SETUP_MARK, mark, MARK_UNITS);
    return comment && wcscmp(comment, mark) == 0;
}

static void say(struct setup_state *out, enum setup_standing standing, const char *text)
{
    out->standing = standing;
    text_copy(out->text, sizeof(out->text), text);
}

/* ---- the group ---- */

int setup_group_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                     struct postern_error *error)
{
    wchar_t name[SETUP_NAME_MAX];
    LOCALGROUP_INFO_1 *found = NULL;
    (void)windows;
    widen(item->name, name, SETUP_NAME_MAX);
    NET_API_STATUS number = NetLocalGroupGetInfo(NULL, name, 1, (LPBYTE *)&found);
    if (number == NERR_GroupNotFound || number == ERROR_NO_SUCH_ALIAS)
        return 0;
    if (number != NERR_Success)
        return setup_fail(error, "NetLocalGroupGetInfo", (int64_t)number, "the group %s", item->name);
    out->ours = is_mark(found->lgrpi1_comment);
    if (out->ours)
        out->standing = SETUP_AS_WANTED;
    else
        say(out, SETUP_FOREIGN, "there is a group of this name that postern has not made");
    NetApiBufferFree(found);
    return 0;
}

int setup_group_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error)
{
    wchar_t name[SETUP_NAME_MAX], mark[MARK_UNITS];
    LOCALGROUP_INFO_1 group = {name, mark};
    (void)windows;
    widen(item->name, name, SETUP_NAME_MAX);
    widen(SETUP_MARK, mark, MARK_UNITS);
    NET_API_STATUS number = NetLocalGroupAdd(NULL, 1, (LPBYTE)&group, NULL);
    return number == NERR_Success ? 0
                                  : setup_fail(error, "NetLocalGroupAdd", (int64_t)number, "the group %s", item->name);
}

int setup_group_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                        struct postern_error *error)
{
    struct setup_item item = {.kind = SETUP_GROUP};
    struct setup_state state = {.standing = SETUP_ABSENT};
    wchar_t wide[SETUP_NAME_MAX];
    (void)before;
    text_copy(item.name, sizeof(item.name), name);
    int status = setup_group_find(windows, &item, &state, error);
    if (status != 0 || state.standing == SETUP_ABSENT)
        return status;
    if (!state.ours) {
        text_copy(left, SETUP_TEXT_MAX, state.text);
        return 0;
    }
    widen(name, wide, SETUP_NAME_MAX);
    NET_API_STATUS number = NetLocalGroupDel(NULL, wide);
    return number == NERR_Success ? 0 : setup_fail(error, "NetLocalGroupDel", (int64_t)number, "the group %s", name);
}

/* ---- accounts ---- */

/* One attempt, and none on an account that is locked: a check must not be what locks it. The batch type starts no
 * session; ERROR_LOGON_TYPE_NOT_GRANTED comes after the password was found right, before the rights are set up. */
static int try_password(struct setup_windows *windows, const char *name, wchar_t *wide, struct setup_state *out)
{
    wchar_t password[SETUP_PASSWORD_SIZE];
    HANDLE token = NULL;
    DWORD number = ERROR_SUCCESS;
    char text[160];
    if (setup_secret_read(windows, name, password, NULL) != 0) {
        say(out, SETUP_DIFFERENT, "its password is not stored, or cannot be read");
        return 0;
    }
    if (!LogonUserW(wide, L".", password, LOGON32_LOGON_BATCH, LOGON32_PROVIDER_DEFAULT, &token))
        number = GetLastError();
    crypto_wipe(password, sizeof(password));
    if (token)
        CloseHandle(token);
    if (number == ERROR_SUCCESS || number == ERROR_LOGON_TYPE_NOT_GRANTED) {
        out->standing = SETUP_AS_WANTED;
        return 0;
    }
    error_os_text((int64_t)number, text, sizeof(text));
    say(out, SETUP_DIFFERENT, number == ERROR_LOGON_FAILURE ? "its password is not the stored one" : text);
    return 0;
}

static int judge_account(struct setup_windows *windows, const char *name, wchar_t *wide, const USER_INFO_1 *found,
                         struct setup_state *out)
{
    if (!is_mark(found->usri1_comment)) {
        say(out, SETUP_FOREIGN, "there is an account of this name that postern has not made");
        return 0;
    }
    out->ours = true;
    if (found->usri1_priv != USER_PRIV_USER && found->usri1_priv != USER_PRIV_GUEST)
        say(out, SETUP_FOREIGN, "somebody has made it an administrator");
    else if (found->usri1_flags & (UF_ACCOUNTDISABLE | UF_LOCKOUT))
        say(out, SETUP_DIFFERENT, "it is disabled or locked out");
    else if ((found->usri1_flags & ACCOUNT_FLAGS) != ACCOUNT_FLAGS)
        say(out, SETUP_DIFFERENT, "its password can expire or be changed");
    else
        return try_password(windows, name, wide, out);
    return 0;
}

int setup_account_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                       struct postern_error *error)
{
    wchar_t name[SETUP_NAME_MAX];
    USER_INFO_1 *found = NULL;
    widen(item->name, name, SETUP_NAME_MAX);
    NET_API_STATUS number = NetUserGetInfo(NULL, name, 1, (LPBYTE *)&found);
    if (number == NERR_UserNotFound)
        return 0;
    if (number != NERR_Success)
        return setup_fail(error, "NetUserGetInfo", (int64_t)number, "the account %s", item->name);
    int status = judge_account(windows, item->name, name, found, out);
    NetApiBufferFree(found);
    return status;
}

static int account_failed(const char *call, NET_API_STATUS number, const char *name, struct postern_error *error)
{
    int code = setup_fail(error, call, (int64_t)number, "the account %s", name);
    if (number == NERR_PasswordTooShort)
        error_remedy(error, "a password filter or policy of this host refuses random passwords of 40 characters");
    return code;
}

/* A new password and the flags it should have; the flags also lift a lock. */
static int repair_account(wchar_t *name, wchar_t *password, const char *shown, struct postern_error *error)
{
    USER_INFO_1003 secret = {password};
    USER_INFO_1008 flags = {ACCOUNT_FLAGS};
    NET_API_STATUS number = NetUserSetInfo(NULL, name, 1008, (LPBYTE)&flags, NULL);
    if (number == NERR_Success)
        number = NetUserSetInfo(NULL, name, 1003, (LPBYTE)&secret, NULL);
    return number == NERR_Success ? 0 : account_failed("NetUserSetInfo", number, shown, error);
}

int setup_account_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error)
{
    wchar_t name[SETUP_NAME_MAX], mark[MARK_UNITS], password[SETUP_PASSWORD_SIZE];
    USER_INFO_1 user = {.usri1_name = name,
                        .usri1_password = password,
                        .usri1_priv = USER_PRIV_USER,
                        .usri1_comment = mark,
                        .usri1_flags = ACCOUNT_FLAGS};
    struct setup_state state = {.standing = SETUP_ABSENT};
    int status = setup_account_find(windows, item, &state, error);
    if (status == 0)
        status = setup_secret_read(windows, item->name, password, error);
    if (status != 0)
        return status;
    widen(item->name, name, SETUP_NAME_MAX);
    widen(SETUP_MARK, mark, MARK_UNITS);
    if (state.standing == SETUP_DIFFERENT) {
        status = repair_account(name, password, item->name, error);
    } else if (state.standing == SETUP_ABSENT) {
        NET_API_STATUS number = NetUserAdd(NULL, 1, (LPBYTE)&user, NULL);
        status = number == NERR_Success ? 0 : account_failed("NetUserAdd", number, item->name, error);
    }
    crypto_wipe(password, sizeof(password));
    if (status == 0)
        setup_run_forget(windows, item->name);
    return status;
}

/* The profile comes into being with the first logon, and belongs to the account. */
static int remove_profile(const char *name, struct postern_error *error)
{
    char *sid = setup_sid_text_of(name);
    wchar_t *wide = sid ? wide_from_utf8(sid) : NULL;
    int status = 0;
    if (wide && !DeleteProfileW(wide, NULL, NULL)) {
        DWORD number = GetLastError();
        if (number != ERROR_FILE_NOT_FOUND && number != ERROR_PATH_NOT_FOUND)
            status =
                setup_fail(error, "DeleteProfileW", (int64_t)number, "the profile of %s, which may be in use", name);
    }
    free(wide);
    free(sid);
    return status;
}

int setup_account_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                          struct postern_error *error)
{
    wchar_t wide[SETUP_NAME_MAX];
    USER_INFO_1 *found = NULL;
    (void)windows, (void)before;
    widen(name, wide, SETUP_NAME_MAX);
    NET_API_STATUS number = NetUserGetInfo(NULL, wide, 1, (LPBYTE *)&found);
    if (number == NERR_UserNotFound)
        return 0;
    if (number != NERR_Success)
        return account_failed("NetUserGetInfo", number, name, error);
    bool ours = is_mark(found->usri1_comment);
    NetApiBufferFree(found);
    if (!ours) {
        text_copy(left, SETUP_TEXT_MAX, "there is an account of this name that postern has not made");
        return 0;
    }
    int status = remove_profile(name, error);
    if (status != 0)
        return status;
    number = NetUserDel(NULL, wide);
    return number == NERR_Success ? 0 : account_failed("NetUserDel", number, name, error);
}

/* ---- who is in the group ---- */

int setup_member_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                      struct postern_error *error)
{
    wchar_t name[SETUP_NAME_MAX], group[SETUP_NAME_MAX];
    LOCALGROUP_USERS_INFO_0 *list = NULL;
    DWORD count = 0, total = 0;
    (void)windows;
    widen(item->name, name, SETUP_NAME_MAX);
    widen(SETUP_GROUP_NAME, group, SETUP_NAME_MAX);
    NET_API_STATUS number =
        NetUserGetLocalGroups(NULL, name, 0, 0, (LPBYTE *)&list, MAX_PREFERRED_LENGTH, &count, &total);
    if (number == NERR_UserNotFound)
        return 0;
    if (number != NERR_Success)
        return setup_fail(error, "NetUserGetLocalGroups", (int64_t)number, "the groups of %s", item->name);
    for (DWORD i = 0; i < count; i++)
        if (_wcsicmp(list[i].lgrui0_name, group) == 0)
            out->standing = SETUP_AS_WANTED;
    out->ours = out->standing == SETUP_AS_WANTED; /* both the account and the group are */
    NetApiBufferFree(list);
    return 0;
}

/* NULL and a status: 0 where there is no such account any more. */
static PSID find_member(const char *name, int *status, struct postern_error *error)
{
    PSID sid = setup_sid_of(name);
    DWORD number = sid ? ERROR_SUCCESS : GetLastError();
    *status = sid || number == ERROR_NONE_MAPPED
                  ? 0
                  : setup_fail(error, "LookupAccountNameW", (int64_t)number, "the account %s", name);
    return sid;
}

int setup_member_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error)
{
    wchar_t group[SETUP_NAME_MAX];
    LOCALGROUP_MEMBERS_INFO_0 member;
    int status;
    (void)windows;
    widen(SETUP_GROUP_NAME, group, SETUP_NAME_MAX);
    PSID sid = find_member(item->name, &status, error);
    if (!sid)
        return status ? status : setup_fail(error, "LookupAccountNameW", ERROR_NONE_MAPPED, "%s", item->name);
    member.lgrmi0_sid = sid;
    NET_API_STATUS number = NetLocalGroupAddMembers(NULL, group, 0, (LPBYTE)&member, 1);
    free(sid);
    return number == NERR_Success || number == ERROR_MEMBER_IN_ALIAS
               ? 0
               : setup_fail(error, "NetLocalGroupAddMembers", (int64_t)number, "%s", item->name);
}

int setup_member_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                         struct postern_error *error)
{
    wchar_t group[SETUP_NAME_MAX];
    LOCALGROUP_MEMBERS_INFO_0 member;
    int status;
    (void)windows, (void)before, (void)left;
    widen(SETUP_GROUP_NAME, group, SETUP_NAME_MAX);
    PSID sid = find_member(name, &status, error);
    if (!sid)
        return status;
    member.lgrmi0_sid = sid;
    NET_API_STATUS number = NetLocalGroupDelMembers(NULL, group, 0, (LPBYTE)&member, 1);
    free(sid);
    bool gone = number == NERR_Success || number == ERROR_MEMBER_NOT_IN_ALIAS || number == NERR_GroupNotFound ||
                number == ERROR_NO_SUCH_ALIAS || number == ERROR_NO_SUCH_MEMBER;
    return gone ? 0 : setup_fail(error, "NetLocalGroupDelMembers", (int64_t)number, "%s", name);
}
