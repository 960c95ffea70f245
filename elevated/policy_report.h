/*
 * policy_report.h - what a policy comes to on this host, as JSON: what `postern policy check` and --dry-run show and
 * postern_policy_check() returns. Parent.
 *
 * {"level", "network": "block"|"allow", "grants": [{"path", "access", "source", "said"?}], "base": "read",
 *  "unprotected": [path that is dangerous to the owner of a writable directory, but does not exist yet],
 *  "private": [path], "limits": {...}, "cuts": [{"item", "asked", "left", "because"}],
 *  "enforced": [{"capability", "mechanism", "path"?, "number"?}], "refused": null | {"code", "stage", "message",
 * "remedy"}}
 */
#ifndef POSTERN_ELEVATED_POLICY_REPORT_H
#define POSTERN_ELEVATED_POLICY_REPORT_H

#include <jansson.h>

#include "elevated/grants.h"
#include "shared/enforce.h"

/* `refused`: why there are no steps; NULL or with code 0: there are. New reference; NULL: memory is out. */
json_t *policy_report_make(const struct grants *grants, enum postern_level level, const struct enforce_steps *steps,
                           const struct postern_error *refused);

/* The same where it was refused before it was known what would be granted: all but "level" and "refused" is null. */
json_t *policy_report_refusal(enum postern_level level, const struct postern_error *refused);

/* Its "cuts" alone; a list of paths as in its "unprotected", which is emptied. New references as well. */
json_t *policy_report_cuts(const struct policy_cuts *cuts);
json_t *policy_report_paths(struct strings *paths);

#endif
