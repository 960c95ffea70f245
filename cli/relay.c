/*
 * One session between its start and its end; see relay.h. Parent side, called by run.c and shell.c.
 */
#include "cli/relay.h"

#include <string.h>

#include "cli/console.h"
#include "cli/terminal.h"
#include "shared/error.h"

#define INPUT_SIZE 65536u
#define TURN_LIMIT 1048576u /* bytes of one stream before the others get their turn */

enum output_state {
    OUTPUT_OPEN,     /* passed on */
    OUTPUT_DISCARD,  /* cannot be passed on any more: read and forgotten until its end */
    OUTPUT_FLUSHING, /* has ended; the last bytes are on their way */
    OUTPUT_DONE
};

enum input_state {
    INPUT_OPEN,
    INPUT_CLOSED /* at its end, not wanted by the command, or never forwarded */
};

/* How hard the command has been pushed to end. Only grows. */
enum push { PUSH_NONE, PUSH_SIGNALLED, PUSH_TERMINATED, PUSH_KILLED };

struct relay {
    const struct relay_spec *spec;
    struct console *console;
    struct postern_session *session;
    intptr_t handle; /* of the sandbox; -1 once it is dead */
    enum output_state output[2];
    bool blocked[2]; /* our reader takes nothing at the moment */
    bool more;       /* a turn was over before the data was */
    enum input_state input;
    size_t input_start, input_end; /* bytes read and not yet taken by the session */
    uint16_t rows, cols;           /* as the command's terminal has them */
    enum push push;
    int signal;                   /* see struct relay_end */
    bool give_up;                 /* do not wait for anything any more */
    struct postern_error failure; /* the first one; code 0: none */
    unsigned char data[INPUT_SIZE];
};

static bool has_ended(const struct relay *relay)
{
    return (postern_session_events(relay->session) & POSTERN_EVENT_ENDED) != 0;
}

/* ---- making it end ------------------------------------------------------------------------------------------ */

static void terminate(struct relay *relay)
{
    if (relay->push < PUSH_TERMINATED) {
        relay->push = PUSH_TERMINATED;
        /* Fails only for what has ended, which is seen elsewhere. */
        postern_session_terminate(relay->session, relay->spec->command->grace, NULL);
    }
}

static void fail(struct relay *relay, const struct postern_error *error)
{
    if (relay->failure.code == 0) {
        relay->failure = *error;
    }
    terminate(relay);
}

static void forward_signal(struct relay *relay, enum postern_signal signal)
{
    relay->push = PUSH_SIGNALLED;
    if (postern_session_signal(relay->session, signal, NULL) != 0) {
        terminate(relay); /* not yet running, or this system cannot send it */
    }
}

static void on_signal(struct relay *relay, enum console_signal signal)
{
    bool soft = signal == CONSOLE_SIGNAL_INTERRUPT || signal == CONSOLE_SIGNAL_QUIT;

    if (has_ended(relay) || relay->push == PUSH_KILLED) {
        relay->signal = (int)signal;
        relay->give_up = true;
    } else if (relay->push == PUSH_TERMINATED) {
        relay->push = PUSH_KILLED;
        postern_session_signal(relay->session, POSTERN_SIGNAL_KILL, NULL);
    } else if (soft && relay->push == PUSH_NONE) {
        forward_signal(relay, signal == CONSOLE_SIGNAL_INTERRUPT ? POSTERN_SIGNAL_INTERRUPT : POSTERN_SIGNAL_QUIT);
    } else {
        terminate(relay);
    }
}

/* ---- output ------------------------------------------------------------------------------------------------- */

/* Bytes could not be passed on. A reader that went away is no failure: in a pipeline it is how the command is told to
 * stop, and postern does as the command would. */
static void lose_output(struct relay *relay, int stream, const struct postern_error *error)
{
    relay->output[stream] = OUTPUT_DISCARD;
    if (error == NULL) {
        relay->signal = CONSOLE_SIGNAL_PIPE;
        terminate(relay);
    } else {
        fail(relay, error);
    }
}

/* Passes on what it can of `size` bytes; returns how many are done with, 0 when none can be now. */
static size_t pass_output(struct relay *relay, int stream, const void *data, size_t size)
{
    struct collector *keep = relay->spec->keep[stream];
    struct postern_error error = {0};
    size_t written = 0;
    int result;

    if (relay->output[stream] == OUTPUT_DISCARD) {
        return size;
    }
    if (keep != NULL) {
        if (!collector_add(keep, data, size)) {
            error_memory(&error, "output");
            lose_output(relay, stream, &error);
        }
        return size;
    }
    result = console_write(relay->console, (enum console_output)stream, data, size, &written, &error);
    if (result == POSTERN_E_WOULD_BLOCK) {
        relay->blocked[stream] = true;
        return 0;
    }
    if (result != 0) {
        lose_output(relay, stream, result == POSTERN_E_CLOSED ? NULL : &error);
        return size;
    }
    return written;
}

static void flush_output(struct relay *relay, int stream)
{
    struct postern_error error = {0};
    int result = 0;

    if (relay->spec->keep[stream] == NULL) {
        result = console_flush(relay->console, (enum console_output)stream, &error);
    }
    if (result == POSTERN_E_WOULD_BLOCK) {
        return;
    }
    if (result != 0) {
        lose_output(relay, stream, result == POSTERN_E_CLOSED ? NULL : &error);
    }
    relay->output[stream] = OUTPUT_DONE;
}

/* The stream has ended. What was discarded until now has nothing to flush. */
static void end_output(struct relay *relay, int stream)
{
    relay->blocked[stream] = false;
    relay->output[stream] = relay->output[stream] == OUTPUT_DISCARD ? OUTPUT_DONE : OUTPUT_FLUSHING;
}

static void pump_output(struct relay *relay, int stream)
{
    size_t done = 0;

    relay->blocked[stream] = false;
    while (relay->output[stream] < OUTPUT_FLUSHING && done < TURN_LIMIT) {
        const void *data;
        size_t size, passed;
        bool ended = has_ended(relay); /* asked first: what came before the end is there then */
        int result = postern_session_peek(relay->session, (enum postern_stream)stream, &data, &size, NULL);

        if (result == POSTERN_E_WOULD_BLOCK && !ended) {
            return;
        }
        if (result != 0 || size == 0) {
            end_output(relay, stream);
            break;
        }
        passed = pass_output(relay, stream, data, size);
        if (passed == 0) {
            return;
        }
        postern_session_consume(relay->session, (enum postern_stream)stream, passed);
        done += passed;
    }
    if (relay->output[stream] == OUTPUT_FLUSHING) {
        flush_output(relay, stream);
    }
    relay->more = relay->more || done >= TURN_LIMIT;
}

/* ---- input -------------------------------------------------------------------------------------------------- */

static void close_input(struct relay *relay)
{
    relay->input = INPUT_CLOSED;
    relay->input_start = relay->input_end = 0;
    console_close_input(relay->console);
}

/* One buffer is read ahead of what the command takes: having bytes to send is what shows that it has closed its stdin.
 */
static bool input_wanted(const struct relay *relay)
{
    unsigned events = postern_session_events(relay->session);

    return relay->input == INPUT_OPEN && relay->input_start == relay->input_end &&
           (events & POSTERN_EVENT_SPAWNED) != 0 && (events & POSTERN_EVENT_ENDED) == 0;
}

static void send_input(struct relay *relay)
{
    size_t written = 0;
    int result = postern_session_write(relay->session, relay->data + relay->input_start,
                                       relay->input_end - relay->input_start, 0, &written, NULL);

    if (result == 0) {
        relay->input_start += written;
    } else if (result != POSTERN_E_WOULD_BLOCK) {
        close_input(relay); /* the command has closed its stdin, or is gone */
    }
}

static void read_input(struct relay *relay)
{
    struct postern_error error = {0};
    size_t got = 0;
    int result = console_read(relay->console, relay->data, sizeof(relay->data), &got, &error);

    if (result == POSTERN_E_WOULD_BLOCK) {
        return;
    }
    if (result == 0 && got > 0) {
        relay->input_start = 0;
        relay->input_end = got;
        send_input(relay);
        return;
    }
    postern_session_close_stdin(relay->session, NULL);
    close_input(relay);
    if (result != 0) {
        fail(relay, &error); /* half of the input would look like all of it */
    }
}

static void pump_input(struct relay *relay, bool readable)
{
    if (relay->input_start < relay->input_end) {
        send_input(relay);
    }
    if (readable && input_wanted(relay)) {
        read_input(relay);
    }
}

/* ---- the loop ----------------------------------------------------------------------------------------------- */

/* Also called when the command has just been started: the size may have changed on the way there. */
static void pass_size(struct relay *relay)
{
    uint16_t rows = 0, cols = 0;

    if (!relay->spec->command->tty || !(postern_session_events(relay->session) & POSTERN_EVENT_SPAWNED) ||
        !terminal_size(&rows, &cols) || (rows == relay->rows && cols == relay->cols)) {
        return;
    }
    relay->rows = rows;
    relay->cols = cols;
    postern_session_resize(relay->session, rows, cols, NULL); /* a wrong size is no reason to end */
}

static bool is_finished(const struct relay *relay)
{
    return relay->give_up || (has_ended(relay) && relay->output[0] == OUTPUT_DONE && relay->output[1] == OUTPUT_DONE);
}

static unsigned interest(const struct relay *relay)
{
    static const unsigned writable[2] = {CONSOLE_OUT_WRITABLE, CONSOLE_ERR_WRITABLE};
    unsigned wanted = 0;

    for (int stream = 0; stream < 2; stream++) {
        if (relay->blocked[stream] || relay->output[stream] == OUTPUT_FLUSHING) {
            wanted |= writable[stream];
        }
    }
    if (input_wanted(relay)) {
        wanted |= CONSOLE_IN_READABLE;
    }
    return wanted;
}

static void dispatch(struct relay *relay)
{
    struct postern_error error = {0};

    if (relay->handle != -1 && postern_sandbox_dispatch(relay->spec->sandbox, 0, &error) != 0) {
        relay->handle = -1;
        fail(relay, &error);
        relay->give_up = !has_ended(relay); /* nothing would ever wake us */
    }
}

static int turn(struct relay *relay, struct postern_error *error)
{
    unsigned happened = 0;
    enum console_signal signal;
    int result = console_wait(relay->console, relay->handle, interest(relay), relay->more ? 0 : -1, &happened, error);

    if (result != 0) {
        return result;
    }
    dispatch(relay);
    while (happened & CONSOLE_SIGNALLED && (signal = console_next_signal(relay->console)) != CONSOLE_SIGNAL_NONE) {
        on_signal(relay, signal);
    }
    pass_size(relay);
    relay->more = false;
    pump_output(relay, CONSOLE_STDOUT);
    pump_output(relay, CONSOLE_STDERR);
    pump_input(relay, (happened & CONSOLE_IN_READABLE) != 0);
    return 0;
}

/* The session is over, or waiting for it has been given up. */
static int conclude(struct relay *relay, struct relay_end *end, struct postern_error *error)
{
    int result;

    end->signal = relay->signal;
    if (relay->failure.code != 0) {
        *error = relay->failure;
        return error->code;
    }
    result = relay->give_up ? 0 : postern_session_wait(relay->session, 0, &end->result, error);
    if (result == 0 && !relay->give_up && end->result.reason == POSTERN_REASON_RUNNER_DIED) {
        return error_set(error, POSTERN_E_RUNNER_DIED, "session", "", "the runner ended, and the command with it");
    }
    return result;
}

int relay_run(const struct relay_spec *spec, struct relay_end *end, struct postern_error *error)
{
    struct relay relay = {.spec = spec, .input = spec->forward_input ? INPUT_OPEN : INPUT_CLOSED};
    int result;

    memset(end, 0, sizeof(*end));
    relay.rows = spec->command->rows;
    relay.cols = spec->command->cols;
    relay.handle = postern_sandbox_handle(spec->sandbox, error);
    if (relay.handle == -1) {
        return error->code;
    }
    result = console_open(&relay.console, error);
    if (result != 0) {
        return result;
    }
    result = postern_session_begin(spec->sandbox, spec->command, &relay.session, error);
    if (result == 0 && spec->raw) {
        result = terminal_enter_raw(error);
    }
    if (result == 0 && spec->command->tty) {
        terminal_enter_output();
    }
    while (result == 0 && !is_finished(&relay)) {
        result = turn(&relay, error);
    }
    if (result == 0) {
        result = conclude(&relay, end, error);
    }
    postern_session_release(relay.session);
    console_close(relay.console);
    return result;
}
