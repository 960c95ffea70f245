/*
 * process_find_win32.c - finding the program a command names, see process.h. Caller: the runner.
 *
 * Not SearchPathW and not CreateProcessW's own search: both look beside our own program, in the current directory and
 * in *our* PATH first, none of which the command has chosen. The current directory is searched only when the name says
 * so: a file that a build has left in the workspace must not stand in for a system program.
 */
#include "shared/process.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "shared/text.h"
#include "shared/wide.h"

#define USUAL_EXTENSIONS ".COM;.EXE;.BAT;.CMD"

/* What process_spawn() can start. PATHEXT also names scripts of other interpreters, which the shell would start by
 * their file association; that is for the command to do. */
static const char *const startable[] = {".com", ".exe", ".bat", ".cmd"};

struct search {
    const char *name;
    const char *extensions;
    const char *cwd;
    char *found;
    bool unstartable_seen; /* something of that name that can't be started */
    bool memory_out;
};

static bool is_separator(char c)
{
    return c == '\\' || c == '/';
}

static bool has_drive(const char *path)
{
    return ((path[0] | 0x20) >= 'a' && (path[0] | 0x20) <= 'z') && path[1] == ':';
}

enum kind { KIND_NOTHING, KIND_FILE, KIND_OTHER };

static enum kind kind_of(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    DWORD attributes = wide == NULL ? INVALID_FILE_ATTRIBUTES : GetFileAttributesW(wide);

    free(wide);
    if (attributes == INVALID_FILE_ATTRIBUTES) {
        return KIND_NOTHING;
    }
    return (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0 ? KIND_FILE : KIND_OTHER;
}

/* "dir\name" with the separators the system itself uses. */
static char *join(const char *dir, const char *name, const char *extension)
{
    size_t length = strlen(dir);
    const char *between = length == 0 || is_separator(dir[length - 1]) ? "" : "\\";
    char *path = text_format("%s%s%s%s", dir, between, name, extension);

    for (char *at = path; at != NULL && *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\\';
        }
    }
    return path;
}

static bool has_startable_end(const char *path)
{
    size_t length = strlen(path);

    for (size_t i = 0; i < sizeof(startable) / sizeof(startable[0]); i++) {
        if (length > 4 && _stricmp(path + length - 4, startable[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* true: the search is over. */
static bool try_path(struct search *search, const char *dir, const char *extension)
{
    char *path = join(dir, search->name, extension);
    enum kind kind = path == NULL ? KIND_NOTHING : kind_of(path);

    search->memory_out = path == NULL;
    if (kind == KIND_FILE && has_startable_end(path)) {
        search->found = path;
        return true;
    }
    if (kind != KIND_NOTHING) {
        search->unstartable_seen = true;
    }
    free(path);
    return search->memory_out;
}

/* Calls try_path() with every part of a list separated by ';'. */
static bool try_extensions(struct search *search, const char *dir)
{
    const char *at = search->extensions;

    while (*at != '\0') {
        size_t length = strcspn(at, ";");
        char extension[16];

        if (length > 0 && length < sizeof(extension)) {
            memcpy(extension, at, length);
            extension[length] = '\0';
            if (try_path(search, dir, extension)) {
                return true;
            }
        }
        at += length + (at[length] == ';');
    }
    return false;
}

/* As cmd.exe does it: a name that has an extension stands for itself first. */
static bool try_directory(struct search *search, const char *dir)
{
    return try_path(search, dir, "") || try_extensions(search, dir);
}

/* Directories of PATH may be quoted and may be relative to the command's directory. Empty ones are left out: they do
 * not mean the current directory on Windows. */
static bool try_search_path(struct search *search, const char *path)
{
    bool over = false;

    while (!over && *path != '\0') {
        size_t length = strcspn(path, ";");
        const char *start = path;
        size_t size = length;
        char *dir;

        path += length + (path[length] == ';');
        if (size >= 2 && start[0] == '"' && start[size - 1] == '"') {
            start++;
            size -= 2;
        }
        if (size == 0) {
            continue;
        }
        dir = text_format("%.*s", (int)size, start);
        if (dir != NULL && !is_separator(dir[0]) && !has_drive(dir)) {
            char *absolute = join(search->cwd, dir, "");

            free(dir);
            dir = absolute;
        }
        search->memory_out = dir == NULL;
        over = dir == NULL || try_directory(search, dir);
        free(dir);
    }
    return over;
}

int process_find(const char *name, const char *path, const char *extensions, const char *cwd, char **found,
                 struct postern_error *error)
{
    struct search search = {.name = name,
                            .extensions = extensions != NULL && extensions[0] != '\0' ? extensions : USUAL_EXTENSIONS,
                            .cwd = cwd != NULL ? cwd : ""};

    if (name[0] == '\0') {
        return error_set(error, POSTERN_E_NOT_FOUND, "spawn", "", "the program name is empty");
    }
    if (is_separator(name[0]) || has_drive(name)) {
        try_directory(&search, "");
    } else if (strpbrk(name, "\\/") != NULL) {
        try_directory(&search, search.cwd);
    } else {
        try_search_path(&search, path != NULL ? path : "");
    }
    if (search.found != NULL) {
        *found = search.found;
        return POSTERN_OK;
    }
    if (search.memory_out) {
        return error_memory(error, "spawn");
    }
    if (search.unstartable_seen) {
        return error_set(error, POSTERN_E_NOT_EXECUTABLE, "spawn", "",
                         "'%s' is not a program: Windows starts files that end in .exe, .com, .bat or .cmd", name);
    }
    return error_set(error, POSTERN_E_NOT_FOUND, "spawn", "", "'%s' was not found", name);
}
