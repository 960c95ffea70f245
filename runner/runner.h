/*
 * runner.h - the runner's side of the connection: answers the parent, owns the sessions. Caller: runner/main.c.
 */
#ifndef POSTERN_RUNNER_RUNNER_H
#define POSTERN_RUNNER_RUNNER_H

#include "ipc/bootstrap.h"
#include "shared/log.h"
#include "shared/loop.h"

#define RUNNER_SESSIONS_MAX 4096u

struct runner;

/* Takes the channel's handle, also on failure. Wipes the key of the record once it is not needed. Confines the process
 * when the parent has proved itself, before HELLO. */
int runner_open(struct loop *loop, os_handle channel, struct bootstrap *bootstrap, struct log *log, struct runner **out,
                struct postern_error *error);

/* true once nothing is left to do: the parent is gone, or SHUTDOWN was obeyed. */
bool runner_is_over(const struct runner *runner);

/* The parent is gone: everything ends now. */
void runner_abandon(struct runner *runner);

void runner_close(struct runner *runner); /* NULL allowed */

#endif
