/*
 * enforce_plan.c - decides which mechanisms hold a policy on a host, or that none does. Portable, pure; parent.
 * Callers: the launchers and policy_report.c. enforce.h is the contract, enforce_files.c the part about files,
 * enforce_windows.c the plans for Windows.
 */
#include <assert.h>
#include <string.h>

#include "shared/enforce_parts.h"
#include "shared/text.h"

static const char STAGE[] = "policy";

int enforce_refuse(struct postern_error *error, const char *capability, const char *item, const char *why,
                   const char *remedy)
{
    char shown[256] = ""; /* leaves room for the reason */
    text_escape(shown, sizeof(shown), item, strlen(item));
    error_set(error, POSTERN_E_POLICY, STAGE, "", "%s: %s %s", capability, shown, why);
    error_remedy(error, remedy);
    return POSTERN_E_POLICY;
}

struct planner {
    const struct policy *policy;
    const struct enforce_host *host;
    struct enforce_steps *out;
    bool out_of_memory; /* sticky */
};

bool enforce_add_plain(struct enforce_steps *out, enum enforce_mechanism mechanism, uint64_t number)
{
    const struct enforce_step step = {.mechanism = mechanism, .number = number};
    return enforce_add(out, &step);
}

static void add(struct planner *planner, enum enforce_mechanism mechanism, uint64_t number)
{
    if (planner->out_of_memory || !enforce_add_plain(planner->out, mechanism, number))
        planner->out_of_memory = true;
}

static void add_if(struct planner *planner, bool wanted, enum enforce_mechanism mechanism)
{
    if (wanted)
        add(planner, mechanism, 0);
}

/* Appends what `from` holds; from here on the paths are the plan's own. */
static void add_all(struct planner *planner, const struct enforce_steps *from)
{
    for (size_t i = 0; i < from->count && !planner->out_of_memory; i++)
        planner->out_of_memory = !enforce_add(planner->out, &from->item[i]);
}

/* ---- what is refused whatever the host is ---- */

static int check_processcontainer(const struct enforce_host *host, const char *name, struct postern_error *error)
{
    if (host->appcontainer && host->level == POSTERN_LEVEL_RESTRICTED)
        return POSTERN_OK;
    return enforce_refuse(error, "containment", name,
                          host->appcontainer ? "is what level restricted is made of, and of no other"
                                             : "takes app containers of Windows, and is not to be had here",
                          host->appcontainer ? "use level restricted" : "ask for the containment \"process\"");
}

static int check_containment(const struct policy *policy, const struct enforce_host *host, struct postern_error *error)
{
    const char *name = policy->containment_name[0] ? policy->containment_name : "another containment";
    if (policy->containment == POLICY_CONTAINMENT_PROCESS)
        return POSTERN_OK;
    if (policy->containment == POLICY_CONTAINMENT_PROCESSCONTAINER)
        return check_processcontainer(host, name, error);
    if (policy->containment == POLICY_CONTAINMENT_BUBBLEWRAP) {
        if (host->own_files && host->level != POSTERN_LEVEL_NONE)
            return POSTERN_OK;
        return enforce_refuse(error, "containment", "bubblewrap", "means mounts of its own, which this sandbox lacks",
                              "run as root or allow user namespaces, or ask for the containment \"process\"");
    }
    return enforce_refuse(error, "containment", name, "is not to be had here", "ask for the containment \"process\"");
}

static int check_demands(const struct policy *policy, struct postern_error *error)
{
    if (policy->demand_count == 0)
        return POSTERN_OK;
    return enforce_refuse(error, policy->demand[0].capability, policy->demand[0].where,
                          "cannot be enforced by anything on this host", "take it out of the policy");
}

/* ---- level none ---- */

static const struct policy_rule *find_named_rule(const struct policy_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        enum policy_source source = rules->item[i].source;
        if (source != POLICY_FROM_PRESET && source != POLICY_PROTECTED)
            return &rules->item[i];
    }
    return NULL;
}

int enforce_check_none(const struct policy *policy, struct postern_error *error)
{
    static const char remedy[] = "use another level, or leave it out";
    const struct policy_rule *rule = find_named_rule(&policy->rules);
    if (policy->network == POLICY_NETWORK_BLOCK)
        return enforce_refuse(error, "net.block", "network", "cannot be blocked at level none", remedy);
    if (rule)
        return enforce_refuse(error, rule->access == POLICY_DENIED ? "fs.deny" : "fs.write",
                              rule->said ? rule->said : rule->path, "is limited by nothing at level none", remedy);
    if (policy->named || policy->rules.base == POLICY_DENIED)
        return enforce_refuse(error, "fs.write", "a policy for files", "is held by nothing at level none", remedy);
    if (policy->ui.said)
        return enforce_refuse(error, "ui", "ui", "is limited by nothing at level none", remedy);
    return POSTERN_OK;
}

/* The system counts those of a user, and this user has others. */
static int check_none(const struct policy *policy, struct postern_error *error)
{
    if (policy->limits.processes > 0)
        return enforce_refuse(error, "limits.processes", "processes", "cannot be limited at level none",
                              "use another level, or leave it out");
    return enforce_check_none(policy, error);
}

/* ---- levels elevated and restricted ---- */

int enforce_refuse_level(struct postern_error *error, const char *missing, const char *remedy)
{
    error_set(error, POSTERN_E_LEVEL, STAGE, "", "%s", missing);
    error_remedy(error, remedy);
    return POSTERN_E_LEVEL;
}

static int check_host(const struct enforce_host *host, struct postern_error *error)
{
    static const char kernel[] = "use a kernel with Landlock and seccomp, or --level none";
    if (host->landlock_abi < 1)
        return enforce_refuse_level(error, "the host has no Landlock, which limits files at this level", kernel);
    if (!host->seccomp)
        return enforce_refuse_level(error, "the host has no seccomp, which limits system calls at this level", kernel);
    if (host->level == POSTERN_LEVEL_ELEVATED && (!host->other_user || !host->own_files))
        return enforce_refuse_level(error, "the host gives no other user with mounts of his own",
                                    "use level restricted");
    if (!host->own_files && host->landlock_abi < 3)
        return enforce_refuse_level(error, "the host allows no mounts, and its Landlock is too old to do without",
                                    "allow user namespaces, or use Linux 6.2 or later");
    return POSTERN_OK;
}

static void plan_identity(struct planner *planner)
{
    const struct enforce_host *host = planner->host;
    add_if(planner, host->other_user, ENFORCE_OTHER_USER);
    add(planner, host->own_pids ? ENFORCE_LIFETIME_NAMESPACE : ENFORCE_LIFETIME_SUBREAPER, 0);
    add_if(planner, host->own_pids && host->own_proc, ENFORCE_PID_NAMESPACE);
    add_if(planner, host->own_ipc, ENFORCE_IPC_NAMESPACE);
}

static void plan_files(struct planner *planner, struct enforce_files *files)
{
    const struct enforce_host *host = planner->host;
    add(planner, host->own_files ? ENFORCE_LOCK_ROOT : ENFORCE_PRIVATE_DIRECTORY, 0);
    add_all(planner, &files->places);
    add_all(planner, &files->mounts);
    add(planner, ENFORCE_NO_NEW_PRIVS, 0); /* before Landlock and the filter: they need it */
    add_all(planner, &files->landlock);
}

static void plan_network(struct planner *planner)
{
    enum { ABI_TCP = 4, ABI_SCOPES = 6 };
    const struct enforce_host *host = planner->host;
    bool blocked = planner->policy->network != POLICY_NETWORK_ALLOW;
    add_if(planner, host->landlock_abi >= ABI_SCOPES, ENFORCE_SCOPE_SIGNALS);
    add_if(planner, host->landlock_abi >= ABI_SCOPES, ENFORCE_SCOPE_SOCKETS);
    add(planner, ENFORCE_SECCOMP, 0);
    add_if(planner, !host->own_files, ENFORCE_NO_LOCAL_SOCKETS);
    add_if(planner, blocked && host->own_network, ENFORCE_NET_NAMESPACE);
    add_if(planner, blocked, ENFORCE_NET_SECCOMP);
    add_if(planner, blocked && host->landlock_abi >= ABI_TCP, ENFORCE_NET_LANDLOCK);
}

static void add_limit(struct planner *planner, enum enforce_mechanism mechanism, uint64_t limit)
{
    if (limit > 0)
        add(planner, mechanism, limit);
}

static void plan_limits(struct planner *planner)
{
    const struct policy_limits *limits = &planner->policy->limits;
    const struct enforce_host *host = planner->host;
    bool confined = host->level != POSTERN_LEVEL_NONE;
    bool cgroup = confined && host->cgroup_memory && limits->memory > 0;
    add_limit(planner, cgroup ? ENFORCE_CGROUP_MEMORY : ENFORCE_RLIMIT_MEMORY, limits->memory);
    if (cgroup && host->cgroup_processes)
        add_limit(planner, ENFORCE_CGROUP_PROCESSES, limits->processes);
    add_limit(planner, ENFORCE_RLIMIT_PROCESSES, limits->processes);
    add_limit(planner, ENFORCE_RLIMIT_CPU, limits->cpu_ms);
    add_limit(planner, ENFORCE_RLIMIT_FILE_SIZE, limits->file_size);
    add_if(planner, confined, ENFORCE_NO_CORE);
}

/* Commands have no display when they can reach none: its sockets are in private places or closed to them, and it is
 * not on the network they have. */
static int check_ui(const struct planner *planner, const struct enforce_files *files, struct postern_error *error)
{
    static const char remedy[] =
        "take \"ui\" out of the policy, or name what holds anyway: disable true, clipboard none, "
        "injection false";
    const struct policy_ui *ui = &planner->policy->ui;
    const struct enforce_steps *out = planner->out;
    if (!ui->said)
        return POSTERN_OK;
    if (!ui->disable || ui->clipboard != POLICY_CLIPBOARD_NONE || ui->injection)
        return enforce_refuse(error, "ui", "ui", "allows what nothing here can give in part", remedy);
    if (files->services_in_sight)
        return enforce_refuse(error, "ui", "ui", "cannot be held: a path that is granted leads to the host's services",
                              "take \"ui\" out of the policy, or the grants in places that are private otherwise");
    if (!enforce_has(out, ENFORCE_NET_NAMESPACE) && !enforce_has(out, ENFORCE_SCOPE_SOCKETS))
        return enforce_refuse(error, "ui", "ui", "cannot be held: abstract sockets of a display can be reached",
                              remedy);
    return POSTERN_OK;
}

static int plan_confined(struct planner *planner, struct postern_error *error)
{
    struct enforce_files files = {0};
    int result = check_host(planner->host, error);
    if (result == POSTERN_OK)
        result = enforce_plan_files(planner->policy, planner->host, &files, error);
    if (result == POSTERN_OK) {
        plan_identity(planner);
        plan_files(planner, &files);
        plan_network(planner);
        plan_limits(planner);
        result = check_ui(planner, &files, error);
    }
    enforce_files_free(&files);
    return result;
}

int enforce_plan(const struct policy *policy, const struct enforce_host *host, struct enforce_steps *out,
                 struct postern_error *error)
{
    struct planner planner = {.policy = policy, .host = host, .out = out};
    int result = check_demands(policy, error);
    assert(host->level != POSTERN_LEVEL_STRONGEST);
    *out = (struct enforce_steps){0};
    if (result == POSTERN_OK)
        result = check_containment(policy, host, error);
    if (result == POSTERN_OK && policy->rules.style == PATH_WINDOWS) {
        result = enforce_plan_windows(policy, host, out, error);
    } else if (result == POSTERN_OK && host->level == POSTERN_LEVEL_NONE) {
        result = check_none(policy, error);
        plan_limits(&planner);
    } else if (result == POSTERN_OK) {
        result = plan_confined(&planner, error);
    }
    if (result == POSTERN_OK && planner.out_of_memory)
        result = error_memory(error, STAGE);
    if (result != POSTERN_OK)
        enforce_steps_free(out);
    return result;
}
