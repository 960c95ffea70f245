/*
 * json_locate.c - finds the line and column of a member in JSON text. See json_locate.h. A scanner without recursion
 * that looks at quotes, brackets, colons and commas alone: whether it is JSON jansson has said before.
 */
#include "shared/json_locate.h"

#include <jansson.h>
#include <limits.h>
#include <string.h>

struct scan {
    const char *at, *end;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->end && is_space(*scan->at))
        scan->at++;
}

/* Past white space and `c`; false when something else stands there. */
static bool skip_sign(struct scan *scan, char c)
{
    skip_space(scan);
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

/* Past a string that begins here; at the end of the text if it does not end. */
static void skip_string(struct scan *scan)
{
    for (scan->at++; scan->at < scan->end && *scan->at != '"'; scan->at++) {
        if (*scan->at == '\\' && scan->end - scan->at > 1)
            scan->at++;
    }
    if (scan->at < scan->end)
        scan->at++;
}

/* Past the value that begins here. */
static void skip_value(struct scan *scan)
{
    size_t depth = 0;

    while (scan->at < scan->end) {
        char c = *scan->at;

        if (depth == 0 && (c == ',' || c == ']' || c == '}' || is_space(c)))
            return;
        if (c == '"') {
            skip_string(scan);
        } else {
            scan->at++;
            if (c == '[' || c == '{')
                depth++;
            else if (c == ']' || c == '}')
                depth--; /* not 0: those were returned at */
        }
        if (depth == 0 && (c == '"' || c == ']' || c == '}'))
            return;
    }
}

/* Whether the string from `text`, quotes included, spells `key`. Escapes are left to jansson. */
static bool spells(const char *text, size_t size, const char *key)
{
    size_t length = strlen(key);
    json_t *value;
    bool same;

    if (memchr(text, '\\', size) == NULL)
        return size == length + 2 && memcmp(text + 1, key, length) == 0;
    value = json_loadb(text, size, JSON_DECODE_ANY, NULL);
    same = json_is_string(value) && json_string_length(value) == length &&
           memcmp(json_string_value(value), key, length) == 0;
    json_decref(value);
    return same;
}

/* To the value of the member `key`; *name is where its name stands. */
static bool enter_member(struct scan *scan, const char *key, const char **name)
{
    if (!skip_sign(scan, '{'))
        return false;
    do {
        skip_space(scan);
        if (scan->at == scan->end || *scan->at != '"')
            return false;
        *name = scan->at;
        skip_string(scan);
        if (spells(*name, (size_t)(scan->at - *name), key)) {
            bool colon = skip_sign(scan, ':');

            skip_space(scan);
            return colon && scan->at < scan->end;
        }
        if (!skip_sign(scan, ':'))
            return false;
        skip_space(scan);
        skip_value(scan);
    } while (skip_sign(scan, ','));
    return false;
}

static bool enter_element(struct scan *scan, size_t index)
{
    if (!skip_sign(scan, '['))
        return false;
    for (;;) {
        skip_space(scan);
        if (scan->at == scan->end || *scan->at == ']')
            return false;
        if (index-- == 0)
            return true;
        skip_value(scan);
        if (!skip_sign(scan, ','))
            return false;
    }
}

static void count_position(const char *text, const char *at, int *line, int *column)
{
    *line = 1;
    *column = 1;
    for (; text < at; text++) {
        if (*text == '\n') {
            *line += *line < INT_MAX;
            *column = 1;
        } else if (((unsigned char)*text & 0xc0) != 0x80) {
            *column += *column < INT_MAX;
        }
    }
}

bool json_locate(const void *data, size_t size, const struct json_step *step, size_t count, enum json_part part,
                 int *line, int *column)
{
    const char *text = data, *name;
    struct scan scan = {text, text + size};

    skip_space(&scan);
    if (scan.at == scan.end)
        return false;
    name = scan.at;
    for (size_t i = 0; i < count; i++) {
        bool found =
            step[i].key != NULL ? enter_member(&scan, step[i].key, &name) : enter_element(&scan, step[i].index);

        if (!found)
            return false;
        if (step[i].key == NULL)
            name = scan.at;
    }
    count_position(text, part == JSON_PART_NAME ? name : scan.at, line, column);
    return true;
}
