/*
 * acl.h - the part of a plan that stands in access lists of files: putting it there for one sandbox, and taking exactly
 * that away again. acl_win32.c; what goes where is decided by acl_plan.c. Parent; caller: launch_win32.c.
 *
 * Before anything is changed it is in a record of this sandbox's own (acl_restore.h), in a file that is locked as long
 * as the sandbox lives. Whoever opens the next one finishes first what dead ones have left (acl_recover()). Entries
 * bear SIDs that no other living sandbox has, so concurrent ones do not take each other's rights away. All that bears
 * them is taken to be the sandbox's, at its paths: so nobody else should give rights to the accounts of `postern
 * setup`.
 *
 * Directories are walked by handles, never through a link; a volume without access lists, and one on another machine,
 * is refused.
 */
#ifndef POSTERN_ELEVATED_ACL_H
#define POSTERN_ELEVATED_ACL_H

#include "elevated/acl_apply.h"

struct acl_grant;

/* Executes the ENFORCE_*ENTRY steps of a plan; with `temp`, makes an empty directory for the sandbox's temporary files
 * beneath it, which only the caller, administrators and the SIDs can enter. The SIDs' text is not kept. On failure
 * nothing is left, or it is in the record. POSTERN_E_CONFINE; POSTERN_E_POLICY (a file system without access lists; a
 * share; more than ACL_OBJECTS_MAX objects: the path, and what to do); POSTERN_E_STATE: the account has
 * another sandbox, or what one has left is just being taken back: another account, or once more. */
#define ACL_OBJECTS_MAX 1000000u
int acl_open(const struct enforce_steps *steps, const struct acl_sids *sids, const char *temp, struct acl_grant **out,
             struct postern_error *error);

const char *acl_temp(const struct acl_grant *grant); /* the directory; NULL: none was asked for */

/* For the log. */
struct acl_outcome {
    struct acl_counts counts;
    size_t left_out; /* paths to be read whose lists we may not change: they stay as readable as they are */
    bool nul_closed; /* an app container's commands can't write to NUL, which takes an administrator to change */
};
const struct acl_outcome *acl_tell(const struct acl_grant *grant);

/* Writes down another change to the host, of a kind in acl_kinds_win32.c, that is about to be made for the sandbox: it
 * is taken back with the rest. Nothing may be changed unless this says 0. */
int acl_note(struct acl_grant *grant, const char *kind, const char *name, struct postern_error *error);

/* Makes the profile of the sandbox's app container, whose SID the entries bear; it is taken back with the rest.
 * POSTERN_E_CONFINE. */
int acl_make_profile(struct acl_grant *grant, const char *name, const char *sid, struct postern_error *error);

/* Once no process of the sandbox is left: takes all of it away. What can't be is told in `error` and stays in the
 * record. Frees in any case. NULL allowed. */
int acl_close(struct acl_grant *grant, struct postern_error *error);

/* Finishes what sandboxes have left whose parent is gone; called by acl_open(). Also for `postern doctor`: *left is the
 * number of records that could not be finished, and the error tells of the first of them. */
int acl_recover(size_t *left, struct postern_error *error);

#endif
