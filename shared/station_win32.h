/*
 * station_win32.h - what window stations and desktops are called. Callers: the runner (desktop_win32.c), the parent
 * (probe_host_win32.c), `postern doctor`. Both sides.
 */
#ifndef POSTERN_SHARED_STATION_WIN32_H
#define POSTERN_SHARED_STATION_WIN32_H

#include <windows.h>

/* Of a window station or a desktop: "WinSta0", "Default"; "" where the system gives it none. Allocated; NULL: see
 * GetLastError(). */
char *station_object_name(HANDLE object);

#endif
