/*
 * plan_layout_linux.c - the steps that make a sandbox's view of the files. Parent; see plan_layout_linux.h.
 *
 * All private places are directories of one small file system in memory, so that one limit holds for all of them. It
 * is filled while it stands on /dev, which every sandbox covers in any case; then each directory goes to its place,
 * and /dev's own comes last and covers the workshop.
 */
#include "elevated/plan_layout_linux.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

#define WORKSHOP "/dev"
#define SIZE_LIMIT "50%" /* of the machine's memory; tmpfs's own default, said aloud */
#define PATH_SIZE 4096

enum slot {
    SLOT_PROC,
    SLOT_WORKSPACE,
    SLOT_WORK, /* for what is copied and placed at once */
    SLOT_DEV,
    SLOT_SHM,
    SLOT_FREE /* the first of the devices; after them the returned files */
};

enum {
    FIXED = PLAN_NO_SUID | PLAN_NO_DEV, /* what every mount but /dev's nodes gets */
    LOCKED = FIXED | PLAN_READ_ONLY
};

bool layout_is_beneath(const char *path, const char *directory)
{
    size_t length = strlen(directory);
    if (strcmp(directory, "/") == 0)
        return path[0] == '/';
    return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

const struct layout_place *layout_hiding_place(const struct layout *layout, const char *path)
{
    for (size_t i = layout->place_count; i > 0; i--) {
        const struct layout_place *place = &layout->places[i - 1];
        if (layout_is_beneath(path, place->path) && strcmp(path, place->path) != 0)
            return place;
    }
    return NULL;
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

static const char *workshop_name(char *out, const struct layout *layout, const struct layout_place *place)
{
    snprintf(out, PATH_SIZE, WORKSHOP "/place%zu", (size_t)(place - layout->places));
    return out;
}

/* Where in the workshop the hidden `path` has to be made; false when nothing hides it, or it is too long. */
static bool workshop_path(char *out, const struct layout *layout, const char *path)
{
    const struct layout_place *place = layout_hiding_place(layout, path);
    if (!place)
        return false;
    size_t length = strlen(workshop_name(out, layout, place));
    return text_copy(out + length, PATH_SIZE - length, path + strlen(place->path));
}

/* Makes the directories that lead to the hidden `path`, and says in `out` where it is itself. false: not hidden. */
static bool make_way(const struct layout *layout, struct plan *plan, const char *path, char *out)
{
    if (!workshop_path(out, layout, path))
        return false;
    for (char *slash = strchr(out + sizeof(WORKSHOP), '/') + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = 0;
        add_directory(plan, out, 0755);
        *slash = '/';
    }
    return true;
}

/* ---- the parts ---- */

/* While everything is still in sight. */
static void take_from_host(const struct layout *layout, struct plan *plan)
{
    char path[PATH_SIZE];
    struct plan_step workspace = {.operation = PLAN_COPY,
                                  .slot = SLOT_WORKSPACE,
                                  .flags = PLAN_RECURSIVE | PLAN_SAME_FILE,
                                  .device = layout->workspace_device,
                                  .inode = layout->workspace_inode,
                                  .path = layout->workspace};
    struct plan_step change = {.operation = layout->other_user ? PLAN_MAP_OWNER : PLAN_SET_FLAGS,
                               .slot = SLOT_WORKSPACE,
                               .flags = FIXED | PLAN_RECURSIVE,
                               .uid = layout->workspace_uid,
                               .gid = layout->workspace_gid,
                               .path = layout->workspace};
    if (layout->workspace) {
        plan_add(plan, &workspace);
        plan_add(plan, &change);
    }
    size_t slot = SLOT_FREE;
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

static void fill_places(const struct layout *layout, struct plan *plan)
{
    char path[PATH_SIZE];
    for (size_t i = 0; i < layout->place_count; i++)
        add_directory(plan, workshop_name(path, layout, &layout->places[i]), layout->places[i].mode);
    for (size_t i = 0; i < layout->place_count; i++) {
        if (make_way(layout, plan, layout->places[i].path, path))
            add_directory(plan, path, 0755);
    }
    if (layout->home && make_way(layout, plan, layout->home, path)) {
        struct plan_step home = {
            .operation = PLAN_DIRECTORY, .path = path, .mode = 0700, .uid = layout->uid, .gid = layout->gid};
        plan_add(plan, &home);
    }
    if (layout->workspace && make_way(layout, plan, layout->workspace, path))
        add_directory(plan, path, 0755);
    for (size_t i = 0; i < layout->returned.count; i++) {
        if (make_way(layout, plan, layout->returned.item[i], path))
            add_file(plan, path, "");
    }
}

static void place_all(const struct layout *layout, struct plan *plan)
{
    char path[PATH_SIZE];
    for (size_t i = 0; i < layout->place_count; i++) {
        const struct layout_place *place = &layout->places[i];
        add_move(plan, workshop_name(path, layout, place), place->writable ? 0 : PLAN_READ_ONLY, place->path, 0);
    }
    if (layout->passwd_path) {
        add_file(plan, WORKSHOP "/passwd", layout->passwd);
        add_move(plan, WORKSHOP "/passwd", PLAN_READ_ONLY, layout->passwd_path, 0);
    }
    if (layout->group_path) {
        add_file(plan, WORKSHOP "/group", layout->group);
        add_move(plan, WORKSHOP "/group", PLAN_READ_ONLY, layout->group_path, 0);
    }
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
    fill_places(layout, plan);
    fill_dev(layout, plan);
    place_all(layout, plan);
    place_dev(layout, plan);
    for (size_t i = 0; i < layout->returned.count; i++)
        add_mount(plan, PLAN_PLACE, SLOT_FREE + layout->devices.count + i, 0, layout->returned.item[i]);
    if (layout->own_proc)
        add_mount(plan, PLAN_PLACE, SLOT_PROC, 0, "/proc");
    if (layout->workspace)
        add_mount(plan, PLAN_PLACE, SLOT_WORKSPACE, 0, layout->workspace);
}
