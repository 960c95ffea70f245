/*
 * process_find_win32.c - finding the program a command names, see process.h; the rules are in find_windows.c. Callers:
 * the runner, and the parent's probe.
 *
 * Not SearchPathW and not CreateProcessW's own search: both look beside our own program, in the current directory and
 * in *our* PATH first, none of which the command has chosen. The current directory is searched only when the name says
 * so: a file that a build has left in the workspace must not stand in for a system program.
 */
#include "shared/process_win32.h"

#include <stdlib.h>
#include <windows.h>

#include "shared/find_windows.h"
#include "shared/wide.h"

#ifndef IO_REPARSE_TAG_APPEXECLINK
#define IO_REPARSE_TAG_APPEXECLINK 0x8000001B
#endif

/* Only a directory's entry tells the tag without opening the file, which is what fails for an alias of somebody else.
 */
static bool is_alias(const wchar_t *path)
{
    WIN32_FIND_DATAW entry;
    HANDLE search = FindFirstFileW(path, &entry);

    if (search == INVALID_HANDLE_VALUE) {
        return false;
    }
    FindClose(search);
    return entry.dwReserved0 == IO_REPARSE_TAG_APPEXECLINK;
}

static enum find_kind look(void *context, const char *path)
{
    wchar_t *wide = wide_path(path);
    DWORD attributes = wide == NULL ? INVALID_FILE_ATTRIBUTES : GetFileAttributesW(wide);
    enum find_kind kind = FIND_FILE;

    (void)context;
    if (wide == NULL) {
        kind = FIND_NOTHING; /* no valid Unicode, so no name of a file */
    } else if (attributes == INVALID_FILE_ATTRIBUTES) {
        kind = GetLastError() == ERROR_ACCESS_DENIED ? FIND_DENIED : FIND_NOTHING;
    } else if ((attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
        kind = FIND_OTHER;
    } else if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 && is_alias(wide)) {
        kind = FIND_ALIAS;
    }
    free(wide);
    return kind;
}

int process_find(const char *name, const char *path, const char *extensions, const char *cwd, char **found,
                 struct postern_error *error)
{
    const struct find_query query = {.name = name, .path = path, .extensions = extensions, .cwd = cwd};
    const struct find_files files = {look, NULL};

    return find_windows(&query, &files, found, error);
}

bool process_find_apps(const char *name, const char *path, const char *extensions, const char *cwd, char **passed,
                       char **found)
{
    const struct find_query query = {.name = name, .path = path, .extensions = extensions, .cwd = cwd};
    const struct find_files files = {look, NULL};

    return find_windows_apps(&query, &files, passed, found);
}
