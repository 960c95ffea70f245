/*
 * output.h - one output stream of a session: command -> STDOUT or STDERR frames, under the parent's credit; or only
 * what is known of it here, where the parent has the other end of the command's pipe. Caller: runner/session.c.
 */
#ifndef POSTERN_RUNNER_OUTPUT_H
#define POSTERN_RUNNER_OUTPUT_H

#include "ipc/channel.h"

struct output {
    struct loop *loop;
    size_t full_read; /* 0: nothing is ever held */
    struct channel *channel;
    struct loop_stream *stream; /* borrowed; NULL when there is none or it has ended */
    enum frame_type type;
    uint32_t session;
    uint32_t credit;        /* bytes that may still be sent */
    unsigned char *frame;   /* header and payload of the one frame under way; freed when the stream ends */
    uint32_t room;          /* of the payload */
    uint32_t wanted;        /* room of the next frame */
    bool forwards;          /* the stream's bytes can go to the channel without coming into memory ... */
    bool forwarding;        /* ... and do so now */
    uint32_t held;          /* bytes in the frame that wait for more to go with them */
    struct loop_timer hold; /* until when */
    struct channel_data data;
    bool elsewhere;                           /* the parent reads the stream itself */
    bool ended;                               /* the stream has ended and all of it was sent */
    void (*moved)(void *context, bool bytes); /* bytes came, or the stream ended */
    void (*seen)(void *context, const void *data, size_t size);
    void *context;
};

/* All borrowed for the life of the output. */
struct output_spec {
    struct loop *loop;
    struct channel *channel;
    struct loop_stream *stream; /* NULL: ended from the start, unless it is ... */
    bool elsewhere;             /* ... the parent's: ended when output_end() says so */
    size_t full_read;           /* see pty_full_read(); 0: reads are never held back */
    enum frame_type type;
    uint32_t session;
    uint32_t credit;
    void (*moved)(void *context, bool bytes);
    void (*seen)(void *context, const void *data,
                 size_t size); /* what was read, if it came into memory; NULL allowed */
    void *context;
};

/* false: memory is out. */
bool output_start(struct output *output, const struct output_spec *spec);

/* More bytes may be sent. false: more than any window allows. */
bool output_add_credit(struct output *output, uint32_t bytes);

/* Whether nothing can be read now because the parent does not take more. */
bool output_held_back(const struct output *output);

/* Of a stream that is elsewhere: the parent has all of it. `moved` is not called from in here. */
void output_end(struct output *output);

/* Stops reading and counts as ended. What was read already still goes out: output_is_idle() tells when. `moved` is not
 * called from in here, only when such a rest has gone out. */
void output_cut(struct output *output);
bool output_is_idle(const struct output *output); /* ended, and nothing under way */

/* For a session that goes away with its channel still open. */
void output_free(struct output *output);

#endif
