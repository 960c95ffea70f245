/*
 * endpoint.h - where parent and runner meet: an inherited socketpair (endpoint_linux.c) or a named pipe
 * (endpoint_win32.c). What comes out is an open, not yet authenticated byte stream; handshake.h does the rest.
 */
#ifndef POSTERN_IPC_ENDPOINT_H
#define POSTERN_IPC_ENDPOINT_H

#include "shared/error.h"
#include "shared/handle.h"

struct endpoint;

/* Parent. Windows: random 128-bit name, first instance only, remote clients rejected, a DACL (SDDL) for the sandbox
 * user `sid` (NULL: only our own user) and the owner. Linux: a socketpair; `sid` is ignored. */
int endpoint_create(const char *sid, struct endpoint **out, struct postern_error *error);

/* What the runner's --endpoint argument says: "fd:3" (Linux: the handle must be passed so that it arrives as 3) or the
 * pipe's name. */
const char *endpoint_address(const struct endpoint *endpoint);

/* Linux: the runner's end, to be passed to it; borrowed, closed by endpoint_accept() or endpoint_close().
 * Windows: OS_HANDLE_NONE. */
os_handle endpoint_passed(const struct endpoint *endpoint);

/* Parent, once the runner has been started: waits until it has connected, at most until `deadline_us`
 * (system_now_us): POSTERN_E_TIMED_OUT, or until `runner` (process handle) is signalled: POSTERN_E_RUNNER_DIED.
 * Windows: a client with another process id than `pid` is disconnected and waiting goes on. *channel is fit for
 * loop_stream_open(). */
int endpoint_accept(struct endpoint *endpoint, os_handle runner, uint32_t pid, uint64_t deadline_us, os_handle *channel,
                    struct postern_error *error);

void endpoint_close(struct endpoint *endpoint); /* NULL allowed */

/* Runner: the other end of `address`. Windows: opened with SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION. */
int endpoint_connect(const char *address, os_handle *channel, struct postern_error *error);

#endif
