/*
 * loop_linux.h - what the two halves of the Linux loop share. Private to shared/loop*_linux.c.
 *
 * Two steps, never mixed: epoll events only set flags and queue tasks; tasks then make the system calls and run the
 * callbacks. So no event of a batch can point to something that a callback of the same batch has freed.
 */
#ifndef POSTERN_SHARED_LOOP_LINUX_H
#define POSTERN_SHARED_LOOP_LINUX_H

#include "shared/loop.h"

/* One thing to be done soon: an attempt to read or write, or a callback. Part of what it serves; removed from its queue
 * before it is served, so that serving may free it. */
struct loop_task {
    struct loop_task *next, *previous; /* NULL while not queued */
    uint64_t round;                    /* the loop_run_once() in which it was last served */
    void (*serve)(struct loop_task *task);
};

/* What the data of an epoll event points to. */
struct loop_source {
    void (*event)(struct loop_source *source, uint32_t events);
};

void loop_queue(struct loop *loop, struct loop_task *task); /* nothing happens if it is queued already */
void loop_unqueue(struct loop_task *task);

/* Adds the descriptor to, or changes it in, the epoll set. Returns 0 or errno. Counted: what was added must be removed
 * before the loop is destroyed. */
int loop_watch(struct loop *loop, int fd, uint32_t events, struct loop_source *source);
int loop_rewatch(struct loop *loop, int fd, uint32_t events, struct loop_source *source);
void loop_unwatch(struct loop *loop, int fd);

#endif
