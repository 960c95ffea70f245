/*
 * loop.h - a small completion-style event loop: loop_linux.c (epoll), loop_win32.c (I/O completion port). Both sides.
 *
 * "Read into my buffer, write this buffer, tell me when this process has ended, when this time has passed."
 *
 * Rules:
 *  - One thread owns a loop and everything in it; only loop_wake() may be called from others.
 *  - A callback is only ever called from loop_run_once(), never from the call that started the operation.
 *  - A callback may start and close anything, its own object included. After a close or stop has returned, the
 *    callback is not called any more and the buffers of the operation are not touched any more (Windows: the close
 *    cancels the operation and waits for the cancellation, which for pipes is immediate).
 *  - One read and one write may be under way on a stream at a time; starting a second is a fault of ours (assertion).
 *  - Writing to a pipe or socket that nobody reads is an error like any other: no SIGPIPE, whatever its disposition.
 *  - `status` in callbacks is 0 or a negative postern_code; the system's number is in loop_stream_os_error().
 */
#ifndef POSTERN_SHARED_LOOP_H
#define POSTERN_SHARED_LOOP_H

#include "shared/error.h"
#include "shared/handle.h"

struct loop;

int loop_create(struct loop **out, struct postern_error *error);
void loop_destroy(struct loop *loop); /* everything in it must be closed before (assertion); NULL allowed */

/* Waits up to `timeout_us` (-1: for ever, 0: not at all) until something is to be done, does all that is ready, each
 * stream at most once (so that no stream starves another), and returns 0; negative only when the loop itself broke. */
int loop_run_once(struct loop *loop, int64_t timeout_us, struct postern_error *error);

/* Makes the current or the next loop_run_once() return without waiting. Any thread. */
void loop_wake(struct loop *loop);

/* A descriptor that polls readable / an event that is signalled while loop_run_once(0) would have work, timers
 * included. OS_HANDLE_NONE on failure. Owned by the loop. Windows starts one thread for it at the first call. */
os_handle loop_pollable(struct loop *loop, struct postern_error *error);

/* ---- streams: pipes, sockets, terminals ---- */

struct loop_stream;
enum loop_direction { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_READ_WRITE = 3 };

/* For reads: bytes > 0 data; status 0 and bytes 0 end of file (also EIO of a pty master, broken pipe). For writes:
 * called once all bytes are written (bytes == size) or on failure (POSTERN_E_CLOSED: the reader is gone). */
typedef void loop_io_fn(void *context, int status, size_t bytes);

/* Takes the handle: closed by loop_stream_close(), left to the caller on failure. Windows: it must have been opened
 * for overlapped use. Linux: made non-blocking. That is a property of the open file, which an inherited descriptor
 * shares with other processes: who opens a stream on one of those puts the flag back at the end. */
int loop_stream_open(struct loop *loop, os_handle handle, enum loop_direction direction, struct loop_stream **out,
                     struct postern_error *error);
void loop_stream_close(struct loop_stream *stream); /* NULL allowed */

/* At most `size` bytes into `data`, which must stay valid until the callback or the close. size > 0. */
void loop_stream_read(struct loop_stream *stream, void *data, size_t size, loop_io_fn *done, void *context);

/* All `size` bytes of `data`, same validity. size > 0. */
void loop_stream_write(struct loop_stream *stream, const void *data, size_t size, loop_io_fn *done, void *context);

/* Withdraws a read or write that has not completed. Returns how many bytes a withdrawn write had already written. */
void loop_stream_cancel_read(struct loop_stream *stream);
size_t loop_stream_cancel_write(struct loop_stream *stream);

bool loop_stream_reading(const struct loop_stream *stream);
bool loop_stream_writing(const struct loop_stream *stream);
/* Whether the read under way has ended, or would at once, though its callback has not come: who has not run the loop
 * for a while has not seen everything that happened. */
bool loop_stream_unread(const struct loop_stream *stream);
int64_t loop_stream_os_error(const struct loop_stream *stream); /* of the last failed operation */
os_handle loop_stream_handle(const struct loop_stream *stream); /* borrowed */

/* ---- forwarding: bytes that go from one stream into another and never come into our memory ---- */

/* Whether `from` can be forwarded into `to`: a pipe into a socket on Linux, nothing on Windows. If not, the three
 * functions below must not be called. */
bool loop_stream_forwards(const struct loop_stream *from, const struct loop_stream *to);

/* In place of a read: calls `done` with the number of bytes that wait in the stream, at most `size`; 0: its end. */
void loop_stream_await(struct loop_stream *stream, size_t size, loop_io_fn *done, void *context);

/* In place of a write: all of `head`, then `size` bytes that wait in `from`. Should somebody else have read them, zeros
 * take their place. `head` and `from` must stay until the callback, which counts both. Withdrawn only by a close. */
void loop_stream_forward(struct loop_stream *stream, const void *head, size_t head_size, struct loop_stream *from,
                         size_t size, loop_io_fn *done, void *context);

/* Fetches what is left of a forward into memory, so that `head` and `from` are not needed any more; the callback still
 * comes. Nothing happens to other writes. false: memory is out. */
bool loop_stream_settle(struct loop_stream *stream);

/* ---- timers: intrusive, no allocation ---- */

typedef void loop_timer_fn(void *context);
struct loop_timer {
    uint64_t at_us; /* private from here on; zero-initialise */
    loop_timer_fn *fire;
    void *context;
    struct loop *loop;
    size_t position; /* in the heap, from 1; 0: not running */
};
/* (Re)starts; fires once after `delay_us`. Delays that overflow the clock never fire. false: memory is out. */
bool loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t delay_us, loop_timer_fn *fire,
                      void *context);
void loop_timer_stop(struct loop_timer *timer); /* also when it does not run */
bool loop_timer_running(const struct loop_timer *timer);

/* ---- waiting for a process ---- */

struct loop_wait;
typedef void loop_wait_fn(void *context);
/* Calls `ended` once when the handle (a pidfd; on Windows a process or event handle) is signalled. Borrows the
 * handle, which must stay open until loop_wait_stop(). */
int loop_wait_start(struct loop *loop, os_handle handle, loop_wait_fn *ended, void *context, struct loop_wait **out,
                    struct postern_error *error);
void loop_wait_stop(struct loop_wait *wait); /* NULL allowed; must be called also after it has fired */

#endif
