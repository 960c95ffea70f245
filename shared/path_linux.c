/*
 * path_linux.c - which kind of paths this system has. See path.h.
 */
#include "shared/path.h"

enum path_style path_style_here(void)
{
    return PATH_POSIX;
}
