/*
 * loop_stream_linux.c - streams of the epoll loop: pipes, sockets, terminals, and files, which are always ready. Used
 * on both sides of the boundary.
 *
 * Each direction remembers whether the system may have something for it. An operation on a ready direction is tried at
 * once from the queue; only "try again" clears the flag, and only an event, which is edge-triggered, sets it.
 */
#include "shared/loop_stream_linux.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct loop_stream *stream_of_read(struct loop_task *task)
{
    return (struct loop_stream *)((char *)task - offsetof(struct loop_stream, read.task));
}

static struct loop_stream *stream_of_write(struct loop_task *task)
{
    return (struct loop_stream *)((char *)task - offsetof(struct loop_stream, write.task));
}

/* The last thing done for an operation: the callback may have freed the stream. */
static void finish(struct operation *operation, int status, size_t bytes)
{
    operation->active = false;
    free(operation->spill);
    operation->spill = NULL;
    operation->callback(operation->context, status, bytes);
}

/* ---- reading ---- */

/*
 * A terminal says EIO, its end, too early: the kernel looks for data first and for the last close second, and misses
 * what is written between the two looks, in a few of a hundred short commands. The next read finds it, so only a second
 * EIO in a row is the end.
 */
static ssize_t read_some(struct loop_stream *stream)
{
    bool ended = false;

    for (;;) {
        ssize_t got = read(stream->fd, stream->read.data, stream->read.size);

        if (got < 0 && errno == EIO && stream->kind == STREAM_TERMINAL && !ended) {
            ended = true;
        } else if (got >= 0 || errno != EINTR) {
            return got;
        }
    }
}

static void serve_read(struct loop_task *task)
{
    struct loop_stream *stream = stream_of_read(task);
    struct operation *operation = &stream->read;
    ssize_t got = operation->only_counts ? forward_count(stream) : read_some(stream);

    if (got >= 0) {
        if (!operation->only_counts && stream->short_is_empty && !stream->hung_up && (size_t)got < operation->size) {
            operation->ready = false; /* epoll(7), question 9: saves the read that would say "try again" */
        }
        finish(operation, 0, (size_t)got);
    } else if (errno == EAGAIN) {
        operation->ready = false;
        stream->hung_up = false; /* a new end makes a new event */
    } else if (errno == ECONNRESET || (errno == EIO && stream->kind == STREAM_TERMINAL)) {
        /* The peer is gone with bytes of ours unread; nobody has the terminal open any more. Both are ends. */
        stream->os_error = errno;
        finish(operation, 0, 0);
    } else {
        stream->os_error = errno;
        finish(operation, POSTERN_E_OS, 0);
    }
}

/* ---- writing ---- */

/*
 * write() to a pipe without readers raises SIGPIPE, and there is no flag against that as there is for sockets. Our own
 * programs ignore the signal; for others it is blocked around the call and taken back if the call has made it pending.
 */
static ssize_t write_guarded(int fd, const void *data, size_t size)
{
    const struct timespec now = {0, 0};
    sigset_t pipe_only, before, pending;
    ssize_t put;
    int saved;

    (void)sigemptyset(&pipe_only);
    (void)sigaddset(&pipe_only, SIGPIPE);
    (void)sigemptyset(&pending);
    if (pthread_sigmask(SIG_BLOCK, &pipe_only, &before) != 0) {
        errno = EINVAL;
        return -1;
    }
    (void)sigpending(&pending);
    put = write(fd, data, size);
    saved = errno;
    if (put < 0 && saved == EPIPE && sigismember(&pending, SIGPIPE) == 0) {
        while (sigtimedwait(&pipe_only, NULL, &now) < 0 && errno == EINTR) {
        }
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return put;
}

static ssize_t write_some(struct loop_stream *stream, const void *data, size_t size)
{
    ssize_t put;

    do {
        if (stream->kind == STREAM_SOCKET) {
            put = send(stream->fd, data, size, MSG_NOSIGNAL);
        } else if (stream->guard_sigpipe) {
            put = write_guarded(stream->fd, data, size);
        } else {
            put = write(stream->fd, data, size);
        }
    } while (put < 0 && errno == EINTR);
    return put;
}

/*
 * Room for writing is asked for only after a write has found none, and no longer than needed: on a socket every read of
 * the peer is such an event, and would wake us for nothing.
 */
static int ask_for_room(struct loop_stream *stream, bool ask)
{
    uint32_t events = ask ? stream->events | EPOLLOUT : stream->events & ~(uint32_t)EPOLLOUT;
    int os_error;

    if (!stream->watched || events == stream->events) {
        return 0;
    }
    os_error = loop_rewatch(stream->loop, stream->fd, events, &stream->source);
    if (os_error == 0) {
        stream->events = events;
    }
    return os_error;
}

static void fail_write(struct loop_stream *stream, int os_error)
{
    stream->os_error = os_error;
    finish(&stream->write, os_error == EPIPE || os_error == ECONNRESET ? POSTERN_E_CLOSED : POSTERN_E_OS,
           stream->write.before + stream->write.done);
}

/* What is in memory goes first, then what waits in another stream. Counts the former itself if both get their turn. */
static ssize_t put_some(struct loop_stream *stream)
{
    struct operation *operation = &stream->write;
    ssize_t put;

    if (operation->from != NULL && operation->done < operation->head) {
        put = write_some(stream, operation->data + operation->done, operation->head - operation->done);
        if (put < 0 || (size_t)put < operation->head - operation->done) {
            return put;
        }
        operation->done += (size_t)put;
    }
    if (operation->from != NULL) {
        put = forward_some(stream);
        if (put != 0) {
            return put;
        } /* else the rest is in memory now */
    }
    return write_some(stream, operation->data + operation->done, operation->size - operation->done);
}

static void serve_write(struct loop_task *task)
{
    struct loop_stream *stream = stream_of_write(task);
    struct operation *operation = &stream->write;
    ssize_t put = put_some(stream);

    if (put >= 0) {
        operation->done += (size_t)put;
        if (operation->done == operation->size) {
            finish(operation, 0, operation->before + operation->size);
        } else {
            loop_queue(stream->loop, task);
        }
    } else if (errno == EAGAIN) {
        int os_error = ask_for_room(stream, true); /* looks at the state now, so no event is missed */

        operation->ready = false;
        if (os_error != 0) {
            fail_write(stream, os_error);
        }
    } else {
        fail_write(stream, errno);
    }
}

/* ---- events ---- */

static void stream_event(struct loop_source *source, uint32_t events)
{
    struct loop_stream *stream = (struct loop_stream *)source;

    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        stream->read.ready = true;
        if (stream->read.active) {
            loop_queue(stream->loop, &stream->read.task);
        }
    }
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        stream->hung_up = true;
    }
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
        stream->write.ready = true;
        if (stream->write.active) {
            loop_queue(stream->loop, &stream->write.task);
        } else {
            (void)ask_for_room(stream, false); /* if that fails we are woken once more than needed */
        }
    }
}

/* ---- opening and closing ---- */

static bool sigpipe_is_ignored(void)
{
    struct sigaction action;

    return sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static int classify(struct loop_stream *stream, enum loop_direction direction)
{
    struct stat status;
    int type = 0;
    socklen_t size = sizeof(type);

    if (fstat(stream->fd, &status) != 0) {
        return errno;
    }
    stream->kind = S_ISSOCK(status.st_mode)                        ? STREAM_SOCKET
                   : S_ISFIFO(status.st_mode)                      ? STREAM_PIPE
                   : S_ISCHR(status.st_mode) && isatty(stream->fd) ? STREAM_TERMINAL
                                                                   : STREAM_OTHER;
    if (stream->kind == STREAM_PIPE) {
        stream->short_is_empty = true;
        stream->guard_sigpipe = (direction & LOOP_WRITE) != 0 && !sigpipe_is_ignored();
    } else if (stream->kind == STREAM_SOCKET) {
        if (getsockopt(stream->fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
            return errno;
        }
        stream->short_is_empty = type == SOCK_STREAM;
    }
    return 0;
}

/* Not undone on close: the flag belongs to the open file, and another stream may be on that (a terminal as stdin and
 * stdout). See loop.h. */
static int make_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0) {
        return errno;
    }
    if ((flags & O_NONBLOCK) == 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        return errno;
    }
    return 0;
}

int loop_stream_open(struct loop *loop, os_handle handle, enum loop_direction direction, struct loop_stream **out,
                     struct postern_error *error)
{
    struct loop_stream *stream = calloc(1, sizeof(*stream));
    const char *operation = "fstat";
    int os_error;

    if (stream == NULL) {
        return error_memory(error, "loop");
    }
    stream->source.event = stream_event;
    stream->loop = loop;
    stream->fd = (int)handle;
    stream->read.task.serve = serve_read;
    stream->write.task.serve = serve_write;
    stream->read.ready = stream->write.ready = true; /* nobody knows: try */
    stream->events = EPOLLET | ((direction & LOOP_READ) != 0 ? EPOLLIN | EPOLLRDHUP : 0u);
    os_error = classify(stream, direction);
    if (os_error == 0) {
        operation = "fcntl";
        os_error = make_nonblocking(stream->fd);
    }
    if (os_error == 0) {
        operation = "epoll_ctl";
        os_error = loop_watch(loop, stream->fd, stream->events, &stream->source);
        stream->watched = os_error == 0;
        if (os_error == EPERM) { /* a regular file or the like */
            os_error = 0;
        }
    }
    if (os_error != 0) {
        free(stream);
        return error_os(error, POSTERN_E_OS, "loop", operation, os_error, "cannot use descriptor %d", (int)handle);
    }
    *out = stream;
    return 0;
}

void loop_stream_close(struct loop_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    loop_unqueue(&stream->read.task);
    loop_unqueue(&stream->write.task);
    if (stream->watched) {
        loop_unwatch(stream->loop, stream->fd);
    }
    (void)close(stream->fd);
    free(stream->write.spill);
    free(stream);
}

void stream_start(struct loop_stream *stream, struct operation *operation, void *data, size_t size, loop_io_fn *done,
                  void *context)
{
    assert(!operation->active && size > 0);
    operation->active = true;
    operation->data = data;
    operation->size = size;
    operation->done = operation->before = 0;
    operation->from = NULL;
    operation->only_counts = false;
    operation->callback = done;
    operation->context = context;
    if (operation->ready) {
        loop_queue(stream->loop, &operation->task);
    }
}

void loop_stream_read(struct loop_stream *stream, void *data, size_t size, loop_io_fn *done, void *context)
{
    stream_start(stream, &stream->read, data, size, done, context);
}

void loop_stream_write(struct loop_stream *stream, const void *data, size_t size, loop_io_fn *done, void *context)
{
    stream_start(stream, &stream->write, (void *)(uintptr_t)data, size, done, context); /* only ever read from */
}

void loop_stream_cancel_read(struct loop_stream *stream)
{
    loop_unqueue(&stream->read.task);
    stream->read.active = false;
}

size_t loop_stream_cancel_write(struct loop_stream *stream)
{
    size_t done = stream->write.active ? stream->write.before + stream->write.done : 0;

    loop_unqueue(&stream->write.task);
    stream->write.active = false;
    free(stream->write.spill);
    stream->write.spill = NULL;
    return done;
}

bool loop_stream_reading(const struct loop_stream *stream)
{
    return stream->read.active;
}

bool loop_stream_writing(const struct loop_stream *stream)
{
    return stream->write.active;
}

bool loop_stream_unread(const struct loop_stream *stream)
{
    struct pollfd look = {.fd = stream->fd, .events = POLLIN};

    return stream->read.active && poll(&look, 1, 0) > 0;
}

int64_t loop_stream_os_error(const struct loop_stream *stream)
{
    return stream->os_error;
}

os_handle loop_stream_handle(const struct loop_stream *stream)
{
    return stream->fd;
}
