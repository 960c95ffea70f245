/*
 * shared/strings.c: a NULL-terminated list that owns its strings.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/strings.h"

static void empty_list(void **state)
{
    struct strings list = {NULL, 0};

    (void)state;
    strings_free(&list);
    assert_non_null(strings_array(&list));
    assert_null(strings_array(&list)[0]);
    assert_int_equal(list.count, 0);
    strings_free(&list);
    assert_null(list.item);
}

static void adds_copies(void **state)
{
    struct strings list = {NULL, 0};
    char text[] = "one";

    (void)state;
    assert_true(strings_add(&list, text));
    text[0] = 'X';
    assert_true(strings_add(&list, ""));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.item[0], "one");
    assert_string_equal(list.item[1], "");
    assert_null(list.item[2]);
    strings_free(&list);
    assert_int_equal(list.count, 0);
}

static void adds_owned(void **state)
{
    struct strings list = {NULL, 0};
    char *text = malloc(4);

    (void)state;
    assert_non_null(text);
    memcpy(text, "own", 4);
    assert_true(strings_add_owned(&list, text));
    assert_ptr_equal(list.item[0], text);
    assert_false(strings_add_owned(&list, NULL)); /* an allocation of the caller that failed */
    assert_int_equal(list.count, 1);
    strings_free(&list);
}

static void copies_arrays(void **state)
{
    static const char *const array[] = {"a", "b", NULL};
    struct strings list = {NULL, 0};

    (void)state;
    assert_true(strings_add(&list, "first"));
    assert_true(strings_copy(&list, array));
    assert_true(strings_copy(&list, NULL));
    assert_int_equal(list.count, 3);
    assert_string_equal(list.item[2], "b");
    assert_null(strings_array(&list)[3]);
    strings_free(&list);
}

static void removes(void **state)
{
    static const char *const array[] = {"a", "b", "c", NULL};
    struct strings list = {NULL, 0};

    (void)state;
    assert_true(strings_copy(&list, array));
    strings_remove(&list, 1);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.item[1], "c");
    assert_null(list.item[2]);
    strings_remove(&list, 1);
    strings_remove(&list, 0);
    assert_int_equal(list.count, 0);
    assert_null(list.item[0]);
    assert_true(strings_add(&list, "again"));
    strings_free(&list);
}

/* The capacity is implied by the count: up and down across every power of two, the terminator always in its place. */
static void grows_and_shrinks(void **state)
{
    struct strings list = {NULL, 0};
    char text[32];

    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        while (list.count < 600 - 100 * round) {
            snprintf(text, sizeof(text), "%zu", list.count);
            assert_true(strings_add(&list, text));
            assert_null(list.item[list.count]);
        }
        while (list.count > 5 + round) {
            strings_remove(&list, list.count - 1);
            assert_null(list.item[list.count]);
        }
        for (size_t i = 0; i < list.count; i++) {
            snprintf(text, sizeof(text), "%zu", i);
            assert_string_equal(list.item[i], text);
        }
    }
    strings_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_list),    cmocka_unit_test(adds_copies), cmocka_unit_test(adds_owned),
        cmocka_unit_test(copies_arrays), cmocka_unit_test(removes),     cmocka_unit_test(grows_and_shrinks),
    };

    return cmocka_run_group_tests_name("strings", tests, NULL, NULL);
}
