/*
 * loop_win32.c - the event loop on an I/O completion port, see loop.h and loop_items_win32.h. Both sides.
 */
#include "shared/loop_items_win32.h"

#include <assert.h>
#include <stdlib.h>

#include "shared/system.h"

/* How many rounds of a busy loop may pass before the packets of others are received. */
#define LOOK_EVERY 4u
/* How many single packets at most before more are asked for again. */
#define SHYNESS_MAX 63u

/* ---- items ---- */

static void ring_init(struct item *head)
{
    head->next = head->previous = head;
}

static void ring_add(struct item *head, struct item *item)
{
    item->previous = head->previous;
    item->next = head;
    head->previous->next = item;
    head->previous = item;
}

static void ring_remove(struct item *item)
{
    item->previous->next = item->next;
    item->next->previous = item->previous;
    item->next = item->previous = NULL;
}

/* Moves all of `from` to `to`, which is empty. */
static void ring_move(struct item *to, struct item *from)
{
    if (from->next == from) {
        return;
    }
    to->next = from->next;
    to->previous = from->previous;
    to->next->previous = to;
    to->previous->next = to;
    ring_init(from);
}

/* What the program waits on, if it does, has to follow our own state. Inside loop_run_once() its end does that. */
void loop_publish(struct loop *loop)
{
    if (loop->pump != NULL && !loop->running) {
        pump_update(loop->pump, loop->ready.next != &loop->ready || loop->wake_received,
                    loop->timers.count > 0 ? loop->timers.heap[1]->at_us : PUMP_NEVER);
    }
}

void loop_item_ready(struct item *item)
{
    item->state = ITEM_READY;
    ring_add(&item->loop->ready, item);
}

static void receive(struct loop *loop, const OVERLAPPED_ENTRY *entry)
{
    switch (entry->lpCompletionKey) {
    case KEY_IO:
        loop_operation_received(entry->lpOverlapped);
        break;
    case KEY_WAIT:
        loop_item_ready((struct item *)(void *)entry->lpOverlapped);
        break;
    case KEY_WAKE:
        InterlockedExchange(&loop->woken, 0);
        loop->wake_received = true;
        break;
    case KEY_NUDGE: /* meant for a pump that has gone */
        break;
    default:
        loop_listener_received(loop, entry->lpCompletionKey);
        break;
    }
}

/* A call that is not filled has looked once in vain, which is dear on Wine, so we ask for one, and for more as long as
 * there are more. Each time that there were none the next try is put off twice as long: packets of a conversation come
 * one by one for ever. */
static void choose_fetch(struct loop *loop, ULONG count)
{
    if (count < loop->fetch) {
        if (loop->fetch == 2) {
            loop->shyness = loop->shyness < SHYNESS_MAX ? loop->shyness * 2 + 1 : SHYNESS_MAX;
        }
        loop->fetch = 1;
        loop->filled = 0;
    } else if (loop->fetch > 1 || ++loop->filled > loop->shyness) {
        loop->shyness = loop->fetch > 1 ? 0 : loop->shyness;
        loop->fetch = loop->fetch < PUMP_BATCH ? loop->fetch * 2 : PUMP_BATCH;
    }
}

/* Takes packets out of the port. */
static bool fetch(struct loop *loop, OVERLAPPED_ENTRY *entries, ULONG *count, DWORD wait_ms)
{
    if (!GetQueuedCompletionStatusEx(loop->port, entries, loop->fetch, count, wait_ms, FALSE)) {
        *count = 0;
        if (GetLastError() != WAIT_TIMEOUT) {
            return false;
        }
    }
    choose_fetch(loop, *count);
    return true;
}

/* Receives what is there; waits for the first packet. false: the port broke, GetLastError() says how. */
static bool collect(struct loop *loop, DWORD wait_ms)
{
    OVERLAPPED_ENTRY entries[PUMP_BATCH];
    ULONG count = 0;

    if (loop->pump == NULL) {
        if (!fetch(loop, entries, &count, wait_ms)) {
            return false;
        }
    } else if (!pump_take(loop->pump, entries, &count, wait_ms)) {
        SetLastError(ERROR_ABANDONED_WAIT_0);
        return false;
    }
    for (ULONG i = 0; i < count; i++) {
        receive(loop, &entries[i]);
    }
    return true;
}

/* Going on without the packet would let the system write into memory that has been freed: rather no program at all. */
void loop_item_withdraw(struct item *item)
{
    while (item->state == ITEM_ARMED) {
        if (!collect(item->loop, INFINITE)) {
            abort();
        }
    }
    if (item->state == ITEM_READY) {
        ring_remove(item);
    }
    item->state = ITEM_IDLE;
    loop_publish(item->loop);
}

/* ---- the loop ---- */

int loop_create(struct loop **out, struct postern_error *error)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL) {
        return error_memory(error, "loop");
    }
    loop->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    if (loop->port == NULL) {
        free(loop);
        return error_os(error, POSTERN_E_OS, "loop", "CreateIoCompletionPort", (int64_t)GetLastError(),
                        "the event loop could not be made");
    }
    ring_init(&loop->ready);
    ring_init(&loop->batch);
    loop->next_key = KEY_LISTENER;
    loop->fetch = 1;
    *out = loop;
    return POSTERN_OK;
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    assert(loop->objects == 0 && !loop->running);
    pump_stop(loop->pump);
    CloseHandle(loop->port);
    timers_free(&loop->timers);
    free(loop);
}

/* Rounded up: waking a little late is right, waking early would spin. */
static DWORD milliseconds(int64_t microseconds)
{
    if (microseconds < 0) {
        return INFINITE;
    }
    if (microseconds / 1000 >= (int64_t)INFINITE - 1) {
        return INFINITE - 1;
    }
    return (DWORD)((microseconds + 999) / 1000);
}

static int64_t earlier(int64_t a, int64_t b)
{
    if (a < 0 || b < 0) {
        return a < 0 ? b : a;
    }
    return a < b ? a : b;
}

static void run_items(struct loop *loop)
{
    /* What becomes ready meanwhile waits for the next round, so that no stream gets two turns before others have one.
     */
    ring_move(&loop->batch, &loop->ready);
    while (loop->batch.next != &loop->batch) {
        struct item *item = loop->batch.next;

        ring_remove(item);
        item->state = ITEM_IDLE;
        item->run(item); /* may free the item, and any other */
    }
}

static void run_timers(struct loop *loop)
{
    uint64_t now = system_now_us();
    struct loop_timer *timer;

    /* `now` stays the same, so that a timer that restarts itself can't keep us here. */
    while ((timer = timers_pop(&loop->timers, now)) != NULL) {
        timer->fire(timer->context);
    }
}

int loop_run_once(struct loop *loop, int64_t timeout_us, struct postern_error *error)
{
    assert(!loop->running);
    if (loop->ready.next == &loop->ready && !loop->wake_received) {
        timeout_us = earlier(timeout_us, timers_next(&loop->timers, system_now_us()));
        loop->rounds = 0;
    } else {
        timeout_us = 0;
        loop->rounds++;
    }
    /* With work at hand the port is looked at now and then only: on a busy stream, which is ready again at once, those
     * looks would cost as much as the stream itself. */
    if (loop->rounds % LOOK_EVERY == 0 && !collect(loop, milliseconds(timeout_us))) {
        return error_os(error, POSTERN_E_OS, "loop", "GetQueuedCompletionStatusEx", (int64_t)GetLastError(),
                        "waiting for events failed");
    }
    loop->running = true;
    loop->wake_received = false;
    run_items(loop);
    run_timers(loop);
    loop->running = false;
    loop_publish(loop);
    return POSTERN_OK;
}

void loop_wake(struct loop *loop)
{
    if (InterlockedExchange(&loop->woken, 1) == 0 && !PostQueuedCompletionStatus(loop->port, 0, KEY_WAKE, NULL)) {
        InterlockedExchange(&loop->woken, 0);
    }
}

os_handle loop_pollable(struct loop *loop, struct postern_error *error)
{
    if (loop->pump == NULL) {
        loop->pump = pump_start(loop->port, KEY_NUDGE);
        if (loop->pump == NULL) {
            error_os(error, POSTERN_E_OS, "loop", "CreateThread", (int64_t)GetLastError(),
                     "the thread that makes the event loop pollable could not be started");
            return OS_HANDLE_NONE;
        }
        loop_publish(loop);
    }
    return (os_handle)pump_event(loop->pump);
}

/* ---- timers ---- */

bool loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t delay_us, loop_timer_fn *fire,
                      void *context)
{
    uint64_t now = system_now_us();
    bool ok;

    loop_timer_stop(timer);
    if (delay_us > UINT64_MAX - now) {
        return true; /* never */
    }
    timer->at_us = now + delay_us;
    timer->fire = fire;
    timer->context = context;
    timer->loop = loop;
    ok = timers_add(&loop->timers, timer);
    loop_publish(loop);
    return ok;
}

void loop_timer_stop(struct loop_timer *timer)
{
    if (timer->position != 0) {
        timers_remove(&timer->loop->timers, timer);
        loop_publish(timer->loop);
    }
}

bool loop_timer_running(const struct loop_timer *timer)
{
    return timer->position != 0;
}
