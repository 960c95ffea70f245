/*
 * drain.c - the clocks of output that may trail after a command's exit. See drain.h. Both sides.
 */
#include "shared/drain.h"

#include "shared/system.h"

#define LATE_US (50u * 1000u) /* nobody who runs the loop is */

static void start(struct drain *drain, struct loop_timer *timer, uint32_t milliseconds, loop_timer_fn *fire)
{
    loop_timer_start(drain->loop, timer, (uint64_t)milliseconds * 1000u, fire, drain);
}

static void over(struct drain *drain)
{
    drain_stop(drain);
    drain->over(drain->context);
}

static bool unread(const struct drain *drain)
{
    return drain->unread && drain->unread(drain->context);
}

static void idle_passed(void *context)
{
    struct drain *drain = context;
    if (drain->held_back(drain->context) || unread(drain))
        start(drain, &drain->idle, drain->idle_ms, idle_passed);
    else
        over(drain);
}

static void limit_passed(void *context)
{
    struct drain *drain = context;
    bool late = system_now_us() > drain->limit_due_us + LATE_US; /* else somebody writes all the time */
    if (drain->held_back(drain->context) || (late && unread(drain)))
        drain_start_last(drain);
    else
        over(drain);
}

void drain_init(struct drain *drain, struct loop *loop, uint32_t idle_ms, uint32_t limit_ms)
{
    *drain = (struct drain){.loop = loop, .idle_ms = idle_ms, .limit_ms = limit_ms};
}

void drain_start(struct drain *drain)
{
    start(drain, &drain->idle, drain->idle_ms, idle_passed);
    drain_start_last(drain);
}

void drain_start_last(struct drain *drain)
{
    drain->limit_due_us = system_now_us() + (uint64_t)drain->limit_ms * 1000u;
    start(drain, &drain->limit, drain->limit_ms, limit_passed);
}

void drain_moved(struct drain *drain)
{
    if (loop_timer_running(&drain->idle))
        start(drain, &drain->idle, drain->idle_ms, idle_passed);
}

void drain_stop(struct drain *drain)
{
    loop_timer_stop(&drain->idle);
    loop_timer_stop(&drain->limit);
}
