/*
 * system_win32.c - clock, process id and paths on Windows, see system.h. Both sides.
 */
#include "shared/system.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#include "shared/wide.h"

/* The longest path the system knows, in UTF-16 units (Microsoft, "Maximum Path Length Limitation"). */
#define PATH_UNITS 32768u

uint64_t system_now_us(void)
{
    LARGE_INTEGER count, frequency;
    uint64_t ticks, rate;

    /* Neither fails since Windows XP. The quotient is taken first: ticks * 1,000,000 overflows after 10 days at 20 MHz.
     */
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    ticks = (uint64_t)count.QuadPart;
    rate = (uint64_t)frequency.QuadPart;
    return ticks / rate * 1000000u + ticks % rate * 1000000u / rate;
}

uint32_t system_process_id(void)
{
    return GetCurrentProcessId();
}

/* NULL: of the program. */
static wchar_t *module_path(HMODULE module)
{
    wchar_t *path = malloc(PATH_UNITS * sizeof(*path));
    DWORD length = path != NULL ? GetModuleFileNameW(module, path, PATH_UNITS) : 0;

    if (length == 0 || length >= PATH_UNITS) {
        free(path);
        return NULL;
    }
    return path;
}

char *system_program_path(void)
{
    wchar_t *path = module_path(NULL);
    char *out = path != NULL ? wide_to_utf8(path) : NULL;

    free(path);
    return out;
}

char *system_program_directory(void)
{
    HMODULE module = NULL;
    wchar_t *path = NULL, *slash = NULL;
    char *out = NULL;

    /* The module that holds this function: the program, or the DLL postern was built into. */
    if (GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                           (LPCWSTR)(uintptr_t)&system_program_directory, &module)) {
        path = module_path(module);
    }
    if (path != NULL) {
        slash = wcsrchr(path, L'\\');
    }
    if (slash != NULL) {
        *slash = L'\0';
        out = wide_to_utf8(path);
    }
    free(path);
    return out;
}

bool system_trusts_environment(void)
{
    return true; /* no program has more rights than who starts it gave it */
}

char *system_current_directory(void)
{
    wchar_t *path = malloc(PATH_UNITS * sizeof(*path));
    DWORD length;
    char *out = NULL;

    if (path == NULL) {
        return NULL;
    }
    length = GetCurrentDirectoryW(PATH_UNITS, path);
    if (length > 0 && length < PATH_UNITS) {
        out = wide_to_utf8(path);
    }
    free(path);
    return out;
}

/* GetFinalPathNameByHandleW answers in the \\?\ form, which cmd.exe, and with it most scripts, can't use as current
 * directory. The plain form is the same path as long as it is short enough for the calls that know no other. */
static wchar_t *plain_path(wchar_t *path)
{
    if (wcslen(path) >= MAX_PATH + 4) {
        return path;
    }
    if (wcsncmp(path, L"\\\\?\\UNC\\", 8) == 0) {
        path[6] = L'\\'; /* "\\?\UNC\host" becomes "\\host" */
        return path + 6;
    }
    if (wcsncmp(path, L"\\\\?\\", 4) == 0 && path[4] != L'\0' && path[5] == L':') {
        return path + 4;
    }
    return path;
}

char *system_absolute_path(const char *path, int64_t *os_error)
{
    HANDLE file = INVALID_HANDLE_VALUE;
    wchar_t *final = malloc(PATH_UNITS * sizeof(*final));
    wchar_t *wide = wide_from_utf8(path);
    DWORD length;
    char *out = NULL;

    if (final == NULL || wide == NULL) {
        *os_error = final == NULL ? ERROR_NOT_ENOUGH_MEMORY : (int64_t)GetLastError();
        goto out;
    }
    /* No access is asked for, only the name; BACKUP_SEMANTICS is what opens directories. */
    file = CreateFileW(wide, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS, NULL);
    length = file != INVALID_HANDLE_VALUE
                 ? GetFinalPathNameByHandleW(file, final, PATH_UNITS, FILE_NAME_NORMALIZED | VOLUME_NAME_DOS)
                 : 0;
    if (length == 0 || length >= PATH_UNITS) {
        *os_error = length == 0 ? (int64_t)GetLastError() : ERROR_BUFFER_OVERFLOW;
        goto out;
    }
    out = wide_to_utf8(plain_path(final));
    if (out == NULL) {
        *os_error = (int64_t)GetLastError();
    }
out:
    if (file != INVALID_HANDLE_VALUE) {
        CloseHandle(file);
    }
    free(wide);
    free(final);
    return out;
}

bool system_path_is_absolute(const char *path)
{
    bool drive = ((path[0] >= 'A' && path[0] <= 'Z') || (path[0] >= 'a' && path[0] <= 'z')) && path[1] == ':';
    const char *at = drive ? path + 2 : path;

    /* "\dir" and "C:dir" depend on the current drive or its directory; "\\server\share" and "\\?\" forms do not. */
    if (at[0] != '\\' && at[0] != '/') {
        return false;
    }
    return drive || at[1] == '\\' || at[1] == '/';
}
