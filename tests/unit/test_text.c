/*
 * shared/text.c: UTF-8, numbers, durations, sizes, base64 and escaping.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

/* ---- UTF-8 ---- */

static const struct {
    const char *bytes;
    bool valid;
} utf8[] = {
    {"", true},
    {"plain", true},
    {"\x7f", true},
    {"\xc2\x80", true}, /* the smallest of each length ... */
    {"\xe0\xa0\x80", true},
    {"\xf0\x90\x80\x80", true},
    {"\xdf\xbf", true}, /* ... and the largest */
    {"\xef\xbf\xbf", true},
    {"\xf4\x8f\xbf\xbf", true},
    {"\xed\x9f\xbf", true}, /* around the surrogates */
    {"\xee\x80\x80", true},
    {"a\xe2\x82\xac\xf0\x9f\x90\x8c z", true},
    {"\x80", false}, /* continuation without a beginning */
    {"\xbf", false},
    {"\xc0\x80", false}, /* overlong */
    {"\xc1\xbf", false},
    {"\xe0\x80\x80", false},
    {"\xe0\x9f\xbf", false},
    {"\xf0\x80\x80\x80", false},
    {"\xf0\x8f\xbf\xbf", false},
    {"\xed\xa0\x80", false}, /* surrogates */
    {"\xed\xbf\xbf", false},
    {"\xf4\x90\x80\x80", false}, /* above U+10FFFF */
    {"\xf5\x80\x80\x80", false},
    {"\xf8\x88\x80\x80\x80", false},
    {"\xfe", false},
    {"\xff", false},
    {"\xc2", false}, /* cut short */
    {"\xe2\x82", false},
    {"\xf0\x9f\x90", false},
    {"\xc2 ", false}, /* continuation missing */
    {"\xe2\x28\xa1", false},
    {"\xe2\x82\x28", false},
    {"\xf0\x28\x8c\xbc", false},
    {"\xf0\x90\x28\xbc", false},
    {"\xf0\x90\x8c\x28", false},
    {"ok\xff", false},
};

static void utf8_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(utf8) / sizeof(utf8[0]); i++) {
        if (text_is_utf8(utf8[i].bytes, strlen(utf8[i].bytes)) != utf8[i].valid) {
            fail_msg("row %u", (unsigned)i);
        }
    }
    assert_true(text_is_utf8("a\0b", 3));
    assert_true(text_is_utf8(NULL, 0));
}

/* All numbers, encoded here by the plain formula: exactly the scalar values are accepted. */
static void utf8_every_code_point(void **state)
{
    (void)state;
    for (uint32_t code = 0x80; code <= 0x1fffff; code += code < 0x11000 ? 1 : 251) {
        unsigned char bytes[4];
        size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
        bool valid = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);

        for (size_t i = 0; i < size; i++) {
            bytes[i] = (unsigned char)(0x80 | ((code >> (6 * (size - 1 - i))) & 0x3f));
        }
        bytes[0] = (unsigned char)(first[size] | (code >> (6 * (size - 1))));
        if (text_is_utf8(bytes, size) != valid) {
            fail_msg("U+%04X", (unsigned)code);
        }
    }
}

static void utf8_boundary(void **state)
{
    static const struct {
        const char *bytes;
        size_t boundary;
    } row[] = {
        {"", 0},
        {"abc", 3},
        {"a\xe2\x82\xac", 4},
        {"a\xe2\x82", 1},
        {"a\xe2", 1},
        {"\xf0\x9f\x90\x8c", 4},
        {"\xf0\x9f\x90", 0},
        {"\xf0\x9f", 0},
        {"\xf0", 0},
        {"ab\xc3", 2},
        {"ab\xff", 3}, /* not UTF-8: not held back */
        {"\x80\x80\x80\x80", 4},
        {"\xe0\x80", 2}, /* can become nothing any more */
        {"\xed\xa0", 2},
        {"\xf4\x90\x80", 3},
        {"\xc3\xc3", 1},
        {"\xf0\x9f\xc3", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        assert_int_equal(text_utf8_boundary(row[i].bytes, strlen(row[i].bytes)), row[i].boundary);
    }
}

static void copy_cuts_at_a_character(void **state)
{
    char out[8];

    (void)state;
    assert_true(text_copy(out, sizeof(out), "1234567"));
    assert_string_equal(out, "1234567");
    assert_false(text_copy(out, sizeof(out), "12345678"));
    assert_string_equal(out, "1234567");
    assert_false(text_copy(out, sizeof(out), "12345\xe2\x82\xac"));
    assert_string_equal(out, "12345");
    assert_true(text_copy(out, sizeof(out), "1234\xe2\x82\xac"));
    assert_string_equal(out, "1234\xe2\x82\xac");
    assert_false(text_copy(out, 1, "x"));
    assert_string_equal(out, "");
    assert_true(text_copy(out, 1, ""));
    out[0] = 'k';
    assert_false(text_copy(out, 0, ""));
    assert_int_equal(out[0], 'k');
}

static void allocates(void **state)
{
    char *text = text_duplicate("copy");

    (void)state;
    assert_string_equal(text, "copy");
    free(text);
    text = text_format("%s-%05d-%zu", "x", 42, (size_t)7);
    assert_string_equal(text, "x-00042-7");
    free(text);
    text = text_format("%s", "");
    assert_string_equal(text, "");
    free(text);
}

/* ---- numbers ---- */

#define BAD UINT64_C(0xbadbadbadbadbadb) /* a row that must be refused, and leave the value alone */

struct number_row {
    const char *text;
    uint64_t value;
};

static void check_numbers(bool (*parse)(const char *, uint64_t *), const struct number_row *row, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = BAD;

        if (parse(row[i].text, &value) != (row[i].value != BAD) || value != row[i].value) {
            fail_msg("\"%s\" gave %llu", row[i].text, (unsigned long long)value);
        }
    }
}

static void parses_u64(void **state)
{
    static const struct number_row row[] = {
        {"0", 0},
        {"00012", 12},
        {"4294967296", 4294967296u},
        {"18446744073709551615", UINT64_MAX},
        {"18446744073709551616", BAD},
        {"18446744073709551620", BAD},
        {"99999999999999999999", BAD},
        {"184467440737095516150", BAD},
        {"", BAD},
        {" 1", BAD},
        {"1 ", BAD},
        {"+1", BAD},
        {"-1", BAD},
        {"0x10", BAD},
        {"1.0", BAD},
        {"1e3", BAD},
        {"\xd9\xa1", BAD}, /* an Arabic-Indic digit */
    };

    (void)state;
    check_numbers(text_parse_u64, row, sizeof(row) / sizeof(row[0]));
}

static void parses_durations(void **state)
{
    static const struct number_row row[] = {
        {"0", 0},
        {"0s", 0},
        {"0.0", 0},
        {"0.000000000000s", 0},
        {"1", 1000},
        {"30s", 30000},
        {"1500ms", 1500},
        {"5m", 300000},
        {"2h", 7200000},
        {"1d", 86400000},
        {"0.5s", 500},
        {".5", 500},
        {"5.", 5000},
        {"1.25m", 75000},
        {"0.1d", 8640000},
        {"0.3s", 300}, /* exact: nothing is computed in binary fractions */
        {"0.001s", 1},
        {"0.0001s", 1}, /* rounded up: only 0 is no timeout */
        {"0.00000000000000000001s", 1},
        {"0.1ms", 1},
        {"1.0001s", 1001},
        {"1.0000000000001s", 1001},
        {"0.99999999999d", 86400000},
        {"4294967295ms", 4294967295u},
        {"4294967296ms", 4294967296u},
        {"4294968s", 4294968000u},
        {"50d", 4320000000u},
        {"36500d", 3153600000000u},
        {"18446744073709551615ms", UINT64_MAX},
        {"18446744073709551615.5ms", BAD},
        {"18446744073709551616ms", BAD},
        {"18446744073709551s", 18446744073709551000u},
        {"18446744073709551.615s", UINT64_MAX},
        {"18446744073709551.6151s", BAD},
        {"18446744073709552s", BAD},
        {"18446744073709551615s", BAD},
        {"213503982334d", 18446744073657600000u},
        {"213503982335d", BAD},
        {"", BAD},
        {".", BAD},
        {"s", BAD},
        {".s", BAD},
        {"-1", BAD},
        {"+1", BAD},
        {" 1", BAD},
        {"1 s", BAD},
        {"1s ", BAD},
        {"1S", BAD},
        {"1.2.3", BAD},
        {"1,5s", BAD},
        {"1e3", BAD},
        {"0x1", BAD},
        {"inf", BAD},
        {"nan", BAD},
        {"1sec", BAD},
        {"1m30s", BAD},
        {"1msx", BAD},
    };

    (void)state;
    check_numbers(text_parse_duration, row, sizeof(row) / sizeof(row[0]));
}

static void parses_sizes(void **state)
{
    static const struct number_row row[] = {
        {"0", 0},
        {"1", 1},
        {"1K", 1024},
        {"3M", 3145728},
        {"16G", 17179869184u},
        {"17179869183G", 17179869183u * (UINT64_C(1) << 30)},
        {"17179869184G", BAD},
        {"18014398509481983K", UINT64_MAX - 1023},
        {"18014398509481984K", BAD},
        {"18446744073709551615", UINT64_MAX},
        {"18446744073709551616", BAD},
        {"", BAD},
        {"K", BAD},
        {"1k", BAD},
        {"1KB", BAD},
        {"1KK", BAD},
        {"1T", BAD},
        {"1.5M", BAD},
        {"-1", BAD},
        {" 1", BAD},
    };

    (void)state;
    check_numbers(text_parse_size, row, sizeof(row) / sizeof(row[0]));
}

/* ---- base64 and escaping ---- */

/* RFC 4648, section 10, and bytes that use the last two letters of the alphabet. */
static void base64(void **state)
{
    static const struct {
        const char *data;
        size_t size;
        const char *text;
    } row[] = {
        {"", 0, ""},
        {NULL, 0, ""},
        {"f", 1, "Zg=="},
        {"fo", 2, "Zm8="},
        {"foo", 3, "Zm9v"},
        {"foob", 4, "Zm9vYg=="},
        {"fooba", 5, "Zm9vYmE="},
        {"foobar", 6, "Zm9vYmFy"},
        {"\0\0", 2, "AAA="},
        {"\xfb\xff\xfe", 3, "+//+"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char *text = text_base64(row[i].data, row[i].size);

        assert_non_null(text);
        assert_string_equal(text, row[i].text);
        free(text);
    }
}

static void escapes(void **state)
{
    static const struct {
        const char *data;
        size_t size;
        const char *text;
    } row[] = {
        {"plain text", 10, "plain text"},
        {"C:\\dir", 6, "C:\\dir"},
        {"\xe2\x82\xac\xf0\x9f\x90\x8c", 7, "\xe2\x82\xac\xf0\x9f\x90\x8c"},
        {"a\nb\r\t", 5, "a\\x0ab\\x0d\\x09"},
        {"\0", 1, "\\x00"},
        {"\x1b[31m\x7f", 6, "\\x1b[31m\\x7f"},
        {"\xc2\x9b"
         "31m",
         5, "\\xc2\\x9b31m"}, /* the control sequence introducer as one character */
        {"\xc2\x80\xc2\x9f\xc2\xa0", 6, "\\xc2\\x80\\xc2\\x9f\xc2\xa0"},
        {"a\xe2\x80\xae\xd8\x9c", 6, "a\\xe2\\x80\\xae\\xd8\\x9c"}, /* right to left */
        {"\xe2\x81\xa6\xe2\x80\x8f", 6, "\\xe2\\x81\\xa6\\xe2\\x80\\x8f"},
        {"\xe2\x80\xa8\xe2\x80\x94\xd8\xa7", 8, "\\xe2\\x80\\xa8\xe2\x80\x94\xd8\xa7"}, /* a line; a dash, a letter */
        {"\xff\x80", 2, "\\xff\\x80"},
        {"\xed\xa0\x80", 3, "\\xed\\xa0\\x80"},
        {"x\xe2\x82", 3, "x\\xe2\\x82"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        char out[64] = ">";

        text_escape(out, sizeof(out), row[i].data, row[i].size);
        assert_int_equal(out[0], '>');
        assert_string_equal(out + 1, row[i].text);
    }
}

/* For every size of `out`: terminated, nothing beyond, no half character and no half escape. */
static void escape_is_bounded(void **state)
{
    static const char data[] = "a\xe2\x82\xac\x01\xf0\x9f\x90\x8c\xff\n";
    static const char whole[] = "a\xe2\x82\xac\\x01\xf0\x9f\x90\x8c\\xff\\x0a";
    static const size_t ends[] = {0, 1, 4, 8, 12, 16, 20};

    (void)state;
    for (size_t size = 1; size <= sizeof(whole) + 1; size++) {
        char out[sizeof(whole) + 2];
        size_t length = 0;

        memset(out, '#', sizeof(out));
        out[0] = '\0';
        text_escape(out, size, data, sizeof(data) - 1);
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
            length = ends[i] < size ? ends[i] : length;
        }
        assert_int_equal(strlen(out), length);
        assert_memory_equal(out, whole, length);
        assert_int_equal(out[size], '#');
    }
    text_escape(NULL, 0, data, sizeof(data) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_table),
        cmocka_unit_test(utf8_every_code_point),
        cmocka_unit_test(utf8_boundary),
        cmocka_unit_test(copy_cuts_at_a_character),
        cmocka_unit_test(allocates),
        cmocka_unit_test(parses_u64),
        cmocka_unit_test(parses_durations),
        cmocka_unit_test(parses_sizes),
        cmocka_unit_test(base64),
        cmocka_unit_test(escapes),
        cmocka_unit_test(escape_is_bounded),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
