/*
 * channel_parts.h - what the two files of a channel share: channel.c opens, receives and ends, channel_send.c queues
 * and writes. Private to ipc/channel*.c.
 */
#ifndef POSTERN_IPC_CHANNEL_PARTS_H
#define POSTERN_IPC_CHANNEL_PARTS_H

#include "ipc/channel.h"

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
    struct loop_timer handshake_timer;
    bool ready;

    unsigned char *input; /* bytes [input_start, input_end) are received and not yet handled */
    unsigned char *spare; /* a block of INPUT_SIZE bytes to take its place, or NULL */
    size_t input_start, input_end, input_capacity;
    bool handling; /* inside a callback of the loop: closing frees when it is left */
    bool closed, freed;

    struct copied_list control; /* overtakes the two below */
    struct channel_data *data_first, **data_last;
    struct copied_list bulk; /* copied stream data and CLOSE_STDIN, in order */
    struct copied *writing_copied;
    struct channel_data *writing_data;
    bool bulk_turn; /* between copied and borrowed data: take turns */
    size_t queued;
};

/* ---- channel.c ---- */

/* Around every callback of the loop. After the leave the channel may be gone. */
void channel_enter(struct channel *channel);
void channel_leave(struct channel *channel);

/* Ends the channel, with the owner's `closed` as its last callback. */
void channel_end_with(struct channel *channel, int code, const char *operation, const char *how);

/* ---- channel_send.c ---- */

void channel_init_queue(struct channel *channel);
void channel_free_queue(struct channel *channel);

/* Queues bytes of the handshake, ahead of everything. false: memory is out. */
bool channel_enqueue_greeting(struct channel *channel, const void *bytes, size_t size);

/* Writes the next frame unless one is being written. */
void channel_start_writing(struct channel *channel);

#endif
