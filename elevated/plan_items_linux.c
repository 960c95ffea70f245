/*
 * plan_items_linux.c - what is mounted over the host in a sandbox, as the enforcement plan says it, and which of it is
 * seen where. Parent; see plan_layout_linux.h.
 */
#include "elevated/plan_layout_linux.h"

#include <stdlib.h>
#include <string.h>

static const char STAGE[] = "launch";

enum { ITEMS_MAX = ENFORCE_MOUNTS_MAX + 64 }; /* those of the policy, and the places */

void layout_free(struct layout *layout)
{
    free(layout->items);
    strings_free(&layout->devices);
    strings_free(&layout->returned);
    strings_free(&layout->masked);
    memset(layout, 0, sizeof(*layout));
}

/* ---- from the enforcement plan ---- */

/* Where the item belongs; almost always behind all others. Of two at the same path the later one covers the other. */
static bool add_item(struct layout *layout, const struct layout_item *item)
{
    size_t at = layout->item_count;
    if (layout->item_count == layout->item_capacity) {
        size_t capacity = layout->item_capacity ? layout->item_capacity * 2 : 32;
        struct layout_item *items = realloc(layout->items, capacity * sizeof(*items));
        if (!items)
            return false;
        layout->items = items;
        layout->item_capacity = capacity;
    }
    while (at > 0 && path_compare(PATH_POSIX, layout->items[at - 1].path, item->path) > 0)
        at--;
    memmove(&layout->items[at + 1], &layout->items[at], (layout->item_count - at) * sizeof(*item));
    layout->items[at] = *item;
    layout->item_count++;
    return true;
}

static enum layout_kind kind_of_place(const struct enforce_host *host, const char *path)
{
    for (size_t i = 0; i < host->place_count; i++) {
        if (strcmp(host->place[i].path, path) == 0)
            return host->place[i].writable ? LAYOUT_PLACE : LAYOUT_WAY;
    }
    return LAYOUT_WAY;
}

/* false: the step is about something else. */
static bool item_of_step(const struct enforce_step *step, const struct enforce_host *host, struct layout_item *out)
{
    const struct policy_rule *rule = step->rule;
    const struct policy_rule *owner = step->owner ? step->owner : rule;
    *out = (struct layout_item){.kind = LAYOUT_MOUNT, .path = step->path, .directory = true};
    switch (step->mechanism) {
    case ENFORCE_PRIVATE:
        out->kind = kind_of_place(host, step->path);
        return true;
    case ENFORCE_PRIVATE_WAY:
        out->kind = LAYOUT_WAY;
        return true;
    case ENFORCE_MASK:
        out->kind = LAYOUT_MASK;
        break;
    case ENFORCE_MOUNT_WRITE:
        break;
    case ENFORCE_MOUNT_READ:
        out->read_only = true;
        break;
    case ENFORCE_MAPPED_READ:
        out->read_only = true;
        /* fall through */
    case ENFORCE_MAPPED_WRITE:
        out->mapped = true;
        out->part = owner != rule;
        out->uid = owner->uid;
        out->gid = owner->gid;
        break;
    default:
        return false;
    }
    out->directory = rule->directory || rule->missing;
    out->device = rule->device;
    out->inode = rule->inode;
    return true;
}

static bool takes_dev(const struct enforce_steps *steps)
{
    for (size_t i = 0; i < steps->count; i++) {
        if (steps->item[i].mechanism == ENFORCE_PRIVATE && strcmp(steps->item[i].path, "/dev") == 0)
            return true;
    }
    return false;
}

int layout_take(const struct enforce_steps *steps, const struct enforce_host *host, struct layout *layout,
                struct postern_error *error)
{
    struct layout_item item = {.kind = LAYOUT_PLACE, .path = "/dev", .directory = true};
    /* always ours, also where the policy makes of the host's what it likes: it is the workshop */
    if (!takes_dev(steps) && !add_item(layout, &item))
        return error_memory(error, STAGE);
    for (size_t i = 0; i < steps->count; i++) {
        if (steps->item[i].mechanism == ENFORCE_PID_NAMESPACE)
            layout->own_proc = true;
        if (!item_of_step(&steps->item[i], host, &item))
            continue;
        if (layout->item_count == ITEMS_MAX) {
            error_set(error, POSTERN_E_LIMIT, STAGE, "", "the policy takes more than %d mounts", ITEMS_MAX);
            error_remedy(error, "name directories above instead of many paths in them");
            return POSTERN_E_LIMIT;
        }
        if (!add_item(layout, &item))
            return error_memory(error, STAGE);
    }
    return POSTERN_OK;
}

/* ---- what stands where ---- */

/* Among the first `count` items. */
static const struct layout_item *find_cover(const struct layout *layout, const char *path, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        if (path_is_beneath(PATH_POSIX, path, layout->items[i - 1].path))
            return &layout->items[i - 1];
    }
    return NULL;
}

const struct layout_item *layout_cover(const struct layout *layout, const char *path)
{
    return find_cover(layout, path, layout->item_count);
}

bool layout_is_fresh(const struct layout_item *item)
{
    return item && item->kind != LAYOUT_MOUNT;
}

bool layout_is_place(const struct layout_item *item)
{
    return item && (item->kind == LAYOUT_PLACE || item->kind == LAYOUT_WAY);
}

const struct layout_item *layout_cover_of(const struct layout *layout, const struct layout_item *item)
{
    return find_cover(layout, item->path, (size_t)(item - layout->items));
}

bool layout_leads_on(const struct layout *layout, const struct layout_item *mask)
{
    for (size_t i = (size_t)(mask - layout->items) + 1; i < layout->item_count; i++) {
        if (!path_is_beneath(PATH_POSIX, layout->items[i].path, mask->path))
            return false;
        if (layout_cover_of(layout, &layout->items[i]) == mask)
            return true;
    }
    return false;
}
