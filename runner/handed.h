/*
 * handed.h - the ends of a command's pipes that the parent has put into this process, for direct streams.
 * handed_win32.c, handed_linux.c. Caller: runner/runner.c. Runs inside the sandbox; the parent is trusted, what it
 * names is still checked.
 */
#ifndef POSTERN_RUNNER_HANDED_H
#define POSTERN_RUNNER_HANDED_H

#include "ipc/message.h"
#include "shared/handle.h"

struct handed {
    os_handle end[3]; /* by enum message_stream; NONE: there is none */
};

/* Takes over what a SPAWN names, also one that could not be decoded or cannot be followed: handed_close() is due in any
 * case. Without such ends this does nothing. POSTERN_E_PROTOCOL for what is no pipe, and that is left alone;
 * POSTERN_E_UNSUPPORTED on Linux. */
int handed_take(const struct message_spawn *spawn, struct handed *out, struct postern_error *error);

void handed_close(struct handed *handed);

#endif
