/*
 * acl_win32.c - the entries of one sandbox from its record to its end, see acl.h. Parent.
 */
#include "elevated/acl_win32.h"

#include <stdlib.h>
#include <string.h>

#include "shared/crypto.h"
#include "shared/security_win32.h"
#include "shared/text.h"

struct acl_grant {
    struct acl_store store;
    struct acl_windows windows;
    struct undo_file file;
    struct undo_store record;
    struct undo_journal journal;
    struct acl_outcome outcome;
    char *temp;
};

/* ---- what is shared by opening and recovering ---- */

static int open_host(const struct acl_store *store, struct acl_windows *windows, struct postern_error *error)
{
    SECURITY_ATTRIBUTES security = {0};
    char *lock = acl_store_path(store, "lock");
    int code = lock ? acl_store_lock(&security, error) : error_memory(error, ACL_STAGE);
    if (code == 0) {
        code = acl_host_open(windows, lock, &security, error);
        security_free(&security);
    }
    free(lock);
    return code;
}

/* Nobody can tell the entries of an account's earlier sandbox from those of its present one, and taking back the former
 * would take the latter. So a record is left alone while a later one of the same account is held, and a sandbox does
 * not begin while one of its account is. Each side holds its own before it looks for the other's. *held: somebody has
 * one, as far as can be told: what can't be opened for another reason counts. */
static int look_for_others(const struct acl_store *store, const char *account, const char *own, bool *held,
                           struct postern_error *error)
{
    struct strings names = {NULL, 0};
    int code = acl_store_list(store, account, &names, error);
    *held = false;
    for (size_t i = 0; i < names.count && code == 0 && !*held; i++) {
        struct undo_file file = {INVALID_HANDLE_VALUE, acl_store_path(store, names.item[i]), ACL_STAGE};
        if (!file.path)
            code = error_memory(error, ACL_STAGE);
        else if (strcmp(file.path, own) != 0) {
            DWORD number = undo_file_open(&file, false, OPEN_EXISTING, NULL);
            *held = number != ERROR_SUCCESS && number != ERROR_FILE_NOT_FOUND;
        }
        undo_file_close(&file);
    }
    strings_free(&names);
    return code;
}

/* ---- recovering ---- */

static int recover_file(const struct acl_store *store, const struct acl_windows *windows, const char *name,
                        struct undo_file *file, struct postern_error *error)
{
    struct undo_store record = undo_file_store(file);
    struct undo_journal journal;
    bool held;
    char *account = acl_store_sid(name);
    int code = account ? look_for_others(store, account, file->path, &held, error) : error_memory(error, ACL_STAGE);
    free(account);
    if (code != 0 || held)
        return code;
    code = undo_open(&journal, &record, error);
    if (code == 0) {
        code = acl_restore(&journal, &windows->system, acl_kinds, acl_kind_count, error);
        undo_close(&journal);
    }
    return code;
}

/* 0: there is nothing left of it, or it is not the time. */
static int recover_one(const struct acl_store *store, const struct acl_windows *windows, const char *name,
                       struct postern_error *error)
{
    struct undo_file file = {INVALID_HANDLE_VALUE, acl_store_path(store, name), ACL_STAGE};
    if (!file.path)
        return error_memory(error, ACL_STAGE);
    DWORD number = undo_file_open(&file, true, OPEN_EXISTING, NULL);
    int code = 0;
    if (number == ERROR_SUCCESS)
        code = recover_file(store, windows, name, &file, error);
    else if (number != ERROR_SHARING_VIOLATION && number != ERROR_FILE_NOT_FOUND) /* it lives; another one was faster */
        code = undo_file_failed(&file, "CreateFileW", (int64_t)number, error);
    undo_file_close(&file);
    return code;
}

/* Goes on after a failure; the error tells of the first. */
static int recover_all(const struct acl_store *store, const struct acl_windows *windows, size_t *left,
                       struct postern_error *error)
{
    struct strings names = {NULL, 0};
    struct postern_error later;
    int code = acl_store_list(store, NULL, &names, error);
    *left = 0;
    for (size_t i = 0; i < names.count && code == 0; i++)
        *left += recover_one(store, windows, names.item[i], *left == 0 ? error : &later) != 0;
    strings_free(&names);
    return code;
}

int acl_recover_at(const char *place, size_t *left, struct postern_error *error)
{
    struct acl_store store;
    struct acl_windows windows;
    int code = acl_store_open(&store, place, error);
    *left = 0;
    if (code != 0)
        return code;
    code = open_host(&store, &windows, error);
    if (code == 0) {
        code = recover_all(&store, &windows, left, error);
        acl_host_close(&windows);
    }
    acl_store_close(&store);
    return code == 0 && *left > 0 ? POSTERN_E_STATE : code;
}

int acl_recover(size_t *left, struct postern_error *error)
{
    return acl_recover_at(NULL, left, error);
}

/* ---- opening ---- */

static int check_volumes(const struct acl_plan *plan, struct postern_error *error)
{
    int code = 0;
    for (size_t i = 0; i < plan->count && code == 0; i++) {
        if (i == 0 || strcmp(plan->item[i].path, plan->item[i - 1].path) != 0)
            code = acl_volume_check(plan->item[i].path, error);
    }
    return code;
}

static int make_temp(struct acl_grant *grant, const struct acl_sids *sids, const char *above,
                     struct postern_error *error)
{
    char name[33];
    if (!crypto_random_name(name))
        return error_set(error, POSTERN_E_OS, ACL_STAGE, "BCryptGenRandom", "the system gave no random numbers");
    grant->temp = text_format("%s\\" ACL_TEMPORARY "%s", above, name);
    if (!grant->temp)
        return error_memory(error, ACL_STAGE);
    int code = acl_volume_check(above, error);
    if (code == 0)
        code = undo_note(&grant->journal, ACL_KIND_DIRECTORY, grant->temp, NULL, error);
    return code == 0 ? acl_store_make_directory(grant->temp, sids, error) : code;
}

static int apply(struct acl_grant *grant, const struct acl_plan *plan, const struct acl_sids *sids, const char *temp,
                 struct postern_error *error)
{
    int code = acl_restore_note(&grant->journal, plan, sids, error);
    if (code == 0 && temp)
        code = make_temp(grant, sids, temp, error);
    if (code == 0)
        code = acl_apply(&grant->windows.system, plan, ACL_OBJECTS_MAX, &grant->outcome.counts, error);
    if (code == 0)
        code = acl_device_open_nul(&grant->windows.system, &grant->journal, sids, &grant->outcome.nul_closed, error);
    return code;
}

static int check_account(const struct acl_grant *grant, const char *account, struct postern_error *error)
{
    bool held;
    int code = look_for_others(&grant->store, account, grant->file.path, &held, error);
    if (code != 0 || !held)
        return code;
    code = error_set(error, POSTERN_E_STATE, ACL_STAGE, "",
                     "the account has another sandbox, or what one has left is just being taken back");
    error_remedy(error, "try again, or use another account");
    return code;
}

/* Nothing is changed before there is a record. What can't be recovered keeps nobody from starting. */
static int begin(struct acl_grant *grant, struct acl_plan *plan, const struct acl_sids *sids,
                 struct postern_error *error)
{
    struct postern_error ignored;
    size_t left;
    int code = check_volumes(plan, error);
    if (code == 0)
        code = open_host(&grant->store, &grant->windows, error);
    if (code == 0)
        code = acl_leave_out(&grant->windows.system, plan, &grant->outcome.left_out, error);
    if (code == 0) {
        recover_all(&grant->store, &grant->windows, &left, &ignored);
        code = acl_store_make(&grant->store, sids, &grant->file, error);
    }
    if (code == 0) {
        grant->record = undo_file_store(&grant->file);
        code = undo_open(&grant->journal, &grant->record, error);
    }
    return code == 0 && sids->account ? check_account(grant, sids->account, error) : code;
}

/* For one that has changed nothing yet. */
static void forget_record(struct acl_grant *grant)
{
    if (grant->file.handle != INVALID_HANDLE_VALUE)
        grant->record.remove(grant->record.context, NULL);
}

static void free_grant(struct acl_grant *grant)
{
    undo_close(&grant->journal);
    undo_file_close(&grant->file);
    acl_host_close(&grant->windows);
    acl_store_close(&grant->store);
    free(grant->temp);
    free(grant);
}

int acl_open_at(const char *place, const struct enforce_steps *steps, const struct acl_sids *sids, const char *temp,
                struct acl_grant **out, struct postern_error *error)
{
    struct acl_grant *grant = calloc(1, sizeof(*grant));
    struct acl_plan plan;
    *out = NULL;
    if (!grant)
        return error_memory(error, ACL_STAGE);
    grant->file.handle = grant->windows.lock = INVALID_HANDLE_VALUE;
    int code = acl_plan_make(steps, sids, &plan, error);
    if (code == 0)
        code = acl_store_open(&grant->store, place, error);
    if (code == 0)
        code = begin(grant, &plan, sids, error);
    if (code == 0) {
        code = apply(grant, &plan, sids, temp, error);
        if (code != 0) {
            acl_close(grant, NULL); /* what stays is in the record */
            grant = NULL;
        }
    }
    acl_plan_free(&plan);
    if (code != 0 && grant) {
        forget_record(grant);
        free_grant(grant);
    } else {
        *out = grant;
    }
    return code;
}

int acl_open(const struct enforce_steps *steps, const struct acl_sids *sids, const char *temp, struct acl_grant **out,
             struct postern_error *error)
{
    return acl_open_at(NULL, steps, sids, temp, out, error);
}

const char *acl_temp(const struct acl_grant *grant)
{
    return grant->temp;
}

const struct acl_outcome *acl_tell(const struct acl_grant *grant)
{
    return &grant->outcome;
}

int acl_note(struct acl_grant *grant, const char *kind, const char *name, struct postern_error *error)
{
    return undo_note(&grant->journal, kind, name, NULL, error);
}

int acl_close(struct acl_grant *grant, struct postern_error *error)
{
    if (!grant)
        return POSTERN_OK;
    int code = acl_restore(&grant->journal, &grant->windows.system, acl_kinds, acl_kind_count, error);
    free_grant(grant);
    return code;
}
