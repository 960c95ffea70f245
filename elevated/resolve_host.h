/*
 * resolve_host.h - what resolving asks of the system, one answer a platform: resolve_linux.c, resolve_win32.c. Private
 * to elevated/resolve*.c. Parent. Paths are canonical unless said otherwise.
 */
#ifndef POSTERN_ELEVATED_RESOLVE_HOST_H
#define POSTERN_ELEVATED_RESOLVE_HOST_H

#include "elevated/resolve.h"

enum resolve_kind {
    RESOLVE_FILE,
    RESOLVE_DIRECTORY,
    RESOLVE_LINK, /* symbolic, or a junction */
    RESOLVE_OTHER /* a device, a socket, ... */
};

/* Whether something is there; `os_error` says more, but for FOUND. */
enum resolve_answer {
    RESOLVE_FOUND,
    RESOLVE_MISSING,
    RESOLVE_CLOSED, /* a directory above may not be entered by us */
    RESOLVE_FAILED
};

/* Where a path of any form leads, all links followed; allocated. */
enum resolve_answer resolve_follow(const char *path, char **out, int64_t *os_error);

/* What is there; a link at the end is not followed. */
enum resolve_answer resolve_look(const char *path, enum resolve_kind *kind, int64_t *os_error);

/* Takes down what is at rule->path, which has no links; POSTERN_E_POLICY if it has one by now. */
int resolve_facts(struct policy_rule *rule, enum resolve_kind *kind, struct postern_error *error);

/* The caller's home and the like: what is never writable because of who asks. Freed with free(). */
struct resolve_caller {
    char *home[2]; /* without links */
};
int resolve_find_caller(struct resolve_caller *out, struct postern_error *error);

/* Why commands must not write there; NULL: they may. Static text. */
const char *resolve_objection(const char *path, const struct resolve_caller *caller);

/* Fills rule->delegated and rule->barrier of a rule that has its facts. */
int resolve_rights(struct policy_rule *rule, enum resolve_kind kind, enum postern_level level,
                   struct postern_error *error);

/* The beginning of a small file, at most size - 1 bytes and a NUL; no link is followed at the end of `path`, nothing is
 * waited for. What is no regular file, or is gone, is empty. */
int resolve_read_hint(const char *path, char *text, size_t size, size_t *length, struct postern_error *error);

/* All of a file that only its owner, the administrator or the caller, can change; allocated. *data stays NULL when
 * there is none. */
int resolve_read_ceiling(const char *file, char **data, size_t *size, struct postern_error *error);

/* The running program; allocated, NULL when it is gone or cannot be told. */
char *resolve_program(void);

/* The directories, there or not, in which postern keeps what it believes later on, such as the records of sandboxes.
 * Appended to *out. POSTERN_E_MEMORY. */
int resolve_list_places(struct strings *out, struct postern_error *error);

/* The links that looking up `path`, of any form, leads over: where each of them lies, itself without links. Appended to
 * *out. POSTERN_E_MEMORY. */
int resolve_list_links(const char *path, struct strings *out, struct postern_error *error);

/* Refused (POSTERN_E_POLICY): a rule that has its facts, and that hands over what the link of another user leads to,
 * unless that is the other's as well. Such links could be exchanged for others while the path is looked up; so also if
 * it does not lead to rule->path any more. */
int resolve_check_owners(const struct policy_rule *rule, struct postern_error *error);

/* ---- resolve_links.c ---- */

/* The first link that looking up `path`, of any form, leads over and that lies in a directory that settled
 * rules let commands write. *out is allocated, NULL: there is none. POSTERN_E_MEMORY. */
int resolve_find_link(const struct policy_rules *rules, const char *path, char **out, struct postern_error *error);

/* ---- resolve_protected.c ---- */

/* Adds a rule of POLICY_PROTECTED for a path that exists. */
int resolve_add_protected(struct policy_rules *rules, const char *path, enum postern_level level,
                          struct postern_error *error);

/* ---- resolve.c ---- */

/* As the caller wrote it. */
const char *resolve_said(const struct policy_rule *rule);

/* Follows the links of a rule's path and takes down what is there. Nothing there: rule->missing, with the links above
 * it followed. Denied paths above which a directory is closed to us: that directory instead. POSTERN_E_POLICY: a link
 * to nowhere, links in a circle, a path that policies cannot name. */
int resolve_rule(struct policy_rule *rule, enum resolve_kind *kind, struct postern_error *error);

#endif
