/*
 * manifest.c - see manifest.h.
 */
#include "tests/support/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buffer.h"
#include "shared/crypto.h"
#include "shared/text.h"

enum { FILE_LIMIT = 64 * 1024 * 1024 };

static bool hash_file(const char *path, unsigned char hash[CRYPTO_HASH_SIZE])
{
    struct buffer contents;
    char block[65536];
    size_t got;
    FILE *file = fopen(path, "rb");
    bool done = file != NULL;
    buffer_init(&contents, FILE_LIMIT);
    while (done && (got = fread(block, 1, sizeof(block), file)) > 0)
        done = buffer_append(&contents, block, got);
    done = done && !ferror(file) && crypto_hash(buffer_data(&contents), buffer_length(&contents), hash);
    if (file)
        fclose(file);
    buffer_free(&contents);
    return done;
}

char *manifest_line(const char *directory, const char *name)
{
    unsigned char hash[CRYPTO_HASH_SIZE];
    char digits[2 * CRYPTO_HASH_SIZE + 1];
    char *path = text_format("%s/%s", directory, name);
    bool done = path && hash_file(path, hash);
    free(path);
    for (size_t i = 0; done && i < sizeof(hash); i++)
        snprintf(digits + 2 * i, 3, "%02x", hash[i]);
    return done ? text_format("%s  %s\n", digits, name) : NULL;
}

bool manifest_write(const char *directory)
{
    static const char *const names[] = {"postern-runner" POSTERN_TEST_EXE_SUFFIX,
                                        "postern-keeper" POSTERN_TEST_EXE_SUFFIX};
    char *path = text_format("%s/postern-helpers.sha256", directory);
    FILE *file = path ? fopen(path, "wb") : NULL;
    bool done = file != NULL;
    for (size_t i = 0; done && i < sizeof(names) / sizeof(names[0]); i++) {
        char *line = manifest_line(directory, names[i]);
        done = !line || fputs(line, file) >= 0;
        free(line);
    }
    if (file && fclose(file) != 0)
        done = false;
    free(path);
    return done;
}
