/*
 * Fuzzes shared/text.c: what the functions say about one another must agree.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

static void check(bool good)
{
    if (!good) {
        abort();
    }
}

static void check_escape(const uint8_t *data, size_t size)
{
    char out[256] = "";

    text_escape(out, size % sizeof(out) + 1, data, size);
    check(strlen(out) <= size % sizeof(out));
    check(text_is_utf8(out, strlen(out)));
    for (size_t i = 0; out[i] != '\0'; i++) {
        check((unsigned char)out[i] >= ' ' && out[i] != 0x7f);
    }
}

static void check_numbers(const char *text)
{
    uint64_t number = 0, duration = 0, bytes = 0;

    if (text_parse_u64(text, &number)) {
        check(text_parse_size(text, &bytes) && bytes == number);
        check(number > UINT64_MAX / 1000 || (text_parse_duration(text, &duration) && duration == number * 1000));
    }
    if (text_parse_duration(text, &duration) && duration == 0) {
        check(strpbrk(text, "123456789") == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(1, size + 1), *encoded = text_base64(data, size), cut[16];
    size_t boundary = text_utf8_boundary(data, size);

    check(text != NULL && encoded != NULL);
    memcpy(text, data, size);
    check(boundary <= size && size - boundary <= 3);
    check(!text_is_utf8(data, size) || boundary == size);
    check(boundary == size || !text_is_utf8(data + boundary, size - boundary));
    check(strlen(encoded) == (size + 2) / 3 * 4);
    check(text_copy(cut, sizeof(cut), text) == (strlen(text) < sizeof(cut)));
    check(!text_is_utf8(text, strlen(text)) || text_is_utf8(cut, strlen(cut)));
    check_escape(data, size);
    check_numbers(text);
    free(encoded);
    free(text);
    return 0;
}
