/*
 * session.c - the parent's side of one session: what the runner says of it, what the caller reads and writes.
 * Implements the postern_session_* calls of include/postern.h. Frames come in through sandbox.c; their content is
 * hostile.
 */
#include "elevated/sandbox.h"

#include "elevated/options.h"
#include "shared/log.h"
#include "shared/system.h"

#include <stdlib.h>
#include <string.h>

#define STAGE "session"

/* ---- frames of the runner ---- */

static void end(struct postern_session *session)
{
    session->phase = SESSION_ENDED;
    session->stdin_closed = true;
    session->stream[POSTERN_STDOUT].ended = true;
    session->stream[POSTERN_STDERR].ended = true;
    loop_timer_stop(&session->late.timer);
    if (session->direct && direct_streams_stop(session->direct))
        session->result.output_cut = true;
}

static int send_signal(struct postern_session *session, enum postern_signal signal, uint32_t grace,
                       struct postern_error *error)
{
    struct buffer text;
    buffer_init(&text, FRAME_PAYLOAD_MAX);
    bool valid = message_encode_signal(&(struct message_signal){signal, grace}, &text);
    return sandbox_send(session->sandbox, FRAME_SIGNAL, session->id, &text, valid, error);
}

/* Bad content: the session is lost and over for the caller, at once: its runner may never send an EXIT. The sandbox is
 * not, so what the runner still sends for it stays legal, and is dropped. */
static void spurn(struct postern_session *session, const struct frame *frame, const struct postern_error *why)
{
    log_line(session->sandbox->log, "session %u: %s", session->id, why->message);
    session->failure = *why;
    session->spurned = frame->header.type != FRAME_EXIT && frame->header.type != FRAME_ERROR;
    if (session->spurned)
        send_signal(session, POSTERN_SIGNAL_KILL, 0, NULL);
    end(session);
}

static int on_spawned(struct postern_session *session, const struct frame *frame, struct postern_error *error)
{
    struct message_spawned spawned;
    int status = message_decode_spawned(frame->payload, frame->header.length, &spawned, error);
    if (status == 0) {
        session->phase = SESSION_RUNNING;
        session->pid = spawned.pid;
        session->stdin_credit = spawned.stdin_window;
        if (session->direct)
            direct_streams_start(session->direct);
        session_expect_timeout(session);
    }
    return status;
}

static int on_error(struct postern_session *session, const struct frame *frame, struct postern_error *error)
{
    struct postern_error theirs;
    int status = message_decode_error(frame->payload, frame->header.length, &theirs, error);
    if (status == 0) {
        session->failure = theirs;
        end(session);
    }
    return status;
}

static int on_output(struct postern_session *session, const struct frame *frame, struct postern_error *error)
{
    struct received *stream = &session->stream[frame->header.type == FRAME_STDERR ? POSTERN_STDERR : POSTERN_STDOUT];
    uint32_t size = frame->header.length;
    if (session->direct || size > stream->granted)
        return error_set(error, POSTERN_E_PROTOCOL, STAGE, "", "%s of %u bytes, but %u were granted",
                         frame_type_name(frame->header.type), size, stream->granted);
    stream->granted -= size;
    if (session->released)
        return 0;
    bool kept = channel_move_payload(session->sandbox->channel, frame, &stream->bytes);
    return kept ? 0 : error_memory(error, STAGE);
}

static int on_credit(struct postern_session *session, const struct frame *frame, struct postern_error *error)
{
    struct message_credit credit;
    int status = message_decode_credit(frame->payload, frame->header.length, &credit, error);
    if (status != 0)
        return status;
    if (session->direct || credit.stream != MESSAGE_STDIN || credit.bytes > INT32_MAX - session->stdin_credit)
        return error_set(error, POSTERN_E_PROTOCOL, STAGE, "", "credit that does not fit");
    session->stdin_credit += credit.bytes;
    return 0;
}

static int on_close_stdin(struct postern_session *session, struct postern_error *error)
{
    if (session->direct)
        return error_set(error, POSTERN_E_PROTOCOL, STAGE, "", "CLOSE_STDIN of a session that has its own");
    session->stdin_closed = true;
    return 0;
}

static int on_drain(struct postern_session *session, struct postern_error *error)
{
    if (!session->direct)
        return error_set(error, POSTERN_E_PROTOCOL, STAGE, "", "DRAIN of a session that is framed");
    return direct_streams_drain(session->direct, error);
}

static int on_exit_frame(struct postern_session *session, const struct frame *frame, struct postern_error *error)
{
    int status = message_decode_exit(frame->payload, frame->header.length, &session->result, error);
    if (status == 0) {
        session->has_result = true;
        end(session);
    }
    return status;
}

static int handle(struct postern_session *session, const struct frame *frame, struct postern_error *error)
{
    switch (frame->header.type) {
    case FRAME_SPAWNED:
        return on_spawned(session, frame, error);
    case FRAME_ERROR:
        return on_error(session, frame, error);
    case FRAME_STDOUT:
    case FRAME_STDERR:
        return on_output(session, frame, error);
    case FRAME_CREDIT:
        return on_credit(session, frame, error);
    case FRAME_CLOSE_STDIN:
        return on_close_stdin(session, error);
    case FRAME_DRAIN:
        return on_drain(session, error);
    case FRAME_EXIT:
        return on_exit_frame(session, frame, error);
    default:
        return error_set(error, POSTERN_E_INTERNAL, STAGE, "", "no handler for %s",
                         frame_type_name(frame->header.type));
    }
}

void session_on_frame(struct postern_session *session, const struct frame *frame)
{
    struct postern_error error = {0};
    if (session->spurned)
        session->spurned = frame->header.type != FRAME_EXIT;
    else if (handle(session, frame, &error) != 0)
        spurn(session, frame, &error);
}

void session_on_runner_gone(struct postern_session *session, const struct postern_error *why)
{
    session->spurned = false;
    if (session->phase == SESSION_ENDED)
        return;
    if (session->phase == SESSION_STARTING) {
        session->failure = *why;
    } else {
        session->result = (struct postern_result){.reason = POSTERN_REASON_RUNNER_DIED, .output_cut = true};
        session->has_result = true;
    }
    end(session);
}

/* ---- starting ---- */

static void init(struct postern_session *session, struct postern_sandbox *sandbox, const struct message_spawn *spawn)
{
    session->sandbox = sandbox;
    session->tty = spawn->tty;
    session->stdin_closed = !spawn->open_stdin && !spawn->tty;
    session_late_init(&session->late, spawn);
    for (int i = 0; i < 2; i++) {
        buffer_init(&session->stream[i].bytes, spawn->window);
        session->stream[i].granted = spawn->window;
    }
    session->stream[POSTERN_STDERR].ended = spawn->tty;
}

void session_destroy(struct postern_session *session)
{
    loop_timer_stop(&session->late.timer);
    direct_streams_free(session->direct);
    buffer_free(&session->stream[POSTERN_STDOUT].bytes);
    buffer_free(&session->stream[POSTERN_STDERR].bytes);
    free(session);
}

static int send_spawn(struct postern_session *session, const struct message_spawn *spawn, struct postern_error *error)
{
    struct buffer text;
    buffer_init(&text, FRAME_PAYLOAD_MAX);
    if (message_encode_spawn(spawn, &text))
        return sandbox_send(session->sandbox, FRAME_SPAWN, session->id, &text, true, error);
    buffer_free(&text);
    return error_set(error, POSTERN_E_LIMIT, STAGE, "",
                     "the arguments and the environment together are longer than what can be sent");
}

int postern_session_begin(struct postern_sandbox *sandbox, const struct postern_command *command,
                          struct postern_session **out, struct postern_error *error)
{
    struct message_spawn spawn = {0};
    int status = sandbox_check(sandbox, error);
    if (status == 0)
        status = options_check_command(command, sandbox->launch, &spawn, error);
    if (status != 0)
        return status;
    struct postern_session *session = calloc(1, sizeof(*session));
    if (!session) {
        status = error_memory(error, STAGE);
        goto out;
    }
    init(session, sandbox, &spawn);
    status = sandbox_add(sandbox, session, error);
    if (status != 0)
        goto out;
    status = direct_streams_create(session, &spawn, &session->direct, error);
    if (status == 0) {
        status = send_spawn(session, &spawn, error);
        if (status != 0)
            direct_streams_take_back(session->direct, &spawn);
    }
    if (status != 0) {
        sandbox_remove(session);
        goto out;
    }
    *out = session;
    session = NULL;
out:
    if (session)
        session_destroy(session);
    message_free_spawn(&spawn);
    return status;
}

static int spawn_outcome(const struct postern_session *session, struct postern_error *error)
{
    if (session->phase == SESSION_STARTING)
        return error_set(error, POSTERN_E_TIMED_OUT, STAGE, "", "the command was not started in time");
    if (session->failure.code != 0 && error)
        *error = session->failure;
    return session->failure.code;
}

int postern_session_wait_spawned(struct postern_session *session, int timeout, struct postern_error *error)
{
    uint64_t deadline_us = sandbox_deadline(timeout);
    while (session->phase == SESSION_STARTING && sandbox_wait(session->sandbox, deadline_us))
        ;
    return spawn_outcome(session, error);
}

/* A runner that does not answer must not hold the caller, and a wake-up must not undo a start. */
int postern_session_start(struct postern_sandbox *sandbox, const struct postern_command *command,
                          struct postern_session **out, struct postern_error *error)
{
    struct postern_session *session = NULL;
    uint64_t deadline_us = system_now_us() + (uint64_t)sandbox->start_timeout * 1000u;
    int status = postern_session_begin(sandbox, command, &session, error);
    while (status == 0 && session->phase == SESSION_STARTING && sandbox_step(sandbox, deadline_us))
        ;
    if (status == 0)
        status = spawn_outcome(session, error);
    if (status != 0)
        postern_session_release(session);
    else
        *out = session;
    return status;
}

uint32_t postern_session_pid(const struct postern_session *session)
{
    return session->pid;
}

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

/* ---- control ---- */

static int check_live(struct postern_session *session, struct postern_error *error)
{
    if (session->phase == SESSION_ENDED)
        return error_set(error, POSTERN_E_CLOSED, STAGE, "", "the session has ended");
    return 0;
}

int postern_session_resize(struct postern_session *session, uint16_t rows, uint16_t cols, struct postern_error *error)
{
    int status = check_live(session, error);
    if (status == 0 && (!session->tty || rows == 0 || cols == 0))
        status = error_set(error, POSTERN_E_INVALID, STAGE, "", "%s",
                           session->tty ? "rows and columns must not be 0" : "the session has no terminal");
    if (status != 0)
        return status;
    struct buffer text;
    buffer_init(&text, FRAME_PAYLOAD_MAX);
    bool valid = message_encode_resize(&(struct message_resize){rows, cols}, &text);
    return sandbox_send(session->sandbox, FRAME_RESIZE, session->id, &text, valid, error);
}

int postern_session_signal(struct postern_session *session, enum postern_signal signal, struct postern_error *error)
{
    int status = check_live(session, error);
    if (status == 0 && (signal < POSTERN_SIGNAL_INTERRUPT || signal > POSTERN_SIGNAL_KILL))
        status = error_set(error, POSTERN_E_INVALID, STAGE, "", "%d is not a signal", (int)signal);
    if (status == 0)
        status = send_signal(session, signal, 0, error);
    if (status == 0 && signal == POSTERN_SIGNAL_KILL)
        session_expect_end(session, 0);
    return status;
}

int postern_session_terminate(struct postern_session *session, uint32_t grace, struct postern_error *error)
{
    int status = check_live(session, error);
    if (status == 0)
        status = send_signal(session, (enum postern_signal)0, grace, error);
    if (status == 0)
        session_expect_end(session, grace);
    return status;
}

int postern_session_wait(struct postern_session *session, int timeout, struct postern_result *result,
                         struct postern_error *error)
{
    uint64_t deadline_us = sandbox_deadline(timeout);
    while (session->phase != SESSION_ENDED && sandbox_wait(session->sandbox, deadline_us))
        ;
    if (session->phase != SESSION_ENDED)
        return error_set(error, POSTERN_E_TIMED_OUT, STAGE, "", "the session has not ended yet");
    if (session->failure.code != 0) {
        if (error)
            *error = session->failure;
        return session->failure.code;
    }
    *result = session->result;
    return 0;
}

void postern_session_release(struct postern_session *session)
{
    if (!session || session->released)
        return;
    if (!session->spurned &&
        (session->phase == SESSION_ENDED || send_signal(session, POSTERN_SIGNAL_KILL, 0, NULL) != 0)) {
        sandbox_remove(session);
        session_destroy(session);
        return;
    }
    if (!session->spurned)
        session_expect_end(session, 0);
    if (session->direct)
        direct_streams_stop(session->direct);
    session->released = true; /* goes when its EXIT has come: until then its frames are legal */
    buffer_free(&session->stream[POSTERN_STDOUT].bytes);
    buffer_free(&session->stream[POSTERN_STDERR].bytes);
}
