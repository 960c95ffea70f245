/*
 * acl_list.c - editing access lists as bytes, see acl_list.h. Parent.
 *
 * The layout is that of Windows' ACL and ACE_HEADER structures: revision, 0, size (16 bits, little-endian), count, 0;
 * then the entries: type, flags, size, and for the two types that are edited here a mask and a SID.
 */
#include "elevated/acl_list.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER_SIZE = 8, ENTRY_SIZE = 8 /* without its SID */, TYPE_GRANT = 0, TYPE_DENY = 1 };

static unsigned get16(const unsigned char *at)
{
    return at[0] | (unsigned)at[1] << 8;
}

static void put16(unsigned char *at, size_t value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

static uint32_t get32(const unsigned char *at)
{
    return (uint32_t)get16(at) | (uint32_t)get16(at + 2) << 16;
}

static void put32(unsigned char *at, uint32_t value)
{
    put16(at, value & 0xffff);
    put16(at + 2, value >> 16);
}

/* ---- SIDs ---- */

bool acl_sid_read(const char *text, struct acl_sid *out)
{
    char *at;
    size_t count = 0;
    if (!sddl_is_sid(text))
        return false;
    uint64_t authority = strtoull(text + 4, &at, 10);
    for (; *at == '-'; count++)
        put32(out->data + 8 + 4 * count, (uint32_t)strtoull(at + 1, &at, 10));
    out->data[0] = 1;
    out->data[1] = (unsigned char)count;
    for (int i = 0; i < 6; i++)
        out->data[2 + i] = (unsigned char)(authority >> (40 - 8 * i));
    out->size = 8 + 4 * count;
    return true;
}

/* ---- entries ---- */

static size_t entry_size(const unsigned char *entry)
{
    return get16(entry + 2);
}

static bool is_inherited(const unsigned char *entry)
{
    return (entry[1] & ACE_INHERITED) != 0;
}

static bool is_for(const unsigned char *entry, const struct acl_sid *sids, size_t count)
{
    if ((entry[0] != TYPE_GRANT && entry[0] != TYPE_DENY) || entry_size(entry) < ENTRY_SIZE)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (entry_size(entry) >= ENTRY_SIZE + sids[i].size &&
            memcmp(entry + ENTRY_SIZE, sids[i].data, sids[i].size) == 0)
            return true;
    }
    return false;
}

static unsigned entry_count(const struct acl_list *list)
{
    return get16(list->data + 4);
}

/* Behind its last entry; there may be room left in the list. */
static size_t entries_end(const struct acl_list *list)
{
    size_t at = HEADER_SIZE;
    for (unsigned i = entry_count(list); i > 0; i--)
        at += entry_size(list->data + at);
    return at;
}

bool acl_list_is_sound(const struct acl_list *list)
{
    size_t at = HEADER_SIZE;
    if (!list->present)
        return true;
    if (list->size < HEADER_SIZE || list->size > ACL_LIST_MAX || get16(list->data + 2) != list->size)
        return false;
    for (unsigned i = entry_count(list); i > 0; i--) {
        if (list->size - at < 4 || entry_size(list->data + at) < 4 || entry_size(list->data + at) > list->size - at)
            return false;
        at += entry_size(list->data + at);
    }
    return true;
}

/* ---- editing ---- */

static void write_entry(unsigned char *at, const struct acl_entry *entry)
{
    at[0] = entry->deny ? TYPE_DENY : TYPE_GRANT;
    at[1] = (unsigned char)entry->flags;
    put16(at + 2, ENTRY_SIZE + entry->sid.size);
    put32(at + 4, entry->mask);
    memcpy(at + ENTRY_SIZE, entry->sid.data, entry->sid.size);
}

/* A denial goes before all that is own, or all that is inherited; a grant behind. */
static size_t place_for(const struct acl_list *list, const struct acl_entry *entry)
{
    bool inherited = (entry->flags & ACE_INHERITED) != 0;
    size_t at = HEADER_SIZE, end = entries_end(list);
    if (inherited && !entry->deny)
        return end;
    while (at < end && (inherited || !entry->deny) && !is_inherited(list->data + at))
        at += entry_size(list->data + at);
    return at;
}

static bool has(const struct acl_list *list, const unsigned char *wanted)
{
    size_t at = HEADER_SIZE;
    for (unsigned i = entry_count(list); i > 0; i--) {
        if (entry_size(list->data + at) == entry_size(wanted) &&
            memcmp(list->data + at, wanted, entry_size(wanted)) == 0)
            return true;
        at += entry_size(list->data + at);
    }
    return false;
}

bool acl_list_add(struct acl_list *list, const struct acl_entry *entry)
{
    unsigned char made[ENTRY_SIZE + ACL_SID_MAX];
    size_t size = ENTRY_SIZE + entry->sid.size;
    write_entry(made, entry);
    if (has(list, made))
        return true;
    if (list->size + size > ACL_LIST_MAX)
        return false;
    size_t at = place_for(list, entry);
    memmove(list->data + at + size, list->data + at, list->size - at);
    memcpy(list->data + at, made, size);
    list->size += size;
    put16(list->data + 2, list->size);
    put16(list->data + 4, entry_count(list) + 1u);
    return true;
}

size_t acl_list_remove(struct acl_list *list, const struct acl_sid *sids, size_t count)
{
    size_t at = HEADER_SIZE, removed = 0;
    if (!list->present)
        return 0;
    for (unsigned left = entry_count(list); left > 0; left--) {
        size_t size = entry_size(list->data + at);
        if (!is_for(list->data + at, sids, count)) {
            at += size;
            continue;
        }
        memmove(list->data + at, list->data + at + size, list->size - at - size);
        list->size -= size;
        removed++;
    }
    put16(list->data + 2, list->size);
    put16(list->data + 4, entry_count(list) - removed);
    return removed;
}

/* ---- asking ---- */

unsigned acl_list_passes_on(const struct acl_list *list)
{
    size_t at = HEADER_SIZE;
    unsigned found = 0;
    for (unsigned i = list->present ? entry_count(list) : 0; i > 0; i--) {
        found |= list->data[at + 1] & (ACE_TO_FILES | ACE_TO_DIRECTORIES);
        at += entry_size(list->data + at);
    }
    return found;
}

bool acl_list_has_own_grant(const struct acl_list *list)
{
    size_t at = HEADER_SIZE;
    for (unsigned i = list->present ? entry_count(list) : 0; i > 0; i--) {
        if (list->data[at] != TYPE_DENY && !is_inherited(list->data + at))
            return true;
        at += entry_size(list->data + at);
    }
    return false;
}

bool acl_list_grants(const struct acl_list *list, const struct acl_sid *sids, size_t count, uint32_t mask)
{
    size_t at = HEADER_SIZE;
    uint32_t missing = mask;
    if (!list->present)
        return true;
    for (unsigned i = entry_count(list); i > 0 && missing != 0; i--) {
        const unsigned char *entry = list->data + at;
        at += entry_size(entry);
        if ((entry[1] & ACE_NOT_HERE) || entry_size(entry) < ENTRY_SIZE)
            continue;
        if (entry[0] == TYPE_DENY && (get32(entry + 4) & missing))
            return false; /* whoever it is for: it may be one of them as a member */
        if (entry[0] == TYPE_GRANT && is_for(entry, sids, count))
            missing &= ~get32(entry + 4);
    }
    return missing == 0;
}
