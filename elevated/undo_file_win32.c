/*
 * undo_file_win32.c - see undo_file_win32.h. Parent.
 */
#include "elevated/undo_file_win32.h"

#include <stdlib.h>

#include "shared/wide.h"

int undo_file_failed(const struct undo_file *file, const char *call, int64_t number, struct postern_error *error)
{
    return error_os(error, POSTERN_E_OS, file->stage, call, number, "the undo record %s", file->path);
}

static int failed(const struct undo_file *file, const char *call, struct postern_error *error)
{
    return undo_file_failed(file, call, (int64_t)GetLastError(), error);
}

DWORD undo_file_open(struct undo_file *file, bool to_change, DWORD disposition, SECURITY_ATTRIBUTES *security)
{
    wchar_t *wide = wide_path(file->path);
    DWORD number = GetLastError();
    if (wide) {
        file->handle =
            CreateFileW(wide, GENERIC_READ | (to_change ? GENERIC_WRITE | DELETE : 0), 0, security, disposition,
                        FILE_ATTRIBUTE_NORMAL | FILE_FLAG_WRITE_THROUGH | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
        number = GetLastError();
    }
    free(wide);
    return file->handle != INVALID_HANDLE_VALUE ? ERROR_SUCCESS : number;
}

void undo_file_close(struct undo_file *file)
{
    if (file->handle != INVALID_HANDLE_VALUE)
        CloseHandle(file->handle);
    free(file->path);
    file->handle = INVALID_HANDLE_VALUE;
    file->path = NULL;
}

/* ---- operations ---- */

static int seek(struct undo_file *file, size_t to, struct postern_error *error)
{
    LARGE_INTEGER at = {.QuadPart = (LONGLONG)to};
    return SetFilePointerEx(file->handle, at, NULL, FILE_BEGIN) ? 0 : failed(file, "SetFilePointerEx", error);
}

static int read_file(void *context, struct buffer *out, struct postern_error *error)
{
    struct undo_file *file = context;
    unsigned char data[4096];
    DWORD got = 1;
    if (file->handle == INVALID_HANDLE_VALUE)
        return 0;
    int status = seek(file, 0, error);
    while (status == 0 && got > 0) {
        if (!ReadFile(file->handle, data, sizeof(data), &got, NULL))
            status = failed(file, "ReadFile", error);
        else if (!buffer_append(out, data, got))
            status = error_set(error, POSTERN_E_LIMIT, file->stage, "", "the undo record %s is too large", file->path);
    }
    return status;
}

static int append_file(void *context, size_t size, const void *data, size_t length, struct postern_error *error)
{
    struct undo_file *file = context;
    DWORD written = 0;
    int status = seek(file, size, error);
    if (status != 0)
        return status;
    if (!SetEndOfFile(file->handle))
        return failed(file, "SetEndOfFile", error);
    if (!WriteFile(file->handle, data, (DWORD)length, &written, NULL) || written != length)
        return failed(file, "WriteFile", error);
    return FlushFileBuffers(file->handle) ? 0 : failed(file, "FlushFileBuffers", error);
}

static int remove_file(void *context, struct postern_error *error)
{
    struct undo_file *file = context;
    FILE_DISPOSITION_INFO gone = {.DeleteFile = TRUE};
    if (!SetFileInformationByHandle(file->handle, FileDispositionInfo, &gone, sizeof(gone)))
        return failed(file, "SetFileInformationByHandle", error);
    CloseHandle(file->handle);
    file->handle = INVALID_HANDLE_VALUE;
    return 0;
}

struct undo_store undo_file_store(struct undo_file *file)
{
    return (struct undo_store){file, read_file, append_file, remove_file};
}
