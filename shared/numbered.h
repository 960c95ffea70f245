/*
 * numbered.h - a list of things by number, for numbers that only rise, as those of sessions do: found by halving, added
 * at the end. Portable, both sides. The things are borrowed.
 */
#ifndef POSTERN_SHARED_NUMBERED_H
#define POSTERN_SHARED_NUMBERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct numbered_item {
    uint32_t number;
    void *thing;
};

/* Empty when zeroed. For reading; in the order of the numbers. */
struct numbered {
    struct numbered_item *item;
    size_t count, capacity;
};

/* Makes room for one more, so that adding cannot fail once its thing is there. false: memory is out. */
bool numbered_reserve(struct numbered *list);
void numbered_add(struct numbered *list, uint32_t number, void *thing); /* above all numbers that are in it */

/* NULL: there is none of this number. */
void *numbered_find(const struct numbered *list, uint32_t number);
void numbered_remove(struct numbered *list, uint32_t number); /* has to be in it */

/* The list, not what is in it. */
void numbered_free(struct numbered *list);

#endif
