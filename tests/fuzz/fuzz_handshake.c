/*
 * fuzz_handshake.c - hostile bytes to both sides of the handshake: without the key nobody gets in.
 */
#include "ipc/handshake.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char key[CRYPTO_KEY_SIZE] = {1, 2, 3};
    unsigned char out[HANDSHAKE_MESSAGE_MAX];
    size_t out_size;
    struct handshake handshake;
    enum handshake_side side = size > 0 && (data[0] & 1) ? HANDSHAKE_ACCEPTOR : HANDSHAKE_CONNECTOR;
    handshake_init(&handshake, side, HANDSHAKE_CONTROL, 0, key);
    if (side == HANDSHAKE_CONNECTOR)
        assert(handshake_step(&handshake, NULL, out, &out_size, NULL) == 0);
    while (handshake_wants(&handshake) > 0 && handshake_wants(&handshake) <= size) {
        size_t wanted = handshake_wants(&handshake);
        if (handshake_step(&handshake, data, out, &out_size, NULL) != 0)
            break;
        data += wanted;
        size -= wanted;
    }
    assert(handshake.state != HANDSHAKE_DONE);
    return 0;
}
