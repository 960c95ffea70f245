/*
 * json_member.c - strict reading of JSON that people write. See json_member.h. Called by policy_parse.c and its parts;
 * the text is anybody's.
 */
#include "shared/json_member.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/json.h"
#include "shared/text.h"

/* ---- failing ---- */

/* The steps to a member, from the outside; their number. Members cannot be deeper than the document. */
static size_t collect_steps(const struct json_member *member, struct json_step step[JSON_DEPTH_MAX])
{
    size_t count = 0, at;

    for (const struct json_member *m = member; m->up != NULL; m = m->up)
        count++;
    assert(count <= JSON_DEPTH_MAX);
    at = count;
    for (const struct json_member *m = member; m->up != NULL; m = m->up)
        step[--at] = (struct json_step){m->key, m->index};
    return count;
}

void json_member_path(const struct json_member *member, char *out, size_t size)
{
    struct json_step step[JSON_DEPTH_MAX];
    size_t count = collect_steps(member, step);

    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(out);

        if (step[i].key == NULL) {
            snprintf(out + used, size - used, "[%zu]", step[i].index);
        } else {
            if (used > 0)
                text_escape(out, size, ".", 1);
            text_escape(out, size, step[i].key, strlen(step[i].key));
        }
    }
}

void json_member_where(const struct json_member *member, enum json_part part, char *out, size_t size)
{
    struct json_document *document = member->document;
    struct json_step step[JSON_DEPTH_MAX];
    size_t count = collect_steps(member, step);
    char path[112], what[JSON_MEMBER_WHAT_MAX] = "";
    int line = 0, column = 0;

    json_member_path(member, path, sizeof(path));
    text_escape(what, sizeof(what), document->what, strlen(document->what));
    json_locate(document->data, document->size, step, count, part, &line, &column);
    snprintf(out, size, "%s%s%s (line %d, column %d)", what, path[0] != '\0' ? ": " : "", path, line, column);
}

static void fail(const struct json_member *member, enum json_part part, const char *problem)
{
    struct json_document *document = member->document;
    char where[JSON_MEMBER_WHERE_MAX];

    if (document->status != 0)
        return;
    json_member_where(member, part, where, sizeof(where));
    document->status = error_set(document->error, document->code, document->stage, "", "%s %s", where, problem);
}

void json_member_fail(const struct json_member *member, const char *format, ...)
{
    char problem[224];
    va_list list;
    int length;

    va_start(list, format);
    length = vsnprintf(problem, sizeof(problem), format, list);
    va_end(list);
    if (length < 0)
        problem[0] = '\0';
    else if (length >= (int)sizeof(problem))
        problem[text_utf8_boundary(problem, sizeof(problem) - 1)] = '\0';
    fail(member, JSON_PART_VALUE, problem);
}

void json_member_fail_name(const struct json_member *member, const char *problem)
{
    fail(member, JSON_PART_NAME, problem);
}

/* Appends "a, b, c". */
static void list_names(const char *const *names, char *out, size_t size)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        if (i > 0)
            text_escape(out, size, ", ", 2);
        text_escape(out, size, names[i], strlen(names[i]));
    }
}

/* ---- members ---- */

static struct json_member make(const struct json_member *up, const char *key, size_t index, json_t *value)
{
    struct json_member member = {up->document, up, key, index, value};

    if (json_is_null(value) || up->document->status != 0)
        member.value = NULL;
    return member;
}

struct json_member json_member_get(const struct json_member *object, const char *key)
{
    return make(object, key, 0, json_object_get(object->value, key)); /* NULL for what is no object */
}

struct json_member json_member_at(const struct json_member *array, size_t index)
{
    struct json_member member = make(array, NULL, index, json_array_get(array->value, index));

    if (member.value == NULL)
        json_member_fail(&member, "is null");
    return member;
}

static bool is_listed(const char *key, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(key, *names) == 0)
            return true;
    }
    return false;
}

bool json_member_is_object(const struct json_member *member)
{
    if (member->value != NULL && !json_is_object(member->value))
        json_member_fail(member, "is not an object");
    return member->value != NULL && member->document->status == 0;
}

bool json_member_open_also(const struct json_member *member, const char *const *allowed, const char *const *also)
{
    const char *key;
    json_t *value;

    if (!json_member_is_object(member))
        return false;
    json_object_foreach(member->value, key, value)
    {
        struct json_member unknown = make(member, key, 0, value);
        char problem[224] = "is not known; allowed here: ";

        if (is_listed(key, allowed) || is_listed(key, also))
            continue;
        list_names(allowed, problem, sizeof(problem));
        json_member_fail_name(&unknown, problem);
        return false;
    }
    return true;
}

bool json_member_open(const struct json_member *member, const char *const *allowed)
{
    static const char *const none[] = {NULL};

    return json_member_open_also(member, allowed, none);
}

size_t json_member_count(const struct json_member *member, size_t maximum)
{
    if (member->value == NULL || member->document->status != 0)
        return 0;
    if (!json_is_array(member->value)) {
        json_member_fail(member, "is not an array");
        return 0;
    }
    if (json_array_size(member->value) > maximum) {
        json_member_fail(member, "has more than %zu elements", maximum);
        return 0;
    }
    return json_array_size(member->value);
}

/* ---- values ---- */

const char *json_member_string(const struct json_member *member, const char *fallback)
{
    if (member->value == NULL || member->document->status != 0)
        return fallback;
    if (!json_is_string(member->value)) {
        json_member_fail(member, "is not a string");
        return fallback;
    }
    if (strlen(json_string_value(member->value)) != json_string_length(member->value)) {
        json_member_fail(member, "holds a NUL character");
        return fallback;
    }
    return json_string_value(member->value);
}

bool json_member_bool(const struct json_member *member, bool fallback)
{
    if (member->value == NULL || member->document->status != 0)
        return fallback;
    if (!json_is_boolean(member->value)) {
        json_member_fail(member, "is not true or false");
        return fallback;
    }
    return json_boolean_value(member->value);
}

uint64_t json_member_number(const struct json_member *member, uint64_t minimum, uint64_t maximum, uint64_t fallback)
{
    json_int_t number;

    if (member->value == NULL || member->document->status != 0)
        return fallback;
    number = json_integer_value(member->value);
    if (!json_is_integer(member->value) || number < 0 || (uint64_t)number < minimum || (uint64_t)number > maximum) {
        json_member_fail(member, "is not a whole number of %llu to %llu", (unsigned long long)minimum,
                         (unsigned long long)maximum);
        return fallback;
    }
    return (uint64_t)number;
}

size_t json_member_choice(const struct json_member *member, const char *const *names, size_t fallback)
{
    const char *text = json_member_string(member, NULL);
    char shown[48] = "", problem[200] = "";

    if (text == NULL)
        return fallback;
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(text, names[i]) == 0)
            return i;
    }
    text_escape(shown, sizeof(shown), text, strlen(text));
    list_names(names, problem, sizeof(problem));
    json_member_fail(member, "is \"%s\"; allowed: %s", shown, problem);
    return fallback;
}
