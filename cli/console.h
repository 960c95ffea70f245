/*
 * console.h - the caller's standard streams, its signals and the sandbox handle, waited for together.
 * console_linux.c, console_win32.c. Caller: relay.c. Parent side.
 *
 * While a console is open the signals that would end postern do not; they are told by console_wait(). One console at a
 * time, used by the thread that opened it.
 */
#ifndef POSTERN_CLI_CONSOLE_H
#define POSTERN_CLI_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct postern_error;
struct console;

enum console_output { CONSOLE_STDOUT = 0, CONSOLE_STDERR = 1 };

/* Bits for console_wait(). The first three are waited for on request, the others always. */
enum {
    CONSOLE_IN_READABLE = 1,
    CONSOLE_OUT_WRITABLE = 2, /* also when a write would fail at once */
    CONSOLE_ERR_WRITABLE = 4,
    CONSOLE_RESIZED = 8,
    CONSOLE_SIGNALLED = 16 /* console_next_signal() has some */
};

/* By their numbers on Linux, which is what exit statuses are made of; Windows has its console events mapped to them. */
enum console_signal {
    CONSOLE_SIGNAL_NONE = 0,
    CONSOLE_SIGNAL_HANGUP = 1,
    CONSOLE_SIGNAL_INTERRUPT = 2,
    CONSOLE_SIGNAL_QUIT = 3,
    CONSOLE_SIGNAL_TERMINATE = 15
};
#define CONSOLE_SIGNAL_PIPE 13 /* what a closed output would have sent the command */

int console_open(struct console **out, struct postern_error *error);

/* Leaves raw mode and gives signals their former effect. Output not yet flushed is lost. NULL allowed. */
void console_close(struct console *console);

/* Waits for what `interest` names, for resizes and signals, for the sandbox handle, at most `timeout` ms (-1: for
 * ever). *happened: what did; the sandbox handle is not in it, dispatching is cheap. While raw mode is wanted, being
 * stopped and continued is handled inside: the terminal is given back and taken again. */
int console_wait(struct console *console, intptr_t sandbox, unsigned interest, int timeout, unsigned *happened,
                 struct postern_error *error);

/* The next signal that came, each once; NONE when there is no further one. */
enum console_signal console_next_signal(struct console *console);

/* Never blocks. 0 with *got == 0: end of file. POSTERN_E_WOULD_BLOCK: nothing is there (the error is not filled). */
int console_read(struct console *console, void *data, size_t size, size_t *got, struct postern_error *error);

/* Tells whoever feeds our stdin that nobody reads any more. */
void console_close_input(struct console *console);

/* Writes what can be written without blocking. POSTERN_E_WOULD_BLOCK: nothing of it; POSTERN_E_CLOSED: nobody reads
 * any more (for both the error is not filled). */
int console_write(struct console *console, enum console_output output, const void *data, size_t size, size_t *written,
                  struct postern_error *error);

/* 0 once everything taken by console_write() has really been written; else as console_write(). */
int console_flush(struct console *console, enum console_output output, struct postern_error *error);

/* Name of a signal that ended a command, "SIGKILL"; "SIG99" for what has none. */
void console_signal_name(int number, char *name, size_t size);

#endif
