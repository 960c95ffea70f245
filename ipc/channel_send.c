/*
 * channel_send.c - what waits to be written on a connection, and in which order it goes. See channel.h. Both sides.
 */
#include "ipc/channel_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STAGE "channel"

void channel_init_queue(struct channel *channel)
{
    channel->control.last = &channel->control.first;
    channel->bulk.last = &channel->bulk.first;
    channel->data_last = &channel->data_first;
}

static void free_list(struct copied_list *list)
{
    while (list->first) {
        struct copied *next = list->first->next;
        free(list->first);
        list->first = next;
    }
    list->last = &list->first;
}

void channel_free_queue(struct channel *channel)
{
    free_list(&channel->control);
    free_list(&channel->bulk);
    free(channel->writing_copied);
    channel->writing_copied = NULL;
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

bool channel_enqueue_greeting(struct channel *channel, const void *bytes, size_t size)
{
    return enqueue(channel, &channel->control, bytes, size, NULL, 0) == 0;
}

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
    channel_enter(channel);
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
            channel_end_with(channel, status, "write", "");
    } else {
        channel_start_writing(channel);
    }
    channel_leave(channel);
}

void channel_start_writing(struct channel *channel)
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
        if (data->source)
            loop_stream_forward(channel->stream, data->frame, FRAME_HEADER_SIZE, data->source, data->size, written,
                                channel);
        else
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
    channel_start_writing(channel);
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
    channel_start_writing(channel);
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
    channel_start_writing(channel);
    return true;
}

bool channel_forwards(const struct channel *channel, const struct loop_stream *source)
{
    return !channel->closed && loop_stream_forwards(source, channel->stream);
}

bool channel_withdraw(struct channel *channel, struct channel_data *data)
{
    if (!data->queued)
        return true;
    data->queued = false;
    if (channel->writing_data == data && data->source) {
        channel->writing_data = NULL;
        return channel->closed || loop_stream_settle(channel->stream);
    }
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
