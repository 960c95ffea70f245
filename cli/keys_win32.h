/*
 * keys_win32.h - what is typed at a console, as UTF-8. Caller: stream_thread_win32.c, on its reader thread. Parent
 * side.
 */
#ifndef POSTERN_CLI_KEYS_WIN32_H
#define POSTERN_CLI_KEYS_WIN32_H

#include <stdbool.h>
#include <stddef.h>
#include <windows.h>

#define KEYS_UNITS 8192u             /* UTF-16 units of one read */
#define KEYS_BYTES (3u * KEYS_UNITS) /* the UTF-8 of so many */

struct keys {
    wchar_t units[KEYS_UNITS];
    size_t kept; /* units[0, kept): the first half of a pair, waiting for the second */
};

/* Waits for input. `raw`: every key at once, and *resized when the window's size has changed; else a line as the user
 * has edited it, with Ctrl-Z at its start as the end. *got may be 0 without anything being wrong; *end: there will be
 * no more. Returns 0 or the number of a Windows error. `data` has KEYS_BYTES. */
DWORD keys_read(struct keys *keys, HANDLE console, bool raw, char *data, size_t *got, bool *resized, bool *end);

#endif
