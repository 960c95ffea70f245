/*
 * child_win32.c - the child that the Windows tests start: does the one thing its first argument names and says on
 * stdout, in UTF-8 and with plain line feeds, what it saw.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>
#include <shellapi.h>

#define WAIT_MS 30000u /* for whatever the test is to do; then the child is in the way no more */

static HANDLE out;

static void say_bytes(const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        DWORD written;

        if (!WriteFile(out, at, size < 65536 ? (DWORD)size : 65536, &written, NULL)) {
            ExitProcess(99);
        }
        at += written;
        size -= written;
    }
}

static void say(const wchar_t *text)
{
    static char utf8[100000];
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, sizeof(utf8), NULL, NULL);

    /* In one piece: who waits for the line may close the pipe when its text has come. */
    if (size > 0) {
        utf8[size - 1] = '\n';
        say_bytes(utf8, (size_t)size);
    }
}

static void say_number(const wchar_t *name, unsigned long long number)
{
    wchar_t text[128];

    _snwprintf(text, 128, L"%ls %I64u", name, number);
    say(text);
}

/* ---- one function a mode; the argument after the mode is the first ---- */

static int do_args(int count, wchar_t **args)
{
    for (int i = 0; i < count; i++) {
        say(args[i]);
    }
    return 0;
}

static int do_env(int count, wchar_t **args)
{
    wchar_t *block = GetEnvironmentStringsW();

    for (wchar_t *at = block; count == 0 && *at != L'\0'; at += wcslen(at) + 1) {
        say(at);
    }
    for (int i = 0; i < count; i++) {
        wchar_t value[2048];

        SetLastError(0);
        say(GetEnvironmentVariableW(args[i], value, 2048) > 0 || GetLastError() == 0 ? value : L"(unset)");
    }
    return 0;
}

static int do_cwd(int count, wchar_t **args)
{
    wchar_t path[MAX_PATH];

    (void)count;
    (void)args;
    GetCurrentDirectoryW(MAX_PATH, path);
    say(path);
    return 0;
}

static int do_exit(int count, wchar_t **args)
{
    return count > 0 ? (int)wcstoul(args[0], NULL, 0) : 0;
}

/* Which of the handle values given are open here. */
static int do_handles(int count, wchar_t **args)
{
    for (int i = 0; i < count; i++) {
        DWORD flags;
        HANDLE handle = (HANDLE)(intptr_t)_wcstoui64(args[i], NULL, 10);

        say(GetHandleInformation(handle, &flags) ? L"open" : L"closed");
    }
    return 0;
}

static int do_signal(int count, wchar_t **args)
{
    for (int i = 0; i < count; i++) {
        SetEvent((HANDLE)(intptr_t)_wcstoui64(args[i], NULL, 10));
    }
    return 0;
}

/* What the standard handles are: "file type, console or not". */
static int do_std(int count, wchar_t **args)
{
    static const DWORD which[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};

    (void)count;
    (void)args;
    for (int i = 0; i < 3; i++) {
        HANDLE handle = GetStdHandle(which[i]);
        DWORD mode;

        if (GetConsoleMode(handle, &mode)) {
            say(L"console");
        } else {
            DWORD type = GetFileType(handle);

            say(type == FILE_TYPE_PIPE ? L"pipe" : type == FILE_TYPE_CHAR ? L"null" : L"other");
        }
    }
    return 0;
}

static int do_cat(int count, wchar_t **args)
{
    static char data[65536];
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
    DWORD got;

    (void)count;
    (void)args;
    while (ReadFile(in, data, sizeof(data), &got, NULL) && got > 0) {
        say_bytes(data, got);
    }
    return 0;
}

/* N bytes in which each position can be recognised. */
static int do_write(int count, wchar_t **args)
{
    unsigned long long left = count > 0 ? _wcstoui64(args[0], NULL, 10) : 0, at = 0;
    static unsigned char data[65536];

    while (left > 0) {
        size_t size = left < sizeof(data) ? (size_t)left : sizeof(data);

        for (size_t i = 0; i < size; i++, at++) {
            data[i] = (unsigned char)(at % 251);
        }
        say_bytes(data, size);
        left -= size;
    }
    return 0;
}

/* Numbered lines of text, for terminals. */
static int do_lines(int count, wchar_t **args)
{
    unsigned long lines = count > 0 ? wcstoul(args[0], NULL, 10) : 1;

    for (unsigned long i = 0; i < lines; i++) {
        char text[64];
        int size = snprintf(text, sizeof(text), "line %06lu\r\n", i);

        say_bytes(text, (size_t)size);
    }
    return 0;
}

static int do_wait(int count, wchar_t **args)
{
    (void)count;
    (void)args;
    say(L"ready");
    Sleep(WAIT_MS);
    return 98;
}

static int start_self(const wchar_t *mode, const wchar_t *argument, DWORD flags, BOOL inherit)
{
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    wchar_t self[MAX_PATH], line[2 * MAX_PATH];

    GetModuleFileNameW(NULL, self, MAX_PATH);
    _snwprintf(line, 2 * MAX_PATH, L"\"%ls\" %ls %ls", self, mode, argument);
    if (!CreateProcessW(self, line, NULL, NULL, inherit, flags, NULL, NULL, &startup, &process)) {
        return (int)GetLastError();
    }
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return 0;
}

/* N more of its kind, each the child of the last, all of them waiting. */
static int do_tree(int count, wchar_t **args)
{
    unsigned long more = count > 0 ? wcstoul(args[0], NULL, 10) : 0;
    wchar_t number[16];

    say_number(L"pid", GetCurrentProcessId());
    _snwprintf(number, 16, L"%lu", more - 1);
    if (more > 0 && start_self(L"tree", number, 0, TRUE) != 0) {
        return 97;
    }
    Sleep(WAIT_MS);
    return 98;
}

/* Leaves a grandchild behind that holds on to our output. */
static int do_orphan(int count, wchar_t **args)
{
    (void)count;
    (void)args;
    if (start_self(L"wait", L"", 0, TRUE) != 0) {
        return 97;
    }
    say(L"left");
    return 0;
}

/* Tries to get out of the job. */
static int do_break_away(int count, wchar_t **args)
{
    int failure = start_self(L"exit", L"0", CREATE_BREAKAWAY_FROM_JOB, FALSE);

    (void)count;
    (void)args;
    say_number(L"error", (unsigned long long)failure);
    return 0;
}

/* Starts one more, which ends at once. */
static int do_start(int count, wchar_t **args)
{
    (void)count;
    (void)args;
    say_number(L"error", (unsigned long long)start_self(L"exit", L"0", 0, FALSE));
    return 0;
}

/* Commits so many MiB at once. */
static int do_commit(int count, wchar_t **args)
{
    SIZE_T size = (SIZE_T)(count > 0 ? wcstoul(args[0], NULL, 10) : 0) << 20;

    say(VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) != NULL ? L"committed" : L"refused");
    return 0;
}

static HANDLE heard;
static volatile LONG heard_event = -1;

static BOOL WINAPI on_event(DWORD event)
{
    InterlockedExchange(&heard_event, (LONG)event);
    SetEvent(heard);
    return TRUE;
}

/* The number of the console event that comes is the exit code. */
static int do_event(int count, wchar_t **args)
{
    (void)count;
    (void)args;
    heard = CreateEventW(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(on_event, TRUE);
    say(L"ready");
    if (WaitForSingleObject(heard, WAIT_MS) != WAIT_OBJECT_0) {
        return 98;
    }
    say_number(L"event", (unsigned long long)heard_event);
    return 20 + (int)heard_event;
}

/* The size of the console, and the next one. */
static int do_size(int count, wchar_t **args)
{
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
    CONSOLE_SCREEN_BUFFER_INFO information;
    wchar_t text[64];

    (void)count;
    (void)args;
    SetConsoleMode(in, ENABLE_WINDOW_INPUT);
    for (int round = 0; round < 2; round++) {
        INPUT_RECORD record = {0};
        DWORD got = 0;

        if (!GetConsoleScreenBufferInfo(out, &information)) {
            return 97;
        }
        _snwprintf(text, 64, L"size %d x %d.", information.dwSize.Y, information.dwSize.X);
        say(text);
        while (round == 0 && record.EventType != WINDOW_BUFFER_SIZE_EVENT) {
            if (WaitForSingleObject(in, WAIT_MS) != WAIT_OBJECT_0 || !ReadConsoleInputW(in, &record, 1, &got)) {
                return 98;
            }
        }
    }
    return 0;
}

/* Opens a named pipe and keeps it for a while: a stranger at the endpoint. */
static int do_connect(int count, wchar_t **args)
{
    HANDLE pipe =
        count > 0 ? CreateFileW(args[0], GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) : INVALID_HANDLE_VALUE;
    char byte;
    DWORD got;

    if (pipe == INVALID_HANDLE_VALUE) {
        return 96;
    }
    /* Ends when the server sends us away. */
    return ReadFile(pipe, &byte, 1, &got, NULL) ? 95 : (int)GetLastError();
}

/* The name of the window station and of the desktop it is on. */
static int do_desktop(int count, wchar_t **args)
{
    wchar_t text[512] = L"", desktop[256] = L"";
    DWORD size = 0;

    (void)count;
    (void)args;
    GetUserObjectInformationW(GetProcessWindowStation(), UOI_NAME, text, 256 * sizeof(wchar_t), &size);
    GetUserObjectInformationW(GetThreadDesktop(GetCurrentThreadId()), UOI_NAME, desktop, sizeof(desktop), &size);
    wcscat(text, L"\\");
    wcscat(text, desktop);
    say(text);
    return 0;
}

/* Says the rights that it gets to process PID, each asked for by itself. */
static int try_process(const wchar_t *number, const DWORD *rights, size_t count)
{
    DWORD pid = wcstoul(number, NULL, 10);
    bool in = false;

    for (size_t i = 0; i < count; i++) {
        HANDLE process = OpenProcess(rights[i], FALSE, pid);

        if (process != NULL) {
            say_number(L"let in by", rights[i]);
            CloseHandle(process);
            in = true;
        }
    }
    if (!in) {
        say(L"kept out");
    }
    return 0;
}

static int do_open_process(int count, wchar_t **args)
{
    static const DWORD rights[] = {PROCESS_TERMINATE,
                                   PROCESS_CREATE_THREAD,
                                   PROCESS_VM_OPERATION,
                                   PROCESS_VM_READ,
                                   PROCESS_VM_WRITE,
                                   PROCESS_DUP_HANDLE,
                                   PROCESS_CREATE_PROCESS,
                                   PROCESS_SET_QUOTA,
                                   PROCESS_SET_INFORMATION,
                                   PROCESS_QUERY_INFORMATION,
                                   PROCESS_SUSPEND_RESUME,
                                   PROCESS_QUERY_LIMITED_INFORMATION,
                                   WRITE_DAC,
                                   WRITE_OWNER};

    return count == 1 ? try_process(args[0], rights, sizeof(rights) / sizeof(rights[0])) : 97;
}

/* Only what would change it or give control of it. */
static int do_take_process(int count, wchar_t **args)
{
    static const DWORD rights[] = {PROCESS_TERMINATE,
                                   PROCESS_CREATE_THREAD,
                                   PROCESS_VM_OPERATION,
                                   PROCESS_VM_WRITE,
                                   PROCESS_DUP_HANDLE,
                                   PROCESS_CREATE_PROCESS,
                                   PROCESS_SET_QUOTA,
                                   PROCESS_SET_INFORMATION,
                                   PROCESS_SUSPEND_RESUME,
                                   WRITE_DAC,
                                   WRITE_OWNER};

    return count == 1 ? try_process(args[0], rights, sizeof(rights) / sizeof(rights[0])) : 97;
}

/* In the place of postern-runner: one that never connects and does not care for its parent. Says its process id in a
 * file beside itself. */
static int be_a_dead_runner(void)
{
    wchar_t path[MAX_PATH + 8];
    HANDLE file;

    GetModuleFileNameW(NULL, path, MAX_PATH);
    wcscat(path, L".pid");
    file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        out = file;
        say_number(L"pid", GetCurrentProcessId());
        CloseHandle(file);
    }
    Sleep(WAIT_MS);
    return 98;
}

int main(void)
{
    static const struct {
        const wchar_t *name;
        int (*run)(int count, wchar_t **args);
    } modes[] = {
        {L"args", do_args},
        {L"env", do_env},
        {L"cwd", do_cwd},
        {L"exit", do_exit},
        {L"handles", do_handles},
        {L"signal", do_signal},
        {L"std", do_std},
        {L"cat", do_cat},
        {L"write", do_write},
        {L"lines", do_lines},
        {L"wait", do_wait},
        {L"tree", do_tree},
        {L"orphan", do_orphan},
        {L"break-away", do_break_away},
        {L"event", do_event},
        {L"size", do_size},
        {L"connect", do_connect},
        {L"start", do_start},
        {L"commit", do_commit},
        {L"desktop", do_desktop},
        {L"open-process", do_open_process},
        {L"take-process", do_take_process},
    };
    int count = 0;
    wchar_t **args = CommandLineToArgvW(GetCommandLineW(), &count);

    out = GetStdHandle(STD_OUTPUT_HANDLE);
    if (args != NULL && count > 1 && wcscmp(args[1], L"--endpoint") == 0) {
        return be_a_dead_runner();
    }
    for (size_t i = 0; args != NULL && count > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (wcscmp(args[1], modes[i].name) == 0) {
            return modes[i].run(count - 2, args + 2);
        }
    }
    return 90;
}
