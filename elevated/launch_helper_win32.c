/*
 * launch_helper_win32.c - opening and pinning the runner. Parent; called by launch_win32.c, see launch_helper_win32.h.
 *
 * A program is started by its name here, not by a handle. So the handle that the hash was read through shares reading
 * only and stays open over CreateProcess: as long as it does the system lets nobody open the file for writing, put
 * another in its place or rename a directory above it, and if somebody has it open for writing already ours is refused.
 */
#include "elevated/launch_helper_win32.h"

#include <stdlib.h>
#include <windows.h>

#include "shared/text.h"
#include "shared/wide.h"

#define STAGE "launch"

static int open_failure(struct postern_error *error, const char *path)
{
    DWORD number = GetLastError();
    bool missing = number == ERROR_FILE_NOT_FOUND || number == ERROR_PATH_NOT_FOUND;
    int code = missing ? POSTERN_E_RUNNER_MISSING : POSTERN_E_RUNNER_START;

    error_os(error, code, STAGE, "CreateFile", (int64_t)number, "the helper %s", path);
    if (missing) {
        error_remedy(error, "reinstall postern, or set POSTERN_LIBEXEC to the directory of its helpers");
    } else if (number == ERROR_SHARING_VIOLATION) {
        error_remedy(error, "another program has the file open for writing: let it finish, or find out who it is");
    }
    return code;
}

static int open_file(const char *path, os_handle *out, struct postern_error *error)
{
    wchar_t *wide = NULL;
    HANDLE file;
    int code = wide_convert(path, STAGE, "the path of the helpers", &wide, error);

    if (code != POSTERN_OK) {
        return code;
    }
    file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    free(wide);
    if (file == INVALID_HANDLE_VALUE) {
        return open_failure(error, path);
    }
    *out = (os_handle)file;
    return POSTERN_OK;
}

static bool read_exactly(os_handle file, unsigned char *out, size_t size)
{
    while (size > 0) {
        DWORD got = 0;

        if (!ReadFile((HANDLE)file, out, (DWORD)size, &got, NULL) || got == 0) {
            return false;
        }
        out += got;
        size -= got;
    }
    return true;
}

/* The whole file; nobody can change its size meanwhile. *out is freed by the caller. */
static int read_file(os_handle file, const char *path, size_t limit, unsigned char **out, size_t *size,
                     struct postern_error *error)
{
    LARGE_INTEGER length;

    if (!GetFileSizeEx((HANDLE)file, &length)) {
        return error_os(error, POSTERN_E_RUNNER_START, STAGE, "GetFileSizeEx", (int64_t)GetLastError(), "%s", path);
    }
    if (length.QuadPart > (LONGLONG)limit) {
        return error_set(error, POSTERN_E_RUNNER_MISSING, STAGE, "", "%s is too long", path);
    }
    *size = (size_t)length.QuadPart;
    *out = malloc(*size + 1);
    if (*out == NULL) {
        return error_memory(error, STAGE);
    }
    if (!read_exactly(file, *out, *size)) {
        return error_os(error, POSTERN_E_RUNNER_START, STAGE, "ReadFile", (int64_t)GetLastError(), "%s", path);
    }
    return POSTERN_OK;
}

static int find_hash(const char *directory, const char *name, unsigned char hash[HELPER_HASH_SIZE],
                     struct postern_error *error)
{
    char *path = text_format("%s\\" HELPER_MANIFEST, directory);
    os_handle file = OS_HANDLE_NONE;
    unsigned char *text = NULL;
    size_t size = 0;
    int code = path == NULL ? error_memory(error, STAGE) : open_file(path, &file, error);

    if (code == POSTERN_OK) {
        code = read_file(file, path, HELPER_MANIFEST_LIMIT, &text, &size, error);
    }
    if (code == POSTERN_OK) {
        code = helper_find_hash(path, (const char *)text, size, name, hash, error);
    }
    handle_close(&file);
    free(text);
    free(path);
    return code;
}

int helper_hold(const char *directory, const char *name, os_handle *out, struct postern_error *error)
{
    char *path = text_format("%s\\%s", directory, name);
    os_handle file = OS_HANDLE_NONE;
    unsigned char hash[HELPER_HASH_SIZE];
    unsigned char *bytes = NULL;
    size_t size = 0;
    int code = path == NULL ? error_memory(error, STAGE) : open_file(path, &file, error);

    if (code == POSTERN_OK) {
        code = find_hash(directory, name, hash, error);
    }
    if (code == POSTERN_OK) {
        code = read_file(file, path, HELPER_SIZE_LIMIT, &bytes, &size, error);
    }
    if (code == POSTERN_OK) {
        code = helper_check(path, bytes, size, hash, error);
    }
    if (code == POSTERN_OK) {
        *out = handle_take(&file);
    }
    handle_close(&file);
    free(bytes);
    free(path);
    return code;
}
