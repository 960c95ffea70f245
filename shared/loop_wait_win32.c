/*
 * loop_wait_win32.c - waiting for processes and listening to job objects in the Windows loop, see loop.h,
 * loop_win32.h and loop_items_win32.h. Both sides.
 */
#include "shared/loop_items_win32.h"

#include <stdlib.h>

struct loop_wait {
    struct item item; /* first: its address is what the packet carries */
    HANDLE registration;
    volatile LONG posted, stopping; /* written by the system's wait thread; by us */
    loop_wait_fn *ended;
    void *context;
};

/* On a thread of the system's pool. */
static VOID CALLBACK signalled(PVOID argument, BOOLEAN timed_out)
{
    struct loop_wait *wait = argument;

    (void)timed_out;
    InterlockedExchange(&wait->posted, 1);
    /* Fails only while the system is out of non-paged memory. The message must not get lost. */
    while (!PostQueuedCompletionStatus(wait->item.loop->port, 0, KEY_WAIT, (OVERLAPPED *)(void *)&wait->item)) {
        if (wait->stopping != 0) {
            InterlockedExchange(&wait->posted, 0);
            break;
        }
        Sleep(10);
    }
}

static void run_wait(struct item *item)
{
    struct loop_wait *wait = CONTAINING_RECORD(item, struct loop_wait, item);

    wait->ended(wait->context);
}

int loop_wait_start(struct loop *loop, os_handle handle, loop_wait_fn *ended, void *context, struct loop_wait **out,
                    struct postern_error *error)
{
    struct loop_wait *wait = calloc(1, sizeof(*wait));

    if (wait == NULL) {
        return error_memory(error, "loop");
    }
    wait->item.loop = loop;
    wait->item.run = run_wait;
    wait->item.state = ITEM_ARMED;
    wait->ended = ended;
    wait->context = context;
    if (!RegisterWaitForSingleObject(&wait->registration, (HANDLE)handle, signalled, wait, INFINITE,
                                     WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD)) {
        free(wait);
        return error_os(error, POSTERN_E_OS, "loop", "RegisterWaitForSingleObject", (int64_t)GetLastError(),
                        "a process could not be waited for");
    }
    loop->objects++;
    *out = wait;
    return POSTERN_OK;
}

void loop_wait_stop(struct loop_wait *wait)
{
    if (wait == NULL) {
        return;
    }
    InterlockedExchange(&wait->stopping, 1);
    /* Returns when the callback can't run any more; after that `posted` tells whether its packet is still to come. */
    UnregisterWaitEx(wait->registration, INVALID_HANDLE_VALUE);
    if (wait->item.state == ITEM_ARMED && wait->posted == 0) {
        wait->item.state = ITEM_IDLE;
    }
    loop_item_withdraw(&wait->item);
    wait->item.loop->objects--;
    free(wait);
}

/* ---- listening ---- */

struct loop_listener {
    struct item item;
    struct loop_listener *next;
    uintptr_t key;
    loop_listener_fn *heard;
    void *context;
};

void loop_listener_received(struct loop *loop, uintptr_t key)
{
    for (struct loop_listener *at = loop->listeners; at != NULL; at = at->next) {
        if (at->key == key && at->item.state != ITEM_READY) {
            loop_item_ready(&at->item);
        }
    }
}

static void run_listener(struct item *item)
{
    struct loop_listener *listener = CONTAINING_RECORD(item, struct loop_listener, item);

    listener->heard(listener->context);
}

int loop_listener_start(struct loop *loop, loop_listener_fn *heard, void *context, struct loop_listener **out,
                        struct postern_error *error)
{
    struct loop_listener *listener = calloc(1, sizeof(*listener));

    if (listener == NULL) {
        return error_memory(error, "loop");
    }
    listener->item.loop = loop;
    listener->item.run = run_listener;
    listener->key = loop->next_key++;
    listener->heard = heard;
    listener->context = context;
    listener->next = loop->listeners;
    loop->listeners = listener;
    loop->objects++;
    *out = listener;
    return POSTERN_OK;
}

void loop_listener_stop(struct loop_listener *listener)
{
    struct loop_listener **at;

    if (listener == NULL) {
        return;
    }
    at = &listener->item.loop->listeners;
    while (*at != listener) {
        at = &(*at)->next;
    }
    *at = listener->next;
    loop_item_withdraw(&listener->item);
    listener->item.loop->objects--;
    free(listener);
}

os_handle loop_listener_port(const struct loop_listener *listener)
{
    return (os_handle)listener->item.loop->port;
}

uintptr_t loop_listener_key(const struct loop_listener *listener)
{
    return listener->key;
}
