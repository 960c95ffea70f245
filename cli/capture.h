/*
 * capture.h - keeps the beginning and the end of a stream of any length, for --json. Caller: cli/relay.c. Parent side.
 *
 * Memory grows with what arrives and never past `limit` bytes. Not thread-safe.
 */
#ifndef POSTERN_CLI_CAPTURE_H
#define POSTERN_CLI_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "postern.h"

struct capture_part {
    unsigned char *data;
    size_t size, capacity, limit;
};

struct capture {
    struct capture_part head; /* the first bytes */
    struct capture_part tail; /* a ring once it is full: the oldest byte is at `oldest` */
    size_t oldest;
    uint64_t omitted; /* bytes that were overwritten between the two */
};

void capture_init(struct capture *capture, size_t limit); /* allocates nothing */
void capture_free(struct capture *capture);

/* false: memory is out; what was kept before is still there. */
bool capture_add(struct capture *capture, const void *data, size_t size);

/* What was kept, in one piece; the caller frees out->data with free(). Where bytes are missing the two parts are cut
 * at whole characters, so that text stays text. false: memory is out, *out is untouched. */
bool capture_finish(const struct capture *capture, struct postern_output *out);

#endif
