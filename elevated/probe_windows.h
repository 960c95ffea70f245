/*
 * probe_windows.h - what postern_probe() says about the facts of a Windows host: accounts, firewall, console, session,
 * programs that are only aliases. The facts are found by probe_*win32.c, what is said about them is portable
 * (probe_windows.c), so that it is tested anywhere. Private to elevated/. Parent.
 *
 * Each object has "message" and "remedy": what is not as a sandbox needs it, and what to do; both "" where nothing is.
 */
#ifndef POSTERN_ELEVATED_PROBE_WINDOWS_H
#define POSTERN_ELEVATED_PROBE_WINDOWS_H

#include <jansson.h>

#include "elevated/setup.h"
#include "shared/strings.h"

/* ---- accounts ---- */

enum probe_secret {
    PROBE_SECRET_MISSING,
    PROBE_SECRET_OTHERS, /* it is there, and this caller may not read it */
    PROBE_SECRET_STORED  /* this caller may read it */
};

/* As anybody may see one; no logon is made. */
struct probe_account {
    char name[SETUP_NAME_MAX];
    bool online;
    bool ours; /* it bears the mark of setup */
    bool administrator, disabled, locked, expired;
    bool password_expired; /* or has to be changed first */
    bool password_expires; /* some day */
    uint32_t password_days;
    enum probe_secret secret;
    bool hidden; /* at the sign-in screen */
};

#define PROBE_ACCOUNTS_MAX (2 * SETUP_ACCOUNTS_MAX)
#define PROBE_RIGHTS_MAX 8
struct probe_setup {
    struct postern_error failure; /* code not 0: nothing of it could be found out */
    struct probe_account account[PROBE_ACCOUNTS_MAX];
    size_t count;
    struct postern_error rights_failure; /* code not 0: the rights could not be; only administrators may see them */
    char right_missing[PROBE_RIGHTS_MAX][SETUP_NAME_MAX];
    size_t rights_missing;
};

/* Why an account, or its password, is of no use to this caller; NULL: nothing is wrong with it. `remedy` is set with
 * it. */
const char *probe_account_problem(const struct probe_account *account, const char **remedy);
const char *probe_password_problem(const struct probe_account *account, const char **remedy);

/* New reference, as with all of these; NULL: memory is out. */
json_t *probe_describe_setup(const struct probe_setup *setup);

/* ---- firewall ---- */

enum probe_profile { PROBE_DOMAIN, PROBE_PRIVATE, PROBE_PUBLIC, PROBE_PROFILES };

struct probe_firewall {
    struct postern_error failure; /* code not 0: it could not be asked */
    bool on[PROBE_PROFILES];
    bool active[PROBE_PROFILES];       /* networks of this kind are connected now */
    bool blocks_inbound;               /* all of it, whatever rules say; no matter to what goes out */
    bool overridden;                   /* a group policy keeps rules of this host from having an effect */
    bool rule_found;                   /* the one that setup makes */
    char rule_problem[SETUP_TEXT_MAX]; /* in which way it is not as it should be; "" */
};

json_t *probe_describe_firewall(const struct probe_firewall *firewall);

/* ---- network filters ---- */

struct probe_filters {
    struct postern_error failure; /* code not 0: they could not be read */
    bool there;
    char problem[SETUP_TEXT_MAX]; /* in which way they do not block all for all offline accounts; "" */
};

json_t *probe_describe_filters(const struct probe_filters *filters);

/* ---- console ---- */

struct probe_console {
    bool create, resize, release; /* the calls of kernel32.dll */
    uint32_t build;               /* of Windows; 0: unknown */
};

json_t *probe_describe_console(const struct probe_console *console);

/* ---- session ---- */

struct probe_station {
    struct postern_error failure;
    char name[64], desktop[64]; /* of this process */
    bool visible;               /* it has a screen */
    bool system;                /* this process is the system's own account */
    uint32_t session;           /* 0: that of services */
};

json_t *probe_describe_station(const struct probe_station *station);

/* ---- programs ---- */

struct probe_alias {
    char *name;    /* "python.exe" */
    char *alias;   /* its path */
    char *program; /* the real one further on in PATH; NULL: none */
};

#define PROBE_ALIASES_MAX 64
struct probe_aliases {
    struct probe_alias item[PROBE_ALIASES_MAX];
    size_t count;
};
void probe_aliases_free(struct probe_aliases *aliases);

json_t *probe_describe_aliases(const struct probe_aliases *aliases);

#endif
