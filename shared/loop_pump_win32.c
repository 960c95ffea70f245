/*
 * loop_pump_win32.c - the thread that makes a loop pollable, see loop_pump_win32.h.
 *
 * Everything in struct pump but the handles is guarded by its lock. The thread holds at most one batch; while the owner
 * has not fetched it, further packets wait in the port, so nothing grows here.
 */
#include "shared/loop_pump_win32.h"

#include <stdlib.h>
#include <string.h>

#include "shared/system.h"

struct pump {
    HANDLE port, thread, event;
    ULONG_PTR nudge;
    SRWLOCK lock;
    CONDITION_VARIABLE filled, emptied;
    OVERLAPPED_ENTRY entries[PUMP_BATCH];
    ULONG count;
    bool work;      /* the owner has some of its own */
    bool signalled; /* what the event is, to save calls */
    bool stopping, broken;
    uint64_t due_us;     /* the owner's next timer */
    uint64_t wait_until; /* when the thread looks at due_us again, unless nudged */
};

/* Makes the event say what is so. Lock held. */
static void show(struct pump *pump)
{
    bool wanted = pump->work || pump->count > 0 || pump->broken || pump->due_us <= system_now_us();

    if (wanted != pump->signalled) {
        pump->signalled = wanted;
        if (wanted) {
            SetEvent(pump->event);
        } else {
            ResetEvent(pump->event);
        }
    }
}

/* How long the thread may sleep. A timer that is due already has been shown, and stays so until the owner changes it:
 * that nudges. Lock held. */
static DWORD next_wait(struct pump *pump)
{
    uint64_t now = system_now_us();
    uint64_t wait_ms;

    if (pump->due_us == PUMP_NEVER || pump->due_us <= now) {
        pump->wait_until = PUMP_NEVER;
        return INFINITE;
    }
    pump->wait_until = pump->due_us;
    wait_ms = (pump->due_us - now) / 1000 + 1;
    return wait_ms < INFINITE ? (DWORD)wait_ms : INFINITE - 1;
}

/* Keeps what is not our own nudge. Lock held. */
static void accept_batch(struct pump *pump, const OVERLAPPED_ENTRY *entries, ULONG count)
{
    for (ULONG i = 0; i < count; i++) {
        if (entries[i].lpCompletionKey != pump->nudge) {
            pump->entries[pump->count++] = entries[i];
        }
    }
    if (pump->count > 0) {
        WakeConditionVariable(&pump->filled);
    }
}

static DWORD WINAPI run(void *argument)
{
    struct pump *pump = argument;
    OVERLAPPED_ENTRY entries[PUMP_BATCH];

    AcquireSRWLockExclusive(&pump->lock);
    while (!pump->stopping && !pump->broken) {
        DWORD wait_ms = next_wait(pump);
        ULONG count = 0;
        bool ok;

        ReleaseSRWLockExclusive(&pump->lock);
        ok = GetQueuedCompletionStatusEx(pump->port, entries, PUMP_BATCH, &count, wait_ms, FALSE) != FALSE;
        if (!ok) {
            count = 0;
            ok = GetLastError() == WAIT_TIMEOUT;
        }
        AcquireSRWLockExclusive(&pump->lock);
        pump->broken = !ok;
        accept_batch(pump, entries, count);
        show(pump);
        while (pump->count > 0 && !pump->stopping) {
            SleepConditionVariableSRW(&pump->emptied, &pump->lock, INFINITE, 0);
        }
    }
    WakeConditionVariable(&pump->filled);
    ReleaseSRWLockExclusive(&pump->lock);
    return 0;
}

struct pump *pump_start(HANDLE port, ULONG_PTR nudge)
{
    struct pump *pump = calloc(1, sizeof(*pump));

    if (pump == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    pump->port = port;
    pump->nudge = nudge;
    pump->due_us = PUMP_NEVER;
    InitializeSRWLock(&pump->lock);
    InitializeConditionVariable(&pump->filled);
    InitializeConditionVariable(&pump->emptied);
    pump->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (pump->event != NULL) {
        pump->thread = CreateThread(NULL, 64 * 1024, run, pump, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    }
    if (pump->thread == NULL) {
        DWORD last = GetLastError();

        if (pump->event != NULL) {
            CloseHandle(pump->event);
        }
        free(pump);
        SetLastError(last);
        return NULL;
    }
    return pump;
}

void pump_stop(struct pump *pump)
{
    if (pump == NULL) {
        return;
    }
    AcquireSRWLockExclusive(&pump->lock);
    pump->stopping = true;
    WakeConditionVariable(&pump->emptied);
    ReleaseSRWLockExclusive(&pump->lock);
    /* The post fails only while the system is out of non-paged memory; the thread must be gone before we go on. */
    while (!PostQueuedCompletionStatus(pump->port, 0, pump->nudge, NULL)) {
        if (WaitForSingleObject(pump->thread, 10) == WAIT_OBJECT_0) {
            break;
        }
    }
    WaitForSingleObject(pump->thread, INFINITE);
    CloseHandle(pump->thread);
    CloseHandle(pump->event);
    free(pump);
}

bool pump_take(struct pump *pump, OVERLAPPED_ENTRY entries[PUMP_BATCH], ULONG *count, DWORD wait_ms)
{
    bool ok;

    AcquireSRWLockExclusive(&pump->lock);
    /* Waking up for nothing only makes this round of the loop a short one. */
    if (pump->count == 0 && !pump->broken && wait_ms > 0) {
        SleepConditionVariableSRW(&pump->filled, &pump->lock, wait_ms, 0);
    }
    *count = pump->count;
    memcpy(entries, pump->entries, pump->count * sizeof(entries[0]));
    pump->count = 0;
    ok = !pump->broken;
    WakeConditionVariable(&pump->emptied);
    ReleaseSRWLockExclusive(&pump->lock);
    return ok;
}

void pump_update(struct pump *pump, bool work, uint64_t due_us)
{
    bool nudge;

    AcquireSRWLockExclusive(&pump->lock);
    pump->work = work;
    pump->due_us = due_us;
    nudge = due_us < pump->wait_until;
    if (nudge) {
        pump->wait_until = due_us; /* once is enough */
    }
    show(pump);
    ReleaseSRWLockExclusive(&pump->lock);
    if (nudge && !PostQueuedCompletionStatus(pump->port, 0, pump->nudge, NULL)) {
        /* Out of non-paged memory. The next update tries again. */
        AcquireSRWLockExclusive(&pump->lock);
        pump->wait_until = PUMP_NEVER;
        ReleaseSRWLockExclusive(&pump->lock);
    }
}

HANDLE pump_event(const struct pump *pump)
{
    return pump->event;
}
