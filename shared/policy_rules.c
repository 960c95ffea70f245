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

enum { MERGES_MAX = 32 }; /* of lists of twice the runs each time: more than any memory holds */

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
    bool otherwise;
    int result;
    if (rules->count >= POLICY_RULES_MAX) {
        result = error_set(error, POSTERN_E_LIMIT, STAGE, "", "more than %d paths in a policy", POLICY_RULES_MAX);
        error_remedy(error, "name directories instead of what is in them");
        return result;
    }
    result = path_canonical(rules->style, path, what, &rule.path, error);
    if (result != POSTERN_OK)
        return result;
    otherwise = strcmp(rule.path, path) != 0;
    if (otherwise)
        rule.said = text_duplicate(path);
    if ((otherwise && !rule.said) || !make_room(rules)) {
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

/* While they are sorted, `above` of a rule is 1 + the index of the one behind it in its list; 0: it is the last. So
 * sorting needs no memory and cannot fail. */
static size_t merge(struct policy_rules *rules, size_t a, size_t b)
{
    size_t first = 0, *end = &first;
    while (a > 0 && b > 0) {
        size_t *less = compare_rules(rules->style, &rules->item[a - 1], &rules->item[b - 1]) <= 0 ? &a : &b;
        *end = *less;
        end = &rules->item[*less - 1].above;
        *less = *end;
    }
    *end = a > 0 ? a : b;
    return first;
}

/* Takes the rules from *at that are in order already; a list of paths in a policy is a few such runs at most. */
static size_t take_run(struct policy_rules *rules, size_t *at)
{
    size_t first = *at + 1;
    while (++*at < rules->count && compare_rules(rules->style, &rules->item[*at - 1], &rules->item[*at]) <= 0)
        rules->item[*at - 1].above = *at + 1;
    rules->item[*at - 1].above = 0;
    return first;
}

/* Moves every rule to its place in the list. */
static void arrange(struct policy_rules *rules, size_t first)
{
    for (size_t place = 0, next; first > 0; first = next) {
        next = rules->item[first - 1].above;
        rules->item[first - 1].above = place++;
    }
    for (size_t i = 0; i < rules->count; i++) {
        while (rules->item[i].above != i) {
            struct policy_rule moved = rules->item[i];
            rules->item[i] = rules->item[moved.above];
            rules->item[moved.above] = moved;
        }
    }
}

/* A merge sort that begins with the runs there are: lists are mostly written in order. merged[k] is a list made of 2^k
 * runs, or none. */
static void sort(struct policy_rules *rules)
{
    size_t merged[MERGES_MAX] = {0}, list, k;
    for (size_t at = 0; at < rules->count;) {
        list = take_run(rules, &at);
        for (k = 0; merged[k] > 0; merged[k++] = 0)
            list = merge(rules, merged[k], list);
        merged[k] = list;
    }
    for (k = list = 0; k < MERGES_MAX; k++)
        list = merge(rules, merged[k], list);
    arrange(rules, list);
}

/* Leaves the first rule of each path, and finds for each the nearest one above. */
static void link_winners(struct policy_rules *rules)
{
    struct policy_rule *item = rules->item;
    size_t kept = 0;
    for (size_t i = 0; i < rules->count; i++) {
        size_t above = kept; /* 1 + the index of the one before */
        while (above > 0 && !path_is_beneath(rules->style, item[i].path, item[above - 1].path))
            above = item[above - 1].above;
        if (above > 0 && above == kept && path_is_beneath(rules->style, item[above - 1].path, item[i].path)) {
            free_rule(&item[i]); /* both are beneath each other */
            continue;
        }
        item[kept] = item[i];
        item[kept++].above = above;
    }
    rules->count = kept;
}

void policy_settle(struct policy_rules *rules)
{
    sort(rules);
    link_winners(rules);
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
