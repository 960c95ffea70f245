/*
 * capabilities.h - what this host can do for this caller: found by looking and, where only trying tells, by a child
 * that tries and is gone. Changes nothing, needs no privilege. capabilities_linux.c, capabilities_win32.c. Parent;
 * callers: launch_*.c, policy_check.c, probe.c.
 */
#ifndef POSTERN_ELEVATED_CAPABILITIES_H
#define POSTERN_ELEVATED_CAPABILITIES_H

#include "shared/enforce.h"

struct capabilities {
    struct enforce_host host;
    struct enforce_place place[16]; /* what host.place points to; their paths are in `owned` */
    struct strings device, owned;
    struct postern_error missing; /* why the host gives less than the best of this level; code 0: it gives it */
};

/* What a sandbox at `level` would have. Level restricted: of its grades the one that a trial shows to work.
 * POSTERN_E_LEVEL when the level cannot be had. Freed with capabilities_free(), also after a failure. */
int capabilities_find(enum postern_level level, struct capabilities *out, struct postern_error *error);
void capabilities_free(struct capabilities *capabilities);

#endif
