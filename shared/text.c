/*
 * text.c - UTF-8, numbers, durations, base64, escaping. Called everywhere; both sides. text_is_utf8() and text_escape()
 * are fed bytes of the other side.
 */
#include "shared/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tomcrypt.h>

/* ---- UTF-8 ---- */

/* Length of the character at `p` (1 to 4), 0 when it is none, -1 when it is the beginning of one but `left` bytes
 * (> 0) are too few. The second byte's range rules out overlong forms, surrogates and what is above U+10FFFF
 * (Unicode 15, table 3-7). */
static int character(const unsigned char *p, size_t left)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t length;

    if (p[0] < 0x80) {
        return 1;
    }
    if (p[0] < 0xc2 || p[0] > 0xf4) {
        return 0;
    }
    length = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (p[0] == 0xe0) {
        low = 0xa0;
    } else if (p[0] == 0xed) {
        high = 0x9f;
    } else if (p[0] == 0xf0) {
        low = 0x90;
    } else if (p[0] == 0xf4) {
        high = 0x8f;
    }
    for (size_t i = 1; i < length; i++) {
        if (i == left) {
            return -1;
        }
        if (p[i] < low || p[i] > high) {
            return 0;
        }
        low = 0x80;
        high = 0xbf;
    }
    return (int)length;
}

bool text_is_utf8(const void *data, size_t size)
{
    const unsigned char *p = data;

    while (size > 0) {
        int length = character(p, size);

        if (length <= 0) {
            return false;
        }
        p += length;
        size -= (size_t)length;
    }
    return true;
}

size_t text_utf8_boundary(const void *data, size_t size)
{
    const unsigned char *p = data;

    for (size_t back = 1; back <= 3 && back <= size; back++) {
        if (character(p + size - back, back) < 0) {
            return size - back;
        }
    }
    return size;
}

bool text_copy(char *out, size_t size, const char *text)
{
    size_t length = strlen(text);
    bool whole = length < size;

    if (size == 0) {
        return false;
    }
    if (!whole) {
        length = text_utf8_boundary(text, size - 1);
    }
    memcpy(out, text, length);
    out[length] = '\0';
    return whole;
}

/* ---- allocated strings ---- */

char *text_duplicate(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

char *text_format(const char *format, ...)
{
    char *text = NULL;
    va_list list;
    int length;

    va_start(list, format);
    length = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (length >= 0) {
        text = malloc((size_t)length + 1);
    }
    if (text != NULL) {
        va_start(list, format);
        vsnprintf(text, (size_t)length + 1, format, list);
        va_end(list);
    }
    return text;
}

/* ---- numbers ---- */

/* Reads decimal digits, none included, and moves on; false when the number is too large. */
static bool read_digits(const char **at, uint64_t *value)
{
    *value = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        unsigned digit = (unsigned)(**at - '0');

        if (*value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        *value = *value * 10 + digit;
    }
    return true;
}

bool text_parse_u64(const char *text, uint64_t *value)
{
    const char *at = text;
    uint64_t number;

    if (!read_digits(&at, &number) || at == text || *at != '\0') {
        return false;
    }
    *value = number;
    return true;
}

/* The digits behind a point as a share of `unit` (at most a day in milliseconds), rounded up. Digits behind the tenth
 * only count as "a little more". */
static uint64_t read_fraction(const char **at, uint64_t unit)
{
    uint64_t numerator = 0, denominator = 1;
    bool more = false;

    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (denominator < 10000000000u) {
            numerator = numerator * 10 + (uint64_t)(**at - '0');
            denominator *= 10;
        } else if (**at != '0') {
            more = true;
        }
    }
    return ((numerator + (more ? 1 : 0)) * unit + denominator - 1) / denominator;
}

/* Milliseconds of a suffix, 0 when it is none. */
static uint64_t duration_unit(const char *suffix)
{
    static const struct {
        const char *suffix;
        uint64_t unit;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(suffix, units[i].suffix) == 0) {
            return units[i].unit;
        }
    }
    return 0;
}

bool text_parse_duration(const char *text, uint64_t *milliseconds)
{
    size_t whole_digits = strspn(text, "0123456789");
    size_t point = text[whole_digits] == '.' ? 1 : 0;
    size_t fraction_digits = point == 1 ? strspn(text + whole_digits + 1, "0123456789") : 0;
    uint64_t unit = duration_unit(text + whole_digits + point + fraction_digits);
    const char *at = text;
    uint64_t whole, fraction = 0;

    if (whole_digits + fraction_digits == 0 || unit == 0 || !read_digits(&at, &whole)) {
        return false;
    }
    if (point == 1) {
        at++;
        fraction = read_fraction(&at, unit);
    }
    if (whole > (UINT64_MAX - fraction) / unit) {
        return false;
    }
    *milliseconds = whole * unit + fraction;
    return true;
}

bool text_parse_size(const char *text, uint64_t *bytes)
{
    static const char units[] = "KMG";
    const char *at = text;
    unsigned shift = 0;
    uint64_t number;

    if (!read_digits(&at, &number) || at == text) {
        return false;
    }
    if (*at != '\0') {
        const char *unit = strchr(units, *at);

        if (unit == NULL || at[1] != '\0') {
            return false;
        }
        shift = 10 * (unsigned)(unit - units + 1);
    }
    if (number > UINT64_MAX >> shift) {
        return false;
    }
    *bytes = number << shift;
    return true;
}

/* ---- base64 and escaping ---- */

char *text_base64(const void *data, size_t size)
{
    unsigned long length;
    char *text = NULL;

    if (size > ULONG_MAX / 2) { /* so that what follows fits; unsigned long has 32 bits on Windows */
        return NULL;
    }
    length = ((unsigned long)size + 2) / 3 * 4 + 1;
    text = malloc(length);
    if (text == NULL) {
        return NULL;
    }
    text[0] = '\0';
    /* The library aborts on a null pointer, so it is not asked about nothing. */
    if (size > 0 && base64_encode(data, (unsigned long)size, (unsigned char *)text, &length) != CRYPT_OK) {
        free(text);
        return NULL;
    }
    return text;
}

/* U+0080 to U+009F are controls too: a terminal takes C2 9B for the beginning of a control sequence. */
static bool is_control(const unsigned char *p)
{
    return p[0] < 0x20 || p[0] == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0);
}

/* What makes a line end or run backwards, so that a message says what it does not: U+061C, U+200E and F, U+2028 to
 * 202E, U+2066 to 2069. */
static bool is_layout(const unsigned char *p)
{
    if (p[0] == 0xd8)
        return p[1] == 0x9c;
    if (p[0] != 0xe2 || (p[1] != 0x80 && p[1] != 0x81))
        return false;
    return p[1] == 0x80 ? p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae) : p[2] >= 0xa6 && p[2] <= 0xa9;
}

void text_escape(char *out, size_t size, const void *data, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = data;
    size_t used = size > 0 ? strlen(out) : 0;

    while (length > 0) {
        int whole = character(p, length);
        size_t taken = whole > 0 ? (size_t)whole : 1;
        bool escaped = whole <= 0 || is_control(p) || is_layout(p);
        size_t needed = escaped ? 4 * taken : taken;

        if (needed >= size - used) { /* all of a character or nothing, and the NUL */
            break;
        }
        for (size_t i = 0; i < taken; i++) {
            if (escaped) {
                out[used++] = '\\';
                out[used++] = 'x';
                out[used++] = digits[p[i] >> 4];
                out[used++] = digits[p[i] & 15];
            } else {
                out[used++] = (char)p[i];
            }
        }
        p += taken;
        length -= taken;
    }
    if (size > 0) {
        out[used] = '\0';
    }
}
