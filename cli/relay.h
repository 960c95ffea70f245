/*
 * relay.h - one session between its start and its end: the caller's stdin, terminal size and signals go to the
 * command, its output comes back. Callers: run.c, shell.c. Parent side; the command's bytes are passed on unread.
 *
 * Memory is bounded: output stays in the session's window until our own reader takes it (which holds the command
 * back), input is read only when the command takes it.
 *
 * Signals: SIGINT and SIGQUIT are passed on; a second one, SIGTERM or SIGHUP ask the whole tree to end; one more kills
 * it; a further one ends the relay at once.
 */
#ifndef POSTERN_CLI_RELAY_H
#define POSTERN_CLI_RELAY_H

#include "postern.h"
#include "shared/collector.h"

struct relay_spec {
    struct postern_sandbox *sandbox;
    const struct postern_command *command;
    bool forward_input;        /* read our stdin; else the command gets none */
    bool raw;                  /* the terminal goes raw. Sizes are passed on to every command on a tty */
    struct collector *keep[2]; /* by enum postern_stream; NULL: to our stdout, stderr */
};

struct relay_end {
    struct postern_result result; /* meaningful when signal == 0 */
    int signal; /* not 0: postern ends as by this signal: our reader went away, or we were told to end while nothing
                   but our reader was waited for */
};

/* Starts the command and stays until the session is over and its output delivered. The terminal is as it was when
 * this returns. Errors: the command could not be started, the runner died, our own streams failed; the command has
 * been ended in each case. */
int relay_run(const struct relay_spec *spec, struct relay_end *end, struct postern_error *error);

#endif
