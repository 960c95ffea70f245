/*
 * The caller's console on Windows; see terminal.h. Parent side.
 */
#include "cli/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <windows.h>

#include "shared/console_keys.h"
#include "shared/error.h"

#define STAGE "terminal"

/* Written by the main thread, read by the crash and event handlers too: the two flags are set last and cleared first.
 */
static struct {
    HANDLE in, out;
    DWORD in_before, out_before;
    UINT page_before;
    bool prepared;
    volatile LONG wants_raw, changed_output;
    struct console_keys asked; /* by the command's console of ours */
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

static void leave_output(void)
{
    static const char off[] = CONSOLE_KEYS_OFF;
    DWORD written;

    if (!InterlockedExchange(&terminal.changed_output, 0)) {
        return;
    }
    if (terminal.asked.on) {
        WriteFile(terminal.out, off, sizeof(off) - 1, &written, NULL);
    }
    SetConsoleMode(terminal.out, terminal.out_before);
    SetConsoleOutputCP(terminal.page_before);
}

void terminal_leave_raw(void)
{
    leave_output();
    if (InterlockedExchange(&terminal.wants_raw, 0)) {
        SetConsoleMode(terminal.in, terminal.in_before);
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

/* Whatever ends us, the console is given back: exit(), abort(), a crash; console_win32.c sees to its closing. */
static bool prepare(void)
{
    if (!terminal.prepared && atexit(terminal_leave_raw) == 0) {
        signal(SIGABRT, on_abort);
        terminal.filter_before = SetUnhandledExceptionFilter(on_exception);
        terminal.prepared = true;
    }
    return terminal.prepared;
}

int terminal_enter_raw(struct postern_error *error)
{
    DWORD mode;

    if (!prepare()) {
        return error_memory(error, STAGE);
    }
    if (!terminal.wants_raw) {
        terminal.in = handle_of(TERMINAL_STDIN);
        if (!GetConsoleMode(terminal.in, &terminal.in_before)) {
            return error_os(error, POSTERN_E_OS, STAGE, "GetConsoleMode", (int64_t)GetLastError(),
                            "standard input is no usable console");
        }
    }
    mode = terminal.in_before & ~(DWORD)(ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_PROCESSED_INPUT |
                                         ENABLE_QUICK_EDIT_MODE | ENABLE_MOUSE_INPUT);
    mode |= ENABLE_WINDOW_INPUT | ENABLE_EXTENDED_FLAGS;
    InterlockedExchange(&terminal.wants_raw, 1);
    /* Consoles before Windows 10 do not know the VT modes: keys without a character are lost there, nothing else. */
    if (!SetConsoleMode(terminal.in, mode | ENABLE_VIRTUAL_TERMINAL_INPUT) && !SetConsoleMode(terminal.in, mode)) {
        DWORD os_error = GetLastError();
        terminal_leave_raw();
        return error_os(error, POSTERN_E_OS, STAGE, "SetConsoleMode", (int64_t)os_error,
                        "the console cannot be set to raw mode");
    }
    return 0;
}

void terminal_enter_output(void)
{
    DWORD mode;

    terminal.out = handle_of(TERMINAL_STDOUT);
    if (terminal.changed_output || !GetConsoleMode(terminal.out, &terminal.out_before) || !prepare()) {
        return;
    }
    mode = terminal.out_before | ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING;
    terminal.page_before = GetConsoleOutputCP();
    InterlockedExchange(&terminal.changed_output, 1);
    if (!SetConsoleMode(terminal.out, mode | DISABLE_NEWLINE_AUTO_RETURN)) {
        SetConsoleMode(terminal.out, mode);
    }
    /* A pseudo console always speaks UTF-8, the caller's usually the code page of its country. */
    SetConsoleOutputCP(CP_UTF8);
}

void terminal_watch_output(const void *data, size_t size)
{
    if (terminal.changed_output) {
        console_keys_watch(&terminal.asked, data, size);
    }
}

bool terminal_wants_raw(void)
{
    return terminal.wants_raw != 0;
}
