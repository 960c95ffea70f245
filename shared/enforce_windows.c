/*
 * enforce_windows.c - plans for Windows: which mechanisms hold a policy there, or that none does. Portable, pure;
 * parent. Caller: enforce_plan.c; enforce.h is the contract.
 *
 * Three ways to confine, which differ in who the command is: an account of its own (level elevated), the caller with a
 * write-restricted token, or the caller in an app container (both level restricted). Who shares the caller's rights may
 * read what he reads, and firewall and user interface tell users and sessions apart, not tokens; so with the token all
 * that is about reading or the network is refused, the network also where nobody has said a word about it.
 */
#include "shared/enforce_parts.h"

static const char STAGE[] = "policy";

static const char *name_of(const struct policy_rule *rule)
{
    return rule->said ? rule->said : rule->path;
}

/* ---- limits ---- */

/* A job counts the time that a process spends in user mode only; a limit by that would be another one. */
static int check_limits(const struct policy_limits *limits, struct postern_error *error)
{
    if (limits->cpu_ms > 0)
        return enforce_refuse(error, "limits.cpu", "processor time", "cannot be limited by anything on Windows",
                              "leave the limit out, or give the command a --timeout");
    if (limits->file_size > 0)
        return enforce_refuse(error, "limits.file_size", "the size of files",
                              "cannot be limited by anything on Windows", "leave the limit out");
    return POSTERN_OK;
}

static bool plan_limits(const struct policy_limits *limits, struct enforce_steps *out)
{
    return (limits->memory == 0 || enforce_add_plain(out, ENFORCE_JOB_MEMORY, limits->memory)) &&
           (limits->processes == 0 || enforce_add_plain(out, ENFORCE_JOB_PROCESSES, limits->processes));
}

/* ---- the three ways ---- */

enum way { BY_ACCOUNT, BY_TOKEN, BY_CONTAINER };

static enum way way_of(const struct policy *policy, const struct enforce_host *host)
{
    if (host->level == POSTERN_LEVEL_ELEVATED)
        return BY_ACCOUNT;
    return policy->containment == POLICY_CONTAINMENT_PROCESSCONTAINER ? BY_CONTAINER : BY_TOKEN;
}

static bool is_blocked(const struct policy *policy)
{
    return policy->network != POLICY_NETWORK_ALLOW;
}

static int check_host(const struct policy *policy, const struct enforce_host *host, enum way way,
                      struct postern_error *error)
{
    if (way == BY_ACCOUNT && !(is_blocked(policy) ? host->account_offline : host->account_online))
        return enforce_refuse_level(error, "no sandbox account of this host can be used",
                                    "run `postern setup` once as administrator, or use level restricted");
    if (way != BY_CONTAINER && !host->restricted_token)
        return enforce_refuse_level(error, "the system does not keep those who hold a restricted token from writing",
                                    "use --level none if the command may do all that you may do");
    return POSTERN_OK;
}

static int check_network(const struct policy *policy, enum way way, struct postern_error *error)
{
    if (way != BY_TOKEN || !is_blocked(policy))
        return POSTERN_OK;
    return enforce_refuse(error, "net.block", "network",
                          "cannot be blocked at level restricted: Windows blocks it for users, and commands run as "
                          "yourself",
                          "allow it with --net on, or use level elevated or the containment \"processcontainer\"");
}

/* A window station of the sandbox's own has no clipboard and no input but its own, and nobody sees it. */
static int check_ui(const struct policy *policy, struct postern_error *error)
{
    const struct policy_ui *ui = &policy->ui;
    if (!ui->said || (ui->disable && ui->clipboard == POLICY_CLIPBOARD_NONE && !ui->injection))
        return POSTERN_OK;
    return enforce_refuse(error, "ui", "ui", "allows what no sandbox has: its desktop is its own, and nobody sees it",
                          "take \"ui\" out of the policy, or name what holds anyway: disable true, clipboard none, "
                          "injection false");
}

/* An app container reads by entries, and what Windows opens to all of them: there both bases mean the same. */
static int check_base(const struct policy *policy, enum way way, struct postern_error *error)
{
    if (way == BY_CONTAINER || policy->rules.base == POLICY_READ)
        return POSTERN_OK;
    if (way == BY_ACCOUNT)
        return enforce_refuse(error, "fs.read", "what no rule names", "is readable as far as Windows lets every user",
                              "let everything be read, and deny what is not to be; or use the containment "
                              "\"processcontainer\" at level restricted");
    return enforce_refuse(error, "fs.read", "what no rule names", "is readable at level restricted on Windows",
                          "let everything be read, and name what is to be written");
}

/* ---- files ---- */

static int refuse_denied(const struct policy_rule *rule, struct postern_error *error)
{
    return enforce_refuse(error, "fs.deny", name_of(rule),
                          "cannot be denied at level restricted: commands read all that you may read",
                          "take it out of the denied paths, or use level elevated or the containment "
                          "\"processcontainer\"");
}

static int refuse_missing(const struct policy_rule *rule, struct postern_error *error)
{
    bool denied = rule->access == POLICY_DENIED;
    return enforce_refuse(error, denied ? "fs.deny" : "fs.write", name_of(rule),
                          denied ? "cannot be denied before it exists: commands could make it"
                                 : "cannot be kept read-only before it exists: commands could make it",
                          "create it first, or make only directories writable that will not hold it");
}

/* Of entries that deny something Windows passes over those for the SID of an app container: there is only granting. */
static int refuse_less(const struct policy_rule *rule, const struct policy_rule *above, struct postern_error *error)
{
    if (rule->access == POLICY_READ)
        return enforce_refuse(error, "fs.write", name_of(rule),
                              "cannot be kept read-only inside what may be written: to an app container Windows only "
                              "grants",
                              "use --preset read-only, or give it away with --rw PATH, or use level elevated");
    return enforce_refuse(
        error, "fs.deny", name_of(rule),
        above ? "cannot be denied inside what may be read: to an app container Windows only grants"
              : "cannot be denied to an app container: it reads what is named, and what Windows opens "
                "to all of them",
        above ? "name what is in it instead of all of it, or use level elevated" : "take it out of the denied paths");
}

static int add_entry(const struct policy_rule *rule, enum way way, struct enforce_steps *out,
                     struct postern_error *error)
{
    static const enum enforce_mechanism by_right[] = {
        [POLICY_DENIED] = ENFORCE_DENY_ENTRY, [POLICY_READ] = ENFORCE_READ_ENTRY, [POLICY_WRITE] = ENFORCE_ENTRY};
    struct enforce_step step = {.mechanism = by_right[rule->access], .path = rule->path, .rule = rule};
    if (way == BY_TOKEN && rule->access == POLICY_READ)
        step.mechanism = ENFORCE_NO_ENTRY; /* the caller reads it as it is */
    return enforce_add(out, &step) ? POSTERN_OK : error_memory(error, STAGE);
}

/* `above`: the rule for the directory that the path is in; NULL: none. */
static int plan_rule(const struct policy_rule *rule, const struct policy_rule *above, enum policy_access base,
                     enum way way, struct enforce_steps *out, struct postern_error *error)
{
    enum policy_access held = above ? above->access : base;
    bool makeable = rule->missing && held == POLICY_WRITE;
    if (rule->access == POLICY_DENIED && way == BY_TOKEN)
        return rule->missing && !makeable ? POSTERN_OK : refuse_denied(rule, error);
    if (makeable && rule->access != POLICY_WRITE)
        return refuse_missing(rule, error);
    if (rule->missing)
        return POSTERN_OK;
    if (way == BY_CONTAINER && rule->access < held)
        return refuse_less(rule, above, error);
    if (way == BY_CONTAINER && rule->access == POLICY_DENIED)
        return POSTERN_OK;
    /* The base is what everybody may read; an account or container has what is the caller's by entries only. */
    if (rule->access == held && (above || way == BY_TOKEN))
        return POSTERN_OK;
    return add_entry(rule, way, out, error);
}

static int plan_rules(const struct policy_rules *rules, enum way way, struct enforce_steps *out,
                      struct postern_error *error)
{
    size_t before = out->count;
    int result = POSTERN_OK;
    for (size_t i = 0; i < rules->count && result == POSTERN_OK; i++) {
        const struct policy_rule *rule = &rules->item[i];
        const struct policy_rule *above = rule->above ? &rules->item[rule->above - 1] : NULL;
        result = plan_rule(rule, above, rules->base, way, out, error);
    }
    if (result != POSTERN_OK || out->count - before <= ENFORCE_MOUNTS_MAX)
        return result;
    result = error_set(error, POSTERN_E_LIMIT, STAGE, "", "the policy takes entries at %zu paths, %d are allowed",
                       out->count - before, ENFORCE_MOUNTS_MAX);
    error_remedy(error, "grant directories instead of single files in them");
    return result;
}

/* ---- the plan ---- */

static bool add_if(struct enforce_steps *out, bool wanted, enum enforce_mechanism mechanism)
{
    return !wanted || enforce_add_plain(out, mechanism, 0);
}

static bool plan_identity(const struct policy *policy, enum way way, struct enforce_steps *out)
{
    bool blocked = is_blocked(policy);
    return add_if(out, way == BY_ACCOUNT, ENFORCE_ACCOUNT) &&
           add_if(out, way == BY_ACCOUNT && blocked, ENFORCE_ACCOUNT_OFFLINE) &&
           add_if(out, way == BY_CONTAINER, ENFORCE_APPCONTAINER) &&
           add_if(out, way == BY_CONTAINER, ENFORCE_APPCONTAINER_FILES) &&
           add_if(out, way == BY_CONTAINER && blocked, ENFORCE_APPCONTAINER_NET) &&
           add_if(out, way != BY_CONTAINER, ENFORCE_RESTRICTED_TOKEN) &&
           add_if(out, way != BY_CONTAINER, ENFORCE_TOKEN_LOCK) && add_if(out, true, ENFORCE_DESKTOP) &&
           add_if(out, policy->ui.said, ENFORCE_UI) && add_if(out, true, ENFORCE_MITIGATIONS) &&
           add_if(out, true, ENFORCE_PRIVATE_DIRECTORY);
}

static int plan_confined(const struct policy *policy, const struct enforce_host *host, struct enforce_steps *out,
                         struct postern_error *error)
{
    enum way way = way_of(policy, host);
    int result = check_host(policy, host, way, error);
    if (result == POSTERN_OK)
        result = check_network(policy, way, error);
    if (result == POSTERN_OK)
        result = check_ui(policy, error);
    if (result == POSTERN_OK)
        result = check_base(policy, way, error);
    if (result == POSTERN_OK && !plan_identity(policy, way, out))
        result = error_memory(error, STAGE);
    return result == POSTERN_OK ? plan_rules(&policy->rules, way, out, error) : result;
}

int enforce_plan_windows(const struct policy *policy, const struct enforce_host *host, struct enforce_steps *out,
                         struct postern_error *error)
{
    int result = check_limits(&policy->limits, error);
    if (result == POSTERN_OK && !enforce_add_plain(out, ENFORCE_LIFETIME_JOB, 0))
        result = error_memory(error, STAGE);
    if (result == POSTERN_OK)
        result = host->level == POSTERN_LEVEL_NONE ? enforce_check_none(policy, error)
                                                   : plan_confined(policy, host, out, error);
    if (result == POSTERN_OK && !plan_limits(&policy->limits, out))
        result = error_memory(error, STAGE);
    return result;
}
