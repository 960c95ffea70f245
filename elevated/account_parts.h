/*
 * account_parts.h - what account.c is made of: the host as a table of operations (account_win32.c; a made-up one in the
 * tests), and what one process tells the next about an account's logons (account_state.c). Private to
 * elevated/account*.
 */
#ifndef POSTERN_ELEVATED_ACCOUNT_PARTS_H
#define POSTERN_ELEVATED_ACCOUNT_PARTS_H

#include "elevated/account.h"
#include "elevated/setup.h"

#define ACCOUNT_STAGE "launch"
#define ACCOUNT_LOGONS_MAX 2 /* with one password, until it is known that it is right */

/* ---- what is written down ---- */

/* Of an account; in a file whose handle is its lock. Written before a logon is tried, so that also one whose end nobody
 * has seen counts. */
struct account_state {
    uint64_t stamp;   /* of the stored password that was tried; another one has another */
    unsigned logons;  /* with it, that did not succeed; 0: nothing is known against it */
    int64_t since;    /* when the last of them was, in seconds since 1970 */
    int64_t os_error; /* what it ended with; 0: not known */
};

#define ACCOUNT_TEXT_MAX 128
void account_state_write(const struct account_state *state, char out[ACCOUNT_TEXT_MAX]);
/* What can't be read counts as one logon with this password. */
void account_state_read(const char *text, uint64_t stamp, struct account_state *out);

/* What the system says about an account. */
struct account_facts {
    uint64_t stamp;               /* of its stored password */
    bool counted;                 /* whether the rest is known: not every system tells every user */
    uint32_t failures, threshold; /* failed logons, and how many of them lock it; threshold 0: none do */
    bool locked;
};

enum account_answer {
    ACCOUNT_GO,      /* may log on */
    ACCOUNT_STOP,    /* not yet: it would end as the last time */
    ACCOUNT_LOCKED,  /* is locked out: asking would keep it so */
    ACCOUNT_ALMOST,  /* few more failures lock it */
    ACCOUNT_HOPELESS /* its password is wrong, and only a new one helps */
};
/* Whether to log on now. Forgets in *state what does not count any more. */
enum account_answer account_judge(struct account_state *state, const struct account_facts *facts, int64_t now);

/* By the number a logon ended with. */
bool account_may_retry(int64_t os_error);       /* once, with the password read afresh */
bool account_is_its_own(int64_t os_error);      /* of the account; else all accounts will fail in the same way */
bool account_is_bad_password(int64_t os_error); /* counts towards a lockout */

/* ---- a host ---- */

enum account_standing { ACCOUNT_ABSENT, ACCOUNT_UNREADABLE, ACCOUNT_THERE };

struct account_order {
    const char *name, *program, *line, *cwd;
};

struct account_system {
    void *context;
    /* Whether there is a stored password for it that we may read. */
    int (*look)(void *context, const char *name, enum account_standing *out, struct postern_error *error);
    /* Whether this caller can start programs as accounts at all. POSTERN_E_LEVEL. */
    int (*usable)(void *context, struct postern_error *error);
    /* Whether the account with this SID is kept from the network now. POSTERN_E_LEVEL. */
    int (*blocked)(void *context, const char *sid, struct postern_error *error);
    char *(*sid)(void *context, const char *name, struct postern_error *error); /* allocated; NULL: see the error */
    /* POSTERN_E_STATE: somebody else has it. The lock ends with this process. */
    int (*lock)(void *context, const char *name, os_handle *out, struct postern_error *error);
    /* The text in the file that is locked; "" when it is new. */
    int (*load)(void *context, os_handle lock, char text[ACCOUNT_TEXT_MAX], struct postern_error *error);
    int (*store)(void *context, os_handle lock, const char *text, struct postern_error *error);
    int (*facts)(void *context, const char *name, struct account_facts *out, struct postern_error *error);
    int64_t (*now)(void *context);
    /* Reads the password and starts the program, suspended: *os_error is 0, or what the system said. Another status:
     * the system was not asked. */
    int (*logon)(void *context, const struct account_order *order, struct process *out, os_handle *thread,
                 int64_t *os_error, struct postern_error *error);
    int (*resume)(void *context, os_handle thread, struct postern_error *error);
    int (*home)(void *context, const char *sid, char **out, struct postern_error *error);
};

/* account_check() and account_take() on any host; `system` is borrowed for the life of the account. */
int account_check_on(const struct account_system *system, bool offline, struct postern_error *error);
int account_take_on(const struct account_system *system, bool offline, struct account **out,
                    struct postern_error *error);

#endif
