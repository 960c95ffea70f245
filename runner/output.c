/*
 * output.c - relays one output stream of a command. See output.h. The bytes are the command's;
 * they are not looked at here.
 */
#include "runner/output.h"

#include "ipc/message.h"

#include <stdlib.h>

#define ROOM_FIRST 4096u /* and least: what an idle stream costs */
#define ROOM_STEP 4u
#define FORWARD_FROM (64u * 1024u)  /* a frame this large that fills starts forwarding ... */
#define FORWARD_LEAST (16u * 1024u) /* ... and a smaller one ends it: a copy costs less than the extra calls */
#define HOLD_US 1000u

static void pump(struct output *output);

/* Nothing more comes, and all has been sent. */
static void finish(struct output *output)
{
    output->ended = true;
    free(output->frame);
    output->frame = NULL;
}

static void frame_sent(void *context)
{
    struct output *output = context;
    if (output->stream) {
        pump(output);
        return;
    }
    finish(output); /* it ended, or was cut, while this frame was under way */
    output->moved(output->context, false);
}

/* A stream that mostly fills its frames gets larger ones, up to where the cost of a frame does not count any more; one
 * that uses a small part of them gives the memory back. Between the two nothing changes, so that mixed reads do not
 * make it go up and down. */
static void choose_room(struct output *output, size_t bytes)
{
    output->forwarding = output->forwards && bytes >= FORWARD_FROM / 2;
    if (output->forwarding)
        output->wanted = ROOM_FIRST; /* for the header */
    else if (bytes >= output->room / 2 && output->room < FRAME_DATA_MAX)
        output->wanted = output->room * ROOM_STEP;
    else if (bytes < output->room / (2 * ROOM_STEP) && output->room > ROOM_FIRST)
        output->wanted = output->room / ROOM_STEP;
}

/* Sends what the frame holds. */
static void flush(struct output *output)
{
    loop_timer_stop(&output->hold);
    choose_room(output, output->held);
    output->data.frame = output->frame;
    output->data.source = NULL;
    output->data.size = output->held;
    output->held = 0;
    channel_send_data(output->channel, output->type, output->session, &output->data);
}

static void held_long_enough(void *context)
{
    struct output *output = context;
    if (output->stream)
        loop_stream_cancel_read(output->stream);
    flush(output);
}

/* No more bytes will come: what is held goes out. true: there was nothing, and the stream is over already. A frame that
 * has yet to be fetched out of the stream is not waited for: the stream may be closed any time now. */
static bool end(struct output *output)
{
    output->stream = NULL;
    if (output->data.queued && output->data.source)
        channel_withdraw(output->channel, &output->data);
    if (output->held > 0)
        flush(output);
    else if (!output->data.queued)
        finish(output);
    return output->ended;
}

/* Only between two frames. Without memory for a larger frame the one at hand will do. */
static bool make_frame(struct output *output)
{
    if (output->frame && output->room == output->wanted)
        return true;
    unsigned char *frame = malloc(FRAME_HEADER_SIZE + output->wanted);
    if (!frame)
        return output->frame != NULL;
    free(output->frame);
    output->frame = frame;
    output->room = output->wanted;
    return true;
}

/* A terminal gives little at a time however much there is, and a frame for each would cost a fifth of its speed. A read
 * that is full says that there is more: then all that comes within a millisecond goes into one frame. What begins with
 * less, such as the echo of a key, is sent without delay. */
static bool worth_holding(struct output *output, size_t bytes)
{
    if (output->full_read == 0 || output->credit == 0 || output->room - output->held < output->full_read)
        return false;
    return loop_timer_running(&output->hold) ||
           (bytes >= output->full_read &&
            loop_timer_start(output->loop, &output->hold, HOLD_US, held_long_enough, output));
}

static void bytes_read(void *context, int status, size_t bytes)
{
    struct output *output = context;
    if (status != 0 || bytes == 0) {
        if (end(output)) /* a broken pipe of a dead command is its end of file */
            output->moved(output->context, false);
        return;
    }
    if (output->seen)
        output->seen(output->context, output->frame + FRAME_HEADER_SIZE + output->held, bytes);
    output->held += (uint32_t)bytes;
    output->credit -= (uint32_t)bytes;
    if (worth_holding(output, bytes))
        pump(output);
    else
        flush(output);
    output->moved(output->context, true);
}

/* The bytes stay where they are: they go from the command's pipe to the channel inside the system. */
static void bytes_wait(void *context, int status, size_t bytes)
{
    struct output *output = context;
    if (status != 0 || bytes == 0) {
        if (end(output))
            output->moved(output->context, false);
        return;
    }
    if (bytes < FORWARD_LEAST) {
        output->forwarding = false;
        pump(output);
        return;
    }
    output->credit -= (uint32_t)bytes;
    output->data.frame = output->frame;
    output->data.source = output->stream;
    output->data.size = bytes;
    channel_send_data(output->channel, output->type, output->session, &output->data);
    output->moved(output->context, true);
}

/* One frame is under way at a time: reading goes on when it has been written. */
static void pump(struct output *output)
{
    if (!output->stream || output->data.queued || output->credit == 0 || loop_stream_reading(output->stream))
        return;
    if (output->held == 0)
        (void)make_frame(output); /* there is one already */
    if (output->forwarding) {
        loop_stream_await(output->stream, output->credit < FRAME_DATA_MAX ? output->credit : FRAME_DATA_MAX, bytes_wait,
                          output);
        return;
    }
    uint32_t left = output->room - output->held;
    loop_stream_read(output->stream, output->frame + FRAME_HEADER_SIZE + output->held,
                     output->credit < left ? output->credit : left, bytes_read, output);
}

bool output_start(struct output *output, const struct output_spec *spec)
{
    *output = (struct output){.loop = spec->loop,
                              .full_read = spec->full_read,
                              .channel = spec->channel,
                              .stream = spec->stream,
                              .type = spec->type,
                              .session = spec->session,
                              .credit = spec->credit,
                              .moved = spec->moved,
                              .seen = spec->seen,
                              .context = spec->context,
                              .elsewhere = spec->elsewhere,
                              .ended = spec->stream == NULL && !spec->elsewhere};
    output->data.sent = frame_sent;
    output->data.context = output;
    if (!output->stream)
        return true;
    output->forwards = channel_forwards(output->channel, output->stream);
    output->wanted = ROOM_FIRST;
    if (!make_frame(output))
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

/* What the parent reads itself it may take its time for; it has the clocks. */
bool output_held_back(const struct output *output)
{
    if (output->elsewhere)
        return !output->ended;
    return output->stream && (output->credit == 0 || output->data.queued);
}

void output_end(struct output *output)
{
    output->ended = true;
}

void output_cut(struct output *output)
{
    if (output->elsewhere)
        output_end(output);
    if (output->ended || !output->stream)
        return;
    loop_stream_cancel_read(output->stream);
    (void)end(output); /* the caller asks: it is in the middle of something */
}

bool output_is_idle(const struct output *output)
{
    return output->ended && !output->data.queued;
}

void output_free(struct output *output)
{
    loop_timer_stop(&output->hold);
    if (output->data.queued)
        channel_withdraw(output->channel, &output->data);
    if (output->stream)
        loop_stream_cancel_read(output->stream);
    output->stream = NULL;
    free(output->frame);
    output->frame = NULL;
}
