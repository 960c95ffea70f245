/*
 * session.c - the parent's side of one session: what the runner says of it, its start and its end. Implements the
 * postern_session_* calls of include/postern.h, but for the streams (session_streams.c). Frames come in through
 * sandbox.c; their content is hostile.
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
