/*
 * log_win32.c - opening and appending to the log file. Called by log.c; both sides.
 */
#include "shared/log_file.h"

#include <stdlib.h>
#include <windows.h>

#include "shared/wide.h"

/* FILE_APPEND_DATA without FILE_WRITE_DATA: every write goes to the end, whoever else writes. Reparse points are opened
 * themselves and then refused, for the reason that log_linux.c has for O_NOFOLLOW. Who may read the file is said by its
 * directory: that is how Windows does it. */
int log_file_open(const char *path, os_handle *out, struct postern_error *error)
{
    os_handle file = OS_HANDLE_NONE;
    BY_HANDLE_FILE_INFORMATION information;
    wchar_t *wide = NULL;
    int code = wide_convert(path, "log", "the path of the log file", &wide, error);

    if (code != POSTERN_OK) {
        return code;
    }
    file = (os_handle)CreateFileW(wide, FILE_APPEND_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
                                  FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS,
                                  FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (file == OS_HANDLE_NONE) {
        code = error_os(error, POSTERN_E_OS, "log", "CreateFileW", (int64_t)GetLastError(),
                        "cannot open the log file %s", path);
        goto out;
    }
    /* Pipes and devices have no such information; a reparse point could lead anywhere. */
    if (GetFileType((HANDLE)file) != FILE_TYPE_DISK || !GetFileInformationByHandle((HANDLE)file, &information) ||
        (information.dwFileAttributes & (FILE_ATTRIBUTE_REPARSE_POINT | FILE_ATTRIBUTE_DIRECTORY)) != 0) {
        code = error_set(error, POSTERN_E_INVALID, "log", "", "the log file %s is not a regular file", path);
        goto out;
    }
    *out = handle_take(&file);
out:
    handle_close(&file);
    free(wide);
    return code;
}

void log_file_keep(os_handle file)
{
    SetHandleInformation((HANDLE)file, HANDLE_FLAG_INHERIT, 0);
}

void log_file_write(os_handle file, const char *line, size_t size)
{
    DWORD last = GetLastError();
    DWORD written;

    WriteFile((HANDLE)file, line, (DWORD)size, &written, NULL);
    SetLastError(last);
}

int64_t log_file_time(void)
{
    FILETIME now;
    uint64_t ticks;

    GetSystemTimeAsFileTime(&now);
    ticks = ((uint64_t)now.dwHighDateTime << 32) | now.dwLowDateTime; /* of 100 ns, since 1601 */
    return (int64_t)(ticks / 10000u) - 11644473600000;
}
