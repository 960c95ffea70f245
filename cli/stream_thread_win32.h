/*
 * stream_thread_win32.h - a thread that reads or writes one standard stream, because those of Windows can neither be
 * waited for nor be made non-blocking. Caller: console_win32.c. Parent side.
 *
 * The thread does nothing but blocking calls. At any time the buffer belongs to one side: the thread's between
 * stream_thread_start() and the moment the event is set, the caller's otherwise; the events are the barriers.
 */
#ifndef POSTERN_CLI_STREAM_THREAD_WIN32_H
#define POSTERN_CLI_STREAM_THREAD_WIN32_H

#include <stdbool.h>
#include <stddef.h>
#include <windows.h>

#define STREAM_THREAD_SIZE 65536u

struct postern_error;
struct stream_thread;

/* Borrows the handle. Nothing is read or written yet. */
int stream_thread_create_reader(HANDLE file, struct stream_thread **out, struct postern_error *error);
int stream_thread_create_writer(HANDLE file, struct stream_thread **out, struct postern_error *error);

/* Ends the thread; one that is stuck in a system call that cannot be cancelled is left behind with its memory, for the
 * end of the process, and false is returned. NULL allowed. */
bool stream_thread_close(struct stream_thread *thread);

/* Set while the thread has nothing to do. Borrowed. */
HANDLE stream_thread_event(const struct stream_thread *thread);
bool stream_thread_idle(const struct stream_thread *thread);

/* Only while idle. Reader: starts one read. Writer: copies at most STREAM_THREAD_SIZE bytes and starts writing them;
 * returns how many. */
void stream_thread_read(struct stream_thread *thread);
size_t stream_thread_write(struct stream_thread *thread, const void *data, size_t size);

/* Only while idle: how the last read or write went. */
struct stream_result {
    unsigned char *data; /* reader: what was read; stays valid until the next stream_thread_read() */
    size_t size;
    bool end;       /* reader: no more will come */
    bool resized;   /* reader on a raw console: the window has another size */
    DWORD os_error; /* 0: it went well */
};
const struct stream_result *stream_thread_result(const struct stream_thread *thread);

#endif
