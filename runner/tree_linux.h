/*
 * tree_linux.h - finding and signalling the descendants of a process by looking through /proc. Callers: the reaper for
 * its command, the runner for what a dead reaper has left behind. Runs inside the sandbox, against hostile processes.
 *
 * Without a pid namespace there is no call that ends "everything below this process". Whatever a descendant does, with
 * setsid(), double forks or CLONE_PARENT, its chain of parents leads to the next living subreaper above it; so the
 * chains are followed. All but tree_open() may be called in a forked
 * process: nothing here uses malloc().
 */
#ifndef POSTERN_RUNNER_TREE_LINUX_H
#define POSTERN_RUNNER_TREE_LINUX_H

#include "shared/error.h"
#include "shared/handle.h"

#include <sys/types.h>

/* Opens /proc for this process, once; later calls find it open. POSTERN_E_CONFINE when it is missing, is that of
 * another pid namespace, or hides processes: nothing may be started that could not be ended. */
int tree_open(struct postern_error *error);

/* The open directory, for a forked process, and what that calls once it has moved it. */
os_handle tree_handle(void);
void tree_adopt(os_handle handle);

/* What a walk has met. */
struct tree_count {
    size_t found;   /* descendants, those that ended before the signal reached them included */
    size_t refused; /* that we may not signal (another user's: a setuid program at level none); not in `found` */
};

/* Each descendant of `ancestor`, except the `spared_count` processes spared[] and what descends from these, is stopped,
 * again and again until none runs, so that none can fork on; then all are killed. One try: the caller repeats it until
 * none is found, and once more: the look is not at one moment, and a process can slip through. false: /proc could not
 * be read. */
bool tree_kill(pid_t ancestor, const pid_t *spared, size_t spared_count, struct tree_count *count);

/* Asks all descendants to end: SIGTERM, then SIGCONT for those that are stopped. */
void tree_terminate(pid_t ancestor);

/* The state letter of a process, 0 when there is none. */
char tree_state(pid_t pid);

#endif
