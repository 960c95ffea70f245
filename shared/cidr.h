/*
 * cidr.h - networks written as address/length, IPv4 and IPv6. Portable; caller: policy_network.c.
 */
#ifndef POSTERN_SHARED_CIDR_H
#define POSTERN_SHARED_CIDR_H

#include <stdbool.h>

struct cidr {
    unsigned char address[16]; /* the first 4 bytes of an IPv4 address */
    unsigned bits;             /* of `address` that count */
    unsigned size;             /* bytes of an address: 4 or 16 */
};

/* "10.0.0.0/8", "fe80::/10"; the length has to be there. IPv4 numbers are decimal without leading zeros. */
bool cidr_parse(const char *text, struct cidr *out);

/* Same family, and every address of `part` is one of `whole`. */
bool cidr_contains(const struct cidr *whole, const struct cidr *part);

#endif
