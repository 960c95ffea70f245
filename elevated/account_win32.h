/*
 * account_win32.h - the one call that logs an account on. Private to elevated/account*win32.c; in a file of its own, so
 * that a test can start the program as its own user instead.
 */
#ifndef POSTERN_ELEVATED_ACCOUNT_WIN32_H
#define POSTERN_ELEVATED_ACCOUNT_WIN32_H

#include <windows.h>

struct account_call {
    const wchar_t *name, *password, *program;
    wchar_t *line; /* the system may write to it */
    const wchar_t *cwd;
};

/* The number of the system's error, 0: the program is there, suspended, and *out holds its handles with all rights. */
DWORD account_logon(const struct account_call *call, PROCESS_INFORMATION *out);

#endif
