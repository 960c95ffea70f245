/*
 * doctor_session.c - one command of doctor's, from start to end; see doctor.h. Parent side, on the public API. Every
 * wait has a limit: a sick sandbox must not make its doctor hang.
 */
#include <string.h>

#include "cli/doctor.h"
#include "shared/system.h"
#include "shared/text.h"

#define STAGE "doctor"

enum { WORDS_MAX = 8, LIMIT_MS = 20000 };

static int left(uint64_t deadline_us)
{
    uint64_t now = system_now_us();
    return deadline_us > now ? (int)((deadline_us - now) / 1000u + 1) : 0;
}

/* Where in a terminal's control sequence we are. A pseudo console paints its screen: what a command writes comes out
 * between sequences that move the cursor and switch it on and off. */
enum sequence { SEQUENCE_NONE, SEQUENCE_ESCAPE, SEQUENCE_CSI, SEQUENCE_STRING };

/* The character that is left of `c`; '\0': none. A move to the right stands for blanks. */
static char without_sequences(enum sequence *at, char c)
{
    enum sequence before = *at;
    switch (before) {
    case SEQUENCE_NONE:
        *at = c == '\x1b' ? SEQUENCE_ESCAPE : SEQUENCE_NONE;
        return c == '\x1b' ? '\0' : c;
    case SEQUENCE_ESCAPE:
        *at = c == '[' ? SEQUENCE_CSI : c == ']' ? SEQUENCE_STRING : SEQUENCE_NONE;
        return '\0';
    case SEQUENCE_CSI:
        *at = c >= '@' && c <= '~' ? SEQUENCE_NONE : SEQUENCE_CSI;
        return c == 'C' ? ' ' : '\0';
    case SEQUENCE_STRING:
        *at = c == '\a' ? SEQUENCE_NONE : c == '\x1b' ? SEQUENCE_ESCAPE : SEQUENCE_STRING;
        return '\0';
    }
    return c;
}

/* Keeps what fits, without NULs and control sequences; the rest is read and forgotten. */
static void append(struct doctor_outcome *out, enum sequence *at, const char *data, size_t size)
{
    size_t used = strlen(out->output);
    for (size_t i = 0; i < size && used < sizeof(out->output) - 1; i++) {
        char c = without_sequences(at, data[i]);
        if (c != '\0')
            out->output[used++] = c;
    }
    out->output[used] = '\0';
}

/* Until the stream ends or the time is over. */
static int read_output(struct postern_session *session, const struct doctor_step *step, uint64_t deadline_us,
                       struct doctor_outcome *out, struct postern_error *error)
{
    enum sequence at = SEQUENCE_NONE;
    char data[512];
    size_t got = 0;
    for (;;) {
        int status = postern_session_read(session, POSTERN_STDOUT, data, sizeof(data), left(deadline_us), &got, error);
        if (status == POSTERN_E_WOULD_BLOCK)
            return error_set(error, POSTERN_E_TIMED_OUT, STAGE, "", "the command did not end in %d s, and said: %s",
                             LIMIT_MS / 1000, out->output[0] ? out->output : "nothing");
        if (status != 0 || got == 0)
            return status;
        append(out, &at, data, got);
        if (step->until && !out->reached && strstr(out->output, step->until)) {
            out->reached = true;
            step->then(session, step->context);
        }
    }
}

static void read_complaint(struct postern_session *session, struct doctor_outcome *out)
{
    enum sequence at = SEQUENCE_NONE;
    char data[512];
    size_t got = 0;
    if (out->output[0] == '\0' && postern_session_read(session, POSTERN_STDERR, data, sizeof(data), 0, &got, NULL) == 0)
        append(out, &at, data, got);
}

static int feed(struct postern_session *session, const struct doctor_step *step, uint64_t deadline_us,
                struct postern_error *error)
{
    size_t written = 0;
    if (!step->input)
        return 0;
    int status = postern_session_write(session, step->input, strlen(step->input), left(deadline_us), &written, error);
    return status == 0 ? postern_session_close_stdin(session, error) : status;
}

int doctor_session_run(struct postern_sandbox *sandbox, const char *program, const struct doctor_step *step,
                       struct doctor_outcome *out, struct postern_error *error)
{
    const char *argv[WORDS_MAX] = {program, "doctor-step"};
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    uint64_t deadline_us = system_now_us() + LIMIT_MS * UINT64_C(1000);
    *out = (struct doctor_outcome){.reached = false};
    for (size_t i = 0; step->words[i] && i < WORDS_MAX - 3; i++)
        argv[i + 2] = step->words[i];
    command.argv = argv;
    command.tty = step->tty;
    command.open_stdin = true;
    command.timeout = step->timeout;
    command.grace = 200;
    int status = postern_session_start(sandbox, &command, &session, error);
    if (status == 0)
        status = feed(session, step, deadline_us, error);
    if (status == 0)
        status = read_output(session, step, deadline_us, out, error);
    if (status == 0)
        status = postern_session_wait(session, left(deadline_us), &out->result, error);
    if (status == 0)
        read_complaint(session, out);
    for (size_t length = strlen(out->output); length > 0 && out->output[length - 1] == '\n'; length--)
        out->output[length - 1] = '\0';
    postern_session_release(session);
    return status;
}
