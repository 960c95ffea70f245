/*
 * pair_win32.c - the two ends of a named pipe, both for overlapped use. See pair.h.
 */
#include "tests/support/pair.h"

#include <stdlib.h>

#include <windows.h>

#include "shared/pipe_win32.h"
#include "shared/wide.h"
#include "tests/support/test.h"

void pair_open(os_handle *one, os_handle *other)
{
    char name[PIPE_NAME_SIZE];
    wchar_t *wide;

    assert_true(pipe_random_name(name));
    wide = wide_from_utf8(name);
    assert_non_null(wide);
    *one =
        (os_handle)CreateNamedPipeW(wide, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                                    PIPE_TYPE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, 65536, 65536, 0, NULL);
    assert_true(*one != OS_HANDLE_NONE);
    *other =
        (os_handle)CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    assert_true(*other != OS_HANDLE_NONE);
    free(wide);
}

bool pair_wait(os_handle handle, int timeout_ms)
{
    return WaitForSingleObject((HANDLE)handle, timeout_ms < 0 ? INFINITE : (DWORD)timeout_ms) == WAIT_OBJECT_0;
}
