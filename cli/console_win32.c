/*
 * The caller's standard streams and console events on Windows; see console.h. Parent side, called by the relay.
 */
#include "cli/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "cli/session_end_win32.h"
#include "cli/stream_thread_win32.h"
#include "cli/terminal.h"
#include "shared/error.h"

#define STAGE "console"

struct console {
    struct stream_thread *in, *out[2];
    bool reading;  /* a read was started whose result has not been used up */
    size_t used;   /* bytes of that result already handed out */
    bool in_ended; /* nothing will ever come again */
    bool resized;
};

static const char *const output_names[2] = {"standard output", "standard error"};

/* The system calls the handler on a thread of its own and without a context. */
static struct {
    HANDLE event;          /* manual-reset: `pending` is not 0 */
    volatile LONG pending; /* bit n: signal n came */
} events;

static BOOL WINAPI on_event(DWORD kind)
{
    static const int signals[] = {
        [CTRL_C_EVENT] = CONSOLE_SIGNAL_INTERRUPT,        [CTRL_BREAK_EVENT] = CONSOLE_SIGNAL_QUIT,
        [CTRL_CLOSE_EVENT] = CONSOLE_SIGNAL_HANGUP,       [CTRL_LOGOFF_EVENT] = CONSOLE_SIGNAL_HANGUP,
        [CTRL_SHUTDOWN_EVENT] = CONSOLE_SIGNAL_TERMINATE,
    };

    if (kind >= sizeof(signals) / sizeof(signals[0]) || signals[kind] == 0) {
        return FALSE;
    }
    InterlockedOr(&events.pending, 1 << signals[kind]);
    SetEvent(events.event);
    if (kind != CTRL_C_EVENT && kind != CTRL_BREAK_EVENT) {
        /* At once: the system allows five seconds, and the command may use them up. */
        terminal_leave_raw();
        Sleep(INFINITE); /* the process is ended when this returns; the main thread does that, or the system's limit */
    }
    return TRUE;
}

static void on_session_end(bool log_off)
{
    on_event(log_off ? CTRL_LOGOFF_EVENT : CTRL_SHUTDOWN_EVENT);
}

enum console_signal console_next_signal(struct console *console)
{
    static const enum console_signal order[] = {CONSOLE_SIGNAL_INTERRUPT, CONSOLE_SIGNAL_QUIT, CONSOLE_SIGNAL_TERMINATE,
                                                CONSOLE_SIGNAL_HANGUP};

    (void)console;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        LONG bit = 1 << order[i];
        if (InterlockedAnd(&events.pending, ~bit) & bit) {
            return order[i];
        }
    }
    return CONSOLE_SIGNAL_NONE;
}

/* ---- life --------------------------------------------------------------------------------------------------- */

static int open_streams(struct console *console, struct postern_error *error)
{
    int result = stream_thread_create_reader(GetStdHandle(STD_INPUT_HANDLE), &console->in, error);

    if (result == 0) {
        result = stream_thread_create_writer(GetStdHandle(STD_OUTPUT_HANDLE), &console->out[CONSOLE_STDOUT], error);
    }
    if (result == 0) {
        result = stream_thread_create_writer(GetStdHandle(STD_ERROR_HANDLE), &console->out[CONSOLE_STDERR], error);
    }
    return result;
}

int console_open(struct console **out, struct postern_error *error)
{
    struct console *console = calloc(1, sizeof(*console));
    int result;

    if (console == NULL) {
        return error_memory(error, STAGE);
    }
    events.pending = 0;
    events.event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (events.event == NULL || !SetConsoleCtrlHandler(on_event, TRUE)) {
        result = error_os(error, POSTERN_E_OS, STAGE, "SetConsoleCtrlHandler", (int64_t)GetLastError(),
                          "console events cannot be waited for");
    } else {
        session_end_watch(on_session_end);
        result = open_streams(console, error);
    }
    if (result != 0) {
        console_close(console);
        return result;
    }
    *out = console;
    return 0;
}

void console_close(struct console *console)
{
    if (console == NULL) {
        return;
    }
    terminal_leave_raw();
    SetConsoleCtrlHandler(on_event, FALSE);
    session_end_forget();
    stream_thread_close(console->in);
    stream_thread_close(console->out[CONSOLE_STDOUT]);
    stream_thread_close(console->out[CONSOLE_STDERR]);
    free(console);
    /* events.event stays: a handler that has just been called may still set it. */
}

/* ---- waiting ------------------------------------------------------------------------------------------------ */

static bool input_ready(const struct console *console)
{
    return console->in_ended || (console->reading && stream_thread_idle(console->in));
}

/* A read is started only when someone waits for it: what is not read stays with whoever comes after us. */
static void start_reading(struct console *console)
{
    if (!console->reading && !console->in_ended) {
        console->reading = true;
        console->used = 0;
        stream_thread_read(console->in);
    }
}

/* A read that brought nothing but another size is over. */
static void take_resize(struct console *console)
{
    const struct stream_result *result;

    if (!console->reading || !stream_thread_idle(console->in)) {
        return;
    }
    result = stream_thread_result(console->in);
    console->resized = console->resized || result->resized;
    if (result->size == 0 && !result->end && result->os_error == 0) {
        console->reading = false;
    }
}

static unsigned ready_now(struct console *console, unsigned interest)
{
    unsigned ready = 0;

    take_resize(console);
    if ((interest & CONSOLE_IN_READABLE) && input_ready(console)) {
        ready |= CONSOLE_IN_READABLE;
    }
    if ((interest & CONSOLE_OUT_WRITABLE) && stream_thread_idle(console->out[CONSOLE_STDOUT])) {
        ready |= CONSOLE_OUT_WRITABLE;
    }
    if ((interest & CONSOLE_ERR_WRITABLE) && stream_thread_idle(console->out[CONSOLE_STDERR])) {
        ready |= CONSOLE_ERR_WRITABLE;
    }
    if (WaitForSingleObject(events.event, 0) == WAIT_OBJECT_0) {
        ResetEvent(events.event); /* before the bits are taken, so that none goes unnoticed */
        ready |= CONSOLE_SIGNALLED;
    }
    if (console->resized) {
        console->resized = false;
        ready |= CONSOLE_RESIZED;
    }
    return ready;
}

int console_wait(struct console *console, intptr_t sandbox, unsigned interest, int timeout, unsigned *happened,
                 struct postern_error *error)
{
    HANDLE list[5];
    DWORD count = 0, limit = timeout < 0 ? INFINITE : (DWORD)timeout;

    if (interest & CONSOLE_IN_READABLE) {
        start_reading(console);
        if (console->in_ended) {
            limit = 0;
        } else {
            list[count++] = stream_thread_event(console->in);
        }
    }
    if (interest & CONSOLE_OUT_WRITABLE) {
        list[count++] = stream_thread_event(console->out[CONSOLE_STDOUT]);
    }
    if (interest & CONSOLE_ERR_WRITABLE) {
        list[count++] = stream_thread_event(console->out[CONSOLE_STDERR]);
    }
    list[count++] = events.event;
    if (sandbox != -1) {
        list[count++] = (HANDLE)sandbox;
    }
    if (WaitForMultipleObjects(count, list, FALSE, limit) == WAIT_FAILED) {
        return error_os(error, POSTERN_E_OS, STAGE, "WaitForMultipleObjects", (int64_t)GetLastError(),
                        "the streams cannot be waited for");
    }
    *happened = ready_now(console, interest);
    return 0;
}

/* ---- streams ------------------------------------------------------------------------------------------------ */

int console_read(struct console *console, void *data, size_t size, size_t *got, struct postern_error *error)
{
    const struct stream_result *result;
    size_t left;

    *got = 0;
    if (console->in_ended) {
        return 0;
    }
    if (!input_ready(console)) {
        return POSTERN_E_WOULD_BLOCK;
    }
    result = stream_thread_result(console->in);
    if (result->os_error != 0) {
        console->in_ended = true;
        return error_os(error, POSTERN_E_OS, STAGE, "ReadFile", (int64_t)result->os_error,
                        "standard input cannot be read");
    }
    left = result->size - console->used;
    *got = left < size ? left : size;
    memcpy(data, result->data + console->used, *got);
    console->used += *got;
    if (console->used == result->size) {
        console->reading = false;
        console->in_ended = result->end;
    }
    return *got > 0 || console->in_ended ? 0 : POSTERN_E_WOULD_BLOCK;
}

void console_close_input(struct console *console)
{
    console->in_ended = true;
    console->reading = false;
    if (console->in == NULL || terminal_is(TERMINAL_STDIN)) {
        return;
    }
    if (stream_thread_close(console->in)) { /* closing would wait for a read that still goes on */
        CloseHandle(GetStdHandle(STD_INPUT_HANDLE));
        SetStdHandle(STD_INPUT_HANDLE, NULL);
    }
    console->in = NULL;
}

/* 0 when the thread is idle and its last write went well. */
static int check_output(const struct console *console, enum console_output output, struct postern_error *error)
{
    const struct stream_thread *thread = console->out[output];
    DWORD os_error;

    if (!stream_thread_idle(thread)) {
        return POSTERN_E_WOULD_BLOCK;
    }
    os_error = stream_thread_result(thread)->os_error;
    switch (os_error) {
    case ERROR_SUCCESS:
        return 0;
    case ERROR_BROKEN_PIPE:
    case ERROR_NO_DATA: /* the pipe is being closed */
    case ERROR_PIPE_NOT_CONNECTED:
        return POSTERN_E_CLOSED;
    default:
        return error_os(error, POSTERN_E_OS, STAGE, "WriteFile", (int64_t)os_error, "%s cannot be written",
                        output_names[output]);
    }
}

int console_write(struct console *console, enum console_output output, const void *data, size_t size, size_t *written,
                  struct postern_error *error)
{
    int result = check_output(console, output, error);

    *written = result == 0 ? stream_thread_write(console->out[output], data, size) : 0;
    if (output == CONSOLE_STDOUT) {
        terminal_watch_output(data, *written);
    }
    return result;
}

int console_flush(struct console *console, enum console_output output, struct postern_error *error)
{
    return check_output(console, output, error);
}

void console_signal_name(int number, char *name, size_t size)
{
    snprintf(name, size, "SIG%d", number); /* nothing is ended by a signal here */
}
