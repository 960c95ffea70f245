/*
 * json.c - strict JSON on top of jansson. See json.h. What is read here may come from a hostile peer.
 */
#include "shared/json.h"

#include "shared/text.h"

#include <assert.h>
#include <string.h>

/* Whether `byte` occurs more than `most` times. */
static bool occurs_more(const unsigned char *data, size_t size, int byte, size_t most)
{
    const unsigned char *end = data + size;
    for (size_t count = 0; size > 0 && (data = memchr(data, byte, (size_t)(end - data))) != NULL; data++)
        if (++count > most)
            return true;
    return false;
}

/* jansson parses recursively up to 2048 levels; ours is checked first, over the raw bytes, strings left out. What has
 * few brackets, as a long list of paths, needs no closer look. */
static bool depth_allowed(const unsigned char *data, size_t size)
{
    size_t depth = 0;
    bool in_string = false;
    if (!occurs_more(data, size, '[', JSON_DEPTH_MAX / 2) && !occurs_more(data, size, '{', JSON_DEPTH_MAX / 2))
        return true;
    for (size_t i = 0; i < size; i++) {
        if (in_string) {
            if (data[i] == '\\')
                i++;
            else if (data[i] == '"')
                in_string = false;
        } else if (data[i] == '"') {
            in_string = true;
        } else if (data[i] == '[' || data[i] == '{') {
            if (++depth > JSON_DEPTH_MAX)
                return false;
        } else if ((data[i] == ']' || data[i] == '}') && depth > 0) {
            depth--;
        }
    }
    return true;
}

json_t *json_read_with(const void *data, size_t size, size_t flags, const char *what, int code, const char *stage,
                       struct postern_error *error)
{
    char text[JSON_ERROR_TEXT_LENGTH * 4] = ""; /* it quotes the peer's bytes, which may be meant for a terminal */
    if (!depth_allowed(data, size)) {
        error_set(error, code, stage, "", "%s is JSON nested deeper than %d levels", what, JSON_DEPTH_MAX);
        return NULL;
    }
    json_error_t problem;
    json_t *value = json_loadb(data, size, flags | JSON_REJECT_DUPLICATES, &problem);
    if (!value) {
        text_escape(text, sizeof(text), problem.text, strlen(problem.text));
        error_set(error, code, stage, "", "%s is not valid JSON: %s (line %d, column %d)", what, text, problem.line,
                  problem.column);
    }
    return value;
}

json_t *json_read(const void *data, size_t size, const char *what, const char *stage, struct postern_error *error)
{
    return json_read_with(data, size, 0, what, POSTERN_E_PROTOCOL, stage, error);
}

static int append_text(const char *text, size_t size, void *context)
{
    return buffer_append(context, text, size) ? 0 : -1;
}

bool json_write(json_t *value, struct buffer *out)
{
    if (!value)
        return false;
    int status = json_dump_callback(value, append_text, out, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(value);
    return status == 0;
}

void json_fields_begin(struct json_fields *fields, json_t *object, const char *what, struct postern_error *error)
{
    *fields = (struct json_fields){.object = object, .what = what, .error = error};
    if (!json_is_object(object))
        fields->status = error_set(error, POSTERN_E_PROTOCOL, what, "", "%s is not a JSON object", what);
}

void json_fail(struct json_fields *fields, const char *key, const char *problem)
{
    if (fields->status == 0)
        fields->status =
            error_set(fields->error, POSTERN_E_PROTOCOL, fields->what, "", "%s.%s %s", fields->what, key, problem);
}

/* The member, counted as asked for; NULL when absent or null or when an earlier getter failed. */
static json_t *take(struct json_fields *fields, const char *key)
{
    if (fields->status != 0)
        return NULL;
    json_t *value = json_object_get(fields->object, key);
    if (!value)
        return NULL;
    assert(fields->taken_count < JSON_FIELDS_MAX);
    fields->taken[fields->taken_count++] = key;
    return json_is_null(value) ? NULL : value;
}

const char *json_get_string(struct json_fields *fields, const char *key, const char *fallback)
{
    json_t *value = take(fields, key);
    if (!value)
        return fallback;
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value)) {
        json_fail(fields, key, "is not a string without NUL");
        return fallback;
    }
    return json_string_value(value);
}

uint64_t json_get_number(struct json_fields *fields, const char *key, uint64_t fallback, uint64_t maximum)
{
    json_t *value = take(fields, key);
    if (!value)
        return fallback;
    if (!json_is_integer(value) || json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > maximum) {
        json_fail(fields, key, "is not a whole number in range");
        return fallback;
    }
    return (uint64_t)json_integer_value(value);
}

int64_t json_get_signed(struct json_fields *fields, const char *key, int64_t fallback)
{
    json_t *value = take(fields, key);
    if (!value)
        return fallback;
    if (!json_is_integer(value)) {
        json_fail(fields, key, "is not a whole number");
        return fallback;
    }
    return json_integer_value(value);
}

bool json_get_bool(struct json_fields *fields, const char *key, bool fallback)
{
    json_t *value = take(fields, key);
    if (!value)
        return fallback;
    if (!json_is_boolean(value)) {
        json_fail(fields, key, "is not true or false");
        return fallback;
    }
    return json_boolean_value(value);
}

json_t *json_get_object(struct json_fields *fields, const char *key)
{
    json_t *value = take(fields, key);
    if (value && !json_is_object(value)) {
        json_fail(fields, key, "is not an object");
        return NULL;
    }
    return value;
}

json_t *json_get_array(struct json_fields *fields, const char *key)
{
    json_t *value = take(fields, key);
    if (value && !json_is_array(value)) {
        json_fail(fields, key, "is not an array");
        return NULL;
    }
    return value;
}

void json_get_strings(struct json_fields *fields, const char *key, struct strings *out, size_t maximum)
{
    json_t *value = take(fields, key);
    if (!value)
        return;
    if (!json_is_array(value) || json_array_size(value) > maximum) {
        json_fail(fields, key, "is not an array of allowed length");
        return;
    }
    size_t index;
    json_t *item;
    json_array_foreach(value, index, item)
    {
        if (!json_is_string(item) || strlen(json_string_value(item)) != json_string_length(item)) {
            json_fail(fields, key, "holds something that is not a string without NUL");
            return;
        }
        if (!strings_add(out, json_string_value(item))) {
            json_fail(fields, key, "does not fit into memory");
            return;
        }
    }
}

static bool was_taken(const struct json_fields *fields, const char *key)
{
    for (size_t i = 0; i < fields->taken_count; i++)
        if (strcmp(fields->taken[i], key) == 0)
            return true;
    return false;
}

int json_fields_end(struct json_fields *fields)
{
    const char *key;
    json_t *value;
    if (fields->status != 0 || json_object_size(fields->object) == fields->taken_count)
        return fields->status;
    json_object_foreach(fields->object, key, value)
    {
        char name[64];
        if (was_taken(fields, key))
            continue;
        text_escape(name, sizeof(name), key, strlen(key));
        json_fail(fields, name, "is not known");
        break;
    }
    return fields->status;
}

json_t *json_from_strings(const struct strings *list)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < list->count; i++) {
        if (json_array_append_new(array, json_string(list->item[i])) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}
