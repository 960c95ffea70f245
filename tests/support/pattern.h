/*
 * pattern.h - an endless stream of bytes that sender and receiver both know: a block of pseudo-random bytes over and
 * over. Its length is prime, so that no piece of a usual size can be lost, doubled or exchanged unnoticed.
 */
#ifndef POSTERN_TESTS_SUPPORT_PATTERN_H
#define POSTERN_TESTS_SUPPORT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_BLOCK 65521u

struct pattern {
    unsigned char block[2 * PATTERN_BLOCK]; /* twice, so that any PATTERN_BLOCK bytes of it are in one piece */
    uint64_t at;
};

/* `letters`: only 'a' to 'z', for terminals. Streams of different seeds differ in every piece. */
void pattern_init(struct pattern *pattern, uint32_t seed, bool letters);

/* The next bytes, at most PATTERN_BLOCK, without moving on. */
const unsigned char *pattern_peek(const struct pattern *pattern);

/* Whether `data` is what comes next; moves on. On a difference `at` stays at the first byte that differs. */
bool pattern_matches(struct pattern *pattern, const void *data, size_t size);

#endif
