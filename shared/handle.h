/*
 * handle.h - one type for what the system calls a file descriptor or a HANDLE. Both sides.
 */
#ifndef POSTERN_SHARED_HANDLE_H
#define POSTERN_SHARED_HANDLE_H

#include <stddef.h>
#include <stdint.h>

typedef intptr_t os_handle;
#define OS_HANDLE_NONE ((os_handle)-1)

/* Closes and resets to none; does nothing for none. Never fails visibly; keeps errno / last error. */
void handle_close(os_handle *handle);

/* Moves: returns the handle and leaves none behind. */
os_handle handle_take(os_handle *handle);

#endif
