/*
 * session_late.c - a clock beside the runner's, for a runner that does not end what it has to. Parent; see sandbox.h.
 *
 * Timeouts and grace are the runner's to keep. But a command has the runner's user and may have stopped it, or taken it
 * over: so the parent waits a while longer and then ends it all.
 */
#include "elevated/sandbox.h"

#include "shared/log.h"

#define LATE_MS 10000u      /* what the runner may be late by in ending a session, on a busy machine */
#define LATE_AGAIN_MS 2000u /* ... and again, while it sends something at least */
#define LATE_TIMES 8u

void session_late_init(struct session_late *late, const struct message_spawn *spawn)
{
    late->drain_limit_ms = spawn->drain_limit;
    if (spawn->timeout > 0 && spawn->timeout < UINT64_MAX - spawn->grace)
        late->timeout_ms = spawn->timeout + spawn->grace;
}

static void is_late(void *context)
{
    struct postern_session *session = context;
    struct postern_sandbox *sandbox = session->sandbox;
    struct session_late *late = &session->late;
    struct postern_error why = {0};
    /* What it has sent, this caller may only now be reading. */
    if (sandbox->frames != late->frames_seen && ++late->times < LATE_TIMES) {
        late->frames_seen = sandbox->frames;
        if (loop_timer_start(sandbox->loop, &late->timer, LATE_AGAIN_MS * 1000u, is_late, session))
            return;
    }
    error_set(&why, POSTERN_E_RUNNER_DIED, "session", "", "the runner does not answer: session %u did not end in time",
              session->id);
    sandbox_fail(sandbox, &why);
}

void session_expect_end(struct postern_session *session, uint64_t milliseconds)
{
    if (milliseconds > INT64_MAX / 2000u)
        return; /* longer than anybody waits; the sum in microseconds must not overflow */
    uint64_t delay_us = (milliseconds + session->late.drain_limit_ms + LATE_MS) * 1000u;
    if (!loop_timer_start(session->sandbox->loop, &session->late.timer, delay_us, is_late, session))
        log_line(session->sandbox->log, "session %u: out of memory, its end is not watched", session->id);
}

void session_expect_timeout(struct postern_session *session)
{
    if (session->late.timeout_ms > 0 && !loop_timer_running(&session->late.timer))
        session_expect_end(session, session->late.timeout_ms);
}
