/*
 * policy_text.h - what a policy comes to, for people: printed from the JSON of postern_policy_check(), which is all
 * that is known here. Callers: policy.c, run.c (--dry-run). Parent side.
 */
#ifndef POSTERN_CLI_POLICY_TEXT_H
#define POSTERN_CLI_POLICY_TEXT_H

#include <stdbool.h>

#include "postern.h"

/* Prints what postern_policy_check() says about `options`, as text or as JSON. *granted: nothing was refused. */
int policy_text_tell(const struct postern_sandbox_options *options, bool json, bool *granted,
                     struct postern_error *error);

/* Whether the helpers that a sandbox takes are there and the right ones; POSTERN_E_RUNNER_MISSING as they would be
 * refused. */
int policy_text_check_helpers(struct postern_error *error);

#endif
