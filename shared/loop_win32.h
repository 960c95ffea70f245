/*
 * loop_win32.h - what the Windows loop can do beyond loop.h: listening to packets that the system itself puts into the
 * completion port. Caller: runner/command_win32.c, for the messages of a job object.
 */
#ifndef POSTERN_SHARED_LOOP_WIN32_H
#define POSTERN_SHARED_LOOP_WIN32_H

#include "shared/loop.h"

struct loop_listener;
typedef void loop_listener_fn(void *context);

/* Calls `heard` from loop_run_once() after one or more packets with the listener's key came. Packets carry no content
 * here: they say "look again". Those that come after the stop are ignored, since keys are never used twice. */
int loop_listener_start(struct loop *loop, loop_listener_fn *heard, void *context, struct loop_listener **out,
                        struct postern_error *error);
void loop_listener_stop(struct loop_listener *listener); /* NULL allowed */

/* What the system is to be told. The port is borrowed. */
os_handle loop_listener_port(const struct loop_listener *listener);
uintptr_t loop_listener_key(const struct loop_listener *listener);

#endif
