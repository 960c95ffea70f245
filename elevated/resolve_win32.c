/*
 * resolve_win32.c - what resolving asks of Windows; see resolve_host.h. Parent. Rights are not handed on as on Linux:
 * who may do what is said by entries of access lists, which the launcher adds (acl.h).
 */
#include "elevated/resolve_host.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winioctl.h>
#include <shlobj.h>

#include "elevated/resolve_way_windows.h"
#include "shared/system.h"
#include "shared/text.h"
#include "shared/wide.h"

static const char STAGE[] = "policy";
#define PATH_UNITS 32768u /* the longest path there is */

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

int resolve_mounts(struct policy *policy, enum postern_level level, struct postern_error *error)
{
    (void)policy, (void)level, (void)error;
    return 0;
}

int resolve_check_owners(const struct policy_rule *rule, struct postern_error *error)
{
    (void)rule, (void)error;
    return 0;
}

char *resolve_program(void)
{
    wchar_t *path = malloc(PATH_UNITS * sizeof(*path));
    DWORD length = path ? GetModuleFileNameW(NULL, path, PATH_UNITS) : 0;
    char *said = length > 0 && length < PATH_UNITS ? wide_to_utf8(path) : NULL;
    int64_t ignored = 0;
    char *program = said ? system_absolute_path(said, &ignored) : NULL;
    free(said);
    free(path);
    return program;
}

/* What acl_store_win32.c and setup_place_win32.c use: the first is believed by the next start of the user, the second
 * by that of an administrator. */
int resolve_list_places(struct strings *out, struct postern_error *error)
{
    char *local = known_directory(CSIDL_LOCAL_APPDATA), *common = known_directory(CSIDL_COMMON_APPDATA);
    bool ok = (!local || strings_add_owned(out, text_format("%s\\postern\\sandboxes", local))) &&
              (!common || strings_add_owned(out, text_format("%s\\postern", common)));
    free(local);
    free(common);
    return ok ? 0 : error_memory(error, STAGE);
}

/* ---- links ---- */

/* What a junction or symbolic link says; NULL: it is of another kind, or it can't be read. */
static char *read_link(const wchar_t *path)
{
    unsigned char *data = malloc(MAXIMUM_REPARSE_DATA_BUFFER_SIZE);
    DWORD got = 0;
    size_t at, length;
    char *target = NULL;
    HANDLE handle = CreateFileW(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                                FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (data && handle != INVALID_HANDLE_VALUE &&
        DeviceIoControl(handle, FSCTL_GET_REPARSE_POINT, NULL, 0, data, MAXIMUM_REPARSE_DATA_BUFFER_SIZE, &got, NULL) &&
        resolve_way_target(data, got, &at, &length)) {
        wchar_t *wide = calloc(length / sizeof(*wide) + 1, sizeof(*wide));
        if (wide)
            memcpy(wide, data + at, length);
        target = wide ? wide_to_utf8(wide) : NULL;
        free(wide);
    }
    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    free(data);
    return target;
}

/* What is not there, or may not be looked at, leads no further. */
static bool look_for_link(void *context, const char *path, char **target)
{
    wchar_t *wide = wide_path(path);
    DWORD attributes = wide ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
    bool link = !wide ||
                (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_REPARSE_POINT) && is_link(wide));
    (void)context;
    if (wide && link)
        *target = read_link(wide);
    free(wide);
    return link;
}

/* Names and drives may be other ones for the same, which rules don't know. */
static char *name_link(const char *link)
{
    const char *last = strrchr(link, '\\');
    char *above = text_format("%.*s", (int)(last + 1 - link), link), *name = NULL;
    int64_t ignored = 0;
    char *resolved = above ? system_absolute_path(above, &ignored) : NULL;
    WIN32_FIND_DATAW found;
    wchar_t *wide = wide_path(link);
    HANDLE search = wide ? FindFirstFileW(wide, &found) : INVALID_HANDLE_VALUE;
    if (search != INVALID_HANDLE_VALUE) {
        name = wide_to_utf8(found.cFileName);
        FindClose(search);
    }
    char *path = path_join(PATH_WINDOWS, resolved ? resolved : above ? above : "", name ? name : last + 1);
    free(wide);
    free(name);
    free(resolved);
    free(above);
    return path;
}

static char *make_absolute(const char *path)
{
    wchar_t *wide = wide_from_utf8(path), *full = malloc(PATH_UNITS * sizeof(*full));
    DWORD length = wide && full ? GetFullPathNameW(wide, PATH_UNITS, full, NULL) : 0;
    char *out = length > 0 && length < PATH_UNITS ? wide_to_utf8(full) : NULL;
    free(full);
    free(wide);
    return out;
}

int resolve_list_links(const char *path, struct strings *out, struct postern_error *error)
{
    struct strings links = {0};
    char *full = make_absolute(path);
    bool ok = full && resolve_way_windows(full, look_for_link, NULL, &links);
    for (size_t i = 0; ok && i < links.count; i++)
        ok = strings_add_owned(out, name_link(links.item[i]));
    strings_free(&links);
    free(full);
    return ok ? 0 : error_memory(error, STAGE);
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
