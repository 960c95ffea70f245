/*
 * command_win32.c - one command with its streams and its process tree on Windows, see command.h. Runs in the runner.
 *
 * The tree is a job object of its own, inside the one that the parent has put the runner into. The command is born in
 * it, so nothing it starts is ever outside; `emptied` is what the job says. It is born confined as well
 * (confine_win32.h), and so is the trampoline where there is one; agents are not, they work on the command's console
 * for the runner.
 */
#include "runner/command.h"

#include <stdlib.h>
#include <string.h>

#include "conpty/pty.h"
#include "runner/agent_win32.h"
#include "runner/confine_win32.h"
#include "runner/trampoline_win32.h"
#include "shared/job_win32.h"
#include "shared/loop_win32.h"
#include "shared/pipe_win32.h"
#include "shared/process_win32.h"
#include "shared/strings.h"
#include "shared/system.h"

#define STAGE "spawn"

/* The job's messages may get lost when the system is out of memory; after the command's exit we look by ourselves too.
 */
#define LOOK_US (250u * 1000u)

enum command_state { COMMAND_STARTED, COMMAND_RUNNING, COMMAND_EXITED, COMMAND_EMPTY, COMMAND_DETACHED };

struct command {
    struct loop *loop;
    const struct command_callbacks *callbacks;
    void *context;
    enum command_state state;
    os_handle job;
    struct process process;
    uint32_t pid;
    struct pty *pty;
    struct command_streams streams;
    struct loop_wait *wait;
    struct loop_listener *listener;
    struct loop_timer timer; /* STARTED: until `spawned` is due; EXITED: the next look at the job */
    struct agents *agents;
};

/* The child's ends of its streams; ours are in loop streams by then. */
struct ends {
    os_handle in, out, err;
};

/* ---- the end of the tree ---- */

static void look_at_job(void *context)
{
    struct command *command = context;
    struct job_usage usage;
    struct command_usage report;

    if (command->state != COMMAND_EXITED) {
        return;
    }
    if (!job_get_usage(command->job, &usage) || usage.active > 0) {
        loop_timer_start(command->loop, &command->timer, LOOK_US, look_at_job, command);
        return;
    }
    loop_timer_stop(&command->timer);
    command->state = COMMAND_EMPTY;
    report.user_us = usage.user_us;
    report.system_us = usage.system_us;
    report.peak_memory = usage.peak_memory;
    command->callbacks->emptied(command->context, &report); /* may free the command */
}

static void process_ended(void *context)
{
    struct command *command = context;
    struct process_exit status;
    struct command_exit report;

    if (!process_collect(&command->process, &status)) {
        return;
    }
    command->state = COMMAND_EXITED;
    /* Soon and from the loop, since `exited` may free the command. */
    loop_timer_start(command->loop, &command->timer, 0, look_at_job, command);
    report.exit_code = status.exit_code;
    report.signal = 0;
    command->callbacks->exited(command->context, &report);
}

static void report_spawned(void *context)
{
    struct command *command = context;
    struct postern_error error = {0};

    command->state = COMMAND_RUNNING;
    if (loop_wait_start(command->loop, command->process.handle, process_ended, command, &command->wait, &error) !=
        POSTERN_OK) {
        /* Its end could not be seen, so it may not run. */
        command->state = COMMAND_DETACHED;
        job_kill(command->job);
        command->callbacks->failed(command->context, &error);
        return;
    }
    command->callbacks->spawned(command->context, command->pid);
}

/* ---- streams ---- */

/* Our end goes into the loop, whatever becomes of it. */
static int open_stream(struct command *command, os_handle handle, enum loop_direction direction,
                       struct loop_stream **out, struct postern_error *error)
{
    int code = loop_stream_open(command->loop, handle, direction, out, error);

    if (code != POSTERN_OK) {
        handle_close(&handle);
    }
    return code;
}

static int open_pipe(struct command *command, bool we_read, struct loop_stream **stream, os_handle *theirs,
                     struct postern_error *error)
{
    os_handle ours = OS_HANDLE_NONE;
    int code = pipe_create(we_read, &ours, theirs, error);

    if (code == POSTERN_OK) {
        code = open_stream(command, ours, we_read ? LOOP_READ : LOOP_WRITE, stream, error);
    }
    return code;
}

static int open_streams(struct command *command, const struct command_spec *spec, struct ends *ends,
                        struct postern_error *error)
{
    int code = POSTERN_OK;

    if (spec->tty) {
        code = pty_open(spec->rows, spec->cols, &command->pty, error);
        if (code == POSTERN_OK) {
            code = open_stream(command, pty_take_input(command->pty), LOOP_WRITE, &command->streams.in, error);
        }
        if (code == POSTERN_OK) {
            code = open_stream(command, pty_take_output(command->pty), LOOP_READ, &command->streams.out, error);
        }
        return code;
    }
    if (spec->open_stdin) {
        code = open_pipe(command, false, &command->streams.in, &ends->in, error);
    }
    if (code == POSTERN_OK) {
        code = open_pipe(command, true, &command->streams.out, &ends->out, error);
    }
    if (code == POSTERN_OK) {
        code = open_pipe(command, true, &command->streams.err, &ends->err, error);
    }
    return code;
}

/* ---- start ---- */

static const char *variable(const char *const *env, const char *name)
{
    size_t length = strlen(name);

    for (; *env != NULL; env++) {
        if (_strnicmp(*env, name, length) == 0 && (*env)[length] == '=') {
            return *env + length + 1;
        }
    }
    return NULL;
}

/* Puts our own program, in its hidden mode, before the command's: see trampoline_win32.h. */
static int through_trampoline(char **program, const char *const *argv, struct strings *out, struct postern_error *error)
{
    char *self = system_program_path();
    bool ok = self != NULL && strings_add(out, "postern-runner") && strings_add(out, TRAMPOLINE_OPTION) &&
              strings_add(out, *program) && strings_copy(out, argv);

    if (!ok) {
        free(self);
        return error_memory(error, STAGE);
    }
    free(*program);
    *program = self;
    return POSTERN_OK;
}

static int spawn(struct command *command, const struct command_spec *spec, const struct ends *ends,
                 struct postern_error *error)
{
    struct strings trampoline = {0};
    struct process_spec process;
    char *program = NULL;
    int code = process_find(spec->argv[0], variable(spec->env, "PATH"), variable(spec->env, "PATHEXT"), spec->cwd,
                            &program, error);

    process_spec_init(&process);
    process.argv = spec->argv;
    if (code == POSTERN_OK && spec->tty && trampoline_needed()) {
        code = through_trampoline(&program, spec->argv, &trampoline, error);
        process.argv = (const char *const *)trampoline.item;
    }
    if (code == POSTERN_OK) {
        process.program = program;
        process.env = spec->env;
        process.cwd = spec->cwd;
        process.in = ends->in;
        process.out = ends->out;
        process.err = ends->err;
        process.terminal = command->pty != NULL ? pty_child_end(command->pty) : OS_HANDLE_NONE;
        process.job = command->job;
        code = process_spawn_win32(&process, PROCESS_CONSOLE_OWN, confine_of_commands(), &command->process, error);
        command->pid = command->process.pid;
    }
    if (command->pty != NULL) {
        pty_child_started(command->pty);
    }
    strings_free(&trampoline);
    free(program);
    return code;
}

static void job_heard(void *context)
{
    look_at_job(context);
}

/* All that can fail without a process comes before it. */
static int prepare(struct command *command, struct postern_error *error)
{
    int code = job_create(NULL, &command->job, error);

    if (code == POSTERN_OK) {
        code = loop_listener_start(command->loop, job_heard, command, &command->listener, error);
    }
    if (code == POSTERN_OK) {
        code = job_notify(command->job, loop_listener_port(command->listener), loop_listener_key(command->listener),
                          error);
    }
    if (code == POSTERN_OK) {
        command->agents = agents_create(command->loop);
        if (command->agents == NULL || !loop_timer_start(command->loop, &command->timer, 0, report_spawned, command)) {
            code = error_memory(error, STAGE);
        }
    }
    return code;
}

int command_start(struct loop *loop, const struct command_spec *spec, const struct command_callbacks *callbacks,
                  void *context, struct command **out, struct postern_error *error)
{
    struct command *command = calloc(1, sizeof(*command));
    struct ends ends = {OS_HANDLE_NONE, OS_HANDLE_NONE, OS_HANDLE_NONE};
    int code;

    if (command == NULL) {
        return error_memory(error, STAGE);
    }
    command->loop = loop;
    command->callbacks = callbacks;
    command->context = context;
    command->job = command->process.handle = OS_HANDLE_NONE;
    code = prepare(command, error);
    if (code == POSTERN_OK) {
        code = open_streams(command, spec, &ends, error);
    }
    if (code == POSTERN_OK) {
        code = spawn(command, spec, &ends, error);
    }
    /* The child has its own by now; as long as ours were open its output would not end. */
    handle_close(&ends.in);
    handle_close(&ends.out);
    handle_close(&ends.err);
    if (code != POSTERN_OK) {
        command_free(command);
        return code;
    }
    *out = command;
    return POSTERN_OK;
}

/* ---- streams, for the session ---- */

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
    /* Closing a pseudo console's input ends the console, and with it everybody on it. */
    if (command->pty == NULL) {
        close_stream(&command->streams.in);
    }
}

void command_close_output(struct command *command)
{
    close_stream(&command->streams.out);
    close_stream(&command->streams.err);
}

/* ---- control ---- */

int command_signal(struct command *command, enum postern_signal signal, struct postern_error *error)
{
    if (command->state != COMMAND_STARTED && command->state != COMMAND_RUNNING) {
        return error_set(error, POSTERN_E_STATE, "signal", "", "the command has exited");
    }
    switch (signal) {
    case POSTERN_SIGNAL_INTERRUPT:
    case POSTERN_SIGNAL_QUIT:
    case POSTERN_SIGNAL_TERMINATE: /* the nearest there is: a console program may clean up and end */
        return agents_signal(command->agents, command->pid, signal, error);
    case POSTERN_SIGNAL_HANGUP:
        if (command->pty != NULL) {
            return pty_signal(command->pty, signal, error);
        }
        break;
    case POSTERN_SIGNAL_KILL:
        break;
    }
    return error_set(error, POSTERN_E_UNSUPPORTED, "signal", "", "Windows has no such signal for a command on pipes");
}

void command_terminate(struct command *command)
{
    /* Who does not hear it is killed when the time allowed for that is over. */
    if (command->state == COMMAND_STARTED || command->state == COMMAND_RUNNING) {
        agents_signal(command->agents, command->pid, POSTERN_SIGNAL_TERMINATE, NULL);
    }
}

void command_kill(struct command *command)
{
    job_kill(command->job);
}

void command_watch(struct command *command, const void *data, size_t size)
{
    if (command->pty != NULL) {
        pty_watch(command->pty, data, size);
    }
}

const char *command_type_interrupt(struct command *command)
{
    if (command->pty == NULL) {
        return "";
    }
    if (trampoline_needed()) {
        /* Fails only while others are on their way. */
        (void)agents_signal(command->agents, command->pid, POSTERN_SIGNAL_INTERRUPT, NULL);
        return "";
    }
    return pty_interrupt(command->pty);
}

int command_resize(struct command *command, uint16_t rows, uint16_t cols, struct postern_error *error)
{
    struct postern_error reason = {0};
    int code;

    if (command->pty == NULL) {
        return error_set(error, POSTERN_E_STATE, "resize", "", "the command has no terminal");
    }
    code = pty_resize(command->pty, rows, cols, &reason);
    if (code == POSTERN_E_UNSUPPORTED && command->state == COMMAND_RUNNING) {
        return agents_resize(command->agents, command->pid, rows, cols, error);
    }
    if (code != POSTERN_OK && error != NULL) {
        *error = reason;
    }
    return code;
}

void command_finish_terminal(struct command *command)
{
    if (command->pty != NULL) {
        pty_finish(command->pty);
    }
}

/* ---- end ---- */

static void fall_silent(struct command *command)
{
    command->state = COMMAND_DETACHED;
    loop_timer_stop(&command->timer);
    loop_wait_stop(command->wait);
    command->wait = NULL;
    loop_listener_stop(command->listener);
    command->listener = NULL;
    agents_free(command->agents);
    command->agents = NULL;
    close_stream(&command->streams.in);
    command_close_output(command);
}

void command_detach(struct command *command)
{
    fall_silent(command);
}

void command_free(struct command *command)
{
    if (command == NULL) {
        return;
    }
    fall_silent(command);
    if (command->job != OS_HANDLE_NONE) {
        job_kill(command->job);
    }
    handle_close(&command->process.handle);
    handle_close(&command->job);
    pty_close(command->pty);
    free(command);
}
