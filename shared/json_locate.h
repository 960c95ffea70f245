/*
 * json_locate.h - where in a JSON text a member stands: jansson's values know no positions. Only called to explain a
 * refusal. Portable, both sides.
 */
#ifndef POSTERN_SHARED_JSON_LOCATE_H
#define POSTERN_SHARED_JSON_LOCATE_H

#include <stdbool.h>
#include <stddef.h>

struct json_step {
    const char *key; /* member of an object; NULL: `index` counts */
    size_t index;    /* element of an array */
};

enum json_part { JSON_PART_NAME, JSON_PART_VALUE }; /* an element has no name: its value */

/* Finds what `count` steps lead to, none being the whole text; line and column count from 1, columns in characters.
 * false: no such member. Meant for texts that jansson has accepted, safe for any; time is linear in `size`. */
bool json_locate(const void *data, size_t size, const struct json_step *step, size_t count, enum json_part part,
                 int *line, int *column);

#endif
