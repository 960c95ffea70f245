/*
 * session.c - the life of one command in the runner. See session.h for its states.
 *
 * A session ends in one place only, finish_if_done(): when the process has exited, its tree is gone (or kept) and its
 * output is sent, in whatever order these came.
 */
#include "runner/session.h"

#include "conpty/pty.h"
#include "ipc/input.h"
#include "runner/command.h"
#include "runner/output.h"
#include "shared/drain.h"
#include "shared/log.h"
#include "shared/system.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ETX 3 /* what the key Ctrl-C is in a stream of bytes */

struct session {
    const struct session_owner *owner;
    uint32_t id;
    enum session_state state;
    struct command *command;
    struct input input;
    struct output out, err;

    bool tty, keep, direct;
    uint32_t window, grace;
    uint64_t timeout;
    struct message_signal early; /* a SIGNAL that came before the command ran */
    bool has_early, early_close;

    bool tree_gone;
    uint64_t started_us;
    struct postern_result result;
    struct postern_error failure; /* of a command that could not be started */
    struct loop_timer timeout_timer, grace_timer;
    struct drain drain;
};

static const char *const state_names[] = {"starting", "running", "draining", "ending", "over"};

/* The only place where the state changes. */
static void set_state(struct session *session, enum session_state state)
{
    assert(state > session->state);
    log_line(session->owner->log, "session %u: %s -> %s", session->id, state_names[session->state], state_names[state]);
    session->state = state;
}

uint32_t session_id(const struct session *session)
{
    return session->id;
}

/* ---- frames out ---- */

/* Sends what `encoded` holds. A queue that is full or memory that is out here means a parent that does not read, or
 * a host at its end; the channel's owner notices both. */
static void send_message(struct session *session, enum frame_type type, struct buffer *encoded, bool valid)
{
    struct postern_error error = {0};
    int status = valid ? channel_send(session->owner->channel, type, session->id, buffer_data(encoded),
                                      buffer_length(encoded), &error)
                       : error_memory(&error, "session");
    if (status != 0)
        log_line(session->owner->log, "session %u: %s not sent: %s", session->id, frame_type_name((uint8_t)type),
                 error.message);
    buffer_free(encoded);
}

static void send_spawned(struct session *session, uint32_t pid)
{
    struct buffer text;
    buffer_init(&text, FRAME_PAYLOAD_MAX);
    bool valid = message_encode_spawned(&(struct message_spawned){pid, MESSAGE_STDIN_WINDOW}, &text);
    send_message(session, FRAME_SPAWNED, &text, valid);
}

static void send_credit(void *context, uint32_t bytes)
{
    struct session *session = context;
    if (session->state == SESSION_STARTING || session->state == SESSION_OVER)
        return;
    struct buffer text;
    buffer_init(&text, FRAME_PAYLOAD_MAX);
    bool valid = message_encode_credit(&(struct message_credit){MESSAGE_STDIN, bytes}, &text);
    send_message(session, FRAME_CREDIT, &text, valid);
}

/* ---- the end ---- */

static void stop_drain_timers(struct session *session)
{
    loop_timer_stop(&session->grace_timer);
    drain_stop(&session->drain);
}

static void stop_timers(struct session *session)
{
    stop_drain_timers(session);
    loop_timer_stop(&session->timeout_timer);
}

static void finish_if_done(struct session *session)
{
    if (session->state != SESSION_ENDING || !session->tree_gone || !output_is_idle(&session->out) ||
        !output_is_idle(&session->err))
        return;
    stop_timers(session);
    set_state(session, SESSION_OVER);
    struct buffer text;
    buffer_init(&text, FRAME_PAYLOAD_MAX);
    bool valid = message_encode_exit(&session->result, &text);
    send_message(session, FRAME_EXIT, &text, valid);
    session->owner->over(session->owner->context, session);
}

static void cut_output(struct session *session)
{
    session->result.output_cut = session->result.output_cut || !session->out.ended || !session->err.ended;
    output_cut(&session->out);
    output_cut(&session->err);
}

static void begin_ending(struct session *session)
{
    stop_drain_timers(session);
    set_state(session, SESSION_ENDING);
    if (session->keep && session->result.reason == POSTERN_REASON_EXITED) {
        cut_output(session);
        session->owner->keep(session->owner->context, session->command);
        session->command = NULL;
        input_free(&session->input);
        session->tree_gone = true;
    } else if (!session->tree_gone) {
        command_kill(session->command);
    }
    drain_start_last(&session->drain);
    finish_if_done(session);
}

/* ---- draining: the command has exited, its output may trail ---- */

static void drain_over(void *context)
{
    struct session *session = context;
    if (session->state == SESSION_DRAINING) {
        session->result.output_cut = !session->out.ended || !session->err.ended;
        begin_ending(session);
    } else {
        /* The tree was killed, so every writer is gone and end of file comes by itself. It has not (a descriptor was
         * passed out of the tree), or the parent does not read although the session was to be ended. */
        cut_output(session);
        finish_if_done(session);
    }
}

static bool held_back(void *context)
{
    struct session *session = context;
    if (session->state == SESSION_ENDING && session->result.reason != POSTERN_REASON_EXITED)
        return false;
    return output_held_back(&session->out) || output_held_back(&session->err);
}

static void output_moved(void *context, bool bytes)
{
    struct session *session = context;
    if (session->state == SESSION_DRAINING) {
        if (session->out.ended && session->err.ended)
            begin_ending(session);
        else if (bytes)
            drain_moved(&session->drain);
    } else if (session->state == SESSION_ENDING) {
        finish_if_done(session);
    }
}

/* ---- ending by request ---- */

static void grace_passed(void *context)
{
    struct session *session = context;
    if (session->state == SESSION_DRAINING)
        begin_ending(session);
    else
        command_kill(session->command);
}

static void end_tree(struct session *session, enum postern_reason reason, uint32_t grace)
{
    /* While it ends, only a parent that does not take the output can be in the way: the reason makes
     * held_back() stop waiting for it. */
    if (session->state == SESSION_OVER || (session->state == SESSION_ENDING && !held_back(session)))
        return;
    if (session->result.reason == POSTERN_REASON_EXITED)
        session->result.reason = reason;
    if (session->state == SESSION_ENDING)
        return;
    if (session->state == SESSION_DRAINING && grace == 0) {
        begin_ending(session);
    } else if (grace == 0) {
        loop_timer_stop(&session->grace_timer);
        command_kill(session->command);
    } else {
        command_terminate(session->command);
        loop_timer_start(session->owner->loop, &session->grace_timer, (uint64_t)grace * 1000u, grace_passed, session);
    }
}

static void timeout_passed(void *context)
{
    struct session *session = context;
    /* Once the command itself has exited there is nobody left to ask. */
    end_tree(session, POSTERN_REASON_TIMEOUT, session->state == SESSION_DRAINING ? 0 : session->grace);
}

void session_kill(struct session *session, enum postern_reason reason)
{
    if (session->state == SESSION_STARTING) {
        session->result.reason = reason;
        session->early = (struct message_signal){POSTERN_SIGNAL_KILL, 0};
        session->has_early = true;
        if (session->command)
            command_kill(session->command);
    } else {
        end_tree(session, reason, 0);
    }
}

/* ---- what the command tells ---- */

static void input_ended(void *context, bool asked)
{
    struct session *session = context;
    const char *end_of_file = pty_end_of_file();
    struct postern_error error = {0};
    if (asked && session->tty) {
        /* The terminal stays open for output; its input is handed what means end of file when typed. */
        session->input.stream = command_streams(session->command)->in;
        session->input.closed = session->input.close_asked = false;
        if (session->input.stream &&
            input_add(&session->input, (const unsigned char *)end_of_file, strlen(end_of_file), &error) != 0)
            log_line(session->owner->log, "session %u: %s", session->id, error.message);
        return;
    }
    command_close_stdin(session->command);
    if (!asked && session->state != SESSION_OVER)
        channel_send(session->owner->channel, FRAME_CLOSE_STDIN, session->id, NULL, 0, NULL);
}

static void start_timeout(struct session *session)
{
    if (session->timeout > 0 && session->timeout < UINT64_MAX / 1000u)
        loop_timer_start(session->owner->loop, &session->timeout_timer, session->timeout * 1000u, timeout_passed,
                         session);
}

static void output_seen(void *context, const void *data, size_t size)
{
    struct session *session = context;
    command_watch(session->command, data, size);
}

static void command_spawned(void *context, uint32_t pid)
{
    struct session *session = context;
    set_state(session, SESSION_RUNNING);
    send_spawned(session, pid);
    start_timeout(session);
    struct output_spec spec = {.loop = session->owner->loop,
                               .channel = session->owner->channel,
                               .stream = command_streams(session->command)->out,
                               .elsewhere = session->direct,
                               .full_read = session->tty ? pty_full_read() : 0,
                               .type = FRAME_STDOUT,
                               .session = session->id,
                               .credit = session->window,
                               .moved = output_moved,
                               .seen = session->tty ? output_seen : NULL,
                               .context = session};
    bool complete = output_start(&session->out, &spec);
    spec.stream = command_streams(session->command)->err;
    spec.type = FRAME_STDERR;
    complete = complete && output_start(&session->err, &spec);
    input_start(&session->input, command_streams(session->command)->in, send_credit, input_ended, session);
    if (!complete) {
        log_line(session->owner->log, "session %u: out of memory", session->id);
        end_tree(session, POSTERN_REASON_TERMINATED, 0);
        return;
    }
    if (session->early_close)
        input_close(&session->input);
    if (session->has_early)
        session_signal(session, &session->early);
}

static void command_failed(void *context, const struct postern_error *failure)
{
    struct session *session = context;
    log_line(session->owner->log, "session %u: not started: %s", session->id, failure->message);
    struct buffer text;
    buffer_init(&text, FRAME_PAYLOAD_MAX);
    bool valid = message_encode_error(failure, &text);
    send_message(session, FRAME_ERROR, &text, valid);
    set_state(session, SESSION_OVER);
    session->owner->over(session->owner->context, session);
}

static void command_exited(void *context, const struct command_exit *status)
{
    struct session *session = context;
    session->result.exit_code = status->exit_code;
    session->result.signal = status->signal;
    session->result.wall_us = system_now_us() - session->started_us;
    if (session->state != SESSION_RUNNING)
        return;
    set_state(session, SESSION_DRAINING);
    command_finish_terminal(session->command);
    if ((session->out.ended && session->err.ended) ||
        (session->result.reason != POSTERN_REASON_EXITED && !loop_timer_running(&session->grace_timer))) {
        begin_ending(session);
        return;
    }
    if (session->direct) /* who reads has the clocks: see session_drained() and SIGNAL "rest" */
        channel_send(session->owner->channel, FRAME_DRAIN, session->id, NULL, 0, NULL);
    else
        drain_start(&session->drain);
}

static void command_emptied(void *context, const struct command_usage *usage)
{
    struct session *session = context;
    session->result.user_us = usage->user_us;
    session->result.system_us = usage->system_us;
    session->result.peak_memory = usage->peak_memory;
    session->tree_gone = true;
    finish_if_done(session);
}

/* ---- from the owner ---- */

static void report_failure(void *context)
{
    struct session *session = context;
    command_failed(session, &session->failure);
}

struct session *session_start(const struct session_owner *owner, uint32_t id, const struct message_spawn *spawn,
                              const struct handed *handed)
{
    static const struct command_callbacks callbacks = {command_spawned, command_failed, command_exited,
                                                       command_emptied};
    static const char *const no_environment[] = {NULL};
    struct session *session = calloc(1, sizeof(*session));
    if (!session)
        return NULL;
    session->owner = owner;
    session->id = id;
    session->started_us = system_now_us();
    session->tty = spawn->tty;
    session->keep = spawn->keep;
    session->window = spawn->window;
    session->timeout = spawn->timeout;
    session->grace = spawn->grace;
    session->direct = spawn->direct;
    drain_init(&session->drain, owner->loop, spawn->drain_idle, spawn->drain_limit);
    session->drain.held_back = held_back;
    session->drain.over = drain_over;
    session->drain.context = session;
    session->out.ended = session->err.ended = true;
    struct command_spec spec = {
        .argv = (const char *const *)spawn->argv.item,
        .env = spawn->env.count > 0 ? (const char *const *)spawn->env.item : no_environment,
        .cwd = spawn->cwd,
        .tty = spawn->tty,
        .rows = spawn->rows,
        .cols = spawn->cols,
        .open_stdin = spawn->open_stdin,
        .handed = spawn->direct ? handed : NULL,
    };
    if (command_start(owner->loop, &spec, &callbacks, session, &session->command, &session->failure) != 0 &&
        !loop_timer_start(owner->loop, &session->timeout_timer, 0, report_failure, session)) {
        session_free(session);
        return NULL;
    }
    return session;
}

/* A Ctrl-C is typed in the form in which the terminal wants it at the moment. */
static int type_bytes(struct session *session, const unsigned char *data, size_t size, struct postern_error *error)
{
    int code = 0;
    while (code == 0 && size > 0) {
        const unsigned char *etx = memchr(data, ETX, size);
        size_t plain = etx ? (size_t)(etx - data) : size;
        if (plain > 0)
            code = input_add(&session->input, data, plain, error);
        if (code == 0 && etx) {
            code = input_type(&session->input, command_type_interrupt(session->command), 1, error);
            plain++;
        }
        data += plain;
        size -= plain;
    }
    return code;
}

int session_stdin(struct session *session, const unsigned char *data, size_t size, struct postern_error *error)
{
    if (session->state == SESSION_STARTING)
        return error_set(error, POSTERN_E_PROTOCOL, "session", "", "stdin before any was granted");
    if (session->direct)
        return error_set(error, POSTERN_E_PROTOCOL, "session", "", "stdin of a session that has its own");
    if (session->tty && session->state == SESSION_RUNNING)
        return type_bytes(session, data, size, error);
    return input_add(&session->input, data, size, error);
}

void session_close_stdin(struct session *session)
{
    if (session->state == SESSION_STARTING)
        session->early_close = true;
    else
        input_close(&session->input);
}

void session_resize(struct session *session, const struct message_resize *resize)
{
    struct postern_error error = {0};
    if (session->command && command_resize(session->command, resize->rows, resize->cols, &error) != 0)
        log_line(session->owner->log, "session %u: resize: %s", session->id, error.message);
}

void session_signal(struct session *session, const struct message_signal *signal)
{
    bool kill_noted = session->has_early && session->early.signal == POSTERN_SIGNAL_KILL;
    if (signal->signal == POSTERN_SIGNAL_KILL) {
        session_kill(session, POSTERN_REASON_TERMINATED);
    } else if (session->state == SESSION_STARTING) {
        if (!kill_noted)
            session->early = *signal;
        session->has_early = true;
    } else if (signal->signal == 0) {
        end_tree(session, POSTERN_REASON_TERMINATED, signal->grace);
    } else if (signal->signal == MESSAGE_SIGNAL_REST) {
        if (session->state == SESSION_DRAINING)
            drain_over(session);
    } else if (session->state == SESSION_RUNNING) {
        struct postern_error error = {0};
        if (command_signal(session->command, signal->signal, &error) != 0)
            log_line(session->owner->log, "session %u: signal: %s", session->id, error.message);
    }
}

int session_credit(struct session *session, const struct message_credit *credit, struct postern_error *error)
{
    struct output *output = credit->stream == MESSAGE_STDERR ? &session->err : &session->out;
    if (session->state == SESSION_STARTING || session->direct || credit->stream == MESSAGE_STDIN ||
        !output_add_credit(output, credit->bytes))
        return error_set(error, POSTERN_E_PROTOCOL, "session", "", "credit that does not fit");
    return 0;
}

int session_drained(struct session *session, struct postern_error *error)
{
    if (session->state == SESSION_STARTING || !session->direct)
        return error_set(error, POSTERN_E_PROTOCOL, "session", "", "DRAIN of a session whose output is ours");
    output_end(&session->out);
    output_end(&session->err);
    output_moved(session, false);
    return 0;
}

void session_free(struct session *session)
{
    if (!session)
        return;
    stop_timers(session);
    output_free(&session->out);
    output_free(&session->err);
    input_free(&session->input);
    command_free(session->command);
    free(session);
}
