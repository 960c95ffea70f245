/*
 * loop_stream_linux.h - what a stream of the epoll loop is made of. Private to shared/loop_stream_linux.c, which reads
 * and writes, and shared/loop_forward_linux.c, which does both at once without memory of ours.
 */
#ifndef POSTERN_SHARED_LOOP_STREAM_LINUX_H
#define POSTERN_SHARED_LOOP_STREAM_LINUX_H

#include "shared/loop_linux.h"

#include <sys/types.h>

enum stream_kind { STREAM_SOCKET, STREAM_PIPE, STREAM_TERMINAL, STREAM_OTHER };

struct operation {
    struct loop_task task;
    bool active;
    bool ready; /* trying is worth it */
    unsigned char *data;
    size_t size, done;
    loop_io_fn *callback;
    void *context;

    bool only_counts; /* a read that takes nothing: loop_stream_await() */

    /* A write that goes on with what waits in another stream: loop_stream_forward(). */
    struct loop_stream *from; /* NULL: all of it is at `data` */
    size_t head;              /* bytes of it that are at `data` */
    unsigned char *spill;     /* the rest of such a write, once it had to be fetched into memory: then `data`, too */
    size_t before;            /* bytes that had been written before that */
};

struct loop_stream {
    struct loop_source source;
    struct loop *loop;
    int fd;
    enum stream_kind kind;
    bool watched;        /* in the epoll set: files cannot be, they are always ready */
    bool short_is_empty; /* a read that gives less than asked for has taken all there was */
    bool guard_sigpipe;
    bool hung_up;    /* the end may come without another event */
    uint32_t events; /* what is asked of epoll */
    int os_error;
    struct operation read, write;
};

void stream_start(struct loop_stream *stream, struct operation *operation, void *data, size_t size, loop_io_fn *done,
                  void *context);

/* As read(2): how many bytes wait, 0 at the end, or -1 and EAGAIN. */
ssize_t forward_count(struct loop_stream *stream);

/* As write(2), of what waits in the write's other stream. When that is not possible the rest is fetched into memory:
 * 0, and write.from is NULL. */
ssize_t forward_some(struct loop_stream *stream);

#endif
