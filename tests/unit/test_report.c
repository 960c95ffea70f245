/*
 * What the command line says about a run: exit statuses and the JSON object.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "tests/support/test.h"

static struct postern_output output(const char *data, size_t size)
{
    struct postern_output out = {.data = malloc(size + 1), .size = size, .head = size};

    assert_non_null(out.data);
    memcpy(out.data, data, size);
    out.data[size] = '\0';
    return out;
}

/* The object that is printed for a run, parsed again. */
static json_t *printed(struct postern_run_result *run)
{
    char *text;
    json_t *object;

    if (run->out.data == NULL) {
        run->out = output("", 0);
    }
    if (run->err.data == NULL) {
        run->err = output("", 0);
    }
    text = report_result_json(run, NULL, NULL);
    assert_non_null(text);
    assert_null(strchr(text, '\n'));
    object = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    assert_non_null(object);
    free(text);
    free(run->out.data);
    free(run->err.data);
    return object;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static json_int_t number_of(const json_t *object, const char *key)
{
    assert_true(json_is_integer(json_object_get(object, key)));
    return json_integer_value(json_object_get(object, key));
}

static void statuses_follow_timeout_and_env(void **state)
{
    static const struct {
        struct postern_result result;
        int status;
    } cases[] = {
        {{.reason = POSTERN_REASON_EXITED, .exit_code = 0}, 0},
        {{.reason = POSTERN_REASON_EXITED, .exit_code = 17}, 17},
        {{.reason = POSTERN_REASON_EXITED, .signal = 9}, 137},
        {{.reason = POSTERN_REASON_TERMINATED, .signal = 15}, 143},
        {{.reason = POSTERN_REASON_TERMINATED, .exit_code = 3}, 3},
        {{.reason = POSTERN_REASON_TIMEOUT, .signal = 9, .timed_out = true}, 124},
        {{.reason = POSTERN_REASON_RUNNER_DIED}, 125},
        {{.reason = POSTERN_REASON_RUNNER_SHUTDOWN}, 125},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(report_status(&cases[i].result), cases[i].status);
    }
    assert_int_equal(report_error_status(POSTERN_E_NOT_FOUND), 127);
    assert_int_equal(report_error_status(POSTERN_E_NOT_EXECUTABLE), 126);
    assert_int_equal(report_error_status(POSTERN_E_CWD), 125);
    assert_int_equal(report_error_status(POSTERN_E_RUNNER_DIED), 125);
}

static void a_plain_run_has_every_member(void **state)
{
    struct postern_run_result run = {
        .level = POSTERN_LEVEL_RESTRICTED,
        .result = {
            .exit_code = 3, .wall_us = UINT64_C(5000000000), .user_us = 10, .system_us = 20, .peak_memory = 4096}};
    json_t *object;

    (void)state;
    run.out = output("h\xc3\xa4 \"\n\0\x1b", 8);
    object = printed(&run);
    assert_int_equal(number_of(object, "exit_code"), 3);
    assert_true(json_is_null(json_object_get(object, "signal")));
    assert_string_equal(text_of(object, "reason"), "exited");
    assert_true(json_is_false(json_object_get(object, "timed_out")));
    assert_true(json_is_false(json_object_get(object, "output_cut")));
    assert_true(number_of(object, "wall_us") == 5000000000);
    assert_int_equal(number_of(object, "user_us"), 10);
    assert_int_equal(number_of(object, "system_us"), 20);
    assert_int_equal(number_of(object, "peak_memory_bytes"), 4096);
    assert_string_equal(text_of(object, "level"), "restricted");
    assert_int_equal(json_array_size(json_object_get(object, "made")), 0);
    assert_true(json_is_array(json_object_get(object, "made")));
    assert_int_equal(json_string_length(json_object_get(object, "stdout")), 8);
    assert_memory_equal(text_of(object, "stdout"), "h\xc3\xa4 \"\n\0\x1b", 8);
    assert_string_equal(text_of(object, "stderr"), "");
    assert_int_equal(number_of(object, "stdout_omitted"), 0);
    assert_int_equal(number_of(object, "stderr_omitted"), 0);
    assert_null(json_object_get(object, "stdout_omitted_at"));
    json_decref(object);
}

static void a_signal_has_name_and_number(void **state)
{
    struct postern_run_result run = {.result = {.signal = 9, .reason = POSTERN_REASON_TERMINATED}};
    json_t *object = printed(&run);

    (void)state;
    assert_true(json_is_null(json_object_get(object, "exit_code")));
    assert_int_equal(number_of(json_object_get(object, "signal"), "number"), 9);
    assert_memory_equal(text_of(json_object_get(object, "signal"), "name"), "SIG", 3); /* no other names on Windows */
    assert_string_equal(text_of(object, "reason"), "terminated");
    json_decref(object);
}

static void what_is_no_text_is_base64(void **state)
{
    struct postern_run_result run = {.level = POSTERN_LEVEL_NONE};
    json_t *object;

    (void)state;
    run.out = output("\xff\x00\x01", 3);
    object = printed(&run);
    assert_string_equal(text_of(json_object_get(object, "stdout"), "base64"), "/wAB");
    assert_string_equal(text_of(object, "stderr"), "");
    json_decref(object);
}

static void a_gap_is_told_and_leaves_text_text(void **state)
{
    struct postern_run_result run = {.level = POSTERN_LEVEL_NONE};
    json_t *object;

    (void)state;
    run.out = output("a\xe2\x82\xa4\xa4z", 6); /* the gap is behind the third byte, in a character on both sides */
    run.out.head = 3;
    run.out.omitted = 100;
    report_trim_output(&run.out);
    object = printed(&run);
    assert_string_equal(text_of(object, "stdout"), "az");
    assert_int_equal(number_of(object, "stdout_omitted"), 104);
    assert_int_equal(number_of(object, "stdout_omitted_at"), 1);
    json_decref(object);
}

static void without_a_gap_nothing_is_trimmed(void **state)
{
    struct postern_output out = output("a\xe2\x82", 3);

    (void)state;
    report_trim_output(&out);
    assert_int_equal(out.size, 3);
    free(out.data);
}

static void data_that_is_no_text_is_not_trimmed(void **state)
{
    struct postern_output out = output("\xff\xe2\x82\x84\x84z", 6);

    (void)state;
    out.head = 3;
    out.omitted = 1;
    report_trim_output(&out);
    assert_int_equal(out.size, 6);
    assert_int_equal(out.omitted, 1);
    free(out.data);
}

static void an_error_has_every_member(void **state)
{
    struct postern_error error = {0};
    char *text;
    json_t *object, *inner;

    (void)state;
    error_os(&error, POSTERN_E_CWD, "spawn", "chdir", 13, "the directory \"%s\"", "/x");
    strcpy(error.remedy, "bad \xff bytes");
    text = report_error_json(&error);
    assert_non_null(text);
    object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    assert_int_equal(json_object_size(object), 1);
    inner = json_object_get(object, "error");
    assert_string_equal(text_of(inner, "code"), "bad_cwd");
    assert_string_equal(text_of(inner, "stage"), "spawn");
    assert_string_equal(text_of(inner, "operation"), "chdir");
    assert_int_equal(number_of(inner, "os_error"), 13);
    assert_non_null(strstr(text_of(inner, "message"), "the directory \"/x\""));
    assert_string_equal(text_of(inner, "remedy"), "bad \\xff bytes");
    json_decref(object);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_follow_timeout_and_env),     cmocka_unit_test(a_plain_run_has_every_member),
        cmocka_unit_test(a_signal_has_name_and_number),        cmocka_unit_test(what_is_no_text_is_base64),
        cmocka_unit_test(a_gap_is_told_and_leaves_text_text),  cmocka_unit_test(without_a_gap_nothing_is_trimmed),
        cmocka_unit_test(data_that_is_no_text_is_not_trimmed), cmocka_unit_test(an_error_has_every_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
