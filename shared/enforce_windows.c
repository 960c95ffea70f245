/*
 * enforce_windows.c - plans for Windows: which mechanisms hold a policy there, or that none does. Portable, pure;
 * parent. Caller: enforce_plan.c; enforce.h is the contract.
 *
 * Level restricted keeps commands from writing, and from nothing else: they run as the caller, who may read what he
 * may read, and the firewall and the desktop tell users and sessions apart, not tokens. So all that is about reading,
 * the network or the user interface is refused here, the network also where nobody has said a word about it.
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

/* ---- level restricted ---- */

static int check_host(const struct enforce_host *host, struct postern_error *error)
{
    if (host->level != POSTERN_LEVEL_RESTRICTED)
        return enforce_refuse_level(error, "Windows gives no other user with rights of his own here",
                                    "use level restricted");
    if (!host->restricted_token)
        return enforce_refuse_level(error, "the system does not keep those who hold a restricted token from writing",
                                    "use --level none if the command may do all that you may do");
    return POSTERN_OK;
}

static int check_network(const struct policy *policy, struct postern_error *error)
{
    if (policy->network == POLICY_NETWORK_ALLOW)
        return POSTERN_OK;
    return enforce_refuse(error, "net.block", "network",
                          "cannot be blocked at level restricted: Windows blocks it for users, and commands run as "
                          "yourself",
                          "allow it with --net on");
}

static int check_ui(const struct policy *policy, struct postern_error *error)
{
    if (!policy->ui.said)
        return POSTERN_OK;
    return enforce_refuse(error, "ui", "ui", "cannot be held: commands are on the desktop of their user",
                          "take \"ui\" out of the policy");
}

static int check_base(const struct policy *policy, struct postern_error *error)
{
    if (policy->rules.base == POLICY_READ)
        return POSTERN_OK;
    return enforce_refuse(error, "fs.read", "what no rule names", "is readable at level restricted on Windows",
                          "let everything be read, and name what is to be written");
}

static int refuse_denied(const struct policy_rule *rule, struct postern_error *error)
{
    return enforce_refuse(error, "fs.deny", name_of(rule),
                          "cannot be denied at level restricted: commands read all that you may read",
                          "take it out of the denied paths");
}

static int refuse_missing(const struct policy_rule *rule, struct postern_error *error)
{
    return enforce_refuse(error, "fs.write", name_of(rule),
                          "cannot be kept read-only before it exists: commands could make it",
                          "create it first, or make only directories writable that will not hold it");
}

static int add_entry(const struct policy_rule *rule, struct enforce_steps *out, struct postern_error *error)
{
    const struct enforce_step step = {
        .mechanism = rule->access == POLICY_WRITE ? ENFORCE_ENTRY : ENFORCE_NO_ENTRY, .path = rule->path, .rule = rule};
    return enforce_add(out, &step) ? POSTERN_OK : error_memory(error, STAGE);
}

/* `above`: what holds for the directory that the path is in. */
static int plan_rule(const struct policy_rule *rule, enum policy_access above, struct enforce_steps *out,
                     struct postern_error *error)
{
    bool makeable = rule->missing && above == POLICY_WRITE;
    if (rule->access == POLICY_DENIED)
        return rule->missing && !makeable ? POSTERN_OK : refuse_denied(rule, error);
    if (rule->access == above || (rule->missing && !makeable))
        return POSTERN_OK;
    return makeable ? refuse_missing(rule, error) : add_entry(rule, out, error);
}

static int plan_rules(const struct policy_rules *rules, struct enforce_steps *out, struct postern_error *error)
{
    size_t before = out->count;
    int result = POSTERN_OK;
    for (size_t i = 0; i < rules->count && result == POSTERN_OK; i++) {
        const struct policy_rule *rule = &rules->item[i];
        result = plan_rule(rule, rule->above ? rules->item[rule->above - 1].access : rules->base, out, error);
    }
    if (result != POSTERN_OK || out->count - before <= ENFORCE_MOUNTS_MAX)
        return result;
    result = error_set(error, POSTERN_E_LIMIT, STAGE, "", "the policy takes entries at %zu paths, %d are allowed",
                       out->count - before, ENFORCE_MOUNTS_MAX);
    error_remedy(error, "grant directories instead of single files in them");
    return result;
}

static int plan_restricted(const struct policy *policy, const struct enforce_host *host, struct enforce_steps *out,
                           struct postern_error *error)
{
    int result = check_host(host, error);
    if (result == POSTERN_OK)
        result = check_network(policy, error);
    if (result == POSTERN_OK)
        result = check_ui(policy, error);
    if (result == POSTERN_OK)
        result = check_base(policy, error);
    if (result == POSTERN_OK &&
        !(enforce_add_plain(out, ENFORCE_RESTRICTED_TOKEN, 0) && enforce_add_plain(out, ENFORCE_TOKEN_LOCK, 0) &&
          enforce_add_plain(out, ENFORCE_PRIVATE_DIRECTORY, 0)))
        result = error_memory(error, STAGE);
    return result == POSTERN_OK ? plan_rules(&policy->rules, out, error) : result;
}

int enforce_plan_windows(const struct policy *policy, const struct enforce_host *host, struct enforce_steps *out,
                         struct postern_error *error)
{
    int result = check_limits(&policy->limits, error);
    if (result == POSTERN_OK && !enforce_add_plain(out, ENFORCE_LIFETIME_JOB, 0))
        result = error_memory(error, STAGE);
    if (result == POSTERN_OK)
        result = host->level == POSTERN_LEVEL_NONE ? enforce_check_none(policy, error)
                                                   : plan_restricted(policy, host, out, error);
    if (result == POSTERN_OK && !plan_limits(&policy->limits, out))
        result = error_memory(error, STAGE);
    return result;
}
