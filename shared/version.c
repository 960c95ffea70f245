/*
 * version.c - the version of the library. A file of its own, so that the build defines POSTERN_VERSION for it alone and
 * a new version rebuilds nothing else.
 */
#include "postern.h"

const char *postern_version(void)
{
    return POSTERN_VERSION;
}
