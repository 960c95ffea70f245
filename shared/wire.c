/*
 * wire.c - little-endian fields in memory. Called by the frame and message codecs; both sides. The reader is what first
 * touches bytes of the other side.
 */
#include "shared/wire.h"

#include <string.h>

void wire_reader_init(struct wire_reader *reader, const void *data, size_t size)
{
    reader->at = data;
    reader->left = size;
    reader->failed = false;
}

const unsigned char *wire_get_bytes(struct wire_reader *reader, size_t size)
{
    static const unsigned char nothing[1];
    const unsigned char *bytes = reader->at;

    if (reader->failed || size > reader->left) {
        reader->failed = true;
        return NULL;
    }
    if (size == 0) {
        return bytes != NULL ? bytes : nothing; /* zero bytes of an empty input are not short */
    }
    reader->at += size;
    reader->left -= size;
    return bytes;
}

static uint64_t get_number(struct wire_reader *reader, size_t size)
{
    const unsigned char *bytes = wire_get_bytes(reader, size);
    uint64_t value = 0;

    if (bytes == NULL) {
        return 0;
    }
    for (size_t i = size; i > 0; i--) {
        value = value << 8 | bytes[i - 1];
    }
    return value;
}

uint8_t wire_get_u8(struct wire_reader *reader)
{
    return (uint8_t)get_number(reader, 1);
}

uint16_t wire_get_u16(struct wire_reader *reader)
{
    return (uint16_t)get_number(reader, 2);
}

uint32_t wire_get_u32(struct wire_reader *reader)
{
    return (uint32_t)get_number(reader, 4);
}

uint64_t wire_get_u64(struct wire_reader *reader)
{
    return get_number(reader, 8);
}

bool wire_read_all(const struct wire_reader *reader)
{
    return !reader->failed && reader->left == 0;
}

void wire_writer_init(struct wire_writer *writer, void *data, size_t size)
{
    writer->at = data;
    writer->left = size;
    writer->failed = false;
}

void wire_put_bytes(struct wire_writer *writer, const void *data, size_t size)
{
    if (writer->failed || size > writer->left) {
        writer->failed = true;
        return;
    }
    if (size > 0) {
        memcpy(writer->at, data, size);
        writer->at += size;
        writer->left -= size;
    }
}

static void put_number(struct wire_writer *writer, uint64_t value, size_t size)
{
    unsigned char bytes[8];

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(value >> (8 * i));
    }
    wire_put_bytes(writer, bytes, size);
}

void wire_put_u8(struct wire_writer *writer, uint8_t value)
{
    put_number(writer, value, 1);
}

void wire_put_u16(struct wire_writer *writer, uint16_t value)
{
    put_number(writer, value, 2);
}

void wire_put_u32(struct wire_writer *writer, uint32_t value)
{
    put_number(writer, value, 4);
}

void wire_put_u64(struct wire_writer *writer, uint64_t value)
{
    put_number(writer, value, 8);
}
