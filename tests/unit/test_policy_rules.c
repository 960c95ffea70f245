/*
 * shared/policy_rules.c: adding, settling, which rule decides; and against a plain reading of random rules.
 */
#include "tests/support/policies.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

static void add(struct policy_rules *rules, const char *path, enum policy_access access, enum policy_source source)
{
    struct postern_error error = {0};
    int result = policy_add_rule(rules, path, access, source, &error);
    if (result != POSTERN_OK)
        print_error("%s\n", error.message);
    assert_int_equal(result, POSTERN_OK);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(policy_access_name(POLICY_DENIED), "denied");
    assert_string_equal(policy_access_name(POLICY_READ), "read");
    assert_string_equal(policy_access_name(POLICY_WRITE), "write");
    assert_string_equal(policy_access_name((enum policy_access)9), "unknown");
    assert_string_equal(policy_source_name(POLICY_FROM_PRESET), "preset");
    assert_string_equal(policy_source_name(POLICY_FROM_FILE), "policy");
    assert_string_equal(policy_source_name(POLICY_FROM_OPTION), "option");
    assert_string_equal(policy_source_name(POLICY_PROTECTED), "protected");
    assert_string_equal(policy_source_name(POLICY_FROM_CEILING), "ceiling");
    assert_string_equal(policy_source_name((enum policy_source)9), "unknown");
}

static void no_rules(void **state)
{
    struct policy_rules rules;
    (void)state;
    policy_rules_init(&rules, PATH_POSIX, POLICY_READ);
    assert_int_equal(policy_access_of(&rules, "/a"), POLICY_READ); /* no rules are settled rules */
    policy_settle(&rules);
    assert_null(policy_deciding_rule(&rules, "/"));
    rules.base = POLICY_DENIED;
    assert_int_equal(policy_access_of(&rules, "/a/b"), POLICY_DENIED);
    policy_rules_free(&rules);
    assert_int_equal(rules.base, POLICY_DENIED);
    assert_int_equal(rules.count, 0);
}

static void paths_are_kept_in_their_one_form(void **state)
{
    struct policy_rules rules;
    struct postern_error error = {0};
    (void)state;
    policy_rules_init(&rules, PATH_POSIX, POLICY_READ);
    add(&rules, "/a//b/./c/", POLICY_WRITE, POLICY_FROM_OPTION);
    add(&rules, "/a/b", POLICY_READ, POLICY_FROM_OPTION);
    assert_string_equal(rules.item[0].path, "/a/b/c");
    assert_string_equal(rules.item[0].said, "/a//b/./c/");
    assert_null(rules.item[1].said);
    assert_false(rules.settled);
    assert_int_equal(policy_add_rule(&rules, "a/b", POLICY_DENIED, POLICY_FROM_FILE, &error), POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, "a path to deny"));
    assert_int_equal(rules.count, 2);
    policy_rules_free(&rules);
}

static void most_specific_wins(void **state)
{
    struct policy_rules rules;
    (void)state;
    policy_rules_init(&rules, PATH_POSIX, POLICY_READ);
    add(&rules, "/w/deny/out", POLICY_WRITE, POLICY_FROM_OPTION);
    add(&rules, "/w", POLICY_WRITE, POLICY_FROM_PRESET);
    add(&rules, "/w/deny", POLICY_DENIED, POLICY_FROM_OPTION);
    policy_settle(&rules);
    assert_int_equal(policy_access_of(&rules, "/"), POLICY_READ);
    assert_int_equal(policy_access_of(&rules, "/w"), POLICY_WRITE);
    assert_int_equal(policy_access_of(&rules, "/w/x"), POLICY_WRITE);
    assert_int_equal(policy_access_of(&rules, "/w/deny"), POLICY_DENIED);
    assert_int_equal(policy_access_of(&rules, "/w/deny/x/y"), POLICY_DENIED);
    assert_int_equal(policy_access_of(&rules, "/w/deny/out/y"), POLICY_WRITE);
    /* by component, not as text */
    assert_int_equal(policy_access_of(&rules, "/w/deny-not"), POLICY_WRITE);
    assert_int_equal(policy_access_of(&rules, "/wide"), POLICY_READ);
    assert_string_equal(policy_deciding_rule(&rules, "/w/deny/z")->path, "/w/deny");
    policy_rules_free(&rules);
}

static void a_rule_for_the_root_overrides_the_base(void **state)
{
    struct policy_rules rules;
    (void)state;
    policy_rules_init(&rules, PATH_POSIX, POLICY_READ);
    add(&rules, "/", POLICY_DENIED, POLICY_FROM_FILE);
    add(&rules, "/usr", POLICY_READ, POLICY_FROM_FILE);
    policy_settle(&rules);
    assert_int_equal(policy_access_of(&rules, "/"), POLICY_DENIED);
    assert_int_equal(policy_access_of(&rules, "/etc"), POLICY_DENIED);
    assert_int_equal(policy_access_of(&rules, "/usr/bin"), POLICY_READ);
    policy_rules_free(&rules);
}

static void the_stricter_wins_a_tie(void **state)
{
    struct policy_rules rules;
    (void)state;
    policy_rules_init(&rules, PATH_POSIX, POLICY_READ);
    add(&rules, "/a", POLICY_WRITE, POLICY_FROM_OPTION);
    add(&rules, "/a", POLICY_READ, POLICY_FROM_FILE);
    add(&rules, "/b", POLICY_READ, POLICY_FROM_OPTION);
    add(&rules, "/b/", POLICY_DENIED, POLICY_FROM_FILE);
    add(&rules, "/b", POLICY_WRITE, POLICY_FROM_PRESET);
    rules.item[1].inode = 7; /* the facts of the one that wins are kept */
    policy_settle(&rules);
    assert_int_equal(rules.count, 2);
    assert_int_equal(rules.item[0].access, POLICY_READ);
    assert_int_equal(rules.item[0].inode, 7);
    assert_int_equal(rules.item[1].access, POLICY_DENIED);
    assert_string_equal(rules.item[1].said, "/b/");
    policy_rules_free(&rules);
}

static void whoever_names_it_lifts_a_protection(void **state)
{
    struct policy_rules rules;
    (void)state;
    policy_rules_init(&rules, PATH_POSIX, POLICY_READ);
    add(&rules, "/w/.git", POLICY_READ, POLICY_PROTECTED);
    add(&rules, "/w", POLICY_WRITE, POLICY_FROM_OPTION);
    policy_settle(&rules);
    assert_int_equal(policy_access_of(&rules, "/w/.git/hooks"), POLICY_READ);
    add(&rules, "/w/.git", POLICY_WRITE, POLICY_FROM_OPTION);
    policy_settle(&rules);
    assert_int_equal(rules.count, 2);
    assert_int_equal(policy_access_of(&rules, "/w/.git/hooks"), POLICY_WRITE);
    policy_rules_free(&rules);
}

static void case_does_not_matter_on_windows(void **state)
{
    struct policy_rules rules;
    (void)state;
    policy_rules_init(&rules, PATH_WINDOWS, POLICY_READ);
    add(&rules, "c:/Work", POLICY_WRITE, POLICY_FROM_OPTION);
    add(&rules, "C:\\WORK", POLICY_DENIED, POLICY_FROM_OPTION);
    add(&rules, "D:\\", POLICY_WRITE, POLICY_FROM_OPTION);
    policy_settle(&rules);
    assert_int_equal(rules.count, 2);
    assert_int_equal(policy_access_of(&rules, "C:\\work\\x"), POLICY_DENIED);
    assert_int_equal(policy_access_of(&rules, "C:\\works"), POLICY_READ);
    assert_int_equal(policy_access_of(&rules, "D:\\x"), POLICY_WRITE);
    policy_rules_free(&rules);
}

static void the_number_of_rules_is_limited(void **state)
{
    struct policy_rules rules;
    struct postern_error error = {0};
    char path[32];
    (void)state;
    policy_rules_init(&rules, PATH_POSIX, POLICY_READ);
    for (int i = 0; i < POLICY_RULES_MAX; i++) {
        snprintf(path, sizeof(path), "/d/%d", i);
        add(&rules, path, POLICY_READ, POLICY_FROM_FILE);
    }
    assert_int_equal(policy_add_rule(&rules, "/e", POLICY_READ, POLICY_FROM_FILE, &error), POSTERN_E_LIMIT);
    assert_non_null(strstr(error.message, "4096"));
    policy_settle(&rules);
    assert_int_equal(rules.count, POLICY_RULES_MAX);
    assert_string_equal(policy_deciding_rule(&rules, "/d/77/x")->path, "/d/77");
    policy_rules_free(&rules);
}

/* As deep as a path can be, with a rule on every level and many beside the deepest. */
static void deep_nesting(void **state)
{
    enum { DEPTH = 1000 };
    struct policy_rules rules;
    char path[2 * DEPTH + 3] = "";
    (void)state;
    policy_rules_init(&rules, PATH_POSIX, POLICY_READ);
    for (size_t i = 0; i < DEPTH; i++) {
        memcpy(path + 2 * i, "/a", 3);
        add(&rules, path, i % 2 ? POLICY_READ : POLICY_DENIED, POLICY_FROM_FILE);
    }
    policy_settle(&rules);
    for (size_t i = 0; i < DEPTH; i++) {
        memcpy(path + 2 * (i + 1), "/z", 3); /* sorts behind all that is beneath */
        assert_int_equal(policy_access_of(&rules, path), i % 2 ? POLICY_READ : POLICY_DENIED);
        memcpy(path + 2 * (i + 1), "/a", 3);
    }
    policy_rules_free(&rules);
}

/* Runs of every length, rising and falling: whatever way rules come in, the same comes out. */
static void order_does_not_matter(void **state)
{
    enum { COUNT = 100 };
    char path[32];
    (void)state;
    for (size_t run = 1; run <= COUNT; run++) {
        struct policy_rules rules;
        policy_rules_init(&rules, PATH_POSIX, POLICY_READ);
        for (size_t i = 0; i < COUNT; i++) {
            size_t from_end = COUNT - 1 - i, number = i / run % 2 ? i : from_end / run * run + i % run;
            snprintf(path, sizeof(path), "/d%s/%03zu", i % 3 ? "" : "/e", number);
            add(&rules, path, number % 2 ? POLICY_WRITE : POLICY_DENIED, POLICY_FROM_FILE);
            add(&rules, path, number % 2 ? POLICY_DENIED : POLICY_WRITE, POLICY_PROTECTED);
        }
        policy_settle(&rules);
        for (size_t i = 0; i < rules.count; i++) {
            assert_true(i == 0 || path_compare(PATH_POSIX, rules.item[i - 1].path, rules.item[i].path) < 0);
            assert_int_equal(rules.item[i].source, POLICY_FROM_FILE);
            assert_int_equal(rules.item[i].above, 0);
        }
        policy_rules_free(&rules);
    }
}

/* ---- against the plain reading ---- */

static void compare_with_reference(enum path_style style)
{
    enum { POLICIES = 400, RULES = 40 };
    static struct policies_tree tree;
    struct policies_rule said[RULES];
    uint64_t random = 0x9e3779b97f4a7c15;
    policies_make_tree(&tree, style);
    for (int n = 0; n < POLICIES; n++) {
        struct policy_rules rules;
        enum policy_access base = (enum policy_access)policies_random(&random, 3);
        policy_rules_init(&rules, style, base);
        size_t count = policies_random_rules(&random, &tree, RULES, said, &rules);
        policy_settle(&rules);
        for (size_t i = 0; i < POLICIES_TREE_SIZE; i++) {
            enum policy_access got = policy_access_of(&rules, tree.item[i]);
            enum policy_access wanted = policies_access(said, count, base, i);
            if (got != wanted)
                print_error("policy %d: %s is %s instead of %s\n", n, tree.item[i], policy_access_name(got),
                            policy_access_name(wanted));
            assert_int_equal(got, wanted);
        }
        for (size_t i = 1; i < rules.count; i++)
            assert_true(path_compare(style, rules.item[i - 1].path, rules.item[i].path) < 0);
        policy_rules_free(&rules);
    }
}

static void random_rules_posix(void **state)
{
    (void)state;
    compare_with_reference(PATH_POSIX);
}

static void random_rules_windows(void **state)
{
    (void)state;
    compare_with_reference(PATH_WINDOWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(no_rules),
        cmocka_unit_test(paths_are_kept_in_their_one_form),
        cmocka_unit_test(most_specific_wins),
        cmocka_unit_test(a_rule_for_the_root_overrides_the_base),
        cmocka_unit_test(the_stricter_wins_a_tie),
        cmocka_unit_test(whoever_names_it_lifts_a_protection),
        cmocka_unit_test(case_does_not_matter_on_windows),
        cmocka_unit_test(the_number_of_rules_is_limited),
        cmocka_unit_test(deep_nesting),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(random_rules_posix),
        cmocka_unit_test(random_rules_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
