/*
 * terminal.h - the caller's terminal: is there one, how large is it, raw mode and back.
 * terminal_linux.c, terminal_win32.c. Callers: run.c, relay.c, console_*.c. Parent side.
 *
 * A process has one terminal, and it must be put back by whatever ends the process: normal return, exit(), a signal
 * that is waited for, a crash. So the state is the module's own, and leaving may be done twice.
 */
#ifndef POSTERN_CLI_TERMINAL_H
#define POSTERN_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct postern_error;

enum terminal_stream { TERMINAL_STDIN = 0, TERMINAL_STDOUT = 1, TERMINAL_STDERR = 2 };

bool terminal_is(enum terminal_stream stream);

/* Of the terminal that stdout, stdin or stderr is. false: none is, or it does not know. */
bool terminal_size(uint16_t *rows, uint16_t *cols);

/* stdin is a terminal that at present belongs to another job of the shell. */
bool terminal_in_background(void);

/* Passes every key on as bytes, unchanged and without echo, from now until terminal_leave_raw(). stdin must be a
 * terminal. Called again it renews the mode, which the shell resets when we were stopped. A process in the background
 * leaves the terminal alone: it belongs to someone else then. */
int terminal_enter_raw(struct postern_error *error);
bool terminal_wants_raw(void); /* between enter and leave */

/* What follows on stdout is the output of a command's terminal: UTF-8 with escape sequences. Windows consoles have to
 * be told, until terminal_leave_raw(); nothing where stdout is none. */
void terminal_enter_output(void);

/* Ends both modes; does nothing when there is none. On Windows called from the threads of console events, too. */
void terminal_leave_raw(void);

/* Output of a command's terminal before it is written: what it turns on in the caller's is turned off when leaving. */
void terminal_watch_output(const void *data, size_t size);

#endif
