/*
 * shared/appcontainer.c: names that are ours, and SIDs that are those of one container.
 */
#include "tests/support/test.h"

#include <string.h>

#include "shared/appcontainer.h"

static void names_are_new_and_ours(void **state)
{
    char one[APPCONTAINER_NAME_SIZE], other[APPCONTAINER_NAME_SIZE];

    (void)state;
    assert_int_equal(appcontainer_make_name(one, NULL), 0);
    assert_int_equal(appcontainer_make_name(other, NULL), 0);
    assert_string_not_equal(one, other);
    assert_true(appcontainer_is_ours(one));
    assert_true(strlen(one) < 64); /* what the system takes */
    assert_int_equal(strspn(one, "abcdefghijklmnopqrstuvwxyz0123456789."), strlen(one));
}

static void others_are_not(void **state)
{
    static const char *const names[] = {
        "",
        "postern.",
        "postern.check",
        "Microsoft.WindowsCalculator_8wekyb3d8bbwe",
        "postern.0123456789abcdef0123456789abcde",
        "postern.0123456789abcdef0123456789abcdef0",
        "postern.0123456789ABCDEF0123456789ABCDEF",
        "postern.0123456789abcdef0123456789abcde\\",
        "Postern.0123456789abcdef0123456789abcdef",
        " postern.0123456789abcdef0123456789abcdef",
    };

    (void)state;
    assert_true(appcontainer_is_ours("postern.0123456789abcdef0123456789abcdef"));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (appcontainer_is_ours(names[i])) {
            fail_msg("\"%s\" was taken for ours", names[i]);
        }
    }
}

static void sids_of_one_container(void **state)
{
    static const char *const others[] = {
        "",
        "S-1-15-2-1", /* all of them */
        "S-1-15-2-2",
        "S-1-15-2-1-2-3-4-5-6",
        "S-1-15-2-1-2-3-4-5-6-7-8",
        "S-1-15-3-1-2-3-4-5-6-7",
        "S-1-15-2-1-2-3-4-5-6-",
        "S-1-15-2-1-2-3-4-5-6-7)",
        "S-1-15-21-2-3-4-5-6-7-8",
        "S-1-5-21-1-2-3-4",
        "S-1-1-0",
    };

    (void)state;
    assert_true(appcontainer_is_sid("S-1-15-2-1-2-3-4-5-6-7"));
    assert_true(appcontainer_is_sid("S-1-15-2-4294967295-0-3239072475-1-2-3-4"));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (appcontainer_is_sid(others[i])) {
            fail_msg("%s was taken for that of a container", others[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_new_and_ours),
        cmocka_unit_test(others_are_not),
        cmocka_unit_test(sids_of_one_container),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
