/*
 * loop_stream_win32.c - reading and writing pipes in the Windows loop, see loop.h and loop_items_win32.h. Both sides.
 */
#include "shared/loop_items_win32.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One call moves at most this much, and at most this much is copied: see struct transfer. The system keeps pipe writes
 * in memory that is never paged, so larger ones would do nobody a favour. Room for the largest frame of data with its
 * header: a rest of some bytes would take both sides as many calls as all of it. */
#define CHUNK (256u * 1024u + 4096u)

/*
 * A read or a write under way.
 *
 * A read goes straight into the caller's memory. A write is copied first: nobody can say how much of a write that is
 * cancelled half-way has reached the reader, so a withdrawn write is not cancelled but left to itself ("detached"),
 * counted as written, and it must not need the caller's memory then. A busy pipe takes most chunks at once.
 */
struct transfer {
    OVERLAPPED overlapped;
    struct item item;
    struct loop_stream *stream;
    unsigned char *data; /* what is left */
    size_t size;
    size_t moved;        /* bytes before `data` */
    unsigned char *copy; /* of the chunk under way; writes only */
    DWORD chunk;
    DWORD os_error; /* of the chunk that is over */
    DWORD bytes;
    bool detached;
    loop_io_fn *done; /* NULL: the caller has nothing under way */
    void *context;
};

struct loop_stream {
    struct loop *loop;
    HANDLE handle;
    enum loop_direction direction;
    bool skips; /* what succeeds at once leaves no packet */
    DWORD os_error;
    struct transfer read, write;
};

/* Hands the next chunk to the system. true: it was over at once. */
static bool begin_chunk(struct transfer *transfer)
{
    struct loop_stream *stream = transfer->stream;
    BOOL over;

    ZeroMemory(&transfer->overlapped, sizeof(transfer->overlapped));
    transfer->chunk = transfer->size < CHUNK ? (DWORD)transfer->size : CHUNK;
    transfer->bytes = 0;
    if (transfer == &stream->read) {
        over = ReadFile(stream->handle, transfer->data, transfer->chunk, &transfer->bytes, &transfer->overlapped);
    } else {
        memcpy(transfer->copy, transfer->data, transfer->chunk);
        over = WriteFile(stream->handle, transfer->copy, transfer->chunk, &transfer->bytes, &transfer->overlapped);
    }
    transfer->os_error = over ? ERROR_SUCCESS : GetLastError();
    if (!over) {
        transfer->bytes = 0;
    }
    /* A failure at once leaves no packet either. */
    return over ? stream->skips : transfer->os_error != ERROR_IO_PENDING;
}

static void begin_read(struct transfer *read)
{
    read->item.state = ITEM_ARMED;
    if (begin_chunk(read)) {
        loop_item_ready(&read->item);
        loop_publish(read->stream->loop);
    }
}

/* Counts the chunk that is over. true: there is more to write. */
static bool advance(struct transfer *write)
{
    write->moved += write->bytes;
    write->data += write->bytes;
    write->size -= write->bytes;
    write->bytes = 0;
    return write->os_error == ERROR_SUCCESS && write->size > 0;
}

static void begin_write(struct transfer *write)
{
    write->os_error = ERROR_SUCCESS;
    if (write->copy == NULL) {
        write->copy = malloc(write->size < CHUNK ? write->size : CHUNK);
    }
    write->item.state = ITEM_ARMED;
    if (write->copy == NULL) {
        write->os_error = ERROR_NOT_ENOUGH_MEMORY;
    } else {
        do {
            if (!begin_chunk(write)) {
                return;
            }
        } while (advance(write));
    }
    loop_item_ready(&write->item);
    loop_publish(write->stream->loop);
}

void loop_operation_received(OVERLAPPED *overlapped)
{
    struct transfer *transfer = CONTAINING_RECORD(overlapped, struct transfer, overlapped);

    transfer->bytes = 0;
    transfer->os_error = ERROR_SUCCESS;
    if (!GetOverlappedResult(transfer->stream->handle, overlapped, &transfer->bytes, FALSE)) {
        transfer->os_error = GetLastError();
    }
    loop_item_ready(&transfer->item);
}

static void finish(struct transfer *transfer, int status, size_t bytes)
{
    loop_io_fn *done = transfer->done;

    transfer->done = NULL;
    free(transfer->copy);
    transfer->copy = NULL;
    if (status != POSTERN_OK) {
        transfer->stream->os_error = transfer->os_error;
    }
    done(transfer->context, status, bytes);
}

static bool is_end_of_file(DWORD os_error)
{
    return os_error == ERROR_BROKEN_PIPE || os_error == ERROR_PIPE_NOT_CONNECTED || os_error == ERROR_HANDLE_EOF;
}

static void run_read(struct item *item)
{
    struct transfer *read = CONTAINING_RECORD(item, struct transfer, item);

    if (is_end_of_file(read->os_error)) {
        finish(read, POSTERN_OK, 0);
    } else if (read->os_error != ERROR_SUCCESS) {
        finish(read, POSTERN_E_OS, 0);
    } else if (read->bytes == 0) {
        begin_read(read); /* somebody wrote nothing into the pipe: that is not its end */
    } else {
        finish(read, POSTERN_OK, read->bytes);
    }
}

/* The chunk that was left to itself has gone; what was asked for since may begin. */
static void run_detached(struct transfer *write)
{
    write->detached = false;
    free(write->copy);
    write->copy = NULL;
    if (write->done != NULL) {
        begin_write(write);
    }
}

static void run_write(struct item *item)
{
    struct transfer *write = CONTAINING_RECORD(item, struct transfer, item);

    if (write->detached) {
        run_detached(write);
    } else if (advance(write)) {
        begin_write(write);
    } else if (is_end_of_file(write->os_error) || write->os_error == ERROR_NO_DATA) {
        finish(write, POSTERN_E_CLOSED, write->moved);
    } else if (write->os_error == ERROR_NOT_ENOUGH_MEMORY) {
        finish(write, POSTERN_E_MEMORY, write->moved);
    } else {
        finish(write, write->os_error == ERROR_SUCCESS ? POSTERN_OK : POSTERN_E_OS, write->moved);
    }
}

static void transfer_init(struct transfer *transfer, struct loop_stream *stream, void (*run)(struct item *item))
{
    transfer->stream = stream;
    transfer->item.loop = stream->loop;
    transfer->item.run = run;
}

int loop_stream_open(struct loop *loop, os_handle handle, enum loop_direction direction, struct loop_stream **out,
                     struct postern_error *error)
{
    struct loop_stream *stream = calloc(1, sizeof(*stream));

    if (stream == NULL) {
        return error_memory(error, "loop");
    }
    /* Refuses handles that were not opened for overlapped use, and those that are in another loop already. */
    if (CreateIoCompletionPort((HANDLE)handle, loop->port, KEY_IO, 0) == NULL) {
        free(stream);
        return error_os(error, POSTERN_E_OS, "loop", "CreateIoCompletionPort", (int64_t)GetLastError(),
                        "a stream could not be added to the event loop");
    }
    stream->skips = SetFileCompletionNotificationModes((HANDLE)handle, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS |
                                                                           FILE_SKIP_SET_EVENT_ON_HANDLE) != FALSE;
    stream->loop = loop;
    stream->handle = (HANDLE)handle;
    stream->direction = direction;
    transfer_init(&stream->read, stream, run_read);
    transfer_init(&stream->write, stream, run_write);
    loop->objects++;
    *out = stream;
    return POSTERN_OK;
}

/* Ends what the system still does for it. */
static void transfer_abort(struct transfer *transfer)
{
    if (transfer->item.state == ITEM_ARMED) {
        /* Fails when the operation has ended meanwhile: its packet is in the port then. */
        CancelIoEx(transfer->stream->handle, &transfer->overlapped);
    }
    loop_item_withdraw(&transfer->item);
    transfer->done = NULL;
    free(transfer->copy);
    transfer->copy = NULL;
}

void loop_stream_close(struct loop_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    transfer_abort(&stream->read);
    transfer_abort(&stream->write);
    CloseHandle(stream->handle);
    stream->loop->objects--;
    free(stream);
}

static void transfer_start(struct transfer *transfer, void *data, size_t size, loop_io_fn *done, void *context)
{
    assert(transfer->done == NULL && size > 0 && done != NULL);
    transfer->data = data;
    transfer->size = size;
    transfer->moved = 0;
    transfer->done = done;
    transfer->context = context;
}

void loop_stream_read(struct loop_stream *stream, void *data, size_t size, loop_io_fn *done, void *context)
{
    assert((stream->direction & LOOP_READ) != 0);
    transfer_start(&stream->read, data, size, done, context);
    begin_read(&stream->read);
}

void loop_stream_write(struct loop_stream *stream, const void *data, size_t size, loop_io_fn *done, void *context)
{
    assert((stream->direction & LOOP_WRITE) != 0);
    /* The const goes, because reads share the structure; writes only ever copy from there. */
    transfer_start(&stream->write, (void *)(uintptr_t)data, size, done, context);
    if (!stream->write.detached) {
        begin_write(&stream->write);
    }
}

void loop_stream_cancel_read(struct loop_stream *stream)
{
    if (stream->read.done != NULL) {
        transfer_abort(&stream->read);
    }
}

size_t loop_stream_cancel_write(struct loop_stream *stream)
{
    struct transfer *write = &stream->write;

    if (write->done == NULL) {
        return 0;
    }
    write->done = NULL;
    if (write->detached) {
        return 0; /* this one has not begun */
    }
    if (write->item.state == ITEM_ARMED) {
        write->detached = true;
        return write->moved + write->chunk;
    }
    transfer_abort(write);
    return write->moved + write->bytes;
}

bool loop_stream_reading(const struct loop_stream *stream)
{
    return stream->read.done != NULL;
}

bool loop_stream_writing(const struct loop_stream *stream)
{
    return stream->write.done != NULL;
}

bool loop_stream_unread(const struct loop_stream *stream)
{
    const struct transfer *read = &stream->read;

    return read->done != NULL && (read->item.state == ITEM_READY || HasOverlappedIoCompleted(&read->overlapped));
}

int64_t loop_stream_os_error(const struct loop_stream *stream)
{
    return (int64_t)stream->os_error;
}

os_handle loop_stream_handle(const struct loop_stream *stream)
{
    return (os_handle)stream->handle;
}
