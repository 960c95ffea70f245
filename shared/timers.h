/*
 * timers.h - the heap of running timers that both loops share. Portable, private to shared/loop_*.c.
 */
#ifndef POSTERN_SHARED_TIMERS_H
#define POSTERN_SHARED_TIMERS_H

#include "shared/loop.h"

struct timers {
    struct loop_timer **heap; /* heap[1 .. count] */
    size_t count, capacity;
};

void timers_free(struct timers *timers);
bool timers_add(struct timers *timers, struct loop_timer *timer);
void timers_remove(struct timers *timers, struct loop_timer *timer);
/* When the next one is due, in microseconds from now: 0 when it is, -1 when there is none. */
int64_t timers_next(const struct timers *timers, uint64_t now_us);
/* Takes one that is due out of the heap, or NULL. */
struct loop_timer *timers_pop(struct timers *timers, uint64_t now_us);

#endif
