/*
 * shared/quote.h against the parsers it quotes for: CommandLineToArgvW of this system and the C library of a child. Our
 * own inverse, quote_split(), is compared with the system's on the way.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <shellapi.h>

#include "shared/quote.h"
#include "shared/strings.h"
#include "shared/wide.h"
#include "tests/support/run_win32.h"

static const char *const awkward[] = {
    "",
    " ",
    "\t",
    "a",
    "a b",
    "\"",
    "\"\"",
    "\"\"\"",
    "a\"b",
    "\\",
    "\\\\",
    "a\\",
    "a b\\",
    "\\\"",
    "\\\\\"",
    "a\\\\b",
    "\\\\ \\",
    "a \\\" b",
    "--x=\"y\"",
    "C:\\dir\\",
    "C:\\a b\\",
    "'",
    "%PATH%",
    "^",
    "&|<>",
    "*?",
    "\xc3\xa4 \xe2\x82\xac",
    "\xf0\x9f\x90\xa7",
    "end\\\\\\\"",
    "\\\\\\",
    "a\nb",
    "/c",
    "x\x01y",
};
#define AWKWARD (sizeof(awkward) / sizeof(awkward[0]))

static void split_by_the_system(const char *line, struct strings *out)
{
    wchar_t *wide = wide_from_utf8(line);
    int count = 0;
    LPWSTR *list;

    assert_non_null(wide);
    list = CommandLineToArgvW(wide, &count);
    assert_non_null(list);
    for (int i = 0; i < count; i++) {
        assert_true(strings_add_owned(out, wide_to_utf8(list[i])));
    }
    LocalFree(list);
    free(wide);
}

static void check_line(const char *const *argv)
{
    struct strings system = {0}, ours = {0};
    char *line = NULL;
    size_t count = 0;

    assert_int_equal(quote_command_line(argv, &line, NULL), POSTERN_OK);
    split_by_the_system(line, &system);
    assert_int_equal(quote_split(line, &ours), POSTERN_OK);
    for (; argv[count] != NULL; count++) {
        assert_true(count < system.count && count < ours.count);
        assert_string_equal(system.item[count], argv[count]);
        assert_string_equal(ours.item[count], argv[count]);
    }
    assert_int_equal(system.count, count);
    assert_int_equal(ours.count, count);
    strings_free(&system);
    strings_free(&ours);
    free(line);
}

static void the_system_reads_what_was_meant(void **state)
{
    (void)state;
    for (size_t i = 0; i < AWKWARD; i++) {
        for (size_t j = 0; j < AWKWARD; j++) {
            const char *argv[] = {"C:\\Program Files\\x.exe", awkward[i], awkward[j], "last", NULL};

            check_line(argv);
        }
    }
}

/* Lines that we would not write ourselves; the inverse has to agree on them, too. */
static void our_inverse_is_the_systems(void **state)
{
    static const char *const lines[] = {
        "x a b",          "\"x y\" a",          "\"x\"y z",       "x \"a b\" c",        "x a\"b c\"d",
        "x \"\"",         "x \"\"\"a\"\"\"",    "x \"a\"\"b\" c", "x \\\"a\\\\\"b c\"", "x   a\tb  ",
        "x \"unclosed a", "x a\\b\\\\c\\\\\\d", "x \"\"\"\" b",   "x \"\"\"\"\" b",     "x \"a \"\"b\"\" c\" d",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct strings system = {0}, ours = {0};

        split_by_the_system(lines[i], &system);
        assert_int_equal(quote_split(lines[i], &ours), POSTERN_OK);
        assert_int_equal(ours.count, system.count);
        for (size_t k = 0; k < system.count; k++) {
            assert_string_equal(ours.item[k], system.item[k]);
        }
        strings_free(&system);
        strings_free(&ours);
    }
}

static void a_child_sees_what_was_meant(void **state)
{
    const char *argv[AWKWARD + 3] = {"child", "args"};
    char expected[2048] = "";
    struct run run;

    (void)state;
    for (size_t i = 0; i < AWKWARD; i++) {
        argv[i + 2] = awkward[i];
        strcat(expected, awkward[i]);
        strcat(expected, "\n");
    }
    run_child(argv, &run);
    assert_string_equal(run.text, expected);
}

static void cmd_gets_its_line_verbatim(void **state)
{
    const char *argv[] = {"cmd", "/c", "echo \"a b\" & echo c", NULL};
    struct process_spec spec;
    struct run run;

    (void)state;
    process_spec_init(&spec);
    spec.program = "C:\\windows\\system32\\cmd.exe";
    run_spec(&spec, argv, &run);
    assert_string_equal(run.text, "\"a b\" \r\nc\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_system_reads_what_was_meant),
        cmocka_unit_test(our_inverse_is_the_systems),
        cmocka_unit_test(a_child_sees_what_was_meant),
        cmocka_unit_test(cmd_gets_its_line_verbatim),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
