/*
 * golden.h - the byte files under tests/golden: what a frame looks like on the wire, checked against encoder and
 * decoder.
 */
#ifndef POSTERN_TESTS_SUPPORT_GOLDEN_H
#define POSTERN_TESTS_SUPPORT_GOLDEN_H

#include <stddef.h>

#define GOLDEN_MAX 4096

/* Reads tests/golden/NAME.hex: pairs of hexadecimal digits; white space, and everything from '#' to the end of a line,
 * is for people. Fails the test when the file is missing or malformed. Returns the number of bytes. */
size_t golden_read(const char *name, unsigned char out[GOLDEN_MAX]);

#endif
