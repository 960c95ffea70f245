/*
 * grants.c - from what the caller says to the one policy a sandbox is opened with; see grants.h. Portable. Parent: all
 * of it is the caller's own word, checked so that a mistake is told before anything is started.
 */
#include "elevated/grants.h"

#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

static const char STAGE[] = "policy";

enum { PROCESSES_DEFAULT = 4096 };

/* ---- what was said ---- */

static bool is_text(const char *text)
{
    return !text || text_is_utf8(text, strlen(text));
}

static int check_values(const struct postern_sandbox_options *options, struct postern_error *error)
{
    if (options->preset < POSTERN_PRESET_DEFAULT || options->preset > POSTERN_PRESET_WORKSPACE_WRITE)
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "options.preset: %d is not a preset",
                         (int)options->preset);
    if (options->network && options->no_network)
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "options.network and options.no_network are both set");
    if (!is_text(options->policy_name) || !is_text(options->ceiling))
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "options.policy_name or options.ceiling is not UTF-8");
    return 0;
}

static bool writes_workspace(const struct postern_sandbox_options *options)
{
    if (options->preset == POSTERN_PRESET_DEFAULT)
        return !options->policy;
    return options->preset == POSTERN_PRESET_WORKSPACE_WRITE;
}

/* The rule says the path as the caller did: with links, perhaps relative to the current directory. */
static int add_workspace(const struct postern_sandbox_options *options, struct grants *grants,
                         enum policy_access access, struct postern_error *error)
{
    struct policy_rules *rules = &grants->policy.rules;
    int status = policy_add_rule(rules, grants->workspace, access, POLICY_FROM_PRESET, error);
    if (status != 0)
        return status;
    struct policy_rule *rule = &rules->item[rules->count - 1];
    free(rule->said);
    rule->said = text_duplicate(options->workspace);
    return rule->said ? 0 : error_memory(error, STAGE);
}

static int add_list(struct policy *policy, const char *const *list, enum policy_access access,
                    struct postern_error *error)
{
    for (size_t i = 0; list && list[i]; i++) {
        int status = policy_add_rule(&policy->rules, list[i], access, POLICY_FROM_OPTION, error);
        if (status != 0)
            return status;
        policy->named = true;
    }
    return 0;
}

/* Rules from all sources, in any order: settling sorts out which counts. */
static int add_rules(const struct postern_sandbox_options *options, enum postern_level level, struct grants *grants,
                     struct postern_error *error)
{
    struct policy *policy = &grants->policy;
    int status = 0;
    if (options->policy)
        status = policy_parse(options->policy, strlen(options->policy),
                              options->policy_name ? options->policy_name : "policy", policy, error);
    /* at level none nothing is kept from commands, so there is nothing to grant either */
    if (status == 0 && grants->workspace && level != POSTERN_LEVEL_NONE && writes_workspace(options))
        status = add_workspace(options, grants, POLICY_WRITE, error);
    if (status == 0)
        status = add_list(policy, options->read_write, POLICY_WRITE, error);
    if (status == 0)
        status = add_list(policy, options->read_only, POLICY_READ, error);
    if (status == 0)
        status = add_list(policy, options->denied, POLICY_DENIED, error);
    if (options->policy || options->preset != POSTERN_PRESET_DEFAULT)
        policy->named = true;
    return status;
}

static uint64_t lower(uint64_t limit, uint64_t other)
{
    return limit == 0 || (other != 0 && other < limit) ? other : limit;
}

static void add_limits(const struct postern_sandbox_options *options, enum postern_level level, struct policy *policy)
{
    struct policy_limits *limits = &policy->limits;
    limits->memory = lower(limits->memory, options->max_memory);
    limits->processes = lower(limits->processes, options->max_processes);
    limits->cpu_ms = lower(limits->cpu_ms, options->max_cpu_time);
    limits->file_size = lower(limits->file_size, options->max_file_size);
    if (limits->processes == 0 && level != POSTERN_LEVEL_NONE) /* where nothing can hold it, nobody asked for it */
        limits->processes = PROCESSES_DEFAULT;
    if (options->network)
        policy->network = POLICY_NETWORK_ALLOW;
    if (options->no_network)
        policy->network = POLICY_NETWORK_BLOCK;
}

/* ---- what comes of it on this host ---- */

/* Under the read-only preset commands start in the workspace and read it, also where what is private to a sandbox
 * covers it or other users cannot get in. Whatever a rule says about it goes before. */
static int show_workspace(enum postern_level level, const struct postern_sandbox_options *options,
                          struct grants *grants, struct postern_error *error)
{
    struct policy *policy = &grants->policy;
    bool project = false;
    if (policy_deciding_rule(&policy->rules, grants->workspace))
        return 0;
    int status = resolve_is_project(grants->workspace, &project, error);
    if (status != 0 || !project)
        return status;
    status = add_workspace(options, grants, POLICY_READ, error);
    if (status == 0)
        status = resolve_policy(policy, level, error);
    policy_settle(&policy->rules);
    return status;
}

static int resolve(const struct postern_sandbox_options *options, enum postern_level level,
                   const struct resolve_own *own, struct grants *grants, struct postern_error *error)
{
    struct policy *policy = &grants->policy;
    int status = resolve_policy(policy, level, error);
    if (status == 0)
        status = resolve_check_links(&policy->rules, error);
    if (status != 0)
        return status;
    policy_settle(&policy->rules);
    if (grants->workspace && options->preset == POSTERN_PRESET_READ_ONLY && level != POSTERN_LEVEL_NONE)
        status = show_workspace(level, options, grants, error);
    if (status == 0)
        status = resolve_protected(policy, level, error);
    if (status == 0 && level != POSTERN_LEVEL_NONE)
        status = resolve_keep_own(policy, own, level, error);
    if (status == 0 && level != POSTERN_LEVEL_NONE)
        status = resolve_mounts(policy, level, error);
    if (status != 0)
        return status;
    if (!grants->workspace && policy->process.cwd && !(grants->workspace = text_duplicate(policy->process.cwd)))
        return error_memory(error, STAGE);
    return 0;
}

static int narrow(struct grants *grants, const char *file, bool required, struct postern_error *error)
{
    struct policy ceiling;
    bool present = false;
    policy_init(&ceiling, grants->policy.rules.style);
    int status = resolve_ceiling(file, required, &ceiling, &present, error);
    if (status == 0 && present)
        status = policy_clamp(&grants->policy, &ceiling, file, &grants->cuts, error);
    policy_free(&ceiling);
    return status;
}

int grants_collect(const struct postern_sandbox_options *options, enum postern_level level,
                   const struct resolve_own *own, struct grants *out, struct postern_error *error)
{
    *out = (struct grants){0};
    policy_init(&out->policy, path_style_here());
    int status = check_values(options, error);
    if (status == 0 && options->workspace)
        status = resolve_workspace(options->workspace, &out->workspace, error);
    if (status == 0)
        status = add_rules(options, level, out, error);
    add_limits(options, level, &out->policy);
    if (status == 0)
        status = resolve(options, level, own, out, error);
    if (status == 0)
        status = narrow(out, resolve_system_ceiling(), false, error);
    if (status == 0 && options->ceiling)
        status = narrow(out, options->ceiling, true, error);
    return status;
}

void grants_free(struct grants *grants)
{
    policy_free(&grants->policy);
    policy_cuts_free(&grants->cuts);
    free(grants->workspace);
    *grants = (struct grants){0};
}
