/*
 * handed_win32.c - the ends of a command's pipes that the parent has put into this process, see handed.h. Runs in the
 * runner.
 */
#include "runner/handed.h"

#include <windows.h>

#define STAGE "spawn"

/* A number that is no pipe is a mistake of the parent's, and may be a handle of something else: it stays. */
static int take(uint32_t number, os_handle *end, struct postern_error *error)
{
    HANDLE handle = (HANDLE)(uintptr_t)number;

    if (number == 0) {
        return POSTERN_OK;
    }
    if (GetFileType(handle) != FILE_TYPE_PIPE) {
        return error_os(error, POSTERN_E_PROTOCOL, STAGE, "GetFileType", (int64_t)GetLastError(),
                        "handle %u, named for a stream of the command, is no pipe", (unsigned)number);
    }
    *end = (os_handle)handle;
    return POSTERN_OK;
}

int handed_take(const struct message_spawn *spawn, struct handed *out, struct postern_error *error)
{
    int code = POSTERN_OK;

    for (int i = 0; i < 3; i++) {
        int taken;

        out->end[i] = OS_HANDLE_NONE;
        taken = take(spawn->handle[i], &out->end[i], code == POSTERN_OK ? error : NULL);
        if (code == POSTERN_OK) {
            code = taken;
        }
    }
    return code;
}

void handed_close(struct handed *handed)
{
    for (int i = 0; i < 3; i++) {
        handle_close(&handed->end[i]);
    }
}
