/*
 * cidr.c - reads networks as address/length. See cidr.h. Written out because the systems' own readers need their
 * headers, and differ in what they let through.
 */
#include "shared/cidr.h"

#include <stddef.h>
#include <string.h>

/* Decimal, no leading zero, at most `maximum`; moves on. */
static bool read_decimal(const char **at, unsigned maximum, unsigned *out)
{
    const char *begin = *at;
    unsigned value = 0;

    while (**at >= '0' && **at <= '9' && *at - begin < 4)
        value = value * 10 + (unsigned)(*(*at)++ - '0');
    *out = value;
    return *at > begin && (*begin != '0' || *at == begin + 1) && value <= maximum;
}

static bool read_v4(const char **at, unsigned char out[4])
{
    for (size_t i = 0; i < 4; i++) {
        unsigned value;

        if (i > 0 && *(*at)++ != '.')
            return false;
        if (!read_decimal(at, 255, &value))
            return false;
        out[i] = (unsigned char)value;
    }
    return true;
}

static int hexadecimal(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One to four digits. */
static bool read_group(const char **at, unsigned char out[2])
{
    const char *begin = *at;
    unsigned value = 0;

    while (hexadecimal(**at) >= 0 && *at - begin < 4)
        value = value << 4 | (unsigned)hexadecimal(*(*at)++);
    out[0] = (unsigned char)(value >> 8);
    out[1] = (unsigned char)value;
    return *at > begin && hexadecimal(**at) < 0;
}

/* Groups from *at on into `out`, at most `room` bytes; the last two may be an IPv4 address. Ends in front of "::", "/"
 * or the end. The bytes read, or -1. */
static int read_groups(const char **at, unsigned char *out, int room)
{
    int used = 0;

    for (;;) {
        const char *group = *at;

        if (room - used < 2 || !read_group(at, out + used))
            return -1;
        if (**at == '.') {
            *at = group;
            /* only at the end: no "::" may follow */
            return room - used >= 4 && read_v4(at, out + used) && **at != ':' ? used + 4 : -1;
        }
        used += 2;
        if (**at != ':' || (*at)[1] == ':')
            return used;
        (*at)++;
    }
}

static bool read_v6(const char **at, unsigned char out[16])
{
    unsigned char tail[16];
    int head = 0, rest = 0;

    memset(out, 0, 16);
    if (strncmp(*at, "::", 2) != 0) {
        head = read_groups(at, out, 16);
        if (head < 0 || head == 16)
            return head == 16;
        if (strncmp(*at, "::", 2) != 0)
            return false;
    }
    *at += 2;
    if (**at == '/' || **at == '\0')
        return true;
    rest = read_groups(at, tail, 14 - head); /* "::" stands for a group at least */
    if (rest < 0)
        return false;
    memcpy(out + 16 - rest, tail, (size_t)rest);
    return true;
}

bool cidr_parse(const char *text, struct cidr *out)
{
    memset(out, 0, sizeof(*out));
    if (strchr(text, ':') != NULL) {
        out->size = 16;
        if (!read_v6(&text, out->address))
            return false;
    } else {
        out->size = 4;
        if (!read_v4(&text, out->address))
            return false;
    }
    return *text++ == '/' && read_decimal(&text, out->size * 8, &out->bits) && *text == '\0';
}

bool cidr_contains(const struct cidr *whole, const struct cidr *part)
{
    unsigned bytes = whole->bits / 8, rest = whole->bits % 8;

    if (whole->size != part->size || whole->bits > part->bits || memcmp(whole->address, part->address, bytes) != 0)
        return false;
    return rest == 0 || (whole->address[bytes] ^ part->address[bytes]) >> (8 - rest) == 0;
}
