/*
 * channel.c - handshake, frame reassembly and the write queue of one connection. See channel.h. Both sides.
 */
#include "ipc/channel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STAGE "channel"
#define INPUT_SIZE (FRAME_HEADER_SIZE + FRAME_DATA_MAX + 4096u) /* grows to one largest frame when one comes */
#define MOVE_MIN (16u * 1024u) /* smaller payloads are copied: a whole block for each would be too much memory */

/* A copied frame that waits its turn. */
struct copied {
    struct copied *next;
    size_t size;
    unsigned char bytes[];
};

struct copied_list {
    struct copied *first, **last;
};

struct channel {
    struct loop *loop;
    struct loop_stream *stream;
    struct channel_callbacks callbacks;
    void *context;
    enum frame_sender peer;

    struct handshake handshake;
    unsigned char greeting[HANDSHAKE_MESSAGE_MAX]; /* incoming handshake message */
    size_t greeting_size;
    struct loop_timer handshake_timer;
    bool ready;

    unsigned char *input; /* bytes [input_start, input_end) are received and not yet handled */
    unsigned char *spare; /* a block of INPUT_SIZE bytes to take its place, or NULL */
    size_t input_start, input_end, input_capacity;
    bool handling; /* inside a callback of ours: closing frees later */
    bool closed, freed;

    struct copied_list control; /* overtakes the two below */
    struct channel_data *data_first, **data_last;
    struct copied_list bulk; /* copied stream data and CLOSE_STDIN, in order */
    struct copied *writing_copied;
    struct channel_data *writing_data;
    bool bulk_turn; /* between copied and borrowed data: take turns */
    size_t queued;
};

static void start_reading(struct channel *channel);
static void start_writing(struct channel *channel);

/* ---- end of life ---- */

static void free_list(struct copied_list *list)
{
    while (list->first) {
        struct copied *next = list->first->next;
        free(list->first);
        list->first = next;
    }
    list->last = &list->first;
}

static void free_channel(struct channel *channel)
{
    free_list(&channel->control);
    free_list(&channel->bulk);
    free(channel->writing_copied);
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

/* The last callback. The owner may close the channel in it. */
static void end(struct channel *channel, const struct postern_error *error)
{
    if (channel->closed)
        return;
    shut(channel);
    channel->callbacks.closed(channel->context, error);
}

static void end_with(struct channel *channel, int code, const char *operation, const char *how)
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
    channel->handling = true;
    end(channel, &error);
    channel->handling = false;
    if (channel->freed)
        free_channel(channel);
}

static int enqueue(struct channel *channel, struct copied_list *list, const void *header, size_t header_size,
                   const void *payload, size_t size)
{
    struct copied *item = malloc(sizeof(*item) + header_size + size);
    if (!item)
        return POSTERN_E_MEMORY;
    item->next = NULL;
    item->size = header_size + size;
    memcpy(item->bytes, header, header_size);
    if (size > 0)
        memcpy(item->bytes + header_size, payload, size);
    *list->last = item;
    list->last = &item->next;
    channel->queued += item->size;
    return 0;
}

/* Runs one handshake step and queues what it answers. */
static int advance(struct channel *channel, const unsigned char *data, struct postern_error *error)
{
    unsigned char out[HANDSHAKE_MESSAGE_MAX];
    size_t size = 0;
    int status = handshake_step(&channel->handshake, data, out, &size, error);
    if (status == 0 && size > 0 && enqueue(channel, &channel->control, out, size, NULL, 0) != 0)
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
    channel->control.last = &channel->control.first;
    channel->bulk.last = &channel->bulk.first;
    channel->data_last = &channel->data_first;
    handshake_init(&channel->handshake, side, HANDSHAKE_CONTROL, FRAME_SESSION_NONE, key);
    if (side == HANDSHAKE_CONNECTOR)
        status = advance(channel, NULL, error);
    if (status == 0 &&
        !loop_timer_start(loop, &channel->handshake_timer, CHANNEL_HANDSHAKE_US, handshake_expired, channel))
        status = error_memory(error, STAGE);
    if (status != 0)
        goto out;
    start_writing(channel);
    start_reading(channel);
    *out = channel;
    channel = NULL;
out:
    handle_close(&handle);
    free(input);
    channel_close(channel);
    return status;
}

bool channel_is_ready(const struct channel *channel)
{
    return channel->ready && !channel->closed;
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
    start_writing(channel);
    start_reading(channel);
}

static void received(void *context, int status, size_t bytes)
{
    struct channel *channel = context;
    channel->handling = true;
    if (status != 0) {
        end_with(channel, status, "read", "");
    } else if (bytes == 0) {
        bool within = channel->input_start != channel->input_end;
        end_with(channel, POSTERN_E_CLOSED, "read",
                 !channel->ready ? " before it was authenticated" : within ? " in the middle of a frame" : "");
    } else {
        channel->input_end += bytes;
        take_all(channel);
    }
    channel->handling = false;
    if (channel->freed)
        free_channel(channel);
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
    loop_stream_read(channel->stream, channel->input + channel->input_end,
                     channel->input_capacity - channel->input_end, received, channel);
}

/* ---- sending ---- */

static struct copied *pop(struct copied_list *list)
{
    struct copied *item = list->first;
    if (item) {
        list->first = item->next;
        if (!list->first)
            list->last = &list->first;
    }
    return item;
}

static struct channel_data *pop_data(struct channel *channel)
{
    struct channel_data *data = channel->data_first;
    if (data) {
        channel->data_first = data->next;
        if (!channel->data_first)
            channel->data_last = &channel->data_first;
    }
    return data;
}

static void written(void *context, int status, size_t bytes)
{
    struct channel *channel = context;
    struct channel_data *data = channel->writing_data;
    channel->handling = true;
    channel->queued -= bytes < channel->queued ? bytes : channel->queued;
    free(channel->writing_copied);
    channel->writing_copied = NULL;
    channel->writing_data = NULL;
    if (data) {
        data->queued = false;
        data->sent(data->context);
    }
    if (status != 0 && !channel->closed) {
        /* What the peer sent before it went away is worth more than our write error: let the read side tell. */
        if (status != POSTERN_E_CLOSED)
            end_with(channel, status, "write", "");
    } else {
        start_writing(channel);
    }
    channel->handling = false;
    if (channel->freed)
        free_channel(channel);
}

static void start_writing(struct channel *channel)
{
    if (channel->closed || loop_stream_writing(channel->stream))
        return;
    struct copied *item = pop(&channel->control);
    if (!item && !channel->ready)
        return; /* only handshake messages go out before it is done, and those are control */
    if (!item && (channel->bulk_turn || !channel->data_first))
        item = pop(&channel->bulk);
    channel->bulk_turn = !channel->bulk_turn;
    if (item) {
        channel->writing_copied = item;
        loop_stream_write(channel->stream, item->bytes, item->size, written, channel);
        return;
    }
    struct channel_data *data = pop_data(channel);
    if (data) {
        channel->writing_data = data;
        loop_stream_write(channel->stream, data->frame, FRAME_HEADER_SIZE + data->size, written, channel);
    }
}

/* The parent's stdin and its end keep their order. The runner's CLOSE_STDIN is news, and must come before EXIT. */
static bool travels_with_data(const struct channel *channel, enum frame_type type)
{
    return channel->peer == FRAME_FROM_RUNNER && (type == FRAME_STDIN || type == FRAME_CLOSE_STDIN);
}

int channel_send(struct channel *channel, enum frame_type type, uint32_t session, const void *payload, size_t size,
                 struct postern_error *error)
{
    unsigned char header[FRAME_HEADER_SIZE];
    if (channel->closed)
        return error_set(error, POSTERN_E_CLOSED, STAGE, "", "the connection is closed");
    if (size > FRAME_PAYLOAD_MAX)
        return error_set(error, POSTERN_E_LIMIT, STAGE, "", "a %s of %zu bytes is over the limit of %u",
                         frame_type_name((uint8_t)type), size, FRAME_PAYLOAD_MAX);
    if (size + sizeof(header) > CHANNEL_QUEUE_MAX - channel->queued)
        return error_set(error, POSTERN_E_LIMIT, STAGE, "", "%zu bytes wait to be sent already", channel->queued);
    frame_encode_header(&(struct frame_header){(uint32_t)size, session, (uint8_t)type, 0}, header);
    struct copied_list *list = travels_with_data(channel, type) ? &channel->bulk : &channel->control;
    if (enqueue(channel, list, header, sizeof(header), payload, size) != 0)
        return error_memory(error, STAGE);
    start_writing(channel);
    return 0;
}

void channel_send_data(struct channel *channel, enum frame_type type, uint32_t session, struct channel_data *data)
{
    assert(!data->queued && data->size > 0 && data->size <= FRAME_PAYLOAD_MAX);
    frame_encode_header(&(struct frame_header){(uint32_t)data->size, session, (uint8_t)type, 0}, data->frame);
    data->next = NULL;
    data->queued = true;
    *channel->data_last = data;
    channel->data_last = &data->next;
    channel->queued += FRAME_HEADER_SIZE + data->size;
    start_writing(channel);
}

/* The frame is on the wire in part: its rest must follow, from memory that is ours. */
static bool keep_rest(struct channel *channel, const struct channel_data *data)
{
    size_t whole = FRAME_HEADER_SIZE + data->size;
    size_t done = loop_stream_cancel_write(channel->stream);
    channel->queued -= done < channel->queued ? done : channel->queued;
    channel->writing_data = NULL;
    if (done < whole) {
        struct copied *rest = malloc(sizeof(*rest) + whole - done);
        if (!rest)
            return false;
        rest->next = NULL;
        rest->size = whole - done;
        memcpy(rest->bytes, data->frame + done, rest->size);
        channel->writing_copied = rest;
        loop_stream_write(channel->stream, rest->bytes, rest->size, written, channel);
    }
    start_writing(channel);
    return true;
}

bool channel_withdraw(struct channel *channel, struct channel_data *data)
{
    if (!data->queued)
        return true;
    data->queued = false;
    if (channel->writing_data == data)
        return channel->closed || keep_rest(channel, data);
    for (struct channel_data **at = &channel->data_first; *at; at = &(*at)->next) {
        if (*at != data)
            continue;
        *at = data->next;
        if (channel->data_last == &data->next)
            channel->data_last = at;
        channel->queued -= FRAME_HEADER_SIZE + data->size;
        break;
    }
    return true;
}

size_t channel_queued(const struct channel *channel)
{
    return channel->queued;
}
