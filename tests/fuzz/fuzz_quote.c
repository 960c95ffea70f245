/*
 * Fuzzes shared/quote.c: any line can be taken apart; what is made of the parts is taken apart into the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/error.h"
#include "shared/quote.h"
#include "shared/strings.h"

static void check(bool good)
{
    if (!good) {
        abort();
    }
}

static bool same(const struct strings *a, const struct strings *b)
{
    bool equal = a->count == b->count;

    for (size_t i = 0; equal && i < a->count; i++) {
        equal = strcmp(a->item[i], b->item[i]) == 0;
    }
    return equal;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = calloc(1, size + 1), *made = NULL;
    struct strings first = {NULL, 0}, second = {NULL, 0};

    check(line != NULL);
    memcpy(line, data, size);
    check(quote_split(line, &first) == POSTERN_OK);
    /* "cmd /c X" has rules of its own, which are not those of the parser. */
    if (quote_command_line((const char *const *)strings_array(&first), &made, NULL) == POSTERN_OK &&
        strstr(made, "/s /c") == NULL) {
        check(quote_split(made, &second) == POSTERN_OK);
        check(same(&first, &second));
    }
    strings_free(&first);
    strings_free(&second);
    free(made);
    free(line);
    return 0;
}
