/*
 * command_linux.c - the runner's side of one command: its streams, its reaper's reports, and what to do when the reaper
 * is lost. Called by runner/session.c, inside the sandbox.
 *
 *     STARTING --SPAWNED--> RUNNING --EXITED--> EXITED --EMPTIED--> EMPTY
 *         '-----FAILED----> FAILED
 *
 * A reaper that ends, or has to be ended, before its last report is lost: killed or stopped by the command, which runs
 * as the same user. Then the command's processes are children of the runner, and are swept up here.
 */
#include "runner/command_linux.h"

#include "shared/system.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OVERDUE_CHECK_US 250000u /* how often a reaper that has something to do is looked at */
#define START_LIMIT_US 60000000u /* programs on slow network file systems included */
#define KILL_LIMIT_US 15000000u  /* more than the reaper's own limit */
#define SWEEP_PAUSE_US 2000u
#define SWEEP_LIMIT_US 10000000u
#define FREE_LIMIT_MS 2000
#define FREE_CHECK_MS 100

/* ---- states ---- */

static void set_state(struct command *command, enum command_state state)
{
    static const unsigned char legal[] = {
        [COMMAND_STARTING] = 1 << COMMAND_RUNNING | 1 << COMMAND_FAILED,
        [COMMAND_RUNNING] = 1 << COMMAND_EXITED,
        [COMMAND_EXITED] = 1 << COMMAND_EMPTY,
        [COMMAND_EMPTY] = 0,
        [COMMAND_FAILED] = 0,
    };

    assert((legal[command->state] >> state & 1) != 0);
    command->state = state;
}

static bool is_over(const struct command *command)
{
    return command->state == COMMAND_EMPTY || command->state == COMMAND_FAILED;
}

/* Each of these ends with the callback, which may free the command. */
static void tell_failed(struct command *command, const struct postern_error *error)
{
    loop_timer_stop(&command->timer);
    set_state(command, COMMAND_FAILED);
    command->callbacks.failed(command->context, error);
}

static void tell_exited(struct command *command, const struct command_exit *exit)
{
    set_state(command, COMMAND_EXITED);
    command->callbacks.exited(command->context, exit);
}

static void tell_emptied(struct command *command, const struct command_usage *usage)
{
    loop_timer_stop(&command->timer);
    set_state(command, COMMAND_EMPTY);
    command->callbacks.emptied(command->context, usage);
}

/* ---- a lost reaper ---- */

static void sweep_again(void *context);

/* Without memory for one more timer the runner could not keep its promise to end everything: it ends itself, and the
 * parent then ends what is left. */
static void start_timer(struct command *command, uint64_t delay_us, loop_timer_fn *fire)
{
    if (!loop_timer_start(command->loop, &command->timer, delay_us, fire, command)) {
        abort();
    }
}

/* true: all is swept up, as far as one can tell. */
static bool sweep(struct command *command, uint64_t limit_us)
{
    command->clean_sweeps = orphans_sweep() ? command->clean_sweeps + 1 : 0;
    return command->clean_sweeps >= ORPHANS_SURE || system_now_us() - command->since_us >= limit_us;
}

static void sweep_again(void *context)
{
    const struct command_usage unknown = {0, 0, 0};
    struct command *command = context;
    struct postern_error error = {0};

    if (!sweep(command, SWEEP_LIMIT_US)) {
        start_timer(command, SWEEP_PAUSE_US, sweep_again);
    } else if (command->clean_sweeps < ORPHANS_SURE) {
        abort(); /* something gets away from us for ever: it ends with the sandbox, so that ends now */
    } else if (command->state == COMMAND_STARTING) {
        (void)error_set(&error, POSTERN_E_OS, "spawn", "",
                        "the reaper was ended, and what it may have started with it");
        tell_failed(command, &error);
    } else {
        tell_emptied(command, &unknown);
    }
}

/* Both signs of a reaper's end have come: all that it had to say has been read. */
static void conclude(struct command *command)
{
    const struct command_exit killed = {.signal = SIGKILL};

    if (!command->reaper_gone || !command->control_ended) {
        return;
    }
    orphans_remove_reaper(&command->reaper);
    if (is_over(command) || command->ending) {
        return;
    }
    command->lost = true;
    command->since_us = system_now_us();
    start_timer(command, 0, sweep_again);
    if (command->state == COMMAND_RUNNING) {
        tell_exited(command, &killed);
    }
}

static void on_reaper_gone(void *context)
{
    struct command *command = context;

    command->reaper_gone = true;
    conclude(command);
}

static void kill_reaper(struct command *command)
{
    (void)syscall(SYS_pidfd_send_signal, (int)command->pidfd, SIGKILL, NULL, 0u);
}

/* Runs while the reaper is to start the command, and again while it is to kill. A process that somebody has stopped can
 * be killed all the same, and its work be done by us. */
static void check_overdue(void *context)
{
    struct command *command = context;
    uint64_t limit_us = command->told ? KILL_LIMIT_US : START_LIMIT_US;

    if (orphans_reaper_stopped(&command->reaper) || system_now_us() - command->since_us >= limit_us) {
        kill_reaper(command);
    } else {
        start_timer(command, OVERDUE_CHECK_US, check_overdue);
    }
}

static void watch_overdue(struct command *command)
{
    command->since_us = system_now_us();
    start_timer(command, OVERDUE_CHECK_US, check_overdue);
}

/* ---- reports ---- */

/* In the same round as the exit, but not from its callback. */
static void tell_end(void *context)
{
    struct command *command = context;

    tell_emptied(command, &command->usage);
}

static void on_report(void *context, int status, size_t bytes);

static void read_report(struct command *command)
{
    loop_stream_read(command->control, &command->report, sizeof(command->report), on_report, command);
}

static bool is_legal(const struct command *command, enum reaper_event event)
{
    switch (event) {
    case REAPER_SPAWNED:
    case REAPER_FAILED:
        return command->state == COMMAND_STARTING;
    case REAPER_EXITED:
        return command->state == COMMAND_RUNNING;
    case REAPER_EMPTIED:
        return command->state == COMMAND_EXITED && !command->ending;
    }
    return false;
}

/* Once the reaper is lost its reports are not waited for any more: the sweep tells the rest. */
static void on_report(void *context, int status, size_t bytes)
{
    struct command *command = context;
    const struct reaper_report report = command->report;

    if (status != 0 || bytes != sizeof(report) || !is_legal(command, report.event)) {
        command->control_ended = true;
        if (bytes != 0) {
            kill_reaper(command);
        }
        conclude(command);
        return;
    }
    read_report(command); /* before the callback, which may free the command */
    switch (report.event) {
    case REAPER_SPAWNED:
        set_state(command, COMMAND_RUNNING);
        if (!command->told) {
            loop_timer_stop(&command->timer);
        }
        command->callbacks.spawned(command->context, report.of.pid);
        break;
    case REAPER_FAILED:
        tell_failed(command, &report.of.error);
        break;
    case REAPER_EXITED:
        if (report.last) {
            command->usage = report.usage;
            command->ending = true;
            start_timer(command, 0, tell_end);
        }
        tell_exited(command, &report.exit);
        break;
    case REAPER_EMPTIED:
        tell_emptied(command, &report.usage);
        break;
    }
}

int command_watch_reaper(struct command *command, struct postern_error *error)
{
    read_report(command);
    watch_overdue(command);
    return loop_wait_start(command->loop, command->pidfd, on_reaper_gone, command, &command->wait, error);
}

/* ---- streams ---- */

const struct command_streams *command_streams(const struct command *command)
{
    return &command->streams;
}

static void close_stream(struct loop_stream **stream)
{
    loop_stream_close(*stream);
    *stream = NULL;
}

void command_close_stdin(struct command *command)
{
    if (command->pty == NULL) {
        close_stream(&command->streams.in);
    }
}

/* A terminal is hung up: there is no closing one half of it. */
void command_close_output(struct command *command)
{
    close_stream(&command->streams.out);
    close_stream(&command->streams.err);
    if (command->pty != NULL) {
        close_stream(&command->streams.in);
        pty_close(command->pty);
        command->pty = NULL;
    }
}

void command_watch(struct command *command, const void *data, size_t size)
{
    if (command->pty != NULL) {
        pty_watch(command->pty, data, size);
    }
}

const char *command_type_interrupt(struct command *command)
{
    return command->pty != NULL ? pty_interrupt(command->pty) : "";
}

int command_resize(struct command *command, uint16_t rows, uint16_t cols, struct postern_error *error)
{
    if (command->pty == NULL) {
        return error_set(error, POSTERN_E_STATE, "terminal", "", "the command has no terminal, or no longer");
    }
    return pty_resize(command->pty, rows, cols, error);
}

void command_finish_terminal(struct command *command)
{
    if (command->pty != NULL) {
        pty_finish(command->pty);
    }
}

/* ---- requests ---- */

/* Never waits: a reaper that somebody has stopped must not stop the runner. */
static int request(struct command *command, enum reaper_order order, int number, struct postern_error *error)
{
    const struct reaper_request packet = {order, number};
    ssize_t put;

    do {
        put = send((int)loop_stream_handle(command->control), &packet, sizeof(packet), MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    return put >= 0 ? 0 : error_os(error, POSTERN_E_OS, "signal", "send", errno, "cannot reach the reaper");
}

int command_signal(struct command *command, enum postern_signal signal, struct postern_error *error)
{
    static const int number[] = {[POSTERN_SIGNAL_INTERRUPT] = SIGINT,
                                 [POSTERN_SIGNAL_QUIT] = SIGQUIT,
                                 [POSTERN_SIGNAL_HANGUP] = SIGHUP,
                                 [POSTERN_SIGNAL_TERMINATE] = SIGTERM};

    if (signal < POSTERN_SIGNAL_INTERRUPT || signal > POSTERN_SIGNAL_TERMINATE) {
        return error_set(error, POSTERN_E_INVALID, "signal", "", "%d is no signal that can be sent", (int)signal);
    }
    if (command->state != COMMAND_STARTING && command->state != COMMAND_RUNNING) {
        return error_set(error, POSTERN_E_STATE, "signal", "", "the command has exited");
    }
    if (command->pty != NULL && signal != POSTERN_SIGNAL_TERMINATE) {
        return pty_signal(command->pty, signal, error);
    }
    return request(command, REAPER_SIGNAL, number[signal], error);
}

void command_terminate(struct command *command)
{
    if (!is_over(command)) {
        (void)request(command, REAPER_TERMINATE, 0, NULL);
    }
}

void command_kill(struct command *command)
{
    if (is_over(command) || command->ending || command->lost || command->told) {
        return;
    }
    command->told = true;
    (void)request(command, REAPER_KILL, 0, NULL);
    watch_overdue(command);
}

/* ---- the end ---- */

/* Whether the reaper ends within the time; then all reports that it has sent are there to be read. */
static bool await_reaper(struct command *command, int timeout_ms)
{
    struct pollfd entry = {.fd = (int)command->pidfd, .events = POLLIN};
    uint64_t end_us = system_now_us() + (uint64_t)timeout_ms * 1000u;
    int count;

    do {
        uint64_t now_us = system_now_us();

        count = poll(&entry, 1, now_us < end_us ? (int)((end_us - now_us) / 1000u) : 0);
    } while (count < 0 && errno == EINTR);
    return count > 0;
}

static bool has_reported_end(struct command *command)
{
    struct reaper_report report;
    bool ended = false;

    loop_stream_cancel_read(command->control);
    while (recv((int)loop_stream_handle(command->control), &report, sizeof(report), MSG_DONTWAIT) ==
           (ssize_t)sizeof(report)) {
        ended |= report.event == REAPER_EMPTIED || report.event == REAPER_FAILED || report.last;
    }
    return ended;
}

/* The only place where the runner waits, and not for long: who frees a command that has not ended wants it gone. */
static void end_now(struct command *command)
{
    (void)request(command, REAPER_KILL, 0, NULL);
    for (int waited_ms = 0; waited_ms < FREE_LIMIT_MS && !await_reaper(command, FREE_CHECK_MS);
         waited_ms += FREE_CHECK_MS) {
        if (orphans_reaper_stopped(&command->reaper)) {
            break;
        }
    }
    kill_reaper(command); /* mostly there is none any more */
    (void)await_reaper(command, FREE_LIMIT_MS);
    orphans_remove_reaper(&command->reaper);
    if (has_reported_end(command)) {
        return;
    }
    command->since_us = system_now_us();
    command->clean_sweeps = 0;
    while (!sweep(command, (uint64_t)FREE_LIMIT_MS * 1000)) {
        (void)poll(NULL, 0, 1);
    }
}

void command_free(struct command *command)
{
    if (command == NULL) {
        return;
    }
    close_stream(&command->streams.in);
    command_close_output(command);
    if (command->pidfd != OS_HANDLE_NONE && !is_over(command) && !command->ending) {
        end_now(command);
    }
    loop_timer_stop(&command->timer);
    loop_wait_stop(command->wait);
    orphans_remove_reaper(&command->reaper);
    close_stream(&command->control);
    handle_close(&command->pidfd);
    free(command);
}

/* ---- nobody listens any more ---- */

static void ignore_spawned(void *context, uint32_t pid)
{
    (void)context;
    (void)pid;
}

static void ignore_failed(void *context, const struct postern_error *error)
{
    (void)context;
    (void)error;
}

static void ignore_exited(void *context, const struct command_exit *exit)
{
    (void)context;
    (void)exit;
}

static void ignore_emptied(void *context, const struct command_usage *usage)
{
    (void)context;
    (void)usage;
}

void command_detach(struct command *command)
{
    static const struct command_callbacks nobody = {ignore_spawned, ignore_failed, ignore_exited, ignore_emptied};

    command->callbacks = nobody;
    close_stream(&command->streams.in);
    command_close_output(command);
}
