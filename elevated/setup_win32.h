/*
 * setup_win32.h - what the parts of setting up Windows share. Private to elevated/setup_*win32.c. Parent, as
 * administrator.
 *
 * Each part has the three operations of struct setup_system for its kind of item. Names are ASCII, and ours.
 */
#ifndef POSTERN_ELEVATED_SETUP_WIN32_H
#define POSTERN_ELEVATED_SETUP_WIN32_H

#include <windows.h>
#include <wincrypt.h>
#include <dpapi.h>

#include "elevated/setup.h"
#include "elevated/undo_file_win32.h"

#define SETUP_STAGE "setup"

struct setup_windows {
    struct setup_system system; /* first: what setup_open() hands out is a part of this */
    char *above, *place;        /* %ProgramData%\postern and its directory for setting up */
    char *run;                  /* and that of living sandboxes */
    struct undo_file journal;
};

/* setup_accounts_win32.c */
int setup_group_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                     struct postern_error *error);
int setup_group_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error);
int setup_group_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                        struct postern_error *error);
int setup_account_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                       struct postern_error *error);
int setup_account_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error);
int setup_account_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                          struct postern_error *error);
int setup_member_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                      struct postern_error *error);
int setup_member_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error);
int setup_member_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                         struct postern_error *error);

/* setup_rights_win32.c */
int setup_right_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                     struct postern_error *error);
int setup_right_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error);
int setup_right_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                        struct postern_error *error);

/* setup_secret_win32.c */
int setup_secret_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                      struct postern_error *error);
int setup_secret_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error);
int setup_secret_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                         struct postern_error *error);
/* The stored password of an account; the caller wipes it with crypto_wipe(). */
int setup_secret_read(const struct setup_windows *windows, const char *name, wchar_t out[SETUP_PASSWORD_SIZE],
                      struct postern_error *error);
/* Protects and unprotects; *out is freed with LocalFree(). false: see GetLastError(). */
bool setup_secret_seal(const void *data, size_t size, DATA_BLOB *out);
bool setup_secret_open(const void *data, size_t size, DATA_BLOB *out);

/* setup_hidden_win32.c: SETUP_KEY and SETUP_HIDDEN */
int setup_key_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                   struct postern_error *error);
int setup_key_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error);
int setup_key_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                      struct postern_error *error);
int setup_hidden_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                      struct postern_error *error);
int setup_hidden_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error);
int setup_hidden_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                         struct postern_error *error);

/* setup_filter_win32.c */
int setup_filter_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                      struct postern_error *error);
int setup_filter_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error);
int setup_filter_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                         struct postern_error *error);

/* setup_firewall_win32.c: SETUP_RULE and SETUP_FIREWALL */
int setup_rule_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                    struct postern_error *error);
int setup_rule_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error);
int setup_rule_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                       struct postern_error *error);
int setup_firewall_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                        struct postern_error *error);
/* How the firewall stands, in the order domain, private, public; any user may ask. */
#define SETUP_PROFILES 3
struct setup_firewall {
    bool on[SETUP_PROFILES];
    bool active[SETUP_PROFILES]; /* networks of that kind are connected */
    bool overridden;             /* by a group policy: rules of this host have no effect */
    bool blocks_inbound;         /* all that comes in, whatever rules say */
};
int setup_firewall_read(struct setup_firewall *out, struct postern_error *error);

/* setup_place_win32.c: the directory and the undo record in it */
/* Only says where they are; takes no rights. Freed with setup_place_free(), also after a failure. */
int setup_place_find(struct setup_windows *windows, struct postern_error *error);
void setup_place_free(struct setup_windows *windows);
/* The directories belong to administrators, and nobody else can change them. */
int setup_place_make(struct setup_windows *windows, struct postern_error *error);
/* Opens the record for this process alone. SETUP_TO_LOOK: it may be missing. */
int setup_place_open(struct setup_windows *windows, enum setup_purpose purpose, struct postern_error *error);
struct undo_store setup_place_store(struct setup_windows *windows);
/* "%place%\NAME.secret"; allocated, NULL: memory is out. */
wchar_t *setup_place_secret(const struct setup_windows *windows, const char *name);
/* What only administrators may touch, and `user` (NULL: nobody else) by these rights. Free with security_free(). */
int setup_place_security(const char *user, uint32_t rights, bool directory, SECURITY_ATTRIBUTES *out,
                         struct postern_error *error);
/* Whether the list (NULL: none) lets others than administrators and the system do one of these with the object. */
bool setup_place_lets_others(PACL list, DWORD rights);
/* The same for the user who sets up, and whether what is at `path` has it. */
int setup_place_own_security(uint32_t rights, bool directory, SECURITY_ATTRIBUTES *out, struct postern_error *error);
bool setup_place_is_secured(wchar_t *path, uint32_t rights, bool directory);
/* That a directory is one, is no link, and belongs to administrators or the system. */
int setup_place_check(const char *path, const wchar_t *wide, struct postern_error *error);

/* setup_run_win32.c: SETUP_DIRECTORY, where sandboxes keep what they need while they live: the locks of their accounts,
 * their start records, their temporary files. The user who sets up may write there, the accounts may not. */
int setup_run_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                   struct postern_error *error);
int setup_run_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error);
int setup_run_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                      struct postern_error *error);
/* "%run%\NAME.state", the lock of an account with what its logons came to; allocated, NULL: memory is out. */
wchar_t *setup_run_state(const struct setup_windows *windows, const char *name);
/* The account has a password again: what its logons came to does not count any more. Not while a sandbox has it. */
void setup_run_forget(const struct setup_windows *windows, const char *name);

/* The SID of a local account or group as text (LocalFree()) or as bytes (free()). NULL: GetLastError(), where
 * ERROR_NONE_MAPPED says that there is none. */
PSID setup_sid_of(const char *name);
char *setup_sid_text_of(const char *name); /* free() */

/* Those of the offline accounts. false: not all of them are there; what was found is freed as well. */
struct setup_sids {
    char *item[SETUP_ACCOUNTS_MAX];
    size_t count;
};
bool setup_sids_find(unsigned accounts, struct setup_sids *out);
void setup_sids_free(struct setup_sids *sids);

int setup_fail(struct postern_error *error, const char *call, int64_t number, const char *format, ...)
    COMPILER_PRINTF(4, 5);

#endif
