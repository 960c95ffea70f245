/*
 * policy_ceiling.c - an operator's policy narrows a caller's, and says what it took away. Portable, pure; parent.
 *
 * Paths: both lists of rules are settled, so one walk over both in their order meets every path at which the access of
 * either can change; between those nothing can. Three positions are held on the way: the rule that decides for the
 * caller, for the ceiling, and in the result.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/policy.h"
#include "shared/text.h"

static const char STAGE[] = "policy";

/* ---- cuts ---- */

void policy_cuts_free(struct policy_cuts *cuts)
{
    for (size_t i = 0; i < cuts->count; i++) {
        free(cuts->item[i].item);
        free(cuts->item[i].asked);
        free(cuts->item[i].left);
        free(cuts->item[i].because);
    }
    free(cuts->item);
    *cuts = (struct policy_cuts){0};
}

/* Takes `because`. false: memory is out. */
static bool add_cut(struct policy_cuts *cuts, const char *item, const char *asked, const char *left, char *because)
{
    struct policy_cut cut = {text_duplicate(item), text_duplicate(asked), text_duplicate(left), because};
    if (cuts->count == cuts->capacity) {
        size_t capacity = cuts->capacity ? cuts->capacity * 2 : 8;
        struct policy_cut *grown = realloc(cuts->item, capacity * sizeof(*grown));
        if (!grown)
            goto failed;
        cuts->item = grown;
        cuts->capacity = capacity;
    }
    if (!cut.item || !cut.asked || !cut.left || !cut.because)
        goto failed;
    cuts->item[cuts->count++] = cut;
    return true;
failed:
    free(cut.item);
    free(cut.asked);
    free(cut.left);
    free(cut.because);
    return false;
}

/* ---- paths ---- */

struct clamp {
    struct policy_rules *caller;
    const struct policy_rules *ceiling;
    const char *what;
    struct policy_cuts *cuts;
    struct policy_rules result;
    size_t caller_top, ceiling_top, result_top; /* 1 + the index of the rule that decides; 0: the base does */
};

/* From the rule last met to the one that decides about `path`; what is left behind is not needed again, because all
 * later paths sort behind it. */
static void climb(const struct policy_rules *rules, const char *path, size_t *top)
{
    while (*top > 0 && !path_is_beneath(rules->style, path, rules->item[*top - 1].path))
        *top = rules->item[*top - 1].above;
}

static enum policy_access access_at(const struct policy_rules *rules, size_t top)
{
    return top > 0 ? rules->item[top - 1].access : rules->base;
}

static enum policy_access lesser(enum policy_access a, enum policy_access b)
{
    return a < b ? a : b;
}

static bool cut_path(struct clamp *clamp, const char *item, enum policy_access asked, enum policy_access left)
{
    const struct policy_rule *rule = clamp->ceiling_top ? &clamp->ceiling->item[clamp->ceiling_top - 1] : NULL;
    const char *path = !rule ? "what it does not name" : rule->said ? rule->said : rule->path;
    char *because = left == POLICY_DENIED
                        ? text_format("%s denies %s", clamp->what, path)
                        : text_format("%s gives %s to %s", clamp->what, policy_access_name(left), path);
    return add_cut(clamp->cuts, item, policy_access_name(asked), policy_access_name(left), because);
}

static char *copy_text(const char *text, bool *copied)
{
    char *copy = text ? text_duplicate(text) : NULL;
    *copied = *copied && (copy || !text);
    return copy;
}

/* A copy of `rule` with its facts becomes the next rule of the result. clamp_paths() has made room. */
static bool append(struct clamp *clamp, const struct policy_rule *rule, enum policy_access access)
{
    struct policy_rules *result = &clamp->result;
    struct policy_rule *copy = &result->item[result->count];
    bool copied = true;
    assert(result->count < result->capacity);
    *copy = *rule;
    copy->access = access;
    copy->above = clamp->result_top;
    copy->path = copy_text(rule->path, &copied);
    copy->said = copy_text(rule->said, &copied);
    copy->barrier = copy_text(rule->barrier, &copied);
    clamp->result_top = ++result->count; /* in any case: what was copied is freed with the rest */
    return copied;
}

/* Rules that nobody said: without an effect they are not kept. */
static bool goes_without_saying(const struct policy_rule *rule)
{
    return rule->source == POLICY_PROTECTED || rule->source == POLICY_FROM_CEILING;
}

static bool keep_rule(struct clamp *clamp, const struct policy_rule *rule)
{
    enum policy_access left = lesser(rule->access, access_at(clamp->ceiling, clamp->ceiling_top));
    if (goes_without_saying(rule) && left == access_at(&clamp->result, clamp->result_top))
        return true;
    if (left < rule->access && !cut_path(clamp, rule->said ? rule->said : rule->path, rule->access, left))
        return false;
    return append(clamp, rule, left);
}

/* A path that only the ceiling names. */
static bool add_rule(struct clamp *clamp, const struct policy_rule *rule)
{
    const struct policy_rule *around = clamp->caller_top ? &clamp->caller->item[clamp->caller_top - 1] : NULL;
    enum policy_access asked = access_at(clamp->caller, clamp->caller_top);
    enum policy_access left = lesser(asked, rule->access);
    struct policy_rule made = *rule;
    if (left == access_at(&clamp->result, clamp->result_top))
        return true;
    made.source = POLICY_FROM_CEILING;
    made.delegated = around && around->delegated;
    if (left < asked && !cut_path(clamp, rule->said ? rule->said : rule->path, asked, left))
        return false;
    return append(clamp, &made, left);
}

static bool walk(struct clamp *clamp)
{
    struct policy_rules *caller = clamp->caller;
    const struct policy_rules *ceiling = clamp->ceiling;
    size_t i = 0, j = 0;
    while (i < caller->count || j < ceiling->count) {
        int order = i == caller->count    ? 1
                    : j == ceiling->count ? -1
                                          : path_compare(caller->style, caller->item[i].path, ceiling->item[j].path);
        const char *path = order <= 0 ? caller->item[i].path : ceiling->item[j].path;
        climb(&clamp->result, path, &clamp->result_top);
        climb(ceiling, path, &clamp->ceiling_top);
        climb(caller, path, &clamp->caller_top);
        if (order >= 0)
            clamp->ceiling_top = ++j;
        if (order <= 0)
            clamp->caller_top = ++i;
        if (order > 0 ? !add_rule(clamp, &ceiling->item[j - 1]) : !keep_rule(clamp, &caller->item[i - 1]))
            return false;
    }
    return true;
}

static int clamp_paths(struct policy_rules *rules, const struct policy_rules *ceiling, const char *what,
                       struct policy_cuts *cuts, struct postern_error *error)
{
    struct clamp clamp = {.caller = rules, .ceiling = ceiling, .what = what, .cuts = cuts};
    int result = POSTERN_OK;
    assert(rules->settled && ceiling->settled && rules->style == ceiling->style);
    policy_rules_init(&clamp.result, rules->style, lesser(rules->base, ceiling->base));
    clamp.result.capacity = rules->count + ceiling->count;
    clamp.result.item = calloc(clamp.result.capacity + 1, sizeof(*clamp.result.item));
    if (!clamp.result.item)
        return error_memory(error, STAGE);
    if (clamp.result.base < rules->base && !cut_path(&clamp, "other paths", rules->base, clamp.result.base))
        result = error_memory(error, STAGE);
    if (result == POSTERN_OK && !walk(&clamp))
        result = error_memory(error, STAGE);
    if (result == POSTERN_OK && clamp.result.count > POLICY_RULES_MAX)
        result = error_set(error, POSTERN_E_LIMIT, STAGE, "", "the policy has more than %d paths with those of %s",
                           POLICY_RULES_MAX, what);
    if (result == POSTERN_OK) {
        policy_rules_free(rules);
        *rules = clamp.result;
    } else {
        policy_rules_free(&clamp.result);
    }
    return result;
}

/* ---- the rest ---- */

static bool clamp_network(struct policy *policy, const struct policy *ceiling, const char *what,
                          struct policy_cuts *cuts)
{
    bool asked = policy->network == POLICY_NETWORK_ALLOW;
    if (asked && ceiling->network == POLICY_NETWORK_ALLOW)
        return true;
    policy->network = POLICY_NETWORK_BLOCK;
    return !asked ||
           add_cut(
               cuts, "network", "allow", "block",
               text_format(ceiling->network == POLICY_NETWORK_BLOCK ? "%s blocks it" : "%s does not allow it", what));
}

static bool clamp_limit(uint64_t *limit, uint64_t most, const char *item, const char *what, struct policy_cuts *cuts)
{
    char asked[24] = "no limit", left[24];
    if (most == 0 || (*limit != 0 && *limit <= most))
        return true;
    if (*limit != 0)
        snprintf(asked, sizeof(asked), "%" PRIu64, *limit);
    snprintf(left, sizeof(left), "%" PRIu64, most);
    *limit = most;
    return add_cut(cuts, item, asked, left, text_format("%s gives %s at most", what, left));
}

/* Unsaid fields are the lock-down already; a ceiling that locks anything down makes it a demand, which is held or
 * refused. */
static void clamp_ui(struct policy_ui *ui, const struct policy_ui *ceiling)
{
    if (!ceiling->said || (!ceiling->disable && ceiling->clipboard == POLICY_CLIPBOARD_ALL && ceiling->injection))
        return;
    ui->said = true;
    ui->disable = ui->disable || ceiling->disable;
    ui->injection = ui->injection && ceiling->injection;
    ui->clipboard = (enum policy_clipboard)((unsigned)ui->clipboard & (unsigned)ceiling->clipboard);
}

/* What the ceiling wants and nothing can enforce must not be lost, or the policy would get more than the ceiling gives.
 * What it wants of a network that is off anyway is not wanted. */
static bool add_demands(struct policy *policy, const struct policy *ceiling, const char *what)
{
    for (size_t i = 0; i < ceiling->demand_count && policy->demand_count < POLICY_DEMANDS_MAX; i++) {
        const struct policy_demand *demand = &ceiling->demand[i];
        struct policy_demand *added = &policy->demand[policy->demand_count];
        if (strncmp(demand->capability, "net.", 4) == 0 && policy->network != POLICY_NETWORK_ALLOW)
            continue;
        added->capability = demand->capability;
        added->where = text_format("%s of %s", demand->where, what);
        if (!added->where)
            return false;
        policy->demand_count++;
    }
    return true;
}

int policy_clamp(struct policy *policy, const struct policy *ceiling, const char *what, struct policy_cuts *cuts,
                 struct postern_error *error)
{
    const struct policy_limits *most = &ceiling->limits;
    struct policy_limits *limits = &policy->limits;
    int result = clamp_paths(&policy->rules, &ceiling->rules, what, cuts, error);
    policy->named = true;
    if (result == POSTERN_OK && (!clamp_network(policy, ceiling, what, cuts) ||
                                 !clamp_limit(&limits->memory, most->memory, "limits.memory", what, cuts) ||
                                 !clamp_limit(&limits->processes, most->processes, "limits.processes", what, cuts) ||
                                 !clamp_limit(&limits->cpu_ms, most->cpu_ms, "limits.cpu", what, cuts) ||
                                 !clamp_limit(&limits->file_size, most->file_size, "limits.file_size", what, cuts) ||
                                 !add_demands(policy, ceiling, what)))
        result = error_memory(error, STAGE);
    clamp_ui(&policy->ui, &ceiling->ui);
    if (result != POSTERN_OK) {
        policy_rules_free(&policy->rules);
        policy->rules.base = POLICY_DENIED;
        policy->network = POLICY_NETWORK_BLOCK;
    }
    return result;
}
