/*
 * collector.c - first and last part of a stream. See collector.h.
 */
#include "shared/collector.h"

#include <stdlib.h>
#include <string.h>

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void collector_init(struct collector *collector, size_t limit)
{
    *collector = (struct collector){.head_limit = limit - limit / 2, .tail_limit = limit / 2};
}

void collector_free(struct collector *collector)
{
    free(collector->head);
    free(collector->tail);
    *collector = (struct collector){.head_limit = collector->head_limit, .tail_limit = collector->tail_limit};
}

/* Doubles up to the limit, so that short output costs little. A ring is only ever grown before it has wrapped. */
static bool grow(unsigned char **memory, size_t *capacity, size_t need, size_t limit)
{
    size_t size = *capacity ? *capacity : 4096;
    if (need <= *capacity)
        return true;
    while (size < need)
        size *= 2;
    size = smaller(size, limit);
    unsigned char *larger = realloc(*memory, size);
    if (!larger)
        return false;
    *memory = larger;
    *capacity = size;
    return true;
}

static void add_to_ring(struct collector *collector, const unsigned char *data, size_t size)
{
    if (size > collector->tail_limit) { /* only its end will be left anyway */
        collector->tail_total += size - collector->tail_limit;
        data += size - collector->tail_limit;
        size = collector->tail_limit;
    }
    while (size > 0) {
        size_t at = (size_t)(collector->tail_total % collector->tail_limit);
        size_t chunk = smaller(size, collector->tail_limit - at);
        memcpy(collector->tail + at, data, chunk);
        collector->tail_total += chunk;
        data += chunk;
        size -= chunk;
    }
}

bool collector_add(struct collector *collector, const void *data, size_t size)
{
    size_t first = smaller(size, collector->head_limit - collector->head_size);
    size_t rest = size - first;
    uint64_t ring = collector->tail_total + rest;
    size_t need = ring < collector->tail_limit ? (size_t)ring : collector->tail_limit;
    if (!grow(&collector->head, &collector->head_capacity, collector->head_size + first, collector->head_limit) ||
        !grow(&collector->tail, &collector->tail_capacity, need, collector->tail_limit))
        return false;
    if (first > 0)
        memcpy(collector->head + collector->head_size, data, first);
    collector->head_size += first;
    if (rest > 0 && collector->tail_limit > 0)
        add_to_ring(collector, (const unsigned char *)data + first, rest);
    else
        collector->tail_total += rest;
    return true;
}

bool collector_take(struct collector *collector, struct postern_output *out)
{
    size_t kept = collector->tail_total < collector->tail_limit ? (size_t)collector->tail_total : collector->tail_limit;
    unsigned char *data = malloc(collector->head_size + kept + 1);
    if (!data)
        return false;
    if (collector->head_size > 0)
        memcpy(data, collector->head, collector->head_size);
    /* Oldest byte of the ring first. */
    size_t start =
        kept < collector->tail_limit || kept == 0 ? 0 : (size_t)(collector->tail_total % collector->tail_limit);
    for (size_t i = 0; i < kept;) {
        size_t at = (start + i) % collector->tail_limit;
        size_t chunk = smaller(kept - i, collector->tail_limit - at);
        memcpy(data + collector->head_size + i, collector->tail + at, chunk);
        i += chunk;
    }
    data[collector->head_size + kept] = '\0';
    *out = (struct postern_output){.data = data,
                                   .size = collector->head_size + kept,
                                   .head = collector->head_size,
                                   .omitted = collector->tail_total - kept};
    if (out->omitted == 0)
        out->head = out->size;
    collector_free(collector);
    return true;
}
