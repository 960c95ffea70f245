/*
 * loop_forward_win32.c - see loop.h: Windows has no call that moves bytes from one pipe into another, so nothing is
 * ever forwarded there, and who has asked does not call the rest.
 */
#include "shared/loop.h"

#include <stdlib.h>

bool loop_stream_forwards(const struct loop_stream *from, const struct loop_stream *to)
{
    (void)from;
    (void)to;
    return false;
}

void loop_stream_await(struct loop_stream *stream, size_t size, loop_io_fn *done, void *context)
{
    (void)stream;
    (void)size;
    (void)done;
    (void)context;
    abort();
}

void loop_stream_forward(struct loop_stream *stream, const void *head, size_t head_size, struct loop_stream *from,
                         size_t size, loop_io_fn *done, void *context)
{
    (void)stream;
    (void)head;
    (void)head_size;
    (void)from;
    (void)size;
    (void)done;
    (void)context;
    abort();
}

bool loop_stream_settle(struct loop_stream *stream)
{
    (void)stream;
    return true;
}
