/*
 * The beginning and the end of a stream of any length; see capture.h. Parent side, called by the relay.
 */
#include "cli/capture.h"

#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

#define FIRST_CAPACITY 4096

void capture_init(struct capture *capture, size_t limit)
{
    memset(capture, 0, sizeof(*capture));
    capture->tail.limit = limit / 2;
    capture->head.limit = limit - limit / 2;
}

void capture_free(struct capture *capture)
{
    free(capture->head.data);
    free(capture->tail.data);
    capture_init(capture, 0);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Room for `size` bytes, which is within the limit. */
static bool part_grow(struct capture_part *part, size_t size)
{
    size_t capacity = part->capacity == 0 ? FIRST_CAPACITY : part->capacity;
    unsigned char *data;

    if (size <= part->capacity) {
        return true;
    }
    while (capacity < size) {
        capacity = capacity > part->limit / 2 ? part->limit : 2 * capacity;
    }
    capacity = smaller(capacity, part->limit);
    data = realloc(part->data, capacity);
    if (data == NULL) {
        return false;
    }
    part->data = data;
    part->capacity = capacity;
    return true;
}

/* Appends what still fits under the limit; *taken says how much that was. */
static bool part_fill(struct capture_part *part, const unsigned char *data, size_t size, size_t *taken)
{
    size_t fits = smaller(size, part->limit - part->size);

    *taken = 0;
    if (fits == 0) {
        return true;
    }
    if (!part_grow(part, part->size + fits)) {
        return false;
    }
    memcpy(part->data + part->size, data, fits);
    part->size += fits;
    *taken = fits;
    return true;
}

/* Overwrites the oldest bytes of the full ring. */
static void ring_overwrite(struct capture *capture, const unsigned char *data, size_t size)
{
    struct capture_part *tail = &capture->tail;

    capture->omitted += size;
    if (size > tail->size) {
        data += size - tail->size;
        size = tail->size;
    }
    while (size > 0) {
        size_t piece = smaller(size, tail->size - capture->oldest);
        memcpy(tail->data + capture->oldest, data, piece);
        capture->oldest = (capture->oldest + piece) % tail->size;
        data += piece;
        size -= piece;
    }
}

bool capture_add(struct capture *capture, const void *data, size_t size)
{
    const unsigned char *at = data;
    size_t taken;

    if (!part_fill(&capture->head, at, size, &taken)) {
        return false;
    }
    at += taken;
    size -= taken;
    if (!part_fill(&capture->tail, at, size, &taken)) {
        return false;
    }
    if (size > taken) {
        ring_overwrite(capture, at + taken, size - taken);
    }
    return true;
}

/* How many bytes at the start belong to a character that began before. */
static size_t stray_bytes(const unsigned char *data, size_t size)
{
    size_t count = 0;

    while (count < size && count < 3 && (data[count] & 0xC0) == 0x80) {
        count++;
    }
    return count;
}

bool capture_finish(const struct capture *capture, struct postern_output *out)
{
    const struct capture_part *head = &capture->head, *tail = &capture->tail;
    unsigned char *data = malloc(head->size + tail->size + 1);
    size_t head_size = head->size, skip = 0, newer;

    if (data == NULL) {
        return false;
    }
    if (head->size > 0) {
        memcpy(data, head->data, head->size);
    }
    if (capture->omitted > 0) {
        head_size = text_utf8_boundary(data, head->size);
    }
    if (tail->size > 0) {
        newer = tail->size - capture->oldest;
        memcpy(data + head_size, tail->data + capture->oldest, newer);
        memcpy(data + head_size + newer, tail->data, capture->oldest);
    }
    if (capture->omitted > 0) {
        skip = stray_bytes(data + head_size, tail->size);
        memmove(data + head_size, data + head_size + skip, tail->size - skip);
    }
    out->size = head_size + tail->size - skip;
    out->head = capture->omitted > 0 ? head_size : out->size;
    out->omitted = capture->omitted > 0 ? capture->omitted + (head->size - head_size) + skip : 0;
    out->data = data;
    data[out->size] = '\0';
    return true;
}
