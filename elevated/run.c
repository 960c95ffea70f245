/*
 * run.c - postern_run(): one command from start to end in a sandbox of its own. Written on the public API alone.
 */
#include "shared/collector.h"
#include "shared/error.h"

#include <stdlib.h>
#include <string.h>

#define STAGE "run"
#define MAX_OUTPUT (1024u * 1024u)

struct feed {
    const unsigned char *data;
    size_t left;
    bool closed;
};

/* Hands over as much input as the window takes; a command that does not want it any more is no failure. */
static int feed_some(struct postern_session *session, struct feed *feed, struct postern_error *error)
{
    size_t written = 0;
    int status = 0;
    if (feed->closed)
        return 0;
    if (feed->left > 0)
        status = postern_session_write(session, feed->data, feed->left, 0, &written, error);
    feed->data += written;
    feed->left -= written;
    if (status == POSTERN_E_CLOSED) {
        feed->closed = true;
        return 0;
    }
    if (status == POSTERN_E_WOULD_BLOCK)
        return 0;
    if (status == 0 && feed->left == 0) {
        feed->closed = true;
        status = postern_session_close_stdin(session, error);
    }
    return status;
}

static int collect(struct postern_session *session, enum postern_stream stream, struct collector *collector,
                   struct postern_error *error)
{
    const void *data;
    size_t size;
    if (postern_session_peek(session, stream, &data, &size, NULL) != 0)
        return 0;
    if (!collector_add(collector, data, size))
        return error_memory(error, STAGE);
    if (size > 0)
        postern_session_consume(session, stream, size);
    return 0;
}

static int serve(struct postern_sandbox *sandbox, struct postern_session *session, struct feed *feed,
                 struct collector output[2], struct postern_error *error)
{
    for (;;) {
        bool ended = postern_session_events(session) & POSTERN_EVENT_ENDED;
        int status = ended ? 0 : feed_some(session, feed, error);
        for (int i = 0; i < 2 && status == 0; i++)
            status = collect(session, (enum postern_stream)i, &output[i], error);
        if (status != 0 || ended)
            return status;
        /* A dead runner shows in the session's result, with the output that came before. */
        if (postern_sandbox_dispatch(sandbox, -1, NULL) != 0)
            continue;
    }
}

int postern_run(const struct postern_sandbox_options *options, const struct postern_command *command, const void *input,
                size_t input_size, size_t max_output, struct postern_run_result *result, struct postern_error *error)
{
    struct postern_sandbox *sandbox = NULL;
    struct postern_session *session = NULL;
    struct collector output[2];
    struct feed feed = {.data = input, .left = input ? input_size : 0, .closed = !input};
    struct postern_command with_input;
    collector_init(&output[0], max_output ? max_output : MAX_OUTPUT);
    collector_init(&output[1], max_output ? max_output : MAX_OUTPUT);
    *result = (struct postern_run_result){0};
    int status = postern_sandbox_open(options, &sandbox, error);
    if (status != 0)
        goto out;
    if (command && command->size == sizeof(with_input)) {
        with_input = *command;
        with_input.open_stdin = input != NULL;
        command = &with_input;
    }
    status = postern_session_start(sandbox, command, &session, error);
    if (status == 0)
        status = serve(sandbox, session, &feed, output, error);
    if (status == 0)
        status = postern_session_wait(session, -1, &result->result, error);
    if (status != 0)
        goto out;
    struct postern_sandbox_info info;
    postern_sandbox_get_info(sandbox, &info);
    result->level = info.level;
    if (!collector_take(&output[0], &result->out) || !collector_take(&output[1], &result->err))
        status = error_memory(error, STAGE);
out:
    if (status != 0)
        postern_run_result_free(result);
    collector_free(&output[0]);
    collector_free(&output[1]);
    postern_session_release(session);
    postern_sandbox_close(sandbox);
    return status;
}

void postern_run_result_free(struct postern_run_result *result)
{
    free(result->out.data);
    free(result->err.data);
    *result = (struct postern_run_result){0};
}
