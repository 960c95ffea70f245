/*
 * json_member.h - reads JSON that people write, strictly: whatever is refused is named by its path
 * ("network.egress.allow[0]"), line and column. For what programs send each other json.h is enough. Portable.
 *
 * The error sticks to the document: after the first failure every getter returns its fallback, so that a reader reads
 * straight on and asks for document->status once. A member that is absent or null gives the fallback as well.
 */
#ifndef POSTERN_SHARED_JSON_MEMBER_H
#define POSTERN_SHARED_JSON_MEMBER_H

#include <jansson.h>

#include "shared/error.h"
#include "shared/json_locate.h"

struct json_document {
    const void *data; /* the text, borrowed */
    size_t size;
    const char *what; /* what messages call it */
    int code;         /* of its errors */
    const char *stage;
    int status; /* 0, or `code` since the first failure */
    struct postern_error *error;
};

/* A member of a document, or what could be one. `up` and the key must outlive it. */
struct json_member {
    struct json_document *document;
    const struct json_member *up; /* NULL: the whole document */
    const char *key;              /* NULL: an element of an array */
    size_t index;
    json_t *value; /* borrowed; NULL: absent, null, or the document has failed */
};

struct json_member json_member_get(const struct json_member *object, const char *key);
struct json_member json_member_at(const struct json_member *array, size_t index);

/* Fails on anything that is no object, and on members of it that are not in the list (NULL-terminated). false: absent
 * or failed. */
bool json_member_open(const struct json_member *member, const char *const *allowed);
/* The same with members that are let through but not recommended; messages do not list them. */
bool json_member_open_also(const struct json_member *member, const char *const *allowed, const char *const *also);
bool json_member_is_object(const struct json_member *member); /* the same without a look at its members */

/* Elements of an array; 0 when absent. Elements may not be null. */
size_t json_member_count(const struct json_member *member, size_t maximum);

const char *json_member_string(const struct json_member *member, const char *fallback); /* borrowed; without NUL */
bool json_member_bool(const struct json_member *member, bool fallback);
uint64_t json_member_number(const struct json_member *member, uint64_t minimum, uint64_t maximum, uint64_t fallback);
/* The index of its string in `names` (NULL-terminated). */
size_t json_member_choice(const struct json_member *member, const char *const *names, size_t fallback);

/* Fails: "WHERE PROBLEM". Values in the problem have to be escaped. */
void json_member_fail(const struct json_member *member, const char *format, ...) COMPILER_PRINTF(2, 3);
void json_member_fail_name(const struct json_member *member, const char *problem); /* the position is its name's */

/* "policy.json: network.egress.allow[0] (line 4, column 9)", escaped. Looks through the text. */
#define JSON_MEMBER_WHAT_MAX 96 /* bytes that are shown of what the document is called */
#define JSON_MEMBER_WHERE_MAX 256
void json_member_where(const struct json_member *member, enum json_part part, char *out, size_t size);

/* "network.egress.allow[0]", escaped, cut to `size`; "" for the document. */
void json_member_path(const struct json_member *member, char *out, size_t size);

#endif
