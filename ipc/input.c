/*
 * input.c - relays the parent's bytes to a command's stdin. See input.h. Both sides.
 */
#include "ipc/input.h"

#include <string.h>

#include "ipc/message.h"

#define STAGE "stdin"
#define WRITE_SIZE (64u * 1024u)
/* Credit goes back in pieces of this size and never sooner: what is owed is less than the window, so the parent always
 * has some left, and a frame for each key that is typed would double the cost of its way. */
#define RETURN_AT (MESSAGE_STDIN_WINDOW / 4u)

static void pump(struct input *input);

static void give_back(struct input *input, size_t bytes)
{
    input->owed += (uint32_t)bytes;
    if (input->owed >= RETURN_AT) {
        uint32_t owed = input->owed;
        input->owed = 0;
        input->taken(input->context, owed);
    }
}

/* The command has taken these bytes. Late credit is no harm, so those that are nobody's count as the first. */
static void take(struct input *input, size_t bytes)
{
    size_t extra = bytes < input->extra ? bytes : input->extra;
    buffer_consume(&input->waiting, bytes);
    input->extra -= extra;
    give_back(input, bytes - extra);
}

static void finish(struct input *input, bool asked)
{
    input->stream = NULL;
    input->closed = true;
    take(input, buffer_length(&input->waiting));
    buffer_free(&input->waiting);
    input->end(input->context, asked);
}

static void written(void *context, int status, size_t bytes)
{
    struct input *input = context;
    (void)bytes;
    if (status != 0) {
        input->writing = 0;
        finish(input, false);
        return;
    }
    size_t done = input->writing;
    input->writing = 0;
    take(input, done);
    pump(input);
}

static void pump(struct input *input)
{
    if (!input->stream || input->writing > 0)
        return;
    size_t size = buffer_length(&input->waiting);
    if (size == 0) {
        if (input->close_asked && !input->closed)
            finish(input, true);
        return;
    }
    input->writing = size < WRITE_SIZE ? size : WRITE_SIZE;
    loop_stream_write(input->stream, buffer_data(&input->waiting), input->writing, written, input);
}

void input_start(struct input *input, struct loop_stream *stream, void (*taken)(void *context, uint32_t bytes),
                 void (*end)(void *context, bool asked), void *context)
{
    *input = (struct input){.stream = stream, .taken = taken, .end = end, .context = context, .closed = !stream};
    buffer_init(&input->waiting, MESSAGE_STDIN_WINDOW + INPUT_EXTRA_MAX);
}

/* The buffer may not move while the system writes from it: room is made only between writes. */
static void stop_writing(struct input *input)
{
    if (input->writing > 0) {
        size_t already = loop_stream_cancel_write(input->stream);
        input->writing = 0;
        take(input, already);
    }
}

static int add(struct input *input, const void *data, size_t size, size_t counted, struct postern_error *error)
{
    if (buffer_length(&input->waiting) - input->extra + counted > MESSAGE_STDIN_WINDOW)
        return error_set(error, POSTERN_E_PROTOCOL, STAGE, "", "more stdin than was granted");
    stop_writing(input);
    if (!buffer_append(&input->waiting, data, size))
        return error_memory(error, STAGE);
    input->extra += size - counted;
    pump(input);
    return 0;
}

int input_add(struct input *input, const unsigned char *data, size_t size, struct postern_error *error)
{
    if (input->closed || input->close_asked) {
        give_back(input, size);
        return 0;
    }
    return add(input, data, size, size, error);
}

int input_type(struct input *input, const char *text, size_t counted, struct postern_error *error)
{
    size_t size = strlen(text);
    if (input->closed || input->close_asked || size < counted || input->extra + size - counted > INPUT_EXTRA_MAX) {
        give_back(input, counted);
        return 0;
    }
    return add(input, text, size, counted, error);
}

void input_close(struct input *input)
{
    input->close_asked = true;
    pump(input);
}

void input_free(struct input *input)
{
    if (input->stream && input->writing > 0)
        loop_stream_cancel_write(input->stream);
    input->stream = NULL;
    buffer_free(&input->waiting);
}
