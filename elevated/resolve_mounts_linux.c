/*
 * resolve_mounts_linux.c - what a writable directory holds by way of mounts and commands must not write all the same;
 * see resolve.h. Parent.
 *
 * Trees that are the root of another system, to build or to repair it, have the host's /proc, /sys or /etc mounted in
 * them. By name none of these can be made writable, and where else they are mounted must not make a difference.
 */
#include "elevated/resolve_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

static const char STAGE[] = "policy";

/* ---- the mounts there are ---- */

struct mount {
    char *line; /* allocated; the others point into it */
    char *device, *root, *point, *type;
};

struct mounts {
    struct mount *item;
    size_t count, capacity;
};

static void mounts_free(struct mounts *mounts)
{
    for (size_t i = 0; i < mounts->count; i++)
        free(mounts->item[i].line);
    free(mounts->item);
    *mounts = (struct mounts){0};
}

/* In place: the kernel writes blanks, newlines and backslashes as three octal digits. */
static void decode(char *text)
{
    char *out = text;
    for (; *text; out++) {
        bool escaped = text[0] == '\\' && strspn(text + 1, "01234567") >= 3;
        *out = escaped ? (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0')) : *text;
        text += escaped ? 4 : 1;
    }
    *out = 0;
}

/* "id parent major:minor root point options [tags...] - type source options" */
static bool parse(char *line, struct mount *out)
{
    char *rest = line;
    out->line = line;
    if (!strsep(&rest, " ") || !strsep(&rest, " "))
        return false;
    out->device = strsep(&rest, " ");
    out->root = strsep(&rest, " ");
    out->point = strsep(&rest, " ");
    for (char *field = ""; field && strcmp(field, "-") != 0;)
        field = strsep(&rest, " ");
    out->type = strsep(&rest, " ");
    if (!out->type)
        return false;
    decode(out->root);
    decode(out->point);
    return out->root[0] == '/' && out->point[0] == '/';
}

/* Takes the line. false: memory is out. */
static bool add_line(struct mounts *mounts, char *line)
{
    struct mount mount;
    if (!line || !parse(line, &mount)) {
        free(line);
        return line != NULL;
    }
    if (mounts->count == mounts->capacity) {
        size_t capacity = mounts->capacity ? mounts->capacity * 2 : 64;
        struct mount *item = realloc(mounts->item, capacity * sizeof(*item));
        if (!item) {
            free(line);
            return false;
        }
        mounts->item = item;
        mounts->capacity = capacity;
    }
    mounts->item[mounts->count++] = mount;
    return true;
}

static int read_mounts(struct mounts *out, struct postern_error *error)
{
    FILE *file = fopen("/proc/self/mountinfo", "re");
    char *line = NULL;
    size_t size = 0;
    bool added = true;
    if (!file) {
        error_os(error, POSTERN_E_POLICY, STAGE, "fopen", errno, "/proc/self/mountinfo, the list of mounts");
        error_remedy(error, "mount /proc");
        return POSTERN_E_POLICY;
    }
    while (added && getline(&line, &size, file) > 0)
        added = add_line(out, text_duplicate(line));
    free(line);
    fclose(file);
    return added ? 0 : error_memory(error, STAGE);
}

/* The one that a path lies in: the deepest, and of several at one point the last. */
static const struct mount *find_cover(const struct mounts *mounts, const char *path)
{
    const struct mount *found = NULL;
    for (size_t i = 0; i < mounts->count; i++) {
        const struct mount *mount = &mounts->item[i];
        if (path_is_beneath(PATH_POSIX, path, mount->point) && (!found || strlen(mount->point) >= strlen(found->point)))
            found = mount;
    }
    return found;
}

/* ---- which of them are the system's ---- */

static bool is_of_kernel(const struct mount *mount)
{
    static const char *const types[] = {"binfmt_misc", "bpf",      "cgroup",   "cgroup2",    "configfs",  "debugfs",
                                        "devpts",      "devtmpfs", "efivarfs", "fusectl",    "mqueue",    "nfsd",
                                        "proc",        "pstore",   "resctrl",  "rpc_pipefs", "selinuxfs", "securityfs",
                                        "smackfs",     "sysfs",    "tracefs",  "xenfs"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(mount->type, types[i]) == 0)
            return true;
    }
    return false;
}

/* What follows a directory in a path that is beneath it: "" or "/...". */
static const char *rest_of(const char *path, const char *directory)
{
    const char *rest = path + (strcmp(directory, "/") == 0 ? 0 : strlen(directory));
    return strcmp(rest, "/") == 0 ? "" : rest;
}

static char *join(const char *directory, const char *rest)
{
    if (strcmp(directory, "/") != 0)
        return text_format("%s%s", directory, rest);
    return text_duplicate(*rest ? rest : "/");
}

/* Why `path`, which lies in `mount`, must not be written under another name it has by another mount of the same file
 * system. *why stays NULL: it may. */
static int find_objection(const struct mounts *mounts, const struct mount *mount, const char *path,
                          const struct resolve_caller *caller, const char **why, struct postern_error *error)
{
    char *inner = join(mount->root, rest_of(path, mount->point)); /* in the file system */
    int status = inner ? 0 : error_memory(error, STAGE);
    *why = is_of_kernel(mount) ? "it is a file system of the kernel's" : NULL;
    for (size_t i = 0; status == 0 && !*why && i < mounts->count; i++) {
        const struct mount *other = &mounts->item[i];
        if (other == mount || strcmp(other->device, mount->device) != 0 ||
            !path_is_beneath(PATH_POSIX, inner, other->root))
            continue;
        char *name = join(other->point, rest_of(inner, other->root));
        if (!name)
            status = error_memory(error, STAGE);
        else if (find_cover(mounts, name) == other)
            *why = resolve_objection(name, caller);
        free(name);
    }
    free(inner);
    return status;
}

/* ---- the rules ---- */

static int check_rule(const struct mounts *mounts, const struct policy_rule *rule, const struct resolve_caller *caller,
                      struct postern_error *error)
{
    const struct mount *mount = find_cover(mounts, rule->path);
    const char *why = NULL;
    int status = mount ? find_objection(mounts, mount, rule->path, caller, &why, error) : 0;
    if (!why)
        return status;
    error_set(error, POSTERN_E_POLICY, STAGE, "", "%s, by a mount at %s, cannot be writable: %s", resolve_said(rule),
              mount->point, why);
    error_remedy(error, "name what commands have to change, and nothing else");
    return POSTERN_E_POLICY;
}

/* Collects the mounts in writable directories that have to be protected. */
static int search(const struct mounts *mounts, const struct policy_rules *rules, const struct resolve_caller *caller,
                  struct strings *found, struct postern_error *error)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < mounts->count; i++) {
        const struct mount *mount = &mounts->item[i];
        const char *why = NULL;
        enum resolve_kind kind;
        int64_t ignored;
        if (policy_access_of(rules, mount->point) != POLICY_WRITE || find_cover(mounts, mount->point) != mount)
            continue;
        status = find_objection(mounts, mount, mount->point, caller, &why, error);
        /* what we cannot reach commands do not either; at level elevated we reach everything */
        if (why && resolve_look(mount->point, &kind, &ignored) == RESOLVE_FOUND && !strings_add(found, mount->point))
            status = error_memory(error, STAGE);
    }
    return status;
}

static bool writes(const struct policy_rules *rules)
{
    bool found = false;
    for (size_t i = 0; !found && i < rules->count; i++)
        found = rules->item[i].access == POLICY_WRITE;
    return found;
}

int resolve_mounts(struct policy *policy, enum postern_level level, struct postern_error *error)
{
    struct policy_rules *rules = &policy->rules;
    struct resolve_caller caller = {{NULL, NULL}};
    struct mounts mounts = {0};
    struct strings found = {0};
    if (!writes(rules))
        return 0;
    int status = resolve_find_caller(&caller, error);
    if (status == 0)
        status = read_mounts(&mounts, error);
    for (size_t i = 0; status == 0 && i < rules->count; i++) {
        if (rules->item[i].access == POLICY_WRITE)
            status = check_rule(&mounts, &rules->item[i], &caller, error);
    }
    if (status == 0)
        status = search(&mounts, rules, &caller, &found, error);
    for (size_t i = 0; status == 0 && i < found.count; i++)
        status = resolve_add_protected(rules, found.item[i], level, error);
    policy_settle(rules);
    strings_free(&found);
    mounts_free(&mounts);
    free(caller.home[0]);
    free(caller.home[1]);
    return status;
}
