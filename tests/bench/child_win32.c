/*
 * child_win32.c - bare system calls of the benchmark commands. See child.h.
 */
#include "child.h"

#include <windows.h>

#include <stdio.h>

static HANDLE in, out;

void child_prepare(void)
{
    in = GetStdHandle(STD_INPUT_HANDLE);
    out = GetStdHandle(STD_OUTPUT_HANDLE);
}

bool child_write(const void *data, size_t size)
{
    DWORD put = 0;
    return WriteFile(out, data, (DWORD)size, &put, NULL) && put == size;
}

size_t child_read(void *data, size_t size)
{
    DWORD got = 0;
    return ReadFile(in, data, (DWORD)size, &got, NULL) ? got : 0;
}

bool child_raw(void)
{
    return SetConsoleMode(in, 0) != 0;
}

int child_relay(const char *const *argv, bool tty)
{
    (void)argv;
    (void)tty;
    fprintf(stderr, "bench: there is no relay here\n");
    return 2;
}
