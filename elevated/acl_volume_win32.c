/*
 * acl_volume_win32.c - whether entries at a path hold anybody: on this machine, on a volume that keeps access lists.
 * Parent.
 */
#include "elevated/acl_win32.h"

#include <stdlib.h>

#include "shared/wide.h"

#define ALL_SHARING (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static int refuse_share(const char *path, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_POLICY, ACL_STAGE, "",
                         "%s is on another machine, which sees the user and not how his token is restricted", path);
    error_remedy(error, "work in a directory of a local disk");
    return code;
}

int acl_volume_check(const char *path, struct postern_error *error)
{
    wchar_t *wide = wide_path(path), root[] = L"?:\\", system[64] = L"";
    DWORD flags = 0;
    int code = 0;
    if (!wide)
        return error_memory(error, ACL_STAGE);
    root[0] = (wchar_t)(unsigned char)path[0];
    if (path[0] == '\\' || GetDriveTypeW(root) == DRIVE_REMOTE) {
        free(wide);
        return refuse_share(path, error);
    }
    HANDLE handle = CreateFileW(wide, FILE_READ_ATTRIBUTES, ALL_SHARING, NULL, OPEN_EXISTING,
                                FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, NULL);
    free(wide);
    if (handle == INVALID_HANDLE_VALUE)
        return error_os(error, POSTERN_E_CONFINE, ACL_STAGE, "CreateFileW", (int64_t)GetLastError(), "%s", path);
    if (!GetVolumeInformationByHandleW(handle, NULL, 0, NULL, NULL, &flags, system, 64)) {
        code = error_os(error, POSTERN_E_CONFINE, ACL_STAGE, "GetVolumeInformationByHandleW", (int64_t)GetLastError(),
                        "%s", path);
    } else if (!(flags & FILE_PERSISTENT_ACLS)) {
        char *name = wide_to_utf8(system);
        code = error_set(error, POSTERN_E_POLICY, ACL_STAGE, "", "%s is on a file system (%s) without access lists",
                         path, name ? name : "unknown");
        error_remedy(error, "use a directory on a volume with NTFS or ReFS");
        free(name);
    }
    CloseHandle(handle);
    return code;
}
