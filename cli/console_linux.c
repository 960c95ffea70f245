/*
 * The caller's standard streams and signals on Linux; see console.h. Parent side, called by the relay.
 */
#include "cli/console.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "shared/error.h"

#define STAGE "console"
#define STREAMS 3

/* How a stream is kept from blocking us. */
enum stream_kind {
    STREAM_FREE,   /* descriptor of our own, non-blocking; or a file, which never waits for anybody */
    STREAM_SOCKET, /* per call: MSG_DONTWAIT */
    STREAM_CAREFUL /* shared and blocking: asked first, then no more than surely fits */
};

struct stream {
    int fd;
    bool own;
    bool terminal;
    enum stream_kind kind;
};

struct console {
    struct stream stream[STREAMS]; /* by descriptor number */
    int signals;                   /* signalfd */
    sigset_t watched, mask_before;
    unsigned pours; /* bit n: signal n came */
    bool resized;
};

static const char *const stream_names[STREAMS] = {"standard input", "standard output", "standard error"};

/*
 * O_NONBLOCK belongs to the open file, which the caller and others share: setting it would surprise them. So pipes and
 * terminals are opened anew through /proc, which gives an open file of our own. Where that is not allowed (a pipe made
 * by another user) the shared one is used carefully. Nothing else is opened: that could have side effects.
 */
static void stream_open(struct stream *stream, int fd)
{
    struct stat status;
    char path[32];
    int flags = (fd == 0 ? O_RDONLY : O_WRONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, opened;

    stream->fd = fd;
    stream->terminal = isatty(fd) == 1;
    if (fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode)) {
        stream->kind = STREAM_SOCKET;
    }
    if (!stream->terminal && (fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode))) {
        return;
    }
    stream->kind = STREAM_CAREFUL;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    opened = open(path, flags);
    if (opened >= 0) {
        stream->fd = opened;
        stream->own = true;
        stream->kind = STREAM_FREE;
    }
}

static void stream_close(struct stream *stream)
{
    if (stream->own) {
        close(stream->fd);
    }
    stream->own = false;
    stream->fd = -1;
}

/* ---- signals ------------------------------------------------------------------------------------------------ */

/* What was ignored when we were started (nohup, a background job of a plain shell) stays so; blocked, it would be
 * delivered all the same. */
static int watch_signals(struct console *console, struct postern_error *error)
{
    static const int ours[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};

    sigemptyset(&console->watched);
    sigaddset(&console->watched, SIGWINCH);
    sigaddset(&console->watched, SIGCONT);
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        struct sigaction action;
        if (sigaction(ours[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
            sigaddset(&console->watched, ours[i]);
        }
    }
    console->signals = signalfd(-1, &console->watched, SFD_NONBLOCK | SFD_CLOEXEC);
    if (console->signals < 0) {
        return error_os(error, POSTERN_E_OS, STAGE, "signalfd", errno, "signals cannot be waited for");
    }
    if (sigprocmask(SIG_BLOCK, &console->watched, &console->mask_before) != 0) {
        int os_error = errno;
        close(console->signals);
        console->signals = -1;
        return error_os(error, POSTERN_E_OS, STAGE, "sigprocmask", os_error, "signals cannot be held");
    }
    return 0;
}

/* Ctrl-Z typed at a raw terminal goes to the command; this one was sent to us by name, or typed while the terminal is
 * not raw. Letting SIGTSTP in, and not raising SIGSTOP, leaves it to the system not to stop what nobody could continue
 * (an orphaned process group). */
static void stop_self(void)
{
    bool raw = terminal_wants_raw();
    sigset_t stop;

    terminal_leave_raw();
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop, NULL); /* stops here */
    sigprocmask(SIG_BLOCK, &stop, NULL);
    if (raw) {
        terminal_enter_raw(NULL);
    }
}

static void take_signals(struct console *console)
{
    struct signalfd_siginfo info;

    while (read(console->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        switch (info.ssi_signo) {
        case SIGTSTP:
            stop_self();
            break;
        case SIGCONT:
            if (terminal_wants_raw()) { /* the shell has changed the modes meanwhile */
                terminal_enter_raw(NULL);
            }
            console->resized = true;
            break;
        case SIGWINCH:
            console->resized = true;
            break;
        default:
            console->pours |= 1u << info.ssi_signo;
            break;
        }
    }
}

enum console_signal console_next_signal(struct console *console)
{
    static const enum console_signal order[] = {CONSOLE_SIGNAL_INTERRUPT, CONSOLE_SIGNAL_QUIT, CONSOLE_SIGNAL_TERMINATE,
                                                CONSOLE_SIGNAL_HANGUP};

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        unsigned bit = 1u << order[i];
        if (console->pours & bit) {
            console->pours &= ~bit;
            return order[i];
        }
    }
    return CONSOLE_SIGNAL_NONE;
}

/* ---- life --------------------------------------------------------------------------------------------------- */

int console_open(struct console **out, struct postern_error *error)
{
    struct console *console = calloc(1, sizeof(*console));
    int result;

    if (console == NULL) {
        return error_memory(error, STAGE);
    }
    console->signals = -1;
    result = watch_signals(console, error);
    if (result != 0) {
        free(console);
        return result;
    }
    for (int fd = 0; fd < STREAMS; fd++) {
        stream_open(&console->stream[fd], fd);
    }
    *out = console;
    return 0;
}

void console_close(struct console *console)
{
    if (console == NULL) {
        return;
    }
    terminal_leave_raw();
    for (int fd = 0; fd < STREAMS; fd++) {
        stream_close(&console->stream[fd]);
    }
    close(console->signals);
    sigprocmask(SIG_SETMASK, &console->mask_before, NULL);
    free(console);
}

/* ---- waiting ------------------------------------------------------------------------------------------------ */

/* A descriptor that is not waited for must not be in the list at all: its hang-up would be reported all the same and
 * the wait would never rest. */
static struct pollfd entry(int fd, bool wanted, short events)
{
    struct pollfd one = {.fd = wanted ? fd : -1, .events = events};

    return one;
}

/* In the background the keys are for others, and reading them would stop us. SIGCONT tells when that changes. */
static bool may_read(const struct console *console)
{
    return !console->stream[0].terminal || !terminal_in_background();
}

int console_wait(struct console *console, intptr_t sandbox, unsigned interest, int timeout, unsigned *happened,
                 struct postern_error *error)
{
    struct pollfd list[] = {
        entry(console->stream[0].fd, (interest & CONSOLE_IN_READABLE) && may_read(console), POLLIN),
        entry(console->stream[1].fd, interest & CONSOLE_OUT_WRITABLE, POLLOUT),
        entry(console->stream[2].fd, interest & CONSOLE_ERR_WRITABLE, POLLOUT),
        entry(console->signals, true, POLLIN),
        entry((int)sandbox, sandbox >= 0, POLLIN),
    };
    static const unsigned bits[STREAMS] = {CONSOLE_IN_READABLE, CONSOLE_OUT_WRITABLE, CONSOLE_ERR_WRITABLE};

    *happened = 0;
    if (poll(list, sizeof(list) / sizeof(list[0]), timeout) < 0) {
        if (errno == EINTR || errno == EAGAIN) {
            return 0;
        }
        return error_os(error, POSTERN_E_OS, STAGE, "poll", errno, "the streams cannot be waited for");
    }
    if (list[3].revents != 0) {
        take_signals(console);
    }
    for (int i = 0; i < STREAMS; i++) {
        if (list[i].revents != 0) {
            *happened |= bits[i];
        }
    }
    if (console->pours != 0) {
        *happened |= CONSOLE_SIGNALLED;
    }
    if (console->resized) {
        console->resized = false;
        *happened |= CONSOLE_RESIZED;
    }
    return 0;
}

/* ---- streams ------------------------------------------------------------------------------------------------ */

int console_read(struct console *console, void *data, size_t size, size_t *got, struct postern_error *error)
{
    struct stream *stream = &console->stream[0];
    ssize_t count;

    *got = 0;
    if (stream->fd < 0) {
        return 0;
    }
    do {
        count =
            stream->kind == STREAM_SOCKET ? recv(stream->fd, data, size, MSG_DONTWAIT) : read(stream->fd, data, size);
    } while (count < 0 && errno == EINTR);
    if (count >= 0) {
        *got = (size_t)count;
        return 0;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return POSTERN_E_WOULD_BLOCK;
    }
    if (errno == EIO && stream->terminal) {
        return 0; /* hung up, or we are in the background and orphaned */
    }
    return error_os(error, POSTERN_E_OS, STAGE, "read", errno, "%s cannot be read", stream_names[0]);
}

void console_close_input(struct console *console)
{
    int null;

    if (console->stream[0].fd < 0 || console->stream[0].terminal) {
        return;
    }
    stream_close(&console->stream[0]);
    null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0) { /* descriptor 0 must stay taken, see arguments_linux.c */
        dup2(null, STDIN_FILENO);
        close(null);
    }
}

/* What one write may be given: a shared pipe that polls writable takes PIPE_BUF bytes without blocking, a terminal at
 * least this much. */
static size_t write_limit(const struct stream *stream, size_t size)
{
    size_t limit = stream->kind != STREAM_CAREFUL ? size : stream->terminal ? 256 : PIPE_BUF;

    return size < limit ? size : limit;
}

static bool ready(const struct stream *stream)
{
    struct pollfd one = {.fd = stream->fd, .events = POLLOUT};

    return stream->kind != STREAM_CAREFUL || poll(&one, 1, 0) != 0;
}

int console_write(struct console *console, enum console_output output, const void *data, size_t size, size_t *written,
                  struct postern_error *error)
{
    struct stream *stream = &console->stream[1 + output];
    size_t limit = write_limit(stream, size);
    ssize_t count;

    *written = 0;
    if (!ready(stream)) {
        return POSTERN_E_WOULD_BLOCK;
    }
    do {
        count = stream->kind == STREAM_SOCKET ? send(stream->fd, data, limit, MSG_DONTWAIT | MSG_NOSIGNAL)
                                              : write(stream->fd, data, limit);
    } while (count < 0 && errno == EINTR);
    if (count >= 0) {
        *written = (size_t)count;
        return 0;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return POSTERN_E_WOULD_BLOCK;
    }
    if (errno == EPIPE || errno == ECONNRESET || (errno == EIO && stream->terminal)) {
        return POSTERN_E_CLOSED;
    }
    return error_os(error, POSTERN_E_OS, STAGE, "write", errno, "%s cannot be written", stream_names[1 + output]);
}

int console_flush(struct console *console, enum console_output output, struct postern_error *error)
{
    (void)console;
    (void)output;
    (void)error;
    return 0; /* what console_write() takes is written */
}

void console_signal_name(int number, char *name, size_t size)
{
    const char *known = sigabbrev_np(number);

    if (known != NULL) {
        snprintf(name, size, "SIG%s", known);
    } else {
        snprintf(name, size, "SIG%d", number);
    }
}
