/*
 * orphans_linux.c - see the header. Runs in the runner.
 */
#include "runner/orphans_linux.h"

#include "runner/tree_linux.h"

#include <stdlib.h>
#include <unistd.h>

static struct orphans_reaper *reapers;
static size_t reaper_count;

void orphans_add_reaper(struct orphans_reaper *reaper, pid_t pid)
{
    reaper->pid = pid;
    reaper->previous = NULL;
    reaper->next = reapers;
    if (reapers != NULL) {
        reapers->previous = reaper;
    }
    reapers = reaper;
    reaper_count++;
}

void orphans_remove_reaper(struct orphans_reaper *reaper)
{
    if (reaper->pid == 0) {
        return;
    }
    if (reaper->previous != NULL) {
        reaper->previous->next = reaper->next;
    } else {
        reapers = reaper->next;
    }
    if (reaper->next != NULL) {
        reaper->next->previous = reaper->previous;
    }
    reaper->pid = 0;
    reaper_count--;
}

size_t orphans_count_reapers(void)
{
    return reaper_count;
}

bool orphans_sweep(void)
{
    struct tree_count count;
    pid_t *spared = calloc(reaper_count + 1, sizeof(*spared));
    size_t spared_count = 0;
    bool done;

    if (spared == NULL) {
        return false;
    }
    for (const struct orphans_reaper *reaper = reapers; reaper != NULL; reaper = reaper->next) {
        spared[spared_count++] = reaper->pid;
    }
    done = tree_kill(getpid(), spared, spared_count, &count) && count.found == 0;
    free(spared);
    return done;
}

bool orphans_reaper_stopped(const struct orphans_reaper *reaper)
{
    char state = reaper->pid != 0 ? tree_state(reaper->pid) : '\0';

    return state == 'T' || state == 't';
}
