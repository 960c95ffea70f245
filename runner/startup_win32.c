/*
 * startup_win32.c - inherited handles of the runner. See startup.h.
 */
#include "runner/startup.h"

#include <string.h>
#include <windows.h>

#include "runner/trampoline_win32.h"
#include "shared/text.h"

#define STAGE "startup"
#define READ_SIZE 4096u

int startup_prepare(struct postern_error *error)
{
    /* Commands inherit this: a message box that nobody sees must not keep a crashed one alive. */
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    /* And this: whoever started the parent with Ctrl-C turned off did not mean our commands. */
    SetConsoleCtrlHandler(NULL, FALSE);
    /* Our own libraries come from the system, not from a directory that a command can write to. */
    if (!SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32)) {
        return error_os(error, POSTERN_E_OS, STAGE, "SetDefaultDllDirectories", (int64_t)GetLastError(),
                        "the search path for libraries could not be set");
    }
    return POSTERN_OK;
}

int startup_adopt_handle(const char *argument, os_handle *out, struct postern_error *error)
{
    uint64_t number;

    if (strncmp(argument, "handle:", 7) != 0 || !text_parse_u64(argument + 7, &number) || number == 0 ||
        number > INT32_MAX) { /* handles have 32 significant bits; the pseudo handles are negative */
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "\"%s\" does not name a handle", argument);
    }
    if (!SetHandleInformation((HANDLE)(intptr_t)number, HANDLE_FLAG_INHERIT, 0)) {
        return error_os(error, POSTERN_E_INVALID, STAGE, "SetHandleInformation", (int64_t)GetLastError(),
                        "handle %u was not inherited", (unsigned)number);
    }
    *out = (os_handle)number;
    return POSTERN_OK;
}

int startup_read_bootstrap(const char *argument, struct buffer *out, struct postern_error *error)
{
    os_handle handle = OS_HANDLE_NONE;
    int code = startup_adopt_handle(argument, &handle, error);

    while (code == POSTERN_OK) {
        unsigned char *space = buffer_reserve(out, READ_SIZE);
        DWORD got = 0;

        if (space == NULL) {
            code = error_set(error, POSTERN_E_LIMIT, STAGE, "", "the start record is too long");
        } else if (ReadFile((HANDLE)handle, space, READ_SIZE, &got, NULL)) {
            if (got == 0) {
                break;
            }
            buffer_commit(out, got);
        } else if (GetLastError() == ERROR_BROKEN_PIPE) {
            break;
        } else {
            code = error_os(error, POSTERN_E_OS, STAGE, "ReadFile", (int64_t)GetLastError(),
                            "the start record cannot be read");
        }
    }
    handle_close(&handle);
    return code;
}

bool startup_hidden_mode(int argc, char **argv, int *status)
{
    /* Not argv: the C library has squeezed that through the code page. */
    if (argc < 2 || (strcmp(argv[1], TRAMPOLINE_OPTION) != 0 && strcmp(argv[1], CONSOLE_AGENT_OPTION) != 0)) {
        return false;
    }
    *status = trampoline_main();
    return true;
}
