/*
 * plan_linux.c - plans as lists and as bytes. Both the parent and the keeper are linked with it; see plan_linux.h.
 *
 * The bytes come from a parent that may do anything anyway, so the checks of the decoder guard against mistakes, not
 * against attacks; but a plan that is not understood exactly is never carried out in part.
 */
#include "elevated/plan_linux.h"

#include <stdlib.h>
#include <string.h>

#include "postern.h"
#include "shared/text.h"

enum { PLAN_MAGIC = 0x4e4c5050 }; /* "PPLN" */

const char *plan_operation_text(enum plan_operation operation)
{
    switch (operation) {
#define PLAN_OPERATION_TEXT(constant, text)                                                                            \
    case constant:                                                                                                     \
        return text;
        PLAN_OPERATIONS(PLAN_OPERATION_TEXT)
#undef PLAN_OPERATION_TEXT
    default:
        return "take an unknown step";
    }
}

void plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        free((char *)plan->steps[i].path);
        free((char *)plan->steps[i].text);
    }
    free(plan->steps);
    memset(plan, 0, sizeof(*plan));
}

static bool make_room(struct plan *plan)
{
    if (plan->count < plan->capacity)
        return true;
    size_t capacity = plan->capacity ? plan->capacity * 2 : 64;
    struct plan_step *steps = realloc(plan->steps, capacity * sizeof(*steps));
    if (!steps)
        return false;
    plan->steps = steps;
    plan->capacity = capacity;
    return true;
}

void plan_add(struct plan *plan, const struct plan_step *step)
{
    if (plan->failed || !make_room(plan)) {
        plan->failed = true;
        return;
    }
    struct plan_step *added = &plan->steps[plan->count++];
    *added = *step;
    added->path = text_duplicate(step->path ? step->path : "");
    added->text = text_duplicate(step->text ? step->text : "");
    plan->failed = !added->path || !added->text;
}

/* ---- bytes ---- */

static bool put_numbers(struct buffer *out, const uint64_t *numbers, size_t count)
{
    unsigned char bytes[16 * 8];
    struct wire_writer writer;
    wire_writer_init(&writer, bytes, sizeof(bytes));
    for (size_t i = 0; i < count; i++)
        wire_put_u64(&writer, numbers[i]);
    return !writer.failed && buffer_append(out, bytes, sizeof(bytes) - writer.left);
}

/* Length and bytes, the NUL among them, so that the reader can use it in place. */
static bool put_text(struct buffer *out, const char *text)
{
    uint64_t size = strlen(text) + 1;
    return put_numbers(out, &size, 1) && buffer_append(out, text, (size_t)size);
}

static const char *get_text(struct wire_reader *reader)
{
    uint64_t size = wire_get_u64(reader);
    const char *text = size <= reader->left ? (const char *)wire_get_bytes(reader, (size_t)size) : NULL;
    if (!text || size == 0 || memchr(text, 0, (size_t)size) != text + size - 1) {
        reader->failed = true;
        return "";
    }
    return text;
}

bool plan_encode(const struct plan *plan, struct buffer *out)
{
    const struct plan_header *header = &plan->header;
    const uint64_t head[] = {PLAN_MAGIC,      header->other_user,  header->uid, header->gid,
                             header->has_log, header->group_count, plan->count};
    if (plan->failed || !put_text(out, postern_version()) || !put_numbers(out, head, 7) ||
        !put_text(out, header->temporary ? header->temporary : ""))
        return false;
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];
        const uint64_t numbers[] = {(uint64_t)step->operation,
                                    step->flags,
                                    step->slot,
                                    step->mode,
                                    step->uid,
                                    step->gid,
                                    step->device,
                                    step->inode};
        if (!put_numbers(out, numbers, 8) || !put_text(out, step->path) || !put_text(out, step->text))
            return false;
    }
    return true;
}

static uint32_t get_u32(struct wire_reader *reader, uint32_t maximum)
{
    uint64_t value = wire_get_u64(reader);
    if (value > maximum)
        reader->failed = true;
    return reader->failed ? 0 : (uint32_t)value;
}

bool plan_decode_header(struct wire_reader *reader, struct plan_header *out)
{
    memset(out, 0, sizeof(*out));
    if (strcmp(get_text(reader), postern_version()) != 0 || wire_get_u64(reader) != PLAN_MAGIC)
        return false;
    out->other_user = get_u32(reader, 1) != 0;
    out->uid = get_u32(reader, UINT32_MAX);
    out->gid = get_u32(reader, UINT32_MAX);
    out->has_log = get_u32(reader, 1) != 0;
    out->group_count = get_u32(reader, PLAN_GROUPS);
    out->step_count = get_u32(reader, UINT32_MAX);
    out->temporary = get_text(reader);
    return !reader->failed;
}

bool plan_decode_step(struct wire_reader *reader, struct plan_step *out)
{
    memset(out, 0, sizeof(*out));
    out->operation = (enum plan_operation)get_u32(reader, PLAN_OPERATION_COUNT - 1);
    out->flags = get_u32(reader, UINT32_MAX);
    out->slot = get_u32(reader, PLAN_SLOTS - 1);
    out->mode = get_u32(reader, 07777);
    out->uid = get_u32(reader, UINT32_MAX);
    out->gid = get_u32(reader, UINT32_MAX);
    out->device = wire_get_u64(reader);
    out->inode = wire_get_u64(reader);
    out->path = get_text(reader);
    out->text = get_text(reader);
    return !reader->failed && out->operation != PLAN_NOTHING;
}
