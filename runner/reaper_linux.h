/*
 * reaper_linux.h - the small process between the runner and one command. Caller: command_linux.c.
 *
 *     runner --control socket-- reaper ----- command ----- whatever it starts
 *
 * The reaper is a subreaper: whatever the command does, its processes stay descendants of the reaper, which can so find
 * and end them all. It is a fork of the runner that keeps nothing but the control socket; it starts the command,
 * reports over the socket, and obeys it. The end of the socket, which comes with the end of the runner, means: kill
 * them all. The command runs as the same user and can kill or stop the reaper; the runner must cope (command_linux.c).
 */
#ifndef POSTERN_RUNNER_REAPER_LINUX_H
#define POSTERN_RUNNER_REAPER_LINUX_H

#include "runner/command.h"

#include <sys/resource.h>
#include <sys/types.h>

/* Everything is borrowed for the call. */
struct reaper_spec {
    const char *program;
    const char *const *argv;
    const char *const *env;
    const char *cwd;
    os_handle in, out, err;           /* the command's ends; in may be none */
    os_handle terminal;               /* or this one alone */
    os_handle control;                /* the reaper's end of a SOCK_SEQPACKET pair */
    const struct rlimit *descriptors; /* the command's RLIMIT_NOFILE */
};

/* One packet each. Both sides are the same program, so plain structs will do. */
enum reaper_event {
    REAPER_SPAWNED = 1, /* then EXITED, then EMPTIED */
    REAPER_FAILED,      /* nothing follows */
    REAPER_EXITED,      /* `last`: EMPTIED at the same time, as with most commands */
    REAPER_EMPTIED
};
struct reaper_report {
    enum reaper_event event;
    bool last;                  /* EXITED */
    struct command_exit exit;   /* EXITED */
    struct command_usage usage; /* EMPTIED, and EXITED when it is the last */
    union {
        uint32_t pid;               /* SPAWNED */
        struct postern_error error; /* FAILED */
    } of;
};

enum reaper_order { REAPER_SIGNAL = 1, REAPER_TERMINATE, REAPER_KILL };
struct reaper_request {
    enum reaper_order order;
    int number; /* of the signal */
};

/* Forks the reaper. The caller must ignore SIGCHLD (then nothing needs to be waited for), be a subreaper, have called
 * tree_open(), and have no other threads. */
int reaper_start(const struct reaper_spec *spec, pid_t *pid, os_handle *pidfd, struct postern_error *error);

/* Private to the reaper (reaper_memory_linux.c): gives back what it has inherited of the runner's heap and buffers.
 * After this nothing may use malloc(), or memory that came from it. */
void reaper_release_memory(void);

#endif
