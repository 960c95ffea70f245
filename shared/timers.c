/*
 * timers.c - a binary heap of running timers, ordered by their time. Called by loop_linux.c and loop_win32.c.
 *
 * heap[1] is the first to fire; the children of heap[i] are heap[2i] and heap[2i + 1]. Each timer knows its place, so
 * that stopping one needs no search.
 */
#include "shared/timers.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TIMERS_FIRST 16

void timers_free(struct timers *timers)
{
    for (size_t i = 1; i <= timers->count; i++) {
        timers->heap[i]->position = 0;
    }
    free(timers->heap);
    memset(timers, 0, sizeof(*timers));
}

static void place(struct timers *timers, size_t position, struct loop_timer *timer)
{
    timers->heap[position] = timer;
    timer->position = position;
}

static void sift_up(struct timers *timers, size_t position, struct loop_timer *timer)
{
    while (position > 1 && timers->heap[position / 2]->at_us > timer->at_us) {
        place(timers, position, timers->heap[position / 2]);
        position /= 2;
    }
    place(timers, position, timer);
}

static void sift_down(struct timers *timers, size_t position, struct loop_timer *timer)
{
    while (position * 2 <= timers->count) {
        size_t child = position * 2;

        if (child < timers->count && timers->heap[child + 1]->at_us < timers->heap[child]->at_us) {
            child++;
        }
        if (timers->heap[child]->at_us >= timer->at_us) {
            break;
        }
        place(timers, position, timers->heap[child]);
        position = child;
    }
    place(timers, position, timer);
}

bool timers_add(struct timers *timers, struct loop_timer *timer)
{
    assert(timer->position == 0);
    if (timers->count + 1 >= timers->capacity) {
        size_t capacity = timers->capacity == 0 ? TIMERS_FIRST : timers->capacity * 2;
        struct loop_timer **heap = NULL;

        if (capacity <= SIZE_MAX / sizeof(heap[0])) {
            heap = realloc(timers->heap, capacity * sizeof(heap[0]));
        }
        if (heap == NULL) {
            return false;
        }
        timers->heap = heap;
        timers->capacity = capacity;
    }
    timers->count++;
    sift_up(timers, timers->count, timer);
    return true;
}

void timers_remove(struct timers *timers, struct loop_timer *timer)
{
    size_t position = timer->position;
    struct loop_timer *last;

    if (position == 0) {
        return;
    }
    assert(position <= timers->count && timers->heap[position] == timer);
    timer->position = 0;
    last = timers->heap[timers->count--];
    if (last == timer) {
        return;
    }
    /* The last one comes from another branch: it may belong above or below the gap. */
    if (position > 1 && timers->heap[position / 2]->at_us > last->at_us) {
        sift_up(timers, position, last);
    } else {
        sift_down(timers, position, last);
    }
}

int64_t timers_next(const struct timers *timers, uint64_t now_us)
{
    uint64_t wait;

    if (timers->count == 0) {
        return -1;
    }
    if (timers->heap[1]->at_us <= now_us) {
        return 0;
    }
    wait = timers->heap[1]->at_us - now_us;
    return wait > INT64_MAX ? INT64_MAX : (int64_t)wait;
}

struct loop_timer *timers_pop(struct timers *timers, uint64_t now_us)
{
    struct loop_timer *first;

    if (timers->count == 0 || timers->heap[1]->at_us > now_us) {
        return NULL;
    }
    first = timers->heap[1];
    timers_remove(timers, first);
    return first;
}
