/*
 * channel.c - handshake and frame reassembly of one connection, its beginning and end. See channel.h. Both sides.
 * What is sent is in channel_send.c.
 */
#include "ipc/channel_parts.h"

#include <stdlib.h>
#include <string.h>

#define STAGE "channel"
#define INPUT_SIZE (FRAME_HEADER_SIZE + FRAME_DATA_MAX + 4096u) /* grows to one largest frame when one comes */
#define MOVE_MIN (16u * 1024u) /* smaller payloads are copied: a whole block for each would be too much memory */

static void start_reading(struct channel *channel);

/* ---- end of life ---- */

static void free_channel(struct channel *channel)
{
    channel_free_queue(channel);
    free(channel->input);
    free(channel->spare);
    free(channel);
}

/* Stops all transport; the owner still holds the channel. */
static void shut(struct channel *channel)
{
    channel->closed = true;
    loop_timer_stop(&channel->handshake_timer);
    handshake_wipe(&channel->handshake);
    loop_stream_close(channel->stream);
    channel->stream = NULL;
}

void channel_close(struct channel *channel)
{
    if (!channel)
        return;
    shut(channel);
    channel->freed = true;
    if (!channel->handling)
        free_channel(channel);
}

void channel_enter(struct channel *channel)
{
    channel->handling = true;
}

void channel_leave(struct channel *channel)
{
    channel->handling = false;
    if (channel->freed)
        free_channel(channel);
}

/* The last callback. The owner may close the channel in it. */
static void end(struct channel *channel, const struct postern_error *error)
{
    if (channel->closed)
        return;
    shut(channel);
    channel->callbacks.closed(channel->context, error);
}

void channel_end_with(struct channel *channel, int code, const char *operation, const char *how)
{
    struct postern_error error = {0};
    int64_t os_error = channel->stream ? loop_stream_os_error(channel->stream) : 0;
    if (code == POSTERN_E_OS && os_error != 0)
        error_os(&error, code, STAGE, operation, os_error, "the connection broke");
    else
        error_set(&error, code, STAGE, operation, "the connection was closed by the other side%s", how);
    end(channel, &error);
}

/* ---- opening ---- */

static void handshake_expired(void *context)
{
    struct channel *channel = context;
    struct postern_error error = {0};
    error_set(&error, POSTERN_E_HANDSHAKE, "handshake", "", "the peer did not finish the handshake within %u s",
              CHANNEL_HANDSHAKE_US / 1000000u);
    channel_enter(channel);
    end(channel, &error);
    channel_leave(channel);
}

/* Runs one handshake step and queues what it answers. */
static int advance(struct channel *channel, const unsigned char *data, struct postern_error *error)
{
    unsigned char out[HANDSHAKE_MESSAGE_MAX];
    size_t size = 0;
    int status = handshake_step(&channel->handshake, data, out, &size, error);
    if (status == 0 && size > 0 && !channel_enqueue_greeting(channel, out, size))
        status = error_memory(error, STAGE);
    return status;
}

int channel_open(struct loop *loop, os_handle handle, enum handshake_side side,
                 const unsigned char key[CRYPTO_KEY_SIZE], const struct channel_callbacks *callbacks, void *context,
                 struct channel **out, struct postern_error *error)
{
    int status = 0;
    struct channel *channel = calloc(1, sizeof(*channel));
    unsigned char *input = malloc(INPUT_SIZE);
    if (!channel || !input) {
        status = error_memory(error, STAGE);
        goto out;
    }
    status = loop_stream_open(loop, handle, LOOP_READ_WRITE, &channel->stream, error);
    if (status != 0)
        goto out;
    handle = OS_HANDLE_NONE;
    channel->loop = loop;
    channel->callbacks = *callbacks;
    channel->context = context;
    channel->peer = side == HANDSHAKE_ACCEPTOR ? FRAME_FROM_RUNNER : FRAME_FROM_PARENT;
    channel->input = input;
    channel->input_capacity = INPUT_SIZE;
    input = NULL;
    channel_init_queue(channel);
    handshake_init(&channel->handshake, side, HANDSHAKE_CONTROL, FRAME_SESSION_NONE, key);
    if (side == HANDSHAKE_CONNECTOR)
        status = advance(channel, NULL, error);
    if (status == 0 &&
        !loop_timer_start(loop, &channel->handshake_timer, CHANNEL_HANDSHAKE_US, handshake_expired, channel))
        status = error_memory(error, STAGE);
    if (status != 0)
        goto out;
    channel_start_writing(channel);
    start_reading(channel);
    *out = channel;
    channel = NULL;
out:
    handle_close(&handle);
    free(input);
    channel_close(channel);
    return status;
}

/* ---- receiving ---- */

/* Takes handshake bytes from the input. 1: more are needed; 0: done; negative: failed. */
static int take_handshake(struct channel *channel, struct postern_error *error)
{
    while (!channel->ready) {
        size_t wanted = handshake_wants(&channel->handshake);
        if (wanted == 0) {
            channel->ready = true;
            loop_timer_stop(&channel->handshake_timer);
            channel->callbacks.ready(channel->context);
            break;
        }
        size_t have = channel->input_end - channel->input_start;
        if (have < wanted)
            return 1;
        int status = advance(channel, channel->input + channel->input_start, error);
        channel->input_start += wanted;
        if (status != 0)
            return status;
    }
    return 0;
}

/* Grows or compacts so that a whole frame of `size` bytes fits behind input_start. */
static int make_room(struct channel *channel, size_t size, struct postern_error *error)
{
    size_t have = channel->input_end - channel->input_start;
    if (size > channel->input_capacity) {
        unsigned char *larger = malloc(size);
        if (!larger)
            return error_memory(error, STAGE);
        memcpy(larger, channel->input + channel->input_start, have);
        free(channel->input);
        channel->input = larger;
        channel->input_capacity = size;
    } else if (size <= channel->input_capacity - channel->input_start) {
        return 0;
    } else {
        memmove(channel->input, channel->input + channel->input_start, have);
    }
    channel->input_start = 0;
    channel->input_end = have;
    return 0;
}

/* Handles one frame. 1: more bytes are needed; 0: one was handled; negative: failed. */
static int take_frame(struct channel *channel, struct postern_error *error)
{
    size_t have = channel->input_end - channel->input_start;
    struct frame frame;
    int status = 0;
    if (have < FRAME_HEADER_SIZE) {
        status = make_room(channel, FRAME_HEADER_SIZE, error);
        return status != 0 ? status : 1;
    }
    status = frame_decode_header(channel->input + channel->input_start, &frame.header, error);
    if (status != 0)
        return status;
    enum frame_phase phase = channel->callbacks.phase(channel->context, &frame.header);
    enum frame_verdict verdict = frame_check(channel->peer, phase, &frame.header, error);
    if (verdict == FRAME_ILLEGAL)
        return POSTERN_E_PROTOCOL;
    size_t whole = FRAME_HEADER_SIZE + frame.header.length;
    if (have < whole) {
        status = make_room(channel, whole, error);
        return status != 0 ? status : 1;
    }
    frame.payload = channel->input + channel->input_start + FRAME_HEADER_SIZE;
    channel->input_start += whole;
    if (verdict == FRAME_LEGAL)
        status = channel->callbacks.frame(channel->context, &frame, error);
    return status;
}

/* The spare block, or a new one; NULL when memory is out. */
static unsigned char *take_block(struct channel *channel)
{
    unsigned char *block = channel->spare ? channel->spare : malloc(INPUT_SIZE);
    channel->spare = NULL;
    return block;
}

/* What came behind the frame is copied to the new block, so it must be little. */
static bool can_move(const struct channel *channel, const struct frame *frame, const struct buffer *into)
{
    return frame->header.length >= MOVE_MIN && buffer_length(into) == 0 && channel->input_capacity == INPUT_SIZE &&
           INPUT_SIZE <= into->limit && channel->input_end - channel->input_start < frame->header.length / 4;
}

bool channel_move_payload(struct channel *channel, const struct frame *frame, struct buffer *into)
{
    size_t size = frame->header.length, tail = channel->input_end - channel->input_start;
    unsigned char *block = can_move(channel, frame, into) ? take_block(channel) : NULL;
    if (!block)
        return buffer_append(into, frame->payload, size);
    size_t at = (size_t)(frame->payload - channel->input);
    memcpy(block, channel->input + channel->input_start, tail);
    buffer_adopt(into, channel->input, INPUT_SIZE, at, at + size);
    channel->input = block;
    channel->input_start = 0;
    channel->input_end = tail;
    return true;
}

void channel_recycle(struct channel *channel, struct buffer *buffer)
{
    if (!channel->spare && buffer->capacity == INPUT_SIZE)
        channel->spare = buffer_release(buffer);
    else
        buffer_consume(buffer, buffer_length(buffer));
}

static void take_all(struct channel *channel)
{
    struct postern_error error = {0};
    int status = take_handshake(channel, &error);
    while (status == 0 && !channel->closed)
        status = take_frame(channel, &error);
    if (channel->closed)
        return;
    if (status < 0) {
        end(channel, &error);
        return;
    }
    if (channel->input_start == channel->input_end)
        channel->input_start = channel->input_end = 0;
    channel_start_writing(channel);
    start_reading(channel);
}

static void received(void *context, int status, size_t bytes)
{
    struct channel *channel = context;
    channel_enter(channel);
    if (status != 0) {
        channel_end_with(channel, status, "read", "");
    } else if (bytes == 0) {
        bool within = channel->input_start != channel->input_end;
        channel_end_with(channel, POSTERN_E_CLOSED, "read",
                         !channel->ready ? " before it was authenticated"
                         : within        ? " in the middle of a frame"
                                         : "");
    } else {
        channel->input_end += bytes;
        take_all(channel);
    }
    channel_leave(channel);
}

static void start_reading(struct channel *channel)
{
    if (channel->closed || loop_stream_reading(channel->stream))
        return;
    if (channel->input_end == channel->input_capacity) { /* a partial frame at the very end: move it to the front */
        memmove(channel->input, channel->input + channel->input_start, channel->input_end - channel->input_start);
        channel->input_end -= channel->input_start;
        channel->input_start = 0;
    }
    loop_stream_read(channel->stream, channel->input + channel->input_end, channel->input_capacity - channel->input_end,
                     received, channel);
}
