/*
 * golden.c - reads the byte files of tests/golden. See golden.h.
 */
#include "tests/support/golden.h"

#include "tests/support/test.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static int digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t golden_read(const char *name, unsigned char out[GOLDEN_MAX])
{
    char path[1024];
    size_t size = 0;
    int high = -1, c;
    snprintf(path, sizeof(path), "%s/golden/%s.hex", test_data_dir(), name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be opened", path);
    while ((c = fgetc(file)) != EOF) {
        if (c == '#') {
            while (c != '\n' && c != EOF)
                c = fgetc(file);
        } else if (!isspace(c)) {
            assert_true(digit(c) >= 0);
            if (high < 0) {
                high = digit(c);
            } else {
                assert_true(size < GOLDEN_MAX);
                out[size++] = (unsigned char)(high * 16 + digit(c));
                high = -1;
            }
        }
    }
    fclose(file);
    assert_int_equal(high, -1);
    return size;
}
