/*
 * trampoline_win32.c - the modes of postern-runner that work on a command's console, see trampoline_win32.h. Runs as
 * the sandbox user, between runner and command.
 */
#include "runner/trampoline_win32.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "shared/environment.h"
#include "shared/process_win32.h"
#include "shared/text.h"
#include "shared/wide.h"
#include "shared/wine_win32.h"

bool trampoline_needed(void)
{
    return wine_is_here();
}

/* Ctrl-C is for the command; we stay until it has ended, and pass on how. */
static BOOL WINAPI ignore_event(DWORD event)
{
    (void)event;
    return TRUE;
}

static os_handle open_console(const wchar_t *name)
{
    return (os_handle)CreateFileW(name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                  OPEN_EXISTING, 0, NULL);
}

/* ---- trampoline ---- */

/* `console`: where the command's output would have gone; we have no stderr. */
static int failure_status(os_handle console, const struct postern_error *error)
{
    char text[1024], line[1100];
    DWORD written;

    error_format(error, text, sizeof(text));
    snprintf(line, sizeof(line), "postern: %s\r\n", text);
    if (console != OS_HANDLE_NONE) {
        WriteFile((HANDLE)console, line, (DWORD)strlen(line), &written, NULL);
    }
    return error->code == POSTERN_E_NOT_FOUND ? TRAMPOLINE_NOT_FOUND : TRAMPOLINE_NOT_EXECUTABLE;
}

static int run_command(const struct process_spec *spec, struct postern_error *error)
{
    struct process process = {OS_HANDLE_NONE, 0};
    struct process_exit status = {0};

    if (process_spawn_win32(spec, PROCESS_CONSOLE_SHARED, NULL, &process, error) != POSTERN_OK) {
        return failure_status(spec->out, error);
    }
    WaitForSingleObject((HANDLE)process.handle, INFINITE);
    process_collect(&process, &status);
    process_close(&process);
    return status.exit_code;
}

/* argv: the mode, the program, and its own arguments from argv[0] on. */
static int trampoline(char **argv)
{
    struct postern_error error = {0};
    struct strings environment = {0};
    struct process_spec spec;
    int status;

    process_spec_init(&spec);
    /* Added after the C library has looked at its handles: ours are of no use. */
    SetConsoleCtrlHandler(ignore_event, TRUE);
    spec.in = open_console(L"CONIN$");
    spec.out = open_console(L"CONOUT$");
    spec.err = spec.out;
    spec.program = argv[1];
    spec.argv = (const char *const *)&argv[2];
    if (spec.in == OS_HANDLE_NONE || spec.out == OS_HANDLE_NONE) {
        error_os(&error, POSTERN_E_OS, "spawn", "CreateFileW", (int64_t)GetLastError(), "the console did not open");
        status = failure_status(spec.out, &error);
    } else if (!environment_of_process(&environment) || strings_array(&environment) == NULL) {
        error_memory(&error, "spawn");
        status = failure_status(spec.out, &error);
    } else {
        spec.env = (const char *const *)environment.item;
        status = run_command(&spec, &error);
    }
    strings_free(&environment);
    handle_close(&spec.in);
    handle_close(&spec.out);
    return status;
}

/* ---- console agent ---- */

/* The window must fit into the buffer at every moment, so the one that grows comes first. */
static bool set_size(HANDLE console, SHORT rows, SHORT cols)
{
    CONSOLE_SCREEN_BUFFER_INFO now;
    COORD size = {cols, rows};
    SMALL_RECT window = {0, 0, (SHORT)(cols - 1), (SHORT)(rows - 1)};
    SMALL_RECT smaller;

    if (!GetConsoleScreenBufferInfo(console, &now)) {
        return false;
    }
    smaller = window;
    if (smaller.Right > now.srWindow.Right - now.srWindow.Left) {
        smaller.Right = (SHORT)(now.srWindow.Right - now.srWindow.Left);
    }
    if (smaller.Bottom > now.srWindow.Bottom - now.srWindow.Top) {
        smaller.Bottom = (SHORT)(now.srWindow.Bottom - now.srWindow.Top);
    }
    return SetConsoleWindowInfo(console, TRUE, &smaller) && SetConsoleScreenBufferSize(console, size) &&
           SetConsoleWindowInfo(console, TRUE, &window);
}

static bool resize(const char *rows_text, const char *cols_text)
{
    os_handle console = OS_HANDLE_NONE;
    uint64_t rows, cols;
    bool ok;

    if (!text_parse_u64(rows_text, &rows) || !text_parse_u64(cols_text, &cols) || rows == 0 || rows > SHRT_MAX ||
        cols == 0 || cols > SHRT_MAX) {
        return false;
    }
    console = open_console(L"CONOUT$");
    ok = console != OS_HANDLE_NONE && set_size((HANDLE)console, (SHORT)rows, (SHORT)cols);
    handle_close(&console);
    return ok;
}

/* argv: the mode, the process id, what to do. */
static int console_agent(char **argv, size_t count)
{
    uint64_t pid;
    bool ok = false;

    if (count < 3 || !text_parse_u64(argv[1], &pid) || pid > UINT32_MAX) {
        return 2;
    }
    FreeConsole(); /* at most one; we should have none */
    if (!AttachConsole((DWORD)pid)) {
        return 1;
    }
    SetConsoleCtrlHandler(ignore_event, TRUE); /* group 0 is everybody on the console, us included */
    if (strcmp(argv[2], "interrupt") == 0) {
        ok = GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0) != FALSE;
    } else if (strcmp(argv[2], "break") == 0) {
        ok = GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, 0) != FALSE;
    } else if (strcmp(argv[2], "resize") == 0 && count == 5) {
        ok = resize(argv[3], argv[4]);
    }
    return ok ? 0 : 1;
}

int trampoline_main(void)
{
    struct postern_error error = {0};
    struct strings arguments = {0};
    int status = 2;

    if (wide_arguments(&arguments, &error) != POSTERN_OK) {
        status = TRAMPOLINE_NOT_EXECUTABLE;
    } else if (arguments.count >= 4 && strcmp(arguments.item[1], TRAMPOLINE_OPTION) == 0) {
        status = trampoline(arguments.item + 1);
    } else if (arguments.count >= 2 && strcmp(arguments.item[1], CONSOLE_AGENT_OPTION) == 0) {
        status = console_agent(arguments.item + 1, arguments.count - 1);
    }
    strings_free(&arguments);
    return status;
}
