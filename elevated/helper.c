/*
 * helper.c - the manifest of the helper programs, and whether a helper is the one it names. Parent; see helper.h.
 *
 * The manifest lies where the helpers lie, so it does not keep out who may write there: it finds what was exchanged
 * or damaged singly, and helpers of another version. Reading it is strict all the same, because a text that says two
 * things must not be believed in either.
 */
#include "elevated/helper.h"

#include <string.h>

#define STAGE "launch"
#define DIGITS (2 * (size_t)HELPER_HASH_SIZE)

static const char REMEDY[] =
    "reinstall postern, or set POSTERN_LIBEXEC to the directory that its helpers were installed "
    "in together with their manifest";

/* -1: not a hexadecimal digit. */
static int digit_value(char digit)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = digit == '\0' ? NULL : strchr(digits, digit);
    return at ? (int)(at - digits) % 16 : -1;
}

static bool parse_hash(const char *digits, unsigned char out[HELPER_HASH_SIZE])
{
    for (size_t i = 0; i < HELPER_HASH_SIZE; i++) {
        int high = digit_value(digits[2 * i]);
        int low = digit_value(digits[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

struct line {
    unsigned char hash[HELPER_HASH_SIZE];
    const char *name; /* into the text */
    size_t name_length;
};

/* Takes the first line off the text. A name is that of a file in the same directory. */
static bool take_line(const char **text, size_t *left, struct line *out)
{
    const char *end = memchr(*text, '\n', *left);
    size_t length = end ? (size_t)(end - *text) : 0;
    size_t taken = length + 1;
    if (length > 0 && (*text)[length - 1] == '\r')
        length--;
    if (!end || length <= DIGITS + 2 || !parse_hash(*text, out->hash) || memcmp(*text + DIGITS, "  ", 2) != 0)
        return false;
    out->name = *text + DIGITS + 2;
    out->name_length = length - DIGITS - 2;
    for (size_t i = 0; i < out->name_length; i++) {
        if ((unsigned char)out->name[i] <= ' ' || strchr("/\\:\x7f", out->name[i]))
            return false;
    }
    *text += taken;
    *left -= taken;
    return true;
}

static int refuse(struct postern_error *error, const char *path, const char *what, const char *name)
{
    int code = error_set(error, POSTERN_E_RUNNER_MISSING, STAGE, "", "%s %s %s", path, what, name);
    error_remedy(error, REMEDY);
    return code;
}

int helper_find_hash(const char *path, const char *manifest, size_t size, const char *name,
                     unsigned char out[HELPER_HASH_SIZE], struct postern_error *error)
{
    bool found = false;
    size_t length = strlen(name);
    while (size > 0) {
        struct line line;
        if (!take_line(&manifest, &size, &line))
            return refuse(error, path, "is not a manifest of helpers, so it does not vouch for", name);
        if (line.name_length != length || memcmp(line.name, name, length) != 0)
            continue;
        if (found)
            return refuse(error, path, "has two lines for", name);
        memcpy(out, line.hash, HELPER_HASH_SIZE);
        found = true;
    }
    return found ? POSTERN_OK : refuse(error, path, "has no line for", name);
}

int helper_check(const char *path, const void *data, size_t size, const unsigned char expected[HELPER_HASH_SIZE],
                 struct postern_error *error)
{
    unsigned char hash[HELPER_HASH_SIZE];
    if (!crypto_hash(data, size, hash))
        return error_set(error, POSTERN_E_RUNNER_START, STAGE, "sha256", "the helper %s could not be hashed", path);
    if (memcmp(hash, expected, HELPER_HASH_SIZE) == 0)
        return POSTERN_OK;
    error_set(error, POSTERN_E_RUNNER_START, STAGE, "",
              "the helper %s is not the one that was installed: its SHA-256 is not that of " HELPER_MANIFEST, path);
    error_remedy(error, "nothing was started; find out who changed the file, and reinstall postern");
    return POSTERN_E_RUNNER_START;
}
