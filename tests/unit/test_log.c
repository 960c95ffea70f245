/*
 * shared/log.c: the lines of the log file. What the file itself must be like is in test_log_linux.c.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/crypto.h"
#include "shared/log.h"
#include "shared/system.h"
#include "shared/text.h"

/* A name of its own in the current directory, which for a test is the build directory. */
static int make_name(void **state)
{
    char random[33];
    char *name = crypto_random_name(random) ? text_format("test_log.%s.tmp", random) : NULL;

    *state = name;
    return name != NULL ? 0 : -1;
}

static int remove_file(void **state)
{
    remove(*state);
    free(*state);
    return 0;
}

static size_t read_file(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "rb");
    size_t got;

    assert_non_null(file);
    got = fread(text, 1, size - 1, file);
    fclose(file);
    text[got] = '\0';
    return got;
}

static struct log *open_log(const char *path, const char *who)
{
    struct log *log = NULL;
    struct postern_error error = {0};

    if (log_open(path, who, &log, &error) != POSTERN_OK) {
        fail_msg("%s", error.message);
    }
    return log;
}

static void times_are_formatted(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } row[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {1767323045678, "2026-01-02T03:04:05.678Z"},
        {951782399999, "2000-02-28T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {951868800000, "2000-03-01T00:00:00.000Z"},
        {1709164800000, "2024-02-29T00:00:00.000Z"},
        {1735689599999, "2024-12-31T23:59:59.999Z"},
        {2147483648000, "2038-01-19T03:14:08.000Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"}, /* no leap year */
        {-2203891200001, "1900-02-28T23:59:59.999Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
    };
    char text[40];

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        log_format_time(row[i].ms, text, sizeof(text));
        assert_string_equal(text, row[i].text);
    }
}

/* "2026-01-02T03:04:05.678Z who[pid]: " in front of every line. */
static const char *check_prefix(const char *line, const char *who)
{
    char expected[64];
    const char *pattern = "0000-00-00T00:00:00.000Z ";

    for (size_t i = 0; pattern[i] != '\0'; i++, line++) {
        if (pattern[i] == '0') {
            assert_in_range(*line, '0', '9');
        } else {
            assert_int_equal(*line, pattern[i]);
        }
    }
    snprintf(expected, sizeof(expected), "%s[%lu]: ", who, (unsigned long)system_process_id());
    assert_memory_equal(line, expected, strlen(expected));
    return line + strlen(expected);
}

static void lines_are_appended(void **state)
{
    struct log *first = open_log(*state, "one"), *second = open_log(*state, "two");
    char text[512];
    const char *rest;

    log_line(first, "started %d", 1);
    log_line(second, "started %s", "2");
    log_close(first);
    first = open_log(*state, "one");
    log_line(first, "%s", "again");
    log_close(first);
    log_close(second);

    read_file(*state, text, sizeof(text));
    rest = check_prefix(text, "one");
    assert_memory_equal(rest, "started 1\n", 10);
    rest = check_prefix(rest + 10, "two");
    assert_memory_equal(rest, "started 2\n", 10);
    rest = check_prefix(rest + 10, "one");
    assert_string_equal(rest, "again\n");
}

/* Whoever chooses a name that is logged must not be able to write lines of the log. */
static void control_characters_are_escaped(void **state)
{
    struct log *log = open_log(*state, "w");
    char text[512];

    log_line(log, "ran %s", "x\n2026-01-02T03:04:05.678Z fake[1]: hi\x1b[2J\xff");
    log_close(log);
    read_file(*state, text, sizeof(text));
    assert_string_equal(check_prefix(text, "w"), "ran x\\x0a2026-01-02T03:04:05.678Z fake[1]: hi\\x1b[2J\\xff\n");
}

static void long_lines_are_cut(void **state)
{
    struct log *log = open_log(*state, "w");
    char *item = malloc(100001);
    char text[8192];
    size_t size;

    assert_non_null(item);
    memset(item, '\n', 100000); /* each becomes four */
    item[100000] = '\0';
    log_line(log, "%s", item);
    memset(item, 'i', 100000);
    log_line(log, "%s", item);
    log_close(log);
    free(item);
    size = read_file(*state, text, sizeof(text));
    assert_in_range(size, 2 * 1500, 2 * 2048);
    assert_int_equal(text[size - 1], '\n');
    assert_ptr_equal(strchr(strchr(text, '\n') + 1, '\n'), text + size - 1);
}

static void no_log_swallows(void **state)
{
    (void)state;
    log_line(NULL, "%s", "nobody hears this");
    log_close(NULL);
}

static void open_fails_with_the_name(void **state)
{
    struct postern_error error = {0};
    struct log *log = NULL;

    (void)state;
    assert_int_equal(log_open("no-such-directory/log", "w", &log, &error), POSTERN_E_OS);
    assert_null(log);
    assert_non_null(strstr(error.message, "no-such-directory/log"));
    assert_true(error.os_error != 0);
    assert_string_equal(error.stage, "log");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_formatted),
        cmocka_unit_test_setup_teardown(lines_are_appended, make_name, remove_file),
        cmocka_unit_test_setup_teardown(control_characters_are_escaped, make_name, remove_file),
        cmocka_unit_test_setup_teardown(long_lines_are_cut, make_name, remove_file),
        cmocka_unit_test(no_log_swallows),
        cmocka_unit_test(open_fails_with_the_name),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
