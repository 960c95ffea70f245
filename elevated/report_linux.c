/*
 * report_linux.c - the keeper's messages as bytes. Both ends; see report_linux.h.
 */
#include "elevated/report_linux.h"

#include <string.h>

#include "shared/text.h"
#include "shared/wire.h"

static void put_text(struct wire_writer *writer, const char *text, size_t size)
{
    char field[REPORT_ITEM_SIZE] = {0};
    text_copy(field, size, text);
    wire_put_bytes(writer, field, size);
}

static void get_text(struct wire_reader *reader, char *text, size_t size)
{
    const unsigned char *bytes = wire_get_bytes(reader, size);
    if (bytes && bytes[size - 1] == 0)
        memcpy(text, bytes, size);
    else
        reader->failed = true;
}

void report_encode(const struct report *report, unsigned char out[REPORT_SIZE])
{
    struct wire_writer writer;
    wire_writer_init(&writer, out, REPORT_SIZE);
    wire_put_u32(&writer, (uint32_t)report->kind);
    wire_put_u32(&writer, report->where);
    wire_put_u32(&writer, (uint32_t)report->os_error);
    wire_put_u32(&writer, (uint32_t)report->wait_status);
    put_text(&writer, report->call, sizeof(report->call));
    put_text(&writer, report->item, sizeof(report->item));
}

bool report_decode(const void *data, size_t size, struct report *out)
{
    struct wire_reader reader;
    memset(out, 0, sizeof(*out));
    wire_reader_init(&reader, data, size);
    uint32_t kind = wire_get_u32(&reader);
    out->where = wire_get_u32(&reader);
    out->os_error = (int)wire_get_u32(&reader);
    out->wait_status = (int)wire_get_u32(&reader);
    get_text(&reader, out->call, sizeof(out->call));
    get_text(&reader, out->item, sizeof(out->item));
    if (!wire_read_all(&reader) || kind < REPORT_STARTED || kind > REPORT_ENDED)
        return false;
    out->kind = (enum report_kind)kind;
    return true;
}
