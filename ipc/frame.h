/*
 * frame.h - the frames of postern/1: header codec, types, and the table of who may send what when. Portable, both
 * sides. docs/protocol.md is the full text.
 *
 *   u32 length LE | u32 session LE | u8 type | u8 flags | u16 zero | payload of `length` bytes
 */
#ifndef POSTERN_IPC_FRAME_H
#define POSTERN_IPC_FRAME_H

#include "shared/error.h"

#define FRAME_HEADER_SIZE 12u
#define FRAME_PAYLOAD_MAX (1024u * 1024u)
/* What postern puts into one STDIN, STDOUT or STDERR frame: with 64 KiB a third of the time of a fast stream goes into
 * changing between processes. */
#define FRAME_DATA_MAX (256u * 1024u)
#define FRAME_PING_MAX 64u
#define FRAME_MAY_IGNORE 0x01u /* flag: a receiver that does not know the type skips the frame */
#define FRAME_SESSION_NONE 0u  /* frames about the connection itself */

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_SPAWN = 2,
    FRAME_SPAWNED = 3,
    FRAME_STDIN = 4,
    FRAME_STDOUT = 5,
    FRAME_STDERR = 6,
    FRAME_CLOSE_STDIN = 7,
    FRAME_RESIZE = 8,
    FRAME_SIGNAL = 9,
    FRAME_CREDIT = 10,
    FRAME_EXIT = 11,
    FRAME_ERROR = 12,
    FRAME_SHUTDOWN = 13,
    FRAME_PING = 14,
    FRAME_PONG = 15,
    FRAME_DRAIN = 16
};
const char *frame_type_name(uint8_t type); /* "unknown" for numbers that are none */

struct frame_header {
    uint32_t length;
    uint32_t session;
    uint8_t type;
    uint8_t flags;
};

struct frame {
    struct frame_header header;
    const unsigned char *payload; /* header.length bytes, borrowed */
};

void frame_encode_header(const struct frame_header *header, unsigned char out[FRAME_HEADER_SIZE]);

/* Checks the length limit, the reserved bytes and the flags; nothing may be allocated for a frame before this. */
int frame_decode_header(const unsigned char in[FRAME_HEADER_SIZE], struct frame_header *out,
                        struct postern_error *error);

/* ---- who may send what, when ---- */

enum frame_sender { FRAME_FROM_PARENT = 1, FRAME_FROM_RUNNER = 2 };

/* Where a session stands, as the receiver sees it. CONNECTION is for frames with session 0. */
enum frame_phase {
    FRAME_PHASE_CONNECTING = 1, /* session 0, before HELLO */
    FRAME_PHASE_CONNECTION = 2, /* session 0, after HELLO */
    FRAME_PHASE_ABSENT = 4,     /* no such session */
    FRAME_PHASE_STARTING = 8,   /* SPAWN seen */
    FRAME_PHASE_RUNNING = 16    /* SPAWNED seen */
};

enum frame_verdict { FRAME_LEGAL, FRAME_SKIP, FRAME_ILLEGAL };

/* Looks the frame up in the table: legal, to be skipped (unknown type with FRAME_MAY_IGNORE), or illegal: `error` then
 * says which type, in which phase, or which size limit. The receiver ends the channel. */
enum frame_verdict frame_check(enum frame_sender sender, enum frame_phase phase, const struct frame_header *header,
                               struct postern_error *error);

#endif
