/*
 * json.h - strict JSON on top of jansson: size, depth, duplicate keys, unknown fields. Portable, both sides.
 *
 * A struct json_fields reads the members of one object with a sticky error: after the first failure every getter
 * returns its fallback, and json_fields_end() tells once, also when a member was not asked for.
 */
#ifndef POSTERN_SHARED_JSON_H
#define POSTERN_SHARED_JSON_H

#include <jansson.h>

#include "shared/buffer.h"
#include "shared/error.h"
#include "shared/strings.h"

#define JSON_DEPTH_MAX 16
#define JSON_FIELDS_MAX 32 /* members one object may be asked for */

/* Parses one object or array; the depth is checked before jansson sees a byte. New reference, or NULL with `error`
 * (stage `stage`; what `what` is wrong with, line and column; safe to show). */
json_t *json_read(const void *data, size_t size, const char *what, const char *stage, struct postern_error *error);

/* The same with what jansson may be told besides (JSON_ALLOW_NUL) and a code of the caller's for what is wrong. */
json_t *json_read_with(const void *data, size_t size, size_t flags, const char *what, int code, const char *stage,
                       struct postern_error *error);

/* Appends the compact text. false: memory is out or over the buffer's limit. Takes the reference, NULL fails. */
bool json_write(json_t *value, struct buffer *out);

struct json_fields {
    json_t *object; /* borrowed */
    const char *what;
    const char *taken[JSON_FIELDS_MAX]; /* the members asked for and present */
    size_t taken_count;
    int status;
    struct postern_error *error;
};
void json_fields_begin(struct json_fields *fields, json_t *object, const char *what, struct postern_error *error);

/* A member that is absent or null gives the fallback; of another type: the sticky error. Strings are borrowed from the
 * object and hold no NUL byte. */
const char *json_get_string(struct json_fields *fields, const char *key, const char *fallback);
uint64_t json_get_number(struct json_fields *fields, const char *key, uint64_t fallback, uint64_t maximum);
int64_t json_get_signed(struct json_fields *fields, const char *key, int64_t fallback);
bool json_get_bool(struct json_fields *fields, const char *key, bool fallback);
json_t *json_get_object(struct json_fields *fields, const char *key); /* borrowed; NULL when absent */
json_t *json_get_array(struct json_fields *fields, const char *key);  /* the same */
/* Appends the strings of an array; absent: nothing. At most `maximum` of them. */
void json_get_strings(struct json_fields *fields, const char *key, struct strings *out, size_t maximum);

/* Marks the whole as failed, with a message that names the member. */
void json_fail(struct json_fields *fields, const char *key, const char *problem);

/* 0, or what went wrong first; members that no getter asked for are an error. */
int json_fields_end(struct json_fields *fields);

json_t *json_from_strings(const struct strings *list); /* new reference; NULL: memory is out */

#endif
