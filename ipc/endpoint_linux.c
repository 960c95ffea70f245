/*
 * endpoint_linux.c - the endpoint of a runner on the same machine: a socket pair, of which the runner inherits one end.
 * Callers: elevated/launch_linux.c (parent), runner/main.c (runner, endpoint_connect only).
 *
 * Nothing has a name, so nobody else can connect, and there is nothing to wait for: the parent's end works from the
 * start, and a runner that dies before it has said anything reads as end of file.
 */
#include "ipc/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "shared/text.h"

static const char STAGE[] = "endpoint";
static const char ADDRESS[] = "fd:3";

struct endpoint {
    os_handle ours;
    os_handle theirs;
};

int endpoint_create(const char *sid, struct endpoint **out, struct postern_error *error)
{
    (void)sid;
    int pair[2];
    struct endpoint *endpoint = malloc(sizeof(*endpoint));
    if (!endpoint)
        return error_memory(error, STAGE);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        int number = errno;
        free(endpoint);
        return error_os(error, POSTERN_E_OS, STAGE, "socketpair", number, "the channel to the runner");
    }
    endpoint->ours = pair[0];
    endpoint->theirs = pair[1];
    *out = endpoint;
    return POSTERN_OK;
}

const char *endpoint_address(const struct endpoint *endpoint)
{
    (void)endpoint;
    return ADDRESS;
}

os_handle endpoint_passed(const struct endpoint *endpoint)
{
    return endpoint->theirs;
}

int endpoint_accept(struct endpoint *endpoint, os_handle runner, uint32_t pid, uint64_t deadline_us, os_handle *channel,
                    struct postern_error *error)
{
    (void)runner;
    (void)pid;
    (void)deadline_us;
    if (endpoint->ours == OS_HANDLE_NONE)
        return error_set(error, POSTERN_E_STATE, STAGE, "", "the channel has been taken already");
    /* our copy of the runner's end would keep the channel open after the runner's death */
    handle_close(&endpoint->theirs);
    *channel = handle_take(&endpoint->ours);
    return POSTERN_OK;
}

void endpoint_close(struct endpoint *endpoint)
{
    if (!endpoint)
        return;
    handle_close(&endpoint->ours);
    handle_close(&endpoint->theirs);
    free(endpoint);
}

int endpoint_connect(const char *address, os_handle *channel, struct postern_error *error)
{
    uint64_t number = 0;
    int type = 0;
    socklen_t size = sizeof(type);
    if (strncmp(address, "fd:", 3) != 0 || !text_parse_u64(address + 3, &number) || number > 1000000)
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "the endpoint \"%s\" is not of the form fd:NUMBER",
                         address);
    int descriptor = (int)number;
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
        return error_os(error, POSTERN_E_INVALID, STAGE, "getsockopt", errno, "the endpoint %s", address);
    if (type != SOCK_STREAM)
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "the endpoint %s is not a stream", address);
    /* it came without close-on-exec, as inherited descriptors do: no command may get it */
    if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0)
        return error_os(error, POSTERN_E_OS, STAGE, "fcntl", errno, "the endpoint %s", address);
    *channel = descriptor;
    return POSTERN_OK;
}
