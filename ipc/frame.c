/*
 * frame.c - header codec and the table of legal frames. Portable, both sides; what is decoded is hostile.
 */
#include "ipc/frame.h"

#include "shared/wire.h"

#include <stddef.h>

#define STAGE "protocol"
#define SESSION (FRAME_PHASE_STARTING | FRAME_PHASE_RUNNING)
#define TEXT_MAX (16u * 1024u) /* control payloads other than SPAWN and HELLO */

/* The whole attack surface of a receiver: what is not in here ends the channel. */
static const struct rule {
    uint8_t type;
    uint8_t sender;
    uint8_t phases;
    uint32_t min, max;
    const char *name;
} rules[] = {
    {FRAME_HELLO, FRAME_FROM_RUNNER, FRAME_PHASE_CONNECTING, 2, 64u * 1024u, "HELLO"},
    {FRAME_PONG, FRAME_FROM_RUNNER, FRAME_PHASE_CONNECTION, 0, FRAME_PING_MAX, "PONG"},
    {FRAME_SPAWNED, FRAME_FROM_RUNNER, FRAME_PHASE_STARTING, 2, TEXT_MAX, "SPAWNED"},
    {FRAME_ERROR, FRAME_FROM_RUNNER, FRAME_PHASE_CONNECTING | FRAME_PHASE_STARTING, 2, TEXT_MAX, "ERROR"},
    {FRAME_STDOUT, FRAME_FROM_RUNNER, FRAME_PHASE_RUNNING, 1, FRAME_PAYLOAD_MAX, "STDOUT"},
    {FRAME_STDERR, FRAME_FROM_RUNNER, FRAME_PHASE_RUNNING, 1, FRAME_PAYLOAD_MAX, "STDERR"},
    {FRAME_CREDIT, FRAME_FROM_RUNNER, FRAME_PHASE_RUNNING, 2, TEXT_MAX, "CREDIT"},
    {FRAME_CLOSE_STDIN, FRAME_FROM_RUNNER, FRAME_PHASE_RUNNING, 0, 0, "CLOSE_STDIN"},
    {FRAME_DRAIN, FRAME_FROM_RUNNER, FRAME_PHASE_RUNNING, 0, 0, "DRAIN"},
    {FRAME_EXIT, FRAME_FROM_RUNNER, FRAME_PHASE_RUNNING, 2, TEXT_MAX, "EXIT"},

    {FRAME_SPAWN, FRAME_FROM_PARENT, FRAME_PHASE_ABSENT, 2, FRAME_PAYLOAD_MAX, "SPAWN"},
    {FRAME_STDIN, FRAME_FROM_PARENT, SESSION, 1, FRAME_PAYLOAD_MAX, "STDIN"},
    {FRAME_CLOSE_STDIN, FRAME_FROM_PARENT, SESSION, 0, 0, "CLOSE_STDIN"},
    {FRAME_RESIZE, FRAME_FROM_PARENT, SESSION, 2, TEXT_MAX, "RESIZE"},
    {FRAME_SIGNAL, FRAME_FROM_PARENT, SESSION, 2, TEXT_MAX, "SIGNAL"},
    {FRAME_CREDIT, FRAME_FROM_PARENT, SESSION, 2, TEXT_MAX, "CREDIT"},
    {FRAME_DRAIN, FRAME_FROM_PARENT, FRAME_PHASE_RUNNING, 0, 0, "DRAIN"},
    {FRAME_SHUTDOWN, FRAME_FROM_PARENT, FRAME_PHASE_CONNECTION, 0, 0, "SHUTDOWN"},
    {FRAME_PING, FRAME_FROM_PARENT, FRAME_PHASE_CONNECTION, 0, FRAME_PING_MAX, "PING"},
};
#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

const char *frame_type_name(uint8_t type)
{
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (rules[i].type == type)
            return rules[i].name;
    return "unknown";
}

static const char *phase_name(enum frame_phase phase)
{
    switch (phase) {
    case FRAME_PHASE_CONNECTING:
        return "before HELLO";
    case FRAME_PHASE_CONNECTION:
        return "on the connection";
    case FRAME_PHASE_ABSENT:
        return "for a session that does not exist";
    case FRAME_PHASE_STARTING:
        return "for a session that is starting";
    case FRAME_PHASE_RUNNING:
        return "for a running session";
    }
    return "in an unknown phase";
}

void frame_encode_header(const struct frame_header *header, unsigned char out[FRAME_HEADER_SIZE])
{
    struct wire_writer writer;
    wire_writer_init(&writer, out, FRAME_HEADER_SIZE);
    wire_put_u32(&writer, header->length);
    wire_put_u32(&writer, header->session);
    wire_put_u8(&writer, header->type);
    wire_put_u8(&writer, header->flags);
    wire_put_u16(&writer, 0);
}

int frame_decode_header(const unsigned char in[FRAME_HEADER_SIZE], struct frame_header *out,
                        struct postern_error *error)
{
    struct wire_reader reader;
    wire_reader_init(&reader, in, FRAME_HEADER_SIZE);
    out->length = wire_get_u32(&reader);
    out->session = wire_get_u32(&reader);
    out->type = wire_get_u8(&reader);
    out->flags = wire_get_u8(&reader);
    uint16_t zero = wire_get_u16(&reader);
    if (out->length > FRAME_PAYLOAD_MAX)
        return error_set(error, POSTERN_E_PROTOCOL, STAGE, "", "frame of %lu bytes is over the limit of %lu",
                         (unsigned long)out->length, (unsigned long)FRAME_PAYLOAD_MAX);
    if (zero != 0 || (out->flags & ~FRAME_MAY_IGNORE) != 0)
        return error_set(error, POSTERN_E_PROTOCOL, STAGE, "", "frame of type %u has reserved bits set", out->type);
    return 0;
}

enum frame_verdict frame_check(enum frame_sender sender, enum frame_phase phase, const struct frame_header *header,
                               struct postern_error *error)
{
    bool known = false;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct rule *rule = &rules[i];
        known = known || rule->type == header->type;
        if (rule->type != header->type || rule->sender != sender || !(rule->phases & phase))
            continue;
        if (header->length < rule->min || header->length > rule->max) {
            error_set(error, POSTERN_E_PROTOCOL, STAGE, "", "%s frame of %lu bytes; %lu to %lu are allowed", rule->name,
                      (unsigned long)header->length, (unsigned long)rule->min, (unsigned long)rule->max);
            return FRAME_ILLEGAL;
        }
        return FRAME_LEGAL;
    }
    if (!known && (header->flags & FRAME_MAY_IGNORE))
        return FRAME_SKIP;
    error_set(error, POSTERN_E_PROTOCOL, STAGE, "", "frame of type %u (%s) is not allowed %s", header->type,
              frame_type_name(header->type), phase_name(phase));
    return FRAME_ILLEGAL;
}
