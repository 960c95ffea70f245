/*
 * resolve_win32.c - what resolving asks of Windows; see resolve_host.h. Parent. Only level none exists there yet, at
 * which nobody is another user: rights are not handed on.
 */
#include "elevated/resolve_host.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <shlobj.h>

#include "shared/system.h"
#include "shared/text.h"
#include "shared/wide.h"

static const char STAGE[] = "policy";

/* ---- looking ---- */

static enum resolve_answer answer(int64_t number, int64_t *os_error)
{
    *os_error = number;
    if (number == ERROR_FILE_NOT_FOUND || number == ERROR_PATH_NOT_FOUND)
        return RESOLVE_MISSING;
    return number == ERROR_ACCESS_DENIED ? RESOLVE_CLOSED : RESOLVE_FAILED;
}

/* Long names and links as the system gives them, in the plain form. */
enum resolve_answer resolve_follow(const char *path, char **out, int64_t *os_error)
{
    int64_t number = 0;
    *out = system_absolute_path(path, &number);
    return *out ? RESOLVE_FOUND : answer(number, os_error);
}

/* Files in a cloud or without duplicates are reparse points as well, but lead nowhere else. */
static bool is_link(const wchar_t *path)
{
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(path, &found);
    if (search == INVALID_HANDLE_VALUE)
        return true; /* what cannot be told counts as one */
    FindClose(search);
    return IsReparseTagNameSurrogate(found.dwReserved0);
}

enum resolve_answer resolve_look(const char *path, enum resolve_kind *kind, int64_t *os_error)
{
    wchar_t *wide = wide_from_utf8(path);
    DWORD attributes = wide ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
    enum resolve_answer result = RESOLVE_FOUND;
    if (attributes == INVALID_FILE_ATTRIBUTES)
        result = answer((int64_t)GetLastError(), os_error);
    else if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) && is_link(wide))
        *kind = RESOLVE_LINK;
    else if (attributes & FILE_ATTRIBUTE_DIRECTORY)
        *kind = RESOLVE_DIRECTORY;
    else
        *kind = attributes & FILE_ATTRIBUTE_DEVICE ? RESOLVE_OTHER : RESOLVE_FILE;
    free(wide);
    return result;
}

int resolve_facts(struct policy_rule *rule, enum resolve_kind *kind, struct postern_error *error)
{
    int64_t number = 0;
    if (resolve_look(rule->path, kind, &number) != RESOLVE_FOUND)
        return error_os(error, POSTERN_E_POLICY, STAGE, "GetFileAttributesW", number, "%s", rule->path);
    if (*kind == RESOLVE_LINK)
        return error_set(error, POSTERN_E_POLICY, STAGE, "", "%s became a link while it was looked at", rule->path);
    rule->directory = *kind == RESOLVE_DIRECTORY;
    return 0;
}

/* ---- who asks, and what is handed on ---- */

/* The directory `id` (CSIDL_*), without links; allocated, NULL when there is none or memory is out. */
static char *known_directory(int id)
{
    wchar_t path[MAX_PATH];
    int64_t ignored = 0;
    if (SHGetFolderPathW(NULL, id, NULL, SHGFP_TYPE_CURRENT, path) != S_OK)
        return NULL;
    char *text = wide_to_utf8(path), *resolved = text ? system_absolute_path(text, &ignored) : NULL;
    if (!resolved)
        return text;
    free(text);
    return resolved;
}

int resolve_find_caller(struct resolve_caller *out, struct postern_error *error)
{
    out->home[0] = known_directory(CSIDL_PROFILE);
    if (out->home[0])
        return 0;
    return error_set(error, POSTERN_E_OS, STAGE, "SHGetFolderPathW", "the user's profile directory is not known");
}

/* "C:\" or "\\server\share". */
static bool is_root(const char *path)
{
    if (path[0] != '\\')
        return path[3] == 0;
    const char *share = strchr(path + 2, '\\');
    return !share || !strchr(share + 1, '\\');
}

static bool is_of_system(const char *path)
{
    static const int ids[] = {CSIDL_WINDOWS, CSIDL_PROGRAM_FILES, CSIDL_PROGRAM_FILESX86, CSIDL_COMMON_APPDATA};
    bool found = false;
    for (size_t i = 0; !found && i < sizeof(ids) / sizeof(ids[0]); i++) {
        char *system = known_directory(ids[i]);
        /* programs keep data of their own beneath that of all users: that can be named */
        found = system && (path_is_beneath(PATH_WINDOWS, system, path) ||
                           (ids[i] != CSIDL_COMMON_APPDATA && path_is_beneath(PATH_WINDOWS, path, system)));
        free(system);
    }
    return found;
}

const char *resolve_objection(const char *path, const struct resolve_caller *caller)
{
    if (is_root(path))
        return "commands could write everywhere";
    if (path_is_beneath(PATH_WINDOWS, caller->home[0], path))
        return "it holds the caller's profile, with its keys and start-up files";
    return is_of_system(path) ? "it belongs to the system" : NULL;
}

int resolve_rights(struct policy_rule *rule, enum resolve_kind kind, enum postern_level level,
                   struct postern_error *error)
{
    (void)rule, (void)kind, (void)level, (void)error;
    return 0;
}

/* At the one level there is no rule keeps anything from commands. */
int resolve_find_link(const struct policy_rules *rules, const char *path, char **out, struct postern_error *error)
{
    (void)rules, (void)path, (void)error;
    *out = NULL;
    return 0;
}

int resolve_mounts(struct policy *policy, enum postern_level level, struct postern_error *error)
{
    (void)policy, (void)level, (void)error;
    return 0;
}

char *resolve_program(void)
{
    return NULL;
}

int resolve_check_links(const struct policy_rules *rules, struct postern_error *error)
{
    (void)rules, (void)error;
    return 0;
}

/* ---- reading ---- */

int resolve_read_hint(const char *path, char *text, size_t size, size_t *length, struct postern_error *error)
{
    wchar_t *wide = wide_from_utf8(path);
    DWORD got = 0;
    int status = 0;
    *length = 0;
    text[0] = 0;
    if (!wide)
        return error_memory(error, STAGE);
    HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    int64_t number = (int64_t)GetLastError();
    free(wide);
    if (file == INVALID_HANDLE_VALUE)
        return answer(number, &number) == RESOLVE_MISSING
                   ? 0
                   : error_os(error, POSTERN_E_POLICY, STAGE, "CreateFileW", number, "%s", path);
    if (GetFileType(file) == FILE_TYPE_DISK && !ReadFile(file, text, (DWORD)(size - 1), &got, NULL))
        status = error_os(error, POSTERN_E_POLICY, STAGE, "ReadFile", (int64_t)GetLastError(), "%s", path);
    CloseHandle(file);
    *length = got;
    text[got] = 0;
    return status;
}
