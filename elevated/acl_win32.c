/*
 * acl_win32.c - the entries of one sandbox from its record to its end, see acl.h. Parent.
 */
#include "elevated/acl_win32.h"

#include <stdlib.h>
#include <string.h>

#include "shared/crypto.h"
#include "shared/text.h"

struct acl_grant {
    struct acl_store store;
    struct acl_windows windows;
    struct undo_file file;
    struct undo_store record;
    struct undo_journal journal;
    char *temp;
};

/* ---- what is shared by opening and recovering ---- */

static int open_host(const struct acl_store *store, struct acl_windows *windows, struct postern_error *error)
{
    SECURITY_ATTRIBUTES security = store->security;
    char *lock = acl_store_path(store, "lock");
    int code = lock ? acl_host_open(windows, lock, &security, error) : error_memory(error, ACL_STAGE);
    free(lock);
    return code;
}

/* ---- recovering ---- */

/* 0: there is nothing left of it, or its sandbox lives (*lives). */
static int recover_one(const struct acl_store *store, const struct acl_windows *windows, const char *name, bool *lives,
                       struct postern_error *error)
{
    struct undo_file file = {INVALID_HANDLE_VALUE, acl_store_path(store, name), ACL_STAGE};
    struct undo_store record = undo_file_store(&file);
    struct undo_journal journal;
    *lives = false;
    if (!file.path)
        return error_memory(error, ACL_STAGE);
    DWORD number = undo_file_open(&file, true, OPEN_EXISTING, NULL);
    *lives = number == ERROR_SHARING_VIOLATION;
    int code = number == ERROR_SUCCESS || *lives || number == ERROR_FILE_NOT_FOUND
                   ? 0
                   : undo_file_failed(&file, "CreateFileW", (int64_t)number, error);
    if (number == ERROR_SUCCESS) {
        code = undo_open(&journal, &record, error);
        if (code == 0) {
            code = acl_restore(&journal, &windows->system, acl_kinds, acl_kind_count, error);
            undo_close(&journal);
        }
    }
    undo_file_close(&file);
    return code;
}

static int refuse_account(struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_STATE, ACL_STAGE, "",
                         "another process is taking back what an earlier sandbox with this account has left");
    error_remedy(error, "try again, or use another account");
    return code;
}

/* `account` (NULL: none) is the one of a sandbox that is about to begin: an earlier one's record must not stay, or its
 * entries would be taken for those of the new one, and both taken away. */
static int recover_all(const struct acl_store *store, const struct acl_windows *windows, const char *account,
                       size_t *left, struct postern_error *error)
{
    struct strings names = {NULL, 0};
    int first = 0, code = acl_store_list(store, &names, error);
    *left = 0;
    for (size_t i = 0; i < names.count && code == 0; i++) {
        bool lives, same = account && acl_store_is_of(names.item[i], account);
        struct postern_error problem = {0};
        int result = recover_one(store, windows, names.item[i], &lives, &problem);
        if (result == 0 && lives && same)
            result = refuse_account(&problem);
        if (result == 0)
            continue;
        if (!lives)
            ++*left;
        if (same)
            code = POSTERN_E_STATE;
        if (error && (first == 0 || same))
            *error = problem;
        first = first ? first : result;
    }
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
        code = recover_all(&store, &windows, NULL, left, error);
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
            code = acl_host_check_volume(plan->item[i].path, error);
    }
    return code;
}

static int make_temp(struct acl_grant *grant, const struct acl_sids *sids, const char *above,
                     struct postern_error *error)
{
    char name[33];
    if (!crypto_random_name(name))
        return error_set(error, POSTERN_E_OS, ACL_STAGE, "BCryptGenRandom", "the system gave no random numbers");
    grant->temp = text_format("%s\\postern-%s", above, name);
    if (!grant->temp)
        return error_memory(error, ACL_STAGE);
    int code = acl_host_check_volume(above, error);
    if (code == 0)
        code = undo_note(&grant->journal, ACL_KIND_DIRECTORY, grant->temp, NULL, error);
    return code == 0 ? acl_store_make_directory(grant->temp, sids, error) : code;
}

static int apply(struct acl_grant *grant, const struct acl_plan *plan, const struct acl_sids *sids, const char *temp,
                 struct postern_error *error)
{
    struct acl_counts counts;
    int code = acl_restore_note(&grant->journal, plan, sids, error);
    if (code == 0 && temp)
        code = make_temp(grant, sids, temp, error);
    if (code == 0)
        code = acl_apply(&grant->windows.system, plan, ACL_OBJECTS_MAX, &counts, error);
    return code == 0 ? acl_device_open_nul(&grant->windows.system, &grant->journal, sids, error) : code;
}

/* Nothing is changed before there is a record. */
static int begin(struct acl_grant *grant, const struct acl_plan *plan, const struct acl_sids *sids,
                 struct postern_error *error)
{
    size_t left;
    int code = check_volumes(plan, error);
    if (code == 0)
        code = open_host(&grant->store, &grant->windows, error);
    if (code == 0)
        code = recover_all(&grant->store, &grant->windows, sids->account, &left, error);
    if (code == 0)
        code = acl_store_make(&grant->store, sids, &grant->file, error);
    if (code == 0) {
        grant->record = undo_file_store(&grant->file);
        code = undo_open(&grant->journal, &grant->record, error);
    }
    return code;
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
    if (code == 0)
        *out = grant;
    else if (grant)
        free_grant(grant);
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
