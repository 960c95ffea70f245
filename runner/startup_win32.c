/*
 * startup_win32.c - what the runner was given, by inheritance or in a file. See startup.h.
 */
#include "runner/startup.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "runner/trampoline_win32.h"
#include "runner/trial_win32.h"
#include "shared/text.h"
#include "shared/wide.h"

#define STAGE "startup"
#define READ_SIZE 4096u

int startup_prepare(struct postern_error *error)
{
    /* Commands inherit this: a message box that nobody sees must not keep a crashed one alive. */
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    /* And this: whoever started the parent with Ctrl-C turned off did not mean our commands. */
    SetConsoleCtrlHandler(NULL, FALSE);
    /* A logon as another account always comes with one, which nobody sees. Commands get their own. */
    FreeConsole();
    /* Our own libraries come from the system, not from a directory that a command can write to. */
    if (!SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32)) {
        return error_os(error, POSTERN_E_OS, STAGE, "SetDefaultDllDirectories", (int64_t)GetLastError(),
                        "the search path for libraries could not be set");
    }
    return POSTERN_OK;
}

static int adopt(uint64_t number, os_handle *out, struct postern_error *error)
{
    if (!SetHandleInformation((HANDLE)(intptr_t)number, HANDLE_FLAG_INHERIT, 0)) {
        return error_os(error, POSTERN_E_INVALID, STAGE, "SetHandleInformation", (int64_t)GetLastError(),
                        "handle %u was not inherited", (unsigned)number);
    }
    *out = (os_handle)number;
    return POSTERN_OK;
}

int startup_adopt_handle(const char *argument, os_handle *out, struct postern_error *error)
{
    uint64_t number;

    if (strncmp(argument, "handle:", 7) != 0 || !text_parse_u64(argument + 7, &number) || number == 0 ||
        number > INT32_MAX) { /* handles have 32 significant bits; the pseudo handles are negative */
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "\"%s\" does not name a handle", argument);
    }
    return adopt(number, out, error);
}

int startup_adopt_number(os_handle number, os_handle *out, struct postern_error *error)
{
    *out = OS_HANDLE_NONE;
    if (number == 0) {
        return POSTERN_OK;
    }
    if (number < 0 || number > INT32_MAX) {
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "the start record names no handle");
    }
    return adopt((uint64_t)number, out, error);
}

/* Reads once, at most to the limit. The byte that is one too many goes into `beyond`. */
static int read_some(HANDLE handle, struct buffer *out, bool *ended, struct postern_error *error)
{
    size_t room = buffer_room(out);
    DWORD size = room == 0 ? 1 : room < READ_SIZE ? (DWORD)room : READ_SIZE;
    unsigned char beyond;
    unsigned char *space = room == 0 ? &beyond : buffer_reserve(out, size);
    DWORD got = 0;

    if (space == NULL) {
        return error_memory(error, STAGE);
    }
    if (!ReadFile(handle, space, size, &got, NULL) && GetLastError() != ERROR_BROKEN_PIPE) {
        return error_os(error, POSTERN_E_OS, STAGE, "ReadFile", (int64_t)GetLastError(),
                        "the start record cannot be read");
    }
    *ended = got == 0;
    if (got > 0 && room == 0) {
        return error_set(error, POSTERN_E_LIMIT, STAGE, "", "the start record is too long");
    }
    buffer_commit(out, got);
    return POSTERN_OK;
}

/* For us alone while it is open, and gone when it is closed. What it names is opened, not where a link there leads. */
static int open_record(const char *path, os_handle *out, struct postern_error *error)
{
    BY_HANDLE_FILE_INFORMATION information;
    HANDLE file = INVALID_HANDLE_VALUE;
    wchar_t *wide = wide_path(path);
    DWORD failure;
    int code = POSTERN_OK;

    if (wide != NULL) {
        file = CreateFileW(wide, GENERIC_READ | DELETE, 0, NULL, OPEN_EXISTING,
                           FILE_FLAG_DELETE_ON_CLOSE | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    }
    failure = GetLastError();
    free(wide);
    if (file == INVALID_HANDLE_VALUE) {
        return error_os(error, POSTERN_E_OS, STAGE, "CreateFileW", (int64_t)failure,
                        "the start record cannot be opened");
    }
    if (GetFileType(file) != FILE_TYPE_DISK || !GetFileInformationByHandle(file, &information) ||
        (information.dwFileAttributes & (FILE_ATTRIBUTE_REPARSE_POINT | FILE_ATTRIBUTE_DIRECTORY)) != 0) {
        code = error_set(error, POSTERN_E_INVALID, STAGE, "", "the start record is no ordinary file");
        CloseHandle(file);
    } else {
        *out = (os_handle)file;
    }
    return code;
}

int startup_read_bootstrap(const char *argument, struct buffer *out, struct postern_error *error)
{
    os_handle handle = OS_HANDLE_NONE;
    bool ended = false, file = strncmp(argument, "file:", 5) == 0;
    int code = file ? open_record(argument + 5, &handle, error) : startup_adopt_handle(argument, &handle, error);

    while (code == POSTERN_OK && !ended) {
        code = read_some((HANDLE)handle, out, &ended, error);
    }
    handle_close(&handle);
    return code;
}

bool startup_hidden_mode(int argc, char **argv, int *status)
{
    static const struct {
        const char *option;
        int (*run)(void);
    } modes[] = {
        {TRAMPOLINE_OPTION, trampoline_main}, {CONSOLE_AGENT_OPTION, trampoline_main}, {TRIAL_OPTION, trial_main}};

    /* Only to choose: the C library has squeezed argv through the code page, so they read the command line again. */
    for (size_t i = 0; argc >= 2 && i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(argv[1], modes[i].option) == 0) {
            *status = modes[i].run();
            return true;
        }
    }
    return false;
}
