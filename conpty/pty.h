/*
 * pty.h - a pseudo terminal: ConPTY (pty_win32.c) or a Unix pty (pty_linux.c). Caller: the runner.
 *
 * Order of calls: open, child_end -> process_spawn(.terminal), child_started, take the streams, ..., close.
 */
#ifndef POSTERN_CONPTY_PTY_H
#define POSTERN_CONPTY_PTY_H

#include "shared/error.h"
#include "shared/handle.h"

struct pty;

int pty_open(uint16_t rows, uint16_t cols, struct pty **out, struct postern_error *error);

/* Our ends, fit for loop_stream_open(); ownership passes to the caller. Linux: two descriptors of the master. */
os_handle pty_take_input(struct pty *pty);
os_handle pty_take_output(struct pty *pty);

/* What process_spec.terminal takes: slave descriptor / HPCON. Borrowed. */
os_handle pty_child_end(struct pty *pty);

/* To be called once the child has been started (or could not be): Linux closes the slave, so that end of file comes
 * when the last process has closed it; Windows releases the pseudo console where that exists. */
void pty_child_started(struct pty *pty);

/* A read of this many bytes says that the terminal has more: it gives no more at once however much there is. 0: its
 * reads say nothing of the kind. */
size_t pty_full_read(void);

/* POSTERN_E_UNSUPPORTED where the system cannot (Wine 8). */
int pty_resize(struct pty *pty, uint16_t rows, uint16_t cols, struct postern_error *error);

/* Sends the foreground group what the terminal would send for a key: INTERRUPT, QUIT, or HANGUP. */
int pty_signal(struct pty *pty, enum postern_signal signal, struct postern_error *error);

/* The terminal's output as it was read, in order: a console asks in it for the form in which keys are to be told. */
void pty_watch(struct pty *pty, const void *data, size_t size);

/* What has to be typed for Ctrl-C. Static. */
const char *pty_interrupt(const struct pty *pty);

/* What has to be typed to end the input of a program that reads lines: ^D; ^Z and Enter on Windows. Static. */
const char *pty_end_of_file(void);

/* Windows: asks the console host to end, from a thread of its own, so that the caller goes on draining the output,
 * whose end of file then comes. Must be called once the command has ended. Linux: nothing to do. */
void pty_finish(struct pty *pty);

/* Never blocks on the console host: the output stream must have been closed or have reached its end. NULL allowed. */
void pty_close(struct pty *pty);

#endif
