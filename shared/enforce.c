/*
 * enforce.c - the table of mechanisms, and plans as lists of steps. Both sides: the planner and the executors in the
 * parent, the start record, and the runner, which knows its own part of a plan by the names of this table.
 */
#include "shared/enforce_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

static const struct enforce_mechanism_info table[ENFORCE_MECHANISM_COUNT] = {
#define ENFORCE_INFO(constant, capability, mechanism, executor, argument)                                              \
    [constant] = {capability ":" mechanism, capability, mechanism, executor, argument},
    ENFORCE_MECHANISMS(ENFORCE_INFO)
#undef ENFORCE_INFO
};

const struct enforce_mechanism_info *enforce_info(enum enforce_mechanism mechanism)
{
    assert((unsigned)mechanism < ENFORCE_MECHANISM_COUNT);
    return &table[mechanism];
}

bool enforce_find(const char *id, enum enforce_mechanism *out)
{
    for (unsigned i = 0; i < ENFORCE_MECHANISM_COUNT; i++) {
        if (strcmp(table[i].id, id) == 0) {
            *out = (enum enforce_mechanism)i;
            return true;
        }
    }
    return false;
}

void enforce_steps_free(struct enforce_steps *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        free(steps->item[i].path);
    free(steps->item);
    *steps = (struct enforce_steps){0};
}

bool enforce_add_borrowed(struct enforce_steps *steps, const struct enforce_step *step)
{
    if (steps->count == steps->capacity) {
        size_t capacity = steps->capacity ? steps->capacity * 2 : 32;
        struct enforce_step *item = realloc(steps->item, capacity * sizeof(*item));
        if (!item)
            return false;
        steps->item = item;
        steps->capacity = capacity;
    }
    steps->item[steps->count++] = *step;
    return true;
}

bool enforce_add(struct enforce_steps *steps, const struct enforce_step *step)
{
    struct enforce_step copy = *step;
    if (step->path && !(copy.path = text_duplicate(step->path)))
        return false;
    if (enforce_add_borrowed(steps, &copy))
        return true;
    free(copy.path);
    return false;
}

bool enforce_has(const struct enforce_steps *steps, enum enforce_mechanism mechanism)
{
    for (size_t i = 0; i < steps->count; i++) {
        if (steps->item[i].mechanism == mechanism)
            return true;
    }
    return false;
}
