/*
 * direct.c - reads and writes a command's pipes in the parent. See direct.h. What is read is the command's.
 */
#include "elevated/direct.h"

#include "elevated/sandbox.h"
#include "ipc/input.h"
#include "shared/drain.h"
#include "shared/log.h"

#include <stdlib.h>

#define ROOM_FIRST 4096u /* and least: what an idle stream costs */
#define ROOM_STEP 4u
#define MOVE_FROM (16u * 1024u) /* as much is not copied into the window: its memory becomes the window's */

/* Where the bytes of an output stream come from. */
struct source {
    struct direct_streams *direct;
    enum postern_stream which;
    struct loop_stream *stream; /* NULL: it has ended, or was given up */
    unsigned char *block;       /* what is read into; NULL between two reads, and when ended */
    uint32_t room;              /* of the block */
    uint32_t wanted;            /* room of the next one */
    unsigned char *spare;       /* of FRAME_DATA_MAX bytes; NULL allowed */
};

struct direct_streams {
    struct postern_session *session;
    struct source source[2]; /* by enum postern_stream */
    struct loop_stream *in;
    struct input input;
    struct drain drain;
    bool exited;      /* the runner has said so */
    bool rest_killed; /* we have asked for it */
    bool told;        /* we have said that we have everything */
    bool cut;         /* ... but that something was given up */
};

static void pump(struct source *source);

/* ---- the end of the output ---- */

static bool all_ended(const struct direct_streams *direct)
{
    return !direct->source[0].stream && !direct->source[1].stream;
}

/* Not before SPAWNED: the runner could not tell it from a mistake. */
static void tell(struct direct_streams *direct)
{
    struct postern_session *session = direct->session;
    if (direct->told || !all_ended(direct))
        return;
    drain_stop(&direct->drain);
    if (session->phase == SESSION_RUNNING && session->sandbox->channel)
        direct->told = channel_send(session->sandbox->channel, FRAME_DRAIN, session->id, NULL, 0, NULL) == 0;
}

static void close_source(struct source *source)
{
    loop_stream_close(source->stream);
    source->stream = NULL;
    free(source->block);
    free(source->spare);
    source->block = source->spare = NULL;
}

static void give_up(struct direct_streams *direct)
{
    direct->cut = direct->cut || !all_ended(direct);
    close_source(&direct->source[0]);
    close_source(&direct->source[1]);
}

/* The caller does not take what there is. */
static bool held_back(void *context)
{
    struct direct_streams *direct = context;
    for (int i = 0; i < 2; i++)
        if (direct->source[i].stream && buffer_room(&direct->session->stream[i].bytes) == 0)
            return true;
    return false;
}

/* The caller was not here to look. */
static bool unread(void *context)
{
    struct direct_streams *direct = context;
    for (int i = 0; i < 2; i++)
        if (direct->source[i].stream && loop_stream_unread(direct->source[i].stream))
            return true;
    return false;
}

/* First what the command has left running is killed, so that its output ends by itself; should it still not, it is
 * given up. */
static void drain_over(void *context)
{
    struct direct_streams *direct = context;
    struct postern_session *session = direct->session;
    if (!direct->rest_killed) {
        struct buffer text;
        buffer_init(&text, FRAME_PAYLOAD_MAX);
        bool valid = message_encode_signal(&(struct message_signal){MESSAGE_SIGNAL_REST, 0}, &text);
        direct->rest_killed = true;
        sandbox_send(session->sandbox, FRAME_SIGNAL, session->id, &text, valid, NULL);
        drain_start_last(&direct->drain);
        return;
    }
    give_up(direct);
    tell(direct);
}

/* ---- reading ---- */

/* As the runner's frames do: full reads make it grow, small ones shrink. */
static void choose_room(struct source *source, size_t bytes)
{
    if (bytes >= source->room / 2 && source->room < FRAME_DATA_MAX)
        source->wanted = source->room * ROOM_STEP;
    else if (bytes < source->room / (2 * ROOM_STEP) && source->room > ROOM_FIRST)
        source->wanted = source->room / ROOM_STEP;
}

static bool keep_bytes(struct source *source, size_t bytes)
{
    struct buffer *into = &source->direct->session->stream[source->which].bytes;
    if (bytes < MOVE_FROM || buffer_length(into) > 0)
        return buffer_append(into, source->block, bytes);
    buffer_free(into);
    buffer_adopt(into, source->block, source->room, 0, bytes);
    source->block = NULL;
    return true;
}

static void finish(struct source *source)
{
    struct postern_session *session = source->direct->session;
    close_source(source);
    session->stream[source->which].ended = true;
    tell(source->direct);
}

static void bytes_read(void *context, int status, size_t bytes)
{
    struct source *source = context;
    if (status != 0 || bytes == 0) { /* a broken pipe of a dead command is its end of file */
        finish(source);
        return;
    }
    if (!keep_bytes(source, bytes)) {
        log_line(source->direct->session->sandbox->log, "session %u: out of memory", source->direct->session->id);
        source->direct->cut = true;
        finish(source);
        return;
    }
    choose_room(source, bytes);
    drain_moved(&source->direct->drain);
    pump(source);
}

/* Without memory for a larger block the one at hand will do. */
static bool make_block(struct source *source)
{
    if (source->block && source->room == source->wanted)
        return true;
    unsigned char *block = NULL;
    if (source->wanted == FRAME_DATA_MAX) {
        block = source->spare;
        source->spare = NULL;
    }
    if (!block && !(block = malloc(source->wanted)))
        return source->block != NULL;
    free(source->block);
    source->block = block;
    source->room = source->wanted;
    return true;
}

static void pump(struct source *source)
{
    size_t window = buffer_room(&source->direct->session->stream[source->which].bytes);
    if (!source->stream || window == 0 || loop_stream_reading(source->stream))
        return;
    if (!make_block(source)) {
        log_line(source->direct->session->sandbox->log, "session %u: out of memory", source->direct->session->id);
        source->direct->cut = true;
        finish(source);
        return;
    }
    loop_stream_read(source->stream, source->block, window < source->room ? window : source->room, bytes_read, source);
}

void direct_streams_resume(struct direct_streams *direct, enum postern_stream which)
{
    pump(&direct->source[which]);
}

void direct_streams_recycle(struct direct_streams *direct, enum postern_stream which)
{
    struct source *source = &direct->source[which];
    struct buffer *bytes = &direct->session->stream[which].bytes;
    if (source->stream && !source->spare && bytes->capacity == FRAME_DATA_MAX)
        source->spare = buffer_release(bytes);
    else
        buffer_consume(bytes, buffer_length(bytes));
}

/* ---- stdin ---- */

static void input_taken(void *context, uint32_t bytes)
{
    struct direct_streams *direct = context;
    direct->session->stdin_credit += bytes;
}

static void input_ended(void *context, bool asked)
{
    struct direct_streams *direct = context;
    (void)asked;
    direct->session->stdin_closed = true;
    loop_stream_close(direct->in);
    direct->in = NULL;
}

int direct_streams_write(struct direct_streams *direct, const unsigned char *data, size_t size,
                         struct postern_error *error)
{
    return input_add(&direct->input, data, size, error);
}

void direct_streams_close_stdin(struct direct_streams *direct)
{
    input_close(&direct->input);
}

/* ---- life ---- */

static int open_streams(struct direct_streams *direct, struct direct_ends *ends, struct postern_error *error)
{
    struct loop *loop = direct->session->sandbox->loop;
    struct loop_stream **const streams[] = {&direct->in, &direct->source[POSTERN_STDOUT].stream,
                                            &direct->source[POSTERN_STDERR].stream};
    int status = 0;
    for (int i = 0; i < 3 && status == 0; i++) {
        if (ends->ours[i] == OS_HANDLE_NONE)
            continue;
        status = loop_stream_open(loop, ends->ours[i], i == MESSAGE_STDIN ? LOOP_WRITE : LOOP_READ, streams[i], error);
        if (status == 0)
            ends->ours[i] = OS_HANDLE_NONE;
    }
    return status;
}

static struct direct_streams *new_direct(struct postern_session *session, const struct message_spawn *spawn)
{
    struct direct_streams *direct = calloc(1, sizeof(*direct));
    if (!direct)
        return NULL;
    direct->session = session;
    for (int i = 0; i < 2; i++)
        direct->source[i] = (struct source){.direct = direct, .which = (enum postern_stream)i, .wanted = ROOM_FIRST};
    drain_init(&direct->drain, session->sandbox->loop, spawn->drain_idle, spawn->drain_limit);
    direct->drain.held_back = held_back;
    direct->drain.unread = unread;
    direct->drain.over = drain_over;
    direct->drain.context = direct;
    return direct;
}

int direct_streams_create(struct postern_session *session, struct message_spawn *spawn, struct direct_streams **out,
                          struct postern_error *error)
{
    const struct launch *launch = session->sandbox->launch;
    struct direct_ends ends = {{OS_HANDLE_NONE, OS_HANDLE_NONE, OS_HANDLE_NONE}, {0}};
    struct direct_streams *direct = NULL;
    if (spawn->tty)
        return 0;
    int status = direct_ends_make(launch, spawn->open_stdin, &ends, error);
    if (status == 0 && ends.theirs[MESSAGE_STDOUT] == 0)
        return 0;
    if (status == 0 && !(direct = new_direct(session, spawn)))
        status = error_memory(error, "session");
    if (status == 0)
        status = open_streams(direct, &ends, error);
    if (status == 0) {
        spawn->direct = true;
        for (int i = 0; i < 3; i++)
            spawn->handle[i] = ends.theirs[i];
        *out = direct;
        return 0;
    }
    for (int i = 0; i < 3; i++)
        handle_close(&ends.ours[i]);
    direct_ends_take_back(launch, ends.theirs);
    direct_streams_free(direct);
    return status;
}

void direct_streams_take_back(struct direct_streams *direct, const struct message_spawn *spawn)
{
    if (direct && direct->session->sandbox->launch)
        direct_ends_take_back(direct->session->sandbox->launch, spawn->handle);
}

void direct_streams_start(struct direct_streams *direct)
{
    direct->session->stdin_credit = direct->in ? MESSAGE_STDIN_WINDOW : 0;
    input_start(&direct->input, direct->in, input_taken, input_ended, direct);
    if (direct->session->stdin_closed)
        input_close(&direct->input);
    pump(&direct->source[POSTERN_STDOUT]);
    pump(&direct->source[POSTERN_STDERR]);
    tell(direct);
}

int direct_streams_drain(struct direct_streams *direct, struct postern_error *error)
{
    if (direct->exited)
        return error_set(error, POSTERN_E_PROTOCOL, "session", "", "DRAIN twice");
    direct->exited = true;
    if (!all_ended(direct))
        drain_start(&direct->drain);
    return 0;
}

static void close_all(struct direct_streams *direct)
{
    drain_stop(&direct->drain);
    give_up(direct);
    input_free(&direct->input);
    loop_stream_close(direct->in);
    direct->in = NULL;
}

bool direct_streams_stop(struct direct_streams *direct)
{
    close_all(direct);
    tell(direct);
    return direct->cut;
}

void direct_streams_free(struct direct_streams *direct)
{
    if (!direct)
        return;
    close_all(direct);
    free(direct);
}
