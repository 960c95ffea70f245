/*
 * Fuzzes shared/environment.c: entries separated by NUL go into a list, with or without regard to case (first byte).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/environment.h"
#include "shared/error.h"

static void check(bool good)
{
    if (!good) {
        abort();
    }
}

/* The name of an entry that environment_check() has let through. */
static char *name_of(const char *entry)
{
    size_t length = 1 + strcspn(entry + 1, "=");
    char *name = calloc(1, length + 1);

    check(name != NULL);
    memcpy(name, entry, length);
    return name;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool fold = size > 0 && data[0] % 2 != 0;
    char *text = calloc(1, size + 1);
    struct strings list = {NULL, 0};

    check(text != NULL);
    memcpy(text, data, size);
    for (size_t at = 1; at < size; at += strlen(text + at) + 1) {
        char *name;

        if (environment_check(text + at, fold, NULL) != POSTERN_OK) {
            continue;
        }
        name = name_of(text + at);
        check(environment_put(&list, text + at, fold));
        check(strcmp(environment_get(&list, name, fold), text + at + strlen(name) + 1) == 0);
        free(name);
    }
    strings_free(&list);
    free(text);
    return 0;
}
