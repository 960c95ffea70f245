/*
 * network_filter.h - the filters of the Windows Filtering Platform that keep the offline accounts from every socket of
 * IPv4 and IPv6, loopback included: what they have to say, and whether those that are there say it. The spec and the
 * judgement are portable and pure; network_filter_win32.c reads the filters, setup_filter_win32.c makes and removes
 * them, anybody may ask network_filter_ask(). Parent.
 *
 * There is a provider (who they belong to), a sub-layer of the highest weight (so that no permission of others is
 * looked at before) and one filter at each place where a socket needs leave: being bound, connecting or sending first,
 * listening, accepting or being sent to first. All are persistent: they are there whenever the filtering service is.
 */
#ifndef POSTERN_ELEVATED_NETWORK_FILTER_H
#define POSTERN_ELEVATED_NETWORK_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/error.h"

/* ---- what they have to say ---- */

/* A GUID, in its parts. */
struct network_filter_key {
    uint32_t a;
    uint16_t b, c;
    uint8_t d[8];
};

enum { NETWORK_FILTER_COUNT = 8 };
struct network_filter {
    const char *name;                     /* for people: of the filter's object, and in messages */
    struct network_filter_key key, layer; /* its own, made for postern; the system's, of the place */
};

#define NETWORK_FILTER_NAME "postern: no network for offline sandboxes" /* provider and sub-layer */
#define NETWORK_FILTER_TEXT                                                                                            \
    "Keeps the sandbox accounts without network from all sockets. Made and removed by: postern setup"

extern const struct network_filter network_filters[NETWORK_FILTER_COUNT];
extern const struct network_filter_key network_filter_provider, network_filter_sublayer;
extern const struct network_filter_key network_filter_user; /* the condition "whose socket it is" */

/* The numbers are those of fwpmtypes.h and fwptypes.h, which not every compiler has: FWPM_*_FLAG_PERSISTENT,
 * FWPM_PROVIDER_FLAG_DISABLED, FWPM_FILTER_FLAG_*, FWP_ACTION_BLOCK, FWP_ACTRL_MATCH_FILTER. */
enum {
    NETWORK_FILTER_PERSISTENT = 0x1,
    NETWORK_FILTER_PROVIDER_DISABLED = 0x10,
    NETWORK_FILTER_BOOT_TIME = 0x2, /* in force only until the service runs */
    NETWORK_FILTER_HARD = 0x8,      /* CLEAR_ACTION_RIGHT: no later sub-layer may permit what it blocks */
    NETWORK_FILTER_DISABLED = 0x20,
    NETWORK_FILTER_BLOCK = 0x1001,
    NETWORK_FILTER_MATCH = 0x1,
    NETWORK_FILTER_WEIGHT = 15,
    NETWORK_FILTER_SUBLAYER_WEIGHT = 0xffff
};

/* What the condition takes: a descriptor that lets these accounts "match". The system asks it as for any other object:
 * of a restricted token both its own SIDs and its restricting ones have to be let, of an app container's its package,
 * too. So SID_COMMANDS is let, and so are all packages: else a command would slip out of the filter by its restricted
 * token, or by starting an app container that has a network. None of these is in the ordinary part of a token, so
 * nobody else matches. Allocated; NULL: one is no SID, there is none, or memory is out. */
char *network_filter_sddl(const char *const *sid, size_t count);

/* Who may do what with the objects themselves: administrators and the system all, every user of this host read them,
 * so that whether the network is blocked can be asked without privilege. Allocated; NULL: memory is out. */
char *network_filter_access(void);

/* ---- what there is ---- */

enum { NETWORK_FILTER_SIDS_MAX = 32 };
struct network_filter_found {
    bool there, ours; /* ours: it belongs to our provider */
    struct network_filter_key layer, sublayer;
    uint32_t flags, action;
    bool by_user;                       /* it has exactly one condition, on the user by a descriptor */
    bool plain;                         /* which lets those in `sid` match, and says nothing else */
    char *sid[NETWORK_FILTER_SIDS_MAX]; /* owned */
    size_t count;
};
struct network_filter_state {
    struct {
        bool there, ours; /* ours: it has our name, or belongs to our provider */
        uint32_t flags;
        unsigned weight; /* of the sub-layer */
    } provider, sublayer;
    struct network_filter_found filter[NETWORK_FILTER_COUNT];
};
void network_filter_state_free(struct network_filter_state *state);

/* Takes `sid`, also where it fails: memory is out, or there are too many, which makes it not plain. */
void network_filter_add_sid(struct network_filter_found *found, char *sid);

enum network_filter_standing {
    NETWORK_FILTERS_ABSENT,
    NETWORK_FILTERS_SOUND,
    NETWORK_FILTERS_WRONG,  /* some are missing, or do not block all for these accounts; `text` says in which way */
    NETWORK_FILTERS_FOREIGN /* one of the keys is somebody else's */
};
/* exactly: they are for these accounts and no others; else these have to be among them. */
enum network_filter_standing network_filter_judge(const struct network_filter_state *state, const char *const *sid,
                                                  size_t count, bool exactly, char *text, size_t size);

/* ---- asking this host (Windows) ---- */

enum network_filter_answer {
    NETWORK_FILTER_HOLDS,
    NETWORK_FILTER_FAILS,  /* missing, disabled or for others */
    NETWORK_FILTER_UNKNOWN /* the filters cannot be read: take it for FAILS where something depends on it */
};
/* Whether the filters that are in force now keep the account with this SID from the network. Needs no privilege: setup
 * lets every user read them. `error` is filled with POSTERN_E_LEVEL unless they do: cause and remedy. */
enum network_filter_answer network_filter_ask(const char *sid, struct postern_error *error);

#endif
