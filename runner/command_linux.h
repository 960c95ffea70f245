/*
 * command_linux.h - the two halves of a command on Linux: command_start_linux.c, command_linux.c. Private to them.
 */
#ifndef POSTERN_RUNNER_COMMAND_LINUX_H
#define POSTERN_RUNNER_COMMAND_LINUX_H

#include "conpty/pty.h"
#include "runner/command.h"
#include "runner/orphans_linux.h"
#include "runner/reaper_linux.h"

enum command_state { COMMAND_STARTING, COMMAND_RUNNING, COMMAND_EXITED, COMMAND_EMPTY, COMMAND_FAILED };

struct command {
    struct loop *loop;
    struct command_callbacks callbacks;
    void *context;
    enum command_state state;
    struct command_streams streams;
    struct pty *pty;
    struct loop_stream *control; /* the runner's end of the socket to the reaper */
    struct reaper_report report; /* being read */
    struct orphans_reaper reaper;
    os_handle pidfd; /* of the reaper */
    struct loop_wait *wait;
    bool reaper_gone, control_ended; /* its end shows in two ways */
    bool told;                       /* to kill */
    bool lost;                       /* ended before its time: its processes are being swept up */
    bool ending;                     /* the end has come with the exit, and is told next */
    struct command_usage usage;      /* ... with this */
    struct loop_timer timer;         /* of whatever is waited for: start, kill, the next sweep, the end to be told */
    uint64_t since_us;               /* ... and since when */
    unsigned clean_sweeps;           /* in a row */
};

/* To be called once the reaper has been forked: from here on its reports and its end are seen. */
int command_watch_reaper(struct command *command, struct postern_error *error);

#endif
