/*
 * loop_items_win32.h - what the files of the Windows loop share. Private to shared/loop_*win32.c.
 *
 * Everything that can call back is an item. An item is armed while the system (or a helper thread) will put a packet
 * for it into the port, and ready once its packet has been received or the operation was over at once: such operations
 * leave no packet (FILE_SKIP_COMPLETION_PORT_ON_SUCCESS), which saves a call for most reads of a busy pipe. Receiving a
 * packet only ever moves its item to the ready list. That is why closing a stream may receive packets until its own one
 * has come without calling anybody back.
 */
#ifndef POSTERN_SHARED_LOOP_ITEMS_WIN32_H
#define POSTERN_SHARED_LOOP_ITEMS_WIN32_H

#include <windows.h>

#include "shared/loop_pump_win32.h"
#include "shared/loop_win32.h"
#include "shared/timers.h"

/* Completion keys. From KEY_LISTENER on each belongs to one listener and is never used again. */
enum { KEY_IO = 1, KEY_WAIT = 2, KEY_WAKE = 3, KEY_NUDGE = 4, KEY_LISTENER = 16 };

enum item_state { ITEM_IDLE, ITEM_ARMED, ITEM_READY };

struct item {
    struct item *next, *previous; /* in a list while ready */
    enum item_state state;
    struct loop *loop;
    void (*run)(struct item *item); /* called once it has left the list and is idle */
};

struct loop {
    HANDLE port;
    struct timers timers;
    struct item ready;   /* head of the ring of items to run */
    struct item batch;   /* those that the current loop_run_once() will still run */
    volatile LONG woken; /* a KEY_WAKE packet is on its way */
    bool wake_received;
    bool running;             /* inside loop_run_once() */
    ULONG fetch;              /* packets asked for with one call: 1 .. PUMP_BATCH, a power of 2 */
    unsigned filled, shyness; /* single packets received one after the other; and before more are asked for */
    unsigned rounds;          /* since the port was last waited on */
    struct pump *pump;
    struct loop_listener *listeners;
    uintptr_t next_key;
    size_t objects; /* streams, waits and listeners, for the assertion in loop_destroy() */
};

/* loop_win32.c */
void loop_item_ready(struct item *item);
/* Until no packet of the item can come any more and it is in no list. The caller has seen to it that one comes soon. */
void loop_item_withdraw(struct item *item);
/* After changing the ready list or the timers outside of loop_run_once(). */
void loop_publish(struct loop *loop);

/* What a packet leads to: loop_stream_win32.c, loop_wait_win32.c. */
void loop_operation_received(OVERLAPPED *overlapped);
void loop_listener_received(struct loop *loop, uintptr_t key);

#endif
