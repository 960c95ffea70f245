/*
 * crypto_win32.c - randomness from the system. Called for launch keys, nonces and names; both sides.
 */
#include "shared/crypto.h"

#include <windows.h>
#include <bcrypt.h>

bool crypto_random(void *out, size_t size)
{
    unsigned char *at = out;

    while (size > 0) {
        ULONG step = size < 1u << 30 ? (ULONG)size : 1u << 30;

        if (BCryptGenRandom(NULL, at, step, BCRYPT_USE_SYSTEM_PREFERRED_RNG) != 0) {
            crypto_wipe(out, (size_t)(at - (unsigned char *)out));
            return false;
        }
        at += step;
        size -= step;
    }
    return true;
}
