/*
 * text.h - small text helpers: UTF-8 checks, numbers, durations, base64. Portable, both sides.
 */
#ifndef POSTERN_SHARED_TEXT_H
#define POSTERN_SHARED_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Strict UTF-8 (no overlong forms, surrogates or numbers above U+10FFFF). NUL bytes count as text. */
bool text_is_utf8(const void *data, size_t size);

/* Length of the longest prefix that ends at a character boundary: where a chunk may be cut. At most 3 bytes less than
 * `size`; bytes that are no UTF-8 at all are not held back. */
size_t text_utf8_boundary(const void *data, size_t size);

/* Copies at most size-1 bytes, cut at a character boundary; always terminates. Returns false when cut. */
bool text_copy(char *out, size_t size, const char *text);

/* Allocated; NULL when memory is out. Caller frees with free(). */
char *text_duplicate(const char *text);
char *text_format(const char *format, ...);

/* Whole string, decimal digits only, no sign or space; false when empty, malformed or out of range. */
bool text_parse_u64(const char *text, uint64_t *value);

/* "1500ms", "30s", "5m", "2h", "1d", "0.5s", or a plain number of seconds, as timeout(1) reads it; result in
 * milliseconds, rounded up so that only "0" means zero. */
bool text_parse_duration(const char *text, uint64_t *milliseconds);

/* Size in bytes: plain number or with K, M, G (powers of 1024). */
bool text_parse_size(const char *text, uint64_t *bytes);

/* Standard base64 with padding; allocated, NUL-terminated; NULL when memory is out. */
char *text_base64(const void *data, size_t size);

/* Appends to `out` with control characters, DEL, what changes the direction of text and non-UTF-8 bytes as \xNN, so
 * that it is safe on a terminal. Cut when full; always terminated. */
void text_escape(char *out, size_t size, const void *data, size_t length);

#endif
