/*
 * resolve_protected_linux.c - finds what must stay read-only in writable directories; see resolve.h. Parent.
 *
 * What lies in these directories may be the work of commands of an earlier sandbox. A `.git` file is therefore read as
 * a hint: it can make more of what is writable read-only, and nothing else.
 */
#include "elevated/resolve_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/text.h"

static const char STAGE[] = "policy";

/* The rules are asked while paths are found, so what is found is added afterwards. */
struct search {
    const struct policy_rules *rules; /* settled */
    struct strings found;
};

static int cannot_look(const char *call, const char *path, struct postern_error *error)
{
    return error_os(error, POSTERN_E_POLICY, STAGE, call, errno, "%s, which has to be kept read-only", path);
}

/* ---- where git's directories are ---- */

/* The line in a small file of git's, without `prefix`, or "" when it holds none. */
static int read_line(const char *path, const char *prefix, char line[PATH_MAX], struct postern_error *error)
{
    char text[PATH_MAX + 16];
    struct stat status;
    ssize_t got = 0;
    line[0] = 0;
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? 0 : cannot_look("open", path, error);
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
        do
            got = read(file, text, sizeof(text) - 1);
        while (got < 0 && errno == EINTR);
    int result = got < 0 ? cannot_look("read", path, error) : 0;
    close(file);
    if (result != 0)
        return result;
    while (got > 0 && (text[got - 1] == '\n' || text[got - 1] == '\r'))
        got--;
    text[got] = 0;
    size_t skipped = strlen(prefix), length = (size_t)got;
    bool fits = length >= skipped && length - skipped < PATH_MAX && strlen(text) == length;
    if (fits && strncmp(text, prefix, skipped) == 0)
        memcpy(line, text + skipped, length - skipped + 1);
    return 0;
}

/* The directory that `text` means in `base`, if it exists and commands could write it; otherwise *out stays NULL: what
 * is not there git does not use, and everything else is read-only anyway. */
static int find_writable(const struct search *search, const char *base, const char *text, char **out,
                         struct postern_error *error)
{
    struct stat status;
    if (!*text)
        return 0;
    char *path = text[0] == '/' ? text_duplicate(text) : text_format("%s/%s", base, text);
    if (!path)
        return error_memory(error, STAGE);
    char *resolved = realpath(path, NULL);
    free(path);
    if (resolved && stat(resolved, &status) == 0 && S_ISDIR(status.st_mode) &&
        policy_access_of(search->rules, resolved) == POLICY_WRITE) {
        *out = resolved;
        return 0;
    }
    free(resolved);
    return 0;
}

static int add(struct search *search, const char *path, struct postern_error *error)
{
    return strings_add(&search->found, path) ? 0 : error_memory(error, STAGE);
}

/* What the working trees of one repository share: its hooks and configuration are there. */
static int add_common(struct search *search, const char *repository, struct postern_error *error)
{
    char line[PATH_MAX], *pointer = path_join(PATH_POSIX, repository, "commondir"), *common = NULL;
    int status = pointer ? read_line(pointer, "", line, error) : error_memory(error, STAGE);
    if (status == 0)
        status = find_writable(search, repository, line, &common, error);
    if (status == 0 && common)
        status = add(search, common, error);
    free(pointer);
    free(common);
    return status;
}

static int add_repository(struct search *search, const char *directory, const char *file, struct postern_error *error)
{
    char line[PATH_MAX], *repository = NULL;
    int status = read_line(file, "gitdir: ", line, error);
    if (status == 0)
        status = find_writable(search, directory, line, &repository, error);
    if (status == 0 && repository)
        status = add(search, repository, error);
    if (status == 0 && repository)
        status = add_common(search, repository, error);
    free(repository);
    return status;
}

/* ---- names in writable directories ---- */

/* Whether a rule gives writing to just this link, by name: rule->path is what it leads to, so the text counts. */
static bool is_lifted(const struct policy_rules *rules, const char *link)
{
    const char *name = strrchr(link, '/') + 1;
    for (size_t i = 0; i < rules->count; i++) {
        const struct policy_rule *rule = &rules->item[i];
        const char *said = resolve_said(rule), *slash = strrchr(said, '/');
        if (rule->access != POLICY_WRITE || !slash || strcmp(slash + 1, name) != 0)
            continue;
        char *above = text_format("%.*s/", (int)(slash - said), said);
        char *resolved = above ? realpath(above, NULL) : NULL;
        size_t length = resolved ? strlen(resolved) : 0;
        bool same = resolved && strncmp(resolved, link, length) == 0 && strcmp(link + length, slash) == 0;
        free(above);
        free(resolved);
        if (same)
            return true;
    }
    return false;
}

/* No mount can keep a link to a directory from being replaced, and git follows whatever then lies there. */
static int refuse_link(const char *path, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_POLICY, STAGE, "",
                         "%s is a symbolic link, which cannot be kept read-only in a writable directory", path);
    error_remedy(error, "put what it leads to in its place, or let commands change it by granting it by name "
                        "(--rw PATH)");
    return code;
}

static int protect(struct search *search, const char *directory, const char *path, bool git,
                   struct postern_error *error)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return errno == ENOENT ? 0 : cannot_look("lstat", path, error);
    if (S_ISLNK(status.st_mode))
        return is_lifted(search->rules, path) ? 0 : refuse_link(path, error);
    int result = add(search, path, error);
    if (result == 0 && git && S_ISREG(status.st_mode))
        result = add_repository(search, directory, path, error);
    if (result == 0 && git && S_ISDIR(status.st_mode))
        result = add_common(search, path, error);
    return result;
}

static int search_directory(struct search *search, const char *directory, struct postern_error *error)
{
    int status = 0;
    for (const char *const *name = policy_protected_names; status == 0 && *name; name++) {
        char *path = path_join(PATH_POSIX, directory, *name);
        status =
            path ? protect(search, directory, path, strcmp(*name, ".git") == 0, error) : error_memory(error, STAGE);
        free(path);
    }
    return status;
}

static int add_rule(struct policy_rules *rules, const char *path, enum postern_level level, struct postern_error *error)
{
    bool file;
    int status = policy_add_rule(rules, path, POLICY_READ, POLICY_PROTECTED, error);
    if (status != 0)
        return status;
    struct policy_rule *rule = &rules->item[rules->count - 1];
    rule->delegated = level == POSTERN_LEVEL_ELEVATED; /* as the directory is that it lies in */
    return resolve_facts(rule, &file, error);
}

int resolve_protected(struct policy *policy, enum postern_level level, struct postern_error *error)
{
    struct policy_rules *rules = &policy->rules;
    struct search search = {.rules = rules};
    int status = 0;
    for (size_t i = 0; status == 0 && i < rules->count; i++)
        if (rules->item[i].access == POLICY_WRITE && rules->item[i].directory)
            status = search_directory(&search, rules->item[i].path, error);
    for (size_t i = 0; status == 0 && i < search.found.count; i++)
        status = add_rule(rules, search.found.item[i], level, error);
    strings_free(&search.found);
    return status;
}
