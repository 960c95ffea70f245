/*
 * acl_store_win32.c - %LOCALAPPDATA%\postern\sandboxes: the records of sandboxes, one file each. Parent.
 *
 * A record is named "RANDOM.SID.record", by the account if there is one, and is open without sharing as long as its
 * sandbox lives: who can open it knows that nobody else is at it. The directory is the user's own, and no sandbox may
 * write there.
 */
#include "elevated/acl_win32.h"

#include <stdlib.h>
#include <string.h>
#include <sddl.h>
#include <shlobj.h>

#include "shared/crypto.h"
#include "shared/sddl.h"
#include "shared/security_win32.h"
#include "shared/text.h"
#include "shared/wide.h"

#define ENDING ".record"
#define RECORDS_MAX 1024 /* looked at in one go */
#define ALL_BELOW (ACE_TO_FILES | ACE_TO_DIRECTORIES)

/* ---- who may ---- */

/* Everything for the user and the system; the SIDs may use what is in the directory, but not remove it. */
static int make_security(const struct acl_sids *sids, SECURITY_ATTRIBUTES *out, struct postern_error *error)
{
    char *own = security_own_sid();
    const char *others[2] = {sids ? sids->account : NULL, sids ? sids->capability : NULL};
    struct sddl_ace list[7] = {{.flags = ALL_BELOW, .mask = ACE_FILE_ALL, .sid = own},
                               {.flags = ALL_BELOW, .mask = ACE_FILE_ALL, .sid = SID_SYSTEM},
                               {.flags = ALL_BELOW, .mask = ACE_FILE_ALL, .sid = SID_ADMINISTRATORS}};
    size_t count = 3;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    int code = 0;
    for (int i = 0; i < 2; i++) {
        if (!others[i])
            continue;
        list[count++] = (struct sddl_ace){.mask = ACE_FILE_WRITE, .sid = others[i]};
        list[count++] =
            (struct sddl_ace){.flags = ALL_BELOW | ACE_NOT_HERE, .mask = ACE_FILE_WRITE | ACE_DELETE, .sid = others[i]};
    }
    if (!own)
        return error_os(error, POSTERN_E_OS, ACL_STAGE, "GetTokenInformation", (int64_t)GetLastError(),
                        "our own user could not be found out");
    char *sddl = sddl_make(list, count);
    wchar_t *wide = sddl ? wide_from_utf8(sddl) : NULL;
    if (!wide)
        code = error_memory(error, ACL_STAGE);
    else if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(wide, SDDL_REVISION_1, &descriptor, NULL))
        code = error_os(error, POSTERN_E_OS, ACL_STAGE, "ConvertStringSecurityDescriptorToSecurityDescriptorW",
                        (int64_t)GetLastError(), "%s", sddl);
    else
        *out = (SECURITY_ATTRIBUTES){.nLength = sizeof(*out), .lpSecurityDescriptor = descriptor};
    free(wide);
    free(sddl);
    free(own);
    return code;
}

static int make_directory(const char *path, SECURITY_ATTRIBUTES *security, bool fresh, struct postern_error *error)
{
    wchar_t *wide = wide_path(path);
    int code = 0;
    if (!wide)
        return error_memory(error, ACL_STAGE);
    if (!CreateDirectoryW(wide, security) && (fresh || GetLastError() != ERROR_ALREADY_EXISTS))
        code = error_os(error, POSTERN_E_OS, ACL_STAGE, "CreateDirectoryW", (int64_t)GetLastError(), "%s", path);
    free(wide);
    return code;
}

int acl_store_make_directory(const char *path, const struct acl_sids *sids, struct postern_error *error)
{
    SECURITY_ATTRIBUTES security = {0};
    int code = make_security(sids, &security, error);
    if (code == 0) {
        code = make_directory(path, &security, true, error);
        security_free(&security);
    }
    return code;
}

int acl_store_lock(SECURITY_ATTRIBUTES *out, struct postern_error *error)
{
    char *own = security_own_sid();
    const struct sddl_ace list[] = {{.mask = FILE_GENERIC_WRITE | DELETE, .sid = own},
                                    {.mask = FILE_GENERIC_WRITE | DELETE, .sid = SID_ADMINISTRATORS},
                                    {.mask = ACE_FILE_ALL, .sid = SID_SYSTEM}};
    PSECURITY_DESCRIPTOR descriptor = NULL;
    int code = own ? security_describe(list, 3, &descriptor, error)
                   : error_os(error, POSTERN_E_OS, ACL_STAGE, "GetTokenInformation", (int64_t)GetLastError(),
                              "our own user could not be found out");
    *out = (SECURITY_ATTRIBUTES){.nLength = sizeof(*out), .lpSecurityDescriptor = descriptor};
    free(own);
    return code;
}

/* ---- the place ---- */

static int find_place(struct acl_store *store, struct postern_error *error)
{
    wchar_t path[MAX_PATH];
    HRESULT result = SHGetFolderPathW(NULL, CSIDL_LOCAL_APPDATA | CSIDL_FLAG_CREATE, NULL, SHGFP_TYPE_CURRENT, path);
    if (result != S_OK)
        return error_os(error, POSTERN_E_OS, ACL_STAGE, "SHGetFolderPathW", (int64_t)result,
                        "the directory for a user's local data");
    char *data = wide_to_utf8(path), *above = data ? text_format("%s\\postern", data) : NULL;
    store->place = above ? text_format("%s\\sandboxes", above) : NULL;
    int code = store->place ? make_directory(above, &store->security, false, error) : error_memory(error, ACL_STAGE);
    free(above);
    free(data);
    return code;
}

int acl_store_open(struct acl_store *store, const char *place, struct postern_error *error)
{
    *store = (struct acl_store){.place = place ? text_duplicate(place) : NULL};
    int code = make_security(NULL, &store->security, error);
    if (code == 0 && !place)
        code = find_place(store, error);
    if (code == 0)
        code = store->place ? make_directory(store->place, &store->security, false, error)
                            : error_memory(error, ACL_STAGE);
    if (code != 0)
        acl_store_close(store);
    return code;
}

void acl_store_close(struct acl_store *store)
{
    if (store->security.lpSecurityDescriptor)
        security_free(&store->security);
    free(store->place);
    *store = (struct acl_store){.place = NULL};
}

char *acl_store_path(const struct acl_store *store, const char *name)
{
    return text_format("%s\\%s", store->place, name);
}

/* ---- records ---- */

int acl_store_make(const struct acl_store *store, const struct acl_sids *sids, struct undo_file *out,
                   struct postern_error *error)
{
    char random[33];
    SECURITY_ATTRIBUTES security = store->security;
    *out = (struct undo_file){INVALID_HANDLE_VALUE, NULL, ACL_STAGE};
    if (!crypto_random_name(random))
        return error_set(error, POSTERN_E_OS, ACL_STAGE, "BCryptGenRandom", "the system gave no random numbers");
    out->path = text_format("%s\\%s.%s" ENDING, store->place, random, sids->account ? sids->account : sids->capability);
    if (!out->path)
        return error_memory(error, ACL_STAGE);
    DWORD number = undo_file_open(out, true, CREATE_NEW, &security);
    int code = number == ERROR_SUCCESS ? 0 : undo_file_failed(out, "CreateFileW", (int64_t)number, error);
    if (code != 0)
        undo_file_close(out);
    return code;
}

/* The text between the dots, without its end; NULL: the name is none of ours. */
static const char *sid_in(const char *name, size_t *length)
{
    const char *dot = strchr(name, '.'), *end = dot ? strstr(dot, ENDING) : NULL;
    if (!end || end <= dot || end[strlen(ENDING)] != '\0')
        return NULL;
    *length = (size_t)(end - dot - 1);
    return dot + 1;
}

bool acl_store_is_of(const char *name, const char *account)
{
    size_t length;
    const char *sid = sid_in(name, &length);
    return sid && strlen(account) == length && memcmp(sid, account, length) == 0;
}

char *acl_store_sid(const char *name)
{
    size_t length;
    const char *sid = sid_in(name, &length);
    return sid ? text_format("%.*s", (int)length, sid) : NULL;
}

static int list_failed(const char *call, DWORD number, const char *pattern, struct postern_error *error)
{
    return error_os(error, POSTERN_E_OS, ACL_STAGE, call, (int64_t)number, "%s", pattern);
}

/* As many as are there matter where one that is not seen would be taken for none. */
static int too_many(const char *account, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_STATE, ACL_STAGE, "", "there are more than %d records of sandboxes of %s",
                         RECORDS_MAX, account);
    error_remedy(error, "run postern once as administrator, which may take back what they hold");
    return code;
}

int acl_store_list(const struct acl_store *store, const char *account, struct strings *out, struct postern_error *error)
{
    char *names = text_format("*%s%s" ENDING, account ? "." : "", account ? account : "");
    char *pattern = names ? acl_store_path(store, names) : NULL;
    wchar_t *wide = pattern ? wide_path(pattern) : NULL;
    WIN32_FIND_DATAW found;
    size_t length;
    int code = wide ? 0 : error_memory(error, ACL_STAGE);
    HANDLE search = wide ? FindFirstFileW(wide, &found) : INVALID_HANDLE_VALUE;
    DWORD number = search == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
    if (wide && search == INVALID_HANDLE_VALUE && number != ERROR_FILE_NOT_FOUND)
        code = list_failed("FindFirstFileW", number, pattern, error);
    while (search != INVALID_HANDLE_VALUE && code == 0 && number == ERROR_SUCCESS && out->count < RECORDS_MAX) {
        char *name = wide_to_utf8(found.cFileName);
        if (name && sid_in(name, &length) && (!account || acl_store_is_of(name, account)) && !strings_add(out, name))
            code = error_memory(error, ACL_STAGE);
        free(name);
        number = FindNextFileW(search, &found) ? ERROR_SUCCESS : GetLastError();
    }
    if (search != INVALID_HANDLE_VALUE && code == 0 && number != ERROR_NO_MORE_FILES) {
        if (number != ERROR_SUCCESS)
            code = list_failed("FindNextFileW", number, pattern, error);
        else if (account)
            code = too_many(account, error);
    }
    if (search != INVALID_HANDLE_VALUE)
        FindClose(search);
    free(wide);
    free(pattern);
    free(names);
    return code;
}
