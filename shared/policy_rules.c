/*
 * policy_rules.c - rules for paths: collecting them, settling them, and which of them decides about a path. Portable,
 * pure; both sides, called in the parent by whatever reads, resolves, clamps and plans a policy.
 *
 * Settled rules are sorted so that all that is beneath a directory comes directly after it. So the last rule at or
 * before a path is either at or above the path, or shares with it every rule that is: the search is binary, and the
 * rest follows the links to the rule above.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shared/policy.h"
#include "shared/text.h"

static const char STAGE[] = "policy";

const char *policy_access_name(enum policy_access access)
{
    switch (access) {
    case POLICY_DENIED:
        return "denied";
    case POLICY_READ:
        return "read";
    case POLICY_WRITE:
        return "write";
    }
    return "unknown";
}

const char *policy_source_name(enum policy_source source)
{
    switch (source) {
    case POLICY_FROM_PRESET:
        return "preset";
    case POLICY_FROM_FILE:
        return "policy";
    case POLICY_FROM_OPTION:
        return "option";
    case POLICY_PROTECTED:
        return "protected";
    case POLICY_FROM_CEILING:
        return "ceiling";
    }
    return "unknown";
}

/* ---- the list ---- */

void policy_rules_init(struct policy_rules *rules, enum path_style style, enum policy_access base)
{
    *rules = (struct policy_rules){.style = style, .base = base, .settled = true};
}

static void free_rule(struct policy_rule *rule)
{
    free(rule->path);
    free(rule->said);
    free(rule->barrier);
}

void policy_rules_free(struct policy_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        free_rule(&rules->item[i]);
    free(rules->item);
    policy_rules_init(rules, rules->style, rules->base);
}

static bool make_room(struct policy_rules *rules)
{
    if (rules->count < rules->capacity)
        return true;
    size_t capacity = rules->capacity ? rules->capacity * 2 : 16;
    struct policy_rule *item = realloc(rules->item, capacity * sizeof(*item));
    if (!item)
        return false;
    rules->item = item;
    rules->capacity = capacity;
    return true;
}

int policy_add_rule(struct policy_rules *rules, const char *path, enum policy_access access, enum policy_source source,
                    struct postern_error *error)
{
    struct policy_rule rule = {.access = access, .source = source};
    const char *what = access == POLICY_DENIED ? "a path to deny"
                       : access == POLICY_READ ? "a path to read"
                                               : "a path to write";
    int result;
    if (rules->count >= POLICY_RULES_MAX) {
        result = error_set(error, POSTERN_E_LIMIT, STAGE, "", "more than %d paths in a policy", POLICY_RULES_MAX);
        error_remedy(error, "name directories instead of what is in them");
        return result;
    }
    result = path_canonical(rules->style, path, what, &rule.path, error);
    if (result != POSTERN_OK)
        return result;
    if (strcmp(rule.path, path) != 0)
        rule.said = text_duplicate(path);
    if ((strcmp(rule.path, path) != 0 && !rule.said) || !make_room(rules)) {
        free_rule(&rule);
        return error_memory(error, STAGE);
    }
    rules->item[rules->count++] = rule;
    rules->settled = false;
    return POSTERN_OK;
}

/* ---- settling ---- */

/* By path; of those for the same path the one that wins comes first. The source and the text last, so that the result
 * does not depend on the order in which rules were added; what was said otherwise before what was not, because it also
 * tells of a link. */
static int compare_rules(enum path_style style, const struct policy_rule *a, const struct policy_rule *b)
{
    int order = path_compare(style, a->path, b->path);
    bool a_yields = a->source == POLICY_PROTECTED, b_yields = b->source == POLICY_PROTECTED;
    if (order != 0)
        return order;
    if (a_yields != b_yields)
        return a_yields ? 1 : -1;
    if (a->access != b->access)
        return a->access < b->access ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    if (!a->said != !b->said)
        return a->said ? -1 : 1;
    return strcmp(a->said ? a->said : a->path, b->said ? b->said : b->path);
}

static int compare_posix(const void *a, const void *b)
{
    return compare_rules(PATH_POSIX, a, b);
}

static int compare_windows(const void *a, const void *b)
{
    return compare_rules(PATH_WINDOWS, a, b);
}

static void sort(struct policy_rules *rules)
{
    int (*compare)(const void *, const void *) = rules->style == PATH_WINDOWS ? compare_windows : compare_posix;
    for (size_t i = 1; i < rules->count; i++) {
        if (compare(&rules->item[i - 1], &rules->item[i]) > 0) {
            qsort(rules->item, rules->count, sizeof(rules->item[0]), compare);
            return;
        }
    }
}

static void drop_losers(struct policy_rules *rules)
{
    size_t kept = 0;
    for (size_t i = 0; i < rules->count; i++) {
        struct policy_rule *rule = &rules->item[i];
        if (kept > 0 && path_compare(rules->style, rules->item[kept - 1].path, rule->path) == 0)
            free_rule(rule);
        else
            rules->item[kept++] = *rule;
    }
    rules->count = kept;
}

static void link_above(struct policy_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        size_t above = i; /* 1 + the index of the one before */
        while (above > 0 && !path_is_beneath(rules->style, rules->item[i].path, rules->item[above - 1].path))
            above = rules->item[above - 1].above;
        rules->item[i].above = above;
    }
}

void policy_settle(struct policy_rules *rules)
{
    sort(rules);
    drop_losers(rules);
    link_above(rules);
    rules->settled = true;
}

/* ---- deciding ---- */

/* How many rules sort before `path` or are for it. */
static size_t count_up_to(const struct policy_rules *rules, const char *path)
{
    size_t low = 0, high = rules->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (path_compare(rules->style, rules->item[middle].path, path) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct policy_rule *policy_deciding_rule(const struct policy_rules *rules, const char *path)
{
    assert(rules->settled);
    size_t at = count_up_to(rules, path);
    while (at > 0 && !path_is_beneath(rules->style, path, rules->item[at - 1].path))
        at = rules->item[at - 1].above;
    return at > 0 ? &rules->item[at - 1] : NULL;
}

enum policy_access policy_access_of(const struct policy_rules *rules, const char *path)
{
    const struct policy_rule *rule = policy_deciding_rule(rules, path);
    return rule ? rule->access : rules->base;
}
