/*
 * wire.h - reading and writing little-endian fields in memory. Both sides.
 *
 * The reader does not own its bytes and has a sticky error: after the first short read every getter returns zero, so a
 * decoder reads all fields in a straight line and asks wire_read_all() once: true when no read was short and no
 * byte is left over. The writer is the mirror image over fixed memory.
 */
#ifndef POSTERN_SHARED_WIRE_H
#define POSTERN_SHARED_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_reader {
    const unsigned char *at;
    size_t left;
    bool failed;
};
void wire_reader_init(struct wire_reader *reader, const void *data, size_t size);
uint8_t wire_get_u8(struct wire_reader *reader);
uint16_t wire_get_u16(struct wire_reader *reader);
uint32_t wire_get_u32(struct wire_reader *reader);
uint64_t wire_get_u64(struct wire_reader *reader);
const unsigned char *wire_get_bytes(struct wire_reader *reader, size_t size); /* NULL when short */
bool wire_read_all(const struct wire_reader *reader);

struct wire_writer {
    unsigned char *at;
    size_t left;
    bool failed;
};
void wire_writer_init(struct wire_writer *writer, void *data, size_t size);
void wire_put_u8(struct wire_writer *writer, uint8_t value);
void wire_put_u16(struct wire_writer *writer, uint16_t value);
void wire_put_u32(struct wire_writer *writer, uint32_t value);
void wire_put_u64(struct wire_writer *writer, uint64_t value);
void wire_put_bytes(struct wire_writer *writer, const void *data, size_t size);

#endif
