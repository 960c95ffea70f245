/*
 * Where members stand in JSON text (shared/json_locate.c).
 */
#include "tests/support/test.h"

#include <string.h>

#include "shared/json_locate.h"

#define KEY(name)                                                                                                      \
    {                                                                                                                  \
        .key = (name)                                                                                                  \
    }
#define AT(number)                                                                                                     \
    {                                                                                                                  \
        .index = (number)                                                                                              \
    }

static void check(const char *text, const struct json_step *step, size_t count, enum json_part part, int line,
                  int column)
{
    int got_line = -1, got_column = -1;
    bool found = json_locate(text, strlen(text), step, count, part, &got_line, &got_column);

    if (found != (line > 0) || (found && (got_line != line || got_column != column)))
        fail_msg("%s: %d:%d, wanted %d:%d", text, got_line, got_column, line, column);
}

static void finds_names_and_values(void **state)
{
    static const char text[] = "{\n"
                               "  \"a\": 1, \"list\": [ 10,\n"
                               "    \"two\", {\"x\": [], \"b\": null}, [[3]]],\n"
                               "\t\"b\" :\r\n true\n"
                               "}\n";
    static const struct json_step a[] = {KEY("a")}, b[] = {KEY("b")}, list[] = {KEY("list")};
    static const struct json_step first[] = {KEY("list"), AT(0)}, two[] = {KEY("list"), AT(1)};
    static const struct json_step inner[] = {KEY("list"), AT(2), KEY("b")};
    static const struct json_step deep[] = {KEY("list"), AT(3), AT(0), AT(0)};

    (void)state;
    check(text, NULL, 0, JSON_PART_VALUE, 1, 1);
    check(text, a, 1, JSON_PART_NAME, 2, 3);
    check(text, a, 1, JSON_PART_VALUE, 2, 8);
    check(text, list, 1, JSON_PART_VALUE, 2, 19);
    check(text, first, 2, JSON_PART_VALUE, 2, 21);
    check(text, first, 2, JSON_PART_NAME, 2, 21);
    check(text, two, 2, JSON_PART_VALUE, 3, 5);
    check(text, inner, 3, JSON_PART_NAME, 3, 22);
    check(text, inner, 3, JSON_PART_VALUE, 3, 27);
    check(text, deep, 4, JSON_PART_VALUE, 3, 36);
    check(text, b, 1, JSON_PART_NAME, 4, 2);
    check(text, b, 1, JSON_PART_VALUE, 5, 2);
}

static void is_not_misled_by_strings(void **state)
{
    static const char text[] = "{\"s\": \"{\\\"k\\\": [,}\\\\\", \"k\\\"\": \"]\", \"\\u006b\": 7}";
    static const struct json_step k[] = {KEY("k")}, quote[] = {KEY("k\"")}, empty[] = {KEY("")};

    (void)state;
    check(text, k, 1, JSON_PART_NAME, 1, 36);
    check(text, k, 1, JSON_PART_VALUE, 1, 46);
    check(text, quote, 1, JSON_PART_VALUE, 1, 31);
    check(text, empty, 1, JSON_PART_NAME, 0, 0);
    check("{\"\": 1}", empty, 1, JSON_PART_NAME, 1, 2);
    /* columns are characters */
    check("{\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\": 1, \"k\": 2}", k, 1, JSON_PART_NAME, 1, 12);
}

static void says_when_there_is_none(void **state)
{
    static const struct json_step k[] = {KEY("k")}, at[] = {AT(2)}, within[] = {KEY("k"), KEY("l")};

    (void)state;
    check("", NULL, 0, JSON_PART_VALUE, 0, 0);
    check(" \n", NULL, 0, JSON_PART_VALUE, 0, 0);
    check("{}", k, 1, JSON_PART_NAME, 0, 0);
    check("[\"k\"]", k, 1, JSON_PART_NAME, 0, 0);
    check("{\"l\": {\"k\": 1}}", k, 1, JSON_PART_NAME, 0, 0);
    check("[1, [2, 3, 4]]", at, 1, JSON_PART_VALUE, 0, 0);
    check("{\"a\": 1}", at, 1, JSON_PART_VALUE, 0, 0);
    check("{\"k\": \"l\"}", within, 2, JSON_PART_VALUE, 0, 0);
}

/* Texts that jansson refuses are never asked about; they must do no harm. */
static void stays_within_broken_text(void **state)
{
    static const char text[] = "{\"a\": [1, \"\\u00e4\\\"\", {\"k\": -1.5e+3}], \"k\": [true, null, {}]}";
    static const struct json_step step[] = {KEY("a"), AT(2), KEY("k")}, k[] = {KEY("k"), AT(2)};
    int line, column;

    (void)state;
    for (size_t size = 0; size < sizeof(text); size++) {
        char *copy = test_malloc(size + 1); /* guarded by cmocka, and the sanitizer */

        memcpy(copy, text, size);
        json_locate(copy, size, step, 3, JSON_PART_VALUE, &line, &column);
        json_locate(copy, size, k, 2, JSON_PART_NAME, &line, &column);
        test_free(copy);
    }
    check("{\"a\" 1, \"k\": 2}", k, 1, JSON_PART_NAME, 0, 0);
    check("{\"k\"", k, 1, JSON_PART_NAME, 0, 0);
    check("{\"\\", k, 1, JSON_PART_NAME, 0, 0);
    check("{,}", k, 1, JSON_PART_NAME, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_names_and_values),
        cmocka_unit_test(is_not_misled_by_strings),
        cmocka_unit_test(says_when_there_is_none),
        cmocka_unit_test(stays_within_broken_text),
    };

    return cmocka_run_group_tests_name("json_locate", tests, NULL, NULL);
}
