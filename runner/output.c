/*
 * output.c - relays one output stream of a command. See output.h. The bytes are the command's; they are not looked at.
 */
#include "runner/output.h"

#include "ipc/message.h"

#include <stdlib.h>

static void pump(struct output *output);

static void finish(struct output *output)
{
    output->stream = NULL;
    output->ended = true;
    free(output->frame);
    output->frame = NULL;
    output->moved(output->context, false);
}

static void frame_sent(void *context)
{
    struct output *output = context;
    if (output->stream)
        pump(output);
    else
        finish(output); /* it was cut while this frame was under way */
}

static void bytes_read(void *context, int status, size_t bytes)
{
    struct output *output = context;
    if (status != 0 || bytes == 0) {
        finish(output); /* a broken pipe of a dead command is its end of file */
        return;
    }
    output->credit -= (uint32_t)bytes;
    output->data.frame = output->frame;
    output->data.size = bytes;
    channel_send_data(output->channel, output->type, output->session, &output->data);
    output->moved(output->context, true);
}

/* One frame is under way at a time: reading goes on when it has been written. */
static void pump(struct output *output)
{
    if (!output->stream || output->data.queued || output->credit == 0 || loop_stream_reading(output->stream))
        return;
    size_t size = output->credit < FRAME_DATA_MAX ? output->credit : FRAME_DATA_MAX;
    loop_stream_read(output->stream, output->frame + FRAME_HEADER_SIZE, size, bytes_read, output);
}

bool output_start(struct output *output, struct channel *channel, struct loop_stream *stream, enum frame_type type,
                  uint32_t session, uint32_t credit, void (*moved)(void *context, bool bytes), void *context)
{
    *output = (struct output){.channel = channel,
                              .stream = stream,
                              .type = type,
                              .session = session,
                              .credit = credit,
                              .moved = moved,
                              .context = context,
                              .ended = stream == NULL};
    output->data.sent = frame_sent;
    output->data.context = output;
    if (!stream)
        return true;
    output->frame = malloc(FRAME_HEADER_SIZE + FRAME_DATA_MAX);
    if (!output->frame)
        return false;
    pump(output);
    return true;
}

bool output_add_credit(struct output *output, uint32_t bytes)
{
    if (bytes > INT32_MAX - output->credit)
        return false;
    output->credit += bytes;
    pump(output);
    return true;
}

bool output_held_back(const struct output *output)
{
    return output->stream && (output->credit == 0 || output->data.queued);
}

void output_cut(struct output *output)
{
    if (output->ended || !output->stream)
        return;
    loop_stream_cancel_read(output->stream);
    output->stream = NULL;
    if (!output->data.queued)
        finish(output);
}

bool output_is_idle(const struct output *output)
{
    return output->ended && !output->data.queued;
}

void output_free(struct output *output)
{
    if (output->data.queued)
        channel_withdraw(output->channel, &output->data);
    if (output->stream)
        loop_stream_cancel_read(output->stream);
    output->stream = NULL;
    free(output->frame);
    output->frame = NULL;
}
