/*
 * pipe_win32.c - pipes between us and a child, see pipe_win32.h. Both sides.
 */
#include "shared/pipe_win32.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "shared/crypto.h"
#include "shared/security_win32.h"
#include "shared/wide.h"

#define STAGE "pipe"
/* What a child can write ahead of us while we are busy with others; input is never far behind. */
#define OUTPUT_BUFFER (256u * 1024u)
#define INPUT_BUFFER (64u * 1024u)

bool pipe_random_name(char out[PIPE_NAME_SIZE])
{
    memcpy(out, PIPE_NAME_PREFIX, sizeof(PIPE_NAME_PREFIX));
    return crypto_random_name(out + sizeof(PIPE_NAME_PREFIX) - 1);
}

static int open_both(const wchar_t *name, bool we_read, SECURITY_ATTRIBUTES *security, os_handle *ours,
                     os_handle *theirs, struct postern_error *error)
{
    os_handle server = OS_HANDLE_NONE;
    int code;

    server = (os_handle)CreateNamedPipeW(
        name,
        (we_read ? PIPE_ACCESS_INBOUND : PIPE_ACCESS_OUTBOUND) | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, INPUT_BUFFER, OUTPUT_BUFFER, 0, security);
    if (server == OS_HANDLE_NONE) {
        return error_os(error, POSTERN_E_OS, STAGE, "CreateNamedPipeW", (int64_t)GetLastError(),
                        "a pipe could not be made");
    }
    *theirs = (os_handle)CreateFileW(name, (we_read ? GENERIC_WRITE : GENERIC_READ) | FILE_READ_ATTRIBUTES, 0, NULL,
                                     OPEN_EXISTING, SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
    if (*theirs == OS_HANDLE_NONE) {
        code =
            error_os(error, POSTERN_E_OS, STAGE, "CreateFileW", (int64_t)GetLastError(), "a pipe could not be opened");
        handle_close(&server);
        return code;
    }
    *ours = server;
    return POSTERN_OK;
}

int pipe_create(bool we_read, os_handle *ours, os_handle *theirs, struct postern_error *error)
{
    char name[PIPE_NAME_SIZE];
    wchar_t *wide = NULL;
    SECURITY_ATTRIBUTES security;
    int code;

    if (!pipe_random_name(name)) {
        return error_set(error, POSTERN_E_OS, STAGE, "BCryptGenRandom", "the system gave no random numbers");
    }
    code = security_for_pipe(NULL, &security, error);
    if (code != POSTERN_OK) {
        return code;
    }
    code = wide_convert(name, STAGE, "the pipe's name", &wide, error);
    if (code == POSTERN_OK) {
        code = open_both(wide, we_read, &security, ours, theirs, error);
    }
    free(wide);
    security_free(&security);
    return code;
}
