/*
 * resolve_protected.c - finds what must stay read-only in writable directories, and what commands have made there
 * instead; see resolve.h. Portable. Parent.
 *
 * What lies in these directories may be the work of commands of an earlier sandbox. A `.git` file is therefore read as
 * a hint: it can make more of what is writable read-only, and nothing else.
 */
#include "elevated/resolve_host.h"

#include <stdlib.h>
#include <string.h>

#include "shared/system.h"
#include "shared/text.h"

static const char STAGE[] = "policy";

/* The rules are asked while paths are found, so what is found is added afterwards. */
struct search {
    const struct policy_rules *rules; /* settled */
    struct strings found;
};

static int add(struct search *search, const char *path, struct postern_error *error)
{
    return strings_add(&search->found, path) ? 0 : error_memory(error, STAGE);
}

/* ---- where git's directories are ---- */

/* The path in a small file of git's, behind `prefix`; "" when it holds none. As git reads it: one line, and a path that
 * is too long is none. */
static int read_pointer(const char *file, const char *prefix, char out[PATH_SIZE_MAX], struct postern_error *error)
{
    char text[PATH_SIZE_MAX + 16];
    size_t length = 0, skipped = strlen(prefix);
    int status = resolve_read_hint(file, text, sizeof(text), &length, error);
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        text[--length] = 0;
    out[0] = 0;
    if (status == 0 && strlen(text) == length && strncmp(text, prefix, skipped) == 0 &&
        length - skipped < PATH_SIZE_MAX)
        memcpy(out, text + skipped, length - skipped + 1);
    return status;
}

/* The directory that `text` means in `base`, if it exists and commands could write it; otherwise *out stays NULL: what
 * is not there git does not use, and everything else is read-only anyway. */
static int find_writable(const struct search *search, const char *base, const char *text, char **out,
                         struct postern_error *error)
{
    enum resolve_kind kind;
    char *resolved = NULL, *canonical = NULL;
    int64_t ignored;
    if (!*text)
        return 0;
    char *path = system_path_is_absolute(text) ? text_duplicate(text) : text_format("%s/%s", base, text);
    if (!path)
        return error_memory(error, STAGE);
    bool there = resolve_follow(path, &resolved, &ignored) == RESOLVE_FOUND &&
                 resolve_look(resolved, &kind, &ignored) == RESOLVE_FOUND && kind == RESOLVE_DIRECTORY;
    int status = there ? path_canonical(search->rules->style, resolved, "where .git points to", &canonical, error) : 0;
    free(path);
    free(resolved);
    if (canonical && policy_access_of(search->rules, canonical) == POLICY_WRITE)
        *out = canonical;
    else
        free(canonical);
    return status;
}

/* What the working trees of one repository share: its hooks and configuration are there. */
static int add_common(struct search *search, const char *repository, struct postern_error *error)
{
    char text[PATH_SIZE_MAX], *file = path_join(search->rules->style, repository, "commondir"), *common = NULL;
    int status = file ? read_pointer(file, "", text, error) : error_memory(error, STAGE);
    if (status == 0)
        status = find_writable(search, repository, text, &common, error);
    if (status == 0 && common)
        status = add(search, common, error);
    free(file);
    free(common);
    return status;
}

static int add_repository(struct search *search, const char *directory, const char *file, struct postern_error *error)
{
    char text[PATH_SIZE_MAX], *repository = NULL;
    int status = read_pointer(file, "gitdir: ", text, error);
    if (status == 0)
        status = find_writable(search, directory, text, &repository, error);
    if (status == 0 && repository)
        status = add(search, repository, error);
    if (status == 0 && repository)
        status = add_common(search, repository, error);
    free(repository);
    return status;
}

/* ---- names in writable directories ---- */

/* Whether this rule gives writing to just this link, by name: its path is what the link leads to, so the text counts.
 */
static bool names_link(const struct policy_rule *rule, enum path_style style, const char *link)
{
    char separator = style == PATH_POSIX ? '/' : '\\', *said = NULL, *resolved = NULL;
    const char *name = strrchr(link, separator);
    int64_t ignored;
    if (rule->access != POLICY_WRITE || path_canonical(style, resolve_said(rule), "", &said, NULL) != 0)
        return false;
    char *last = strrchr(said, separator);
    bool same = last && strcmp(last, name) == 0;
    if (same) {
        last[1] = 0; /* the directory, which may be said with links */
        same = resolve_follow(said, &resolved, &ignored) == RESOLVE_FOUND &&
               strlen(resolved) == (size_t)(name - link) && strncmp(resolved, link, strlen(resolved)) == 0;
    }
    free(said);
    free(resolved);
    return same;
}

static bool is_lifted(const struct policy_rules *rules, const char *link)
{
    for (size_t i = 0; i < rules->count; i++)
        if (names_link(&rules->item[i], rules->style, link))
            return true;
    return false;
}

/* No mount can keep a link to a directory from being replaced, and git follows whatever then lies there. */
static int refuse_link(const char *path, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_POLICY, STAGE, "",
                         "%s is a symbolic link, which cannot be kept read-only in a writable directory", path);
    error_remedy(error, "put what it leads to in its place, or let commands change it by naming it: --rw PATH");
    return code;
}

static int protect(struct search *search, const char *directory, const char *path, bool git,
                   struct postern_error *error)
{
    enum resolve_kind kind;
    int64_t number = 0;
    enum resolve_answer answer = resolve_look(path, &kind, &number);
    if (answer == RESOLVE_MISSING)
        return 0;
    if (answer != RESOLVE_FOUND)
        return error_os(error, POSTERN_E_POLICY, STAGE, "look", number, "%s, which has to be kept read-only", path);
    if (kind == RESOLVE_LINK)
        return is_lifted(search->rules, path) ? 0 : refuse_link(path, error);
    int status = add(search, path, error);
    if (status == 0 && git && kind == RESOLVE_FILE)
        status = add_repository(search, directory, path, error);
    if (status == 0 && git && kind == RESOLVE_DIRECTORY)
        status = add_common(search, path, error);
    return status;
}

static int search_directory(struct search *search, const char *directory, struct postern_error *error)
{
    int status = 0;
    for (const char *const *name = policy_protected_names; status == 0 && *name; name++) {
        char *path = path_join(search->rules->style, directory, *name);
        status =
            path ? protect(search, directory, path, strcmp(*name, ".git") == 0, error) : error_memory(error, STAGE);
        free(path);
    }
    return status;
}

int resolve_add_protected(struct policy_rules *rules, const char *path, enum postern_level level,
                          struct postern_error *error)
{
    enum resolve_kind kind;
    int status = policy_add_rule(rules, path, POLICY_READ, POLICY_PROTECTED, error);
    if (status != 0)
        return status;
    struct policy_rule *rule = &rules->item[rules->count - 1];
    rule->delegated = level == POSTERN_LEVEL_ELEVATED; /* as the directory is that it lies in */
    return resolve_facts(rule, &kind, error);
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
        status = resolve_add_protected(rules, search.found.item[i], level, error);
    strings_free(&search.found);
    policy_settle(rules);
    return status;
}

/* ---- names that are not there ---- */

static int add_unprotected(const struct policy_rules *rules, const struct policy_rule *rule, struct strings *out,
                           struct postern_error *error)
{
    for (const char *const *name = policy_protected_names; *name; name++) {
        char *path = path_join(rules->style, rule->path, *name);
        if (path && policy_deciding_rule(rules, path) != rule) /* what exists has a rule of its own by now */
            free(path);
        else if (!strings_add_owned(out, path))
            return error_memory(error, STAGE);
    }
    return 0;
}

int resolve_unprotected(const struct policy_rules *rules, struct strings *out, struct postern_error *error)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < rules->count; i++)
        if (rules->item[i].access == POLICY_WRITE && rules->item[i].directory)
            status = add_unprotected(rules, &rules->item[i], out, error);
    return status;
}

int resolve_made(const struct strings *paths, struct strings *out, struct postern_error *error)
{
    for (size_t i = 0; i < paths->count; i++) {
        enum resolve_kind kind;
        int64_t ignored;
        if (resolve_look(paths->item[i], &kind, &ignored) != RESOLVE_MISSING && !strings_add(out, paths->item[i]))
            return error_memory(error, STAGE);
    }
    return 0;
}
