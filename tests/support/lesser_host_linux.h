/*
 * lesser_host_linux.h - hosts that grant less than this one, made in a process of their own.
 */
#ifndef POSTERN_TESTS_LESSER_HOST_LINUX_H
#define POSTERN_TESTS_LESSER_HOST_LINUX_H

#include <stdbool.h>
#include <sys/types.h>

/* A process of its own for a part of a test, as fork(2). In it a failed assertion does not go back to the runner of the
 * tests, which would go on with the others there; it ends with _exit(0) if all is well. */
pid_t lesser_host_fork(void);

/* If root calls: becomes another user, without groups, as programs of such a user are. */
bool lesser_host_change_user(uid_t uid);

/* Like many containers: no user namespaces, for this process and its children. */
bool lesser_host_refuse_namespaces(void);

/* As in a container, where parts of /proc are covered: the kernel then grants no new one. Needs root. */
bool lesser_host_cover_proc(void);

#endif
