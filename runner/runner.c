/*
 * runner.c - dispatches the parent's frames to sessions. See runner.h. Runs inside the sandbox; the parent is trusted,
 * its frames are still checked: a mistake there must be told, not obeyed.
 */
#include "runner/runner.h"

#include "ipc/channel.h"
#include "ipc/message.h"
#include "runner/command.h"
#include "runner/confine.h"
#include "runner/handed.h"
#include "runner/session.h"
#include "shared/numbered.h"
#include "shared/system.h"
#include "shared/text.h"

#include <stdlib.h>

#define STAGE "runner"

struct kept {
    struct kept *next;
    struct command *command;
};

struct runner {
    struct loop *loop;
    struct channel *channel;
    struct bootstrap *bootstrap; /* borrowed */
    struct log *log;
    struct session_owner owner;
    struct numbered sessions; /* struct session, by id: the parent counts upwards; owned */
    uint32_t last_id;
    struct kept *kept; /* commands whose rest may live until the sandbox stops */
    bool greeted, shutting_down, over;
};

/* ---- the list of sessions ---- */

static struct session *find(const struct runner *runner, uint32_t id)
{
    return numbered_find(&runner->sessions, id);
}

static void session_over(void *context, struct session *session)
{
    struct runner *runner = context;
    numbered_remove(&runner->sessions, session_id(session));
    session_free(session);
}

static void keep_command(void *context, struct command *command)
{
    struct runner *runner = context;
    struct kept *kept = malloc(sizeof(*kept));
    if (!kept) { /* rather end it now than forget it */
        command_free(command);
        return;
    }
    command_detach(command);
    *kept = (struct kept){runner->kept, command};
    runner->kept = kept;
}

/* ---- frames about the connection ---- */

static int send_text(struct runner *runner, enum frame_type type, uint32_t session, struct buffer *text, bool valid,
                     struct postern_error *error)
{
    int status = valid ? channel_send(runner->channel, type, session, buffer_data(text), buffer_length(text), error)
                       : error_memory(error, STAGE);
    buffer_free(text);
    return status;
}

static int send_error(struct runner *runner, uint32_t session, const struct postern_error *what,
                      struct postern_error *error)
{
    struct buffer text;
    buffer_init(&text, FRAME_PAYLOAD_MAX);
    log_line(runner->log, "error: %s: %s", what->stage, what->message);
    bool valid = message_encode_error(what, &text);
    return send_text(runner, FRAME_ERROR, session, &text, valid, error);
}

static int send_hello(struct runner *runner, struct postern_error *error)
{
    struct buffer text;
    buffer_init(&text, FRAME_PAYLOAD_MAX);
    struct message_hello hello = {
        .pid = system_process_id(), .level = runner->bootstrap->level, .capabilities = runner->bootstrap->in_force};
    text_copy(hello.version, sizeof(hello.version), postern_version());
    bool valid = message_encode_hello(&hello, &text);
    return send_text(runner, FRAME_HELLO, FRAME_SESSION_NONE, &text, valid, error);
}

static void connection_ready(void *context)
{
    struct runner *runner = context;
    struct postern_error error = {0}, unsent = {0};
    crypto_wipe(runner->bootstrap->key, sizeof(runner->bootstrap->key));
    /* Confinement comes here, not earlier: a failure can be told to the parent, and nothing has run yet. */
    struct bootstrap *bootstrap = runner->bootstrap;
    int status = confine_self(bootstrap->level, &bootstrap->steps, bootstrap->sid, &bootstrap->in_force, &error);
    if (status == 0)
        status = send_hello(runner, &error);
    if (status == 0) {
        runner->greeted = true;
        return;
    }
    send_error(runner, FRAME_SESSION_NONE, &error, &unsent);
    runner->shutting_down = true; /* over once the message is out */
}

/* ---- frames about sessions ---- */

static int on_spawn(struct runner *runner, const struct frame *frame, struct postern_error *error)
{
    struct message_spawn spawn = {0};
    struct postern_error failure = {0};
    struct session *session = NULL;
    struct handed handed;
    uint32_t id = frame->header.session;
    int status = message_decode_spawn(frame->payload, frame->header.length, &spawn, &failure);
    int taken = handed_take(&spawn, &handed, status == 0 ? &failure : NULL);
    if (status == 0)
        status = taken;
    if (status == 0 && (id <= runner->last_id || runner->shutting_down))
        status = error_set(&failure, POSTERN_E_STATE, STAGE, "", "session %u cannot be started now", id);
    if (status == 0 && runner->sessions.count >= RUNNER_SESSIONS_MAX)
        status = error_set(&failure, POSTERN_E_LIMIT, STAGE, "", "%u sessions run already", RUNNER_SESSIONS_MAX);
    if (status == 0 && !numbered_reserve(&runner->sessions))
        status = error_memory(&failure, STAGE);
    if (status == 0) {
        session = session_start(&runner->owner, id, &spawn, &handed);
        if (!session)
            status = error_memory(&failure, STAGE);
    }
    handed_close(&handed); /* the command has its own by now, or will never have */
    message_free_spawn(&spawn);
    if (id > runner->last_id)
        runner->last_id = id;
    if (status != 0)
        return send_error(runner, id, &failure, error);
    numbered_add(&runner->sessions, id, session);
    return 0;
}

static int on_stdin(struct runner *runner, const struct frame *frame, struct postern_error *error)
{
    return session_stdin(find(runner, frame->header.session), frame->payload, frame->header.length, error);
}

static int on_close_stdin(struct runner *runner, const struct frame *frame, struct postern_error *error)
{
    (void)error;
    session_close_stdin(find(runner, frame->header.session));
    return 0;
}

static int on_resize(struct runner *runner, const struct frame *frame, struct postern_error *error)
{
    struct message_resize resize;
    int status = message_decode_resize(frame->payload, frame->header.length, &resize, error);
    if (status == 0)
        session_resize(find(runner, frame->header.session), &resize);
    return status;
}

static int on_signal(struct runner *runner, const struct frame *frame, struct postern_error *error)
{
    struct message_signal signal;
    int status = message_decode_signal(frame->payload, frame->header.length, &signal, error);
    if (status == 0)
        session_signal(find(runner, frame->header.session), &signal);
    return status;
}

static int on_credit(struct runner *runner, const struct frame *frame, struct postern_error *error)
{
    struct message_credit credit;
    int status = message_decode_credit(frame->payload, frame->header.length, &credit, error);
    if (status == 0)
        status = session_credit(find(runner, frame->header.session), &credit, error);
    return status;
}

static int on_drain(struct runner *runner, const struct frame *frame, struct postern_error *error)
{
    return session_drained(find(runner, frame->header.session), error);
}

static int on_shutdown(struct runner *runner, const struct frame *frame, struct postern_error *error)
{
    (void)frame;
    (void)error;
    runner->shutting_down = true;
    for (size_t i = 0; i < runner->sessions.count; i++)
        session_kill(runner->sessions.item[i].thing, POSTERN_REASON_RUNNER_SHUTDOWN);
    return 0;
}

static int on_ping(struct runner *runner, const struct frame *frame, struct postern_error *error)
{
    return channel_send(runner->channel, FRAME_PONG, FRAME_SESSION_NONE, frame->payload, frame->header.length, error);
}

static enum frame_phase phase_of(void *context, const struct frame_header *header)
{
    struct runner *runner = context;
    if (header->session == FRAME_SESSION_NONE)
        return runner->greeted ? FRAME_PHASE_CONNECTION : FRAME_PHASE_CONNECTING;
    /* What the parent sent before it saw EXIT is legal, and goes nowhere (see on_frame). */
    bool seen = header->session <= runner->last_id;
    return seen ? FRAME_PHASE_RUNNING : FRAME_PHASE_ABSENT;
}

static int on_frame(void *context, const struct frame *frame, struct postern_error *error)
{
    static const struct {
        enum frame_type type;
        int (*handle)(struct runner *runner, const struct frame *frame, struct postern_error *error);
    } handlers[] = {
        {FRAME_SPAWN, on_spawn},   {FRAME_STDIN, on_stdin},       {FRAME_CLOSE_STDIN, on_close_stdin},
        {FRAME_RESIZE, on_resize}, {FRAME_SIGNAL, on_signal},     {FRAME_CREDIT, on_credit},
        {FRAME_PING, on_ping},     {FRAME_SHUTDOWN, on_shutdown}, {FRAME_DRAIN, on_drain},
    };
    struct runner *runner = context;
    uint32_t id = frame->header.session;
    if (id != FRAME_SESSION_NONE && id <= runner->last_id && !find(runner, id))
        return 0;
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
        if (handlers[i].type == frame->header.type)
            return handlers[i].handle(runner, frame, error);
    return error_set(error, POSTERN_E_INTERNAL, STAGE, "", "no handler for %s", frame_type_name(frame->header.type));
}

static void connection_closed(void *context, const struct postern_error *error)
{
    struct runner *runner = context;
    log_line(runner->log, "the connection is over: %s: %s", error->stage, error->message);
    runner_abandon(runner);
}

/* ---- life ---- */

int runner_open(struct loop *loop, os_handle channel, struct bootstrap *bootstrap, struct log *log, struct runner **out,
                struct postern_error *error)
{
    static const struct channel_callbacks callbacks = {connection_ready, phase_of, on_frame, connection_closed};
    struct runner *runner = calloc(1, sizeof(*runner));
    if (!runner) {
        handle_close(&channel);
        return error_memory(error, STAGE);
    }
    runner->loop = loop;
    runner->bootstrap = bootstrap;
    runner->log = log;
    int status =
        channel_open(loop, channel, HANDSHAKE_CONNECTOR, bootstrap->key, &callbacks, runner, &runner->channel, error);
    if (status != 0) {
        free(runner);
        return status;
    }
    runner->owner = (struct session_owner){loop, runner->channel, log, runner, session_over, keep_command};
    *out = runner;
    return 0;
}

bool runner_is_over(const struct runner *runner)
{
    return runner->over ||
           (runner->shutting_down && runner->sessions.count == 0 && channel_queued(runner->channel) == 0);
}

void runner_abandon(struct runner *runner)
{
    runner->over = true;
}

void runner_close(struct runner *runner)
{
    if (!runner)
        return;
    for (size_t i = 0; i < runner->sessions.count; i++)
        session_free(runner->sessions.item[i].thing);
    numbered_free(&runner->sessions);
    while (runner->kept) {
        struct kept *next = runner->kept->next;
        command_free(runner->kept->command);
        free(runner->kept);
        runner->kept = next;
    }
    channel_close(runner->channel);
    free(runner);
}
