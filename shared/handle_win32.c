/*
 * handle_win32.c - closing and moving HANDLEs, see handle.h. Both sides.
 */
#include "shared/handle.h"

#include <windows.h>

void handle_close(os_handle *handle)
{
    DWORD last = GetLastError();

    if (*handle != OS_HANDLE_NONE) {
        CloseHandle((HANDLE)*handle);
    }
    *handle = OS_HANDLE_NONE;
    SetLastError(last);
}

os_handle handle_take(os_handle *handle)
{
    os_handle taken = *handle;

    *handle = OS_HANDLE_NONE;
    return taken;
}
