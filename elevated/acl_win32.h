/*
 * acl_win32.h - what the parts of acl.h on Windows share. Private to elevated/acl_*win32.c and their test. Parent.
 */
#ifndef POSTERN_ELEVATED_ACL_WIN32_H
#define POSTERN_ELEVATED_ACL_WIN32_H

#include <windows.h>

#include "elevated/acl.h"
#include "elevated/acl_restore.h"
#include "elevated/undo_file_win32.h"

#define ACL_STAGE "acl"

/* ---- acl_host_win32.c: the operations of acl_walk.h ---- */

struct acl_windows {
    struct acl_system system; /* its context is this */
    HANDLE lock;              /* a file of which each byte stands for some objects; INVALID_HANDLE_VALUE: none */
    HANDLE event;
    OVERLAPPED locked;
    void *entries, *descriptor; /* space for a part of a listing, and for a list */
    FARPROC create, to_error;   /* of ntdll.dll */
};
/* `lock` is a path, made if it is not there, by whose bytes the sandboxes of a user take turns. */
int acl_host_open(struct acl_windows *windows, const char *lock, SECURITY_ATTRIBUTES *security,
                  struct postern_error *error);
void acl_host_close(struct acl_windows *windows);

/* ---- acl_volume_win32.c ---- */

/* Whether entries at this path hold anybody: the volume keeps access lists, and is here. POSTERN_E_POLICY. */
int acl_volume_check(const char *path, struct postern_error *error);

/* ---- acl_store_win32.c: where the records are ---- */

struct acl_store {
    char *place;                  /* owned */
    SECURITY_ATTRIBUTES security; /* for the user, the system and administrators */
};
/* `place` NULL: "%LOCALAPPDATA%\postern\sandboxes". Makes it. */
int acl_store_open(struct acl_store *store, const char *place, struct postern_error *error);
void acl_store_close(struct acl_store *store);
char *acl_store_path(const struct acl_store *store, const char *name); /* allocated; NULL: memory is out */

/* A new record, locked as long as it is open; its name says whose it is. */
int acl_store_make(const struct acl_store *store, const struct acl_sids *sids, struct undo_file *out,
                   struct postern_error *error);
/* The names of records: of those with that account, which are all or it fails; NULL: of any, as many as are looked at
 * in one go. */
int acl_store_list(const struct acl_store *store, const char *account, struct strings *out,
                   struct postern_error *error);
/* Who may do what with the file by which sandboxes take turns; freed with security_free(). Nobody but the system may
 * read it: a lock can be held by whoever may read, and commands read what their user may. */
int acl_store_lock(SECURITY_ATTRIBUTES *out, struct postern_error *error);
/* Whether a record of this name is of a sandbox with that account. */
bool acl_store_is_of(const char *name, const char *account);
char *acl_store_sid(const char *name); /* allocated; NULL: memory is out, or the name is none of ours */
/* A directory that the user, the system and the SIDs may use; it must not be there. */
int acl_store_make_directory(const char *path, const struct acl_sids *sids, struct postern_error *error);

/* ---- acl_kinds_win32.c: what is restored, and by whom ---- */

extern const struct acl_kind acl_kinds[];
extern const size_t acl_kind_count;

/* ---- acl_device_win32.c ---- */

/* Sees that commands can write to NUL; the change is noted first. POSTERN_E_CONFINE: they can't; for an app container
 * only *closed says so. */
int acl_device_open_nul(const struct acl_system *system, struct undo_journal *journal, const struct acl_sids *sids,
                        bool *closed, struct postern_error *error);
int acl_device_restore(const struct acl_system *system, const char *name, struct postern_error *error);

/* ---- acl_profile_win32.c ---- */

int acl_profile_restore(const struct acl_system *system, const char *name, struct postern_error *error);

/* ---- acl_win32.c ---- */

/* acl_open() and acl_recover() with the records at another place. */
int acl_open_at(const char *place, const struct enforce_steps *steps, const struct acl_sids *sids, const char *temp,
                struct acl_grant **out, struct postern_error *error);
int acl_recover_at(const char *place, size_t *left, struct postern_error *error);

#endif
