/*
 * child_linux.c - bare system calls of the benchmark commands, and the relay that serves as floor. See child.h.
 */
#include "child.h"

#include "host.h"

#include <errno.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

void child_prepare(void)
{
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, data, size);
        if (put < 0 && errno != EINTR)
            return false;
        data += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

bool child_write(const void *data, size_t size)
{
    return write_all(1, data, size);
}

size_t child_read(void *data, size_t size)
{
    ssize_t got;
    do {
        got = read(0, data, size);
    } while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}

bool child_raw(void)
{
    struct termios settings;
    if (tcgetattr(0, &settings) != 0)
        return false;
    cfmakeraw(&settings);
    return tcsetattr(0, TCSANOW, &settings) == 0;
}

/* false at the end of either side. */
static bool move(int from, int to)
{
    char data[65536];
    ssize_t got = read(from, data, sizeof(data));
    return (got < 0 && errno == EINTR) || (got > 0 && write_all(to, data, (size_t)got));
}

/* What a process between the two ends cannot do without: wait for either, read, write. */
int child_relay(const char *const *argv, bool tty)
{
    struct direct command;
    bool more = true;
    if (!direct_start(argv, tty ? DIRECT_TERMINAL : DIRECT_PIPES, &command))
        return 1;
    struct pollfd ends[2] = {{.fd = 0, .events = POLLIN}, {.fd = (int)command.out, .events = POLLIN}};
    while (more) {
        if (poll(ends, 2, -1) < 0 && errno != EINTR)
            break;
        if (ends[0].revents != 0)
            more = move(0, (int)command.in);
        if (more && ends[1].revents != 0)
            more = move((int)command.out, 1);
    }
    direct_kill(&command);
    return 0;
}
