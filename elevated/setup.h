/*
 * setup.h - setting up a host for sandbox accounts, once, as its administrator: checking, doing, taking back. The
 * driver (setup.c) is portable and knows items and their order; what they are on a host is a table of operations
 * (setup_win32.c; a made-up host in the tests). Caller: cli/setup.c. Parent.
 *
 * The rules: every change is in the undo record, on disk, before it is made. What is as wanted is left alone, so all of
 * it may be called again at any time, also after a crash in the middle. What belongs to somebody else is never taken
 * over: it is a refusal, before anything is changed.
 */
#ifndef POSTERN_ELEVATED_SETUP_H
#define POSTERN_ELEVATED_SETUP_H

#include "elevated/undo_record.h"
#include "shared/error.h"

/* ---- what is set up ---- */

enum setup_kind {
    SETUP_KEY,       /* a registry key, name below ...\Winlogon, that SETUP_HIDDEN needs */
    SETUP_DIRECTORY, /* where sandboxes keep what they need while they live; empty otherwise */
    SETUP_GROUP,     /* the group of all sandbox accounts */
    SETUP_RIGHT,     /* a logon right of the group */
    SETUP_SECRET,    /* the protected password of an account */
    SETUP_ACCOUNT,   /* an account, with that password */
    SETUP_MEMBER,    /* its place in the group */
    SETUP_HIDDEN,    /* that it is not shown at sign-in */
    SETUP_FILTER,    /* the network filters for the offline accounts */
    SETUP_RULE,      /* the firewall rule for them */
    SETUP_FIREWALL,  /* that the firewall is on and heeds the rule: only looked at, never changed */
    SETUP_KINDS
};
const char *setup_kind_name(enum setup_kind kind); /* "registry key", ... as in the undo record; static */

#define SETUP_GROUP_NAME "postern-sandbox"
#define SETUP_DIRECTORY_NAME "run"
#define SETUP_MARK                                                                                                     \
    "Sandbox account of postern. Made and removed by: postern setup" /* their comment: how ours are known */
#define SETUP_ACCOUNTS_DEFAULT 4 /* online ones, and as many offline ones: one each for a sandbox at a time */
#define SETUP_ACCOUNTS_MAX 16

#define SETUP_NAME_MAX 64
struct setup_item {
    enum setup_kind kind;
    char name[SETUP_NAME_MAX];
    unsigned accounts; /* of each sort, for the items that are about all of them */
};

/* "postern-online-3"; within the 20 characters that Windows allows. `number` counts from 1. */
void setup_account_name(bool online, unsigned number, char out[SETUP_NAME_MAX]);

#define SETUP_ITEMS_MAX (11 + 8 * SETUP_ACCOUNTS_MAX)
struct setup_items {
    struct setup_item item[SETUP_ITEMS_MAX];
    size_t count;
};
/* In the order in which they are made: each needs only what stands before it. */
void setup_list_items(unsigned accounts, struct setup_items *out);

/* 40 characters, 240 random bits, letters of both cases, digits and others among them. false: no randomness could be
 * had. The caller wipes it. */
#define SETUP_PASSWORD_SIZE 41
bool setup_make_password(char out[SETUP_PASSWORD_SIZE]);

/* ---- a host ---- */

enum setup_standing {
    SETUP_ABSENT,
    SETUP_AS_WANTED,
    SETUP_DIFFERENT, /* ours, or one value that can be put back, but not as it should be */
    SETUP_FOREIGN    /* something of this name that is not ours to change */
};
#define SETUP_TEXT_MAX 256
struct setup_state {
    enum setup_standing standing;
    bool ours;                   /* it bears our mark: nobody but postern has made it */
    char before[SETUP_TEXT_MAX]; /* DIFFERENT and not ours: its value, for restore() */
    char text[SETUP_TEXT_MAX];   /* DIFFERENT, FOREIGN: in which way, for people */
};

struct setup_system {
    void *context;
    struct undo_store journal;
    /* Looks, and changes nothing. */
    int (*find)(void *context, const struct setup_item *item, struct setup_state *out, struct postern_error *error);
    /* Makes it as wanted, from ABSENT and from DIFFERENT. May be called again after a crash in the middle of it. */
    int (*make)(void *context, const struct setup_item *item, struct postern_error *error);
    /* Makes it as it was; 0 also when it is. Where that would harm what is not ours it does nothing, and says so in
     * `left` (SETUP_TEXT_MAX bytes, "" before). */
    int (*restore)(void *context, enum setup_kind kind, const char *name, const char *before, char *left,
                   struct postern_error *error);
};

/* ---- what is done ---- */

enum setup_result {
    SETUP_IS_FINE,     /* as wanted */
    SETUP_WAS_MADE,    /* was not there */
    SETUP_WAS_CHANGED, /* was different */
    SETUP_IS_MISSING,  /* check: not there */
    SETUP_IS_WRONG,    /* check: different, or not ours */
    SETUP_WAS_UNDONE,
    SETUP_WAS_LEFT /* undo: not ours any more, or in use by others */
};
struct setup_listener {
    void *context;
    void (*tell)(void *context, enum setup_kind kind, const char *name, enum setup_result result, const char *text);
};

/* `accounts` 0: as many as there are, and SETUP_ACCOUNTS_DEFAULT where there are none. */

/* *fine: everything is as wanted. */
int setup_check(const struct setup_system *system, unsigned accounts, const struct setup_listener *listener, bool *fine,
                struct postern_error *error);
/* Stops at the first failure; what is done by then stays, and is in the undo record. */
int setup_apply(const struct setup_system *system, unsigned accounts, const struct setup_listener *listener,
                struct postern_error *error);
int setup_undo(const struct setup_system *system, const struct setup_listener *listener, struct postern_error *error);

/* ---- this host ---- */

enum setup_purpose { SETUP_TO_LOOK, SETUP_TO_CHANGE };
/* Opens this host for one of the above, and keeps others from setting it up meanwhile. *out stays NULL where a system
 * needs no setting up (Linux). POSTERN_E_STATE: the caller is no administrator, or another one is at it. */
int setup_open(enum setup_purpose purpose, struct setup_system **out, struct postern_error *error);
void setup_close(struct setup_system *system); /* NULL does nothing */

#endif
