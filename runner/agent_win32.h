/*
 * agent_win32.h - Ctrl-C, Ctrl-Break and (on Wine) a new size for the console of a command, by way of a short-lived
 * process that attaches to it: see trampoline_win32.h. Private to runner/command_win32.c.
 */
#ifndef POSTERN_RUNNER_AGENT_WIN32_H
#define POSTERN_RUNNER_AGENT_WIN32_H

#include "shared/loop.h"
#include "shared/process.h"

#define AGENTS_MAX 4

struct agents;

/* One for each command. NULL: memory is out. */
struct agents *agents_create(struct loop *loop);
void agents_free(struct agents *agents); /* ends those that still run; NULL allowed */

/* Start and return. Whether it worked is not known: a program without a console cannot be reached, and nothing can be
 * done about it. POSTERN_E_LIMIT while AGENTS_MAX of them are still at work. */
int agents_signal(struct agents *agents, uint32_t pid, enum postern_signal signal, struct postern_error *error);

/* Sizes that come while one is being set are passed over for the last of them. */
int agents_resize(struct agents *agents, uint32_t pid, uint16_t rows, uint16_t cols, struct postern_error *error);

#endif
