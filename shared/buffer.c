/*
 * buffer.c - a byte queue with a hard maximum. Called by channels and sessions; both sides.
 *
 * Sizes may come from the other side, so every comparison subtracts on the side that is known to be larger.
 */
#include "shared/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/crypto.h"

#define BUFFER_FIRST 1024 /* the least that is allocated, limit permitting */

static void check(const struct buffer *buffer)
{
    assert(buffer->start <= buffer->end && buffer->end <= buffer->capacity && buffer->capacity <= buffer->limit);
    assert((buffer->data == NULL) == (buffer->capacity == 0));
}

void buffer_init(struct buffer *buffer, size_t limit)
{
    memset(buffer, 0, sizeof(*buffer));
    buffer->limit = limit;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->limit);
}

void buffer_wipe(struct buffer *buffer)
{
    if (buffer->data != NULL) {
        crypto_wipe(buffer->data, buffer->capacity);
    }
    buffer_free(buffer);
}

size_t buffer_length(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

size_t buffer_room(const struct buffer *buffer)
{
    return buffer->limit - buffer_length(buffer);
}

unsigned char *buffer_data(struct buffer *buffer)
{
    return buffer->data != NULL ? buffer->data + buffer->start : NULL;
}

/* Moves the live bytes into new memory of at least `needed` (<= limit) bytes. Not realloc(): the buffer may hold the
 * launch key, and what realloc() leaves behind could not be wiped any more. */
static bool grow(struct buffer *buffer, size_t needed)
{
    size_t length = buffer_length(buffer);
    size_t capacity = buffer->capacity > buffer->limit / 2 ? buffer->limit : buffer->capacity * 2;
    unsigned char *data;

    if (capacity < BUFFER_FIRST) {
        capacity = buffer->limit < BUFFER_FIRST ? buffer->limit : BUFFER_FIRST;
    }
    if (capacity < needed) {
        capacity = needed;
    }
    data = malloc(capacity);
    if (data == NULL) {
        return false;
    }
    if (buffer->data != NULL) {
        memcpy(data, buffer->data + buffer->start, length);
        crypto_wipe(buffer->data, buffer->capacity);
        free(buffer->data);
    }
    buffer->data = data;
    buffer->capacity = capacity;
    buffer->start = 0;
    buffer->end = length;
    return true;
}

unsigned char *buffer_reserve(struct buffer *buffer, size_t size)
{
    static unsigned char nothing[1];
    size_t length = buffer_length(buffer);

    check(buffer);
    if (size > buffer_room(buffer)) {
        return NULL;
    }
    if (size > buffer->capacity - length) {
        if (!grow(buffer, length + size)) {
            return NULL;
        }
    } else if (size > buffer->capacity - buffer->end) {
        memmove(buffer->data, buffer->data + buffer->start, length);
        buffer->start = 0;
        buffer->end = length;
    }
    return buffer->data != NULL ? buffer->data + buffer->end : nothing; /* NULL would say that it failed */
}

void buffer_commit(struct buffer *buffer, size_t size)
{
    check(buffer);
    assert(size <= buffer->capacity - buffer->end);
    buffer->end += size;
}

bool buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    unsigned char *to;

    if (size == 0) {
        return true;
    }
    to = buffer_reserve(buffer, size);
    if (to == NULL) {
        return false;
    }
    memcpy(to, data, size);
    buffer_commit(buffer, size);
    return true;
}

void buffer_consume(struct buffer *buffer, size_t size)
{
    check(buffer);
    assert(size <= buffer_length(buffer));
    buffer->start += size;
    if (buffer->start < buffer->end) {
        return;
    }
    if (buffer->capacity > BUFFER_KEEP) {
        buffer_free(buffer);
    } else {
        buffer->start = buffer->end = 0;
    }
}

void buffer_adopt(struct buffer *buffer, unsigned char *data, size_t capacity, size_t start, size_t end)
{
    assert(buffer_length(buffer) == 0 && data != NULL && capacity > 0);
    buffer_free(buffer);
    buffer->data = data;
    buffer->capacity = capacity;
    buffer->start = start;
    buffer->end = end;
    check(buffer);
}

unsigned char *buffer_release(struct buffer *buffer)
{
    unsigned char *data = buffer->data;

    buffer_init(buffer, buffer->limit);
    return data;
}

bool buffer_printf(struct buffer *buffer, const char *format, ...)
{
    char small[256];
    char *text = small;
    bool appended = false;
    va_list list;
    int length;

    va_start(list, format);
    length = vsnprintf(small, sizeof(small), format, list);
    va_end(list);
    if (length < 0 || (size_t)length > buffer_room(buffer)) {
        return false;
    }
    if ((size_t)length >= sizeof(small)) {
        /* Formatted aside: the NUL of vsnprintf() may not fit under the limit. */
        text = malloc((size_t)length + 1);
        if (text == NULL) {
            return false;
        }
        va_start(list, format);
        vsnprintf(text, (size_t)length + 1, format, list);
        va_end(list);
    }
    appended = buffer_append(buffer, text, (size_t)length);
    if (text != small) {
        free(text);
    }
    return appended;
}

char *buffer_to_text(struct buffer *buffer)
{
    size_t size = buffer_length(buffer);
    char *text = malloc(size + 1);

    if (text == NULL) {
        return NULL;
    }
    if (size > 0) {
        memcpy(text, buffer_data(buffer), size);
    }
    text[size] = '\0';
    return text;
}
