/*
 * setup_password.c - passwords that nobody has to remember; see setup.h. Parent.
 */
#include "elevated/setup.h"

#include <string.h>

#include "shared/crypto.h"

/* 64 characters, so that six random bits are one without preferring any. None has a meaning on a command line. */
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
enum { ATTEMPTS = 100 };

static bool has_any(const char *text, const char *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strchr(text, from[i]))
            return true;
    return false;
}

/* Password policies ask for three of these four kinds; filters of a domain for all of them. */
static bool is_complex(const char *text)
{
    return has_any(text, alphabet, 26) && has_any(text, alphabet + 26, 26) && has_any(text, alphabet + 52, 10) &&
           has_any(text, alphabet + 62, 2);
}

bool setup_make_password(char out[SETUP_PASSWORD_SIZE])
{
    unsigned char random[SETUP_PASSWORD_SIZE - 1];
    bool made = false;
    for (int attempt = 0; attempt < ATTEMPTS && !made && crypto_random(random, sizeof(random)); attempt++) {
        for (size_t i = 0; i < sizeof(random); i++)
            out[i] = alphabet[random[i] & 63];
        out[sizeof(random)] = '\0';
        made = is_complex(out);
    }
    crypto_wipe(random, sizeof(random));
    return made;
}
