/*
 * pair_linux.c - a socketpair, and waiting for one descriptor. Linked to every test program.
 */
#include "tests/support/pair.h"

#include "tests/support/test.h"

#include <poll.h>
#include <sys/socket.h>

void pair_open(os_handle *one, os_handle *other)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    *one = ends[0];
    *other = ends[1];
}

bool pair_wait(os_handle handle, int timeout_ms)
{
    struct pollfd entry = {.fd = (int)handle, .events = POLLIN};

    return poll(&entry, 1, timeout_ms) == 1;
}
