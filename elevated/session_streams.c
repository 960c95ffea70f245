/*
 * session_streams.c - what the caller reads and writes of one session, framed or direct. Implements the calls of
 * include/postern.h about it; session.c has the rest. Parent.
 */
#include "elevated/sandbox.h"

#include "shared/system.h"

#include <string.h>

#define STAGE "session"

/* ---- reading ---- */

static bool readable(const struct received *stream)
{
    return stream->ended || buffer_length(&stream->bytes) > 0;
}

unsigned postern_session_events(const struct postern_session *session)
{
    unsigned events = 0;
    if (readable(&session->stream[POSTERN_STDOUT]))
        events |= POSTERN_EVENT_STDOUT;
    if (readable(&session->stream[POSTERN_STDERR]))
        events |= POSTERN_EVENT_STDERR;
    if (session->phase == SESSION_RUNNING && !session->stdin_closed && session->stdin_credit > 0)
        events |= POSTERN_EVENT_STDIN;
    if (session->pid != 0)
        events |= POSTERN_EVENT_SPAWNED;
    if (session->phase == SESSION_ENDED)
        events |= POSTERN_EVENT_ENDED;
    return events;
}

/* What the caller itself has used up is no news to it, and its coming back will be. */
static void forget_news(struct postern_session *session)
{
    session->reported &= postern_session_events(session);
}

/* Gives credit back in large pieces, so that a fast stream costs few frames. */
static void return_credit(struct postern_session *session, enum postern_stream which, size_t bytes)
{
    struct received *stream = &session->stream[which];
    if (session->direct) {
        direct_streams_resume(session->direct, which);
        return;
    }
    stream->owed += (uint32_t)bytes;
    if (session->phase != SESSION_RUNNING || stream->owed < MESSAGE_WINDOW / 2)
        return;
    struct buffer text;
    buffer_init(&text, FRAME_PAYLOAD_MAX);
    struct message_credit credit = {which == POSTERN_STDERR ? MESSAGE_STDERR : MESSAGE_STDOUT, stream->owed};
    bool valid = message_encode_credit(&credit, &text);
    if (sandbox_send(session->sandbox, FRAME_CREDIT, session->id, &text, valid, NULL) == 0) {
        stream->granted += stream->owed;
        stream->owed = 0;
    }
}

int postern_session_peek(struct postern_session *session, enum postern_stream which, const void **data, size_t *size,
                         struct postern_error *error)
{
    struct received *stream = &session->stream[which];
    *data = buffer_data(&stream->bytes);
    *size = buffer_length(&stream->bytes);
    if (!readable(stream))
        return error_set(error, POSTERN_E_WOULD_BLOCK, STAGE, "", "no output yet");
    return 0;
}

void postern_session_consume(struct postern_session *session, enum postern_stream which, size_t size)
{
    struct buffer *bytes = &session->stream[which].bytes;
    if (session->direct && size == buffer_length(bytes))
        direct_streams_recycle(session->direct, which);
    else if (size == buffer_length(bytes) && session->sandbox->channel)
        channel_recycle(session->sandbox->channel, bytes);
    else
        buffer_consume(bytes, size);
    return_credit(session, which, size);
    forget_news(session);
}

int postern_session_read(struct postern_session *session, enum postern_stream which, void *data, size_t capacity,
                         int timeout, size_t *got, struct postern_error *error)
{
    struct received *stream = &session->stream[which];
    uint64_t deadline_us = sandbox_deadline(timeout);
    while (!readable(stream) && sandbox_wait(session->sandbox, deadline_us))
        ;
    *got = 0;
    if (!readable(stream))
        return error_set(error, POSTERN_E_WOULD_BLOCK, STAGE, "", "no output in time");
    size_t size = buffer_length(&stream->bytes);
    if (size > capacity)
        size = capacity;
    if (size > 0) {
        memcpy(data, buffer_data(&stream->bytes), size);
        postern_session_consume(session, which, size);
    }
    *got = size;
    return 0;
}

/* ---- writing ---- */

/* Queues one frame of what the window takes, or as much of the stream itself. */
static int write_some(struct postern_session *session, const unsigned char *data, size_t size, size_t *written,
                      struct postern_error *error)
{
    size_t chunk = size < FRAME_DATA_MAX ? size : FRAME_DATA_MAX;
    if (chunk > session->stdin_credit)
        chunk = session->stdin_credit;
    int status = session->direct
                     ? direct_streams_write(session->direct, data, chunk, error)
                     : channel_send(session->sandbox->channel, FRAME_STDIN, session->id, data, chunk, error);
    if (status == 0) {
        session->stdin_credit -= (uint32_t)chunk;
        *written += chunk;
        forget_news(session);
    }
    return status;
}

static int check_writable(struct postern_session *session, struct postern_error *error)
{
    int status = sandbox_check(session->sandbox, error);
    if (status == 0 && (session->stdin_closed || session->phase == SESSION_ENDED))
        status = error_set(error, POSTERN_E_CLOSED, STAGE, "", "the command's stdin is closed");
    if (status == 0 && !session->sandbox->channel)
        status = error_set(error, POSTERN_E_RUNNER_DIED, STAGE, "", "the runner is ending");
    return status;
}

int postern_session_write(struct postern_session *session, const void *data, size_t size, int timeout, size_t *written,
                          struct postern_error *error)
{
    uint64_t deadline_us = sandbox_deadline(timeout);
    int status = 0;
    bool in_time = true;
    *written = 0;
    while (*written < size) {
        status = check_writable(session, error);
        if (status != 0)
            return *written > 0 ? 0 : status;
        if (session->stdin_credit > 0)
            status = write_some(session, (const unsigned char *)data + *written, size - *written, written, error);
        else if (in_time && timeout != 0)
            in_time = sandbox_wait(session->sandbox, deadline_us);
        else
            break;
        if (status != 0)
            return status;
    }
    if (*written == 0 && size > 0)
        return error_set(error, POSTERN_E_WOULD_BLOCK, STAGE, "", "the window is full");
    return 0;
}

int postern_session_close_stdin(struct postern_session *session, struct postern_error *error)
{
    struct buffer nothing;
    buffer_init(&nothing, 0);
    if (session->stdin_closed)
        return 0;
    if (session->direct) {
        session->stdin_closed = true;
        direct_streams_close_stdin(session->direct);
        forget_news(session);
        return 0;
    }
    int status = sandbox_send(session->sandbox, FRAME_CLOSE_STDIN, session->id, &nothing, true, error);
    if (status == 0 && !session->tty) {
        session->stdin_closed = true;
        forget_news(session);
    }
    return status;
}
