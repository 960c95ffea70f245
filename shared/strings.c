/*
 * strings.c - a NULL-terminated list of owned strings. Called for arguments, environments, lists of names; both sides.
 *
 * The capacity is not stored: it is the power of two above `count` (the NULL needs a place too), at least
 * STRINGS_FIRST. So the array has to grow exactly when count + 1 reaches a power of two.
 */
#include "shared/strings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

#define STRINGS_FIRST 8

void strings_free(struct strings *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->item[i]);
    }
    free(list->item);
    list->item = NULL;
    list->count = 0;
}

/* Makes a place behind the last item and its NULL. */
static bool reserve(struct strings *list)
{
    size_t used = list->count + 1;
    size_t capacity = STRINGS_FIRST;
    char **item;

    if (list->item != NULL) {
        if (used < STRINGS_FIRST || (used & (used - 1)) != 0) {
            return true;
        }
        if (used > SIZE_MAX / sizeof(*item) / 2) {
            return false;
        }
        capacity = used * 2;
    }
    item = realloc(list->item, capacity * sizeof(*item));
    if (item == NULL) {
        return false;
    }
    list->item = item;
    list->item[list->count] = NULL;
    return true;
}

bool strings_add_owned(struct strings *list, char *text)
{
    if (text == NULL || !reserve(list)) {
        free(text);
        return false;
    }
    list->item[list->count++] = text;
    list->item[list->count] = NULL;
    return true;
}

bool strings_add(struct strings *list, const char *text)
{
    return strings_add_owned(list, text_duplicate(text));
}

bool strings_copy(struct strings *list, const char *const *array)
{
    for (; array != NULL && *array != NULL; array++) {
        if (!strings_add(list, *array)) {
            return false;
        }
    }
    return true;
}

void strings_remove(struct strings *list, size_t index)
{
    assert(index < list->count);
    free(list->item[index]);
    /* The NULL moves along. */
    memmove(&list->item[index], &list->item[index + 1], (list->count - index) * sizeof(*list->item));
    list->count--;
}

char **strings_array(struct strings *list)
{
    return list->item != NULL || reserve(list) ? list->item : NULL;
}
