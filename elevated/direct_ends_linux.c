/*
 * direct_ends_linux.c - direct streams: none on Linux, where forwarding inside the kernel costs little. See direct.h.
 * Parent.
 */
#include "elevated/direct.h"

int direct_ends_make(const struct launch *launch, bool with_stdin, struct direct_ends *ends,
                     struct postern_error *error)
{
    (void)launch;
    (void)with_stdin;
    (void)ends;
    (void)error;
    return POSTERN_OK;
}

void direct_ends_take_back(const struct launch *launch, const uint32_t theirs[3])
{
    (void)launch;
    (void)theirs;
}
