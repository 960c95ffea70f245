/*
 * crypto_linux.c - randomness from the kernel. Called for launch keys, nonces and names; both sides.
 *
 * Not rng_get_bytes() of libtomcrypt: where /dev/urandom is missing (an empty chroot, no descriptor left) it falls back
 * to the jitter of the clock without saying so.
 */
#include "shared/crypto.h"

#include <errno.h>
#include <sys/random.h>

bool crypto_random(void *out, size_t size)
{
    unsigned char *at = out;

    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            crypto_wipe(out, (size_t)(at - (unsigned char *)out));
            return false;
        }
        at += got;
        size -= (size_t)got;
    }
    return true;
}
