/*
 * postern_run(): one command in one call; and examples/embed.c, which shows the rest.
 */
#include "tests/support/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/pattern.h"

static struct postern_run_result result;

static int run_with(const struct postern_command *base, const void *input, size_t input_size, size_t max_output,
                    const char *what, const char *argument, const char *other)
{
    struct postern_sandbox_options options = test_options(test_level());
    struct postern_command command = POSTERN_COMMAND_INIT;
    const char *const argv[] = {test_program_path("stream"), what, argument, other, NULL};
    if (base)
        command = *base;
    command.argv = argv;
    memset(&test_error, 0, sizeof(test_error));
    return postern_run(&options, &command, input, input_size, max_output, &result, &test_error);
}

static int clean_up(void **state)
{
    (void)state;
    postern_run_result_free(&result);
    return 0;
}

static void output_and_status_come_back(void **state)
{
    static struct pattern out, err;
    (void)state;
    MUST(run_with(NULL, NULL, 0, 0, "both", "100000", "50000"));
    pattern_init(&out, 1, false);
    pattern_init(&err, 2, false);
    assert_int_equal(result.out.size, 100000);
    assert_int_equal(result.out.head, 100000);
    assert_int_equal(result.out.omitted, 0);
    assert_true(pattern_matches(&out, result.out.data, result.out.size));
    assert_int_equal(result.out.data[result.out.size], 0);
    assert_int_equal(result.err.size, 50000);
    assert_true(pattern_matches(&err, result.err.data, result.err.size));
    assert_int_equal(result.result.reason, POSTERN_REASON_EXITED);
    assert_int_equal(result.result.exit_code, 0);
    assert_int_equal(result.level, test_level());
    assert_true(result.result.wall_us > 0);
    postern_run_result_free(&result);
    MUST(run_with(NULL, NULL, 0, 0, "exit", "42", NULL));
    assert_int_equal(result.result.exit_code, 42);
    assert_int_equal(result.out.size, 0);
    assert_non_null(result.out.data);
}

static void input_goes_in(void **state)
{
    static struct pattern pattern;
    static unsigned char input[4 * PATTERN_BLOCK];
    char expected[64];
    (void)state;
    pattern_init(&pattern, 7, false);
    for (size_t i = 0; i < 4; i++)
        memcpy(input + i * PATTERN_BLOCK, pattern_peek(&pattern), PATTERN_BLOCK);
    MUST(run_with(NULL, input, sizeof(input), 0, "check", "7", NULL));
    snprintf(expected, sizeof(expected), "%lu ok\n", (unsigned long)sizeof(input));
    assert_string_equal((char *)result.out.data, expected);
    postern_run_result_free(&result);
    /* the control: other bytes are other bytes */
    input[sizeof(input) - 1] ^= 1;
    MUST(run_with(NULL, input, sizeof(input), 0, "check", "7", NULL));
    snprintf(expected, sizeof(expected), "%lu differs\n", (unsigned long)sizeof(input) - 1);
    assert_string_equal((char *)result.out.data, expected);
}

static void no_input_and_empty_input_end_at_once(void **state)
{
    (void)state;
    MUST(run_with(NULL, NULL, 0, 0, "check", "7", NULL));
    assert_string_equal((char *)result.out.data, "0 ok\n");
    postern_run_result_free(&result);
    MUST(run_with(NULL, "", 0, 0, "check", "7", NULL));
    assert_string_equal((char *)result.out.data, "0 ok\n");
}

static void input_may_be_left_unread(void **state)
{
    static char input[1024 * 1024];
    (void)state;
    MUST(run_with(NULL, input, sizeof(input), 0, "exit", "3", NULL));
    assert_int_equal(result.result.exit_code, 3);
}

static void long_output_keeps_its_ends(void **state)
{
    static struct pattern pattern;
    enum { TOTAL = 3000000, KEPT = 10000 };
    (void)state;
    MUST(run_with(NULL, NULL, 0, KEPT, "write", "3000000", "5"));
    assert_int_equal(result.out.size, KEPT);
    assert_int_equal(result.out.head, KEPT / 2);
    assert_int_equal(result.out.omitted, TOTAL - KEPT);
    assert_int_equal(result.out.data[result.out.size], 0);
    pattern_init(&pattern, 5, false);
    assert_true(pattern_matches(&pattern, result.out.data, result.out.head));
    pattern.at = TOTAL - (KEPT - result.out.head);
    assert_true(pattern_matches(&pattern, result.out.data + result.out.head, result.out.size - result.out.head));
    postern_run_result_free(&result);
    /* the control: what just fits is whole */
    MUST(run_with(NULL, NULL, 0, KEPT, "write", "10000", "5"));
    assert_int_equal(result.out.size, KEPT);
    assert_int_equal(result.out.head, KEPT);
    assert_int_equal(result.out.omitted, 0);
    pattern.at = 0;
    assert_true(pattern_matches(&pattern, result.out.data, result.out.size));
}

static void a_command_that_cannot_start_is_an_error(void **state)
{
    struct postern_sandbox_options options = test_options(test_level());
    struct postern_command command = POSTERN_COMMAND_INIT;
    (void)state;
    command.argv = (const char *const[]){"no-such-program-of-that-name", NULL};
    MUST_FAIL(postern_run(&options, &command, NULL, 0, 0, &result, &test_error), POSTERN_E_NOT_FOUND, NULL,
              "no-such-program-of-that-name");
    assert_null(result.out.data);
    command.size = 1;
    MUST_FAIL(postern_run(&options, &command, NULL, 0, 0, &result, &test_error), POSTERN_E_INVALID, NULL,
              "POSTERN_COMMAND_INIT");
    MUST_FAIL(postern_run(&options, NULL, NULL, 0, 0, &result, &test_error), POSTERN_E_INVALID, NULL,
              "POSTERN_COMMAND_INIT");
    options.libexec = test_data_dir();
    MUST_FAIL(postern_run(&options, &command, NULL, 0, 0, &result, &test_error), POSTERN_E_RUNNER_MISSING, NULL,
              "postern-runner");
}

static void a_timeout_is_a_result(void **state)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    uint64_t start = test_now_ms();
    (void)state;
    command.timeout = host_slowness() ? 3000 : 500;
    command.grace = 100;
    MUST(run_with(&command, NULL, 0, 0, "stubborn", NULL, NULL));
    assert_in_range(test_now_ms() - start, 400, 12000);
    assert_true(result.result.timed_out);
    assert_int_equal(result.result.reason, POSTERN_REASON_TIMEOUT);
    assert_string_equal((char *)result.out.data, "ready\n"); /* what came before is kept */
    postern_run_result_free(&result);
    command.timeout = 60000;
    MUST(run_with(&command, NULL, 0, 0, "exit", "0", NULL));
    assert_false(result.result.timed_out);
}

static void a_terminal_has_one_output(void **state)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    (void)state;
    command.tty = true;
    MUST(run_with(&command, NULL, 0, 0, "tty", NULL, NULL));
    assert_non_null(strstr((char *)result.out.data, "111"));
    assert_int_equal(result.err.size, 0);
}

/* ---- the example ---- */

static void the_example_works(void **state)
{
    struct postern_sandbox_options options = test_options(POSTERN_LEVEL_NONE);
    struct postern_command command = POSTERN_COMMAND_INIT;
    char program[1024], libexec[1100];
    const char *const env[] = {libexec, NULL};
    (void)state;
    snprintf(program, sizeof(program), "%s", test_bin_path("examples/embed"));
    snprintf(libexec, sizeof(libexec), "POSTERN_LIBEXEC=%s", test_bin_dir());
    command.argv = (const char *const[]){program, postern_level_name(test_level()), NULL};
    command.env = env;
    command.cwd = test_program_dir();
    command.timeout = TEST_WAIT_MS;
    MUST(postern_run(&options, &command, NULL, 0, 0, &result, &test_error));
    print_message("# %s%s", (char *)result.out.data, (char *)result.err.data);
    assert_int_equal(result.result.exit_code, 0);
    assert_non_null(strstr((char *)result.out.data, "hello from the sandbox"));
    postern_run_result_free(&result);
    /* and says what is wrong when something is */
    command.argv = (const char *const[]){program, "strong", NULL};
    MUST(postern_run(&options, &command, NULL, 0, 0, &result, &test_error));
    assert_int_not_equal(result.result.exit_code, 0);
    assert_true(result.err.size > 0);
}

#define TEST(function) cmocka_unit_test_teardown(function, clean_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(output_and_status_come_back),
        TEST(input_goes_in),
        TEST(no_input_and_empty_input_end_at_once),
        TEST(input_may_be_left_unread),
        TEST(long_output_keeps_its_ends),
        TEST(a_command_that_cannot_start_is_an_error),
        TEST(a_timeout_is_a_result),
        TEST(a_terminal_has_one_output),
        TEST(the_example_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
