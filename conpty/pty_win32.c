/*
 * pty_win32.c - a pseudo console, see pty.h. Runs in the runner; behind it stands a console host process of the system.
 *
 * ClosePseudoConsole waits (before Windows 11 24H2) until the host has written out everything, so it needs somebody who
 * goes on reading. It is called on a thread of its own, and that thread may outlive pty_close(): the structure belongs
 * to both and goes with the last.
 */
#include "conpty/pty.h"

#include <limits.h>
#include <stdlib.h>
#include <windows.h>

#include "shared/console_keys.h"
#include "shared/pipe_win32.h"

#define STAGE "terminal"

/* Windows 10 1809 and later have them; ReleasePseudoConsole came with Windows 11 24H2. */
typedef HRESULT(WINAPI create_fn)(COORD size, HANDLE input, HANDLE output, DWORD flags, void **console);
typedef HRESULT(WINAPI resize_fn)(void *console, COORD size);
typedef HRESULT(WINAPI release_fn)(void *console);
typedef void(WINAPI close_fn)(void *console);

struct pty {
    volatile LONG owners; /* the caller, and the closing thread while it runs */
    void *console;        /* HPCON */
    os_handle input, output;
    bool finished;            /* the closing thread has the console now */
    struct console_keys keys; /* what the console has asked for */
    resize_fn *resize;
    release_fn *release;
    close_fn *close;
};

/* By way of void (*)(void), which any function pointer may be turned into and back. */
static void (*find_function(const char *name))(void)
{
    HMODULE kernel = GetModuleHandleW(L"kernel32.dll");

    return kernel == NULL ? NULL : (void (*)(void))GetProcAddress(kernel, name);
}

static void release_owner(struct pty *pty)
{
    if (InterlockedDecrement(&pty->owners) == 0) {
        free(pty);
    }
}

static bool to_size(uint16_t rows, uint16_t cols, COORD *out)
{
    out->X = (SHORT)cols;
    out->Y = (SHORT)rows;
    return rows > 0 && cols > 0 && rows <= SHRT_MAX && cols <= SHRT_MAX;
}

static int bad_size(struct postern_error *error, uint16_t rows, uint16_t cols)
{
    return error_set(error, POSTERN_E_INVALID, STAGE, "", "a terminal cannot have %u rows and %u columns",
                     (unsigned)rows, (unsigned)cols);
}

/* ---- opening ---- */

static int create_console(struct pty *pty, COORD size, os_handle *input, os_handle *output, struct postern_error *error)
{
    create_fn *create = (create_fn *)find_function("CreatePseudoConsole");
    HRESULT result;
    int code;

    pty->resize = (resize_fn *)find_function("ResizePseudoConsole");
    pty->release = (release_fn *)find_function("ReleasePseudoConsole");
    pty->close = (close_fn *)find_function("ClosePseudoConsole");
    if (create == NULL || pty->resize == NULL || pty->close == NULL) {
        return error_set(error, POSTERN_E_UNSUPPORTED, STAGE, "CreatePseudoConsole",
                         "this Windows has no pseudo consoles: version 1809 or later is needed");
    }
    code = pipe_create(false, &pty->input, input, error);
    if (code == POSTERN_OK) {
        code = pipe_create(true, &pty->output, output, error);
    }
    if (code != POSTERN_OK) {
        return code;
    }
    /* No flags. INHERIT_CURSOR, the only documented one, would have the host ask us for the cursor's place and wait for
     * it. The others that some builds know (2 resize quirk, 4 win32-input-mode, 8 passthrough) are Windows Terminal's
     * own and may be refused; a host that knows win32-input-mode asks for it in its output. */
    result = create(size, (HANDLE)*input, (HANDLE)*output, 0, &pty->console);
    if (FAILED(result)) {
        pty->console = NULL;
        return error_os(error, POSTERN_E_OS, STAGE, "CreatePseudoConsole", (int64_t)(uint32_t)result,
                        "a pseudo console could not be made");
    }
    return POSTERN_OK;
}

int pty_open(uint16_t rows, uint16_t cols, struct pty **out, struct postern_error *error)
{
    os_handle input = OS_HANDLE_NONE, output = OS_HANDLE_NONE;
    struct pty *pty = NULL;
    COORD size;
    int code;

    if (!to_size(rows, cols, &size)) {
        return bad_size(error, rows, cols);
    }
    pty = calloc(1, sizeof(*pty));
    if (pty == NULL) {
        return error_memory(error, STAGE);
    }
    pty->owners = 1;
    pty->input = pty->output = OS_HANDLE_NONE;
    code = create_console(pty, size, &input, &output, error);
    if (code == POSTERN_OK) {
        *out = pty;
        pty = NULL;
    }
    /* The host has its own copies. Ours would keep the output from ever ending. */
    handle_close(&input);
    handle_close(&output);
    pty_close(pty);
    return code;
}

os_handle pty_take_input(struct pty *pty)
{
    return handle_take(&pty->input);
}

os_handle pty_take_output(struct pty *pty)
{
    return handle_take(&pty->output);
}

os_handle pty_child_end(struct pty *pty)
{
    return (os_handle)pty->console;
}

void pty_child_started(struct pty *pty)
{
    /* The host then ends by itself when the last process has left its console. */
    if (pty->release != NULL) {
        pty->release(pty->console);
    }
}

/* ---- use ---- */

int pty_resize(struct pty *pty, uint16_t rows, uint16_t cols, struct postern_error *error)
{
    COORD size;
    HRESULT result;

    if (!to_size(rows, cols, &size)) {
        return bad_size(error, rows, cols);
    }
    if (pty->finished) {
        return error_set(error, POSTERN_E_STATE, STAGE, "", "the terminal has been closed");
    }
    result = pty->resize(pty->console, size);
    if (result == E_NOTIMPL) {
        return error_set(error, POSTERN_E_UNSUPPORTED, STAGE, "ResizePseudoConsole",
                         "pseudo consoles cannot be resized here");
    }
    if (FAILED(result)) {
        return error_os(error, POSTERN_E_OS, STAGE, "ResizePseudoConsole", (int64_t)(uint32_t)result,
                        "the terminal could not be resized");
    }
    return POSTERN_OK;
}

int pty_signal(struct pty *pty, enum postern_signal signal, struct postern_error *error)
{
    /* Closing the console is what a hangup is here: every process on it gets CTRL_CLOSE_EVENT. */
    if (signal == POSTERN_SIGNAL_HANGUP) {
        pty_finish(pty);
        return POSTERN_OK;
    }
    /* The system offers no call. A ^C written into the input would be a key press, in line behind all others and up to
     * the console's mode; events are sent by a process on the console: runner/agent_win32.h. */
    return error_set(error, POSTERN_E_UNSUPPORTED, STAGE, "", "a pseudo console cannot be sent signals from outside");
}

void pty_watch(struct pty *pty, const void *data, size_t size)
{
    console_keys_watch(&pty->keys, data, size);
}

const char *pty_interrupt(const struct pty *pty)
{
    return pty->keys.on ? CONSOLE_KEYS_CTRL_C : "\x03";
}

const char *pty_end_of_file(void)
{
    return "\x1a\r";
}

/* ---- the end ---- */

static DWORD WINAPI close_console(void *argument)
{
    struct pty *pty = argument;

    pty->close(pty->console);
    release_owner(pty);
    return 0;
}

void pty_finish(struct pty *pty)
{
    HANDLE thread;

    if (pty->finished || pty->console == NULL) {
        return;
    }
    InterlockedIncrement(&pty->owners);
    thread = CreateThread(NULL, 64 * 1024, close_console, pty, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (thread == NULL) {
        /* Tried again by pty_close(). Closing here could wait for a reader that is us. */
        InterlockedDecrement(&pty->owners);
        return;
    }
    pty->finished = true;
    CloseHandle(thread);
}

void pty_close(struct pty *pty)
{
    if (pty == NULL) {
        return;
    }
    handle_close(&pty->input);
    handle_close(&pty->output);
    pty_finish(pty);
    release_owner(pty);
}

/* Output comes through a pipe. */
size_t pty_full_read(void)
{
    return 0;
}
