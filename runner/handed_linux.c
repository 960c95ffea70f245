/*
 * handed_linux.c - direct streams, which this runner does not take: see handed.h. Runs in the runner.
 */
#include "runner/handed.h"

int handed_take(const struct message_spawn *spawn, struct handed *out, struct postern_error *error)
{
    for (int i = 0; i < 3; i++) {
        out->end[i] = OS_HANDLE_NONE;
    }
    if (spawn->direct) {
        return error_set(error, POSTERN_E_UNSUPPORTED, "spawn", "", "this runner takes no direct streams");
    }
    return POSTERN_OK;
}

void handed_close(struct handed *handed)
{
    (void)handed;
}
