/*
 * resolve_linux.c - the paths of a policy as this host has them; see resolve.h. Parent. The paths are the caller's, but
 * what lies there may have been made by commands of an earlier sandbox, and other users may change it meanwhile: facts
 * are taken from what a path without links leads to, and the keeper compares them when it mounts.
 */
#include "elevated/resolve_linux.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elevated/host_linux.h"
#include "elevated/workspace_linux.h"
#include "shared/text.h"

static const char STAGE[] = "policy";

const char *resolve_said(const struct policy_rule *rule)
{
    return rule->said ? rule->said : rule->path;
}

/* ---- where it leads ---- */

/* Takes `path`, which is the system's answer: it may hold what no policy can, a newline for one. */
static int set_path(struct policy_rule *rule, char *path, struct postern_error *error)
{
    char *canonical = NULL;
    if (!path)
        return error_memory(error, STAGE);
    int status = path_canonical(PATH_POSIX, path, resolve_said(rule), &canonical, error);
    free(path);
    if (status != 0)
        return status;
    if (rule->said)
        free(rule->path);
    else
        rule->said = rule->path;
    rule->path = canonical;
    return 0;
}

static int cannot_resolve(const struct policy_rule *rule, int number, struct postern_error *error)
{
    error_os(error, POSTERN_E_POLICY, STAGE, "realpath", number, "%s (%s)", resolve_said(rule),
             policy_access_name(rule->access));
    if (number == ENOENT || number == ENOTDIR)
        error_remedy(error, "make it or leave it out of the policy; only denied paths may be missing");
    return POSTERN_E_POLICY;
}

/* The last name that there is, `link`, is a symbolic link: what it will lead to one day cannot be known. */
static int leads_nowhere(const struct policy_rule *rule, const char *link, int number, struct postern_error *error)
{
    if (number != ENOENT && number != ENOTDIR)
        return cannot_resolve(rule, number, error);
    error_set(error, POSTERN_E_POLICY, STAGE, "realpath", "%s (%s): %s is a symbolic link that leads nowhere",
              resolve_said(rule), policy_access_name(rule->access), link);
    error_remedy(error, "remove the link, or name what it should lead to");
    return POSTERN_E_POLICY;
}

/* How much of a path there is: the length of the longest beginning that can be looked at. */
static int measure_existing(const struct policy_rule *rule, char *path, struct postern_error *error)
{
    struct stat status;
    while (lstat(path, &status) != 0) {
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
            return cannot_resolve(rule, errno, error);
        char *slash = strrchr(path, '/');
        slash[slash == path ? 1 : 0] = 0; /* there always is "/" itself */
    }
    return 0;
}

/* realpath() has failed with `number`. */
static int resolve_missing(struct policy_rule *rule, int number, struct postern_error *error)
{
    char *existing = text_duplicate(rule->path), *above = NULL;
    int status = existing ? measure_existing(rule, existing, error) : error_memory(error, STAGE);
    if (status != 0)
        goto out;
    above = realpath(existing, NULL);
    if (!above) {
        status = leads_nowhere(rule, existing, errno, error);
        goto out;
    }
    rule->missing = number != EACCES && strcmp(existing, rule->path) != 0;
    if (rule->missing) {
        const char *rest = rule->path + (existing[1] ? strlen(existing) : 0);
        status = set_path(rule, text_format("%s%s", above[1] ? above : "", rest), error);
    } else {
        /* nobody gets past that directory with the caller's rights, and so it stays if it is denied as a whole; or
         * the path has come to be since */
        status = set_path(rule, above, error);
        above = NULL;
    }
out:
    free(existing);
    free(above);
    return status;
}

int resolve_facts(struct policy_rule *rule, bool *file, struct postern_error *error)
{
    struct workspace found;
    int status = workspace_inspect(rule->path, &found, error);
    if (status != 0)
        return status;
    *file = S_ISREG(found.mode);
    rule->directory = S_ISDIR(found.mode);
    rule->device = found.device;
    rule->inode = found.inode;
    rule->uid = found.uid;
    rule->gid = found.gid;
    return 0;
}

int resolve_rule(struct policy_rule *rule, bool *file, struct postern_error *error)
{
    char *resolved = realpath(rule->path, NULL);
    int status = 0;
    *file = false;
    if (resolved && strcmp(resolved, rule->path) == 0)
        free(resolved);
    else if (resolved)
        status = set_path(rule, resolved, error);
    else if (errno == ENOENT || errno == ENOTDIR || (errno == EACCES && rule->access == POLICY_DENIED))
        status = resolve_missing(rule, errno, error);
    else
        status = cannot_resolve(rule, errno, error);
    return status == 0 && !rule->missing ? resolve_facts(rule, file, error) : status;
}

/* ---- may it be written, and with whose rights ---- */

/* The caller's home directories, as the account files and as the environment have it. */
struct homes {
    char *path[2];
};

static void free_homes(struct homes *homes)
{
    free(homes->path[0]);
    free(homes->path[1]);
}

static char *without_links(const char *path)
{
    char *resolved = realpath(path, NULL);
    return resolved ? resolved : text_duplicate(path);
}

static int find_homes(struct homes *out, struct postern_error *error)
{
    struct host_accounts accounts;
    const char *variable = getenv("HOME");
    char *name = NULL, *home = NULL;
    int status = host_read_accounts(&accounts, error);
    if (status != 0)
        return status;
    status = host_caller(&accounts, geteuid(), &name, &home, error);
    host_accounts_free(&accounts);
    if (status != 0)
        return status;
    out->path[0] = without_links(home);
    out->path[1] = without_links(variable && variable[0] == '/' ? variable : home);
    free(name);
    free(home);
    return out->path[0] && out->path[1] ? 0 : error_memory(error, STAGE);
}

static int refuse_write(const struct policy_rule *rule, const char *why, struct postern_error *error)
{
    bool workspace = rule->source == POLICY_FROM_PRESET;
    bool same = strcmp(resolve_said(rule), rule->path) == 0;
    error_set(error, POSTERN_E_POLICY, workspace ? "workspace" : STAGE, "", "%s%s%s cannot be %s: %s",
              resolve_said(rule), same ? "" : ", which is ", same ? "" : rule->path,
              workspace ? "the workspace" : "writable", why);
    error_remedy(error, workspace ? "name a directory that holds the project and nothing else"
                                  : "name what commands have to change, and nothing else");
    return POSTERN_E_POLICY;
}

static int check_write(const struct policy_rule *rule, const struct homes *homes, bool file,
                       struct postern_error *error)
{
    const char *why = workspace_objection(rule->path, homes->path[0]);
    if (!why)
        why = workspace_objection(rule->path, homes->path[1]);
    if (!why && !rule->directory && !file)
        why = "it is neither a file nor a directory";
    return why ? refuse_write(rule, why, error) : 0;
}

/* Another user gets the owner's rights only to what was named; what all users share it reads with its own. Handing on
 * the rights to a socket or device would be more than reading. */
static bool is_delegated(const struct policy_rule *rule, bool file)
{
    bool named = rule->source == POLICY_FROM_FILE || rule->source == POLICY_FROM_OPTION;
    if (rule->access == POLICY_WRITE)
        return true;
    return rule->access == POLICY_READ && named && (rule->directory || file) && !workspace_is_system(rule->path);
}

static int find_barrier(struct policy_rule *rule, struct postern_error *error)
{
    char barrier[PATH_MAX];
    int status = workspace_barrier(rule->path, barrier, sizeof(barrier), error);
    if (status == 0 && barrier[0] && !(rule->barrier = text_duplicate(barrier)))
        return error_memory(error, STAGE);
    return status;
}

static int check_rule(struct policy_rule *rule, bool file, enum postern_level level, const struct homes *homes,
                      struct postern_error *error)
{
    int status = 0;
    if (rule->missing)
        return rule->access == POLICY_DENIED ? 0 : cannot_resolve(rule, ENOENT, error);
    if (rule->access == POLICY_WRITE)
        status = check_write(rule, homes, file, error);
    rule->delegated = level == POSTERN_LEVEL_ELEVATED && is_delegated(rule, file);
    return status == 0 && rule->delegated ? find_barrier(rule, error) : status;
}

/* ---- all of a policy ---- */

static int find_directory(const char *path, int code, const char *stage, const char *what, char **out,
                          struct postern_error *error)
{
    struct stat status;
    char *resolved = realpath(path, NULL);
    if (!resolved)
        return error_os(error, code, stage, "realpath", errno, "%s %s", what, path);
    int number = stat(resolved, &status) != 0 ? errno : S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
    if (number == 0) {
        *out = resolved;
        return 0;
    }
    free(resolved);
    return error_os(error, code, stage, "stat", number, "%s %s", what, path);
}

int resolve_workspace(const char *path, char **out, struct postern_error *error)
{
    static const char stage[] = "options";
    if (!text_is_utf8(path, strlen(path)))
        return error_set(error, POSTERN_E_CWD, stage, "", "the workspace's path is not UTF-8");
    return find_directory(path, POSTERN_E_CWD, stage, "workspace", out, error);
}

static int resolve_cwd(struct policy_process *process, struct postern_error *error)
{
    char *resolved = NULL;
    int status = find_directory(process->cwd, POSTERN_E_POLICY, STAGE, "process.cwd", &resolved, error);
    if (status != 0)
        return status;
    free(process->cwd);
    process->cwd = resolved;
    return 0;
}

int resolve_policy(struct policy *policy, enum postern_level level, struct postern_error *error)
{
    struct homes homes = {{NULL, NULL}};
    bool file;
    int status = policy->rules.count ? find_homes(&homes, error) : 0;
    for (size_t i = 0; status == 0 && i < policy->rules.count; i++) {
        struct policy_rule *rule = &policy->rules.item[i];
        status = resolve_rule(rule, &file, error);
        if (status == 0)
            status = check_rule(rule, file, level, &homes, error);
    }
    if (status == 0 && policy->process.cwd)
        status = resolve_cwd(&policy->process, error);
    free_homes(&homes);
    return status;
}
