/*
 * host.c - where the programs are, by the path of this one. See host.h. Portable.
 */
#include "host.h"

#include <stdio.h>
#include <string.h>

static void cut_last(char *path)
{
    char *slash = strrchr(path, '/'); /* the system's own path of a program has one kind only */
    if (!slash)
        slash = strrchr(path, '\\');
    if (slash)
        *slash = '\0';
}

const char *host_directory(void)
{
    static char path[4096];
    snprintf(path, sizeof(path), "%s", host_self());
    cut_last(path);
    return path;
}

const char *host_product_directory(void)
{
    static char path[4096];
    snprintf(path, sizeof(path), "%s", host_directory());
    cut_last(path);
    cut_last(path);
    return path;
}
