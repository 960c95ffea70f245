/*
 * handle_linux.c - closing and moving file descriptors. Called everywhere; both sides.
 */
#include "shared/handle.h"

#include <errno.h>
#include <unistd.h>

void handle_close(os_handle *handle)
{
    int saved = errno;

    if (*handle != OS_HANDLE_NONE) {
        /* Not repeated on EINTR: Linux has released the number by then, another thread may own it already. */
        (void)close((int)*handle);
        *handle = OS_HANDLE_NONE;
    }
    errno = saved;
}

os_handle handle_take(os_handle *handle)
{
    os_handle taken = *handle;

    *handle = OS_HANDLE_NONE;
    return taken;
}
