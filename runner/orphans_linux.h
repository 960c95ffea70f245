/*
 * orphans_linux.h - what is left when a hostile command has killed its reaper: its processes have become children of
 * the runner, which is a subreaper too. Caller: command_linux.c.
 *
 * The runner has no children but reapers, so every other child is such an orphan; nobody can tell whose, and nobody
 * needs to.
 */
#ifndef POSTERN_RUNNER_ORPHANS_LINUX_H
#define POSTERN_RUNNER_ORPHANS_LINUX_H

#include <stdbool.h>
#include <sys/types.h>

/* A living reaper; part of its command. One list per process, as there is one set of children. */
struct orphans_reaper {
    pid_t pid;
    struct orphans_reaper *next, *previous; /* private */
};
void orphans_add_reaper(struct orphans_reaper *reaper, pid_t pid);
void orphans_remove_reaper(struct orphans_reaper *reaper); /* also when it is not in the list */
size_t orphans_count_reapers(void);

/* Kills all orphans and their descendants that can be found now. true: none was found, apart from those that may not be
 * signalled. Believe it when it has been said ORPHANS_SURE times in a row, with a pause in between. */
#define ORPHANS_SURE 5
bool orphans_sweep(void);

/* Whether somebody has stopped the reaper, who cannot defend itself against that. */
bool orphans_reaper_stopped(const struct orphans_reaper *reaper);

#endif
