/*
 * acl_apply.h - putting the entries of a plan onto the objects that are there, and taking all of a sandbox's entries
 * away again. Portable, over the operations of acl_walk.h. Parent; callers: acl_win32.c, acl_restore.c.
 *
 * An entry is put on a path itself, and for a `tree` step on all that is beneath it: as if inherited, since the system
 * does not pass on to what exists when a list is set by handle. What is made later inherits by itself.
 *  - Lists that are protected stay so; they get the entry as their own.
 *  - A directory that passes nothing on (to files, to directories) gets nothing to pass on either: new ones in it would
 *    otherwise have our entry alone, instead of what their maker's token says.
 *  - A file that is in several directories is granted reading only: the other names may lead outside.
 *  - What has no list (NULL) is left alone; in a denied directory that is an error. So is whatever we have no right to
 *    there; where only grants are lost, it is left out.
 *  - Afterwards every list is as it was, byte by byte, and none has an entry that bears one of the SIDs: also what was
 *    made meanwhile, and what was moved within the path.
 */
#ifndef POSTERN_ELEVATED_ACL_APPLY_H
#define POSTERN_ELEVATED_ACL_APPLY_H

#include "elevated/acl_plan.h"
#include "elevated/acl_walk.h"

struct acl_counts {
    size_t objects; /* that were looked at */
    size_t open;    /* without a list: everybody may do everything */
    size_t shared;  /* files in several directories, granted reading only */
    size_t refused; /* left out, since we may not change their list */
};

/* Leaves out of the plan what only grants reading on a path whose list we may not change: such as a directory of the
 * system's, which every user reads anyway. To be called before the plan is written down. *count: how many paths. */
int acl_leave_out(const struct acl_system *system, struct acl_plan *plan, size_t *count, struct postern_error *error);

/* On failure entries may be left: acl_strip() each path. POSTERN_E_CONFINE; POSTERN_E_POLICY: more than `limit`
 * objects. */
int acl_apply(const struct acl_system *system, const struct acl_plan *plan, size_t limit, struct acl_counts *counts,
              struct postern_error *error);

/* Takes every entry with one of the SIDs off a path and all beneath it. Nothing there: done. POSTERN_E_CONFINE: some
 * are left, `error` tells of the first; the others are done. */
int acl_strip(const struct acl_system *system, const char *path, const struct acl_sid *sids, size_t count,
              struct postern_error *error);

#endif
