/*
 * shared/exit_code.h: which exit codes are Windows's own word, and that each has a name, a cause and an action.
 */
#include "tests/support/test.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "shared/error.h"
#include "shared/exit_code.h"

static void numbers_of_programs_are_theirs(void **state)
{
    static const uint32_t own[] = {0,          1,          2,          5,          87,         126,        255,
                                   259,        1326,       0x7fffffff, 0x80000000, 0x80004001, 0x80070005, 0xffffffff,
                                   0xfffffffe, 0xffffff01, 0xd0000022, 0xc1000005, 0xe0000001, 0x40010006};
    struct exit_code_words words;

    (void)state;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (exit_code_explain((int)own[i], &words)) {
            fail_msg("0x%08x is explained", (unsigned)own[i]);
        }
    }
}

static void every_name_has_a_cause_and_an_action(void **state)
{
    struct exit_code_words words;
    const char *name;
    size_t count = 0;
    int code = 0;

    (void)state;
    for (; (name = exit_code_name_at(count, &code)) != NULL; count++) {
        const struct error_hint *hint = error_find_hint(ERROR_SYSTEM_WINDOWS, (int64_t)(uint32_t)code, "");

        if (hint == NULL) {
            fail_msg("%s has no row in the table of known errors", name);
        }
        assert_true(exit_code_explain(code, &words));
        assert_string_equal(words.name, name);
        assert_string_equal(words.cause, hint->cause);
        assert_string_equal(words.remedy, hint->remedy);
    }
    assert_true(count > 25);
    assert_null(exit_code_name_at(count + 1, &code));
}

/* And the other way: an NTSTATUS of the table that ends processes has a name. */
static void every_status_of_the_table_has_a_name(void **state)
{
    const struct error_hint *hint;

    (void)state;
    for (size_t i = 0; (hint = error_hint_at(ERROR_SYSTEM_WINDOWS, i)) != NULL; i++) {
        struct exit_code_words words;

        if (hint->os_error >= 0xc0000000 && hint->operation[0] == '\0') {
            assert_true(exit_code_explain((int)(uint32_t)hint->os_error, &words));
            assert_string_not_equal(words.name, "an NTSTATUS");
        }
    }
}

static void those_people_meet_are_in_words(void **state)
{
    static const struct {
        int code;
        const char *number, *name, *cause;
    } known[] = {
        {-1073741510, "0xc000013a", "STATUS_CONTROL_C_EXIT", "Ctrl-C"},
        {-1073741502, "0xc0000142", "STATUS_DLL_INIT_FAILED", "desktop"},
        {-1073741515, "0xc0000135", "STATUS_DLL_NOT_FOUND", "not found"},
        {-1073741790, "0xc0000022", "STATUS_ACCESS_DENIED", "may not be read"},
        {-1073741819, "0xc0000005", "STATUS_ACCESS_VIOLATION", "memory"},
        {-2147483645, "0x80000003", "STATUS_BREAKPOINT", "breakpoint"},
        {0x40010004, "0x40010004", "DBG_TERMINATE_PROCESS", "debugger"},
        {-1073700000, "0xc000a360", "an NTSTATUS", "failure status"},
    };
    struct exit_code_words words;

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        assert_true(exit_code_explain(known[i].code, &words));
        assert_string_equal(words.number, known[i].number);
        assert_string_equal(words.name, known[i].name);
        assert_non_null(strstr(words.cause, known[i].cause));
        assert_string_not_equal(words.remedy, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_programs_are_theirs),
        cmocka_unit_test(every_name_has_a_cause_and_an_action),
        cmocka_unit_test(every_status_of_the_table_has_a_name),
        cmocka_unit_test(those_people_meet_are_in_words),
    };

    return cmocka_run_group_tests_name("exit_code", tests, NULL, NULL);
}
