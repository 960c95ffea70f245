/*
 * attempts.h - the two sides of the contests: a thing done through a sandbox (ours_*), and done directly (direct_*).
 * Portable: ours use include/postern.h alone, as any program would.
 */
#ifndef POSTERN_BENCH_ATTEMPTS_H
#define POSTERN_BENCH_ATTEMPTS_H

#include "host.h"
#include "measure.h"
#include "postern.h"

extern enum postern_level ours_level; /* option --level */

/* Which command, how, and the one that is running, for attempts that keep one. */
struct ours {
    struct postern_sandbox *sandbox; /* borrowed */
    struct postern_session *session;
    const char *const *argv;
    bool tty;
    size_t bytes; /* that the command writes */
    size_t count; /* of commands at once */
};
struct direct_side {
    const char *const *argv;
    enum direct_kind kind;
    size_t bytes, count;
    struct direct running;
};

bool complain(const char *what, const struct postern_error *error); /* always false */
bool ours_open(struct postern_sandbox **out);

/* One command from its start to its end. A sample: seconds. */
bool ours_exec(void *ours, struct samples *out);
bool direct_exec(void *side, struct samples *out);

/* A command until its first byte is here; ours without a sandbox (NULL) opens one first, which counts. A sample:
 * seconds. */
bool ours_ready(void *ours, struct samples *out);
bool direct_ready(void *side, struct samples *out);

/* All output of one command, from the return of the start. A sample: bytes a second. */
bool ours_stream(void *ours, struct samples *out);
bool direct_stream(void *side, struct samples *out);

/* Round trips of one byte through a command that runs. Many samples: seconds. `begin` starts it, and waits for its 'r'
 * when it sends one. */
bool ours_echo_begin(struct ours *ours, bool greets);
bool ours_echo(void *ours, struct samples *out);
void ours_echo_end(struct ours *ours);
bool direct_echo_begin(struct direct_side *side, bool greets);
bool direct_echo(void *side, struct samples *out);

/* So many commands until all of them run. A sample: seconds. */
bool ours_many(void *ours, struct samples *out);
bool direct_many(void *side, struct samples *out);

/* Sessions that have been started and run; released again (end of stdin, waited for). Not killed: see
 * tests/integration/test_flat_win32.c. */
bool ours_start_many(struct ours *ours, struct postern_session **sessions, size_t count);
void ours_end_many(struct postern_session **sessions, size_t count);

#endif
