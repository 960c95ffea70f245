/*
 * shared/sddl.c: what a SID is, and the descriptors made with them, entry by entry.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "shared/sddl.h"

static void sids(void **state)
{
    static const char *const good[] = {
        "S-1-5-18",
        "S-1-1-0",
        "S-1-5-32-544",
        "S-1-5-21-4294967295-0-1-500",
        "S-1-281474976710655-1",
        "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15",
    };
    static const char *const bad[] = {
        "",
        "S",
        "S-1-",
        "S-1-5",
        "S-1-5-",
        "s-1-5-18",
        "S-2-5-18",
        "S-1-5-18-",
        "S-1--5-18",
        "S-1-5-18 ",
        " S-1-5-18",
        "S-1-5-018",
        "S-1-5-4294967296",
        "S-1-5-99999999999999999999999",
        "S-1-281474976710656-1",
        "S-1-05-18",
        "S-1-5-0x12",
        "S-1-5-18)",
        "S-1-5-18)(A;;FA;;;WD",
        "SY",
        "BA",
        "S-1-5-+1",
        "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(sddl_is_sid(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(sddl_is_sid(bad[i]));
}

static void expect(char *text, const char *wanted)
{
    assert_non_null(text);
    assert_string_equal(text, wanted);
    free(text);
}

static void descriptors(void **state)
{
    (void)state;
    expect(sddl_for_pipe("S-1-5-18", NULL), "D:P(A;;0x1f01ff;;;S-1-5-18)");
    expect(sddl_for_pipe("S-1-5-18", "S-1-5-19"), "D:P(A;;0x1f01ff;;;S-1-5-18)(A;;0x120183;;;S-1-5-19)");
    expect(sddl_make(NULL, 0), "D:P"); /* nobody */
}

static void entries(void **state)
{
    const struct sddl_ace list[] = {
        {true, ACE_TO_FILES | ACE_TO_DIRECTORIES | ACE_NOT_HERE, 0x10000, "S-1-1-0"},
        {false, ACE_TO_FILES, 1, "S-1-5-18"},
    };
    (void)state;
    expect(sddl_make(list, 2), "D:P(D;OICIIO;0x10000;;;S-1-1-0)(A;OI;0x1;;;S-1-5-18)");
}

static void what_is_no_sid_makes_no_descriptor(void **state)
{
    const struct sddl_ace flags = {.flags = ACE_INHERITED, .sid = "S-1-5-18"};
    (void)state;
    assert_null(sddl_for_pipe("S-1-5-18)(A;;FA;;;WD", NULL));
    assert_null(sddl_for_pipe("S-1-5-18", "WD"));
    assert_null(sddl_for_pipe("", "S-1-5-18"));
    assert_null(sddl_make(&flags, 1)); /* it is for the system alone to set */
}

static void rights(void **state)
{
    (void)state;
    assert_int_equal(ACE_FILE_READ & ~ACE_FILE_ALL, 0);
    assert_int_equal(ACE_FILE_LOOK & ~ACE_FILE_READ, 0);
    assert_int_equal(ACE_PIPE_CLIENT & 4, 0); /* FILE_CREATE_PIPE_INSTANCE */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sids),    cmocka_unit_test(descriptors),
        cmocka_unit_test(entries), cmocka_unit_test(what_is_no_sid_makes_no_descriptor),
        cmocka_unit_test(rights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
