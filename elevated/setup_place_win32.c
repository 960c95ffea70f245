/*
 * setup_place_win32.c - %ProgramData%\postern\setup: the directory of the undo record and the protected passwords. See
 * setup_win32.h. Parent, as administrator.
 *
 * Everybody may make directories in %ProgramData%, so one that is there already may be a trap: it is used only if it
 * belongs to the system or to administrators, and never through a reparse point.
 */
#include "elevated/setup_win32.h"

#include <stdlib.h>
#include <string.h>
#include <aclapi.h>
#include <sddl.h>
#include <shlobj.h>
#include <wchar.h>

#include "shared/sddl.h"
#include "shared/security_win32.h"
#include "shared/text.h"
#include "shared/wide.h"

int setup_place_find(struct setup_windows *windows, struct postern_error *error)
{
    wchar_t path[MAX_PATH];
    HRESULT result = SHGetFolderPathW(NULL, CSIDL_COMMON_APPDATA, NULL, SHGFP_TYPE_CURRENT, path);
    char *data = result == S_OK ? wide_to_utf8(path) : NULL;
    if (result != S_OK)
        return setup_fail(error, "SHGetFolderPathW", (int64_t)result, "the directory for programs' data");
    windows->above = data ? text_format("%s\\postern", data) : NULL;
    windows->place = data ? text_format("%s\\postern\\setup", data) : NULL;
    windows->run = data ? text_format("%s\\postern\\" SETUP_DIRECTORY_NAME, data) : NULL;
    windows->journal.path = data ? text_format("%s\\postern\\setup\\undo-record", data) : NULL;
    free(data);
    return windows->above && windows->place && windows->run && windows->journal.path ? 0
                                                                                     : error_memory(error, SETUP_STAGE);
}

void setup_place_free(struct setup_windows *windows)
{
    undo_file_close(&windows->journal);
    free(windows->run);
    free(windows->place);
    free(windows->above);
    windows->run = windows->place = windows->above = NULL;
}

wchar_t *setup_place_secret(const struct setup_windows *windows, const char *name)
{
    char *path = text_format("%s\\%s.secret", windows->place, name);
    wchar_t *wide = path ? wide_from_utf8(path) : NULL;
    free(path);
    return wide;
}

/* ---- who may touch it ---- */

int setup_place_security(const char *user, uint32_t rights, bool directory, SECURITY_ATTRIBUTES *out,
                         struct postern_error *error)
{
    const unsigned below = directory ? ACE_TO_FILES | ACE_TO_DIRECTORIES : 0;
    const struct sddl_ace list[] = {
        {.flags = below, .mask = ACE_FILE_ALL, .sid = SID_ADMINISTRATORS},
        {.flags = below, .mask = ACE_FILE_ALL, .sid = SID_SYSTEM},
        {.flags = below, .mask = rights, .sid = user},
    };
    char *access = sddl_make(list, user ? 3 : 2);
    char *sddl = access ? text_format("O:%s%s", SID_ADMINISTRATORS, access) : NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    int status = security_read_sddl(sddl, &descriptor, NULL, error);
    if (status == 0)
        *out = (SECURITY_ATTRIBUTES){.nLength = sizeof(*out), .lpSecurityDescriptor = descriptor};
    free(sddl);
    free(access);
    return status;
}

int setup_place_own_security(uint32_t rights, bool directory, SECURITY_ATTRIBUTES *out, struct postern_error *error)
{
    char *user = security_own_sid();
    int status = user ? setup_place_security(user, rights, directory, out, error) : error_memory(error, SETUP_STAGE);
    free(user);
    return status;
}

#define WHO (OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION)

/* A list that was set and not given at the making bears a mark of that ("AI"), which says nothing about who may. */
static LPWSTR describe(PSECURITY_DESCRIPTOR descriptor)
{
    static const wchar_t marked[] = L"D:PAI(";
    LPWSTR text = NULL;
    if (!ConvertSecurityDescriptorToStringSecurityDescriptorW(descriptor, SDDL_REVISION_1, WHO, &text, NULL))
        return NULL;
    wchar_t *mark = wcsstr(text, marked);
    if (mark)
        memmove(mark + 3, mark + 5, (wcslen(mark + 5) + 1) * sizeof(*mark));
    return text;
}

/* Both lists go through the same conversion, which abbreviates. */
bool setup_place_is_secured(wchar_t *path, uint32_t rights, bool directory)
{
    SECURITY_ATTRIBUTES wanted = {0};
    PSECURITY_DESCRIPTOR found = NULL;
    LPWSTR one = NULL, other = NULL;
    if (setup_place_own_security(rights, directory, &wanted, NULL) == 0)
        one = describe(wanted.lpSecurityDescriptor);
    if (GetNamedSecurityInfoW(path, SE_FILE_OBJECT, WHO, NULL, NULL, NULL, NULL, &found) == ERROR_SUCCESS)
        other = describe(found);
    bool same = one && other && wcscmp(one, other) == 0;
    if (one)
        LocalFree(one);
    if (other)
        LocalFree(other);
    if (found)
        LocalFree(found);
    if (wanted.lpSecurityDescriptor)
        security_free(&wanted);
    return same;
}

/* For setup the user himself is a stranger. */
static bool is_trusted(PSID sid, const char *own)
{
    (void)own;
    return sid && (IsWellKnownSid(sid, WinBuiltinAdministratorsSid) || IsWellKnownSid(sid, WinLocalSystemSid));
}

static int refuse(const char *path, const char *why, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_STATE, SETUP_STAGE, "", "the directory %s %s", path, why);
    error_remedy(error, "see who made it, and what for; remove or rename it, then try again");
    return code;
}

bool setup_place_lets_others(PACL list, DWORD rights)
{
    return security_lets_others(list, rights, is_trusted, NULL);
}

/* One that was there before us has a list that we have not made: whoever could exchange what is in it, or put something
 * there, would have his undo record believed, and his passwords. */
static int check_list(const char *path, wchar_t *wide, DWORD rights, struct postern_error *error)
{
    PACL list = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    int status = 0;
    DWORD number =
        GetNamedSecurityInfoW(wide, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &list, NULL, &descriptor);
    if (number != ERROR_SUCCESS)
        status = setup_fail(error, "GetNamedSecurityInfoW", (int64_t)number, "the directory %s", path);
    else if (setup_place_lets_others(list, rights))
        status = refuse(path, "may be changed by others than administrators", error);
    if (descriptor)
        LocalFree(descriptor);
    return status;
}

/* A directory made by an administrator's own hand belongs to that user where a policy says so: administrators can
 * give it to their group, so this is no dead end. */
int setup_place_check(const char *path, const wchar_t *wide, struct postern_error *error)
{
    BY_HANDLE_FILE_INFORMATION information;
    PSID owner = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    int status = 0;
    HANDLE handle =
        CreateFileW(wide, READ_CONTROL | FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return setup_fail(error, "CreateFileW", (int64_t)GetLastError(), "the directory %s", path);
    DWORD number =
        GetSecurityInfo(handle, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL, NULL, &descriptor);
    if (number != ERROR_SUCCESS)
        status = setup_fail(error, "GetSecurityInfo", (int64_t)number, "the directory %s", path);
    else if (!GetFileInformationByHandle(handle, &information))
        status = setup_fail(error, "GetFileInformationByHandle", (int64_t)GetLastError(), "the directory %s", path);
    else if ((information.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) !=
             FILE_ATTRIBUTE_DIRECTORY)
        status = refuse(path, "is a link, or no directory", error);
    else if (!is_trusted(owner, NULL))
        status = refuse(path, "belongs to neither the administrators nor the system", error);
    if (descriptor)
        LocalFree(descriptor);
    CloseHandle(handle);
    return status;
}

static int make_directory(const char *path, const char *reader, DWORD forbidden, struct postern_error *error)
{
    SECURITY_ATTRIBUTES security = {0};
    wchar_t *wide = wide_from_utf8(path);
    int status =
        wide ? setup_place_security(reader, ACE_FILE_READ, true, &security, error) : error_memory(error, SETUP_STAGE);
    if (status == 0 && !CreateDirectoryW(wide, &security)) {
        DWORD number = GetLastError();
        if (number != ERROR_ALREADY_EXISTS)
            status = setup_fail(error, "CreateDirectoryW", (int64_t)number, "the directory %s", path);
    }
    if (status == 0)
        status = setup_place_check(path, wide, error);
    if (status == 0)
        status = check_list(path, wide, forbidden, error);
    if (security.lpSecurityDescriptor)
        security_free(&security);
    free(wide);
    return status;
}

/* The upper one is also that of the operator's ceiling, which everybody may read; one that he has made by hand lets
 * users add things, as all in %ProgramData% does, and that is no harm. */
int setup_place_make(struct setup_windows *windows, struct postern_error *error)
{
    const DWORD exchange = DELETE | FILE_DELETE_CHILD | WRITE_DAC | WRITE_OWNER;
    int status = make_directory(windows->above, SID_USERS, exchange, error);
    return status == 0 ? make_directory(windows->place, NULL, exchange | FILE_ADD_FILE | FILE_ADD_SUBDIRECTORY, error)
                       : status;
}

/* ---- the undo record ---- */

/* Shared with nobody: whoever has it open is the one who sets up. */
int setup_place_open(struct setup_windows *windows, enum setup_purpose purpose, struct postern_error *error)
{
    SECURITY_ATTRIBUTES security = {0};
    bool change = purpose == SETUP_TO_CHANGE;
    int status = setup_place_security(NULL, 0, false, &security, error);
    if (status == 0) {
        DWORD number = undo_file_open(&windows->journal, change, change ? OPEN_ALWAYS : OPEN_EXISTING, &security);
        if (number == ERROR_SHARING_VIOLATION)
            status = error_set(error, POSTERN_E_STATE, SETUP_STAGE, "", "another postern setup is at work");
        else if (number != ERROR_SUCCESS &&
                 (change || (number != ERROR_FILE_NOT_FOUND && number != ERROR_PATH_NOT_FOUND)))
            status = undo_file_failed(&windows->journal, "CreateFileW", (int64_t)number, error);
        security_free(&security);
    }
    return status;
}

static void remove_directory(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    if (wide)
        RemoveDirectoryW(wide); /* fails where others keep something in it, which is as it should be */
    free(wide);
}

static struct undo_store journal_of(struct setup_windows *windows)
{
    return undo_file_store(&windows->journal);
}

static int read_journal(void *context, struct buffer *out, struct postern_error *error)
{
    struct undo_store store = journal_of(context);
    return store.read(store.context, out, error);
}

static int append_journal(void *context, size_t size, const void *data, size_t length, struct postern_error *error)
{
    struct undo_store store = journal_of(context);
    return store.append(store.context, size, data, length, error);
}

static int remove_journal(void *context, struct postern_error *error)
{
    struct setup_windows *windows = context;
    struct undo_store store = journal_of(windows);
    int status = store.remove(store.context, error);
    if (status == 0) {
        remove_directory(windows->place);
        remove_directory(windows->above);
    }
    return status;
}

struct undo_store setup_place_store(struct setup_windows *windows)
{
    return (struct undo_store){windows, read_journal, append_journal, remove_journal};
}
