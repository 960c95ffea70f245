/*
 * acl_restore.h - what stands in a sandbox's record (undo_record.h), and how each kind of it is taken back. Portable.
 * Parent; callers: acl_win32.c, acl_kinds_win32.c.
 *
 * Every item is of something that was not there before. A kind is a row in a table: its name, and a function that
 * leaves nothing of the item, also if there is nothing already, or only a part. A new kind of change to the host is one
 * more row in acl_kinds_win32.c, and an undo_note() before the change is made.
 */
#ifndef POSTERN_ELEVATED_ACL_RESTORE_H
#define POSTERN_ELEVATED_ACL_RESTORE_H

#include "elevated/acl_apply.h"
#include "elevated/undo_record.h"

#define ACL_KIND_ENTRY "entry"         /* "SID PATH" or "SID,SID PATH": their entries at the path and beneath */
#define ACL_KIND_DIRECTORY "directory" /* a path: with all that is in it */
#define ACL_KIND_DEVICE "device"       /* as an entry, of a device */
#define ACL_KIND_PROFILE "profile"     /* the name of an app container */

/* A directory for a sandbox's temporary files is named by this and 32 random digits. */
#define ACL_TEMPORARY "postern-"

struct acl_kind {
    const char *name;
    int (*restore)(const struct acl_system *system, const char *name, struct postern_error *error);
};

/* Writes down what acl_apply() is about to do. */
int acl_restore_note(struct undo_journal *journal, const struct acl_plan *plan, const struct acl_sids *sids,
                     struct postern_error *error);
/* The item of one path; `kind` is ACL_KIND_ENTRY or ACL_KIND_DEVICE. */
int acl_restore_note_path(struct undo_journal *journal, const char *kind, const char *path, const struct acl_sids *sids,
                          struct postern_error *error);

/* Takes back all that the record holds and then removes it. What can't be is left in it; the error tells of the first.
 * A kind that no row is for is left as well. */
int acl_restore(struct undo_journal *journal, const struct acl_system *system, const struct acl_kind *kinds,
                size_t count, struct postern_error *error);

/* Takes the name of an entry's item apart; *path points into it. POSTERN_E_STATE: it is none, or for others than
 * sandboxes. */
int acl_restore_read(const char *name, struct acl_sid sids[2], size_t *count, const char **path,
                     struct postern_error *error);

/* The rows for ACL_KIND_ENTRY and ACL_KIND_DIRECTORY. Whatever a record says: only entries for SIDs such as sandboxes
 * have are taken away, and only a directory with such a name is removed. */
int acl_restore_entry(const struct acl_system *system, const char *name, struct postern_error *error);
int acl_restore_temporary(const struct acl_system *system, const char *path, struct postern_error *error);
/* Removes any directory, for acl_restore_temporary() and tests. */
int acl_restore_directory(const struct acl_system *system, const char *path, struct postern_error *error);

#endif
