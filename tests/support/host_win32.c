/*
 * host_win32.c - see host.h. Paths of the tests are ASCII, so the narrow calls do.
 */
#include "tests/support/host.h"

#include <windows.h>

#include <process.h>
#include <psapi.h>
#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- standard streams ---- */

os_handle host_stream(int stream)
{
    static const DWORD names[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    return (os_handle)GetStdHandle(names[stream]);
}

ptrdiff_t host_read_handle(os_handle handle, void *data, size_t size)
{
    DWORD got = 0;
    if (ReadFile((HANDLE)handle, data, (DWORD)size, &got, NULL))
        return (ptrdiff_t)got;
    return GetLastError() == ERROR_BROKEN_PIPE ? 0 : -1;
}

ptrdiff_t host_read(void *data, size_t size)
{
    return host_read_handle(host_stream(0), data, size);
}

bool host_write(int stream, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        DWORD done = 0, piece = size < 65536 ? (DWORD)size : 65536;
        if (!WriteFile((HANDLE)host_stream(stream), at, piece, &done, NULL))
            return false;
        at += done;
        size -= done;
    }
    return true;
}

bool host_is_terminal(int stream)
{
    DWORD mode;
    return GetConsoleMode((HANDLE)host_stream(stream), &mode) != 0;
}

char **host_arguments(int argc, char **argv)
{
    int count = 0;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    char **texts = wide && count == argc ? calloc((size_t)count + 1, sizeof(*texts)) : NULL;
    for (int i = 0; texts && i < count; i++) {
        int size = WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, NULL, 0, NULL, NULL);
        texts[i] = calloc((size_t)size + 1, 1);
        if (texts[i])
            WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, texts[i], size, NULL, NULL);
    }
    LocalFree(wide);
    return texts ? texts : argv;
}

/* ---- processes ---- */

bool host_kill(uint32_t pid)
{
    HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, pid);
    bool done = process && TerminateProcess(process, 137);
    if (process)
        CloseHandle(process);
    return done;
}

os_handle host_open_process(uint32_t pid)
{
    HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, pid);
    return process ? (os_handle)process : OS_HANDLE_NONE;
}

bool host_ended_within(os_handle process, int milliseconds)
{
    return WaitForSingleObject((HANDLE)process, (DWORD)milliseconds) == WAIT_OBJECT_0;
}

bool host_lives(uint32_t pid)
{
    os_handle process = host_open_process(pid);
    bool lives = process != OS_HANDLE_NONE && !host_ended_within(process, 0);
    handle_close(&process);
    return lives;
}

os_handle host_find_marked(const char *mark, uint32_t pid)
{
    (void)mark;
    return host_open_process(pid);
}

uint32_t host_parent_of(uint32_t pid)
{
    (void)pid;
    return 0;
}

bool host_pipe(os_handle *reader, os_handle *writer)
{
    HANDLE ends[2];
    if (!CreatePipe(&ends[0], &ends[1], NULL, 0))
        return false;
    *reader = (os_handle)ends[0];
    *writer = (os_handle)ends[1];
    return true;
}

void host_sleep(int milliseconds)
{
    Sleep((DWORD)milliseconds);
}

void host_sleep_forever(void)
{
    for (;;)
        Sleep(INFINITE);
}

uint64_t host_memory(void)
{
    PROCESS_MEMORY_COUNTERS counters = {.cb = sizeof(counters)};
    return K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof(counters)) ? counters.PagefileUsage : 0;
}

bool host_is_wine(void)
{
    return GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version") != NULL;
}

bool host_has_direct_streams(void)
{
    return true;
}

const char *host_slowness(void)
{
    return host_is_wine() ? "Wine" : getenv("POSTERN_TEST_SMALL") ? "POSTERN_TEST_SMALL is set" : NULL;
}

/* ---- files ---- */

bool host_make_directory(char *out, size_t size)
{
    static unsigned count;
    char base[MAX_PATH];
    if (GetTempPathA(sizeof(base), base) == 0)
        return false;
    int length = snprintf(out, size, "%spostern-test-%lu-%u", base, (unsigned long)GetCurrentProcessId(), count++);
    return length > 0 && (size_t)length < size && CreateDirectoryA(out, NULL);
}

void host_remove_directory(const char *path)
{
    char name[2 * MAX_PATH];
    WIN32_FIND_DATAA entry;
    snprintf(name, sizeof(name), "%s\\*", path);
    HANDLE search = FindFirstFileA(name, &entry);
    if (search != INVALID_HANDLE_VALUE) {
        do {
            snprintf(name, sizeof(name), "%s\\%s", path, entry.cFileName);
            DeleteFileA(name);
        } while (FindNextFileA(search, &entry));
        FindClose(search);
    }
    RemoveDirectoryA(path);
}

bool host_change_directory(const char *path)
{
    return SetCurrentDirectoryA(path) != 0;
}

bool host_copy_file(const char *from, const char *to)
{
    return CopyFileA(from, to, FALSE) != 0;
}

/* ---- waiting and threads ---- */

int host_wait_any(const intptr_t *handles, size_t count, int milliseconds)
{
    HANDLE waited[16] = {NULL};
    if (count == 0 || count > sizeof(waited) / sizeof(waited[0]))
        return -1;
    for (size_t i = 0; i < count; i++)
        waited[i] = (HANDLE)handles[i];
    DWORD signalled = WaitForMultipleObjects((DWORD)count, waited, FALSE, (DWORD)milliseconds);
    return signalled < WAIT_OBJECT_0 + count ? (int)(signalled - WAIT_OBJECT_0) : -1;
}

struct host_thread {
    HANDLE handle;
    void (*run)(void *context);
    void *context;
};

static unsigned __stdcall enter(void *argument)
{
    struct host_thread *thread = argument;
    thread->run(thread->context);
    return 0;
}

struct host_thread *host_thread_start(void (*run)(void *context), void *context)
{
    struct host_thread *thread = calloc(1, sizeof(*thread));
    if (!thread)
        return NULL;
    thread->run = run;
    thread->context = context;
    thread->handle = (HANDLE)_beginthreadex(NULL, 0, enter, thread, 0, NULL);
    if (!thread->handle) {
        free(thread);
        return NULL;
    }
    return thread;
}

void host_thread_join(struct host_thread *thread)
{
    WaitForSingleObject(thread->handle, INFINITE);
    CloseHandle(thread->handle);
    free(thread);
}
