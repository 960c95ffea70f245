/*
 * strings.h - a NULL-terminated list of owned strings: arguments, environments. Portable, both sides.
 */
#ifndef POSTERN_SHARED_STRINGS_H
#define POSTERN_SHARED_STRINGS_H

#include <stdbool.h>
#include <stddef.h>

struct strings {
    char **item; /* NULL-terminated when count > 0 or after strings_array() */
    size_t count;
};

void strings_free(struct strings *list);                           /* leaves an empty list */
bool strings_add(struct strings *list, const char *text);          /* copies; false: memory is out */
bool strings_add_owned(struct strings *list, char *text);          /* takes `text` also on failure; NULL fails */
bool strings_copy(struct strings *list, const char *const *array); /* appends all */
void strings_remove(struct strings *list, size_t index);
char **strings_array(struct strings *list); /* never NULL unless memory is out; stays owned by the list */

#endif
