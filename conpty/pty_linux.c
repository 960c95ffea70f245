/*
 * pty_linux.c - a Unix pseudo terminal from the devpts that is mounted here. Called by the runner, inside the sandbox;
 * the other end belongs to the command, which may do with it what it likes.
 */
#include "conpty/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

struct pty {
    os_handle master;        /* ours, for the ioctls */
    os_handle input, output; /* duplicates of it, until they are taken */
    os_handle slave;         /* until the child has been started */
};

static int pty_error(struct postern_error *error, const char *operation)
{
    return error_os(error, POSTERN_E_OS, "terminal", operation, errno, "cannot make a pseudo terminal");
}

/*
 * TIOCGPTPEER opens the other end by the master, not by a name under /dev/pts: no name can be put in its way, and it
 * works where the master comes from a devpts that is mounted elsewhere.
 */
static int open_ends(struct pty *pty, struct postern_error *error)
{
    int unlock = 0;

    /* Without O_NOCTTY a runner that leads a session could catch its command's terminal as its own. */
    pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (pty->master == OS_HANDLE_NONE) {
        return pty_error(error, "posix_openpt");
    }
    if (ioctl((int)pty->master, TIOCSPTLCK, &unlock) != 0) {
        return pty_error(error, "TIOCSPTLCK");
    }
    pty->slave = ioctl((int)pty->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pty->slave == OS_HANDLE_NONE) {
        return pty_error(error, "TIOCGPTPEER");
    }
    pty->input = fcntl((int)pty->master, F_DUPFD_CLOEXEC, 0);
    if (pty->input != OS_HANDLE_NONE) {
        pty->output = fcntl((int)pty->master, F_DUPFD_CLOEXEC, 0);
    }
    return pty->output != OS_HANDLE_NONE ? 0 : pty_error(error, "fcntl");
}

/* The kernel's settings for a new terminal are those of a login line; only UTF-8 is missing, without which erasing a
 * character on the line takes one byte of it. */
static int set_modes(struct pty *pty, struct postern_error *error)
{
    struct termios modes;

    if (tcgetattr((int)pty->slave, &modes) != 0) {
        return pty_error(error, "tcgetattr");
    }
    modes.c_iflag |= IUTF8;
    return tcsetattr((int)pty->slave, TCSANOW, &modes) == 0 ? 0 : pty_error(error, "tcsetattr");
}

int pty_open(uint16_t rows, uint16_t cols, struct pty **out, struct postern_error *error)
{
    struct pty *pty = calloc(1, sizeof(*pty));
    int result;

    if (pty == NULL) {
        return error_memory(error, "terminal");
    }
    pty->master = pty->input = pty->output = pty->slave = OS_HANDLE_NONE;
    result = open_ends(pty, error);
    if (result == 0) {
        result = set_modes(pty, error);
    }
    if (result == 0) {
        result = pty_resize(pty, rows, cols, error);
    }
    if (result != 0) {
        pty_close(pty);
        return result;
    }
    *out = pty;
    return 0;
}

os_handle pty_take_input(struct pty *pty)
{
    return handle_take(&pty->input);
}

os_handle pty_take_output(struct pty *pty)
{
    return handle_take(&pty->output);
}

os_handle pty_child_end(struct pty *pty)
{
    return pty->slave;
}

void pty_child_started(struct pty *pty)
{
    handle_close(&pty->slave);
}

int pty_resize(struct pty *pty, uint16_t rows, uint16_t cols, struct postern_error *error)
{
    const struct winsize size = {.ws_row = rows, .ws_col = cols};

    if (ioctl((int)pty->master, TIOCSWINSZ, &size) != 0) {
        return error_os(error, POSTERN_E_OS, "terminal", "TIOCSWINSZ", errno,
                        "cannot set the size to %u rows, %u columns", rows, cols);
    }
    return 0;
}

/* For the signals that TIOCSIG does not know. The group may end and its number be given away between the two calls; the
 * new owner could only be a process of this sandbox, whose user the signal comes from. */
static int signal_foreground_group(struct pty *pty, int number, struct postern_error *error)
{
    pid_t group = tcgetpgrp((int)pty->master);

    /* 0 when there is none: to kill() that means our own group, and 1 everybody */
    if (group <= 1) {
        return error_set(error, POSTERN_E_STATE, "terminal", "tcgetpgrp", "no process is in the foreground");
    }
    if (kill(-group, number) != 0) {
        return error_os(error, errno == ESRCH ? POSTERN_E_STATE : POSTERN_E_OS, "terminal", "kill", errno,
                        "cannot signal the foreground group");
    }
    return 0;
}

int pty_signal(struct pty *pty, enum postern_signal signal, struct postern_error *error)
{
    int number = signal == POSTERN_SIGNAL_INTERRUPT ? SIGINT
                 : signal == POSTERN_SIGNAL_QUIT    ? SIGQUIT
                 : signal == POSTERN_SIGNAL_HANGUP  ? SIGHUP
                                                    : 0;

    if (number == 0) {
        return error_set(error, POSTERN_E_INVALID, "terminal", "", "a terminal has no key for signal %d", (int)signal);
    }
    /* The kernel sends it to the group itself, so that no number can change hands. */
    if (number != SIGHUP && ioctl((int)pty->master, TIOCSIG, number) == 0) {
        return 0;
    }
    return signal_foreground_group(pty, number, error);
}

void pty_watch(struct pty *pty, const void *data, size_t size)
{
    (void)pty;
    (void)data;
    (void)size;
}

const char *pty_interrupt(const struct pty *pty)
{
    (void)pty;
    return "\x03"; /* the line discipline knows what to do with it */
}

const char *pty_end_of_file(void)
{
    return "\004"; /* VEOF of a fresh terminal */
}

void pty_finish(struct pty *pty)
{
    (void)pty;
}

void pty_close(struct pty *pty)
{
    if (pty == NULL) {
        return;
    }
    handle_close(&pty->slave);
    handle_close(&pty->input);
    handle_close(&pty->output);
    handle_close(&pty->master);
    free(pty);
}

/* The line discipline hands out what one page holds, less one byte. */
size_t pty_full_read(void)
{
    return 4095;
}
