/*
 * drain.h - the clocks of output that may trail after a command's exit: how long without a byte, and how long in all.
 * Callers: whoever reads the output, runner/session.c or elevated/direct.c. Both sides.
 *
 * They stand still while the reader is held back: when one has run out then, it starts anew. So it does when the loop
 * was not run in time and bytes have come meanwhile that nobody has looked at.
 */
#ifndef POSTERN_SHARED_DRAIN_H
#define POSTERN_SHARED_DRAIN_H

#include "shared/loop.h"

struct drain {
    struct loop *loop; /* borrowed */
    uint32_t idle_ms, limit_ms;
    struct loop_timer idle, limit;
    uint64_t limit_due_us;
    bool (*held_back)(void *context);
    bool (*unread)(void *context); /* NULL: the loop is always run */
    void (*over)(void *context);   /* the clocks have been stopped */
    void *context;
};

/* The callbacks, and what is theirs, are for the caller to set. */
void drain_init(struct drain *drain, struct loop *loop, uint32_t idle_ms, uint32_t limit_ms);

/* The command has exited: both clocks. */
void drain_start(struct drain *drain);

/* Its tree has been killed: what is still in the pipes comes by itself, and only the limit counts. */
void drain_start_last(struct drain *drain);

/* Bytes came. */
void drain_moved(struct drain *drain);

void drain_stop(struct drain *drain);

#endif
