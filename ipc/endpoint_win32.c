/*
 * endpoint_win32.c - the named pipe that parent and runner meet at, see endpoint.h. The parent makes it and trusts
 * nobody who connects until the process id fits (here) and the key was proved (handshake.c).
 */
#include "ipc/endpoint.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "shared/pipe_win32.h"
#include "shared/security_win32.h"
#include "shared/system.h"
#include "shared/wide.h"

#define STAGE "endpoint"
/* Two of the largest frames of data: one is read while the next is written, and neither waits for the other. */
#define PIPE_BUFFER (2u * 264u * 1024u)
#define CONNECT_TRY_US (5u * 1000u * 1000u)
#define CONNECT_STEP_MS 50u

struct endpoint {
    char name[PIPE_NAME_SIZE];
    os_handle pipe;
    HANDLE connected; /* event of the pending ConnectNamedPipe() */
};

static int os_failure(struct postern_error *error, const char *operation, const char *what)
{
    return error_os(error, POSTERN_E_OS, STAGE, operation, (int64_t)GetLastError(), "%s", what);
}

static int create_pipe(struct endpoint *endpoint, const char *sid, struct postern_error *error)
{
    SECURITY_ATTRIBUTES security;
    wchar_t *name = NULL;
    int code = security_for_pipe(sid, &security, error);

    if (code != POSTERN_OK) {
        return code;
    }
    code = wide_convert(endpoint->name, STAGE, "the pipe's name", &name, error);
    if (code == POSTERN_OK) {
        /* The first and only instance: who has made a pipe of that name before us is found out, and nobody can offer
         * another one beside ours. */
        endpoint->pipe =
            (os_handle)CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                                        PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1,
                                        PIPE_BUFFER, PIPE_BUFFER, 0, &security);
        if (endpoint->pipe == OS_HANDLE_NONE) {
            code = os_failure(error, "CreateNamedPipeW", "the pipe for the runner could not be made");
        }
    }
    free(name);
    security_free(&security);
    return code;
}

int endpoint_create(const char *sid, struct endpoint **out, struct postern_error *error)
{
    struct endpoint *endpoint = calloc(1, sizeof(*endpoint));
    int code;

    if (endpoint == NULL) {
        return error_memory(error, STAGE);
    }
    endpoint->pipe = OS_HANDLE_NONE;
    if (!pipe_random_name(endpoint->name)) {
        code = error_set(error, POSTERN_E_OS, STAGE, "BCryptGenRandom", "the system gave no random numbers");
        goto out;
    }
    endpoint->connected = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (endpoint->connected == NULL) {
        code = os_failure(error, "CreateEventW", "an event could not be made");
        goto out;
    }
    code = create_pipe(endpoint, sid, error);
    if (code == POSTERN_OK) {
        *out = endpoint;
        endpoint = NULL;
    }
out:
    endpoint_close(endpoint);
    return code;
}

const char *endpoint_address(const struct endpoint *endpoint)
{
    return endpoint->name;
}

os_handle endpoint_passed(const struct endpoint *endpoint)
{
    (void)endpoint;
    return OS_HANDLE_NONE;
}

/* ---- accepting ---- */

static DWORD milliseconds_until(uint64_t deadline_us)
{
    uint64_t now = system_now_us();
    uint64_t left = deadline_us > now ? (deadline_us - now + 999) / 1000 : 0;

    return left < INFINITE ? (DWORD)left : INFINITE - 1;
}

/* Waits for the pending connection. The system writes into `overlapped` until it is over, so it is over whenever this
 * returns. */
static int await_connection(struct endpoint *endpoint, OVERLAPPED *overlapped, os_handle runner, uint64_t deadline_us,
                            struct postern_error *error)
{
    /* The connection first: a runner that connects and dies at once is noticed by whoever reads. */
    const HANDLE handles[2] = {endpoint->connected, (HANDLE)runner};
    DWORD signalled = WaitForMultipleObjects(2, handles, FALSE, milliseconds_until(deadline_us));
    DWORD last = GetLastError();
    DWORD bytes;
    BOOL connected;

    if (signalled != WAIT_OBJECT_0) {
        CancelIoEx((HANDLE)endpoint->pipe, overlapped);
    }
    connected = GetOverlappedResult((HANDLE)endpoint->pipe, overlapped, &bytes, TRUE);
    if (connected) {
        return POSTERN_OK; /* also when it came while we were giving up */
    }
    if (signalled == WAIT_OBJECT_0 + 1) {
        return error_set(error, POSTERN_E_RUNNER_DIED, STAGE, "", "the runner ended before it had connected");
    }
    if (signalled == WAIT_TIMEOUT) {
        return error_set(error, POSTERN_E_TIMED_OUT, STAGE, "", "the runner did not connect in time");
    }
    if (signalled == WAIT_OBJECT_0) {
        last = GetLastError();
    }
    return error_os(error, POSTERN_E_OS, STAGE, "ConnectNamedPipe", (int64_t)last, "waiting for the runner failed");
}

static int connect_one(struct endpoint *endpoint, os_handle runner, uint64_t deadline_us, struct postern_error *error)
{
    OVERLAPPED overlapped;

    ZeroMemory(&overlapped, sizeof(overlapped));
    overlapped.hEvent = endpoint->connected;
    ResetEvent(endpoint->connected);
    if (ConnectNamedPipe((HANDLE)endpoint->pipe, &overlapped)) {
        return POSTERN_OK;
    }
    switch (GetLastError()) {
    case ERROR_PIPE_CONNECTED:
        return POSTERN_OK;
    case ERROR_IO_PENDING:
        return await_connection(endpoint, &overlapped, runner, deadline_us, error);
    case ERROR_NO_DATA: /* somebody connected and went away again: disconnecting makes room for the next */
        return POSTERN_OK;
    default:
        return os_failure(error, "ConnectNamedPipe", "the runner could not be waited for");
    }
}

int endpoint_accept(struct endpoint *endpoint, os_handle runner, uint32_t pid, uint64_t deadline_us, os_handle *channel,
                    struct postern_error *error)
{
    for (;;) {
        ULONG client = 0;
        int code = connect_one(endpoint, runner, deadline_us, error);

        if (code != POSTERN_OK) {
            return code;
        }
        /* The id can't have gone to another process: the caller holds the runner's handle. */
        if (GetNamedPipeClientProcessId((HANDLE)endpoint->pipe, &client) && client == pid) {
            *channel = handle_take(&endpoint->pipe);
            return POSTERN_OK;
        }
        /* Somebody of our own user. Not a reason to give up, which is what they may want. */
        if (!DisconnectNamedPipe((HANDLE)endpoint->pipe)) {
            return os_failure(error, "DisconnectNamedPipe", "a stranger could not be disconnected");
        }
        if (system_now_us() >= deadline_us) {
            return error_set(error, POSTERN_E_TIMED_OUT, STAGE, "", "the runner did not connect in time");
        }
    }
}

void endpoint_close(struct endpoint *endpoint)
{
    if (endpoint == NULL) {
        return;
    }
    handle_close(&endpoint->pipe);
    if (endpoint->connected != NULL) {
        CloseHandle(endpoint->connected);
    }
    free(endpoint);
}

/* ---- the runner's side ---- */

int endpoint_connect(const char *address, os_handle *channel, struct postern_error *error)
{
    uint64_t deadline = system_now_us() + CONNECT_TRY_US;
    wchar_t *name = NULL;
    DWORD last;
    int code;

    /* No other file, and no pipe of another machine. */
    if (strncmp(address, PIPE_NAME_PREFIX, strlen(PIPE_NAME_PREFIX)) != 0) {
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "'%s' is not the name of an endpoint", address);
    }
    code = wide_convert(address, STAGE, "the pipe's name", &name, error);
    if (code != POSTERN_OK) {
        return code;
    }
    for (;;) {
        /* Identification level: should somebody else serve this name, they can't act as us. */
        *channel = (os_handle)CreateFileW(name, SECURITY_PIPE_CLIENT, 0, NULL, OPEN_EXISTING,
                                          FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
        last = GetLastError();
        /* Busy: a stranger got there before us, and the parent is about to send it away. */
        if (*channel != OS_HANDLE_NONE || last != ERROR_PIPE_BUSY || system_now_us() >= deadline) {
            break;
        }
        WaitNamedPipeW(name, CONNECT_STEP_MS);
    }
    free(name);
    return *channel != OS_HANDLE_NONE ? POSTERN_OK
                                      : error_os(error, POSTERN_E_OS, STAGE, "CreateFileW", (int64_t)last,
                                                 "the parent's pipe could not be opened");
}
