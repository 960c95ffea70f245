/*
 * fuzz_frame.c - a hostile stream of frames: whatever passes decoder and table is within the limits, and encodes back.
 */
#include "ipc/frame.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame_header header;
    while (size >= FRAME_HEADER_SIZE && frame_decode_header(data, &header, NULL) == 0) {
        unsigned char back[FRAME_HEADER_SIZE];
        frame_encode_header(&header, back);
        assert(header.length <= FRAME_PAYLOAD_MAX && memcmp(back, data, sizeof(back)) == 0);
        for (unsigned phase = FRAME_PHASE_CONNECTING; phase <= FRAME_PHASE_RUNNING; phase *= 2) {
            enum frame_verdict parent = frame_check(FRAME_FROM_PARENT, (enum frame_phase)phase, &header, NULL);
            enum frame_verdict runner = frame_check(FRAME_FROM_RUNNER, (enum frame_phase)phase, &header, NULL);
            assert(parent != FRAME_LEGAL || runner != FRAME_LEGAL || header.type == FRAME_CREDIT ||
                   header.type == FRAME_CLOSE_STDIN || header.type == FRAME_DRAIN);
        }
        size -= FRAME_HEADER_SIZE;
        data += FRAME_HEADER_SIZE;
        size_t skipped = header.length < size ? header.length : size;
        size -= skipped;
        data += skipped;
    }
    return 0;
}
