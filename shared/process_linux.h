/*
 * process_linux.h - what a spawn can do on Linux beyond process.h. Callers: elevated/launch_linux.c, the reaper.
 */
#ifndef POSTERN_SHARED_PROCESS_LINUX_H
#define POSTERN_SHARED_PROCESS_LINUX_H

#include "shared/process.h"

#include <sys/resource.h>

struct process_limit {
    int resource; /* RLIMIT_* */
    struct rlimit value;
};

struct process_linux_options {
    unsigned long namespaces; /* CLONE_NEW* flags: the child is born in new ones */
    bool map_self;            /* with CLONE_NEWUSER: map the caller's own uid and gid (setgroups denied first) and keep
                                 the namespace's capabilities across the exec as ambient ones */
    const int *signals;       /* NULL: every signal is put back to its default in the child. Else only these, up to a 0:
                                 for a caller that knows that no other has been changed; it saves sixty calls */
    const struct process_limit *limits; /* set in the child only */
    size_t limit_count;
};

int process_spawn_linux(const struct process_spec *spec, const struct process_linux_options *options,
                        struct process *out, struct postern_error *error);

/* For a process that has just been forked: moves source[i] to descriptor i, for all `count` of them, without the
 * close-on-exec flag, and closes every other descriptor. Any order and any repetition will do. Overwrites source[].
 * Async-signal-safe. Returns NULL, or the call that failed with errno set; unless that is "fcntl" the descriptors
 * are in disorder then. */
const char *process_arrange_descriptors(int *source, size_t count);

#endif
