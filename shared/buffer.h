/*
 * buffer.h - a byte queue with a hard maximum. Both sides.
 *
 * Bytes are appended at the end and consumed from the front. Memory grows on demand and never past `limit`; an emptied
 * buffer keeps at most BUFFER_KEEP bytes, so that idle sessions cost little. Not thread-safe.
 */
#ifndef POSTERN_SHARED_BUFFER_H
#define POSTERN_SHARED_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#define BUFFER_KEEP 4096

struct buffer {
    unsigned char *data; /* NULL while nothing is allocated */
    size_t start, end;   /* live bytes are data[start, end) */
    size_t capacity, limit;
};

void buffer_init(struct buffer *buffer, size_t limit); /* allocates nothing */
void buffer_free(struct buffer *buffer);               /* leaves an empty buffer of the same limit */
void buffer_wipe(struct buffer *buffer);               /* overwrites all memory, then frees it */

size_t buffer_length(const struct buffer *buffer);
size_t buffer_room(const struct buffer *buffer);   /* bytes that may still be appended under the limit */
unsigned char *buffer_data(struct buffer *buffer); /* first live byte; valid until the next reserve or append */

/* Makes room for `size` bytes and returns where they go; NULL when that is over the limit or memory is out (the
 * buffer is unchanged then). buffer_commit() says how many of them were filled. */
unsigned char *buffer_reserve(struct buffer *buffer, size_t size);
void buffer_commit(struct buffer *buffer, size_t size);

/* false when over the limit or out of memory; nothing is appended then. */
bool buffer_append(struct buffer *buffer, const void *data, size_t size);

/* Drops `size` bytes from the front; more than there are is a fault of ours (assertion). */
void buffer_consume(struct buffer *buffer, size_t size);

/* Gives an empty buffer other memory: `data`, from malloc(), of which [start, end) are live. capacity <= limit. */
void buffer_adopt(struct buffer *buffer, unsigned char *data, size_t capacity, size_t start, size_t end);

/* The memory of the buffer, whatever it holds, now the caller's to free(); the buffer is as new. NULL: it has none. */
unsigned char *buffer_release(struct buffer *buffer);

/* Appends formatted text without its NUL. */
bool buffer_printf(struct buffer *buffer, const char *format, ...);

/* What it holds as text, NUL-terminated and allocated; caller frees with free(). NULL: memory is out. */
char *buffer_to_text(struct buffer *buffer);

#endif
