/*
 * startup_linux.c - inherited descriptors of the runner. See startup.h.
 */
#include "runner/startup.h"

#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define STAGE "startup"
#define READ_SIZE 4096u

int startup_prepare(struct postern_error *error)
{
    /* A command that closes its stdin must not end the runner. process_spawn() gives commands the default back. */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) != 0)
        return error_os(error, POSTERN_E_OS, STAGE, "sigaction", errno, "SIGPIPE cannot be ignored");
    /* Else process lists show how we were executed, a number or a file in memory. */
    (void)prctl(PR_SET_NAME, "postern-runner", 0, 0, 0);
    /* The command may have our user: it must not read our memory or trace us. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return error_os(error, POSTERN_E_OS, STAGE, "prctl", errno, "the runner cannot be made undumpable");
    /* Where a reaper is killed its orphans come to us, to be ended. */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
        return error_os(error, POSTERN_E_OS, STAGE, "prctl", errno, "the runner cannot adopt orphans");
    return 0;
}

int startup_adopt_handle(const char *argument, os_handle *out, struct postern_error *error)
{
    uint64_t number;
    if (strncmp(argument, "fd:", 3) != 0 || !text_parse_u64(argument + 3, &number) || number > 1000)
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "\"%s\" does not name a descriptor", argument);
    if (fcntl((int)number, F_SETFD, FD_CLOEXEC) != 0)
        return error_os(error, POSTERN_E_INVALID, STAGE, "fcntl", errno, "descriptor %d was not inherited",
                        (int)number);
    *out = (os_handle)number;
    return 0;
}

int startup_adopt_number(os_handle number, os_handle *out, struct postern_error *error)
{
    *out = OS_HANDLE_NONE;
    return number == 0 ? 0 : error_set(error, POSTERN_E_INVALID, STAGE, "", "the start record is one for Windows");
}

/* One read more than the buffer has room for tells a record that fits exactly from one that is too long. */
static ssize_t read_some(int file, struct buffer *out)
{
    unsigned char extra;
    size_t room = buffer_room(out) < READ_SIZE ? buffer_room(out) : READ_SIZE;
    unsigned char *space = room > 0 ? buffer_reserve(out, room) : &extra;
    if (!space) {
        errno = ENOMEM;
        return -1;
    }
    ssize_t got = read(file, space, room > 0 ? room : 1);
    if (got > 0 && room == 0) {
        errno = EFBIG;
        return -1;
    }
    if (got > 0)
        buffer_commit(out, (size_t)got);
    return got;
}

int startup_read_bootstrap(const char *argument, struct buffer *out, struct postern_error *error)
{
    os_handle handle = OS_HANDLE_NONE;
    ssize_t got = 1;
    int status = startup_adopt_handle(argument, &handle, error);
    while (status == 0 && got != 0) {
        got = read_some((int)handle, out);
        if (got < 0 && errno != EINTR)
            status = error_os(error, POSTERN_E_OS, STAGE, "read", errno, "the start record cannot be read");
    }
    handle_close(&handle);
    return status;
}

bool startup_hidden_mode(int argc, char **argv, int *status)
{
    (void)argc;
    (void)argv;
    (void)status;
    return false;
}
