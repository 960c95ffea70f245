/*
 * elevated/undo_record.c: what is written can be read, whatever is in it; torn at every byte; damaged at every byte;
 * taken back in reverse order, once, from wherever it stopped.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "shared/text.h"
#include "tests/support/undo_store.h"

static struct test_undo_store memory;

static struct undo_store fresh(void)
{
    memset(&memory, 0, sizeof(memory));
    return test_undo_store_make(&memory);
}

static void three_changes(const struct undo_store *store)
{
    struct undo_journal journal;
    assert_int_equal(undo_open(&journal, store, NULL), 0);
    assert_int_equal(undo_note(&journal, "account", "one", NULL, NULL), 0);
    assert_int_equal(undo_note(&journal, "value", "two\twith\nall 100 % \xc3\xa9\x7f", "", NULL), 0);
    assert_int_equal(undo_note(&journal, "value", "three", "was this", NULL), 0);
    assert_int_equal(undo_note(&journal, "value", "three", "is not asked again", NULL), 0);
    assert_int_equal(journal.count, 3);
    undo_close(&journal);
}

static void written_and_read(void **state)
{
    struct undo_store store = fresh();
    struct undo_journal journal;
    (void)state;
    three_changes(&store);
    assert_int_equal(memcmp(memory.data, "postern-undo 1\n", 15), 0);
    assert_int_equal(undo_open(&journal, &store, NULL), 0);
    assert_int_equal(journal.count, 3);
    assert_null(undo_find(&journal, "account", "one")->before);
    assert_string_equal(undo_find(&journal, "value", "two\twith\nall 100 % \xc3\xa9\x7f")->before, "");
    assert_string_equal(undo_find(&journal, "value", "three")->before, "was this");
    assert_null(undo_find(&journal, "account", "three"));
    undo_close(&journal);
}

/* Cut anywhere it holds the changes whose lines are whole, and can be gone on with. */
static void torn_at_every_byte(void **state)
{
    struct undo_store store = fresh();
    static struct test_undo_store whole;
    struct undo_journal journal;
    (void)state;
    three_changes(&store);
    whole = memory;
    for (size_t size = 0; size < whole.size; size++) {
        size_t lines = 0;
        memory = whole;
        memory.size = size;
        for (size_t i = 0; i < size; i++)
            lines += whole.data[i] == '\n';
        assert_int_equal(undo_open(&journal, &store, NULL), 0);
        assert_int_equal(journal.count, lines > 0 ? lines - 1 : 0);
        assert_int_equal(undo_note(&journal, "later", "change", NULL, NULL), 0);
        undo_close(&journal);
        assert_int_equal(undo_open(&journal, &store, NULL), 0);
        assert_int_equal(journal.count, (lines > 0 ? lines - 1 : 0) + 1);
        undo_close(&journal);
    }
}

/* Any bit anywhere: refused; but for the very end of the last line, without which that counts as torn. */
static void damaged_at_every_byte(void **state)
{
    struct undo_store store = fresh();
    static struct test_undo_store whole;
    struct undo_journal journal;
    struct postern_error error = {0};
    (void)state;
    three_changes(&store);
    whole = memory;
    for (size_t at = 0; at < whole.size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            memory = whole;
            memory.data[at] = (unsigned char)(memory.data[at] ^ (1 << bit));
            int status = undo_open(&journal, &store, &error);
            assert_int_equal(status, at + 1 < whole.size ? POSTERN_E_STATE : 0);
            assert_true(status == 0 ? journal.count == 2 : strstr(error.message, "line ") != NULL);
            undo_close(&journal);
        }
    }
}

/* A last line of which a part has not arrived, though its end has. Elsewhere that is no crash of ours. */
static void holes(void **state)
{
    struct undo_store store = fresh();
    struct undo_journal journal;
    (void)state;
    three_changes(&store);
    memset(memory.data + memory.size - 20, 0, 10);
    assert_int_equal(undo_open(&journal, &store, NULL), 0);
    assert_int_equal(journal.count, 2);
    assert_int_equal(undo_note(&journal, "later", "change", NULL, NULL), 0);
    undo_close(&journal);
    assert_int_equal(undo_open(&journal, &store, NULL), 0);
    assert_int_equal(journal.count, 3);
    undo_close(&journal);
    memory.data[20] = 0;
    assert_int_equal(undo_open(&journal, &store, NULL), POSTERN_E_STATE);
}

static void what_does_not_fit(void **state)
{
    struct undo_store store = fresh();
    struct undo_journal journal;
    struct postern_error error = {0};
    static char large[UNDO_TEXT_MAX + 2];
    (void)state;
    memset(large, '%', sizeof(large) - 1);
    assert_int_equal(undo_open(&journal, &store, NULL), 0);
    assert_int_equal(undo_note(&journal, "value", large, NULL, &error), POSTERN_E_LIMIT);
    assert_int_equal(journal.count, 0);
    large[UNDO_TEXT_MAX] = '\0';
    assert_int_equal(undo_note(&journal, "value", large, large, &error), 0);
    undo_close(&journal);
    assert_int_equal(undo_open(&journal, &store, &error), 0);
    assert_string_equal(undo_find(&journal, "value", large)->before, large);
    undo_close(&journal);
}

struct restored {
    char order[64];
    int fuel;
};

static int restore(void *context, const struct undo_change *change, struct postern_error *error)
{
    struct restored *restored = context;
    (void)error;
    if (restored->fuel-- == 0)
        return POSTERN_E_OS;
    strncat(restored->order, change->name, 1);
    return 0;
}

static void taken_back_in_reverse(void **state)
{
    struct undo_store store = fresh();
    struct undo_journal journal;
    struct restored restored = {.fuel = 1};
    (void)state;
    three_changes(&store);
    assert_int_equal(undo_open(&journal, &store, NULL), 0);
    assert_int_equal(undo_replay(&journal, restore, &restored, NULL), POSTERN_E_OS);
    assert_string_equal(restored.order, "t");
    assert_null(undo_find(&journal, "value", "three"));
    undo_close(&journal);
    assert_true(memory.exists);
    /* Another call goes on where it stopped; a change in between has a record of its own. */
    assert_int_equal(undo_open(&journal, &store, NULL), 0);
    assert_int_equal(journal.count, 3);
    assert_int_equal(undo_note(&journal, "value", "three", "again", NULL), 0);
    restored.fuel = 9;
    assert_int_equal(undo_replay(&journal, restore, &restored, NULL), 0);
    assert_string_equal(restored.order, "ttto"); /* three, three again, two, one */
    undo_close(&journal);
    assert_false(memory.exists);
    assert_int_equal(undo_open(&journal, &store, NULL), 0);
    assert_int_equal(undo_replay(&journal, restore, &restored, NULL), 0);
    assert_string_equal(restored.order, "ttto");
    undo_close(&journal);
}

/* A write that fails changes nothing: neither in memory nor for who reads the journal later. */
static void failing_writes(void **state)
{
    struct undo_store store = fresh();
    struct undo_journal journal;
    int fuel = 1;
    (void)state;
    memory.fuel = &fuel;
    for (memory.torn = 0; memory.torn < 80; memory.torn++) {
        assert_int_equal(undo_open(&journal, &store, NULL), 0);
        fuel = 1;
        memory.size = 0;
        assert_int_equal(undo_note(&journal, "value", "one", NULL, NULL), 0);
        assert_int_equal(undo_note(&journal, "value", "lost", NULL, NULL), POSTERN_E_OS);
        assert_null(undo_find(&journal, "value", "lost"));
        fuel = 1;
        assert_int_equal(undo_note(&journal, "value", "two", NULL, NULL), 0);
        undo_close(&journal);
        assert_int_equal(undo_open(&journal, &store, NULL), 0);
        assert_int_equal(journal.count, 2);
        assert_non_null(undo_find(&journal, "value", "two"));
        undo_close(&journal);
        memory.size = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read),      cmocka_unit_test(torn_at_every_byte),
        cmocka_unit_test(damaged_at_every_byte), cmocka_unit_test(holes),
        cmocka_unit_test(what_does_not_fit),     cmocka_unit_test(taken_back_in_reverse),
        cmocka_unit_test(failing_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
