/*
 * sandbox.c - the parent's side of one runner: start, connection, list of sessions, end. Implements the
 * postern_sandbox_* calls of include/postern.h. Everything the runner sends is hostile input.
 */
#include "elevated/sandbox.h"

#include "elevated/options.h"
#include "elevated/policy_report.h"
#include "elevated/resolve.h"
#include "shared/log.h"
#include "shared/system.h"
#include "shared/text.h"

#include <stdlib.h>
#include <string.h>

#define STAGE "sandbox"
#define SHUTDOWN_US (500u * 1000u) /* for the runner to end its commands by itself before it is killed */
#define END_US (500u * 1000u)      /* between the end of the channel and the end of the process, in either order */

/* ---- the list of sessions ---- */

static struct postern_session *find(const struct postern_sandbox *sandbox, uint32_t id)
{
    return numbered_find(&sandbox->sessions, id);
}

int sandbox_add(struct postern_sandbox *sandbox, struct postern_session *session, struct postern_error *error)
{
    if (sandbox->next_id == UINT32_MAX)
        return error_set(error, POSTERN_E_LIMIT, STAGE, "", "this sandbox has no session numbers left");
    if (!numbered_reserve(&sandbox->sessions))
        return error_memory(error, STAGE);
    session->id = ++sandbox->next_id;
    numbered_add(&sandbox->sessions, session->id, session);
    return 0;
}

void sandbox_remove(struct postern_session *session)
{
    numbered_remove(&session->sandbox->sessions, session->id);
}

/* ---- failure: from now on nothing works, and everybody is told why ---- */

void sandbox_fail(struct postern_sandbox *sandbox, const struct postern_error *why)
{
    if (sandbox->failure.code != 0)
        return;
    sandbox->failure = *why;
    log_line(sandbox->log, "sandbox ended: %s: %s", why->stage, why->message);
    loop_timer_stop(&sandbox->end_timer);
    channel_close(sandbox->channel);
    sandbox->channel = NULL;
    for (size_t i = sandbox->sessions.count; i-- > 0;) {
        struct postern_session *session = sandbox->sessions.item[i].thing;
        session_on_runner_gone(session, &sandbox->failure);
        if (session->released) {
            sandbox_remove(session);
            session_destroy(session);
        }
    }
    /* Now, not at the close: a runner that broke the rules would have its commands run on until then. */
    loop_wait_stop(sandbox->runner_wait);
    sandbox->runner_wait = NULL;
    launch_end(sandbox->launch);
    sandbox->launch = NULL;
}

int sandbox_check(const struct postern_sandbox *sandbox, struct postern_error *error)
{
    if (sandbox->failure.code != 0 && error)
        *error = sandbox->failure;
    return sandbox->failure.code;
}

/* A runner ends in two events, in either order: its process is gone, and its channel has ended, after everything it
 * had sent. Both are waited for, so that no output is lost and the status is known; but not for long. */
static void end_overdue(void *context)
{
    struct postern_sandbox *sandbox = context;
    struct postern_error why = sandbox->channel_end;
    /* A runner that only has hung up is described, too: it "still runs". */
    if (sandbox->runner_gone || why.code == POSTERN_E_CLOSED)
        launch_describe_end(sandbox->launch, &why);
    sandbox_fail(sandbox, &why);
}

static void await_other_half(struct postern_sandbox *sandbox)
{
    if (!loop_timer_start(sandbox->loop, &sandbox->end_timer, END_US, end_overdue, sandbox))
        end_overdue(sandbox);
}

static void runner_gone(void *context)
{
    struct postern_sandbox *sandbox = context;
    sandbox->runner_gone = true;
    if (sandbox->channel)
        await_other_half(sandbox);
    else
        end_overdue(sandbox);
}

/* ---- the connection ---- */

static void connection_ready(void *context)
{
    struct postern_sandbox *sandbox = context;
    crypto_wipe(sandbox->key, sizeof(sandbox->key));
}

static enum frame_phase phase_of(void *context, const struct frame_header *header)
{
    struct postern_sandbox *sandbox = context;
    if (header->session == FRAME_SESSION_NONE)
        return sandbox->ready ? FRAME_PHASE_CONNECTION : FRAME_PHASE_CONNECTING;
    struct postern_session *session = sandbox->ready ? find(sandbox, header->session) : NULL;
    if (session && session->spurned)
        return FRAME_PHASE_RUNNING;
    if (!session || session->phase == SESSION_ENDED)
        return FRAME_PHASE_ABSENT;
    return session->phase == SESSION_STARTING ? FRAME_PHASE_STARTING : FRAME_PHASE_RUNNING;
}

/* HELLO must say what was asked for: the runner's word is taken for its own confinement only, and only because no
 * command has run in it yet. */
static int on_hello(struct postern_sandbox *sandbox, const struct frame *frame, struct postern_error *error)
{
    struct message_hello hello;
    int status = message_decode_hello(frame->payload, frame->header.length, &hello, error);
    if (status != 0)
        return status;
    if (hello.level != sandbox->level)
        status = error_set(error, POSTERN_E_CONFINE, STAGE, "", "the runner is at level %s, not %s",
                           postern_level_name(hello.level), postern_level_name(sandbox->level));
    else
        sandbox->ready = true;
    struct strings spare = sandbox->in_force;
    sandbox->in_force = hello.capabilities;
    hello.capabilities = spare;
    message_free_hello(&hello);
    if (status == 0 && !strings_array(&sandbox->in_force))
        status = error_memory(error, STAGE);
    return status;
}

static int on_connection_frame(struct postern_sandbox *sandbox, const struct frame *frame, struct postern_error *error)
{
    switch (frame->header.type) {
    case FRAME_HELLO:
        return on_hello(sandbox, frame, error);
    case FRAME_ERROR: {
        struct postern_error theirs;
        int status = message_decode_error(frame->payload, frame->header.length, &theirs, error);
        if (status == 0) {
            status = theirs.code;
            if (error)
                *error = theirs;
        }
        return status;
    }
    default: /* PONG: this parent never asks */
        return error_set(error, POSTERN_E_PROTOCOL, STAGE, "", "an unasked %s", frame_type_name(frame->header.type));
    }
}

static int on_frame(void *context, const struct frame *frame, struct postern_error *error)
{
    struct postern_sandbox *sandbox = context;
    sandbox->frames++;
    if (frame->header.session == FRAME_SESSION_NONE)
        return on_connection_frame(sandbox, frame, error);
    struct postern_session *session = find(sandbox, frame->header.session);
    session_on_frame(session, frame);
    if (session->released && session->phase == SESSION_ENDED && !session->spurned) {
        sandbox_remove(session);
        session_destroy(session);
    }
    return 0;
}

static void connection_closed(void *context, const struct postern_error *error)
{
    struct postern_sandbox *sandbox = context;
    channel_close(sandbox->channel);
    sandbox->channel = NULL;
    sandbox->channel_end = *error;
    if (error->code != POSTERN_E_CLOSED && error->code != POSTERN_E_OS)
        sandbox_fail(sandbox, error); /* it was us who ended it, and why says more than the runner's status */
    else if (sandbox->runner_gone)
        end_overdue(sandbox);
    else
        await_other_half(sandbox);
}

/* ---- opening ---- */

uint64_t sandbox_deadline(int timeout)
{
    return timeout < 0 ? UINT64_MAX : system_now_us() + (uint64_t)timeout * 1000u;
}

bool sandbox_step(struct postern_sandbox *sandbox, uint64_t deadline_us)
{
    struct postern_error error = {0};
    int64_t wait_us = -1;
    if (deadline_us != UINT64_MAX) {
        uint64_t now = system_now_us();
        wait_us = deadline_us > now ? (int64_t)(deadline_us - now) : 0;
    }
    if (loop_run_once(sandbox->loop, wait_us, &error) != 0) {
        sandbox_fail(sandbox, &error);
        return false;
    }
    return wait_us != 0;
}

bool sandbox_wait(struct postern_sandbox *sandbox, uint64_t deadline_us)
{
    /* The loop forgets its wake-up once it has returned, be it to a wait that had no use for it: this does not. */
    if (atomic_exchange(&sandbox->woken, false)) {
        sandbox_step(sandbox, 0);
        return false;
    }
    return sandbox_step(sandbox, deadline_us) && !atomic_exchange(&sandbox->woken, false);
}

static int await_hello(struct postern_sandbox *sandbox, uint64_t deadline_us, struct postern_error *error)
{
    while (!sandbox->ready && sandbox->failure.code == 0)
        if (!sandbox_step(sandbox, deadline_us) && !sandbox->ready)
            break;
    if (sandbox->failure.code != 0)
        return sandbox_check(sandbox, error);
    if (!sandbox->ready)
        return error_set(error, POSTERN_E_TIMED_OUT, "handshake", "", "the runner was not ready in time");
    return 0;
}

static int connect_runner(struct postern_sandbox *sandbox, struct postern_error *error)
{
    static const struct channel_callbacks callbacks = {connection_ready, phase_of, on_frame, connection_closed};
    int status = loop_wait_start(sandbox->loop, launch_wait_handle(sandbox->launch), runner_gone, sandbox,
                                 &sandbox->runner_wait, error);
    if (status == 0)
        status = channel_open(sandbox->loop, launch_take_channel(sandbox->launch), HANDSHAKE_ACCEPTOR, sandbox->key,
                              &callbacks, sandbox, &sandbox->channel, error);
    return status;
}

/* Takes the array, NULL too. NULL: memory is out. */
static char *write_array(json_t *array)
{
    char *text = array ? json_dumps(array, JSON_COMPACT) : NULL;
    json_decref(array);
    return text;
}

/* What needs no runner. */
static int prepare(struct postern_sandbox *sandbox, const struct options_checked *checked, struct postern_error *error)
{
    int status = checked->log_file ? log_open(checked->log_file, "parent", &sandbox->log, error) : 0;
    sandbox->level = checked->level;
    sandbox->start_timeout = checked->start_timeout;
    if (status == 0 && !(sandbox->cuts = write_array(policy_report_cuts(&checked->grants.cuts))))
        status = error_memory(error, STAGE);
    if (status == 0)
        status = resolve_unprotected(&checked->grants.policy.rules, &sandbox->unprotected, error);
    if (status == 0)
        status = loop_create(&sandbox->loop, error);
    if (status == 0 && !crypto_random(sandbox->key, sizeof(sandbox->key)))
        status = error_set(error, POSTERN_E_OS, STAGE, "", "the system gave no randomness");
    return status;
}

int postern_sandbox_open(const struct postern_sandbox_options *options, struct postern_sandbox **out,
                         struct postern_error *error)
{
    struct options_checked checked = {0};
    struct postern_sandbox *sandbox = calloc(1, sizeof(*sandbox));
    if (!sandbox)
        return error_memory(error, STAGE);
    int status = options_check(options, &checked, error);
    if (status == 0)
        status = prepare(sandbox, &checked, error);
    if (status != 0)
        goto out;
    uint64_t deadline_us = system_now_us() + (uint64_t)checked.start_timeout * 1000u;
    struct launch_options launch = {
        .level = checked.level,
        .policy = &checked.grants.policy,
        .directory = checked.grants.workspace,
        .libexec = checked.libexec,
        .key = sandbox->key,
        .log_file = checked.log_file,
        .log = sandbox->log,
        .deadline_us = deadline_us,
    };
    status = launch_start(&launch, &sandbox->launch, error);
    if (status != 0)
        goto out;
    sandbox->runner_pid = launch_runner_pid(sandbox->launch);
    status = connect_runner(sandbox, error);
    if (status == 0)
        status = await_hello(sandbox, deadline_us, error);
    if (status != 0)
        goto out;
    log_line(sandbox->log, "sandbox ready: level %s, runner %u", postern_level_name(sandbox->level),
             sandbox->runner_pid);
    *out = sandbox;
    sandbox = NULL;
out:
    options_free(&checked);
    postern_sandbox_close(sandbox);
    return status;
}

/* ---- closing ---- */

static bool any_runs(const struct postern_sandbox *sandbox)
{
    for (size_t i = 0; i < sandbox->sessions.count; i++) {
        const struct postern_session *session = sandbox->sessions.item[i].thing;
        if (session->phase != SESSION_ENDED)
            return true;
    }
    return false;
}

/* Where no namespace ends all processes at once, the runner does it more thoroughly than its death would. */
static void shut_down(struct postern_sandbox *sandbox)
{
    if (!sandbox->channel || !sandbox->ready || !any_runs(sandbox) ||
        channel_send(sandbox->channel, FRAME_SHUTDOWN, FRAME_SESSION_NONE, NULL, 0, NULL) != 0)
        return;
    uint64_t deadline_us = system_now_us() + SHUTDOWN_US;
    while (sandbox->channel && !sandbox->runner_gone && sandbox_step(sandbox, deadline_us))
        ;
}

void postern_sandbox_close(struct postern_sandbox *sandbox)
{
    if (!sandbox)
        return;
    if (sandbox->failure.code == 0)
        shut_down(sandbox);
    loop_timer_stop(&sandbox->end_timer);
    channel_close(sandbox->channel);
    for (size_t i = 0; i < sandbox->sessions.count; i++)
        session_destroy(sandbox->sessions.item[i].thing);
    numbered_free(&sandbox->sessions);
    loop_wait_stop(sandbox->runner_wait);
    launch_end(sandbox->launch);
    loop_destroy(sandbox->loop);
    strings_free(&sandbox->in_force);
    free(sandbox->cuts);
    strings_free(&sandbox->unprotected);
    crypto_wipe(sandbox->key, sizeof(sandbox->key));
    log_line(sandbox->log, "sandbox closed");
    log_close(sandbox->log);
    free(sandbox);
}

/* ---- questions and the caller's loop ---- */

void postern_sandbox_get_info(const struct postern_sandbox *sandbox, struct postern_sandbox_info *info)
{
    info->level = sandbox->level;
    info->runner_pid = sandbox->runner_pid;
    info->capability = (const char *const *)sandbox->in_force.item;
}

const char *postern_sandbox_cuts(const struct postern_sandbox *sandbox)
{
    return sandbox->cuts;
}

int postern_sandbox_new_protected(const struct postern_sandbox *sandbox, char **json, struct postern_error *error)
{
    struct strings made = {0};
    char *text = NULL;
    int status = resolve_made(&sandbox->unprotected, &made, error);
    if (status == 0 && !(text = write_array(policy_report_paths(&made))))
        status = error_memory(error, STAGE);
    if (status == 0)
        *json = text;
    strings_free(&made);
    return status;
}

int postern_level_check(enum postern_level level, struct postern_error *error)
{
    return options_check_level(level, error);
}

intptr_t postern_sandbox_handle(struct postern_sandbox *sandbox, struct postern_error *error)
{
    return loop_pollable(sandbox->loop, error);
}

int postern_sandbox_dispatch(struct postern_sandbox *sandbox, int timeout, struct postern_error *error)
{
    if (sandbox->failure.code == 0)
        sandbox_wait(sandbox, sandbox_deadline(timeout));
    return sandbox_check(sandbox, error);
}

void postern_sandbox_wake(struct postern_sandbox *sandbox)
{
    atomic_store(&sandbox->woken, true);
    loop_wake(sandbox->loop);
}

struct postern_session *postern_sandbox_next_session(struct postern_sandbox *sandbox)
{
    for (size_t i = 0; i < sandbox->sessions.count; i++) {
        size_t index = (sandbox->next_news + i) % sandbox->sessions.count;
        struct postern_session *session = sandbox->sessions.item[index].thing;
        unsigned events = postern_session_events(session);
        if (session->released || events == session->reported)
            continue;
        session->reported = events;
        sandbox->next_news = index + 1;
        return session;
    }
    return NULL;
}

/* ---- sending ---- */

int sandbox_send(struct postern_sandbox *sandbox, enum frame_type type, uint32_t session, struct buffer *payload,
                 bool valid, struct postern_error *error)
{
    int status = sandbox_check(sandbox, error);
    if (status == 0 && !sandbox->channel)
        status = error_set(error, POSTERN_E_RUNNER_DIED, STAGE, "", "the runner is ending");
    if (status == 0 && !valid)
        status = error_set(error, POSTERN_E_LIMIT, STAGE, "", "the %s is larger than a frame may be",
                           frame_type_name((uint8_t)type));
    if (status == 0)
        status = channel_send(sandbox->channel, type, session, buffer_data(payload), buffer_length(payload), error);
    buffer_free(payload);
    return status;
}
