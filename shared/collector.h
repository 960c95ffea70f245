/*
 * collector.h - keeps the first and the last part of a stream of any length in bounded memory. Portable; used by
 * postern_run() and by the command line's --json.
 */
#ifndef POSTERN_SHARED_COLLECTOR_H
#define POSTERN_SHARED_COLLECTOR_H

#include "postern.h"

struct collector {
    unsigned char *head, *tail;
    size_t head_size, head_capacity, head_limit; /* the first bytes */
    size_t tail_capacity, tail_limit;            /* a ring of the last ones */
    uint64_t tail_total;                         /* bytes that went into the ring so far */
};

/* At most `limit` bytes are kept: half for the start, half for the end. Allocates nothing. */
void collector_init(struct collector *collector, size_t limit);
void collector_free(struct collector *collector);

/* false: memory is out; nothing was added. */
bool collector_add(struct collector *collector, const void *data, size_t size);

/* The whole as one allocation (see struct postern_output; free with free(out->data)). false: memory is out. */
bool collector_take(struct collector *collector, struct postern_output *out);

#endif
