/*
 * pattern.c - see pattern.h. Linked to every test and every program of tests/support/programs.
 */
#include "tests/support/pattern.h"

#include <string.h>

void pattern_init(struct pattern *pattern, uint32_t seed, bool letters)
{
    uint64_t random = 0x9e3779b97f4a7c15u * (seed + 1u);
    pattern->at = 0;
    for (size_t i = 0; i < PATTERN_BLOCK; i++) {
        random ^= random << 13; /* xorshift64 */
        random ^= random >> 7;
        random ^= random << 17;
        unsigned byte = (unsigned)(random >> 32) & 0xff;
        pattern->block[i] = (unsigned char)(letters ? 'a' + byte % 26 : byte);
    }
    memcpy(pattern->block + PATTERN_BLOCK, pattern->block, PATTERN_BLOCK);
}

const unsigned char *pattern_peek(const struct pattern *pattern)
{
    return pattern->block + pattern->at % PATTERN_BLOCK;
}

bool pattern_matches(struct pattern *pattern, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    while (size > 0) {
        size_t piece = size < PATTERN_BLOCK ? size : PATTERN_BLOCK;
        const unsigned char *expected = pattern_peek(pattern);
        if (memcmp(bytes, expected, piece) != 0) {
            while (*bytes == *expected) {
                bytes++;
                expected++;
                pattern->at++;
            }
            return false;
        }
        bytes += piece;
        size -= piece;
        pattern->at += piece;
    }
    return true;
}
