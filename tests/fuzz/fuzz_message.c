/*
 * fuzz_message.c - every decoder of control payloads: the first byte chooses one. What decodes must encode again.
 */
#include "ipc/frame.h"
#include "ipc/message.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TRY(type, name)                                                                                                \
    case type: {                                                                                                       \
        struct message_##name message;                                                                                 \
        if (message_decode_##name(data + 1, size - 1, &message, &error) == 0) {                                        \
            assert(message_encode_##name(&message, &text));                                                            \
            FREE_##name(&message);                                                                                     \
        } else {                                                                                                       \
            assert(error.code != 0);                                                                                   \
        }                                                                                                              \
        break;                                                                                                         \
    }
#define FREE_hello message_free_hello
#define FREE_spawn message_free_spawn
#define FREE_spawned (void)
#define FREE_resize (void)
#define FREE_signal (void)
#define FREE_credit (void)
#define FREE_exit (void)
#define FREE_error (void)
#define message_exit postern_result
#define message_error postern_error

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct postern_error error = {0};
    struct buffer text;
    buffer_init(&text, 16 * 1024 * 1024);
    if (size == 0)
        return 0;
    switch (data[0]) {
        TRY(FRAME_HELLO, hello)
        TRY(FRAME_SPAWN, spawn)
        TRY(FRAME_SPAWNED, spawned)
        TRY(FRAME_RESIZE, resize)
        TRY(FRAME_SIGNAL, signal)
        TRY(FRAME_CREDIT, credit)
        TRY(FRAME_EXIT, exit)
        TRY(FRAME_ERROR, error)
    default:
        break;
    }
    buffer_free(&text);
    return 0;
}
