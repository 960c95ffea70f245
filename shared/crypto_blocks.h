/*
 * crypto_blocks.h - a faster way through the greater part of what is hashed. Private to shared/crypto*.c; both sides.
 */
#ifndef POSTERN_SHARED_CRYPTO_BLOCKS_H
#define POSTERN_SHARED_CRYPTO_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

/* Adds whole blocks of 64 bytes to the state of a SHA-256. Returns how many bytes that were; the rest, or all where the
 * processor has no instructions for it, is the caller's to add in another way. */
size_t crypto_hash_blocks(uint32_t words[8], const void *data, size_t size);

#endif
