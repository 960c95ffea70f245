/*
 * wine_win32.h - whether this is Wine. It has pseudo consoles only in part, so the runner puts a process of its own
 * before commands on them (trampoline_win32.c); nothing that keeps anybody out may depend on it. Both sides, and tests.
 */
#ifndef POSTERN_SHARED_WINE_WIN32_H
#define POSTERN_SHARED_WINE_WIN32_H

#include <stdbool.h>

bool wine_is_here(void);

#endif
