/*
 * loop_pump_win32.h - the thread that makes a loop pollable. Private to shared/loop_win32.c.
 *
 * A completion port can't be waited on together with other objects. Once the program has asked for something it can
 * wait on, this thread takes the packets out of the port, a batch at a time, and sets an event; the loop's owner
 * fetches the batch from here instead of from the port. The thread calls nobody and knows no loop.
 */
#ifndef POSTERN_SHARED_LOOP_PUMP_WIN32_H
#define POSTERN_SHARED_LOOP_PUMP_WIN32_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

#define PUMP_BATCH 64
#define PUMP_NEVER UINT64_MAX

struct pump;

/* `nudge` is a completion key that the pump may use for itself. NULL on failure, see GetLastError(). */
struct pump *pump_start(HANDLE port, ULONG_PTR nudge);
void pump_stop(struct pump *pump); /* packets not fetched yet are lost; NULL allowed */

/* Fetches a batch, waiting for it up to `wait_ms`. *count is 0 when none came. false: the port broke. */
bool pump_take(struct pump *pump, OVERLAPPED_ENTRY entries[PUMP_BATCH], ULONG *count, DWORD wait_ms);

/* Tells what else the event has to stand for: whether the owner has work of its own, and when its next timer is due
 * (system_now_us; PUMP_NEVER: none). */
void pump_update(struct pump *pump, bool work, uint64_t due_us);

/* Manual reset; signalled while there is work or a batch. */
HANDLE pump_event(const struct pump *pump);

#endif
