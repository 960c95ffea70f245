/*
 * host_resources_win32.c - see host_resources_win32.h.
 */
#include "tests/support/host_resources_win32.h"

#include <windows.h>

#include <stdbool.h>
#include <stdlib.h>
#include <tlhelp32.h>
#include <winternl.h>

/* The list of all handles of the system, as NtQuerySystemInformation gives it. */
#define HANDLE_LIST 64
#define LIST_FIRST (64u * 1024u)
#define LIST_MAX (64u * 1024u * 1024u)
#define TOO_SMALL ((NTSTATUS)0xC0000004)

struct handle_entry {
    void *object;
    ULONG_PTR process, handle;
    ULONG access;
    USHORT creator, type;
    ULONG attributes, reserved;
};
struct handle_list {
    ULONG_PTR count, reserved;
    struct handle_entry entry[];
};

typedef NTSTATUS(NTAPI *query_fn)(SYSTEM_INFORMATION_CLASS what, void *out, ULONG size, ULONG *needed);

static struct handle_list *get_list(void)
{
    query_fn query =
        (query_fn)(void (*)(void))GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtQuerySystemInformation");
    NTSTATUS status = TOO_SMALL;
    struct handle_list *list = NULL;
    for (ULONG size = LIST_FIRST; query && status == TOO_SMALL && size <= LIST_MAX; size *= 2) {
        free(list);
        list = malloc(size);
        if (!list)
            return NULL;
        status = query((SYSTEM_INFORMATION_CLASS)HANDLE_LIST, list, size, NULL);
    }
    if (status == 0)
        return list;
    free(list);
    return NULL;
}

static uint32_t count_in_list(uint32_t pid)
{
    struct handle_list *list = get_list();
    uint32_t count = 0;
    for (ULONG_PTR i = 0; list && i < list->count; i++)
        count += list->entry[i].process == pid;
    free(list);
    return count;
}

/* Wine answers the documented question with 0. */
uint32_t host_handles_of(uint32_t pid)
{
    HANDLE process = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, pid);
    DWORD count = 0;
    bool answered = process && GetProcessHandleCount(process, &count);
    if (process)
        CloseHandle(process);
    return answered && count > 0 ? count : count_in_list(pid);
}

uint32_t host_threads_of(uint32_t pid)
{
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 thread = {.dwSize = sizeof(thread)};
    uint32_t count = 0;
    if (snapshot == INVALID_HANDLE_VALUE)
        return 0;
    for (BOOL more = Thread32First(snapshot, &thread); more; more = Thread32Next(snapshot, &thread))
        count += thread.th32OwnerProcessID == pid;
    CloseHandle(snapshot);
    return count;
}
