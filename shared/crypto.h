/*
 * crypto.h - what postern needs of libtomcrypt. Both sides. No state is kept.
 */
#ifndef POSTERN_SHARED_CRYPTO_H
#define POSTERN_SHARED_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#define CRYPTO_HASH_SIZE 32 /* SHA-256, FIPS 180-4 */
#define CRYPTO_KEY_SIZE 32

struct crypto_part {
    const void *data;
    size_t size;
};

/* From the system's generator. false: no randomness could be had; nothing may go on then. */
bool crypto_random(void *out, size_t size);

/* SHA-256. false only when the library fails. */
bool crypto_hash(const void *data, size_t size, unsigned char out[CRYPTO_HASH_SIZE]);

/* HMAC-SHA256 (RFC 2104) over the parts in order. false only when the library fails. */
bool crypto_hmac(const unsigned char key[CRYPTO_KEY_SIZE], const struct crypto_part *parts, size_t count,
                 unsigned char out[CRYPTO_HASH_SIZE]);

/* In time that depends on `size` only. */
bool crypto_equal(const void *a, const void *b, size_t size);

/* Overwrites; not removed by the compiler. */
void crypto_wipe(void *data, size_t size);

/* 32 lower-case hexadecimal digits of a random 128-bit number and a NUL. */
bool crypto_random_name(char out[33]);

#endif
