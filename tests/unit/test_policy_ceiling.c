/*
 * shared/policy_ceiling.c: what a ceiling leaves of a policy and what it says about the rest; and, for random pairs,
 * that it is the lesser of both for every path.
 */
#include "tests/support/policies.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

struct pair {
    struct policy policy, ceiling;
    struct policy_cuts cuts;
};

static void begin(struct pair *pair)
{
    memset(pair, 0, sizeof(*pair));
    policy_init(&pair->policy, PATH_POSIX);
    policy_init(&pair->ceiling, PATH_POSIX);
}

static void end(struct pair *pair)
{
    policy_free(&pair->policy);
    policy_free(&pair->ceiling);
    policy_cuts_free(&pair->cuts);
}

/* Valid until the next one is added. */
static struct policy_rule *add(struct policy *policy, const char *path, enum policy_access access,
                               enum policy_source source)
{
    assert_int_equal(policy_add_rule(&policy->rules, path, access, source, NULL), POSTERN_OK);
    return &policy->rules.item[policy->rules.count - 1];
}

static void clamp(struct pair *pair)
{
    struct postern_error error = {0};
    policy_settle(&pair->policy.rules);
    policy_settle(&pair->ceiling.rules);
    assert_int_equal(policy_clamp(&pair->policy, &pair->ceiling, "/etc/top.json", &pair->cuts, &error), POSTERN_OK);
    assert_true(pair->policy.rules.settled);
    assert_true(pair->policy.named);
}

static const struct policy_rule *find(const struct policy *policy, const char *path)
{
    const struct policy_rule *rule = policy_deciding_rule(&policy->rules, path);
    return rule && strcmp(rule->path, path) == 0 ? rule : NULL;
}

static void assert_cut(const struct pair *pair, const char *item, const char *asked, const char *left,
                       const char *because)
{
    for (size_t i = 0; i < pair->cuts.count; i++) {
        const struct policy_cut *cut = &pair->cuts.item[i];
        if (strcmp(cut->item, item) != 0)
            continue;
        assert_string_equal(cut->asked, asked);
        assert_string_equal(cut->left, left);
        assert_string_equal(cut->because, because);
        return;
    }
    fail_msg("no cut of %s", item);
}

/* ---- paths ---- */

static void what_is_not_granted_is_cut(void **state)
{
    struct pair pair;
    (void)state;
    begin(&pair);
    add(&pair.policy, "/srv/a", POLICY_WRITE, POLICY_FROM_OPTION);
    add(&pair.policy, "/home/u", POLICY_WRITE, POLICY_FROM_OPTION);
    add(&pair.ceiling, "/srv", POLICY_WRITE, POLICY_FROM_FILE);
    clamp(&pair);
    assert_int_equal(policy_access_of(&pair.policy.rules, "/srv/a"), POLICY_WRITE);
    assert_int_equal(policy_access_of(&pair.policy.rules, "/srv"), POLICY_READ);
    assert_int_equal(policy_access_of(&pair.policy.rules, "/home/u"), POLICY_READ);
    assert_int_equal(pair.cuts.count, 1);
    assert_cut(&pair, "/home/u", "write", "read", "/etc/top.json gives read to what it does not name");
    end(&pair);
}

static void a_path_of_the_ceiling_inside_a_grant(void **state)
{
    struct pair pair;
    struct policy_rule *rule;
    (void)state;
    begin(&pair);
    rule = add(&pair.policy, "/w", POLICY_WRITE, POLICY_FROM_PRESET);
    rule->delegated = true;
    rule->uid = 1000;
    add(&pair.ceiling, "/w", POLICY_WRITE, POLICY_FROM_FILE);
    rule = add(&pair.ceiling, "/w/vendor", POLICY_READ, POLICY_FROM_FILE);
    rule->directory = true;
    rule->device = 3;
    rule->inode = 4;
    rule->uid = 5;
    rule->barrier = text_duplicate("/w");
    rule = add(&pair.ceiling, "/w/secret/", POLICY_DENIED, POLICY_FROM_FILE);
    rule->missing = true;
    rule->delegated = true;
    clamp(&pair);
    const struct policy_rule *vendor = find(&pair.policy, "/w/vendor"), *secret = find(&pair.policy, "/w/secret");
    assert_non_null(vendor);
    assert_int_equal(vendor->source, POLICY_FROM_CEILING);
    assert_int_equal(vendor->access, POLICY_READ);
    assert_true(vendor->directory && vendor->device == 3 && vendor->inode == 4 && vendor->uid == 5);
    assert_true(vendor->delegated); /* as the grant it is carved out of */
    assert_string_equal(vendor->barrier, "/w");
    assert_non_null(secret);
    assert_true(secret->missing);
    assert_string_equal(secret->said, "/w/secret/");
    assert_int_equal(find(&pair.policy, "/w")->uid, 1000);
    assert_cut(&pair, "/w/vendor", "write", "read", "/etc/top.json gives read to /w/vendor");
    assert_cut(&pair, "/w/secret/", "write", "denied", "/etc/top.json denies /w/secret/");
    assert_int_equal(pair.cuts.count, 2);
    end(&pair);
}

static void a_ceiling_hands_nobodys_rights_on(void **state)
{
    struct pair pair;
    (void)state;
    begin(&pair);
    pair.ceiling.rules.base = POLICY_DENIED;
    add(&pair.ceiling, "/usr", POLICY_READ, POLICY_FROM_FILE)->delegated = true;
    clamp(&pair);
    assert_int_equal(pair.policy.rules.base, POLICY_DENIED);
    assert_int_equal(find(&pair.policy, "/usr")->access, POLICY_READ);
    assert_false(find(&pair.policy, "/usr")->delegated);
    assert_cut(&pair, "other paths", "read", "denied", "/etc/top.json denies what it does not name");
    assert_int_equal(pair.cuts.count, 1);
    end(&pair);
}

/* What the caller named is handed over on his behalf, whatever is left of it. */
static void rules_of_the_caller_stay(void **state)
{
    struct pair pair;
    (void)state;
    begin(&pair);
    add(&pair.policy, "/data", POLICY_READ, POLICY_FROM_OPTION)->delegated = true; /* as the base, but delegated */
    add(&pair.policy, "/w", POLICY_WRITE, POLICY_FROM_OPTION)->delegated = true;
    add(&pair.policy, "/w/.git", POLICY_READ, POLICY_PROTECTED);
    add(&pair.ceiling, "/", POLICY_DENIED, POLICY_FROM_FILE);
    add(&pair.ceiling, "/w/out", POLICY_WRITE, POLICY_FROM_FILE);
    clamp(&pair);
    assert_int_equal(find(&pair.policy, "/data")->access, POLICY_DENIED);
    assert_int_equal(find(&pair.policy, "/w")->access, POLICY_DENIED);
    assert_true(find(&pair.policy, "/w")->delegated);
    assert_null(find(&pair.policy, "/w/.git")); /* denied with all around it */
    assert_int_equal(find(&pair.policy, "/w/out")->access, POLICY_WRITE);
    assert_true(find(&pair.policy, "/w/out")->delegated);
    assert_int_equal(policy_access_of(&pair.policy.rules, "/usr"), POLICY_DENIED);
    end(&pair);
}

static void paths_without_an_effect_are_left_out(void **state)
{
    struct pair pair;
    (void)state;
    begin(&pair);
    add(&pair.policy, "/w", POLICY_WRITE, POLICY_FROM_OPTION);
    add(&pair.ceiling, "/", POLICY_WRITE, POLICY_FROM_FILE);
    add(&pair.ceiling, "/tmp", POLICY_READ, POLICY_FROM_FILE);
    add(&pair.ceiling, "/w/x", POLICY_WRITE, POLICY_FROM_FILE);
    clamp(&pair);
    assert_int_equal(pair.policy.rules.count, 1);
    assert_int_equal(pair.cuts.count, 0);
    end(&pair);
}

static void two_ceilings(void **state)
{
    struct pair pair;
    (void)state;
    begin(&pair);
    add(&pair.policy, "/w", POLICY_WRITE, POLICY_FROM_OPTION);
    add(&pair.ceiling, "/", POLICY_WRITE, POLICY_FROM_FILE);
    add(&pair.ceiling, "/w/x", POLICY_READ, POLICY_FROM_FILE);
    clamp(&pair);
    assert_int_equal(find(&pair.policy, "/w/x")->source, POLICY_FROM_CEILING);
    policy_free(&pair.ceiling);
    add(&pair.ceiling, "/w/y", POLICY_WRITE, POLICY_FROM_FILE);
    clamp(&pair);
    assert_null(find(&pair.policy, "/w/x")); /* the second one takes all around it, too */
    assert_int_equal(policy_access_of(&pair.policy.rules, "/w/x"), POLICY_READ);
    assert_int_equal(policy_access_of(&pair.policy.rules, "/w/y"), POLICY_WRITE);
    end(&pair);
}

static void too_many_rules_grant_nothing(void **state)
{
    struct pair pair;
    struct postern_error error = {0};
    (void)state;
    begin(&pair);
    add(&pair.policy, "/w", POLICY_WRITE, POLICY_FROM_OPTION);
    add(&pair.ceiling, "/", POLICY_WRITE, POLICY_FROM_FILE);
    for (int i = 0; i < POLICY_RULES_MAX - 1; i++) {
        char *path = text_format("/w/%d", i);
        add(&pair.ceiling, path, POLICY_READ, POLICY_FROM_FILE);
        free(path);
    }
    add(&pair.policy, "/x", POLICY_WRITE, POLICY_FROM_OPTION);
    pair.policy.network = pair.ceiling.network = POLICY_NETWORK_ALLOW;
    policy_settle(&pair.policy.rules);
    policy_settle(&pair.ceiling.rules);
    assert_int_equal(policy_clamp(&pair.policy, &pair.ceiling, "top", &pair.cuts, &error), POSTERN_E_LIMIT);
    assert_non_null(strstr(error.message, "4096"));
    assert_int_equal(policy_access_of(&pair.policy.rules, "/w/1"), POLICY_DENIED);
    assert_int_equal(policy_access_of(&pair.policy.rules, "/"), POLICY_DENIED);
    assert_int_equal(pair.policy.network, POLICY_NETWORK_BLOCK);
    end(&pair);
}

/* ---- the rest ---- */

static void network_takes_two(void **state)
{
    static const struct {
        enum policy_network asked, ceiling, left;
        const char *because; /* NULL: nothing was cut */
    } cases[] = {
        {POLICY_NETWORK_ALLOW, POLICY_NETWORK_ALLOW, POLICY_NETWORK_ALLOW, NULL},
        {POLICY_NETWORK_ALLOW, POLICY_NETWORK_UNSAID, POLICY_NETWORK_BLOCK, "/etc/top.json does not allow it"},
        {POLICY_NETWORK_ALLOW, POLICY_NETWORK_BLOCK, POLICY_NETWORK_BLOCK, "/etc/top.json blocks it"},
        {POLICY_NETWORK_UNSAID, POLICY_NETWORK_ALLOW, POLICY_NETWORK_BLOCK, NULL},
        {POLICY_NETWORK_UNSAID, POLICY_NETWORK_UNSAID, POLICY_NETWORK_BLOCK, NULL},
        {POLICY_NETWORK_BLOCK, POLICY_NETWORK_ALLOW, POLICY_NETWORK_BLOCK, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pair pair;
        begin(&pair);
        pair.policy.network = cases[i].asked;
        pair.ceiling.network = cases[i].ceiling;
        clamp(&pair);
        assert_int_equal(pair.policy.network, cases[i].left);
        assert_int_equal(pair.cuts.count, cases[i].because != NULL);
        if (cases[i].because)
            assert_cut(&pair, "network", "allow", "block", cases[i].because);
        end(&pair);
    }
}

static void limits_are_the_lesser(void **state)
{
    struct pair pair;
    (void)state;
    begin(&pair);
    pair.policy.limits = (struct policy_limits){.memory = 200, .processes = 50, .file_size = 7};
    pair.ceiling.limits = (struct policy_limits){.memory = 100, .processes = 60, .cpu_ms = 9};
    clamp(&pair);
    assert_int_equal(pair.policy.limits.memory, 100);
    assert_int_equal(pair.policy.limits.processes, 50);
    assert_int_equal(pair.policy.limits.cpu_ms, 9);
    assert_int_equal(pair.policy.limits.file_size, 7);
    assert_int_equal(pair.cuts.count, 2);
    assert_cut(&pair, "limits.memory", "200", "100", "/etc/top.json gives 100 at most");
    assert_cut(&pair, "limits.cpu", "no limit", "9", "/etc/top.json gives 9 at most");
    end(&pair);
}

static void the_user_interface_of_a_ceiling_is_demanded(void **state)
{
    struct pair pair;
    (void)state;
    begin(&pair);
    pair.ceiling.ui.said = true;
    clamp(&pair);
    assert_true(pair.policy.ui.said && pair.policy.ui.disable);
    policy_free(&pair.policy);
    pair.policy.ui = (struct policy_ui){true, false, POLICY_CLIPBOARD_ALL, true};
    pair.ceiling.ui = (struct policy_ui){true, false, POLICY_CLIPBOARD_READ, false};
    clamp(&pair);
    assert_true(pair.policy.ui.said && !pair.policy.ui.disable && !pair.policy.ui.injection);
    assert_int_equal(pair.policy.ui.clipboard, POLICY_CLIPBOARD_READ);
    policy_free(&pair.policy);
    pair.ceiling.ui = (struct policy_ui){true, false, POLICY_CLIPBOARD_ALL, true}; /* takes nothing */
    clamp(&pair);
    assert_false(pair.policy.ui.said);
    end(&pair);
}

/* A ceiling of named hosts is not one that allows all. */
static void what_a_ceiling_demands_is_not_lost(void **state)
{
    struct pair pair;
    (void)state;
    begin(&pair);
    pair.policy.network = pair.ceiling.network = POLICY_NETWORK_ALLOW;
    pair.ceiling.demand[0] = (struct policy_demand){"net.hosts", text_duplicate("network.allowedHosts")};
    pair.ceiling.demand_count = 1;
    clamp(&pair);
    assert_int_equal(pair.policy.demand_count, 1);
    assert_string_equal(pair.policy.demand[0].capability, "net.hosts");
    assert_string_equal(pair.policy.demand[0].where, "network.allowedHosts of /etc/top.json");
    policy_free(&pair.policy);
    clamp(&pair); /* off anyway */
    assert_int_equal(pair.policy.demand_count, 0);
    end(&pair);
}

static void what_is_not_limited_stays(void **state)
{
    struct pair pair;
    (void)state;
    begin(&pair);
    pair.policy.containment = POLICY_CONTAINMENT_BUBBLEWRAP;
    pair.policy.process.cwd = text_duplicate("/w");
    pair.ceiling.process.timeout = 5;
    clamp(&pair);
    assert_int_equal(pair.policy.containment, POLICY_CONTAINMENT_BUBBLEWRAP);
    assert_string_equal(pair.policy.process.cwd, "/w");
    assert_int_equal(pair.policy.process.timeout, 0);
    end(&pair);
}

/* ---- for every path ---- */

static void assert_same_rules(const struct policy_rules *a, const struct policy_rules *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->base, b->base);
    for (size_t i = 0; i < a->count; i++) {
        assert_string_equal(a->item[i].path, b->item[i].path);
        assert_int_equal(a->item[i].access, b->item[i].access);
        assert_int_equal(a->item[i].source, b->item[i].source);
        assert_int_equal(a->item[i].above, b->item[i].above);
    }
}

/* Clamping once more takes nothing. */
static void assert_clamped(struct pair *pair, const struct policies_tree *tree, const enum policy_access *wanted)
{
    struct policy again;
    struct policy_cuts none = {0};
    policy_init(&again, tree->style);
    again.rules.base = pair->policy.rules.base;
    for (size_t i = 0; i < pair->policy.rules.count; i++) {
        const struct policy_rule *rule = &pair->policy.rules.item[i];
        assert_int_equal(policy_add_rule(&again.rules, rule->path, rule->access, rule->source, NULL), POSTERN_OK);
    }
    policy_settle(&again.rules);
    assert_same_rules(&again.rules, &pair->policy.rules); /* it was settled as it is */
    assert_int_equal(policy_clamp(&again, &pair->ceiling, "top", &none, NULL), POSTERN_OK);
    assert_same_rules(&again.rules, &pair->policy.rules);
    assert_int_equal(none.count, 0);
    for (size_t i = 0; i < POLICIES_TREE_SIZE; i++)
        assert_int_equal(policy_access_of(&again.rules, tree->item[i]), wanted[i]);
    policy_free(&again);
    policy_cuts_free(&none);
}

/* A protection grants nothing where it is made, only here by chance; nobody misses it. */
static bool grants_by_protection(const struct policies_rule *rules, size_t count, enum policy_access base, size_t path)
{
    struct policies_rule named[64];
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (rules[i].source != POLICY_PROTECTED)
            named[kept++] = rules[i];
    }
    return policies_access(named, kept, base, path) < policies_access(rules, count, base, path);
}

static void compare_with_reference(enum path_style style)
{
    enum { PAIRS = 300, RULES = 30 };
    static struct policies_tree tree;
    static enum policy_access wanted[POLICIES_TREE_SIZE];
    struct policies_rule said[2][RULES];
    uint64_t random = 0xd1b54a32d192ed03;
    policies_make_tree(&tree, style);
    for (int n = 0; n < PAIRS; n++) {
        struct pair pair = {0};
        bool cut = false;
        policy_init(&pair.policy, style);
        policy_init(&pair.ceiling, style);
        enum policy_access base[2] = {(enum policy_access)policies_random(&random, 3),
                                      (enum policy_access)policies_random(&random, 3)};
        size_t count[2] = {policies_random_rules(&random, &tree, RULES, said[0], &pair.policy.rules),
                           policies_random_rules(&random, &tree, RULES, said[1], &pair.ceiling.rules)};
        pair.policy.rules.base = base[0];
        pair.ceiling.rules.base = base[1];
        clamp(&pair);
        for (size_t i = 0; i < POLICIES_TREE_SIZE; i++) {
            enum policy_access asked = policies_access(said[0], count[0], base[0], i);
            enum policy_access most = policies_access(said[1], count[1], base[1], i);
            enum policy_access got = policy_access_of(&pair.policy.rules, tree.item[i]);
            wanted[i] = asked < most ? asked : most;
            cut = cut || (wanted[i] < asked && !grants_by_protection(said[0], count[0], base[0], i));
            if (got != wanted[i])
                print_error("pair %d: %s is %s instead of %s\n", n, tree.item[i], policy_access_name(got),
                            policy_access_name(wanted[i]));
            assert_int_equal(got, wanted[i]);
        }
        assert_true(!cut || pair.cuts.count > 0);
        assert_clamped(&pair, &tree, wanted);
        end(&pair);
    }
}

static void random_pairs_posix(void **state)
{
    (void)state;
    compare_with_reference(PATH_POSIX);
}

static void random_pairs_windows(void **state)
{
    (void)state;
    compare_with_reference(PATH_WINDOWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_granted_is_cut),
        cmocka_unit_test(a_path_of_the_ceiling_inside_a_grant),
        cmocka_unit_test(a_ceiling_hands_nobodys_rights_on),
        cmocka_unit_test(rules_of_the_caller_stay),
        cmocka_unit_test(paths_without_an_effect_are_left_out),
        cmocka_unit_test(two_ceilings),
        cmocka_unit_test(too_many_rules_grant_nothing),
        cmocka_unit_test(network_takes_two),
        cmocka_unit_test(limits_are_the_lesser),
        cmocka_unit_test(the_user_interface_of_a_ceiling_is_demanded),
        cmocka_unit_test(what_a_ceiling_demands_is_not_lost),
        cmocka_unit_test(what_is_not_limited_stays),
        cmocka_unit_test(random_pairs_posix),
        cmocka_unit_test(random_pairs_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
