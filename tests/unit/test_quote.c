/*
 * shared/quote.c: Windows command lines, made and taken apart again.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "shared/error.h"
#include "shared/quote.h"
#include "shared/strings.h"

#define MAX_ARGUMENTS 10

struct row {
    const char *argv[MAX_ARGUMENTS];
    const char *line;
};

static const struct row rows[] = {
    {{"prog"}, "prog"},
    {{"prog", "a", "b"}, "prog a b"},
    {{"prog", ""}, "prog \"\""},
    {{"prog", "", "", "x"}, "prog \"\" \"\" x"},
    {{"prog", "a b"}, "prog \"a b\""},
    {{"prog", "a\tb"}, "prog \"a\tb\""},
    {{"prog", "a\nb"}, "prog \"a\nb\""},
    {{"prog", " "}, "prog \" \""},
    {{"prog", "a\\b"}, "prog a\\b"},
    {{"prog", "a\\"}, "prog a\\"},
    {{"prog", "\\\\server\\share\\"}, "prog \\\\server\\share\\"},
    {{"prog", "a b\\"}, "prog \"a b\\\\\""},
    {{"prog", "a b\\\\"}, "prog \"a b\\\\\\\\\""},
    {{"prog", "a\\ b"}, "prog \"a\\ b\""},
    {{"prog", "\""}, "prog \"\\\"\""},
    {{"prog", "\"\""}, "prog \"\\\"\\\"\""},
    {{"prog", "a\"b"}, "prog \"a\\\"b\""},
    {{"prog", "a\\\"b"}, "prog \"a\\\\\\\"b\""},
    {{"prog", "a\\\\\"b"}, "prog \"a\\\\\\\\\\\"b\""},
    {{"prog", "\\\""}, "prog \"\\\\\\\"\""},
    {{"prog", "say \"hi\""}, "prog \"say \\\"hi\\\"\""},
    {{"prog", "%PATH%", "^", "&", "|", "a;b", "*.txt"}, "prog %PATH% ^ & | a;b *.txt"},
    {{"prog", "gr\xc3\xbc\xc3\x9f", "\xf0\x9f\x90\x8c \xe2\x82\xac"},
     "prog gr\xc3\xbc\xc3\x9f \"\xf0\x9f\x90\x8c \xe2\x82\xac\""},
    {{"C:\\Program Files\\x.exe", "/s"}, "\"C:\\Program Files\\x.exe\" /s"},
    {{"C:\\a b\\", "x"}, "\"C:\\a b\\\" x"}, /* backslashes mean nothing in the name */
    {{"", "x"}, "\"\" x"},
};

static const struct row cmd_rows[] = {
    {{"cmd", "/c", "echo hi"}, "cmd /s /c \"echo hi\""},
    {{"cmd", "/c", ""}, "cmd /s /c \"\""},
    {{"CMD.EXE", "/C", "dir \"a b\" & echo \"x\\\""}, "CMD.EXE /s /c \"dir \"a b\" & echo \"x\\\"\""},
    {{"C:\\Windows\\System32\\cmd.exe", "/c", "ver"}, "C:\\Windows\\System32\\cmd.exe /s /c \"ver\""},
    {{"C:/a b/Cmd", "/c", "\"p q\" r"}, "\"C:/a b/Cmd\" /s /c \"\"p q\" r\""},
    /* Not the rule: another count, another option, another program. */
    {{"cmd", "/c"}, "cmd /c"},
    {{"cmd", "/c", "echo", "a b"}, "cmd /c echo \"a b\""},
    {{"cmd", "/k", "a b"}, "cmd /k \"a b\""},
    {{"cmd", "/cx", "a b"}, "cmd /cx \"a b\""},
    {{"cmd", "/d", "/s", "/c", "a b"}, "cmd /d /s /c \"a b\""},
    {{"cmd.com", "/c", "a b"}, "cmd.com /c \"a b\""},
    {{"xcmd", "/c", "a b"}, "xcmd /c \"a b\""},
    {{"cmd.exe\\x", "/c", "a b"}, "cmd.exe\\x /c \"a b\""},
    {{"cmd\\", "/c", "a b"}, "cmd\\ /c \"a b\""},
};

static void check_line(const char *const *argv, const char *line)
{
    char *made = NULL;

    assert_int_equal(quote_command_line(argv, &made, NULL), POSTERN_OK);
    assert_string_equal(made, line);
    free(made);
}

static void check_split(const char *line, const char *const *argv)
{
    struct strings list = {NULL, 0};
    size_t count = 0;

    assert_int_equal(quote_split(line, &list), POSTERN_OK);
    for (; argv[count] != NULL; count++) {
        assert_true(count < list.count);
        assert_string_equal(list.item[count], argv[count]);
    }
    assert_int_equal(list.count, count);
    strings_free(&list);
}

static void quotes_and_splits_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_line(rows[i].argv, rows[i].line);
        check_split(rows[i].line, rows[i].argv);
    }
}

static void cmd_c_is_left_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cmd_rows) / sizeof(cmd_rows[0]); i++) {
        check_line(cmd_rows[i].argv, cmd_rows[i].line);
    }
}

/* Lines that we do not make ourselves. The first ones are Microsoft's own examples. */
static void splits_by_the_rules(void **state)
{
    static const struct row lines[] = {
        {{"x", "abc", "d", "e"}, "x \"abc\" d e"},
        {{"x", "a\\\\b", "de fg", "h"}, "x a\\\\b d\"e f\"g h"},
        {{"x", "a\\\"b", "c", "d"}, "x a\\\\\\\"b c d"},
        {{"x", "a\\\\b c", "d", "e"}, "x a\\\\\\\\\"b c\" d e"},
        {{"x", "ab\"", "c", "d"}, "x a\"b\"\" c d"}, /* differs from the C run-time, which stays in the quotes */
        {{"x", "a\"b"}, "x \"a\"\"\"b\""},
        {{"x", "\"a b"}, "x \"\"\"\"a b\""},
        {{"x", "", "b"}, "x \"\" b"},
        {{"x", "a b c"}, "x \"a b c"}, /* not closed */
        {{"x", "a\\b"}, "x \"a\\b"},
        {{"x", "a", "b"}, "x \t a\t \tb \t"},
        {{"x\\", "a"}, "\"x\\\" a"},
        {{"x\\\"y", "a"}, "x\\\"y a"}, /* in the name a quote is only special as its first character */
        {{"x y", "a"}, "\"x y\"a"},
        {{"x y"}, "\"x y"},
        {{"", "a"}, " a"},
        {{NULL}, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        check_split(lines[i].line, lines[i].argv);
    }
}

static void split_appends(void **state)
{
    struct strings list = {NULL, 0};

    (void)state;
    assert_true(strings_add(&list, "before"));
    assert_int_equal(quote_split("a b", &list), POSTERN_OK);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.item[0], "before");
    assert_string_equal(list.item[2], "b");
    strings_free(&list);
}

static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

/* Text of the characters that matter, most of them special. The program's name can hold no quote. */
static void random_argument(char *out, size_t size, bool name)
{
    static const char *const letters[] = {"a", "\\", "\\", " ", "\t", "\xc3\xa4", "\n", "\"", "\"", "\""};
    uint32_t count = random_below(9);
    size_t used = 0;

    while (count-- > 0) {
        const char *letter = letters[random_below(name ? 7 : 10)];

        assert_true(used + strlen(letter) < size);
        memcpy(out + used, letter, strlen(letter));
        used += strlen(letter);
    }
    out[used] = '\0';
}

static void any_list_comes_back(void **state)
{
    (void)state;
    random_state = 20260102;
    for (unsigned round = 0; round < 20000; round++) {
        char text[MAX_ARGUMENTS - 1][32];
        const char *argv[MAX_ARGUMENTS] = {NULL};
        uint32_t count = 1 + random_below(MAX_ARGUMENTS - 1);
        char *line = NULL;

        for (uint32_t i = 0; i < count; i++) {
            random_argument(text[i], sizeof(text[i]), i == 0);
            argv[i] = text[i];
        }
        assert_int_equal(quote_command_line(argv, &line, NULL), POSTERN_OK);
        check_split(line, argv);
        free(line);
    }
}

static void refuses_what_has_no_line(void **state)
{
    static const char *const none[] = {NULL};
    static const char *const quoted[] = {"a\"b", NULL};
    struct postern_error error = {0};
    char *line = NULL;

    (void)state;
    assert_int_equal(quote_command_line(none, &line, &error), POSTERN_E_INVALID);
    assert_non_null(strstr(error.message, "empty"));
    assert_int_equal(quote_command_line(quoted, &line, &error), POSTERN_E_INVALID);
    assert_non_null(strstr(error.message, "a\"b"));
    assert_int_equal(quote_command_line(quoted, &line, NULL), POSTERN_E_INVALID);
    assert_null(line);
}

/* `units` of UTF-16 and a terminator, made of `letter`s of `letter_units` each behind "x " and, quoted, in quotes. */
static int line_of(size_t units, const char *letter, size_t letter_units, struct postern_error *error)
{
    size_t count = (units - 2) / letter_units, size = strlen(letter);
    char *argument = malloc(count * size + 1);
    const char *argv[] = {"x", argument, NULL};
    char *line = NULL;
    int status;

    assert_non_null(argument);
    assert_int_equal((units - 2) % letter_units, 0);
    for (size_t i = 0; i < count; i++) {
        memcpy(argument + i * size, letter, size);
    }
    argument[count * size] = '\0';
    status = quote_command_line(argv, &line, error);
    assert_int_equal(line != NULL, status == POSTERN_OK);
    free(line);
    free(argument);
    return status;
}

/* The limit counts what Windows counts: UTF-16 units, the terminator included. */
static void limit_is_exact(void **state)
{
    struct postern_error error = {0};

    (void)state;
    assert_int_equal(line_of(QUOTE_LIMIT - 1, "a", 1, NULL), POSTERN_OK);
    assert_int_equal(line_of(QUOTE_LIMIT, "a", 1, &error), POSTERN_E_LIMIT);
    assert_non_null(strstr(error.message, "32767 characters"));
    assert_non_null(strstr(error.message, "32766"));
    assert_non_null(strstr(error.remedy, "stdin"));
    assert_int_equal(line_of(QUOTE_LIMIT - 1, "\xe2\x82\xac", 1, NULL), POSTERN_OK); /* three bytes, one unit */
    assert_int_equal(line_of(QUOTE_LIMIT, "\xe2\x82\xac", 1, NULL), POSTERN_E_LIMIT);
    assert_int_equal(line_of(QUOTE_LIMIT - 1, "\xf0\x9f\x90\x8c", 2, NULL), POSTERN_OK); /* four bytes, two units */
    assert_int_equal(line_of(QUOTE_LIMIT + 1, "\xf0\x9f\x90\x8c", 2, NULL), POSTERN_E_LIMIT);
    assert_int_equal(line_of(204800, "a", 1, NULL), POSTERN_E_LIMIT);
    /* The quoting counts too: each quote becomes two characters, and two are around them. */
    assert_int_equal(line_of((QUOTE_LIMIT - 3) / 2, "\"", 1, NULL), POSTERN_OK);
    assert_int_equal(line_of((QUOTE_LIMIT - 3) / 2 + 1, "\"", 1, NULL), POSTERN_OK);
    assert_int_equal(line_of((QUOTE_LIMIT - 3) / 2 + 2, "\"", 1, NULL), POSTERN_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_and_splits_back), cmocka_unit_test(cmd_c_is_left_alone),
        cmocka_unit_test(splits_by_the_rules),    cmocka_unit_test(split_appends),
        cmocka_unit_test(any_list_comes_back),    cmocka_unit_test(refuses_what_has_no_line),
        cmocka_unit_test(limit_is_exact),
    };

    return cmocka_run_group_tests_name("quote", tests, NULL, NULL);
}
