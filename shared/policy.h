/*
 * policy.h - what a command may touch: the model. Read from JSON (policy_parse.c), from options and from presets, cut
 * down by a ceiling (policy_ceiling.c), asked for the access to a path (policy_rules.c). Pure and portable;
 * docs/policy.md is its text for users, docs/policy.schema.json its schema.
 *
 * The way of a policy, all of it in the parent: parse -> add presets and options -> resolve the paths on the host
 * (elevated/resolve_*.c) -> settle -> clamp to the ceilings -> enforce_plan() (enforce.h).
 */
#ifndef POSTERN_SHARED_POLICY_H
#define POSTERN_SHARED_POLICY_H

#include "shared/error.h"
#include "shared/path.h"
#include "shared/strings.h"

#define POLICY_SIZE_MAX 1048576u /* bytes of a policy's JSON: 1 MiB */
#define POLICY_RULES_MAX 4096    /* paths of a policy */

/* ---- paths ---- */

/* Ordered: less is stricter. */
enum policy_access {
    POLICY_DENIED, /* not read, listed, written or executed; what it holds is not even named */
    POLICY_READ,   /* read, listed and executed, as far as the sandbox user's own rights go */
    POLICY_WRITE   /* and changed */
};
const char *policy_access_name(enum policy_access access); /* "denied", "read", "write" */

/* Who asked for a rule. */
enum policy_source {
    POLICY_FROM_PRESET, /* the workspace of workspace-write */
    POLICY_FROM_FILE,   /* a policy in JSON */
    POLICY_FROM_OPTION, /* --ro --rw --deny and the API */
    POLICY_PROTECTED,   /* dangerous to the owner of a writable directory: kept read-only in it */
    POLICY_FROM_CEILING
};
const char *policy_source_name(enum policy_source source); /* "preset", "policy", "option", "protected", "ceiling" */

struct policy_rule {
    char *path; /* canonical; after resolving: without links */
    char *said; /* as it was written, for messages; NULL: as `path` */
    enum policy_access access;
    enum policy_source source;
    /* facts, filled by resolving */
    bool missing; /* nothing is there (denied paths only; for others that is an error) */
    bool directory;
    uint64_t device, inode; /* what was there when it was looked at; 0 on Windows */
    uint32_t uid, gid;      /* its owner; 0 on Windows */
    bool delegated;         /* the owner's rights to it are handed on to the sandbox user, where that is another user */
    char *barrier;          /* the highest directory above that other users cannot enter; NULL: none */
    size_t above; /* filled by settling: 1 + the index of the nearest rule for a directory above; 0: there is none */
};

struct policy_rules {
    enum path_style style;
    enum policy_access base; /* of paths that no rule covers */
    struct policy_rule *item;
    size_t count, capacity;
    bool settled;
};
void policy_rules_init(struct policy_rules *rules, enum path_style style, enum policy_access base);
void policy_rules_free(struct policy_rules *rules);

/* Appends a rule; `path` is made canonical and copied. POSTERN_E_POLICY, POSTERN_E_LIMIT, POSTERN_E_MEMORY. */
int policy_add_rule(struct policy_rules *rules, const char *path, enum policy_access access, enum policy_source source,
                    struct postern_error *error);

/* Sorts by path_compare() and leaves one rule for each path: on a tie the stricter one wins, but any other wins over
 * POLICY_PROTECTED (which is how --rw lifts a protection). The facts stay with their rules. */
void policy_settle(struct policy_rules *rules);

/* The rule that decides about a canonical path: the one for the path itself or for the nearest directory above; NULL:
 * the base does. Settled rules only; O(log rules + rules above one another). */
const struct policy_rule *policy_deciding_rule(const struct policy_rules *rules, const char *path);
enum policy_access policy_access_of(const struct policy_rules *rules, const char *path);

/* ---- the rest of a policy ---- */

enum policy_network { POLICY_NETWORK_UNSAID, POLICY_NETWORK_BLOCK, POLICY_NETWORK_ALLOW };

/* 0: no limit. */
struct policy_limits {
    uint64_t memory;    /* bytes */
    uint64_t processes; /* processes and threads at once */
    uint64_t cpu_ms;    /* processor time of one process, milliseconds */
    uint64_t file_size; /* bytes a file may grow to */
};

enum policy_containment { /* names as in MXC's configs; only the first three can be had, and those not everywhere */
                          POLICY_CONTAINMENT_PROCESS,
                          POLICY_CONTAINMENT_BUBBLEWRAP,
                          POLICY_CONTAINMENT_PROCESSCONTAINER,
                          POLICY_CONTAINMENT_OTHER /* a virtual machine or another program's container; see
                                                      policy.containment_name */
};

/* Two bits. */
enum policy_clipboard { POLICY_CLIPBOARD_NONE, POLICY_CLIPBOARD_READ, POLICY_CLIPBOARD_WRITE, POLICY_CLIPBOARD_ALL };
struct policy_ui {
    bool said; /* false: the fields are the lock-down, which nobody asked for by name */
    bool disable;
    enum policy_clipboard clipboard;
    bool injection;
};

struct policy_process {
    char *command_line; /* NULL: none */
    char *cwd;          /* canonical; NULL: none */
    struct strings env; /* NAME=value */
    uint64_t timeout;   /* milliseconds; 0: none */
};

/* Something a policy asks for that nothing can enforce yet, found while parsing and refused when it is planned. */
struct policy_demand {
    const char *capability; /* static, e.g. "net.hosts" */
    char *where;            /* e.g. "network.allowedHosts" */
};
#define POLICY_DEMANDS_MAX 24 /* one for each member that can be the cause */

struct policy {
    struct policy_rules rules;
    bool named; /* limits were asked for by name, or come from a ceiling: level none, which has none, is refused */
    enum policy_network network;
    struct policy_limits limits;
    enum policy_containment containment;
    char containment_name[24]; /* as written; "" for unsaid */
    struct policy_ui ui;
    struct policy_process process;
    struct policy_demand demand[POLICY_DEMANDS_MAX];
    size_t demand_count;
};
void policy_init(struct policy *policy, enum path_style style); /* base: read; all else unsaid */
void policy_free(struct policy *policy);                        /* leaves what policy_init() leaves */

/* Reads a config of MXC's one-shot form, 0.6 to 0.8, strictly; `what` names it in messages ("policy.json"). Fills a
 * policy that policy_init() has made; on failure POSTERN_E_POLICY: the member by path, line and column. */
int policy_parse(const void *data, size_t size, const char *what, struct policy *policy, struct postern_error *error);

/* What the owner of a writable directory runs or trusts: kept read-only in it. NULL-terminated names. */
extern const char *const policy_protected_names[];

/* ---- ceilings ---- */

/* What a ceiling took away, for people. */
struct policy_cut {
    char *item;    /* a path, "network", "limits.memory", ... */
    char *asked;   /* "write" */
    char *left;    /* "read" */
    char *because; /* "/etc/postern/ceiling.json gives read to /srv" */
};
struct policy_cuts {
    struct policy_cut *item;
    size_t count, capacity;
};
void policy_cuts_free(struct policy_cuts *cuts);

/* Narrows `policy` to what `ceiling` grants as well; both settled. For every path the access afterwards is the lesser
 * of the two. `what` names the ceiling. A ceiling is a policy like any other: what it does not grant is not granted,
 * the network included; a limit it does not state it does not set; what it demands is demanded of every policy.
 *
 * The caller's rules stay, with the access that is left: they say what he named, and on whose behalf. A path of the
 * ceiling's becomes a rule where the access changes; it has the facts the ceiling's rule has (what is there, its owner)
 * but is `delegated` only if the caller's rule around it is: a ceiling hands nobody's rights on.
 *
 * Afterwards the policy is `named`. Appends to `cuts`. POSTERN_E_MEMORY or POSTERN_E_LIMIT: the policy grants nothing
 * any more. */
int policy_clamp(struct policy *policy, const struct policy *ceiling, const char *what, struct policy_cuts *cuts,
                 struct postern_error *error);

#endif
