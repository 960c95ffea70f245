/*
 * find_windows.c - which file a command's name means on Windows, see find_windows.h. Both sides of the tests, the
 * runner's side of the boundary.
 */
#include "shared/find_windows.h"

#include <stdlib.h>
#include <string.h>

#include "shared/error.h"
#include "shared/text.h"

#define STAGE "spawn"
#define USUAL_EXTENSIONS ".COM;.EXE;.BAT;.CMD"
#define EXTENSION_LENGTH 4u /* of each of these */
#define APPS_REMEDY                                                                                                    \
    "install the program other than from the Store (its own installer, or winget --source winget) and name that one, " \
    "or turn the alias off under Manage app execution aliases"

/* What process_spawn() can start. PATHEXT also names scripts of other interpreters, which the shell would start by
 * their file association; that is for the command to do. */
static const char *const startable[] = {".com", ".exe", ".bat", ".cmd"};

struct search {
    const struct find_query *query;
    const struct find_files *files;
    const char *extensions;
    char *found;
    char *app, *denied, *other; /* the first of each that was passed over */
    bool memory_out;
};

/* ---- text --------------------------------------------------------------------------------------------------- */

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_equal(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (fold(a[i]) != fold(b[i]) || a[i] == '\0') {
            return false;
        }
    }
    return true;
}

static bool is_separator(char c)
{
    return c == '\\' || c == '/';
}

static bool has_drive(const char *path)
{
    return fold(path[0]) >= 'a' && fold(path[0]) <= 'z' && path[1] == ':';
}

/* "\\server\share", "\\?\C:\dir", "\\.\device" */
static bool is_unc(const char *path)
{
    return is_separator(path[0]) && is_separator(path[1]);
}

static bool is_startable(const char *path)
{
    size_t length = strlen(path);

    for (size_t i = 0; i < sizeof(startable) / sizeof(startable[0]); i++) {
        if (length > EXTENSION_LENGTH && is_equal(path + length - EXTENSION_LENGTH, startable[i], EXTENSION_LENGTH)) {
            return true;
        }
    }
    return false;
}

bool find_windows_is_app(const char *path)
{
    static const char apps[] = "WindowsApps";
    size_t length = sizeof(apps) - 1;

    for (const char *at = path; *at != '\0'; at += strcspn(at, "\\/")) {
        at += strspn(at, "\\/");
        if (strcspn(at, "\\/") == length && is_equal(at, apps, length) && at[length] != '\0') {
            return true;
        }
    }
    return false;
}

/* The part of an absolute path that "\x" is relative to: "C:", "\\server\share", "\\?\C:". */
static size_t root_length(const char *path)
{
    size_t length = 0;

    if (has_drive(path)) {
        return 2;
    }
    if (!is_unc(path)) {
        return 0;
    }
    for (int component = 0; component < 2; component++) {
        length += strspn(path + length, "\\/");
        length += strcspn(path + length, "\\/");
    }
    return length;
}

/* The absolute form of a path as it was written: allocated, NULL when memory is out. `base` is absolute. */
static char *absolute_path(const char *base, const char *path)
{
    size_t length = strlen(base);
    const char *between = length > 0 && is_separator(base[length - 1]) ? "" : "\\";
    char *out;

    if (has_drive(path) || is_unc(path)) {
        out = text_duplicate(path);
    } else if (is_separator(path[0])) {
        out = text_format("%.*s%s", (int)root_length(base), base, path);
    } else {
        out = text_format("%s%s%s", base, between, path);
    }
    for (char *at = out; at != NULL && *at != '\0'; at++) {
        *at = *at == '/' ? '\\' : *at;
    }
    return out;
}

/* ---- looking ------------------------------------------------------------------------------------------------ */

/* Keeps the first; takes the path. */
static void pass_over(char **kept, char *path)
{
    if (*kept == NULL) {
        *kept = path;
    } else {
        free(path);
    }
}

/* true: the search is over. */
static bool try_file(struct search *search, const char *stem, const char *extension)
{
    char *path = text_format("%s%s", stem, extension);
    enum find_kind kind = path == NULL ? FIND_NOTHING : search->files->look(search->files->context, path);

    search->memory_out = path == NULL;
    if (kind == FIND_NOTHING) {
        free(path);
    } else if (kind == FIND_OTHER || !is_startable(path)) {
        pass_over(&search->other, path);
    } else if (kind == FIND_ALIAS || find_windows_is_app(path)) {
        pass_over(&search->app, path);
    } else if (kind == FIND_DENIED) {
        pass_over(&search->denied, path);
    } else {
        search->found = path;
    }
    return search->found != NULL || search->memory_out;
}

/* The part of a list up to a semicolon, without the blanks around it. *at: what follows. */
static size_t next_extension(const char **at, const char **start)
{
    size_t length = strcspn(*at, ";");
    const char *begin = *at + strspn(*at, " ");
    const char *end = *at + length;

    *at = end + (*end == ';');
    while (end > begin && end[-1] == ' ') {
        end--;
    }
    *start = begin;
    return end > begin ? (size_t)(end - begin) : 0;
}

/* `stem`: the file's absolute path, perhaps without its ending. */
static bool try_stem(struct search *search, const char *stem)
{
    const char *at = search->extensions;
    bool over = try_file(search, stem, "");

    while (!over && *at != '\0') {
        const char *start;
        char extension[EXTENSION_LENGTH + 1];

        /* Endings that can't be started are left out: tool.js shall not hide a tool.exe further on. */
        if (next_extension(&at, &start) == EXTENSION_LENGTH) {
            memcpy(extension, start, EXTENSION_LENGTH);
            extension[EXTENSION_LENGTH] = '\0';
            over = extension[0] == '.' && try_file(search, stem, extension);
        }
    }
    return over;
}

static bool try_in(struct search *search, const char *directory, const char *name)
{
    char *stem = absolute_path(directory, name);
    bool over;

    search->memory_out = stem == NULL;
    over = stem == NULL || try_stem(search, stem);
    free(stem);
    return over;
}

/* Copies an entry without its quotes to `out`; returns what follows it. */
static const char *next_entry(const char *at, char *out)
{
    bool quoted = false;

    for (; *at != '\0' && (quoted || *at != ';'); at++) {
        if (*at == '"') {
            quoted = !quoted;
        } else {
            *out++ = *at;
        }
    }
    *out = '\0';
    return *at == ';' ? at + 1 : at;
}

/* Entries that depend on a directory of ours ("C:bin", or a relative one without a cwd) are left out. */
static bool is_usable(const char *entry, const char *cwd)
{
    if (has_drive(entry)) {
        return is_separator(entry[2]);
    }
    return entry[0] != '\0' && (is_unc(entry) || cwd != NULL);
}

static void try_search_path(struct search *search)
{
    const char *at = search->query->path != NULL ? search->query->path : "";
    const char *cwd = search->query->cwd;
    char *entry = malloc(strlen(at) + 1);
    bool over = entry == NULL;

    search->memory_out = over;
    while (!over && *at != '\0') {
        at = next_entry(at, entry);
        if (is_usable(entry, cwd)) {
            char *directory = absolute_path(cwd != NULL ? cwd : "", entry);

            search->memory_out = directory == NULL;
            over = directory == NULL || try_in(search, directory, search->query->name);
            free(directory);
        }
    }
    free(entry);
}

/* ---- the answer --------------------------------------------------------------------------------------------- */

static int check_name(const struct find_query *query, bool *is_path, struct postern_error *error)
{
    const char *name = query->name;
    const char *colon = strchr(has_drive(name) ? name + 2 : name, ':');
    int code;

    *is_path = strpbrk(name, "\\/") != NULL || has_drive(name);
    if (name[0] == '\0') {
        return error_set(error, POSTERN_E_NOT_FOUND, STAGE, "", "the program name is empty");
    }
    if (has_drive(name) && !is_separator(name[2])) {
        code = error_set(error, POSTERN_E_INVALID, STAGE, "", "'%s' depends on the current directory of a drive", name);
        error_remedy(error, "name the whole path, with a backslash behind the drive");
        return code;
    }
    if (colon != NULL && !is_unc(name)) {
        return error_set(error, POSTERN_E_NOT_FOUND, STAGE, "",
                         "'%s' is no name of a file: a colon starts an alternate stream", name);
    }
    if (*is_path && !is_unc(name) && !has_drive(name) && query->cwd == NULL) {
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "'%s' is relative to no directory", name);
    }
    return POSTERN_OK;
}

static int not_found(const struct search *search, struct postern_error *error)
{
    const char *name = search->query->name;
    int code;

    if (search->memory_out) {
        return error_memory(error, STAGE);
    }
    if (search->app != NULL) {
        code =
            error_set(error, POSTERN_E_NOT_EXECUTABLE, STAGE, "",
                      "'%s' is only there as '%s': an app of the Store, or an alias for one, which Windows starts for "
                      "the user it is installed for and for no confined command",
                      name, search->app);
        error_remedy(error, APPS_REMEDY);
        return code;
    }
    if (search->denied != NULL) {
        code = error_set(error, POSTERN_E_NOT_EXECUTABLE, STAGE, "",
                         "'%s' is '%s', which the sandbox user may not read", name, search->denied);
        error_remedy(error, "let the sandbox user read and execute the file");
        return code;
    }
    if (search->other != NULL) {
        return error_set(error, POSTERN_E_NOT_EXECUTABLE, STAGE, "",
                         "'%s' is '%s', which is not a program: Windows starts files that end in .exe, .com, .bat or "
                         ".cmd",
                         name, search->other);
    }
    return error_set(error, POSTERN_E_NOT_FOUND, STAGE, "", "'%s' was not found", name);
}

/* Runs the search; what was passed over stays in *search. POSTERN_E_INVALID: a name that means nothing. */
static int run_search(struct search *search, struct postern_error *error)
{
    const char *extensions = search->query->extensions;
    const char *cwd = search->query->cwd;
    bool is_path;
    int code = check_name(search->query, &is_path, error);

    if (code != POSTERN_OK) {
        return code;
    }
    search->extensions = extensions != NULL && extensions[0] != '\0' ? extensions : USUAL_EXTENSIONS;
    if (is_path) {
        (void)try_in(search, cwd != NULL ? cwd : "", search->query->name);
    } else {
        try_search_path(search);
    }
    return POSTERN_OK;
}

bool find_windows_apps(const struct find_query *query, const struct find_files *files, char **passed, char **found)
{
    struct search search = {.query = query, .files = files};
    bool whole = run_search(&search, NULL) != POSTERN_OK || !search.memory_out;

    /* The search ends with what it finds, so what it has passed over comes before that. */
    *passed = search.app;
    *found = search.found;
    free(search.denied);
    free(search.other);
    return whole;
}

bool find_windows_app_directories(const struct find_query *query, struct strings *out)
{
    const char *at = query->path != NULL ? query->path : "";
    char *entry = malloc(strlen(at) + 1);
    bool whole = entry != NULL;

    while (whole && *at != '\0') {
        at = next_entry(at, entry);
        if (is_usable(entry, query->cwd)) {
            char *directory = absolute_path(query->cwd != NULL ? query->cwd : "", entry);
            char *inside = directory != NULL ? absolute_path(directory, "x") : NULL;

            whole = inside != NULL && (!find_windows_is_app(inside) || strings_add(out, directory));
            free(inside);
            free(directory);
        }
    }
    free(entry);
    return whole;
}

const char *find_windows_app_remedy(void)
{
    return APPS_REMEDY;
}

int find_windows(const struct find_query *query, const struct find_files *files, char **found,
                 struct postern_error *error)
{
    struct search search = {.query = query, .files = files};
    int code = run_search(&search, error);

    if (code != POSTERN_OK) {
        return code;
    }
    *found = search.found;
    code = search.found != NULL ? POSTERN_OK : not_found(&search, error);
    free(search.app);
    free(search.denied);
    free(search.other);
    return code;
}
