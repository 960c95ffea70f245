/*
 * elevated/acl_plan.c: single plans entry by entry, and random policies against a model of Windows' access check: what
 * the entries grant is what the policy says, and taking them away leaves what was there.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "elevated/acl_plan.h"
#include "shared/buffer.h"
#include "tests/support/policies.h"

#define ACCOUNT "S-1-5-21-1-2-3-1001"
#define CAPABILITY "S-1-5-21-9-9-9-9"

static const struct acl_sids sids = {ACCOUNT, CAPABILITY};

/* ---- single plans ---- */

static void add(struct policy_rules *rules, const char *path, enum policy_access access, bool directory)
{
    assert_int_equal(policy_add_rule(rules, path, access, POLICY_FROM_OPTION, NULL), 0);
    rules->item[rules->count - 1].directory = directory;
}

/* Prints a plan as one text: "path type:flags:mask:who". */
static char *plan_text(struct policy_rules *rules, const char *temp)
{
    struct acl_plan plan;
    struct buffer out;
    policy_settle(rules);
    assert_int_equal(acl_plan_make(rules, temp, &sids, &plan, NULL), 0);
    buffer_init(&out, 65536);
    for (size_t i = 0; i < plan.count; i++) {
        const struct acl_step *step = &plan.item[i];
        assert_true(buffer_printf(&out, "%s %s:%x:%x:%s%s%s\n", step->path, step->ace.deny ? "D" : "A", step->ace.flags,
                                  (unsigned)step->ace.mask, strcmp(step->ace.sid, ACCOUNT) == 0 ? "a" : "c",
                                  step->tree ? ":tree" : "", step->object == ACL_DEVICE ? ":device" : ""));
    }
    assert_true(buffer_append(&out, "", 1));
    char *text = (char *)buffer_release(&out);
    acl_plan_free(&plan);
    policy_rules_free(rules);
    return text;
}

#define NUL_STEP "\\\\.\\NUL A:0:1201bf:c:device\n"

static void a_workspace(void **state)
{
    struct policy_rules rules;
    (void)state;
    policy_rules_init(&rules, PATH_WINDOWS, POLICY_READ);
    add(&rules, "C:\\w", POLICY_WRITE, true);
    add(&rules, "C:\\w\\.git", POLICY_READ, true);
    add(&rules, "C:\\w\\.mcp.json", POLICY_READ, false);
    add(&rules, "C:\\w\\s\\t\\secret", POLICY_DENIED, true);
    add(&rules, "C:\\w\\s\\t\\other", POLICY_DENIED, true);
    char *text = plan_text(&rules, "C:\\t");
    assert_string_equal(text, "C:\\w A:0:1201bf:a\n"
                              "C:\\w A:b:1301bf:a:tree\n"
                              "C:\\w A:0:1201bf:c\n"
                              "C:\\w A:b:1301bf:c:tree\n"
                              "C:\\w\\.git D:3:d0156:a:tree\n"
                              "C:\\w\\.mcp.json D:0:d0156:a\n"
                              "C:\\w\\s\\t D:0:10000:a\n"
                              "C:\\w\\s D:0:10000:a\n"
                              "C:\\w\\s\\t\\other D:3:1f01ff:a:tree\n"
                              "C:\\w\\s\\t\\secret D:3:1f01ff:a:tree\n"
                              "C:\\t A:0:1201bf:a\n"
                              "C:\\t A:b:1301bf:a:tree\n"
                              "C:\\t A:0:1201bf:c\n"
                              "C:\\t A:b:1301bf:c:tree\n" NUL_STEP);
    free(text);
}

static void what_is_not_there_has_no_entry(void **state)
{
    struct policy_rules rules;
    (void)state;
    policy_rules_init(&rules, PATH_WINDOWS, POLICY_READ);
    add(&rules, "C:\\secret", POLICY_DENIED, false);
    rules.item[0].missing = true;
    char *text = plan_text(&rules, NULL);
    assert_string_equal(text, NUL_STEP);
    free(text);
}

static void what_is_read_already_has_none_either(void **state)
{
    struct policy_rules rules;
    (void)state;
    policy_rules_init(&rules, PATH_WINDOWS, POLICY_READ);
    add(&rules, "C:\\r", POLICY_READ, true);
    add(&rules, "C:\\r\\s", POLICY_READ, true);
    char *text = plan_text(&rules, NULL);
    /* The account may have no right of its own to the first one, for instance in a profile. */
    assert_string_equal(text, "C:\\r A:3:1200a9:a:tree\n" NUL_STEP);
    free(text);
}

static void what_cannot_be_planned(void **state)
{
    static const struct acl_sids none = {NULL, CAPABILITY}, wrong = {"WD", NULL};
    struct policy_rules rules;
    struct postern_error error = {0};
    struct acl_plan plan;
    (void)state;
    policy_rules_init(&rules, PATH_WINDOWS, POLICY_DENIED);
    assert_int_equal(acl_plan_make(&rules, NULL, &sids, &plan, &error), POSTERN_E_POLICY);
    rules.base = POLICY_READ;
    assert_int_equal(acl_plan_make(&rules, NULL, &none, &plan, &error), POSTERN_E_INTERNAL);
    assert_int_equal(acl_plan_make(&rules, NULL, &wrong, &plan, &error), POSTERN_E_INTERNAL);
    add(&rules, "C:\\t\\a", POLICY_DENIED, true);
    assert_int_equal(acl_plan_make(&rules, NULL, &sids, &plan, &error), POSTERN_E_INTERNAL); /* not settled */
    policy_settle(&rules);
    assert_int_equal(acl_plan_make(&rules, "C:\\T", &sids, &plan, &error), POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, "C:\\t\\a"));
    policy_rules_free(&rules);
    policy_rules_init(&rules, PATH_POSIX, POLICY_READ);
    assert_int_equal(acl_plan_make(&rules, NULL, &sids, &plan, &error), POSTERN_E_INTERNAL);
}

/* ---- a model of Windows ---- */

enum { ENTRIES = 16, READ = 0x1, WRITE = 0x2 };
struct object {
    struct sddl_ace ace[ENTRIES];
    size_t count;
};
static struct object objects[POLICIES_TREE_SIZE];
static struct policies_tree tree;

static bool is_directory(size_t index)
{
    return 4 * index + 4 < POLICIES_TREE_SIZE; /* what has four entries */
}

static bool same(const struct sddl_ace *a, const struct sddl_ace *b)
{
    return a->deny == b->deny && a->flags == b->flags && a->mask == b->mask && strcmp(a->sid, b->sid) == 0;
}

static size_t find_object(const char *path)
{
    for (size_t i = 0; i < POLICIES_TREE_SIZE; i++)
        if (path_compare(PATH_WINDOWS, tree.item[i], path) == 0)
            return i;
    fail();
    return 0;
}

static bool is_for(const struct sddl_ace *ace, bool restricted)
{
    return restricted ? strcmp(ace->sid, CAPABILITY) == 0
                      : strcmp(ace->sid, ACCOUNT) == 0 || strcmp(ace->sid, SID_USERS) == 0;
}

/* One right, for one list of SIDs: own denials, own grants, then those of the directories above, the nearest first. */
static bool granted(size_t index, uint32_t right, bool restricted)
{
    for (size_t at = index;; at = policies_above(at)) {
        for (int deny = 1; deny >= 0; deny--)
            for (size_t i = 0; i < objects[at].count; i++) {
                const struct sddl_ace *ace = &objects[at].ace[i];
                unsigned passed = is_directory(index) ? ACE_TO_DIRECTORIES : ACE_TO_FILES;
                bool counts = at == index ? !(ace->flags & ACE_NOT_HERE) : (ace->flags & passed) != 0;
                if (counts && ace->deny == deny && (ace->mask & right) && is_for(ace, restricted))
                    return !deny;
            }
        if (at == 0)
            return false;
    }
}

/* By a write-restricted token: all but reading takes a grant to its restricting SIDs as well. */
static bool may(size_t index, uint32_t right)
{
    return granted(index, right, false) && (right == READ || granted(index, right, true));
}

static bool may_remove(size_t index)
{
    return may(index, ACE_DELETE) || may(policies_above(index), 0x40);
}

static void apply(const struct acl_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct acl_step *step = &plan->item[i];
        if (step->object == ACL_DEVICE)
            continue;
        size_t index = find_object(step->path);
        assert_int_equal(step->object == ACL_DIRECTORY, is_directory(index));
        assert_true(objects[index].count < ENTRIES);
        for (size_t j = 0; j < objects[index].count; j++)
            assert_false(same(&objects[index].ace[j], &step->ace)); /* one that is there could not be told from ours */
        objects[index].ace[objects[index].count++] = step->ace;
    }
}

static void take_away(const struct acl_plan *plan)
{
    for (size_t i = plan->count; i > 0; i--) {
        const struct acl_step *step = &plan->item[i - 1];
        if (step->object == ACL_DEVICE)
            continue;
        struct object *object = &objects[find_object(step->path)];
        assert_true(same(&object->ace[object->count - 1], &step->ace));
        object->count--;
    }
}

static void check_access(const struct policy_rules *rules)
{
    for (size_t i = 0; i < POLICIES_TREE_SIZE; i++) {
        enum policy_access access = policy_access_of(rules, tree.item[i]);
        bool can_read = may(i, READ), can_write = may(i, WRITE);
        if (can_read != (access != POLICY_DENIED) || can_write != (access == POLICY_WRITE))
            print_error("%s: policy %s, read %d, write %d\n", tree.item[i], policy_access_name(access), can_read,
                        can_write);
        assert_int_equal(can_read, access != POLICY_DENIED);
        assert_int_equal(can_write, access == POLICY_WRITE);
        assert_false(may(i, 0x40000) || may(i, 0x80000)); /* WRITE_DAC, WRITE_OWNER */
        /* What is not to be written stays where it is, with all the directories it is in. */
        for (size_t at = i; access != POLICY_WRITE && at != 0; at = policies_above(at))
            assert_false(may_remove(at));
    }
}

static void mark_directories(struct policy_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        rules->item[i].directory = is_directory(find_object(rules->item[i].path));
}

static void random_policies(void **state)
{
    static struct policies_rule made[12];
    static struct object before[POLICIES_TREE_SIZE];
    uint64_t random = 20;
    (void)state;
    policies_make_tree(&tree, PATH_WINDOWS);
    objects[0] = (struct object){{{.flags = 3, .mask = ACE_FILE_READ, .sid = SID_USERS}}, 1};
    for (int round = 0; round < 400; round++) {
        struct policy_rules rules;
        struct acl_plan plan;
        policy_rules_init(&rules, PATH_WINDOWS, POLICY_READ);
        policies_random_rules(&random, &tree, sizeof(made) / sizeof(made[0]), made, &rules);
        policy_settle(&rules);
        mark_directories(&rules);
        memcpy(before, objects, sizeof(before));
        assert_int_equal(acl_plan_make(&rules, NULL, &sids, &plan, NULL), 0);
        apply(&plan);
        check_access(&rules);
        take_away(&plan);
        for (size_t i = 0; i < POLICIES_TREE_SIZE; i++)
            assert_int_equal(objects[i].count, before[i].count);
        acl_plan_free(&plan);
        policy_rules_free(&rules);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workspace),
        cmocka_unit_test(what_is_not_there_has_no_entry),
        cmocka_unit_test(what_is_read_already_has_none_either),
        cmocka_unit_test(what_cannot_be_planned),
        cmocka_unit_test(random_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
