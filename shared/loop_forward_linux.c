/*
 * loop_forward_linux.c - bytes that go from a pipe into a socket inside the kernel (splice), see loop.h. The runner's
 * way for a fast command: two copies of four are saved.
 *
 * The pipe is the command's, who can do with it what it likes, even read from it. A frame's length has been sent
 * before its bytes are, so what is missing then is made up with zeros: it is the command's own output that it spoils.
 */
#include "shared/loop_stream_linux.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* splice() has no flag against SIGPIPE: only for programs that ignore it. */
bool loop_stream_forwards(const struct loop_stream *from, const struct loop_stream *to)
{
    struct sigaction action;

    return from->kind == STREAM_PIPE && to->kind == STREAM_SOCKET && sigaction(SIGPIPE, NULL, &action) == 0 &&
           action.sa_handler == SIG_IGN;
}

static size_t bytes_in(const struct loop_stream *pipe)
{
    int count = 0;

    return ioctl(pipe->fd, FIONREAD, &count) == 0 && count > 0 ? (size_t)count : 0;
}

ssize_t forward_count(struct loop_stream *stream)
{
    size_t count = bytes_in(stream);

    if (count == 0 && !stream->hung_up) {
        errno = EAGAIN; /* should the end have come already, then its event is on the way */
        return -1;
    }
    return (ssize_t)(count < stream->read.size ? count : stream->read.size);
}

void loop_stream_await(struct loop_stream *stream, size_t size, loop_io_fn *done, void *context)
{
    stream_start(stream, &stream->read, NULL, size, done, context);
    stream->read.only_counts = true;
}

/* Bytes that are there, then zeros. */
static void take(const struct loop_stream *pipe, unsigned char *to, size_t size)
{
    while (size > 0) {
        ssize_t got = read(pipe->fd, to, size);

        if (got > 0) {
            to += got;
            size -= (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            break;
        }
    }
    memset(to, 0, size);
}

/* Fetches what is left of the write into memory of its own: neither stream nor head are needed any more. */
static bool fetch(struct operation *write)
{
    size_t left = write->size - write->done;
    size_t of_head = write->done < write->head ? write->head - write->done : 0;
    unsigned char *spill = malloc(left);

    if (spill == NULL) {
        return false;
    }
    memcpy(spill, write->data + write->done, of_head);
    take(write->from, spill + of_head, left - of_head);
    write->spill = write->data = spill;
    write->before += write->done;
    write->size = left;
    write->done = 0;
    write->from = NULL;
    return true;
}

ssize_t forward_some(struct loop_stream *stream)
{
    struct operation *write = &stream->write;
    ssize_t put;

    do {
        put = splice(write->from->fd, NULL, stream->fd, NULL, write->size - write->done, SPLICE_F_NONBLOCK);
    } while (put < 0 && errno == EINTR);
    if (put > 0 || (put < 0 && (errno == EPIPE || errno == ECONNRESET))) {
        return put;
    }
    if (put < 0 && errno == EAGAIN && bytes_in(write->from) > 0) {
        return put; /* the socket is full */
    }
    /* The bytes are gone, or this kernel (or a filter around us) has no splice() for it. */
    if (!fetch(write)) {
        errno = ENOMEM;
        return -1;
    }
    return 0;
}

void loop_stream_forward(struct loop_stream *stream, const void *head, size_t head_size, struct loop_stream *from,
                         size_t size, loop_io_fn *done, void *context)
{
    assert(head_size > 0 && size > 0);
    stream_start(stream, &stream->write, (void *)(uintptr_t)head, head_size + size, done, context);
    stream->write.from = from;
    stream->write.head = head_size;
}

bool loop_stream_settle(struct loop_stream *stream)
{
    return !stream->write.active || stream->write.from == NULL || fetch(&stream->write);
}
