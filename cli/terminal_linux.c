/*
 * The caller's terminal on Linux; see terminal.h. Parent side.
 */
#include "cli/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "shared/error.h"

/* Written by the main thread, read by the handler of fatal signals too: `wants_raw` is set last and cleared last. */
static struct {
    struct termios before, raw;
    bool prepared; /* `before` and `raw` are known, the handlers are installed */
    volatile sig_atomic_t wants_raw;
} terminal;

/* Ends of the process that no code of ours returns from: our own faults, and signals nobody sends on purpose. (Those
 * that people do send are waited for by console_linux.c.) */
static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,  SIGTRAP,   SIGSYS,
                            SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF};
#define FATAL_COUNT (sizeof(fatal) / sizeof(fatal[0]))
static struct sigaction fatal_before[FATAL_COUNT];

bool terminal_is(enum terminal_stream stream)
{
    return isatty((int)stream) == 1;
}

bool terminal_size(uint16_t *rows, uint16_t *cols)
{
    static const int order[] = {STDOUT_FILENO, STDIN_FILENO, STDERR_FILENO};

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        struct winsize size;
        if (ioctl(order[i], TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
            *rows = size.ws_row;
            *cols = size.ws_col;
            return true;
        }
    }
    return false;
}

/* Setting the modes from there would stop us (SIGTTOU), and would be wrong. A terminal that is not our controlling one
 * knows no foreground. */
bool terminal_in_background(void)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO);

    return foreground != -1 && foreground != getpgrp();
}

/* TCSANOW: waiting for the output to drain could last for ever on a terminal that was stopped with Ctrl-S. */
static int set_modes(const struct termios *modes)
{
    int result;

    do {
        result = tcsetattr(STDIN_FILENO, TCSANOW, modes);
    } while (result != 0 && errno == EINTR);
    return result;
}

void terminal_leave_raw(void)
{
    int saved = errno;

    if (terminal.wants_raw && !terminal_in_background()) {
        set_modes(&terminal.before);
    }
    terminal.wants_raw = 0;
    errno = saved;
}

/* Puts the old action back and gives it its turn: a fault is met again when the handler returns to the instruction, a
 * signal that somebody sent has to be sent again. */
static void on_fatal(int number, siginfo_t *info, void *context)
{
    (void)context;
    terminal_leave_raw();
    for (size_t i = 0; i < FATAL_COUNT; i++) {
        if (fatal[i] == number) {
            sigaction(number, &fatal_before[i], NULL);
        }
    }
    if (info->si_code <= 0) {
        raise(number); /* held back until the handler returns */
    }
}

static int catch_fatal_signals(struct postern_error *error)
{
    struct sigaction action = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO};

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < FATAL_COUNT; i++) {
        if (sigaction(fatal[i], NULL, &fatal_before[i]) == 0 && fatal_before[i].sa_handler == SIG_IGN) {
            continue;
        }
        if (sigaction(fatal[i], &action, NULL) != 0) {
            return error_os(error, POSTERN_E_OS, "terminal", "sigaction", errno, "no handler for signal %d", fatal[i]);
        }
    }
    return 0;
}

static int prepare(struct postern_error *error)
{
    int result;

    if (tcgetattr(STDIN_FILENO, &terminal.before) != 0) {
        return error_os(error, POSTERN_E_OS, "terminal", "tcgetattr", errno, "standard input is no usable terminal");
    }
    terminal.raw = terminal.before;
    cfmakeraw(&terminal.raw);
    if (atexit(terminal_leave_raw) != 0) {
        return error_memory(error, "terminal");
    }
    result = catch_fatal_signals(error);
    terminal.prepared = result == 0;
    return result;
}

int terminal_enter_raw(struct postern_error *error)
{
    if (!terminal.prepared) {
        int result = prepare(error);
        if (result != 0) {
            return result;
        }
    }
    terminal.wants_raw = 1;
    if (!terminal_in_background() && set_modes(&terminal.raw) != 0) {
        int os_error = errno;
        terminal_leave_raw();
        return error_os(error, POSTERN_E_OS, "terminal", "tcsetattr", os_error,
                        "the terminal cannot be set to raw mode");
    }
    return 0;
}

bool terminal_wants_raw(void)
{
    return terminal.wants_raw != 0;
}

/* Terminals are told nothing here, and a command's own modes are its own to end. */
void terminal_enter_output(void)
{
}

void terminal_watch_output(const void *data, size_t size)
{
    (void)data;
    (void)size;
}
