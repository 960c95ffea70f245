/*
 * child.c - the commands of the benchmarks. See child.h.
 */
#include "child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int write_much(const char *bytes, const char *chunk_text)
{
    unsigned long long left = strtoull(bytes, NULL, 10);
    size_t chunk = (size_t)strtoull(chunk_text, NULL, 10);
    char *data = malloc(chunk);
    if (!data || chunk == 0)
        return 1;
    memset(data, 'x', chunk);
    while (left > 0) {
        size_t size = left < chunk ? (size_t)left : chunk;
        if (!child_write(data, size))
            return 1;
        left -= size;
    }
    free(data);
    return 0;
}

static int echo(void)
{
    char data[4096];
    size_t got;
    while ((got = child_read(data, sizeof(data))) > 0)
        if (!child_write(data, got))
            return 1;
    return 0;
}

static int idle(void)
{
    char byte;
    if (!child_write("r", 1))
        return 1;
    while (child_read(&byte, 1) > 0) {
    }
    return 0;
}

int child_main(int argc, char **argv)
{
    child_prepare();
    if (argc == 3 && strcmp(argv[0], "write") == 0)
        return write_much(argv[1], argv[2]);
    if (argc == 1 && strcmp(argv[0], "nothing") == 0)
        return 0;
    if (argc == 1 && strcmp(argv[0], "echo") == 0)
        return echo();
    if (argc == 1 && strcmp(argv[0], "echo-raw") == 0)
        return child_raw() && child_write("r", 1) ? echo() : 1;
    if (argc == 1 && strcmp(argv[0], "idle") == 0)
        return idle();
    if (argc > 1 && strcmp(argv[0], "relay") == 0)
        return child_relay((const char *const *)argv + 1, false);
    if (argc > 1 && strcmp(argv[0], "relay-tty") == 0)
        return child_relay((const char *const *)argv + 1, true);
    fprintf(stderr, "bench: unknown command after --child\n");
    return 2;
}
