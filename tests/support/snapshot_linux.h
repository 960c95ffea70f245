/*
 * snapshot_linux.h - all that a sandbox could leave behind on the host, as lines of text: taken before and after, and
 * compared. Meant for a process that is alone in namespaces of its own (snapshot_isolate()), where everything there is
 * is the test's doing.
 */
#ifndef POSTERN_TESTS_SUPPORT_SNAPSHOT_LINUX_H
#define POSTERN_TESTS_SUPPORT_SNAPSHOT_LINUX_H

#include <stdbool.h>

#include "shared/strings.h"

/* Runs `body` in new mount, pid and IPC namespaces, with fresh /tmp, /var/tmp, /run and /dev/shm, beneath an init that
 * collects orphans. Returns what `body` did; -1 where there can be no such namespaces, for which one has to be root. */
int snapshot_isolate(int (*body)(void));

/* Mounts, processes, namespaces in use, System V objects, locks of sandbox users, control groups named postern-*, keys
 * of sandbox users, our own descriptors, account files, and every entry of `directories` (NULL-terminated) and of the
 * fresh places with type, owner, mode, size and extended attributes. */
void snapshot_take(const char *const *directories, struct strings *out);

/* Takes another until it equals `before`, for at most a while; what was killed needs a moment to be gone. Fails the
 * test with the lines that came and went; `when` says what had been done. */
void snapshot_expect(const char *const *directories, struct strings *before, const char *when);

#endif
