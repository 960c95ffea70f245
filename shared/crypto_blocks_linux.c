/*
 * crypto_blocks_linux.c - SHA-256 by the processor's own instructions, where it has them: seven times as fast as the
 * library, which a start that checks its helpers notices. Called by crypto.c; both sides. See crypto_blocks.h.
 */
#include "shared/crypto_blocks.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>
#include <stdatomic.h>
#include <stdbool.h>

#define BLOCK 64
#define WITH_SHA __attribute__((target("sha,sse4.1")))

/* FIPS 180-4, 4.2.2. */
static const uint32_t constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* Asked once: on a virtual machine each CPUID is a trip to the hypervisor. */
static bool has_instructions(void)
{
    enum { UNKNOWN, NO, YES };
    static _Atomic int known = UNKNOWN;
    unsigned a, b, c, d;
    if (known == UNKNOWN) {
        bool sse41 = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1);
        known = sse41 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) ? YES : NO;
    }
    return known == YES;
}

/* The state as the instructions want it, from the highest word to the lowest. */
struct halves {
    __m128i abef, cdgh;
};

WITH_SHA static inline void four_rounds(struct halves *state, __m128i words, const uint32_t *k)
{
    __m128i sum = _mm_add_epi32(words, _mm_load_si128((const __m128i *)(const void *)k));
    /* after two rounds a, b, e, f have become c, d, g, h */
    state->cdgh = _mm_sha256rnds2_epu32(state->cdgh, state->abef, sum);
    state->abef = _mm_sha256rnds2_epu32(state->abef, state->cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

/* The next four words of the schedule from the sixteen before them, oldest first. */
WITH_SHA static inline __m128i next_words(__m128i first, __m128i second, __m128i third, __m128i fourth)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(first, second), _mm_alignr_epi8(fourth, third, 4));
    return _mm_sha256msg2_epu32(sum, fourth);
}

WITH_SHA static inline __m128i load_words(const unsigned char *at)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)at), big_endian);
}

WITH_SHA static inline void add_block(struct halves *state, const unsigned char *block)
{
    struct halves before = *state;
    __m128i w0 = load_words(block), w1 = load_words(block + 16);
    __m128i w2 = load_words(block + 32), w3 = load_words(block + 48);
    four_rounds(state, w0, constants);
    four_rounds(state, w1, constants + 4);
    four_rounds(state, w2, constants + 8);
    four_rounds(state, w3, constants + 12);
    for (const uint32_t *k = constants + 16; k < constants + 64; k += 16) {
        w0 = next_words(w0, w1, w2, w3);
        four_rounds(state, w0, k);
        w1 = next_words(w1, w2, w3, w0);
        four_rounds(state, w1, k + 4);
        w2 = next_words(w2, w3, w0, w1);
        four_rounds(state, w2, k + 8);
        w3 = next_words(w3, w0, w1, w2);
        four_rounds(state, w3, k + 12);
    }
    state->abef = _mm_add_epi32(state->abef, before.abef);
    state->cdgh = _mm_add_epi32(state->cdgh, before.cdgh);
}

WITH_SHA static void add_blocks(uint32_t words[8], const unsigned char *data, size_t count)
{
    __m128i *low = (__m128i *)(void *)words, *high = (__m128i *)(void *)(words + 4);
    __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(low), 0xb1);
    __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128(high), 0x1b);
    struct halves state = {_mm_alignr_epi8(badc, hgfe, 8), _mm_blend_epi16(hgfe, badc, 0xf0)};
    for (size_t i = 0; i < count; i++)
        add_block(&state, data + i * BLOCK);
    __m128i feba = _mm_shuffle_epi32(state.abef, 0x1b), dchg = _mm_shuffle_epi32(state.cdgh, 0xb1);
    _mm_storeu_si128(low, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128(high, _mm_alignr_epi8(dchg, feba, 8));
}

size_t crypto_hash_blocks(uint32_t words[8], const void *data, size_t size)
{
    if (size < BLOCK || !has_instructions())
        return 0;
    add_blocks(words, data, size / BLOCK);
    return size / BLOCK * BLOCK;
}

#else

size_t crypto_hash_blocks(uint32_t words[8], const void *data, size_t size)
{
    (void)words;
    (void)data;
    (void)size;
    return 0;
}

#endif
