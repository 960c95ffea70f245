/*
 * grants.h - from what the caller says (preset, policy, lists, limits) to the one policy a sandbox is opened with:
 * parsed, resolved, settled, clamped to the ceilings. Portable. Parent; callers: options.c, policy_check.c.
 */
#ifndef POSTERN_ELEVATED_GRANTS_H
#define POSTERN_ELEVATED_GRANTS_H

#include "elevated/resolve.h"

struct grants {
    struct policy policy;
    struct policy_cuts cuts; /* what the ceilings took away */
    char *workspace; /* where commands start: the workspace, else the policy's process.cwd; resolved; NULL: none */
};

/* `options` are complete (options_complete()), `level` is the one that will be in force, `own` what postern is started
 * from. Fills *out (freed with
 * grants_free(), also after a failure, when it holds what was found until then). */
int grants_collect(const struct postern_sandbox_options *options, enum postern_level level,
                   const struct resolve_own *own, struct grants *out, struct postern_error *error);
void grants_free(struct grants *grants);

#endif
