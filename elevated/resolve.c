/*
 * resolve.c - the paths of a policy as this host has them; see resolve.h. Portable: what it asks of the system is
 * resolve_host.h. Parent. The paths are the caller's, but what lies there may have been made by commands of an earlier
 * sandbox, and other users may change it meanwhile: facts are taken from what a path without links leads to, and are
 * compared again by who mounts it.
 */
#include "elevated/resolve_host.h"

#include <stdlib.h>
#include <string.h>

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
    int status = path_canonical(path_style_here(), path, resolve_said(rule), &canonical, error);
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

static int cannot_resolve(const struct policy_rule *rule, int64_t number, struct postern_error *error)
{
    return error_os(error, POSTERN_E_POLICY, STAGE, "resolve", number, "%s (%s)", resolve_said(rule),
                    policy_access_name(rule->access));
}

static int is_missing(const struct policy_rule *rule, struct postern_error *error)
{
    error_set(error, POSTERN_E_POLICY, STAGE, "", "%s (%s) does not exist", resolve_said(rule),
              policy_access_name(rule->access));
    error_remedy(error, "make it or leave it out of the policy; only denied paths may be missing");
    return POSTERN_E_POLICY;
}

/* What a link to nowhere will lead to one day cannot be known. */
static int leads_nowhere(const struct policy_rule *rule, const char *link, struct postern_error *error)
{
    error_set(error, POSTERN_E_POLICY, STAGE, "", "%s (%s): %s is a link that leads nowhere", resolve_said(rule),
              policy_access_name(rule->access), link);
    error_remedy(error, "remove the link, or name what it should lead to");
    return POSTERN_E_POLICY;
}

/* Takes the last name off a path. false: it is a root. */
static bool cut_name(char *path)
{
    bool posix = path_style_here() == PATH_POSIX;
    char *last = strrchr(path, posix ? '/' : '\\');
    size_t root = posix ? 1 : 3; /* "/", "C:\" */
    if (!last || !path[root] || (!posix && last < path + 2))
        return false;
    if ((size_t)(last - path) < root)
        path[root] = 0;
    else
        *last = 0;
    return true;
}

/* Cuts a path down to its longest beginning that is there, be it a link. */
static int cut_to_existing(const struct policy_rule *rule, char *path, struct postern_error *error)
{
    enum resolve_kind kind;
    int64_t number = 0;
    for (;;) {
        enum resolve_answer answer = resolve_look(path, &kind, &number);
        if (answer == RESOLVE_FOUND)
            return 0;
        if (answer == RESOLVE_FAILED || !cut_name(path))
            return cannot_resolve(rule, number, error);
    }
}

/* `above` is where `existing`, the beginning of the rule's path, leads: takes it. */
static int set_missing_path(struct policy_rule *rule, const char *existing, char *above, bool closed,
                            struct postern_error *error)
{
    const char *rest = rule->path + strlen(existing);
    size_t length = strlen(above);
    /* nobody gets past a closed directory with the caller's rights, and so it stays if it is denied as a whole */
    if (closed || !*rest)
        return set_path(rule, above, error);
    rule->missing = true;
    bool separated = *rest == '/' || *rest == '\\', root = above[length - 1] == '/' || above[length - 1] == '\\';
    if (root)
        above[length - 1] = 0;
    char *path = text_format("%s%s%s", above, separated ? "" : path_style_here() == PATH_POSIX ? "/" : "\\", rest);
    free(above);
    return set_path(rule, path, error);
}

static int resolve_missing(struct policy_rule *rule, bool closed, struct postern_error *error)
{
    char *existing = text_duplicate(rule->path), *above = NULL;
    int64_t number = 0;
    int status = existing ? cut_to_existing(rule, existing, error) : error_memory(error, STAGE);
    if (status == 0) {
        enum resolve_answer answer = resolve_follow(existing, &above, &number);
        if (answer == RESOLVE_FOUND)
            status = set_missing_path(rule, existing, above, closed, error);
        else if (answer == RESOLVE_MISSING)
            status = leads_nowhere(rule, existing, error);
        else
            status = cannot_resolve(rule, number, error);
    }
    free(existing);
    return status;
}

int resolve_rule(struct policy_rule *rule, enum resolve_kind *kind, struct postern_error *error)
{
    char *resolved = NULL;
    int64_t number = 0;
    int status = 0;
    enum resolve_answer answer = resolve_follow(rule->path, &resolved, &number);
    *kind = RESOLVE_OTHER;
    rule->missing = false;
    if (answer == RESOLVE_FOUND && strcmp(resolved, rule->path) == 0)
        free(resolved);
    else if (answer == RESOLVE_FOUND)
        status = set_path(rule, resolved, error);
    else if (answer == RESOLVE_MISSING || (answer == RESOLVE_CLOSED && rule->access == POLICY_DENIED))
        status = resolve_missing(rule, answer == RESOLVE_CLOSED, error);
    else
        status = cannot_resolve(rule, number, error);
    return status == 0 && !rule->missing ? resolve_facts(rule, kind, error) : status;
}

/* ---- may it be written ---- */

static int refuse_write(const struct policy_rule *rule, const char *why, struct postern_error *error)
{
    bool workspace = rule->source == POLICY_FROM_PRESET;
    bool same = strcmp(resolve_said(rule), rule->path) == 0;
    error_set(error, POSTERN_E_POLICY, workspace ? "workspace" : STAGE, "", "%s%s%s cannot be %s: %s",
              resolve_said(rule), same ? "" : ", which is ", same ? "" : rule->path,
              workspace ? "the workspace" : "writable", why);
    error_remedy(error, workspace
                            ? "name a directory that holds the project and nothing else, or use --preset read-only"
                            : "name what commands have to change, and nothing else");
    return POSTERN_E_POLICY;
}

static int check_write(const struct policy_rule *rule, enum resolve_kind kind, const struct resolve_caller *caller,
                       struct postern_error *error)
{
    const char *why = resolve_objection(rule->path, caller);
    if (!why && kind != RESOLVE_FILE && kind != RESOLVE_DIRECTORY)
        why = "it is neither a file nor a directory";
    return why ? refuse_write(rule, why, error) : 0;
}

static int check_rule(struct policy_rule *rule, enum resolve_kind kind, enum postern_level level,
                      const struct resolve_caller *caller, struct postern_error *error)
{
    int status = 0;
    if (rule->missing)
        return rule->access == POLICY_DENIED ? 0 : is_missing(rule, error);
    if (rule->access == POLICY_WRITE)
        status = check_write(rule, kind, caller, error);
    return status == 0 ? resolve_rights(rule, kind, level, error) : status;
}

/* ---- all of a policy ---- */

static int find_directory(const char *path, int code, const char *stage, const char *what, char **out,
                          struct postern_error *error)
{
    enum resolve_kind kind = RESOLVE_OTHER;
    char *resolved = NULL;
    int64_t number = 0;
    enum resolve_answer answer = resolve_follow(path, &resolved, &number);
    if (answer == RESOLVE_FOUND)
        answer = resolve_look(resolved, &kind, &number);
    if (answer == RESOLVE_FOUND && kind == RESOLVE_DIRECTORY) {
        *out = resolved;
        return 0;
    }
    free(resolved);
    if (answer == RESOLVE_FOUND)
        return error_set(error, code, stage, "", "%s %s is no directory", what, path);
    return error_os(error, code, stage, "resolve", number, "%s %s", what, path);
}

int resolve_workspace(const char *path, char **out, struct postern_error *error)
{
    static const char stage[] = "options";
    if (!text_is_utf8(path, strlen(path)))
        return error_set(error, POSTERN_E_CWD, stage, "", "the workspace's path is not UTF-8");
    return find_directory(path, POSTERN_E_CWD, stage, "workspace", out, error);
}

static void free_caller(struct resolve_caller *caller)
{
    free(caller->home[0]);
    free(caller->home[1]);
}

int resolve_is_project(const char *path, bool *out, struct postern_error *error)
{
    struct resolve_caller caller = {{NULL, NULL}};
    int status = resolve_find_caller(&caller, error);
    *out = status == 0 && !resolve_objection(path, &caller);
    free_caller(&caller);
    return status;
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
    struct resolve_caller caller = {{NULL, NULL}};
    enum resolve_kind kind;
    int status = policy->rules.count ? resolve_find_caller(&caller, error) : 0;
    for (size_t i = 0; status == 0 && i < policy->rules.count; i++) {
        struct policy_rule *rule = &policy->rules.item[i];
        status = resolve_rule(rule, &kind, error);
        if (status == 0)
            status = check_rule(rule, kind, level, &caller, error);
    }
    if (status == 0 && policy->process.cwd)
        status = resolve_cwd(&policy->process, error);
    free_caller(&caller);
    return status;
}
