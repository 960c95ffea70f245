/*
 * channel.h - one authenticated connection that carries frames, over a loop stream. Both sides.
 *
 * Life: open (handshake runs) -> ready -> frames ... -> closed. Every byte received is checked against frame_check()
 * by the owner's `phase` before its payload is waited for, so memory is bounded by one frame, whatever the peer sends.
 *
 * Sending: frames go out in order, but control frames overtake stream data that has not begun to be written: resize,
 * signal and shutdown never wait behind a full window. CLOSE_STDIN goes with the data: it must not overtake it.
 */
#ifndef POSTERN_IPC_CHANNEL_H
#define POSTERN_IPC_CHANNEL_H

#include "ipc/frame.h"
#include "ipc/handshake.h"
#include "shared/buffer.h"
#include "shared/loop.h"

#define CHANNEL_QUEUE_MAX (16u * 1024u * 1024u) /* bytes of copied frames that may wait to be written */
#define CHANNEL_HANDSHAKE_US (5u * 1000u * 1000u)

struct channel;

struct channel_callbacks {
    /* The peer has proved itself. */
    void (*ready)(void *context);
    /* Where the frame's session stands, for the table; called with a decoded header, before the payload is read. */
    enum frame_phase (*phase)(void *context, const struct frame_header *header);
    /* A whole, legal frame. A negative return ends the channel with the error filled in. */
    int (*frame)(void *context, const struct frame *frame, struct postern_error *error);
    /* The connection is over: once, as the last call. POSTERN_E_CLOSED: the peer closed it. */
    void (*closed)(void *context, const struct postern_error *error);
};

/* Takes the handle, also on failure. The key is copied, and wiped when the handshake is over. `side` also says which
 * frames are sent: the acceptor is the parent. */
int channel_open(struct loop *loop, os_handle handle, enum handshake_side side,
                 const unsigned char key[CRYPTO_KEY_SIZE], const struct channel_callbacks *callbacks, void *context,
                 struct channel **out, struct postern_error *error);

/* For the frame callback: puts the payload behind what `into` holds, as buffer_append() does. Into an empty buffer a
 * large one is moved together with the memory it was received in, not copied; the frame is not to be used any more. */
bool channel_move_payload(struct channel *channel, const struct frame *frame, struct buffer *into);

/* Empties the buffer. If its memory came from channel_move_payload() the next frame may be received into it: it is in
 * the processor's cache, and giving it back to the system and getting it anew would cost more than the data. */
void channel_recycle(struct channel *channel, struct buffer *buffer);

/* No callback comes after this. What has not been written is dropped. NULL allowed. */
void channel_close(struct channel *channel);

/* Copies. POSTERN_E_LIMIT when the queue is full, POSTERN_E_CLOSED after the end. */
int channel_send(struct channel *channel, enum frame_type type, uint32_t session, const void *payload, size_t size,
                 struct postern_error *error);

/* One stream-data frame whose bytes are not copied: `frame` has FRAME_HEADER_SIZE bytes for the header, then `size`
 * bytes of payload, and stays the sender's, untouched, until `sent` was called. `link` is the sender's, too: one
 * frame of a sender may be under way at a time. */
struct channel_data {
    unsigned char *frame;
    size_t size;                /* of the payload */
    struct loop_stream *source; /* not NULL: the payload is not in `frame` but waits in this stream, which must stay
                                   open until `sent`; only if channel_forwards() */
    void (*sent)(void *context);
    void *context;
    struct channel_data *next; /* private */
    bool queued;               /* private */
};
bool channel_forwards(const struct channel *channel, const struct loop_stream *source);
void channel_send_data(struct channel *channel, enum frame_type type, uint32_t session, struct channel_data *data);

/* Takes a queued frame back, for a sender that goes away; `sent` is not called. One that is being written is copied
 * first, or fetched out of its source; false: memory is out, and the channel is broken. */
bool channel_withdraw(struct channel *channel, struct channel_data *data);

/* Bytes waiting to be written. */
size_t channel_queued(const struct channel *channel);

#endif
