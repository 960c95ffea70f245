/*
 * shared/environment.c: lists of NAME=value, compared exactly or without case.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "shared/environment.h"
#include "shared/error.h"

static void check_accepts(void **state)
{
    static const char *const good[] = {"A=b", "A=", "A==", "A=b=c", "a b=c", "\xc3\xa4=\xe2\x82\xac", "A=line\nbreak"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(environment_check(good[i], false, NULL), POSTERN_OK);
        assert_int_equal(environment_check(good[i], true, NULL), POSTERN_OK);
    }
    assert_int_equal(environment_check("=C:=C:\\dir", true, NULL), POSTERN_OK);
}

static void check_refuses_and_names_the_entry(void **state)
{
    static const struct {
        const char *entry;
        bool fold;
        const char *message;
    } bad[] = {
        {"", false, "environment entry \"\" has no '='"},
        {"PATH", false, "environment entry \"PATH\" has no '='"},
        {"=secret", false, "environment entry \"=...\" has no name"},
        {"=C:=secret", false, "environment entry \"=...\" has no name"},
        {"=", true, "environment entry \"=...\" has no name"},
        {"==secret", true, "environment entry \"=...\" has no name"},
        {"=secret", true, "environment entry \"=...\" has no name"},
        {"A=\xff"
         "secret",
         false, "environment entry \"A\" is not valid UTF-8"},
        {"A\xc0\x80=secret", false, "environment entry \"A\\xc0\\x80\" is not valid UTF-8"},
        {"A\x1b[2J", false, "environment entry \"A\\x1b[2J\" has no '='"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct postern_error error = {0};

        assert_int_equal(environment_check(bad[i].entry, bad[i].fold, &error), POSTERN_E_INVALID);
        assert_string_equal(error.message, bad[i].message);
        assert_null(strstr(error.message, "secret"));
    }
}

static void sets_and_replaces(void **state)
{
    struct strings list = {NULL, 0};

    (void)state;
    assert_true(environment_set(&list, "PATH", "/bin", false));
    assert_true(environment_set(&list, "Path", "other", false));
    assert_true(environment_set(&list, "PATHX", "x", false));
    assert_true(environment_put(&list, "PATH=/usr/bin", false));
    assert_int_equal(list.count, 3);
    assert_string_equal(environment_get(&list, "PATH", false), "/usr/bin");
    assert_string_equal(environment_get(&list, "Path", false), "other");
    assert_string_equal(environment_get(&list, "PATHX", false), "x");
    assert_null(environment_get(&list, "PAT", false));
    assert_null(environment_get(&list, "", false));
    assert_true(environment_set(&list, "EMPTY", "", false));
    assert_string_equal(environment_get(&list, "EMPTY", false), "");
    assert_true(environment_put(&list, "EQ=a=b", false));
    assert_string_equal(environment_get(&list, "EQ", false), "a=b");
    assert_null(strings_array(&list)[list.count]);
    strings_free(&list);
}

static void folds_ascii_only(void **state)
{
    struct strings list = {NULL, 0};

    (void)state;
    assert_true(environment_set(&list, "Path", "1", true));
    assert_true(environment_put(&list, "PATH=2", true));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.item[0], "PATH=2");
    assert_string_equal(environment_get(&list, "pAtH", true), "2");
    assert_true(environment_put(&list, "\xc3\xa4=small", true));
    assert_true(environment_put(&list, "\xc3\x84=capital", true));
    assert_int_equal(list.count, 3);
    /* '[' and '{' differ in the bit that letters differ in. */
    assert_true(environment_put(&list, "A[=1", true));
    assert_null(environment_get(&list, "A{", true));
    strings_free(&list);
}

static void keeps_drive_entries(void **state)
{
    struct strings list = {NULL, 0};

    (void)state;
    assert_true(environment_put(&list, "=C:=C:\\one", true));
    assert_true(environment_put(&list, "=D:=D:\\two", true));
    assert_true(environment_put(&list, "=c:=C:\\three", true));
    assert_int_equal(list.count, 2);
    assert_string_equal(environment_get(&list, "=C:", true), "C:\\three");
    strings_free(&list);
}

/* execve() passes on any list, so a name may come twice: nothing of the old value may survive. */
static void duplicates_are_replaced(void **state)
{
    static const char *const inherited[] = {"A=1", "B=2", "A=3", "A=4", NULL};
    struct strings list = {NULL, 0};

    (void)state;
    assert_true(strings_copy(&list, inherited));
    assert_string_equal(environment_get(&list, "A", false), "1");
    assert_true(environment_set(&list, "A", "new", false));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.item[0], "A=new");
    assert_string_equal(list.item[1], "B=2");
    strings_free(&list);
}

static void reads_that_of_the_process(void **state)
{
    struct strings list = {NULL, 0};
    const char *name = environment_folds() ? "SystemRoot" : "PATH";
    const char *expected = getenv(name);

    (void)state;
    assert_true(environment_of_process(&list));
    assert_true(list.count > 0);
    assert_non_null(expected);
    assert_string_equal(environment_get(&list, name, environment_folds()), expected);
    for (size_t i = 0; i < list.count; i++) {
        assert_non_null(strchr(list.item[i], '='));
    }
    strings_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_accepts),
        cmocka_unit_test(check_refuses_and_names_the_entry),
        cmocka_unit_test(sets_and_replaces),
        cmocka_unit_test(folds_ascii_only),
        cmocka_unit_test(keeps_drive_entries),
        cmocka_unit_test(duplicates_are_replaced),
        cmocka_unit_test(reads_that_of_the_process),
    };

    return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
