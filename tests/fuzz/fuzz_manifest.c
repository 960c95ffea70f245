/*
 * Fuzzes elevated/helper.c: what is found in a manifest has to stand there, and nothing is found in part of a manifest
 * that is not one as a whole.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elevated/helper.h"

static void check(bool good)
{
    if (!good)
        abort();
}

/* "hash  name", in lower case, at the start of the text or behind a line's end. */
static bool stands_there(char *text, const unsigned char hash[HELPER_HASH_SIZE], const char *name)
{
    char line[128];
    for (size_t i = 0; i < HELPER_HASH_SIZE; i++)
        snprintf(line + 2 * i, 3, "%02x", hash[i]);
    snprintf(line + 64, sizeof(line) - 64, "  %s", name);
    for (char *at = text; *at; at++)
        *at = *at >= 'A' && *at <= 'F' ? (char)(*at - 'A' + 'a') : *at;
    for (const char *found = strstr(text, line); found; found = strstr(found + 1, line)) {
        char end = found[strlen(line)];
        if ((found == text || found[-1] == '\n') && (end == '\r' || end == '\n'))
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"postern-runner", "postern-keeper"};
    char *text = calloc(1, size + 1);
    check(text != NULL);
    memcpy(text, data, size);
    for (size_t i = 0; i < 2; i++) {
        struct postern_error error = {0};
        unsigned char hash[HELPER_HASH_SIZE];
        int result = helper_find_hash("/x", (const char *)data, size, names[i], hash, &error);
        check(result == POSTERN_OK || (result == POSTERN_E_RUNNER_MISSING && error.remedy[0]));
        if (result != POSTERN_OK)
            continue;
        check(data[size - 1] == '\n' && strlen(text) == size && stands_there(text, hash, names[i]));
        /* what comes behind it matters */
        char *more = malloc(size + 2);
        check(more != NULL);
        memcpy(more, data, size);
        memcpy(more + size, "x\n", 2);
        check(helper_find_hash("/x", more, size + 2, names[i], hash, NULL) == POSTERN_E_RUNNER_MISSING);
        free(more);
    }
    free(text);
    return 0;
}
