/*
 * loop_stream_win32.c - reading and writing pipes in the Windows loop, see loop.h and loop_items_win32.h. Both sides.
 */
#include "shared/loop_items_win32.h"

#include <assert.h>
#include <stdlib.h>

struct operation {
    OVERLAPPED overlapped;
    struct item item;
    struct loop_stream *stream;
    unsigned char *data; /* what is left */
    size_t size;
    size_t moved; /* bytes before `data` */
    DWORD os_error;
    DWORD bytes;      /* of the part that is over */
    loop_io_fn *done; /* NULL: none under way */
    void *context;
};

struct loop_stream {
    struct loop *loop;
    HANDLE handle;
    enum loop_direction direction;
    bool skips; /* what succeeds at once leaves no packet */
    DWORD os_error;
    struct operation read, write;
};

/* One call moves at most this much: the system keeps a copy of a pipe write in memory that is never paged. */
#define TRANSFER_LIMIT (1024u * 1024u)

static void operation_begin(struct operation *operation)
{
    struct loop_stream *stream = operation->stream;
    DWORD size = operation->size < TRANSFER_LIMIT ? (DWORD)operation->size : TRANSFER_LIMIT;
    DWORD bytes = 0;
    BOOL over;

    ZeroMemory(&operation->overlapped, sizeof(operation->overlapped));
    if (operation == &stream->read) {
        over = ReadFile(stream->handle, operation->data, size, &bytes, &operation->overlapped);
    } else {
        over = WriteFile(stream->handle, operation->data, size, &bytes, &operation->overlapped);
    }
    operation->os_error = over ? ERROR_SUCCESS : GetLastError();
    operation->bytes = over ? bytes : 0;
    operation->item.state = ITEM_ARMED;
    /* A failure at once leaves no packet either. */
    if (over ? stream->skips : operation->os_error != ERROR_IO_PENDING) {
        loop_item_ready(&operation->item);
        loop_publish(stream->loop);
    }
}

void loop_operation_received(OVERLAPPED *overlapped)
{
    struct operation *operation = CONTAINING_RECORD(overlapped, struct operation, overlapped);

    operation->bytes = 0;
    operation->os_error = ERROR_SUCCESS;
    if (!GetOverlappedResult(operation->stream->handle, overlapped, &operation->bytes, FALSE)) {
        operation->os_error = GetLastError();
    }
    loop_item_ready(&operation->item);
}

static void operation_end(struct operation *operation, int status, size_t bytes)
{
    loop_io_fn *done = operation->done;

    operation->done = NULL;
    if (status != POSTERN_OK) {
        operation->stream->os_error = operation->os_error;
    }
    done(operation->context, status, bytes);
}

static bool is_end_of_file(DWORD os_error)
{
    return os_error == ERROR_BROKEN_PIPE || os_error == ERROR_PIPE_NOT_CONNECTED || os_error == ERROR_HANDLE_EOF;
}

static void run_read(struct item *item)
{
    struct operation *read = CONTAINING_RECORD(item, struct operation, item);

    if (is_end_of_file(read->os_error)) {
        operation_end(read, POSTERN_OK, 0);
    } else if (read->os_error != ERROR_SUCCESS) {
        operation_end(read, POSTERN_E_OS, 0);
    } else if (read->bytes == 0) {
        operation_begin(read); /* somebody wrote nothing into the pipe: that is not its end */
    } else {
        operation_end(read, POSTERN_OK, read->bytes);
    }
}

static void run_write(struct item *item)
{
    struct operation *write = CONTAINING_RECORD(item, struct operation, item);

    write->moved += write->bytes;
    write->data += write->bytes;
    write->size -= write->bytes;
    if (is_end_of_file(write->os_error) || write->os_error == ERROR_NO_DATA) {
        operation_end(write, POSTERN_E_CLOSED, write->moved);
    } else if (write->os_error != ERROR_SUCCESS) {
        operation_end(write, POSTERN_E_OS, write->moved);
    } else if (write->size > 0) {
        operation_begin(write);
    } else {
        operation_end(write, POSTERN_OK, write->moved);
    }
}

static void operation_init(struct operation *operation, struct loop_stream *stream, void (*run)(struct item *item))
{
    operation->stream = stream;
    operation->item.loop = stream->loop;
    operation->item.run = run;
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
    operation_init(&stream->read, stream, run_read);
    operation_init(&stream->write, stream, run_write);
    loop->objects++;
    *out = stream;
    return POSTERN_OK;
}

/* Returns how much of a write had been done. */
static size_t operation_cancel(struct operation *operation)
{
    if (operation->done == NULL) {
        return 0;
    }
    if (operation->item.state == ITEM_ARMED) {
        /* Fails when the operation has ended meanwhile: its packet is in the port then. */
        CancelIoEx(operation->stream->handle, &operation->overlapped);
    }
    loop_item_withdraw(&operation->item);
    operation->done = NULL;
    return operation->moved + operation->bytes;
}

void loop_stream_close(struct loop_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    operation_cancel(&stream->read);
    operation_cancel(&stream->write);
    CloseHandle(stream->handle);
    stream->loop->objects--;
    free(stream);
}

static void operation_start(struct operation *operation, void *data, size_t size, loop_io_fn *done, void *context)
{
    assert(operation->done == NULL && size > 0 && done != NULL);
    operation->data = data;
    operation->size = size;
    operation->moved = 0;
    operation->done = done;
    operation->context = context;
    operation_begin(operation);
}

void loop_stream_read(struct loop_stream *stream, void *data, size_t size, loop_io_fn *done, void *context)
{
    assert((stream->direction & LOOP_READ) != 0);
    operation_start(&stream->read, data, size, done, context);
}

void loop_stream_write(struct loop_stream *stream, const void *data, size_t size, loop_io_fn *done, void *context)
{
    assert((stream->direction & LOOP_WRITE) != 0);
    /* The const goes, because reads share the structure; WriteFile takes it back. */
    operation_start(&stream->write, (void *)(uintptr_t)data, size, done, context);
}

void loop_stream_cancel_read(struct loop_stream *stream)
{
    operation_cancel(&stream->read);
}

size_t loop_stream_cancel_write(struct loop_stream *stream)
{
    return operation_cancel(&stream->write);
}

bool loop_stream_reading(const struct loop_stream *stream)
{
    return stream->read.done != NULL;
}

bool loop_stream_writing(const struct loop_stream *stream)
{
    return stream->write.done != NULL;
}

int64_t loop_stream_os_error(const struct loop_stream *stream)
{
    return (int64_t)stream->os_error;
}

os_handle loop_stream_handle(const struct loop_stream *stream)
{
    return (os_handle)stream->handle;
}
