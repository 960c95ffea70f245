/*
 * elevated/acl_plan.c: single plans entry by entry, and random policies against a model of Windows' access check, for
 * each way to run commands: what the entries grant is what the policy says, also where another program has passed them
 * on once more.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "elevated/acl_plan.h"
#include "shared/buffer.h"
#include "tests/support/policies.h"

#define ACCOUNT "S-1-5-21-1-2-3-1001"
#define CAPABILITY "S-1-5-21-9-9-9-9"
#define PACKAGE "S-1-15-2-1-2-3-4-5-6-7"

enum way { RESTRICTED, ELEVATED, CONTAINER, WAYS };
static const struct acl_sids sids_of[WAYS] = {{NULL, CAPABILITY}, {ACCOUNT, CAPABILITY}, {PACKAGE, NULL}};

/* ---- from rules to steps, as enforce_plan() does it ---- */

static void add_step(struct enforce_steps *steps, enum enforce_mechanism mechanism, const struct policy_rule *rule)
{
    const struct enforce_step step = {.mechanism = mechanism, .path = rule->path, .rule = rule};
    assert_true(enforce_add(steps, &step));
}

/* At level restricted everything is read. */
static void make_steps(const struct policy_rules *rules, enum way way, struct enforce_steps *steps)
{
    *steps = (struct enforce_steps){.item = NULL};
    for (size_t i = 0; i < rules->count; i++) {
        const struct policy_rule *rule = &rules->item[i];
        enum policy_access around = rule->above ? rules->item[rule->above - 1].access : rules->base;
        if (around == rule->access)
            continue;
        if (rule->access == POLICY_WRITE)
            add_step(steps, ENFORCE_ENTRY, rule);
        else if (rule->access == POLICY_DENIED)
            add_step(steps, ENFORCE_DENY_ENTRY, rule);
        else
            add_step(steps, way == RESTRICTED ? ENFORCE_NO_ENTRY : ENFORCE_READ_ENTRY, rule);
    }
}

/* ---- single plans ---- */

static void add(struct policy_rules *rules, const char *path, enum policy_access access, bool directory)
{
    assert_int_equal(policy_add_rule(rules, path, access, POLICY_FROM_OPTION, NULL), 0);
    rules->item[rules->count - 1].directory = directory;
}

static const char *who(const char *sid)
{
    return strcmp(sid, ACCOUNT) == 0 ? "account" : strcmp(sid, CAPABILITY) == 0 ? "capability" : "package";
}

/* One line an entry: path, type, flags, mask, who. */
static void expect_plan(struct policy_rules *rules, enum way way, const char *wanted)
{
    struct enforce_steps steps;
    struct acl_plan plan;
    struct buffer out;
    policy_settle(rules);
    make_steps(rules, way, &steps);
    assert_int_equal(acl_plan_make(&steps, &sids_of[way], &plan, NULL), 0);
    buffer_init(&out, 65536);
    for (size_t i = 0; i < plan.count; i++) {
        const struct acl_step *step = &plan.item[i];
        assert_true(buffer_printf(&out, "%s %s:%x:%x:%s%s%s\n", step->path, step->ace.deny ? "D" : "A", step->ace.flags,
                                  (unsigned)step->ace.mask, who(step->ace.sid), step->tree ? ":tree" : "",
                                  step->governs ? "" : ":more"));
    }
    char *text = buffer_to_text(&out);
    assert_non_null(text);
    assert_string_equal(text, wanted);
    free(text);
    buffer_free(&out);
    acl_plan_free(&plan);
    enforce_steps_free(&steps);
}

static void add_workspace(struct policy_rules *rules)
{
    policy_rules_init(rules, PATH_WINDOWS, POLICY_READ);
    add(rules, "C:\\w", POLICY_WRITE, true);
    add(rules, "C:\\w\\.git", POLICY_READ, true);
    add(rules, "C:\\w\\.mcp.json", POLICY_READ, false);
}

static void a_workspace_of_the_callers_own(void **state)
{
    struct policy_rules rules;
    (void)state;
    add_workspace(&rules);
    expect_plan(&rules, RESTRICTED,
                "C:\\w A:0:1201bf:capability\n"
                "C:\\w A:b:1301bf:capability:tree\n"
                "C:\\w\\.git D:3:d0156:capability\n"
                "C:\\w\\.mcp.json D:0:d0156:capability\n");
    policy_rules_free(&rules);
}

static void a_workspace_of_an_account(void **state)
{
    struct policy_rules rules;
    (void)state;
    add_workspace(&rules);
    add(&rules, "C:\\w\\s\\t\\secret", POLICY_DENIED, true);
    add(&rules, "C:\\w\\s\\t\\other", POLICY_DENIED, true);
    expect_plan(&rules, ELEVATED,
                "C:\\w A:0:1201bf:account\n"
                "C:\\w A:b:1301bf:account:tree\n"
                "C:\\w A:0:1201bf:capability\n"
                "C:\\w A:b:1301bf:capability:tree\n"
                "C:\\w\\.git D:3:d0156:account:tree\n"
                "C:\\w\\.git A:3:1200a9:account:tree\n"
                "C:\\w\\.mcp.json D:0:d0156:account\n"
                "C:\\w\\.mcp.json A:0:1200a9:account\n"
                "C:\\w\\s\\t D:0:10000:account:more\n"
                "C:\\w\\s D:0:10000:account:more\n"
                "C:\\w\\s\\t\\other D:3:1f01ff:account:tree\n"
                "C:\\w\\s\\t\\secret D:3:1f01ff:account:tree\n");
    policy_rules_free(&rules);
}

static void a_workspace_of_an_app_container(void **state)
{
    struct policy_rules rules;
    (void)state;
    add_workspace(&rules);
    add(&rules, "C:\\r", POLICY_DENIED, true);
    add(&rules, "C:\\r\\s", POLICY_READ, true);
    expect_plan(&rules, CONTAINER,
                "C:\\r D:3:1f01ff:package:tree\n"
                "C:\\r\\s A:3:1200a9:package:tree\n"
                "C:\\w A:0:1201bf:package\n"
                "C:\\w A:b:1301bf:package:tree\n"
                "C:\\w\\.git D:3:d0156:package:tree\n"
                "C:\\w\\.git A:3:1200a9:package:tree\n"
                "C:\\w\\.mcp.json D:0:d0156:package\n"
                "C:\\w\\.mcp.json A:0:1200a9:package\n");
    policy_rules_free(&rules);
}

/* A writable directory that is named once more within another does not end the way that has to stay. */
static void a_way_through_a_second_grant(void **state)
{
    static const char *const path[] = {"C:\\w", "C:\\w\\a\\b", "C:\\w\\a\\b\\c\\d"};
    struct policy_rule rule[3] = {{.directory = true}, {.directory = true}, {.directory = true}};
    struct enforce_steps steps = {.item = NULL};
    struct acl_plan plan;
    const char *wanted[] = {"C:\\w\\a\\b\\c", "C:\\w\\a\\b", "C:\\w\\a"};
    size_t found = 0;
    (void)state;
    for (int i = 0; i < 3; i++) {
        const struct enforce_step step = {.mechanism = i < 2 ? ENFORCE_ENTRY : ENFORCE_NO_ENTRY,
                                          .path = (char *)(uintptr_t)path[i],
                                          .rule = &rule[i]};
        assert_true(enforce_add(&steps, &step));
    }
    assert_int_equal(acl_plan_make(&steps, &sids_of[RESTRICTED], &plan, NULL), 0);
    for (size_t i = 0; i < plan.count; i++) {
        if (!plan.item[i].governs)
            assert_string_equal(plan.item[i].path, wanted[found++]);
    }
    assert_int_equal(found, 3);
    acl_plan_free(&plan);
    enforce_steps_free(&steps);
}

static void what_cannot_be_planned(void **state)
{
    static const struct acl_sids none = {NULL, NULL}, wrong = {"WD", CAPABILITY};
    const struct enforce_step denied = {.mechanism = ENFORCE_DENY_ENTRY, .path = (char *)(uintptr_t) "C:\\s"};
    struct enforce_steps steps = {.item = NULL};
    struct postern_error error = {0};
    struct acl_plan plan;
    (void)state;
    assert_int_equal(acl_plan_make(&steps, &none, &plan, &error), POSTERN_E_INTERNAL);
    assert_int_equal(acl_plan_make(&steps, &wrong, &plan, &error), POSTERN_E_INTERNAL);
    assert_int_equal(acl_plan_make(&steps, &sids_of[ELEVATED], &plan, &error), 0);
    assert_int_equal(plan.count, 0);
    assert_true(enforce_add(&steps, &denied));
    assert_int_equal(acl_plan_make(&steps, &sids_of[RESTRICTED], &plan, &error), POSTERN_E_INTERNAL);
    assert_non_null(strstr(error.message, "C:\\s"));
    assert_int_equal(acl_plan_make(&steps, &sids_of[ELEVATED], &plan, &error), 0);
    assert_int_equal(plan.count, 1);
    acl_plan_free(&plan);
    enforce_steps_free(&steps);
}

/* ---- a model of Windows ---- */

enum { ENTRIES = 16, READ = 0x1, WRITE = 0x2, DELETE_CHILD = 0x40 };
enum passing {
    PASSED_TO_GOVERNED,    /* as acl_apply() does */
    PASSED_TO_WHAT_IS_NEW, /* an object that is made in a directory to which it was done so */
    PASSED_TO_ALL          /* as another program does that passes on all entries there are */
};
struct object {
    struct acl_step step[ENTRIES];
    size_t count;
};
static struct object objects[POLICIES_TREE_SIZE];
static struct policies_tree tree;

static bool is_directory(size_t index)
{
    return 4 * index + 4 < POLICIES_TREE_SIZE; /* what has four entries */
}

static size_t find_object(const char *path)
{
    for (size_t i = 0; i < POLICIES_TREE_SIZE; i++)
        if (path_compare(PATH_WINDOWS, tree.item[i], path) == 0)
            return i;
    fail();
    return 0;
}

static bool governs(size_t index)
{
    for (size_t i = 0; i < objects[index].count; i++)
        if (objects[index].step[i].governs)
            return true;
    return false;
}

static bool counts(size_t at, size_t index, const struct acl_step *step, enum passing passing)
{
    unsigned passed = is_directory(index) ? ACE_TO_DIRECTORIES : ACE_TO_FILES;
    if (at == index)
        return !(step->ace.flags & ACE_NOT_HERE);
    return (step->ace.flags & passed) != 0 && (passing != PASSED_TO_GOVERNED || step->tree);
}

static bool is_one_of(const char *sid, const char *const names[3])
{
    for (int i = 0; i < 3 && names[i]; i++)
        if (strcmp(sid, names[i]) == 0)
            return true;
    return false;
}

/* One right, for one list of SIDs: own denials, own grants, then those of the directories above, the nearest first. */
static bool granted(size_t index, uint32_t right, const char *const names[3], enum passing passing)
{
    bool governed = false;
    for (size_t at = index;; at = policies_above(at)) {
        for (int deny = 1; deny >= 0; deny--)
            for (size_t i = 0; i < objects[at].count; i++) {
                const struct acl_step *step = &objects[at].step[i];
                if (counts(at, index, step, passing) && !(governed && step->governs) && step->ace.deny == deny &&
                    (step->ace.mask & right) && is_one_of(step->ace.sid, names))
                    return !deny;
            }
        if (at == 0)
            return false;
        governed = governed || (passing != PASSED_TO_ALL && governs(at));
    }
}

#define OWNER "S-1-5-21-1-2-3-1000"
#define PACKAGES "S-1-15-2-1"

/* By the system's rules: a write-restricted token is asked twice unless it is to read, a container's always. */
static bool may(size_t index, uint32_t right, enum way way, enum passing passing)
{
    static const char *const owner[3] = {OWNER, SID_USERS}, *const account[3] = {ACCOUNT, SID_USERS},
                             *const capability[3] = {CAPABILITY}, *const package[3] = {PACKAGE, PACKAGES};
    if (!granted(index, right, way == ELEVATED ? account : owner, passing))
        return false;
    if (way == CONTAINER)
        return granted(index, right, package, passing);
    return right == READ || granted(index, right, capability, passing);
}

static bool may_remove(size_t index, enum way way, enum passing passing)
{
    return may(index, ACE_DELETE, way, passing) || may(policies_above(index), DELETE_CHILD, way, passing);
}

static void apply(const struct acl_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct acl_step *step = &plan->item[i];
        size_t index = find_object(step->path);
        assert_int_equal(step->object == ACL_DIRECTORY, is_directory(index));
        assert_true(objects[index].count < ENTRIES);
        objects[index].step[objects[index].count++] = *step;
    }
}

static void check_access(const struct policy_rules *rules, enum way way, enum passing passing)
{
    for (size_t i = 0; i < POLICIES_TREE_SIZE; i++) {
        enum policy_access access = policy_access_of(rules, tree.item[i]);
        bool can_read = may(i, READ, way, passing), can_write = may(i, WRITE, way, passing);
        if (can_read != (access != POLICY_DENIED) || can_write != (access == POLICY_WRITE))
            print_error("%s: policy %s, read %d, write %d, way %d, passing %d\n", tree.item[i],
                        policy_access_name(access), can_read, can_write, way, passing);
        assert_int_equal(can_read, access != POLICY_DENIED);
        assert_int_equal(can_write, access == POLICY_WRITE);
        assert_false(may(i, 0x40000, way, passing) || may(i, 0x80000, way, passing)); /* WRITE_DAC, WRITE_OWNER */
        /* What is not to be written stays where it is, with all the directories it is in. */
        for (size_t at = i; access != POLICY_WRITE && at != 0; at = policies_above(at))
            assert_false(may_remove(at, way, passing));
    }
}

static void no_denials(struct policy_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        if (rules->item[i].access == POLICY_DENIED)
            rules->item[i].access = POLICY_READ;
}

static void make_volume(void)
{
    const struct acl_step users = {.ace = {.flags = 3, .mask = ACE_FILE_READ, .sid = SID_USERS}},
                          owner = {.ace = {.flags = 3, .mask = ACE_FILE_ALL, .sid = OWNER}},
                          packages = {.ace = {.flags = 3, .mask = ACE_FILE_READ, .sid = PACKAGES}};
    memset(objects, 0, sizeof(objects));
    objects[0] = (struct object){{users, owner, packages}, 3};
    for (int i = 0; i < 3; i++)
        objects[0].step[i].tree = true;
}

static void random_policies(enum way way)
{
    static struct policies_rule made[12];
    uint64_t random = 20 + way;
    policies_make_tree(&tree, PATH_WINDOWS);
    for (int round = 0; round < 300; round++) {
        struct policy_rules rules;
        struct enforce_steps steps;
        struct acl_plan plan;
        make_volume();
        policy_rules_init(&rules, PATH_WINDOWS, POLICY_READ);
        policies_random_rules(&random, &tree, sizeof(made) / sizeof(made[0]), made, &rules);
        if (way == RESTRICTED)
            no_denials(&rules);
        policy_settle(&rules);
        for (size_t i = 0; i < rules.count; i++)
            rules.item[i].directory = is_directory(find_object(rules.item[i].path));
        make_steps(&rules, way, &steps);
        assert_int_equal(acl_plan_make(&steps, &sids_of[way], &plan, NULL), 0);
        apply(&plan);
        check_access(&rules, way, PASSED_TO_GOVERNED);
        check_access(&rules, way, PASSED_TO_WHAT_IS_NEW);
        check_access(&rules, way, PASSED_TO_ALL);
        acl_plan_free(&plan);
        enforce_steps_free(&steps);
        policy_rules_free(&rules);
    }
}

static void random_policies_of_the_callers_own(void **state)
{
    (void)state;
    random_policies(RESTRICTED);
}

static void random_policies_of_an_account(void **state)
{
    (void)state;
    random_policies(ELEVATED);
}

static void random_policies_of_an_app_container(void **state)
{
    (void)state;
    random_policies(CONTAINER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workspace_of_the_callers_own),  cmocka_unit_test(a_workspace_of_an_account),
        cmocka_unit_test(a_workspace_of_an_app_container), cmocka_unit_test(a_way_through_a_second_grant),
        cmocka_unit_test(what_cannot_be_planned),          cmocka_unit_test(random_policies_of_the_callers_own),
        cmocka_unit_test(random_policies_of_an_account),   cmocka_unit_test(random_policies_of_an_app_container),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
