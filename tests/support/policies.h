/*
 * policies.h - random policies over a small tree of paths, the same in every run, and what they grant by the plainest
 * of readings: what the tests hold the rules, the ceilings and the planner against.
 */
#ifndef POSTERN_TESTS_SUPPORT_POLICIES_H
#define POSTERN_TESTS_SUPPORT_POLICIES_H

#include "shared/policy.h"

/* xorshift; the state is never 0. */
unsigned policies_random(uint64_t *state, unsigned below);

/* All paths of up to four components with names that are prefixes of each other or sort around a separator. Canonical;
 * paths_above() and the like need no more. item[0] is the root. */
#define POLICIES_TREE_SIZE 341
struct policies_tree {
    enum path_style style;
    char item[POLICIES_TREE_SIZE][32];
};
void policies_make_tree(struct policies_tree *tree, enum path_style style);

/* The index of the directory that holds a path; of the root: the root. */
size_t policies_above(size_t index);

/* A rule as it was added, before any settling. */
struct policies_rule {
    size_t path;
    enum policy_access access;
    enum policy_source source;
};

/* Up to `count` rules, doubles among them; also added to `rules`, where paths of Windows get another case at times. */
size_t policies_random_rules(uint64_t *state, const struct policies_tree *tree, size_t count, struct policies_rule *out,
                             struct policy_rules *rules);

/* By the text of docs/policy.md: the rule of the path itself or of the nearest directory above; on a tie denied before
 * read before write; any other before a protection. */
enum policy_access policies_access(const struct policies_rule *rules, size_t count, enum policy_access base,
                                   size_t path);

#endif
