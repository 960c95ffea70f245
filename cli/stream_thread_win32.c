/*
 * A thread that reads or writes one standard stream; see stream_thread_win32.h. Parent side.
 */
#include "cli/stream_thread_win32.h"

#include <process.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/keys_win32.h"
#include "cli/terminal.h"
#include "shared/error.h"

#define STAGE "console"
#define CANCEL_MS 50 /* for a cancelled call to return; one that does not is left behind */

struct stream_thread {
    HANDLE file, thread;
    HANDLE go;   /* auto-reset: there is something to do */
    HANDLE idle; /* manual-reset: nothing is */
    volatile LONG quit;
    bool writes, console;
    struct stream_result result;
    struct keys keys;
    unsigned char data[STREAM_THREAD_SIZE];
};

/* ---- on the thread ------------------------------------------------------------------------------------------ */

static void read_console(struct stream_thread *thread)
{
    struct stream_result *result = &thread->result;

    result->os_error = keys_read(&thread->keys, thread->file, terminal_wants_raw(), (char *)thread->data, &result->size,
                                 &result->resized, &result->end);
}

static void read_file(struct stream_thread *thread)
{
    struct stream_result *result = &thread->result;
    DWORD got = 0;

    if (!ReadFile(thread->file, thread->data, sizeof(thread->data), &got, NULL)) {
        DWORD os_error = GetLastError();
        result->end = os_error == ERROR_BROKEN_PIPE || os_error == ERROR_HANDLE_EOF;
        result->os_error = result->end ? 0 : os_error;
    } else if (got == 0) {
        result->end =
            true; /* a pipe also gives nothing when someone wrote nothing; every C library takes that as the end */
    }
    result->size = got;
}

static void write_file(struct stream_thread *thread)
{
    struct stream_result *result = &thread->result;
    size_t done = 0;

    while (done < result->size) {
        DWORD written = 0;
        if (!WriteFile(thread->file, thread->data + done, (DWORD)(result->size - done), &written, NULL)) {
            result->os_error = GetLastError();
            return;
        }
        done += written;
    }
}

static unsigned __stdcall run(void *context)
{
    struct stream_thread *thread = context;

    while (WaitForSingleObject(thread->go, INFINITE) == WAIT_OBJECT_0 && !thread->quit) {
        if (thread->writes) {
            write_file(thread);
        } else if (thread->console) {
            read_console(thread);
        } else {
            read_file(thread);
        }
        SetEvent(thread->idle);
    }
    return 0;
}

/* ---- on the caller's thread --------------------------------------------------------------------------------- */

static void destroy(struct stream_thread *thread)
{
    if (thread->thread != NULL) {
        CloseHandle(thread->thread);
    }
    if (thread->go != NULL) {
        CloseHandle(thread->go);
    }
    if (thread->idle != NULL) {
        CloseHandle(thread->idle);
    }
    free(thread);
}

static int create(HANDLE file, bool writes, struct stream_thread **out, struct postern_error *error)
{
    struct stream_thread *thread = calloc(1, sizeof(*thread));
    DWORD mode;
    int result;

    if (thread == NULL) {
        return error_memory(error, STAGE);
    }
    thread->file = file;
    thread->writes = writes;
    thread->console = !writes && GetConsoleMode(file, &mode) != 0;
    thread->result.data = thread->data;
    thread->go = CreateEventW(NULL, FALSE, FALSE, NULL);
    thread->idle = CreateEventW(NULL, TRUE, TRUE, NULL);
    if (thread->go != NULL && thread->idle != NULL) {
        thread->thread = (HANDLE)_beginthreadex(NULL, 0, run, thread, 0, NULL);
    }
    if (thread->thread == NULL) {
        result = error_os(error, POSTERN_E_OS, STAGE, "CreateThread", (int64_t)GetLastError(),
                          "the standard streams cannot be served");
        destroy(thread);
        return result;
    }
    *out = thread;
    return 0;
}

int stream_thread_create_reader(HANDLE file, struct stream_thread **out, struct postern_error *error)
{
    return create(file, false, out, error);
}

int stream_thread_create_writer(HANDLE file, struct stream_thread **out, struct postern_error *error)
{
    return create(file, true, out, error);
}

bool stream_thread_close(struct stream_thread *thread)
{
    if (thread == NULL) {
        return true;
    }
    InterlockedExchange(&thread->quit, 1);
    SetEvent(thread->go);
    CancelSynchronousIo(thread->thread);
    if (WaitForSingleObject(thread->thread, CANCEL_MS) != WAIT_OBJECT_0) {
        return false;
    }
    destroy(thread);
    return true;
}

HANDLE stream_thread_event(const struct stream_thread *thread)
{
    return thread->idle;
}

bool stream_thread_idle(const struct stream_thread *thread)
{
    return WaitForSingleObject(thread->idle, 0) == WAIT_OBJECT_0;
}

static void start(struct stream_thread *thread, size_t size)
{
    struct stream_result fresh = {.data = thread->data, .size = size};

    thread->result = fresh;
    ResetEvent(thread->idle);
    SetEvent(thread->go);
}

void stream_thread_read(struct stream_thread *thread)
{
    start(thread, 0);
}

size_t stream_thread_write(struct stream_thread *thread, const void *data, size_t size)
{
    size_t taken = size < sizeof(thread->data) ? size : sizeof(thread->data);

    memcpy(thread->data, data, taken);
    start(thread, taken);
    return taken;
}

const struct stream_result *stream_thread_result(const struct stream_thread *thread)
{
    return &thread->result;
}
