/*
 * attempts.c - what the contests do. See attempts.h.
 */
#include "attempts.h"

#include <stdio.h>
#include <stdlib.h>

#define READ_SIZE (64u * 1024u)
#define ECHOES 100 /* round trips of one attempt */

enum postern_level ours_level = POSTERN_LEVEL_STRONGEST;

bool complain(const char *what, const struct postern_error *error)
{
    fprintf(stderr, "bench: %s: %s: %s (%s %lld)\n", what, error->stage, error->message, error->operation,
            (long long)error->os_error);
    return false;
}

bool ours_open(struct postern_sandbox **out)
{
    struct postern_error error = {0};
    struct postern_sandbox_options options = POSTERN_SANDBOX_OPTIONS_INIT;
    options.level = ours_level;
    options.workspace = host_directory(); /* this program must be seen inside, wherever it was built */
    options.libexec = host_product_directory();
    return postern_sandbox_open(&options, out, &error) == 0 || complain("no sandbox", &error);
}

static bool start(struct ours *ours, bool open_stdin, struct postern_session **out)
{
    struct postern_error error = {0};
    struct postern_command command = POSTERN_COMMAND_INIT;
    command.argv = ours->argv;
    command.tty = ours->tty;
    command.open_stdin = open_stdin;
    return postern_session_start(ours->sandbox, &command, out, &error) == 0 || complain(ours->argv[0], &error);
}

static bool wait_for_end(struct postern_session *session)
{
    struct postern_error error = {0};
    struct postern_result result;
    if (postern_session_wait(session, -1, &result, &error) != 0)
        return complain("the command's end", &error);
    if (result.exit_code != 0 || result.signal != 0)
        fprintf(stderr, "bench: a command ended with %d, signal %d\n", result.exit_code, result.signal);
    return result.exit_code == 0 && result.signal == 0;
}

/* ---- exec ---- */

bool ours_exec(void *context, struct samples *out)
{
    struct postern_session *session = NULL;
    double begin = host_now();
    bool good = start(context, false, &session) && wait_for_end(session);
    samples_add(out, host_now() - begin);
    postern_session_release(session);
    return good;
}

bool direct_exec(void *context, struct samples *out)
{
    struct direct_side *side = context;
    struct direct direct;
    double begin = host_now();
    bool good = direct_start(side->argv, side->kind, &direct) && direct_finish(&direct);
    samples_add(out, host_now() - begin);
    return good;
}

/* ---- stream ---- */

static bool drain(struct postern_sandbox *sandbox, struct postern_session *session, size_t *total)
{
    struct postern_error error = {0};
    const void *data;
    size_t size = 0;
    for (;;) {
        int status = postern_session_peek(session, POSTERN_STDOUT, &data, &size, &error);
        if (status == 0 && size == 0)
            return true;
        if (status == 0) {
            *total += size;
            postern_session_consume(session, POSTERN_STDOUT, size);
        } else if (status != POSTERN_E_WOULD_BLOCK || postern_sandbox_dispatch(sandbox, -1, &error) != 0) {
            return complain("output", &error);
        }
    }
}

static bool all_came(const char *side, size_t total, size_t wanted)
{
    if (total != wanted)
        fprintf(stderr, "bench: %s: %zu bytes of output came instead of %zu\n", side, total, wanted);
    return total == wanted;
}

bool ours_stream(void *context, struct samples *out)
{
    struct ours *ours = context;
    struct postern_session *session = NULL;
    size_t total = 0;
    bool good = start(ours, false, &session);
    double begin = host_now();
    good = good && drain(ours->sandbox, session, &total);
    samples_add(out, (double)total / (host_now() - begin));
    good = good && all_came("postern", total, ours->bytes) && wait_for_end(session);
    postern_session_release(session);
    return good;
}

bool direct_stream(void *context, struct samples *out)
{
    struct direct_side *side = context;
    static char data[READ_SIZE];
    struct direct direct;
    size_t total = 0, got;
    if (!direct_start(side->argv, side->kind, &direct))
        return false;
    double begin = host_now();
    while ((got = direct_read(&direct, data, sizeof(data))) > 0)
        total += got;
    samples_add(out, (double)total / (host_now() - begin));
    return direct_finish(&direct) && all_came("direct", total, side->bytes);
}

/* ---- echo ---- */

static bool read_byte(struct postern_session *session)
{
    struct postern_error error = {0};
    char byte;
    size_t got = 0;
    if (postern_session_read(session, POSTERN_STDOUT, &byte, 1, -1, &got, &error) != 0)
        return complain("echo", &error);
    return got == 1;
}

bool ours_echo_begin(struct ours *ours, bool greets)
{
    return start(ours, true, &ours->session) && (!greets || read_byte(ours->session));
}

bool ours_echo(void *context, struct samples *out)
{
    struct ours *ours = context;
    for (int i = 0; i < ECHOES; i++) {
        size_t written;
        double begin = host_now();
        if (postern_session_write(ours->session, "x", 1, -1, &written, NULL) != 0 || !read_byte(ours->session))
            return false;
        samples_add(out, host_now() - begin);
    }
    return true;
}

void ours_echo_end(struct ours *ours)
{
    postern_session_release(ours->session);
    ours->session = NULL;
}

bool direct_echo_begin(struct direct_side *side, bool greets)
{
    char byte;
    return direct_start(side->argv, side->kind, &side->running) &&
           (!greets || direct_read(&side->running, &byte, 1) == 1);
}

bool direct_echo(void *context, struct samples *out)
{
    struct direct_side *side = context;
    for (int i = 0; i < ECHOES; i++) {
        char byte;
        double begin = host_now();
        if (!direct_write(&side->running, "x", 1) || direct_read(&side->running, &byte, 1) != 1)
            return false;
        samples_add(out, host_now() - begin);
    }
    return true;
}

/* ---- ready ---- */

bool ours_ready(void *context, struct samples *out)
{
    struct ours ours = *(struct ours *)context;
    struct postern_sandbox *own = NULL;
    double begin = host_now();
    bool good = ours.sandbox || ours_open(&own);
    if (own)
        ours.sandbox = own;
    good = good && start(&ours, true, &ours.session) && read_byte(ours.session);
    samples_add(out, host_now() - begin);
    ours_end_many(&ours.session, 1);
    postern_sandbox_close(own);
    return good;
}

bool direct_ready(void *context, struct samples *out)
{
    struct direct_side *side = context;
    double begin = host_now();
    bool good = direct_echo_begin(side, true);
    samples_add(out, host_now() - begin);
    direct_kill(&side->running);
    return good;
}

/* ---- many at once ---- */

bool ours_start_many(struct ours *ours, struct postern_session **sessions, size_t count)
{
    struct postern_error error = {0};
    struct postern_command command = POSTERN_COMMAND_INIT;
    command.argv = ours->argv;
    command.tty = ours->tty;
    command.open_stdin = true;
    for (size_t i = 0; i < count; i++)
        if (postern_session_begin(ours->sandbox, &command, &sessions[i], &error) != 0)
            return complain("many sessions", &error);
    for (size_t i = 0; i < count; i++)
        if (postern_session_wait_spawned(sessions[i], -1, &error) != 0)
            return complain("many sessions", &error);
    return true;
}

void ours_end_many(struct postern_session **sessions, size_t count)
{
    struct postern_result result;
    for (size_t i = 0; i < count; i++)
        if (sessions[i])
            (void)postern_session_close_stdin(sessions[i], NULL);
    for (size_t i = 0; i < count; i++)
        if (sessions[i])
            (void)postern_session_wait(sessions[i], -1, &result, NULL);
    for (size_t i = 0; i < count; i++)
        postern_session_release(sessions[i]);
}

bool ours_many(void *context, struct samples *out)
{
    struct ours *ours = context;
    struct postern_session **sessions = calloc(ours->count, sizeof(struct postern_session *));
    double begin = host_now();
    bool good = sessions && ours_start_many(ours, sessions, ours->count);
    samples_add(out, host_now() - begin);
    if (sessions)
        ours_end_many(sessions, ours->count);
    free(sessions);
    return good;
}

bool direct_many(void *context, struct samples *out)
{
    struct direct_side *side = context;
    struct direct *direct = calloc(side->count, sizeof(struct direct));
    double begin = host_now();
    size_t count = 0;
    while (direct && count < side->count && direct_start(side->argv, side->kind, &direct[count]))
        count++;
    samples_add(out, host_now() - begin);
    for (size_t i = 0; i < count; i++)
        direct_kill(&direct[i]);
    free(direct);
    return count == side->count;
}
