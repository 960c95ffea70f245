/*
 * The caller's console on Windows; see terminal.h. Parent side.
 */
#include "cli/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <windows.h>

#include "shared/error.h"

#define STAGE "terminal"

/* Written by the main thread, read by the crash handlers too: `wants_raw` is set last and cleared last. */
static struct {
    HANDLE in, out; /* out: NULL when stdout is no console */
    DWORD in_before, out_before;
    bool prepared;
    volatile LONG wants_raw;
    LPTOP_LEVEL_EXCEPTION_FILTER filter_before;
} terminal;

static HANDLE handle_of(enum terminal_stream stream)
{
    static const DWORD numbers[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};

    return GetStdHandle(numbers[stream]);
}

bool terminal_is(enum terminal_stream stream)
{
    DWORD mode;

    return GetConsoleMode(handle_of(stream), &mode) != 0;
}

static bool size_of(HANDLE console, uint16_t *rows, uint16_t *cols)
{
    CONSOLE_SCREEN_BUFFER_INFO info;

    if (!GetConsoleScreenBufferInfo(console, &info)) {
        return false;
    }
    *rows = (uint16_t)(info.srWindow.Bottom - info.srWindow.Top + 1);
    *cols = (uint16_t)(info.srWindow.Right - info.srWindow.Left + 1);
    return *rows > 0 && *cols > 0;
}

bool terminal_size(uint16_t *rows, uint16_t *cols)
{
    HANDLE console;
    bool known;

    if (size_of(handle_of(TERMINAL_STDOUT), rows, cols) || size_of(handle_of(TERMINAL_STDERR), rows, cols)) {
        return true;
    }
    if (!terminal_is(TERMINAL_STDIN)) {
        return false;
    }
    console = CreateFileW(L"CONOUT$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                          OPEN_EXISTING, 0, NULL);
    known = console != INVALID_HANDLE_VALUE && size_of(console, rows, cols);
    if (console != INVALID_HANDLE_VALUE) {
        CloseHandle(console);
    }
    return known;
}

bool terminal_in_background(void)
{
    return false; /* consoles know no jobs */
}

void terminal_leave_raw(void)
{
    if (!InterlockedExchange(&terminal.wants_raw, 0)) {
        return;
    }
    SetConsoleMode(terminal.in, terminal.in_before);
    if (terminal.out != NULL) {
        SetConsoleMode(terminal.out, terminal.out_before);
    }
}

static void on_abort(int number)
{
    (void)number;
    terminal_leave_raw();
}

static LONG WINAPI on_exception(EXCEPTION_POINTERS *exception)
{
    terminal_leave_raw();
    return terminal.filter_before != NULL ? terminal.filter_before(exception) : EXCEPTION_CONTINUE_SEARCH;
}

static int prepare(struct postern_error *error)
{
    terminal.in = handle_of(TERMINAL_STDIN);
    terminal.out = handle_of(TERMINAL_STDOUT);
    if (!GetConsoleMode(terminal.in, &terminal.in_before)) {
        return error_os(error, POSTERN_E_OS, STAGE, "GetConsoleMode", (int64_t)GetLastError(),
                        "standard input is no usable console");
    }
    if (!GetConsoleMode(terminal.out, &terminal.out_before)) {
        terminal.out = NULL;
    }
    if (atexit(terminal_leave_raw) != 0) {
        return error_memory(error, STAGE);
    }
    signal(SIGABRT, on_abort);
    terminal.filter_before = SetUnhandledExceptionFilter(on_exception);
    terminal.prepared = true;
    return 0;
}

int terminal_enter_raw(struct postern_error *error)
{
    DWORD in, out;

    if (!terminal.prepared) {
        int result = prepare(error);
        if (result != 0) {
            return result;
        }
    }
    in = terminal.in_before & ~(DWORD)(ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_PROCESSED_INPUT |
                                       ENABLE_QUICK_EDIT_MODE | ENABLE_MOUSE_INPUT);
    in |= ENABLE_WINDOW_INPUT | ENABLE_EXTENDED_FLAGS;
    out = terminal.out_before | ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING;
    InterlockedExchange(&terminal.wants_raw, 1);
    /* Consoles before Windows 10 do not know the VT modes: keys without a character are lost there, nothing else. */
    if (!SetConsoleMode(terminal.in, in | ENABLE_VIRTUAL_TERMINAL_INPUT) && !SetConsoleMode(terminal.in, in)) {
        DWORD os_error = GetLastError();
        terminal_leave_raw();
        return error_os(error, POSTERN_E_OS, STAGE, "SetConsoleMode", (int64_t)os_error,
                        "the console cannot be set to raw mode");
    }
    if (terminal.out != NULL && !SetConsoleMode(terminal.out, out | DISABLE_NEWLINE_AUTO_RETURN)) {
        SetConsoleMode(terminal.out, out);
    }
    return 0;
}

bool terminal_wants_raw(void)
{
    return terminal.wants_raw != 0;
}
