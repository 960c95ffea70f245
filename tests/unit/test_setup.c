/*
 * elevated/setup.c on a made-up host: order, journalling, repeating, and a crash at every step of setting up and of
 * taking back; and the verb's options.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "elevated/setup.h"
#include "shared/text.h"
#include "tests/support/policies.h"
#include "tests/support/undo_store.h"

/* ---- a host ---- */

enum what { NOTHING, WANTED, ODD, OTHERS }; /* ODD: ours but wrong, or a value that can be put back */
struct cell {
    enum setup_kind kind;
    char name[SETUP_NAME_MAX];
    enum what is;
    bool ours;
};
struct host {
    struct cell cell[SETUP_ITEMS_MAX];
    size_t count;
    struct test_undo_store journal;
    int fuel; /* operations that change something, before the crash */
    int changes;
    bool stubborn; /* changes have no effect */
};
static struct host host;

/* By a comment of ours, by where it is, or because it belongs to something that is. */
static bool is_marked(enum setup_kind kind)
{
    return kind == SETUP_GROUP || kind == SETUP_RIGHT || kind == SETUP_MEMBER || kind == SETUP_ACCOUNT ||
           kind == SETUP_SECRET || kind == SETUP_RULE || kind == SETUP_FILTER || kind == SETUP_DIRECTORY;
}

static struct cell *cell_at(enum setup_kind kind, const char *name)
{
    for (size_t i = 0; i < host.count; i++)
        if (host.cell[i].kind == kind && strcmp(host.cell[i].name, name) == 0)
            return &host.cell[i];
    struct cell *cell = &host.cell[host.count++];
    *cell = (struct cell){.kind = kind, .is = kind == SETUP_FIREWALL ? WANTED : NOTHING};
    text_copy(cell->name, sizeof(cell->name), name);
    return cell;
}

static int crash(struct postern_error *error)
{
    return error_set(error, POSTERN_E_OS, "test", "", "crash");
}

static int host_find(void *context, const struct setup_item *item, struct setup_state *out, struct postern_error *error)
{
    const struct cell *cell = cell_at(item->kind, item->name);
    (void)context, (void)error;
    out->standing = (enum setup_standing[]){SETUP_ABSENT, SETUP_AS_WANTED, SETUP_DIFFERENT, SETUP_FOREIGN}[cell->is];
    out->ours = cell->ours;
    if (cell->is == ODD && !cell->ours)
        text_copy(out->before, sizeof(out->before), "odd");
    if (cell->is == ODD || cell->is == OTHERS)
        text_copy(out->text, sizeof(out->text), "is odd");
    return 0;
}

/* A crash happens before the change or, with an odd fuel, after it. */
static int change(struct cell *cell, enum what is, bool ours, struct postern_error *error)
{
    bool fails = host.fuel <= 1, happens = host.fuel != 0 && !host.stubborn;
    if (happens) {
        cell->is = is;
        cell->ours = ours;
    }
    host.changes++;
    if (fails) {
        host.fuel = 0;
        return crash(error);
    }
    host.fuel -= 2;
    return 0;
}

/* Filters and rule are for the accounts: made before one of them they would leave it out. */
static bool offline_accounts_are_there(unsigned accounts)
{
    char name[SETUP_NAME_MAX];
    bool there = true;
    for (unsigned number = 1; number <= accounts && there; number++) {
        setup_account_name(false, number, name);
        there = cell_at(SETUP_ACCOUNT, name)->is == WANTED;
    }
    return there;
}

/* What is needed has to be there, and the change written down. */
static int host_make(void *context, const struct setup_item *item, struct postern_error *error)
{
    struct undo_journal journal;
    (void)context;
    if (!host.stubborn) {
        assert_int_equal(
            undo_open(&journal,
                      &(struct undo_store){.context = &host.journal, .read = test_undo_store_make(&host.journal).read},
                      NULL),
            0);
        assert_non_null(undo_find(&journal, setup_kind_name(item->kind), item->name));
        undo_close(&journal);
        if (item->kind == SETUP_MEMBER || item->kind == SETUP_RIGHT)
            assert_int_equal(cell_at(SETUP_GROUP, SETUP_GROUP_NAME)->is, WANTED);
        if (item->kind == SETUP_MEMBER || item->kind == SETUP_HIDDEN)
            assert_int_equal(cell_at(SETUP_ACCOUNT, item->name)->is, WANTED);
        if (item->kind == SETUP_HIDDEN)
            assert_int_equal(cell_at(SETUP_KEY, "SpecialAccounts\\UserList")->is, WANTED);
        if (item->kind == SETUP_ACCOUNT)
            assert_int_equal(cell_at(SETUP_SECRET, item->name)->is, WANTED);
        if (item->kind == SETUP_FILTER || item->kind == SETUP_RULE)
            assert_true(offline_accounts_are_there(item->accounts));
    }
    return change(cell_at(item->kind, item->name), WANTED, is_marked(item->kind), error);
}

static int host_restore(void *context, enum setup_kind kind, const char *name, const char *before, char *left,
                        struct postern_error *error)
{
    struct cell *cell = cell_at(kind, name);
    (void)context;
    if (kind == SETUP_GROUP)
        for (size_t i = 0; i < host.count; i++)
            assert_false(host.cell[i].kind == SETUP_MEMBER && host.cell[i].is == WANTED);
    if (is_marked(kind) && cell->is == OTHERS) {
        text_copy(left, SETUP_TEXT_MAX, "not ours");
        return 0;
    }
    return change(cell, before ? ODD : NOTHING, false, error);
}

static struct setup_system make_system(void)
{
    return (struct setup_system){NULL, test_undo_store_make(&host.journal), host_find, host_make, host_restore};
}

static void fresh(void)
{
    memset(&host, 0, sizeof(host));
    host.fuel = 1 << 20;
}

/* Values of others at places where there can be some: keys, the list of hidden names, rights. */
static void scatter(uint64_t *random)
{
    struct setup_items items;
    setup_list_items(2, &items);
    for (size_t i = 0; i < items.count; i++) {
        struct cell *cell = cell_at(items.item[i].kind, items.item[i].name);
        if (cell->kind == SETUP_KEY)
            cell->is = policies_random(random, 2) ? WANTED : NOTHING;
        if (cell->kind == SETUP_HIDDEN)
            cell->is = (enum what)policies_random(random, 3);
    }
}

static bool host_is(const struct host *other)
{
    for (size_t i = 0; i < host.count; i++) {
        const struct cell *cell = &host.cell[i], *was = NULL;
        for (size_t j = 0; j < other->count && !was; j++)
            if (other->cell[j].kind == cell->kind && strcmp(other->cell[j].name, cell->name) == 0)
                was = &other->cell[j];
        enum what before = was ? was->is : cell->kind == SETUP_FIREWALL ? WANTED : NOTHING;
        if (cell->is != before)
            print_error("%s %s: %d, was %d\n", setup_kind_name(cell->kind), cell->name, cell->is, before);
        if (cell->is != before)
            return false;
    }
    return true;
}

/* ---- tests ---- */

static void count_result(void *context, enum setup_kind kind, const char *name, enum setup_result result,
                         const char *text)
{
    (void)kind, (void)name, (void)text;
    ((size_t *)context)[result]++;
}

static void made_checked_repeated_undone(void **state)
{
    struct setup_system system = make_system();
    size_t results[7] = {0};
    struct setup_listener listener = {results, count_result};
    struct setup_items items;
    bool fine = true;
    (void)state;
    fresh();
    setup_list_items(2, &items);
    assert_int_equal(setup_check(&system, 2, &listener, &fine, NULL), 0);
    assert_false(fine);
    assert_int_equal(results[SETUP_IS_MISSING], items.count - 1);
    assert_int_equal(results[SETUP_IS_FINE], 1); /* the firewall */
    assert_int_equal(host.changes, 0);
    assert_false(host.journal.exists);

    assert_int_equal(setup_apply(&system, 2, &listener, NULL), 0);
    assert_int_equal(results[SETUP_WAS_MADE], items.count - 1);
    assert_int_equal(setup_check(&system, 0, NULL, &fine, NULL), 0); /* as many as there are */
    assert_true(fine);
    assert_int_equal(setup_check(&system, 3, NULL, &fine, NULL), 0);
    assert_false(fine);

    int changes = host.changes;
    size_t size = host.journal.size;
    assert_int_equal(setup_apply(&system, 0, NULL, NULL), 0);
    assert_int_equal(host.changes, changes);
    assert_int_equal(host.journal.size, size);
    assert_int_equal(setup_apply(&system, 1, NULL, NULL), POSTERN_E_INVALID);
    assert_int_equal(setup_apply(&system, 3, NULL, NULL), 0); /* the pool can grow */
    setup_list_items(3, &items);
    assert_int_equal(host.changes, items.count - 1 - 0);

    cell_at(SETUP_ACCOUNT, "postern-offline-2")->is = ODD;
    assert_int_equal(setup_check(&system, 0, &listener, &fine, NULL), 0);
    assert_false(fine);
    assert_int_equal(results[SETUP_IS_WRONG], 1);
    assert_int_equal(setup_apply(&system, 0, &listener, NULL), 0);
    assert_int_equal(results[SETUP_WAS_CHANGED], 1);

    assert_int_equal(setup_undo(&system, &listener, NULL), 0);
    assert_int_equal(results[SETUP_WAS_UNDONE], items.count - 1);
    assert_true(host_is(&(struct host){.count = 0}));
    assert_false(host.journal.exists);
    assert_int_equal(setup_undo(&system, NULL, NULL), 0);
}

static void names_and_default(void **state)
{
    char name[SETUP_NAME_MAX];
    struct setup_items items;
    (void)state;
    setup_account_name(false, SETUP_ACCOUNTS_MAX, name);
    assert_string_equal(name, "postern-offline-16");
    assert_true(strlen(name) <= 20); /* Windows' limit */
    setup_list_items(SETUP_ACCOUNTS_MAX, &items);
    assert_int_equal(items.count, SETUP_ITEMS_MAX);
    for (size_t i = 0; i < items.count; i++)
        for (size_t j = 0; j < i; j++)
            assert_false(items.item[i].kind == items.item[j].kind &&
                         strcmp(items.item[i].name, items.item[j].name) == 0);
    assert_int_equal(items.item[items.count - 1].kind, SETUP_FIREWALL); /* what may fail for good is last */
    assert_string_equal(setup_kind_name(SETUP_KINDS), "unknown");
    struct setup_system system = make_system();
    fresh();
    assert_int_equal(setup_apply(&system, SETUP_ACCOUNTS_MAX + 1, NULL, NULL), POSTERN_E_INVALID);
    assert_int_equal(setup_apply(&system, 0, NULL, NULL), 0);
    assert_int_equal(cell_at(SETUP_ACCOUNT, "postern-online-4")->is, WANTED);
    assert_int_equal(cell_at(SETUP_ACCOUNT, "postern-online-5")->is, NOTHING);
}

/* At every step: what is taken back then, and what is set up and then taken back, is the host as it was. */
static void crash_while_setting_up(void **state)
{
    struct setup_system system = make_system();
    uint64_t random = 7;
    bool fine;
    (void)state;
    for (int round = 0; round < 12; round++) {
        bool by_journal = round % 2, ends = false;
        for (int fuel = 0; !ends; fuel++) {
            static struct host before, crashed;
            int journal_fuel = fuel;
            fresh();
            scatter(&random);
            before = host;
            host.fuel = by_journal ? 1 << 20 : fuel;
            host.journal.fuel = by_journal ? &journal_fuel : NULL;
            host.journal.torn = (size_t)round * 9;
            ends = setup_apply(&system, 2, NULL, NULL) == 0;
            host.journal.fuel = NULL;
            host.fuel = 1 << 20;
            crashed = host;
            assert_int_equal(setup_undo(&system, NULL, NULL), 0);
            assert_true(host_is(&before));
            assert_false(host.journal.exists);
            host = crashed;
            assert_int_equal(setup_apply(&system, 2, NULL, NULL), 0);
            assert_int_equal(setup_check(&system, 2, NULL, &fine, NULL), 0);
            assert_true(fine);
            assert_int_equal(setup_undo(&system, NULL, NULL), 0);
            assert_true(host_is(&before));
        }
    }
}

static void crash_while_taking_back(void **state)
{
    struct setup_system system = make_system();
    uint64_t random = 11;
    static struct host before, whole;
    (void)state;
    fresh();
    scatter(&random);
    before = host;
    assert_int_equal(setup_apply(&system, 2, NULL, NULL), 0);
    whole = host;
    for (int by_journal = 0; by_journal < 2; by_journal++) {
        bool ends = false;
        for (int fuel = 0; !ends; fuel++) {
            int journal_fuel = fuel;
            host = whole;
            host.fuel = by_journal ? 1 << 20 : fuel;
            host.journal.fuel = by_journal ? &journal_fuel : NULL;
            ends = setup_undo(&system, NULL, NULL) == 0;
            host.journal.fuel = NULL;
            host.fuel = 1 << 20;
            if (fuel % 3 == 0) /* setting up again in between is possible too */
                assert_int_equal(setup_apply(&system, 2, NULL, NULL), 0);
            assert_int_equal(setup_undo(&system, NULL, NULL), 0);
            assert_true(host_is(&before));
            assert_false(host.journal.exists);
        }
    }
}

static void what_belongs_to_others(void **state)
{
    static const enum setup_kind kinds[] = {SETUP_GROUP, SETUP_ACCOUNT, SETUP_FILTER, SETUP_RULE};
    static const char *const names[] = {SETUP_GROUP_NAME, "postern-offline-2", "offline accounts", "offline accounts"};
    struct setup_system system = make_system();
    struct postern_error error = {0};
    size_t results[7] = {0};
    struct setup_listener listener = {results, count_result};
    bool fine;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        fresh();
        cell_at(kinds[i], names[i])->is = OTHERS;
        assert_int_equal(setup_apply(&system, 2, NULL, &error), POSTERN_E_STATE);
        assert_non_null(strstr(error.message, names[i]));
        assert_int_equal(host.changes, 0);
        assert_false(host.journal.exists);
        assert_int_equal(setup_check(&system, 2, NULL, &fine, NULL), 0);
        assert_false(fine);
    }
    /* Somebody has put their own account in the place of ours. */
    fresh();
    assert_int_equal(setup_apply(&system, 2, NULL, NULL), 0);
    cell_at(SETUP_ACCOUNT, "postern-offline-2")->is = OTHERS;
    assert_int_equal(setup_undo(&system, &listener, NULL), 0);
    assert_int_equal(results[SETUP_WAS_LEFT], 1);
    assert_int_equal(cell_at(SETUP_ACCOUNT, "postern-offline-2")->is, OTHERS);
}

static void the_record_was_lost(void **state)
{
    struct setup_system system = make_system();
    (void)state;
    fresh();
    assert_int_equal(setup_apply(&system, 1, NULL, NULL), 0);
    host.journal.size = 0;
    assert_int_equal(setup_apply(&system, 1, NULL, NULL), 0); /* what bears our mark is written down again */
    assert_int_equal(setup_undo(&system, NULL, NULL), 0);
    assert_int_equal(cell_at(SETUP_ACCOUNT, "postern-online-1")->is, NOTHING);
    assert_int_equal(cell_at(SETUP_GROUP, SETUP_GROUP_NAME)->is, NOTHING);
    assert_int_equal(cell_at(SETUP_FILTER, "offline accounts")->is, NOTHING);
    assert_int_equal(cell_at(SETUP_RULE, "offline accounts")->is, NOTHING);
}

static void what_has_no_effect_is_noticed(void **state)
{
    struct setup_system system = make_system();
    struct postern_error error = {0};
    (void)state;
    fresh();
    host.stubborn = true;
    assert_int_equal(setup_apply(&system, 1, NULL, &error), POSTERN_E_STATE);
    assert_non_null(strstr(error.message, "SpecialAccounts: it was made, but is not there"));
    fresh();
    cell_at(SETUP_FIREWALL, "all profiles")->is = ODD;
    assert_int_equal(setup_apply(&system, 1, NULL, &error), POSTERN_E_STATE);
    assert_non_null(strstr(error.remedy, "turn the firewall on"));
    assert_int_equal(cell_at(SETUP_RULE, "offline accounts")->is, WANTED); /* all else is done */
}

static void passwords(void **state)
{
    char one[SETUP_PASSWORD_SIZE], other[SETUP_PASSWORD_SIZE];
    size_t used[128] = {0}, kinds = 0;
    (void)state;
    assert_true(setup_make_password(one));
    for (int i = 0; i < 400; i++) {
        assert_true(setup_make_password(other));
        assert_int_equal(strlen(other), SETUP_PASSWORD_SIZE - 1);
        assert_string_not_equal(one, other);
        assert_true(strcspn(other, "0123456789") < strlen(other) && strcspn(other, "-_") < strlen(other));
        for (const char *at = other; *at; at++)
            used[(unsigned char)*at]++;
    }
    for (size_t i = 0; i < 128; i++)
        kinds += used[i] > 0;
    assert_int_equal(kinds, 64); /* each is to be expected 250 times */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_checked_repeated_undone),  cmocka_unit_test(names_and_default),
        cmocka_unit_test(crash_while_setting_up),        cmocka_unit_test(crash_while_taking_back),
        cmocka_unit_test(what_belongs_to_others),        cmocka_unit_test(the_record_was_lost),
        cmocka_unit_test(what_has_no_effect_is_noticed), cmocka_unit_test(passwords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
