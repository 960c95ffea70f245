/*
 * plan_layout_linux.h - what a sandbox sees of the host, as a plan. Pure: the facts about the host come from
 * host_linux.c, the steps are taken by the keeper. Caller: launch_linux.c.
 *
 * Everything is the host's, read-only, but for the workspace; over that come private places: fresh and empty in every
 * sandbox, gone with it.
 */
#ifndef POSTERN_ELEVATED_PLAN_LAYOUT_LINUX_H
#define POSTERN_ELEVATED_PLAN_LAYOUT_LINUX_H

#include "elevated/plan_linux.h"
#include "shared/strings.h"

/* A directory of the host that a private one covers. */
struct layout_place {
    const char *path;
    uint32_t mode;
    bool writable; /* false: read-only once it is filled; it only leads to something */
};
#define LAYOUT_PLACES 16

/* Facts. Paths are absolute and resolved, exist on the host, and are borrowed until layout_make() has returned. */
struct layout {
    bool other_user; /* level elevated: uid and gid own the home and may write the workspace */
    uint32_t uid, gid;
    const char *home; /* made beneath one of the places; NULL: the user has his own */
    bool own_proc;    /* false: the host's stays, where the kernel grants no new one */

    const char *workspace; /* NULL: none */
    uint64_t workspace_device, workspace_inode;
    uint32_t workspace_uid, workspace_gid; /* its owner */

    struct layout_place places[LAYOUT_PLACES]; /* none twice; one may be beneath another if it comes after it */
    size_t place_count;

    struct strings devices;  /* names in /dev that are handed over */
    struct strings returned; /* files beneath places that are seen all the same */
    struct strings masked;   /* sockets to cover, in no place */

    const char *passwd_path, *group_path; /* covered by the texts; NULL: the host has none */
    const char *passwd, *group;
};

/* Whether `path` is `directory` or beneath it; both without "." and ".." or a slash at the end, but for "/". */
bool layout_is_beneath(const char *path, const char *directory);

/* The last place that hides `path`, or NULL. A place does not hide itself from above: its own path counts. */
const struct layout_place *layout_hiding_place(const struct layout *layout, const char *path);

/* Appends the steps; plan->failed when memory is out or there are more files than slots. */
void layout_make(const struct layout *layout, struct plan *plan);

#endif
