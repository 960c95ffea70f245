/*
 * resolve_ceiling_win32.c - the file of a ceiling on Windows: where it is, who may change it, what is in it; see
 * resolve_host.h. Parent. Whoever could change the file could lift the ceiling.
 */
#include "elevated/resolve_host.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <aclapi.h>
#include <shlobj.h>

#include "shared/security_win32.h"
#include "shared/text.h"
#include "shared/wide.h"

static const char STAGE[] = "ceiling";

static INIT_ONCE found_once = INIT_ONCE_STATIC_INIT;
static char *found_path; /* kept for good: every sandbox asks */

/* Not from the environment, which is the caller's to set. */
static BOOL CALLBACK find_path(PINIT_ONCE once, PVOID parameter, PVOID *context)
{
    wchar_t path[MAX_PATH];
    (void)once, (void)parameter, (void)context;
    if (SHGetFolderPathW(NULL, CSIDL_COMMON_APPDATA, NULL, SHGFP_TYPE_CURRENT, path) == S_OK) {
        char *directory = wide_to_utf8(path);
        found_path = directory ? text_format("%s\\postern\\ceiling.json", directory) : NULL;
        free(directory);
    }
    return TRUE;
}

const char *resolve_system_ceiling(void)
{
    InitOnceExecuteOnce(&found_once, find_path, NULL, NULL);
    return found_path ? found_path : "C:\\ProgramData\\postern\\ceiling.json";
}

static int refuse(const char *file, const char *why, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_POLICY, STAGE, "", "the ceiling %s %s", file, why);
    error_remedy(error, "make it a file of the administrators', or of the caller's, that nobody else can write");
    return code;
}

static int os_failure(const char *file, const char *call, int64_t number, struct postern_error *error)
{
    return error_os(error, POSTERN_E_POLICY, STAGE, call, number, "the ceiling %s", file);
}

/* Administrators, the system and its installer, and the caller. */
static bool is_trusted(PSID sid, const char *own)
{
    static const char installer[] = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
    if (IsWellKnownSid(sid, WinBuiltinAdministratorsSid) || IsWellKnownSid(sid, WinLocalSystemSid))
        return true;
    char *text = security_sid_text(sid);
    bool trusted = text && (strcmp(text, own) == 0 || strcmp(text, installer) == 0);
    free(text);
    return trusted;
}

/* To change the file, or who may. */
#define CHANGE (FILE_WRITE_DATA | FILE_APPEND_DATA | DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_WRITE)

static int check_owner(HANDLE handle, const char *file, struct postern_error *error)
{
    PSID owner = NULL;
    PACL list = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    int status = 0;
    DWORD number = GetSecurityInfo(handle, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                                   &owner, NULL, &list, NULL, &descriptor);
    if (number != ERROR_SUCCESS)
        return os_failure(file, "GetSecurityInfo", (int64_t)number, error);
    char *own = security_own_sid();
    if (!own)
        status = os_failure(file, "GetTokenInformation", (int64_t)GetLastError(), error);
    else if (!owner || !is_trusted(owner, own))
        status = refuse(file, "belongs to another user", error);
    else if (security_lets_others(list, CHANGE, is_trusted, own))
        status = refuse(file, "can be written by other users", error);
    free(own);
    LocalFree(descriptor);
    return status;
}

static int check_file(HANDLE handle, const char *file, size_t *size, struct postern_error *error)
{
    BY_HANDLE_FILE_INFORMATION information;
    if (GetFileType(handle) != FILE_TYPE_DISK)
        return refuse(file, "is no regular file", error);
    if (!GetFileInformationByHandle(handle, &information))
        return os_failure(file, "GetFileInformationByHandle", (int64_t)GetLastError(), error);
    if (information.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT))
        return refuse(file, "is no regular file", error);
    if (information.nFileSizeHigh || information.nFileSizeLow > POLICY_SIZE_MAX)
        return error_set(error, POSTERN_E_POLICY, STAGE, "", "the ceiling %s is larger than %u bytes", file,
                         POLICY_SIZE_MAX);
    *size = information.nFileSizeLow;
    return check_owner(handle, file, error);
}

static int read_file(HANDLE handle, const char *file, char **data, size_t *size, struct postern_error *error)
{
    DWORD got = 0;
    int status = check_file(handle, file, size, error);
    char *bytes = status == 0 ? malloc(*size + 1) : NULL;
    if (status == 0 && !bytes)
        status = error_memory(error, STAGE);
    if (status == 0 && !ReadFile(handle, bytes, (DWORD)*size, &got, NULL))
        status = os_failure(file, "ReadFile", (int64_t)GetLastError(), error);
    else if (status == 0 && got != *size)
        status = refuse(file, "changed while it was read", error);
    if (status == 0)
        *data = bytes;
    else
        free(bytes);
    return status;
}

int resolve_read_ceiling(const char *file, char **data, size_t *size, struct postern_error *error)
{
    wchar_t *wide = wide_from_utf8(file);
    if (!wide)
        return error_memory(error, STAGE);
    HANDLE handle = CreateFileW(wide, GENERIC_READ | READ_CONTROL, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                                FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, NULL);
    int64_t number = (int64_t)GetLastError();
    free(wide);
    if (handle == INVALID_HANDLE_VALUE)
        return number == ERROR_FILE_NOT_FOUND || number == ERROR_PATH_NOT_FOUND
                   ? 0
                   : os_failure(file, "CreateFileW", number, error);
    int status = read_file(handle, file, data, size, error);
    CloseHandle(handle);
    return status;
}
