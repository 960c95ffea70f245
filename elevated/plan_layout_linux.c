/*
 * plan_layout_linux.c - the steps that make a sandbox's view of the files. Parent; see plan_layout_linux.h.
 *
 * All private places are directories of one small file system in memory, so that one limit holds for all of them. It
 * is filled while it stands on /dev, which every sandbox covers in any case; then each directory goes to its place,
 * and /dev's own comes last and covers the workshop.
 */
#include "elevated/plan_layout_linux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/path.h"
#include "shared/text.h"

#define WORKSHOP "/dev"
#define SIZE_LIMIT "50%"               /* of the machine's memory; tmpfs's own default, said aloud */
#define PATH_SIZE (PATH_SIZE_MAX + 32) /* of a path in the workshop */

enum slot {
    SLOT_PROC,
    SLOT_WORK, /* for what is copied and placed at once */
    SLOT_DEV,
    SLOT_SHM,
    SLOT_FREE /* the first of the devices; after them the returned files, then the items */
};

enum {
    FIXED = PLAN_NO_SUID | PLAN_NO_DEV, /* what every mount but /dev's nodes gets */
    LOCKED = FIXED | PLAN_READ_ONLY,
    CLOSED = LOCKED | PLAN_NO_EXEC
};

static bool is_above(const char *directory, const char *path)
{
    return path_is_beneath(PATH_POSIX, path, directory) && strcmp(path, directory) != 0;
}

/* ---- items ---- */

static bool is_in_dev(const struct layout_item *item)
{
    return path_is_beneath(PATH_POSIX, item->path, "/dev");
}

static size_t index_of(const struct layout *layout, const struct layout_item *item)
{
    return (size_t)(item - layout->items);
}

static size_t slot_of(const struct layout *layout, const struct layout_item *item)
{
    return SLOT_FREE + layout->devices.count + layout->returned.count + index_of(layout, item);
}

/* ---- short forms of the steps ---- */

static void add_mount(struct plan *plan, enum plan_operation operation, size_t slot, uint32_t flags, const char *path)
{
    struct plan_step step = {.operation = operation, .slot = (uint32_t)slot, .flags = flags, .path = path};
    if (slot >= PLAN_SLOTS)
        plan->failed = true;
    plan_add(plan, &step);
}

static void add_directory(struct plan *plan, const char *path, uint32_t mode)
{
    struct plan_step step = {.operation = PLAN_DIRECTORY, .path = path, .mode = mode};
    plan_add(plan, &step);
}

static void add_file(struct plan *plan, const char *path, const char *text)
{
    struct plan_step step = {.operation = PLAN_FILE, .path = path, .text = text, .mode = 0444};
    plan_add(plan, &step);
}

static void add_link(struct plan *plan, const char *path, const char *target)
{
    struct plan_step step = {.operation = PLAN_LINK, .path = path, .text = target};
    plan_add(plan, &step);
}

/* Copies what the workshop holds at `from` and mounts it on `to`. */
static void add_move(struct plan *plan, const char *from, uint32_t flags, const char *to, uint32_t place_flags)
{
    add_mount(plan, PLAN_COPY, SLOT_WORK, 0, from);
    if (flags)
        add_mount(plan, PLAN_SET_FLAGS, SLOT_WORK, flags, to);
    add_mount(plan, PLAN_PLACE, SLOT_WORK, place_flags, to);
}

/* Where in the workshop the contents of a fresh item are made. Masks that lead nowhere share theirs. */
static const char *workshop_name(char *out, const struct layout *layout, const struct layout_item *item)
{
    if (strcmp(item->path, "/dev") == 0 && item->kind != LAYOUT_MASK)
        snprintf(out, PATH_SIZE, WORKSHOP "/dev");
    else if (item->kind == LAYOUT_MASK && !item->directory)
        snprintf(out, PATH_SIZE, WORKSHOP "/no-file");
    else if (item->kind == LAYOUT_MASK && !layout_leads_on(layout, item))
        snprintf(out, PATH_SIZE, WORKSHOP "/no-directory");
    else
        snprintf(out, PATH_SIZE, WORKSHOP "/item%zu", index_of(layout, item));
    return out;
}

/* Makes the directories that lead to `path` in the fresh item that covers it, and says in `out` where in the workshop
 * it is itself. false: there is nothing to make, what covers it is the host's or is at `path` itself. */
static bool make_way(const struct layout *layout, struct plan *plan, const struct layout_item *cover, const char *path,
                     char *out)
{
    if (!layout_is_fresh(cover) || !is_above(cover->path, path))
        return false;
    size_t length = strlen(workshop_name(out, layout, cover));
    if (!text_copy(out + length, PATH_SIZE - length, path + strlen(cover->path)))
        plan->failed = true;
    for (char *slash = out + length; (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = 0;
        add_directory(plan, out, cover->kind == LAYOUT_MASK ? 0111 : 0755);
        *slash = '/';
    }
    return true;
}

/* ---- the parts ---- */

static void take_mount(const struct layout *layout, struct plan *plan, const struct layout_item *item)
{
    struct plan_step copy = {.operation = PLAN_COPY,
                             .slot = (uint32_t)slot_of(layout, item),
                             .flags = PLAN_RECURSIVE | PLAN_SAME_FILE,
                             .device = item->device,
                             .inode = item->inode,
                             .path = item->path};
    struct plan_step change = {.operation = item->mapped ? PLAN_MAP_OWNER : PLAN_SET_FLAGS,
                               .slot = copy.slot,
                               .flags = PLAN_RECURSIVE | (uint32_t)(item->read_only ? LOCKED : FIXED),
                               .uid = item->uid,
                               .gid = item->gid,
                               .path = item->path};
    if (item->mapped && item->part && item->read_only)
        change.flags |= PLAN_MAY_STAY;
    plan_add(plan, &copy);
    plan_add(plan, &change);
}

/* While everything is still in sight. */
static void take_from_host(const struct layout *layout, struct plan *plan)
{
    char path[PATH_SIZE];
    size_t slot = SLOT_FREE;
    if (slot + layout->devices.count + layout->returned.count + layout->item_count > PLAN_SLOTS)
        plan->failed = true;
    for (size_t i = 0; i < layout->item_count; i++) {
        if (layout->items[i].kind == LAYOUT_MOUNT)
            take_mount(layout, plan, &layout->items[i]);
    }
    for (size_t i = 0; i < layout->devices.count; i++) {
        snprintf(path, sizeof(path), "/dev/%s", layout->devices.item[i]);
        add_mount(plan, PLAN_COPY, slot++, 0, path);
    }
    for (size_t i = 0; i < layout->returned.count; i++) {
        add_mount(plan, PLAN_COPY, slot, 0, layout->returned.item[i]);
        add_mount(plan, PLAN_SET_FLAGS, slot++, LOCKED, layout->returned.item[i]);
    }
}

static void fill_dev(const struct layout *layout, struct plan *plan)
{
    char path[PATH_SIZE];
    add_directory(plan, WORKSHOP "/dev", 0755);
    add_directory(plan, WORKSHOP "/dev/pts", 0755);
    add_directory(plan, WORKSHOP "/dev/shm", 0755);
    add_directory(plan, WORKSHOP "/shm", 01777);
    for (size_t i = 0; i < layout->devices.count; i++) {
        snprintf(path, sizeof(path), WORKSHOP "/dev/%s", layout->devices.item[i]);
        add_file(plan, path, "");
    }
    add_link(plan, WORKSHOP "/dev/ptmx", "pts/ptmx");
    add_link(plan, WORKSHOP "/dev/fd", "/proc/self/fd");
    add_link(plan, WORKSHOP "/dev/stdin", "/proc/self/fd/0");
    add_link(plan, WORKSHOP "/dev/stdout", "/proc/self/fd/1");
    add_link(plan, WORKSHOP "/dev/stderr", "/proc/self/fd/2");
}

/* The place that holds the home directory is root's; in the others everybody makes what he likes. */
static uint32_t mode_of(const struct layout *layout, const struct layout_item *item)
{
    if (item->kind == LAYOUT_MASK)
        return layout_leads_on(layout, item) ? 0111 : 0;
    if (item->kind == LAYOUT_WAY)
        return 0755;
    return layout->home && layout_cover(layout, layout->home) == item ? 0755 : 01777;
}

static void make_item(const struct layout *layout, struct plan *plan, const struct layout_item *item)
{
    char path[PATH_SIZE];
    struct plan_step file = {.operation = PLAN_FILE, .path = path};
    if (!layout_is_fresh(item))
        return;
    workshop_name(path, layout, item);
    if (item->kind == LAYOUT_MASK && !item->directory)
        plan_add(plan, &file);
    else
        add_directory(plan, path, mode_of(layout, item));
}

static void make_mount_point(const struct layout *layout, struct plan *plan, const struct layout_item *item)
{
    char path[PATH_SIZE];
    const struct layout_item *cover = layout_cover_of(layout, item);
    if (!make_way(layout, plan, cover, item->path, path))
        return;
    if (item->directory)
        add_directory(plan, path, cover->kind == LAYOUT_MASK ? 0111 : 0755);
    else
        add_file(plan, path, "");
}

static void fill_workshop(const struct layout *layout, struct plan *plan)
{
    char path[PATH_SIZE];
    for (size_t i = 0; i < layout->item_count; i++)
        make_item(layout, plan, &layout->items[i]);
    for (size_t i = 0; i < layout->item_count; i++)
        make_mount_point(layout, plan, &layout->items[i]);
    if (layout->home && make_way(layout, plan, layout_cover(layout, layout->home), layout->home, path)) {
        struct plan_step home = {
            .operation = PLAN_DIRECTORY, .path = path, .mode = 0700, .uid = layout->uid, .gid = layout->gid};
        plan_add(plan, &home);
    }
    for (size_t i = 0; i < layout->returned.count; i++) {
        const char *returned = layout->returned.item[i];
        if (make_way(layout, plan, layout_cover(layout, returned), returned, path))
            add_file(plan, path, "");
    }
}

/* A directory on the way from `cover` to what is held in it could be renamed by a command, and another one be put in
 * its place, with something else at the end. */
static bool can_be_renamed(const struct layout *layout, const struct layout_item *cover, const struct layout_item *item)
{
    if (cover->kind == LAYOUT_MOUNT)
        return !cover->read_only;
    /* in a private place the way is ours, and at level restricted we are the same user; but /dev is read-only */
    return cover->kind == LAYOUT_PLACE && !layout->other_user && !is_in_dev(item) &&
           (item->kind == LAYOUT_MASK || item->read_only);
}

/* Mount points cannot be renamed: so each directory on the way becomes one, of itself. */
static void pin_way(const struct layout *layout, struct plan *plan, const struct layout_item *item)
{
    char path[PATH_SIZE];
    const struct layout_item *cover = layout_cover_of(layout, item);
    const char *previous = item > layout->items ? item[-1].path : "";
    if (!cover || !can_be_renamed(layout, cover, item) || !text_copy(path, sizeof(path), item->path))
        return;
    for (char *slash = path + strlen(cover->path); (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = 0;
        /* items come in the order of a tree: what the way shares with another one it shares with the one before */
        if (!path_is_beneath(PATH_POSIX, previous, path)) {
            add_mount(plan, PLAN_COPY, SLOT_WORK, PLAN_RECURSIVE, path);
            add_mount(plan, PLAN_PLACE, SLOT_WORK, 0, path);
        }
        *slash = '/';
    }
}

/* A mount point that the host has must still be what the policy was made for; one that we have made is. */
static void place_item(const struct layout *layout, struct plan *plan, const struct layout_item *item, size_t slot)
{
    struct plan_step place = {.operation = PLAN_PLACE, .slot = (uint32_t)slot, .path = item->path};
    bool ours = layout_is_fresh(layout_cover_of(layout, item)) ||
                (layout->own_proc && path_is_beneath(PATH_POSIX, item->path, "/proc"));
    if (!layout_is_place(item) && !ours) {
        place.flags = PLAN_SAME_FILE;
        place.device = item->device;
        place.inode = item->inode;
    }
    plan_add(plan, &place);
}

/* Puts what was made for the item into a slot. */
static void take_fresh(const struct layout *layout, struct plan *plan, const struct layout_item *item, size_t slot)
{
    char path[PATH_SIZE];
    uint32_t flags = item->kind == LAYOUT_MASK ? CLOSED : item->kind == LAYOUT_WAY ? PLAN_READ_ONLY : 0;
    add_mount(plan, PLAN_COPY, slot, 0, workshop_name(path, layout, item));
    if (flags)
        add_mount(plan, PLAN_SET_FLAGS, slot, flags, item->path);
}

/* Keys belong to a user, not to a namespace: at level restricted those of the caller would be listed. */
static void hide_keys(struct plan *plan)
{
    struct plan_step file = {.operation = PLAN_FILE, .path = WORKSHOP "/no-file"};
    plan_add(plan, &file);
    add_mount(plan, PLAN_COPY, SLOT_WORK, 0, file.path);
    add_mount(plan, PLAN_SET_FLAGS, SLOT_WORK, CLOSED, "/proc/keys");
    add_mount(plan, PLAN_PLACE, SLOT_WORK, PLAN_MAY_BE_GONE, "/proc/keys");
}

static bool is_dev(const struct layout_item *item)
{
    return strcmp(item->path, "/dev") == 0 && layout_is_place(item);
}

/* In the order of the paths, so that nothing is covered again by what is above it. What is in /dev has to wait for
 * /dev, but is taken out of the workshop in time. */
static void place_items(const struct layout *layout, struct plan *plan)
{
    for (size_t i = 0; i < layout->item_count; i++) {
        const struct layout_item *item = &layout->items[i];
        size_t slot = layout_is_fresh(item) && !is_in_dev(item) ? SLOT_WORK : slot_of(layout, item);
        if (is_dev(item))
            continue;
        pin_way(layout, plan, item);
        if (layout_is_fresh(item))
            take_fresh(layout, plan, item, slot);
        if (!is_in_dev(item))
            place_item(layout, plan, item, slot);
    }
}

static void place_in_dev(const struct layout *layout, struct plan *plan)
{
    for (size_t i = 0; i < layout->item_count; i++) {
        const struct layout_item *item = &layout->items[i];
        if (is_in_dev(item) && !is_dev(item))
            place_item(layout, plan, item, slot_of(layout, item));
    }
}

/* Where the host has such a file and it is in sight. */
static void place_account(const struct layout *layout, struct plan *plan, const char *made, const char *text,
                          const char *path)
{
    if (!path || layout_is_fresh(layout_cover(layout, path)))
        return;
    add_file(plan, made, text);
    add_move(plan, made, PLAN_READ_ONLY, path, 0);
}

static void place_all(const struct layout *layout, struct plan *plan)
{
    place_items(layout, plan);
    place_account(layout, plan, WORKSHOP "/passwd", layout->passwd, layout->passwd_path);
    place_account(layout, plan, WORKSHOP "/group", layout->group, layout->group_path);
    if (layout->masked.count > 0)
        add_file(plan, WORKSHOP "/nothing", "");
    for (size_t i = 0; i < layout->masked.count; i++)
        add_move(plan, WORKSHOP "/nothing", PLAN_READ_ONLY, layout->masked.item[i], PLAN_MAY_BE_GONE);
}

/* Covers the workshop: nothing can be taken from there afterwards. */
static void place_dev(const struct layout *layout, struct plan *plan)
{
    char path[PATH_SIZE];
    add_mount(plan, PLAN_COPY, SLOT_DEV, 0, WORKSHOP "/dev");
    add_mount(plan, PLAN_SET_FLAGS, SLOT_DEV, PLAN_READ_ONLY | PLAN_NO_EXEC, "/dev");
    add_mount(plan, PLAN_COPY, SLOT_SHM, 0, WORKSHOP "/shm");
    add_mount(plan, PLAN_PLACE, SLOT_DEV, 0, "/dev");
    for (size_t i = 0; i < layout->devices.count; i++) {
        snprintf(path, sizeof(path), "/dev/%s", layout->devices.item[i]);
        add_mount(plan, PLAN_PLACE, SLOT_FREE + i, 0, path);
    }
    add_mount(plan, PLAN_PLACE, SLOT_SHM, 0, "/dev/shm");
    add_mount(plan, PLAN_NEW_DEVPTS, SLOT_WORK, PLAN_NO_SUID | PLAN_NO_EXEC, "/dev/pts");
    add_mount(plan, PLAN_PLACE, SLOT_WORK, 0, "/dev/pts");
}

static void begin(const struct layout *layout, struct plan *plan)
{
    struct plan_step name = {.operation = PLAN_HOST_NAME, .text = "postern"};
    struct plan_step root = {.operation = PLAN_PRIVATE_ROOT, .path = "/"};
    plan_add(plan, &root);
    plan_add(plan, &name);
    /* At level restricted the user may be root of the host, who may write /proc/sys whatever his capabilities. */
    if (layout->own_proc)
        add_mount(plan, PLAN_NEW_PROC, SLOT_PROC,
                  FIXED | PLAN_NO_EXEC | (layout->other_user ? 0u : (uint32_t)PLAN_READ_ONLY), "/proc");
}

void layout_make(const struct layout *layout, struct plan *plan)
{
    struct plan_step memory = {.operation = PLAN_NEW_TMPFS, .slot = SLOT_WORK, .flags = FIXED, .text = SIZE_LIMIT};
    begin(layout, plan);
    take_from_host(layout, plan);
    add_mount(plan, PLAN_LOCK_ROOT, 0, LOCKED, "/");
    plan_add(plan, &memory);
    add_mount(plan, PLAN_PLACE, SLOT_WORK, 0, WORKSHOP);
    fill_dev(layout, plan);
    fill_workshop(layout, plan);
    if (layout->own_proc)
        add_mount(plan, PLAN_PLACE, SLOT_PROC, 0, "/proc");
    if (!layout->other_user)
        hide_keys(plan);
    place_all(layout, plan);
    place_dev(layout, plan);
    place_in_dev(layout, plan);
    for (size_t i = 0; i < layout->returned.count; i++)
        add_mount(plan, PLAN_PLACE, SLOT_FREE + layout->devices.count + i, 0, layout->returned.item[i]);
}
