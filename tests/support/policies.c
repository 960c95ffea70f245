/*
 * policies.c - random policies and their plain reading; see policies.h.
 */
#include "tests/support/policies.h"

#include "tests/support/test.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NAMES 4

unsigned policies_random(uint64_t *state, unsigned below)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (unsigned)((*state >> 33) % below);
}

/* The entries of item[i] are item[NAMES * i + 1] and so on. */
size_t policies_above(size_t index)
{
    return index == 0 ? 0 : (index - 1) / NAMES;
}

void policies_make_tree(struct policies_tree *tree, enum path_style style)
{
    static const char *const names[NAMES] = {"a", "ab", "a-b", "\xc3\xa9"};
    const char *separator = style == PATH_WINDOWS ? "\\" : "/";
    tree->style = style;
    snprintf(tree->item[0], sizeof(tree->item[0]), "%s", style == PATH_WINDOWS ? "C:\\" : "/");
    for (size_t i = 1; i < POLICIES_TREE_SIZE; i++) {
        size_t above = policies_above(i);
        snprintf(tree->item[i], sizeof(tree->item[i]), "%s%s%s", tree->item[above], above == 0 ? "" : separator,
                 names[(i - 1) % NAMES]);
    }
}

static void add_rule(uint64_t *state, const struct policies_tree *tree, const struct policies_rule *rule,
                     struct policy_rules *rules)
{
    char text[32];
    snprintf(text, sizeof(text), "%s", tree->item[rule->path]);
    for (char *p = text; tree->style == PATH_WINDOWS && *p; p++) {
        if ((unsigned char)*p < 0x80 && policies_random(state, 2))
            *p = (char)toupper((unsigned char)*p);
    }
    assert_int_equal(policy_add_rule(rules, text, rule->access, rule->source, NULL), POSTERN_OK);
}

size_t policies_random_rules(uint64_t *state, const struct policies_tree *tree, size_t count, struct policies_rule *out,
                             struct policy_rules *rules)
{
    static const enum policy_source sources[] = {POLICY_FROM_FILE, POLICY_FROM_OPTION, POLICY_PROTECTED};
    size_t made = policies_random(state, (unsigned)count + 1);
    size_t path = 0;
    for (size_t i = 0; i < made; i++) {
        /* beneath or above the last one more often than chance has it, so that rules nest */
        if (policies_random(state, 2) && path < (POLICIES_TREE_SIZE - 1) / NAMES)
            path = NAMES * path + 1 + policies_random(state, NAMES);
        else if (policies_random(state, 2))
            path = policies_above(path);
        else
            path = policies_random(state, POLICIES_TREE_SIZE);
        out[i].path = path;
        out[i].source = sources[policies_random(state, 3)];
        out[i].access = out[i].source == POLICY_PROTECTED ? POLICY_READ : (enum policy_access)policies_random(state, 3);
        add_rule(state, tree, &out[i], rules);
    }
    return made;
}

enum policy_access policies_access(const struct policies_rule *rules, size_t count, enum policy_access base,
                                   size_t path)
{
    for (;; path = policies_above(path)) {
        const struct policies_rule *best = NULL;
        for (size_t i = 0; i < count; i++) {
            const struct policies_rule *rule = &rules[i];
            if (rule->path != path)
                continue;
            if (!best || (best->source == POLICY_PROTECTED && rule->source != POLICY_PROTECTED) ||
                (rule->source != POLICY_PROTECTED && rule->access < best->access))
                best = rule;
        }
        if (best || path == 0)
            return best ? best->access : base;
    }
}
