/*
 * elevated/acl_list.c, acl_walk.c, acl_apply.c and acl_restore.c on a made-up volume: entries by name, and random ones
 * of several sandboxes at once, with crashes, whatever else happens in between: afterwards every list is what it would
 * have been without any of them.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elevated/acl_restore.h"
#include "shared/text.h"
#include "tests/support/acl_tree.h"
#include "tests/support/policies.h"
#include "tests/support/undo_store.h"

#define ACCOUNT "S-1-5-21-1-2-3-1001"
#define CAPABILITY "S-1-5-21-9-9-9-9"
#define OWNER "S-1-5-21-1-2-3-1000"
#define LIMIT 1000

static const struct acl_tree_name names[] = {
    {OWNER, "owner"}, {SID_USERS, "users"}, {ACCOUNT, "account"}, {CAPABILITY, "capability"}, {NULL, NULL}};
static struct acl_tree tree;
static struct acl_counts counts;

static const struct acl_kind kinds[] = {{ACL_KIND_ENTRY, acl_restore_entry},
                                        {ACL_KIND_DIRECTORY, acl_restore_directory}};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- plans ---- */

struct wish {
    enum enforce_mechanism mechanism;
    const char *path;
};

static void make_plan(const struct wish *wishes, size_t count, const struct acl_sids *sids, struct acl_plan *plan)
{
    struct enforce_steps steps = {.item = NULL};
    struct policy_rule *rules = calloc(count, sizeof(*rules));
    assert_non_null(rules);
    for (size_t i = 0; i < count; i++) {
        const struct enforce_step step = {
            .mechanism = wishes[i].mechanism, .path = (char *)(uintptr_t)wishes[i].path, .rule = &rules[i]};
        rules[i].directory = tree.item[acl_tree_find(&tree, wishes[i].path)].directory;
        assert_true(enforce_add(&steps, &step));
    }
    assert_int_equal(acl_plan_make(&steps, sids, plan, NULL), 0);
    enforce_steps_free(&steps);
    free(rules);
}

static int apply(const struct wish *wishes, size_t count, const struct acl_sids *sids, struct postern_error *error)
{
    struct acl_system system = acl_tree_system(&tree);
    struct acl_plan plan;
    make_plan(wishes, count, sids, &plan);
    int code = acl_apply(&system, &plan, LIMIT, &counts, error);
    acl_plan_free(&plan);
    assert_int_equal(tree.open, 0);
    assert_int_equal(tree.locked, 0);
    return code;
}

static int strip(const char *path, struct postern_error *error)
{
    struct acl_system system = acl_tree_system(&tree);
    int code = acl_restore_entry(&system, path, error);
    assert_int_equal(tree.open, 0);
    return code;
}

static void expect(const char *path, const char *wanted)
{
    char text[1024];
    size_t index = acl_tree_find(&tree, path);
    assert_int_not_equal(index, 0);
    acl_tree_text(&tree.item[index], names, text, sizeof(text));
    assert_string_equal(text, wanted);
}

static void expect_as_before(void)
{
    for (size_t i = 0; i < tree.count; i++) {
        if (!tree.item[i].there)
            continue;
        assert_int_equal(tree.item[i].list.size, tree.item[i].base.size);
        assert_memory_equal(&tree.item[i].list, &tree.item[i].base, sizeof(tree.item[i].list));
    }
}

/* C:\w with f, d\f, .git\f, kept\f (a list of its own), own (a grant of its own), shared (in two directories), link */
static int a_tree(void **state)
{
    (void)state;
    acl_tree_init(&tree);
    size_t w = acl_tree_make(&tree, 0, "w", true);
    size_t d = acl_tree_make(&tree, w, "d", true), git = acl_tree_make(&tree, w, ".git", true);
    size_t kept = acl_tree_make(&tree, w, "kept", true), link = acl_tree_make(&tree, w, "link", true);
    acl_tree_make(&tree, w, "f", false);
    acl_tree_make(&tree, d, "f", false);
    acl_tree_make(&tree, git, "f", false);
    acl_tree_clear(&tree.item[kept]);
    acl_tree_add(&tree.item[kept], false, 0, ACE_FILE_ALL, OWNER);
    tree.item[kept].list.is_kept = tree.item[kept].base.is_kept = true;
    acl_tree_make(&tree, kept, "f", false);
    tree.item[link].link = true;
    acl_tree_make(&tree, link, "elsewhere", false);
    size_t own = acl_tree_make(&tree, w, "own", false);
    acl_tree_clear(&tree.item[own]);
    acl_tree_add(&tree.item[own], false, 0, ACE_FILE_ALL, SID_USERS);
    acl_tree_add(&tree.item[own], false, ACE_INHERITED, ACE_FILE_ALL, OWNER);
    tree.item[acl_tree_make(&tree, w, "shared", false)].names = 2;
    return 0;
}

/* ---- entry by entry ---- */

static const struct acl_sids own_sids = {NULL, CAPABILITY}, account_sids = {ACCOUNT, CAPABILITY};

static void a_writable_directory(void **state)
{
    static const struct wish wishes[] = {{ENFORCE_ENTRY, "C:\\w"}, {ENFORCE_NO_ENTRY, "C:\\w\\.git"}};
    (void)state;
    assert_int_equal(apply(wishes, 2, &own_sids, NULL), 0);
    expect("C:\\w", "A:1201bf:capability Aocn:1301bf:capability *Aoc:1f01ff:owner *Aoc:1200a9:users");
    expect("C:\\w\\d", "*Aoc:1f01ff:owner *Aoc:1200a9:users *Aoc:1301bf:capability");
    expect("C:\\w\\d\\f", "*A:1f01ff:owner *A:1200a9:users *A:1301bf:capability");
    /* the directory that is left out denies to what is made in it, and what is there has nothing */
    expect("C:\\w\\.git", "Doc:d0156:capability *Aoc:1f01ff:owner *Aoc:1200a9:users");
    expect("C:\\w\\.git\\f", "*A:1f01ff:owner *A:1200a9:users");
    /* protected, and passing nothing on: it stays both */
    expect("C:\\w\\kept", "A:1f01ff:owner A:1301bf:capability");
    expect("C:\\w\\kept\\f", "A:1f01ff:owner *A:1301bf:capability");
    expect("C:\\w\\link", "*Aoc:1f01ff:owner *Aoc:1200a9:users");
    expect("C:\\w\\link\\elsewhere", "*A:1f01ff:owner *A:1200a9:users");
    expect("C:\\w\\shared", "*A:1f01ff:owner *A:1200a9:users *A:1200a9:capability");
    assert_int_equal(counts.objects, 9);
    assert_int_equal(counts.shared, 1);
    assert_int_equal(strip(CAPABILITY " C:\\w", NULL), 0);
    expect_as_before();
}

static void a_denied_directory(void **state)
{
    static const struct wish wishes[] = {{ENFORCE_DENY_ENTRY, "C:\\w"}, {ENFORCE_READ_ENTRY, "C:\\w\\d"}};
    (void)state;
    assert_int_equal(apply(wishes, 2, &account_sids, NULL), 0);
    expect("C:\\w", "Doc:1f01ff:account *Aoc:1f01ff:owner *Aoc:1200a9:users");
    expect("C:\\w\\f", "*D:1f01ff:account *A:1f01ff:owner *A:1200a9:users");
    /* an inherited denial would come behind what is its own */
    expect("C:\\w\\own", "D:1f01ff:account A:1f01ff:users *A:1f01ff:owner");
    expect("C:\\w\\kept", "D:1f01ff:account A:1f01ff:owner");
    expect("C:\\w\\shared", "*D:1f01ff:account *A:1f01ff:owner *A:1200a9:users");
    expect("C:\\w\\d\\f", "*A:1f01ff:owner *A:1200a9:users *A:1200a9:account");
    assert_int_equal(strip(ACCOUNT "," CAPABILITY " C:\\w", NULL), 0);
    expect_as_before();
}

static void once_more_changes_nothing(void **state)
{
    static const struct wish wishes[] = {{ENFORCE_ENTRY, "C:\\w"}};
    (void)state;
    assert_int_equal(apply(wishes, 1, &account_sids, NULL), 0);
    size_t writes = tree.writes;
    assert_int_equal(apply(wishes, 1, &account_sids, NULL), 0);
    assert_int_equal(tree.writes, writes);
    assert_int_equal(strip(ACCOUNT "," CAPABILITY " C:\\w", NULL), 0);
    writes = tree.writes;
    assert_int_equal(strip(ACCOUNT "," CAPABILITY " C:\\w", NULL), 0);
    assert_int_equal(tree.writes, writes);
    expect_as_before();
}

static void what_is_refused(void **state)
{
    static const struct wish write[] = {{ENFORCE_ENTRY, "C:\\w"}}, deny[] = {{ENFORCE_DENY_ENTRY, "C:\\w"}};
    struct postern_error error = {0};
    (void)state;
    tree.item[acl_tree_find(&tree, "C:\\w\\d")].refuses = true;
    assert_int_equal(apply(write, 1, &own_sids, &error), 0);
    assert_int_equal(counts.refused, 1);
    expect("C:\\w\\d\\f", "*A:1f01ff:owner *A:1200a9:users");
    expect("C:\\w\\f", "*A:1f01ff:owner *A:1200a9:users *A:1301bf:capability");
    assert_int_equal(apply(deny, 1, &account_sids, &error), POSTERN_E_CONFINE);
    assert_non_null(strstr(error.message, "d is refused"));
    /* the rest is taken off, and what could not be is told */
    assert_int_equal(strip(ACCOUNT "," CAPABILITY " C:\\w", &error), POSTERN_E_CONFINE);
    expect_as_before();
    tree.item[acl_tree_find(&tree, "C:\\w")].refuses = true;
    assert_int_equal(apply(write, 1, &own_sids, &error), POSTERN_E_CONFINE);
}

/* "--ro" on a directory of the system's: nobody but an administrator may change its list, and everybody reads it. */
static void what_may_only_be_read_is_left_out(void **state)
{
    static const struct wish wishes[] = {
        {ENFORCE_READ_ENTRY, "C:\\w"}, {ENFORCE_ENTRY, "C:\\w\\d"}, {ENFORCE_READ_ENTRY, "C:\\w\\d\\f"}};
    struct acl_system system = acl_tree_system(&tree);
    struct acl_plan plan;
    size_t left_out = 7, steps;
    (void)state;
    make_plan(wishes, 3, &account_sids, &plan);
    steps = plan.count;
    assert_int_equal(acl_leave_out(&system, &plan, &left_out, NULL), 0);
    assert_true(left_out == 0 && plan.count == steps);
    tree.item[acl_tree_find(&tree, "C:\\w")].refuses = true;
    tree.item[acl_tree_find(&tree, "C:\\w\\d\\f")].refuses = true; /* denies writing besides */
    assert_int_equal(acl_leave_out(&system, &plan, &left_out, NULL), 0);
    assert_int_equal(left_out, 1);
    assert_int_equal(plan.count, steps - 1);
    for (size_t i = 0; i < plan.count; i++)
        assert_string_not_equal(plan.item[i].path, "C:\\w");
    assert_int_equal(tree.open, 0);
    acl_plan_free(&plan);
}

static void without_a_list(void **state)
{
    static const struct wish write[] = {{ENFORCE_ENTRY, "C:\\w"}}, deny[] = {{ENFORCE_DENY_ENTRY, "C:\\w"}};
    struct postern_error error = {0};
    struct acl_tree_object *file = &tree.item[acl_tree_find(&tree, "C:\\w\\f")];
    (void)state;
    memset(&file->list, 0, sizeof(file->list));
    file->base = file->list;
    assert_int_equal(apply(write, 1, &own_sids, &error), 0);
    assert_int_equal(counts.open, 1);
    assert_false(file->list.present);
    assert_int_equal(apply(deny, 1, &account_sids, &error), POSTERN_E_CONFINE);
    assert_non_null(strstr(error.message, "C:\\w\\f has no access list"));
    assert_true(error.remedy[0] != 0);
    assert_int_equal(strip(ACCOUNT "," CAPABILITY " C:\\w", &error), 0);
    expect_as_before();
}

static void what_became_something_else(void **state)
{
    static const struct wish wishes[] = {{ENFORCE_ENTRY, "C:\\w"}, {ENFORCE_NO_ENTRY, "C:\\w\\.git"}};
    struct acl_system system = acl_tree_system(&tree);
    struct acl_tree_object *git = &tree.item[acl_tree_find(&tree, "C:\\w\\.git")];
    struct postern_error error = {0};
    struct acl_plan plan;
    (void)state;
    make_plan(wishes, 2, &own_sids, &plan);
    git->link = true;
    assert_int_equal(acl_apply(&system, &plan, LIMIT, &counts, &error), POSTERN_E_CONFINE);
    assert_non_null(strstr(error.message, "C:\\w\\.git has become a link"));
    git->link = false;
    git->elsewhere = true;
    assert_int_equal(acl_apply(&system, &plan, LIMIT, &counts, &error), POSTERN_E_CONFINE);
    assert_non_null(strstr(error.message, "leads over a link"));
    git->elsewhere = git->directory = false;
    assert_int_equal(acl_apply(&system, &plan, LIMIT, &counts, &error), POSTERN_E_CONFINE);
    assert_non_null(strstr(error.message, "is no directory any more"));
    git->there = false;
    assert_int_equal(acl_apply(&system, &plan, LIMIT, &counts, &error), POSTERN_E_CONFINE);
    assert_non_null(strstr(error.message, "is no longer there"));
    expect_as_before(); /* all of it before anything was changed */
    acl_plan_free(&plan);
}

static void too_many_objects(void **state)
{
    static const struct wish wishes[] = {{ENFORCE_ENTRY, "C:\\w"}};
    struct acl_system system = acl_tree_system(&tree);
    struct postern_error error = {0};
    struct acl_plan plan;
    (void)state;
    make_plan(wishes, 1, &own_sids, &plan);
    assert_int_equal(acl_apply(&system, &plan, 5, &counts, &error), POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, "C:\\w: more than 5"));
    assert_int_equal(acl_apply(&system, &plan, 11, &counts, &error), 0);
    assert_int_equal(strip(CAPABILITY " C:\\w", NULL), 0);
    expect_as_before();
    acl_plan_free(&plan);
}

/* Others' entries of every kind stay, and a list that could not hold one more is told. */
static void lists_of_others(void **state)
{
    static struct acl_list list;
    struct acl_entry entry = {.mask = ACE_FILE_READ};
    (void)state;
    memset(&list, 0, sizeof(list));
    list.present = true;
    list.size = list.data[2] = 8;
    list.data[0] = 2;
    assert_true(acl_list_is_sound(&list));
    assert_true(acl_sid_read(CAPABILITY, &entry.sid));
    size_t added = 0;
    for (; acl_list_add(&list, &entry); added++)
        entry.mask++;
    assert_int_equal(added, (65535 - 8) / 36);
    assert_true(acl_list_is_sound(&list));
    assert_int_equal(acl_list_remove(&list, &entry.sid, 1), added);
    assert_int_equal(list.size, 8);
    list.size = 7;
    assert_false(acl_list_is_sound(&list));
    list.size = 8;
    list.data[4] = 1;
    assert_false(acl_list_is_sound(&list));
    assert_false(acl_sid_read("SY", &entry.sid));
}

static void what_a_list_grants(void **state)
{
    static struct acl_list list;
    struct acl_entry entry = {.mask = ACE_FILE_LOOK};
    struct acl_sid everyone, other;
    (void)state;
    memset(&list, 0, sizeof(list));
    assert_true(acl_sid_read("S-1-1-0", &everyone));
    assert_true(acl_sid_read(CAPABILITY, &other));
    assert_true(acl_list_grants(&list, &everyone, 1, ACE_FILE_ALL)); /* none at all */
    list.present = true;
    list.size = list.data[2] = 8;
    assert_false(acl_list_grants(&list, &everyone, 1, 1));
    entry.sid = everyone;
    assert_true(acl_list_add(&list, &entry));
    assert_true(acl_list_grants(&list, &everyone, 1, ACE_FILE_LOOK));
    assert_false(acl_list_grants(&list, &everyone, 1, ACE_FILE_WRITE));
    assert_false(acl_list_grants(&list, &other, 1, ACE_FILE_LOOK));
    entry = (struct acl_entry){.mask = ACE_FILE_WRITE, .sid = other};
    assert_true(acl_list_add(&list, &entry));
    const struct acl_sid both[] = {everyone, other};
    assert_true(acl_list_grants(&list, both, 2, ACE_FILE_WRITE));
    entry.deny = true;
    entry.mask = 2;
    assert_true(acl_list_add(&list, &entry));
    assert_false(acl_list_grants(&list, both, 2, ACE_FILE_WRITE));
    assert_true(acl_list_grants(&list, both, 2, ACE_FILE_LOOK));
}

/* ---- directories ---- */

static void a_directory_with_all_in_it(void **state)
{
    struct acl_system system = acl_tree_system(&tree);
    struct postern_error error = {0};
    size_t elsewhere = acl_tree_find(&tree, "C:\\w\\link\\elsewhere");
    (void)state;
    tree.item[elsewhere].above = 0; /* where the link leads */
    tree.item[acl_tree_find(&tree, "C:\\w\\d\\f")].refuses = true;
    assert_int_equal(acl_restore_directory(&system, "C:\\w", &error), POSTERN_E_CONFINE);
    assert_non_null(strstr(error.message, "refused"));
    assert_int_not_equal(acl_tree_find(&tree, "C:\\w\\d\\f"), 0);
    assert_int_equal(acl_tree_find(&tree, "C:\\w\\kept"), 0); /* all else is gone */
    assert_int_equal(acl_tree_find(&tree, "C:\\w\\link"), 0);
    tree.item[acl_tree_find(&tree, "C:\\w\\d\\f")].refuses = false;
    assert_int_equal(acl_restore_directory(&system, "C:\\w", &error), 0);
    assert_int_equal(acl_restore_directory(&system, "C:\\w", &error), 0);
    assert_true(tree.item[elsewhere].there);
    for (size_t i = 1; i < tree.count; i++)
        assert_int_equal(tree.item[i].there, i == elsewhere);
    assert_int_equal(tree.open, 0);
}

static void records_that_say_nothing_sound(void **state)
{
    static const char *const bad[] = {"", " ", "C:\\w", CAPABILITY, CAPABILITY " ", "SY C:\\w", CAPABILITY ",SY C:\\w",
                                      /* sound, but not of sandboxes: by hand, or by somebody who wants us to act */
                                      "S-1-1-0 C:\\w", "S-1-5-18 C:\\w", "S-1-5-32-544 C:\\w",
                                      CAPABILITY ",S-1-1-0 C:\\w", "S-1-5-21-1-2-3 C:\\w", "S-1-15-2-1 C:\\w"};
    static const char *const others[] = {"C:\\w",
                                         "C:\\w\\d",
                                         "C:\\w\\postern-",
                                         "postern-00112233445566778899aabbccddeeff",
                                         "C:\\w\\postern-00112233445566778899aabbccddeefg",
                                         "C:\\w\\postern-00112233445566778899aabbccddeeff\\d"};
    struct test_undo_store memory = {.size = 0};
    struct undo_store store = test_undo_store_make(&memory);
    struct acl_system system = acl_tree_system(&tree);
    struct undo_journal journal;
    struct postern_error error = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(strip(bad[i], &error), POSTERN_E_STATE);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(acl_restore_temporary(&system, others[i], &error), POSTERN_E_STATE);
    assert_int_not_equal(acl_tree_find(&tree, "C:\\w\\d"), 0);
    assert_int_equal(acl_restore_temporary(&system, "C:\\w\\postern-00112233445566778899aabbccddeeff", &error), 0);
    assert_int_equal(undo_open(&journal, &store, NULL), 0);
    assert_int_equal(undo_note(&journal, ACL_KIND_DIRECTORY, "C:\\w\\d", NULL, NULL), 0);
    assert_int_equal(undo_note(&journal, "another", "thing", NULL, NULL), 0);
    assert_int_equal(acl_restore(&journal, &system, kinds, KINDS, &error), POSTERN_E_STATE);
    assert_non_null(strstr(error.message, "'another'"));
    assert_int_equal(acl_tree_find(&tree, "C:\\w\\d"), 0); /* the other one is done nonetheless */
    assert_non_null(undo_find(&journal, "another", "thing"));
    assert_null(undo_find(&journal, ACL_KIND_DIRECTORY, "C:\\w\\d"));
    assert_true(memory.exists);
    undo_close(&journal);
}

/* ---- whatever happens ---- */

#define SANDBOXES 3
struct sandbox {
    struct acl_sids sids;
    struct test_undo_store memory;
    bool open;
};
static struct sandbox sandboxes[SANDBOXES];
static uint64_t random_state;

static unsigned roll(unsigned below)
{
    return policies_random(&random_state, below);
}

static size_t any_object(size_t within, bool directory)
{
    for (int i = 0; i < 64; i++) {
        size_t index = roll((unsigned)tree.count);
        const struct acl_tree_object *object = &tree.item[index];
        if (object->there && (!directory || (object->directory && !object->link)) &&
            acl_tree_is_beneath(&tree, index, within))
            return index;
    }
    return within;
}

static void random_list(struct acl_tree_object *object)
{
    static const char *const sids[] = {OWNER, SID_USERS, SID_SYSTEM};
    static const unsigned flags[] = {0, 3, ACE_INHERITED, ACE_INHERITED | 3, 1, 0xb};
    if (roll(3))
        return;
    acl_tree_clear(object);
    object->list.is_kept = object->base.is_kept = roll(3) == 0;
    for (unsigned i = roll(5); i > 0; i--)
        acl_tree_add(object, roll(4) == 0, flags[roll(6)], 1u << roll(20), sids[roll(3)]);
    if (roll(8) == 0) {
        memset(&object->list, 0, sizeof(object->list));
        object->base = object->list;
    }
}

static void make_something(size_t within)
{
    char name[ACL_TREE_NAME];
    size_t above = any_object(within, true);
    snprintf(name, sizeof(name), "n%zu", tree.count);
    size_t made = acl_tree_make(&tree, above, name, roll(2) == 0);
    if (made == 0)
        return;
    tree.item[made].link = roll(12) == 0;
    tree.item[made].names = roll(8) == 0 ? 2 : 1;
    tree.item[made].listed_otherwise = roll(12) == 0;
}

static void random_tree(size_t *w)
{
    acl_tree_init(&tree);
    *w = acl_tree_make(&tree, 0, "w", true);
    for (int i = 0; i < 30; i++) {
        make_something(*w);
        random_list(&tree.item[tree.count - 1]);
    }
}

/* The directory itself and up to five paths in it, with what is above first. */
static size_t random_wishes(size_t w, bool account, struct wish *out, char paths[][256])
{
    static const enum enforce_mechanism any[] = {ENFORCE_ENTRY, ENFORCE_READ_ENTRY, ENFORCE_NO_ENTRY,
                                                 ENFORCE_DENY_ENTRY};
    bool wanted[ACL_TREE_OBJECTS] = {false};
    size_t count = 0;
    wanted[w] = true;
    for (unsigned i = roll(6); i > 0; i--)
        wanted[any_object(w, false)] = true;
    for (size_t i = 0; i < tree.count; i++) { /* made after what is above it, but for what was moved */
        if (!wanted[i] || !tree.item[i].there || tree.item[i].link)
            continue;
        acl_tree_path(&tree, i, paths[count], 256);
        out[count] = (struct wish){any[account ? roll(4) : roll(3)], paths[count]};
        if (i == w)
            out[count].mechanism = ENFORCE_ENTRY;
        count++;
    }
    return count;
}

/* As acl_open() does it: first the record, then the entries. A crash may come at any point. */
static void open_sandbox(struct sandbox *sandbox, size_t w, int *fuel)
{
    struct undo_store store = test_undo_store_make(&sandbox->memory);
    struct acl_system system = acl_tree_system(&tree);
    struct undo_journal journal;
    struct acl_plan plan;
    struct wish wishes[8];
    char paths[8][256];
    size_t count = random_wishes(w, sandbox->sids.account != NULL, wishes, paths);
    make_plan(wishes, count, &sandbox->sids, &plan);
    memset(&sandbox->memory, 0, sizeof(sandbox->memory));
    sandbox->memory.torn = roll(100);
    sandbox->memory.fuel = tree.fuel = fuel;
    sandbox->open = true;
    if (undo_open(&journal, &store, NULL) == 0) {
        if (acl_restore_note(&journal, &plan, &sandbox->sids, NULL) == 0)
            acl_apply(&system, &plan, LIMIT, &counts, NULL);
        undo_close(&journal);
    }
    acl_plan_free(&plan);
    tree.fuel = sandbox->memory.fuel = NULL;
    assert_int_equal(tree.open, 0);
}

/* The entries of all other sandboxes, in order. */
static void others(const struct sandbox *sandbox, char *out, size_t size)
{
    size_t used = 0;
    struct acl_tree_name mine[3 * SANDBOXES] = {{NULL, NULL}};
    size_t count = 0;
    for (size_t i = 0; i < SANDBOXES; i++) {
        if (&sandboxes[i] == sandbox)
            continue;
        if (sandboxes[i].sids.account)
            mine[count++] = (struct acl_tree_name){sandboxes[i].sids.account, "other"};
        if (sandboxes[i].sids.capability)
            mine[count++] = (struct acl_tree_name){sandboxes[i].sids.capability, "other"};
    }
    for (size_t i = 0; i < tree.count; i++) {
        char text[4096];
        if (!tree.item[i].there)
            continue;
        acl_tree_text(&tree.item[i], mine, text, sizeof(text));
        for (const char *at = strtok(text, " "); at; at = strtok(NULL, " ")) {
            if (strstr(at, ":other"))
                used += (size_t)snprintf(out + used, size - used, "%zu %s,", i, at);
        }
        assert_true(used < size);
    }
}

static bool close_sandbox(struct sandbox *sandbox, int *fuel)
{
    static char before[262144], after[262144];
    struct undo_store store = test_undo_store_make(&sandbox->memory);
    struct acl_system system = acl_tree_system(&tree);
    struct undo_journal journal;
    others(sandbox, before, sizeof(before));
    sandbox->memory.fuel = tree.fuel = fuel;
    assert_int_equal(undo_open(&journal, &store, NULL), 0);
    int code = acl_restore(&journal, &system, kinds, KINDS, NULL);
    undo_close(&journal);
    tree.fuel = sandbox->memory.fuel = NULL;
    others(sandbox, after, sizeof(after));
    assert_string_equal(before, after);
    assert_int_equal(tree.open, 0);
    if (!fuel)
        assert_int_equal(code, 0);
    return code == 0;
}

static void move_something(size_t w)
{
    size_t what = any_object(w, false), to = any_object(w, true);
    if (what != w && !acl_tree_is_beneath(&tree, to, what))
        tree.item[what].above = to;
}

static void remove_something(size_t w)
{
    size_t what = any_object(w, false);
    bool empty = what != w;
    for (size_t i = 1; i < tree.count; i++)
        empty = empty && !(tree.item[i].there && tree.item[i].above == what);
    if (empty)
        tree.item[what].there = false;
}

static void one_event(size_t w)
{
    struct sandbox *sandbox = &sandboxes[roll(SANDBOXES)];
    int fuel = (int)roll(300);
    switch (roll(6)) {
    case 0:
    case 1:
        if (!sandbox->open)
            open_sandbox(sandbox, w, roll(2) ? &fuel : NULL);
        else if (close_sandbox(sandbox, roll(2) ? &fuel : NULL))
            sandbox->open = false;
        break;
    case 2:
    case 3:
        make_something(w);
        break;
    case 4:
        move_something(w);
        break;
    default:
        remove_something(w);
    }
}

static void random_histories(void **state)
{
    static char sid[2 * SANDBOXES][32];
    size_t opened = 0;
    (void)state;
    for (int i = 0; i < 2 * SANDBOXES; i++)
        snprintf(sid[i], sizeof(sid[i]), "S-1-5-21-7-7-7-%d", i);
    for (int round = 0; round < 600; round++) {
        size_t w;
        random_state = (uint64_t)round + 1;
        random_tree(&w);
        memset(sandboxes, 0, sizeof(sandboxes));
        for (int i = 0; i < SANDBOXES; i++)
            sandboxes[i].sids = (struct acl_sids){i == 0 ? NULL : sid[2 * i], i == 2 ? NULL : sid[2 * i + 1]};
        for (int i = 0; i < 24; i++) {
            one_event(w);
            opened += sandboxes[0].open;
        }
        for (int i = 0; i < SANDBOXES; i++) { /* in whatever order they were opened */
            if (sandboxes[i].open)
                assert_true(close_sandbox(&sandboxes[i], NULL));
        }
        expect_as_before();
    }
    assert_true(opened > 500); /* the test does what it says */
}

/* ---- depth ---- */

static void a_crash_at_each_step(void **state)
{
    struct sandbox *sandbox = &sandboxes[0];
    size_t w;
    int burnt = 0;
    (void)state;
    memset(sandboxes, 0, sizeof(sandboxes));
    sandbox->sids = account_sids;
    for (int fuel = 0; fuel == burnt; fuel++) {
        int left = fuel;
        random_state = 5;
        random_tree(&w);
        random_state = 7;
        open_sandbox(sandbox, w, &left);
        burnt = left == 0 ? fuel + 1 : 0;
        for (int each = 0;; each += 7) { /* and again while it is cleared */
            left = each;
            if (close_sandbox(sandbox, &left))
                break;
        }
        expect_as_before();
        assert_true(fuel < 10000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_writable_directory, a_tree),
        cmocka_unit_test_setup(a_denied_directory, a_tree),
        cmocka_unit_test_setup(once_more_changes_nothing, a_tree),
        cmocka_unit_test_setup(what_is_refused, a_tree),
        cmocka_unit_test_setup(what_may_only_be_read_is_left_out, a_tree),
        cmocka_unit_test_setup(without_a_list, a_tree),
        cmocka_unit_test_setup(what_became_something_else, a_tree),
        cmocka_unit_test_setup(too_many_objects, a_tree),
        cmocka_unit_test(lists_of_others),
        cmocka_unit_test(what_a_list_grants),
        cmocka_unit_test_setup(a_directory_with_all_in_it, a_tree),
        cmocka_unit_test_setup(records_that_say_nothing_sound, a_tree),
        cmocka_unit_test(random_histories),
        cmocka_unit_test(a_crash_at_each_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
