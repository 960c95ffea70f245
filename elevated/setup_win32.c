/*
 * setup_win32.c - setting up Windows: which operations belong to which kind of item, and who may call them. See
 * setup.h. Parent, as administrator.
 */
#include "elevated/setup_win32.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/security_win32.h"
#include "shared/wide.h"

static const struct {
    int (*find)(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                struct postern_error *error);
    int (*make)(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error);
    int (*restore)(struct setup_windows *windows, const char *name, const char *before, char *left,
                   struct postern_error *error);
} operations[SETUP_KINDS] = {
    [SETUP_KEY] = {setup_key_find, setup_key_make, setup_key_restore},
    [SETUP_DIRECTORY] = {setup_run_find, setup_run_make, setup_run_restore},
    [SETUP_GROUP] = {setup_group_find, setup_group_make, setup_group_restore},
    [SETUP_RIGHT] = {setup_right_find, setup_right_make, setup_right_restore},
    [SETUP_SECRET] = {setup_secret_find, setup_secret_make, setup_secret_restore},
    [SETUP_ACCOUNT] = {setup_account_find, setup_account_make, setup_account_restore},
    [SETUP_MEMBER] = {setup_member_find, setup_member_make, setup_member_restore},
    [SETUP_HIDDEN] = {setup_hidden_find, setup_hidden_make, setup_hidden_restore},
    [SETUP_FILTER] = {setup_filter_find, setup_filter_make, setup_filter_restore},
    [SETUP_RULE] = {setup_rule_find, setup_rule_make, setup_rule_restore},
    [SETUP_FIREWALL] = {setup_firewall_find, NULL, NULL},
};

int setup_fail(struct postern_error *error, const char *call, int64_t number, const char *format, ...)
{
    char text[SETUP_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return error_os(error, POSTERN_E_OS, SETUP_STAGE, call, number, "%s", text);
}

static int not_for(enum setup_kind kind, struct postern_error *error)
{
    return error_set(error, POSTERN_E_INTERNAL, SETUP_STAGE, "", "%s: only looked at", setup_kind_name(kind));
}

static int find_item(void *context, const struct setup_item *item, struct setup_state *out, struct postern_error *error)
{
    return operations[item->kind].find(context, item, out, error);
}

static int make_item(void *context, const struct setup_item *item, struct postern_error *error)
{
    return operations[item->kind].make ? operations[item->kind].make(context, item, error) : not_for(item->kind, error);
}

static int restore_item(void *context, enum setup_kind kind, const char *name, const char *before, char *left,
                        struct postern_error *error)
{
    return operations[kind].restore ? operations[kind].restore(context, name, before, left, error)
                                    : not_for(kind, error);
}

/* ---- names ---- */

PSID setup_sid_of(const char *name)
{
    wchar_t domain[256], *wide = wide_from_utf8(name);
    DWORD size = SECURITY_MAX_SID_SIZE, units = sizeof(domain) / sizeof(domain[0]);
    SID_NAME_USE use;
    PSID sid = wide ? malloc(size) : NULL;
    DWORD number = ERROR_NOT_ENOUGH_MEMORY;
    bool found = sid && LookupAccountNameW(NULL, wide, sid, &size, domain, &units, &use);
    if (sid && !found)
        number = GetLastError();
    free(wide);
    if (found)
        return sid;
    free(sid);
    SetLastError(number);
    return NULL;
}

char *setup_sid_text_of(const char *name)
{
    PSID sid = setup_sid_of(name);
    char *text = sid ? security_sid_text(sid) : NULL;
    DWORD number = GetLastError();
    free(sid);
    SetLastError(number);
    return text;
}

void setup_sids_free(struct setup_sids *sids)
{
    while (sids->count > 0)
        free(sids->item[--sids->count]);
}

bool setup_sids_find(unsigned accounts, struct setup_sids *out)
{
    char name[SETUP_NAME_MAX];
    out->count = 0;
    for (unsigned number = 1; number <= accounts && number <= SETUP_ACCOUNTS_MAX; number++) {
        setup_account_name(false, number, name);
        char *sid = setup_sid_text_of(name);
        if (!sid) {
            setup_sids_free(out);
            return false;
        }
        out->item[out->count++] = sid;
    }
    return true;
}

/* ---- opening ---- */

/* Of the effective token: with User Account Control an administrator is one only in an elevated process. */
static int check_administrator(struct postern_error *error)
{
    unsigned char sid[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof(sid);
    BOOL member = FALSE;
    if (!CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, sid, &size) || !CheckTokenMembership(NULL, sid, &member))
        return setup_fail(error, "CheckTokenMembership", (int64_t)GetLastError(), "the caller's groups");
    if (member)
        return 0;
    int code = error_set(error, POSTERN_E_STATE, SETUP_STAGE, "", "only an elevated administrator can do this");
    error_remedy(error, "start it from a terminal that was opened with \"Run as administrator\"");
    return code;
}

int setup_open(enum setup_purpose purpose, struct setup_system **out, struct postern_error *error)
{
    struct setup_windows *windows = NULL;
    int status = check_administrator(error);
    *out = NULL;
    if (status == 0 && !(windows = calloc(1, sizeof(*windows))))
        status = error_memory(error, SETUP_STAGE);
    if (status != 0)
        return status;
    windows->journal = (struct undo_file){INVALID_HANDLE_VALUE, NULL, SETUP_STAGE};
    windows->system = (struct setup_system){windows, setup_place_store(windows), find_item, make_item, restore_item};
    status = setup_place_find(windows, error);
    if (status == 0 && purpose == SETUP_TO_CHANGE)
        status = setup_place_make(windows, error);
    if (status == 0)
        status = setup_place_open(windows, purpose, error);
    if (status == 0)
        *out = &windows->system;
    else
        setup_close(&windows->system);
    return status;
}

void setup_close(struct setup_system *system)
{
    struct setup_windows *windows = system ? system->context : NULL;
    if (!windows)
        return;
    setup_place_free(windows);
    free(windows);
}
