/*
 * plan_layout_linux.h - what a sandbox sees of the host, as a plan. Pure: which mounts there are is said by the
 * enforcement plan (layout_take), facts about the host come from host_linux.c, the steps are taken by the keeper.
 * Caller: launch_start_linux.c.
 *
 * Everything is the host's, read-only, but for what is handed over; over that come private places, fresh and empty in
 * every sandbox and gone with it, and masks.
 */
#ifndef POSTERN_ELEVATED_PLAN_LAYOUT_LINUX_H
#define POSTERN_ELEVATED_PLAN_LAYOUT_LINUX_H

#include "elevated/plan_linux.h"
#include "shared/enforce.h"
#include "shared/strings.h"

enum layout_kind {
    LAYOUT_PLACE, /* a fresh directory */
    LAYOUT_WAY,   /* a fresh directory that is read-only once it is filled: it only leads to something */
    LAYOUT_MOUNT, /* of the host, handed over */
    LAYOUT_MASK   /* a directory or file that nobody may open; a directory may lead to a mount all the same */
};

/* Something that is mounted over what the host has at `path`. */
struct layout_item {
    enum layout_kind kind;
    const char *path;
    bool directory;         /* MOUNT, MASK; the others always are */
    uint64_t device, inode; /* MOUNT, MASK: of what was there when the policy was resolved; 0 0: nothing was */
    bool read_only;         /* MOUNT */
    bool mapped;            /* MOUNT: whom uid and gid name appears as the sandbox user */
    bool part;              /* ... because it is a part of what is mapped so */
    uint32_t uid, gid;
};

/* Facts. Paths are absolute and resolved and are borrowed until layout_make() has returned. */
struct layout {
    bool other_user; /* level elevated: uid and gid own the home */
    uint32_t uid, gid;
    const char *home; /* made beneath one of the places; NULL: the user has his own */
    bool own_proc;    /* false: the host's stays, where the kernel grants no new one */

    struct layout_item *items; /* as path_compare() has them, what is above comes first */
    size_t item_count, item_capacity;

    struct strings devices;  /* names in /dev that are handed over */
    struct strings returned; /* files beneath places that are seen all the same */
    struct strings masked;   /* sockets to cover, in no place */

    const char *passwd_path, *group_path; /* covered by the texts; NULL: the host has none */
    const char *passwd, *group;
};

/* ---- plan_items_linux.c ---- */

/* Fills items and own_proc from the launcher's steps, whose paths and rules are borrowed, and from the host's places,
 * which say whether one is only a way. POSTERN_E_LIMIT: there are too many; POSTERN_E_MEMORY. */
int layout_take(const struct enforce_steps *steps, const struct enforce_host *host, struct layout *layout,
                struct postern_error *error);

/* What stands where `path` is looked for: the nearest item at it or above, the last one if several are at the same
 * path. NULL: the host's own. */
const struct layout_item *layout_cover(const struct layout *layout, const char *path);

/* Whether that is a fresh place, in which nothing of the host is seen. */
bool layout_is_place(const struct layout_item *item);

/* Whether nothing of the host is seen there, so that what leads further has to be made. NULL allowed. */
bool layout_is_fresh(const struct layout_item *item);

/* What stands where the item is going to be mounted. */
const struct layout_item *layout_cover_of(const struct layout *layout, const struct layout_item *item);

/* Whether something else is mounted in the mask. */
bool layout_leads_on(const struct layout *layout, const struct layout_item *mask);

/* plan_layout_linux.c: appends the steps; plan->failed when memory is out or there are more mounts than slots. */
void layout_make(const struct layout *layout, struct plan *plan);

/* Frees the lists, not what is borrowed. */
void layout_free(struct layout *layout);

#endif
