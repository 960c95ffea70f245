/*
 * setup_run_win32.c - %ProgramData%\postern\run: where sandboxes keep what they need while they live. See
 * setup_win32.h. Parent, as administrator; the launcher asks for names only.
 *
 * It belongs to administrators, and its list is protected: the user who sets up may make and remove things in it, the
 * sandbox accounts have no right to it. They reach their start record and their temporary directory by the whole path,
 * as everybody who holds SeChangeNotifyPrivilege passes directories.
 */
#include "elevated/setup_win32.h"

#include <stdlib.h>
#include <aclapi.h>

#include "shared/security_win32.h"
#include "shared/text.h"
#include "shared/wide.h"

#define MODIFY (FILE_GENERIC_READ | FILE_GENERIC_WRITE | FILE_GENERIC_EXECUTE | DELETE)

wchar_t *setup_run_state(const struct setup_windows *windows, const char *name)
{
    char *path = text_format("%s\\%s.state", windows->run, name);
    wchar_t *wide = path ? wide_from_utf8(path) : NULL;
    free(path);
    return wide;
}

void setup_run_forget(const struct setup_windows *windows, const char *name)
{
    wchar_t *path = setup_run_state(windows, name);
    if (path)
        DeleteFileW(path);
    free(path);
}

static int failed(struct setup_windows *windows, const char *call, DWORD number, struct postern_error *error)
{
    return setup_fail(error, call, (int64_t)number, "the directory %s", windows->run);
}

/* ---- the item ---- */

int setup_run_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                   struct postern_error *error)
{
    wchar_t *path = wide_from_utf8(windows->run);
    struct postern_error problem = {0};
    (void)item;
    if (!path)
        return error_memory(error, SETUP_STAGE);
    if (GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES) {
        DWORD number = GetLastError();
        free(path);
        bool absent = number == ERROR_FILE_NOT_FOUND || number == ERROR_PATH_NOT_FOUND;
        return absent ? 0 : failed(windows, "GetFileAttributesW", number, error);
    }
    if (setup_place_check(windows->run, path, &problem) != 0) {
        out->standing = SETUP_FOREIGN;
        text_copy(out->text, sizeof(out->text), problem.message);
    } else if (setup_place_is_secured(path, MODIFY, true)) {
        out->standing = SETUP_AS_WANTED;
        out->ours = true; /* only an administrator can have made it in the directory above */
    } else {
        out->standing = SETUP_DIFFERENT;
        out->ours = true;
        text_copy(out->text, sizeof(out->text), "its access list is not the one for the user who sets up");
    }
    free(path);
    return 0;
}

/* One that is there with another list, of another user's, gets ours; it has been looked at by then. */
static int give_list(struct setup_windows *windows, wchar_t *path, PSECURITY_DESCRIPTOR descriptor,
                     struct postern_error *error)
{
    BOOL present = FALSE, defaulted = FALSE;
    PACL list = NULL;
    if (!GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted))
        return failed(windows, "GetSecurityDescriptorDacl", GetLastError(), error);
    DWORD number = SetNamedSecurityInfoW(
        path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION, NULL, NULL, list, NULL);
    return number == ERROR_SUCCESS ? 0 : failed(windows, "SetNamedSecurityInfoW", number, error);
}

int setup_run_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error)
{
    wchar_t *path = wide_from_utf8(windows->run);
    SECURITY_ATTRIBUTES security = {0};
    (void)item;
    int status = path ? setup_place_own_security(MODIFY, true, &security, error) : error_memory(error, SETUP_STAGE);
    if (status == 0) {
        DWORD number = CreateDirectoryW(path, &security) ? ERROR_SUCCESS : GetLastError();
        if (number == ERROR_ALREADY_EXISTS)
            status = setup_place_check(windows->run, path, error);
        else if (number != ERROR_SUCCESS)
            status = failed(windows, "CreateDirectoryW", number, error);
        if (status == 0 && number == ERROR_ALREADY_EXISTS)
            status = give_list(windows, path, security.lpSecurityDescriptor, error);
    }
    if (security.lpSecurityDescriptor)
        security_free(&security);
    free(path);
    return status;
}

/* The files that are ours. What a sandbox still has open stays, and so does the directory then. */
static void remove_files(const struct setup_windows *windows)
{
    static const char *const kinds[] = {"state", "start"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        WIN32_FIND_DATAW entry;
        char *text = text_format("%s\\*.%s", windows->run, kinds[i]);
        wchar_t *pattern = text ? wide_from_utf8(text) : NULL;
        HANDLE search = pattern ? FindFirstFileW(pattern, &entry) : INVALID_HANDLE_VALUE;
        bool more = search != INVALID_HANDLE_VALUE;
        for (; more; more = FindNextFileW(search, &entry)) {
            char *name = wide_to_utf8(entry.cFileName);
            char *path = name ? text_format("%s\\%s", windows->run, name) : NULL;
            wchar_t *wide = path ? wide_from_utf8(path) : NULL;
            if (wide && !(entry.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
                DeleteFileW(wide);
            free(wide);
            free(path);
            free(name);
        }
        if (search != INVALID_HANDLE_VALUE)
            FindClose(search);
        free(pattern);
        free(text);
    }
}

int setup_run_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                      struct postern_error *error)
{
    wchar_t *path = wide_from_utf8(windows->run);
    (void)name, (void)before;
    if (!path)
        return error_memory(error, SETUP_STAGE);
    remove_files(windows);
    DWORD number = RemoveDirectoryW(path) ? ERROR_SUCCESS : GetLastError();
    free(path);
    if (number == ERROR_SUCCESS || number == ERROR_FILE_NOT_FOUND || number == ERROR_PATH_NOT_FOUND)
        return 0;
    if (number != ERROR_DIR_NOT_EMPTY)
        return failed(windows, "RemoveDirectoryW", number, error);
    text_copy(left, SETUP_TEXT_MAX, "sandboxes have left something in it, or are using it");
    return 0;
}
