/*
 * numbered.c - a list by rising numbers; see numbered.h. The parent's sandboxes and the runner keep sessions in one.
 */
#include "shared/numbered.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Of this number, or the first above it. */
static size_t find_index(const struct numbered *list, uint32_t number)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->item[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct numbered *list, size_t index, uint32_t number)
{
    return index < list->count && list->item[index].number == number;
}

bool numbered_reserve(struct numbered *list)
{
    if (list->count < list->capacity)
        return true;
    size_t capacity = list->capacity ? list->capacity * 2 : 8;
    struct numbered_item *larger = realloc(list->item, capacity * sizeof(*larger));
    if (!larger)
        return false;
    list->item = larger;
    list->capacity = capacity;
    return true;
}

void numbered_add(struct numbered *list, uint32_t number, void *thing)
{
    assert(list->count < list->capacity);
    assert(list->count == 0 || list->item[list->count - 1].number < number);
    list->item[list->count++] = (struct numbered_item){number, thing};
}

void *numbered_find(const struct numbered *list, uint32_t number)
{
    size_t index = find_index(list, number);
    return is_at(list, index, number) ? list->item[index].thing : NULL;
}

void numbered_remove(struct numbered *list, uint32_t number)
{
    size_t index = find_index(list, number);
    assert(is_at(list, index, number));
    memmove(&list->item[index], &list->item[index + 1], (list->count - index - 1) * sizeof(*list->item));
    list->count--;
}

void numbered_free(struct numbered *list)
{
    free(list->item);
    *list = (struct numbered){0};
}
