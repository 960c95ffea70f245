/*
 * shared/numbered.h: sessions are found by their number, whatever has gone before.
 */
#include "tests/support/test.h"

#include "shared/numbered.h"

enum { COUNT = 1000 };

static void what_is_added_is_found(void **state)
{
    static int things[COUNT];
    struct numbered list = {0};
    (void)state;
    assert_null(numbered_find(&list, 1));
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_true(numbered_reserve(&list));
        numbered_add(&list, i * 3 + 1, &things[i]);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_ptr_equal(numbered_find(&list, i * 3 + 1), &things[i]);
        assert_null(numbered_find(&list, i * 3));
        assert_null(numbered_find(&list, i * 3 + 2));
    }
    assert_null(numbered_find(&list, UINT32_MAX));
    numbered_free(&list);
    assert_int_equal(list.count, 0);
}

static void what_is_removed_leaves_the_others_in_order(void **state)
{
    static int things[COUNT];
    struct numbered list = {0};
    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_true(numbered_reserve(&list));
        numbered_add(&list, i + 1, &things[i]);
    }
    for (uint32_t number = 2; number <= COUNT; number += 2)
        numbered_remove(&list, number);
    assert_int_equal(list.count, COUNT / 2);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_ptr_equal(numbered_find(&list, i + 1), i % 2 == 0 ? &things[i] : NULL);
    for (size_t i = 1; i < list.count; i++)
        assert_true(list.item[i - 1].number < list.item[i].number);
    numbered_remove(&list, 1); /* the first and the last as well */
    numbered_remove(&list, COUNT - 1);
    assert_int_equal(list.count, COUNT / 2 - 2);
    assert_null(numbered_find(&list, 1));
    assert_null(numbered_find(&list, COUNT - 1));
    numbered_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_is_found),
        cmocka_unit_test(what_is_removed_leaves_the_others_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
