/*
 * Fuzzes json_locate(): in any text it must stay inside; in one that jansson accepts it must find every member, and
 * what stands there must be that member.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/json_locate.h"

#define DEPTH_MAX 8
#define MEMBERS_MAX 64

static void check(bool good)
{
    if (!good)
        abort();
}

struct walk {
    const char *text;
    size_t size;
    struct json_step step[DEPTH_MAX];
    size_t members;
};

/* The bytes from a line and column on. */
static size_t offset_of(const struct walk *walk, int line, int column)
{
    size_t at = 0;

    for (; line > 1; line--)
        at = (size_t)((const char *)memchr(walk->text + at, '\n', walk->size - at) - walk->text) + 1;
    for (; column > 1; column--) {
        at++;
        while (at < walk->size && ((unsigned char)walk->text[at] & 0xc0) == 0x80)
            at++;
    }
    check(at < walk->size);
    return at;
}

static void check_value(const struct walk *walk, size_t depth, const json_t *value)
{
    int line, column;
    size_t at;
    json_t *there;

    check(json_locate(walk->text, walk->size, walk->step, depth, JSON_PART_VALUE, &line, &column));
    at = offset_of(walk, line, column);
    there =
        json_loadb(walk->text + at, walk->size - at, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL);
    check(json_equal(there, value));
    json_decref(there);
}

static void check_name(const struct walk *walk, size_t depth, const char *key)
{
    int line, column;
    size_t at;
    json_t *there;

    check(json_locate(walk->text, walk->size, walk->step, depth, JSON_PART_NAME, &line, &column));
    at = offset_of(walk, line, column);
    there = json_loadb(walk->text + at, walk->size - at, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, NULL);
    check(json_is_string(there) && strcmp(json_string_value(there), key) == 0);
    json_decref(there);
}

static void check_all(struct walk *walk, size_t depth, json_t *value)
{
    const char *key;
    json_t *member;
    size_t index;

    check_value(walk, depth, value);
    if (depth == DEPTH_MAX || walk->members++ > MEMBERS_MAX)
        return;
    json_object_foreach(value, key, member)
    {
        walk->step[depth] = (struct json_step){.key = key};
        check_name(walk, depth + 1, key);
        check_all(walk, depth + 1, member);
    }
    json_array_foreach(value, index, member)
    {
        walk->step[depth] = (struct json_step){.index = index};
        check_all(walk, depth + 1, member);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct json_step some[] = {{"a", 0}, {NULL, 1}, {"b", 0}, {NULL, 0}};
    struct walk walk = {.text = (const char *)data, .size = size};
    json_t *value = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    int line = 0, column = 0;

    if (value != NULL)
        check_all(&walk, 0, value);
    for (size_t i = 0; i < 4; i++) {
        if (json_locate(data, size, some + i, 4 - i, JSON_PART_NAME, &line, &column))
            check(line > 0 && column > 0);
    }
    json_decref(value);
    return 0;
}
