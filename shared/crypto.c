/*
 * crypto.c - SHA-256, HMAC, comparing and wiping, with libtomcrypt. Called by the handshake and the launchers; both
 * sides. Randomness is the platform's: crypto_linux.c, crypto_win32.c.
 */
#include "shared/crypto.h"

#include <string.h>

#include <tomcrypt.h>

#define BLOCK_SIZE 64 /* of SHA-256 */
#define PAD_INNER 0x36
#define PAD_OUTER 0x5c

/* In steps: the library counts in unsigned long, which has 32 bits on Windows. */
static bool hash_add(hash_state *hash, const void *data, size_t size)
{
    const unsigned char *at = data;

    while (size > 0) {
        size_t step = size < 1u << 30 ? size : 1u << 30;

        if (sha256_process(hash, at, (unsigned long)step) != CRYPT_OK) {
            return false;
        }
        at += step;
        size -= step;
    }
    return true;
}

bool crypto_hash(const void *data, size_t size, unsigned char out[CRYPTO_HASH_SIZE])
{
    hash_state hash;
    bool ok = sha256_init(&hash) == CRYPT_OK && hash_add(&hash, data, size) && sha256_done(&hash, out) == CRYPT_OK;

    if (!ok) {
        memset(out, 0, CRYPTO_HASH_SIZE);
    }
    return ok;
}

static bool hash_start(hash_state *hash, const unsigned char *key, unsigned char pad)
{
    unsigned char block[BLOCK_SIZE];
    bool ok;

    memset(block, pad, sizeof(block));
    for (size_t i = 0; i < CRYPTO_KEY_SIZE; i++) {
        block[i] = (unsigned char)(block[i] ^ key[i]);
    }
    ok = sha256_init(hash) == CRYPT_OK && hash_add(hash, block, sizeof(block));
    crypto_wipe(block, sizeof(block));
    return ok;
}

/*
 * HMAC is put together here from the library's SHA-256. Its own hmac_*() goes through a table of hashes that is global
 * to the program and, as Debian builds it, not locked: registering ours could race another thread of the agent.
 */
bool crypto_hmac(const unsigned char key[CRYPTO_KEY_SIZE], const struct crypto_part *parts, size_t count,
                 unsigned char out[CRYPTO_HASH_SIZE])
{
    unsigned char inner[CRYPTO_HASH_SIZE];
    hash_state hash;
    bool ok = hash_start(&hash, key, PAD_INNER);

    for (size_t i = 0; ok && i < count; i++) {
        ok = hash_add(&hash, parts[i].data, parts[i].size);
    }
    ok = ok && sha256_done(&hash, inner) == CRYPT_OK && hash_start(&hash, key, PAD_OUTER) &&
         hash_add(&hash, inner, sizeof(inner)) && sha256_done(&hash, out) == CRYPT_OK;
    if (!ok) {
        memset(out, 0, CRYPTO_HASH_SIZE);
    }
    crypto_wipe(inner, sizeof(inner));
    crypto_wipe(&hash, sizeof(hash));
    return ok;
}

bool crypto_equal(const void *a, const void *b, size_t size)
{
    return size == 0 || mem_neq(a, b, size) == 0; /* the library aborts on a null pointer, also of no bytes */
}

void crypto_wipe(void *data, size_t size)
{
    if (size > 0) {
        zeromem(data, size);
    }
}

bool crypto_random_name(char out[33])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];

    out[0] = '\0';
    if (!crypto_random(bytes, sizeof(bytes))) {
        return false;
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[32] = '\0';
    return true;
}
