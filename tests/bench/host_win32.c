/*
 * host_win32.c - clock, processors and plain commands on Windows. See host.h. The floor is a pair of named pipes with
 * blocking reads and writes between two processes: less cannot carry a command's streams here.
 */
#include "host.h"

#include <windows.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIPE_SIZE (1024 * 1024)
#define COMMAND_LINE_MAX 4096

double host_now(void)
{
    LARGE_INTEGER frequency, now;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&now);
    return (double)now.QuadPart / (double)frequency.QuadPart;
}

int host_pin(bool one)
{
    DWORD_PTR own, all;
    int last = 0;
    if (!GetProcessAffinityMask(GetCurrentProcess(), &own, &all))
        return -1;
    for (int cpu = 0; cpu < (int)sizeof(all) * 8; cpu++)
        if ((all >> cpu & 1) != 0)
            last = cpu;
    return SetProcessAffinityMask(GetCurrentProcess(), one ? (DWORD_PTR)1 << last : all) ? last : -1;
}

static void to_utf8(const wchar_t *from, char *to, int size)
{
    if (WideCharToMultiByte(CP_UTF8, 0, from, -1, to, size, NULL, NULL) == 0)
        to[0] = '\0';
}

const char *host_self(void)
{
    static char path[4096];
    wchar_t wide[1024];
    if (!path[0] && GetModuleFileNameW(NULL, wide, 1024) > 0)
        to_utf8(wide, path, sizeof(path));
    return path;
}

/* ---- plain commands ---- */

/* Handles fit into 32 bits also in 64-bit programs, so that they fit into a long. */
static HANDLE as_handle(long value)
{
    return (HANDLE)(intptr_t)value;
}

static void close_end(long *end)
{
    if (*end != -1)
        CloseHandle(as_handle(*end));
    *end = -1;
}

/* `to_child`: we write. The child's end can be inherited. */
static bool open_pipe(bool to_child, HANDLE *ours, HANDLE *theirs)
{
    static unsigned counter;
    wchar_t name[64];
    SECURITY_ATTRIBUTES inherit = {.nLength = sizeof(inherit), .bInheritHandle = TRUE};
    _snwprintf(name, 64, L"\\\\.\\pipe\\postern-bench-%lu-%u", (unsigned long)GetCurrentProcessId(), counter++);
    *ours = CreateNamedPipeW(
        name, (to_child ? PIPE_ACCESS_OUTBOUND : PIPE_ACCESS_INBOUND) | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, PIPE_SIZE, PIPE_SIZE, 0, NULL);
    if (*ours == INVALID_HANDLE_VALUE)
        return false;
    *theirs = CreateFileW(name, to_child ? GENERIC_READ : GENERIC_WRITE, 0, &inherit, OPEN_EXISTING, 0, NULL);
    if (*theirs == INVALID_HANDLE_VALUE)
        CloseHandle(*ours);
    return *theirs != INVALID_HANDLE_VALUE;
}

/* The benchmark's own arguments need no quoting but for blanks in paths. */
static void make_command_line(const char *const *argv, wchar_t *out)
{
    char line[COMMAND_LINE_MAX] = "";
    for (size_t i = 0; argv[i]; i++) {
        size_t length = strlen(line);
        snprintf(line + length, sizeof(line) - length, "%s\"%s\"", i > 0 ? " " : "", argv[i]);
    }
    MultiByteToWideChar(CP_UTF8, 0, line, -1, out, COMMAND_LINE_MAX);
}

bool direct_start(const char *const *argv, enum direct_kind kind, struct direct *out)
{
    wchar_t line[COMMAND_LINE_MAX];
    STARTUPINFOW startup = {.cb = sizeof(startup), .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    HANDLE in[2] = {NULL, NULL}, result[2] = {NULL, NULL};
    *out = (struct direct){.kind = kind, .in = -1, .out = -1};
    make_command_line(argv, line);
    if (kind == DIRECT_PIPES && (!open_pipe(true, &in[0], &in[1]) || !open_pipe(false, &result[0], &result[1])))
        return false;
    startup.hStdInput = in[1];
    startup.hStdOutput = startup.hStdError = result[1];
    BOOL good = CreateProcessW(NULL, line, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &startup, &process);
    if (!good)
        fprintf(stderr, "bench: %s could not be started: error %lu\n", argv[0], GetLastError());
    if (kind == DIRECT_PIPES) {
        CloseHandle(in[1]);
        CloseHandle(result[1]);
        out->in = (long)(intptr_t)in[0];
        out->out = (long)(intptr_t)result[0];
    }
    if (!good) {
        close_end(&out->in);
        close_end(&out->out);
        return false;
    }
    CloseHandle(process.hThread);
    out->process = (long)(intptr_t)process.hProcess;
    return true;
}

size_t direct_read(struct direct *direct, void *data, size_t size)
{
    DWORD got = 0;
    return ReadFile(as_handle(direct->out), data, (DWORD)size, &got, NULL) ? got : 0;
}

bool direct_write(struct direct *direct, const void *data, size_t size)
{
    DWORD put = 0;
    return WriteFile(as_handle(direct->in), data, (DWORD)size, &put, NULL) && put == size;
}

bool direct_finish(struct direct *direct)
{
    DWORD status = 1;
    close_end(&direct->in);
    close_end(&direct->out);
    if (direct->process != 0) {
        WaitForSingleObject(as_handle(direct->process), INFINITE);
        GetExitCodeProcess(as_handle(direct->process), &status);
        CloseHandle(as_handle(direct->process));
    }
    direct->process = 0;
    return status == 0;
}

void direct_kill(struct direct *direct)
{
    if (direct->process != 0)
        TerminateProcess(as_handle(direct->process), 1);
    (void)direct_finish(direct);
}
