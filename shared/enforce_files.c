/*
 * enforce_files.c - the part of a plan that is about files: private places, mounts, masks, what Landlock grants.
 * Portable, pure; parent. Caller: enforce_plan.c. enforce.h says what the steps have to come to.
 *
 * One walk over all paths that matter, in the order of path_compare(), so that what is above a path comes before it.
 * A stack holds what is above the current one; each frame says what would be seen there so far, and a step is added
 * where that is not what the policy wants.
 */
#include "shared/enforce_parts.h"

#include <assert.h>
#include <stdlib.h>

static const char STAGE[] = "policy";

/* Sorted in this order where the path is the same. */
enum item_kind {
    ITEM_PLACE,
    ITEM_RULE,
    ITEM_WAY, /* a directory that the sandbox user cannot enter, above one that is handed over to him */
    ITEM_DEVICE,
    ITEM_PROC /* the runner cannot find its commands' processes without it */
};

struct item {
    enum item_kind kind;
    const char *path;
    const struct policy_rule *rule;
    bool writable; /* a place */
};

enum view {
    VIEW_READABLE, /* the host's file, read-only */
    VIEW_WRITABLE,
    VIEW_PLACE, /* a private place: the host's file is not seen */
    VIEW_WAY,   /* a private way: nothing is seen but where it leads to */
    VIEW_MASKED
};

struct frame {
    const char *path;
    const struct policy_rule *rule;   /* that decides; NULL: the base, or what every sandbox has */
    enum policy_access access;        /* by the policy; of places and devices: what every sandbox has */
    enum policy_access granted;       /* by Landlock, here or above */
    enum view view;                   /* by mounts */
    const struct policy_rule *owner;  /* whose owner's rights the caller handed over */
    const struct policy_rule *mapped; /* as whose owner's the files in view are mapped now */
    bool everywhere;                  /* denied by the base or "/": held by Landlock, which leaves places and devices */
    bool mounted;                     /* in a mount or mask of the policy's */
    bool meant; /* the host's files: false in a private place until a rule of the caller's names something there */
    bool device;
};

struct walk {
    const struct policy_rules *rules;
    const struct enforce_host *host;
    struct enforce_files *out;
    struct item *extra; /* sorted; what is no rule */
    size_t extra_count;
    struct frame *stack;
    size_t depth; /* at least 1 while walking: the root */
    struct postern_error *error;
};

void enforce_files_free(struct enforce_files *files)
{
    free(files->places.item);
    free(files->mounts.item);
    free(files->landlock.item);
    *files = (struct enforce_files){0};
}

static const char *name_of(const struct policy_rule *rule)
{
    return rule->said ? rule->said : rule->path;
}

static int add(struct walk *walk, struct enforce_steps *steps, const struct enforce_step *step)
{
    return enforce_add_borrowed(steps, step) ? POSTERN_OK : error_memory(walk->error, STAGE);
}

/* ---- what is granted by Landlock ---- */

static int grant(struct walk *walk, struct frame *frame, enum policy_access access)
{
    struct enforce_step step = {.mechanism = access == POLICY_WRITE ? ENFORCE_LANDLOCK_WRITE : ENFORCE_LANDLOCK_READ,
                                .path = (char *)frame->path};
    if (access <= frame->granted)
        return POSTERN_OK;
    frame->granted = access;
    return add(walk, &walk->out->landlock, &step);
}

/* ---- rules ---- */

static int refuse_missing(struct walk *walk, const struct policy_rule *rule)
{
    static const char remedy[] = "create it first, or make only directories writable that will not hold it";
    if (rule->access == POLICY_DENIED)
        return enforce_refuse(walk->error, "fs.deny", name_of(rule),
                              "cannot be denied before it exists: commands could make it", remedy);
    return enforce_refuse(walk->error, "fs.write", name_of(rule),
                          "cannot be kept read-only before it exists: commands could make it", remedy);
}

/* Landlock only grants, and what it grants on a directory holds for all that is beneath. */
static int check_without_mounts(struct walk *walk, const struct frame *above, const struct policy_rule *rule)
{
    if (rule->access >= above->access)
        return POSTERN_OK;
    if (rule->access == POLICY_DENIED)
        return enforce_refuse(walk->error, "fs.deny", name_of(rule),
                              "cannot be denied inside what may be read: this host allows the sandbox no mounts",
                              "run as root or allow user namespaces, or take it out of the denied paths");
    return enforce_refuse(walk->error, "fs.write", name_of(rule),
                          "cannot be kept read-only inside what may be written: this host allows the sandbox no mounts",
                          "run as root or allow user namespaces, or make it writable by name with --rw PATH");
}

static int mask(struct walk *walk, const struct policy_rule *rule, struct frame *frame)
{
    struct enforce_step step = {.mechanism = ENFORCE_MASK, .path = rule->path, .rule = rule};
    frame->view = VIEW_MASKED;
    frame->mapped = NULL;
    frame->mounted = true;
    return add(walk, &walk->out->mounts, &step);
}

static bool is_hidden(const struct frame *frame)
{
    return frame->view == VIEW_PLACE || frame->view == VIEW_WAY || frame->view == VIEW_MASKED;
}

static bool needs_mount(const struct frame *above, const struct frame *frame)
{
    bool wants_write = frame->access == POLICY_WRITE;
    if (above->view == VIEW_WAY && !wants_write && !frame->owner)
        return false; /* the user's own rights do not lead past the barrier */
    return is_hidden(above) || wants_write != (above->view == VIEW_WRITABLE) || frame->owner != above->mapped;
}

/* The host's file with the access of the rule. */
static int show(struct walk *walk, const struct frame *above, const struct policy_rule *rule, struct frame *frame)
{
    static const enum enforce_mechanism mechanisms[2][2] = {{ENFORCE_MOUNT_READ, ENFORCE_MOUNT_WRITE},
                                                            {ENFORCE_MAPPED_READ, ENFORCE_MAPPED_WRITE}};
    bool writable = rule->access == POLICY_WRITE;
    struct enforce_step step = {.mechanism = mechanisms[frame->owner != NULL][writable],
                                .path = rule->path,
                                .rule = rule,
                                .owner = frame->owner};
    if (!needs_mount(above, frame))
        return POSTERN_OK;
    if (above->view == VIEW_PLACE && above->access != POLICY_WRITE)
        walk->out->services_in_sight = true;
    frame->view = writable ? VIEW_WRITABLE : VIEW_READABLE;
    frame->mapped = frame->owner;
    frame->mounted = true;
    return add(walk, &walk->out->mounts, &step);
}

/* The owner's rights that hold for a rule: those the caller handed over by naming this path, else those of what is
 * above; so a part of a grant is mapped as the grant is, unless it has another owner. */
static const struct policy_rule *find_owner(const struct walk *walk, const struct frame *above,
                                            const struct policy_rule *rule)
{
    bool named = rule->source != POLICY_FROM_CEILING && rule->source != POLICY_PROTECTED;
    if (walk->host->other_user && rule->delegated && named && (!above->owner || above->owner->uid != rule->uid))
        return rule;
    return above->owner;
}

static int plan_missing(struct walk *walk, const struct frame *above, const struct policy_rule *rule)
{
    struct frame unused = *above;
    if (above->access != POLICY_WRITE || rule->access == POLICY_WRITE)
        return POSTERN_OK;
    if (above->view != VIEW_PLACE)
        return refuse_missing(walk, rule);
    return rule->access == POLICY_DENIED ? mask(walk, rule, &unused) : POSTERN_OK;
}

/* *frame begins as what is above. */
static int plan_rule(struct walk *walk, const struct policy_rule *rule, struct frame *frame)
{
    const struct frame above = *frame;
    int result = POSTERN_OK;
    bool from_caller = rule->source != POLICY_FROM_CEILING;
    if (rule->access != POLICY_DENIED && (above.device || (!above.meant && !from_caller)))
        return POSTERN_OK;
    if (rule->missing)
        return plan_missing(walk, &above, rule);
    frame->path = rule->path;
    frame->rule = rule;
    frame->access = rule->access;
    frame->everywhere = false;
    frame->meant = above.meant || from_caller;
    frame->owner = find_owner(walk, &above, rule);
    if (!walk->host->own_files)
        result = check_without_mounts(walk, &above, rule);
    else if (rule->access != POLICY_DENIED)
        result = show(walk, &above, rule, frame);
    else if (above.access != POLICY_DENIED || above.everywhere)
        result = mask(walk, rule, frame); /* also of what Landlock does not grant: it lets sockets be connected to */
    return result == POSTERN_OK ? grant(walk, frame, rule->access) : result;
}

/* ---- what every sandbox has ---- */

static int plan_place(struct walk *walk, const struct item *item, struct frame *frame)
{
    struct enforce_step step = {.mechanism = item->writable ? ENFORCE_PRIVATE : ENFORCE_PRIVATE_WAY,
                                .path = (char *)item->path};
    struct enforce_steps *steps = frame->mounted ? &walk->out->mounts : &walk->out->places;
    frame->path = item->path;
    frame->rule = NULL;
    frame->access = item->writable ? POLICY_WRITE : POLICY_READ;
    frame->view = VIEW_PLACE;
    frame->owner = frame->mapped = NULL;
    frame->everywhere = frame->meant = false;
    int result = add(walk, steps, &step);
    return result == POSTERN_OK ? grant(walk, frame, frame->access) : result;
}

static int plan_way(struct walk *walk, const struct item *item, struct frame *frame)
{
    struct enforce_step step = {.mechanism = ENFORCE_PRIVATE_WAY, .path = (char *)item->path};
    if (is_hidden(frame) || frame->mounted)
        return POSTERN_OK; /* what covers it can be entered */
    frame->path = item->path;
    frame->view = VIEW_WAY;
    return add(walk, &walk->out->places, &step);
}

static int plan_device(struct walk *walk, const struct item *item, struct frame *frame)
{
    if (frame->access == POLICY_DENIED && !frame->everywhere)
        return enforce_refuse(walk->error, "fs.deny", name_of(frame->rule),
                              "cannot be denied: it is or holds what every command is given",
                              "take it out of the denied paths, or name what is in it");
    frame->path = item->path;
    frame->access = POLICY_WRITE;
    frame->everywhere = false;
    frame->device = true;
    return grant(walk, frame, POLICY_WRITE);
}

static int plan_proc(struct walk *walk, const struct item *item, struct frame *frame)
{
    if (frame->access == POLICY_DENIED && !frame->everywhere)
        return enforce_refuse(walk->error, "fs.deny", name_of(frame->rule),
                              "cannot be denied: without /proc the runner cannot end what commands start",
                              "take it out of the denied paths, or name what is in it");
    if (frame->access == POLICY_DENIED && !walk->host->own_proc)
        return enforce_refuse(walk->error, "fs.deny", item->path,
                              "cannot be denied: the runner needs it, and this host gives the sandbox none of its own",
                              "run as root or allow user namespaces, or make it readable by name with --ro /proc");
    frame->path = item->path;
    frame->device = true;
    frame->everywhere = false;
    if (frame->access == POLICY_DENIED)
        frame->access = POLICY_READ;
    return grant(walk, frame, POLICY_READ);
}

/* ---- the walk ---- */

static int visit(struct walk *walk, const struct item *item)
{
    struct frame frame;
    int result = POSTERN_OK;
    while (walk->depth > 1 && !path_is_beneath(PATH_POSIX, item->path, walk->stack[walk->depth - 1].path))
        walk->depth--;
    frame = walk->stack[walk->depth - 1];
    switch (item->kind) {
    case ITEM_PLACE:
        result = plan_place(walk, item, &frame);
        break;
    case ITEM_RULE:
        result = plan_rule(walk, item->rule, &frame);
        break;
    case ITEM_WAY:
        result = plan_way(walk, item, &frame);
        break;
    case ITEM_DEVICE:
        result = plan_device(walk, item, &frame);
        break;
    case ITEM_PROC:
        result = plan_proc(walk, item, &frame);
        break;
    }
    if (frame.path != walk->stack[walk->depth - 1].path)
        walk->stack[walk->depth++] = frame;
    return result;
}

static int compare_items(const void *a, const void *b)
{
    const struct item *left = a, *right = b;
    int order = path_compare(PATH_POSIX, left->path, right->path);
    return order != 0 ? order : (int)left->kind - (int)right->kind;
}

/* Such as /dev: nothing of the host's is seen there but what all are given. */
static bool holds_devices(const struct enforce_host *host, const struct enforce_place *place)
{
    for (size_t i = 0; host->device && i < host->device->count; i++) {
        if (path_is_beneath(PATH_POSIX, host->device->item[i], place->path))
            return true;
    }
    return false;
}

/* A rule that denies a place by name, and any of the caller's for its own path, replaces the place. But what a ceiling
 * alone says grants nothing that the caller asked for: he gets the private place, as everybody does. */
static bool is_replaced(const struct walk *walk, const struct enforce_place *place)
{
    const struct policy_rule *rule = policy_deciding_rule(walk->rules, place->path);
    if (!rule || path_compare(PATH_POSIX, rule->path, "/") == 0)
        return false;
    if (rule->access == POLICY_DENIED)
        return true;
    if (rule->source == POLICY_FROM_CEILING || path_compare(PATH_POSIX, rule->path, place->path) != 0)
        return false;
    if (!holds_devices(walk->host, place))
        walk->out->services_in_sight = true;
    return true;
}

static void collect_places(struct walk *walk)
{
    const struct enforce_host *host = walk->host;
    for (size_t i = 0; host->own_files && i < host->place_count; i++) {
        const struct enforce_place *place = &host->place[i];
        if (!is_replaced(walk, place))
            walk->extra[walk->extra_count++] = (struct item){ITEM_PLACE, place->path, NULL, place->writable};
    }
}

static void collect_ways(struct walk *walk)
{
    const char *last = NULL;
    for (size_t i = 0; walk->host->own_files && walk->host->other_user && i < walk->rules->count; i++) {
        const struct policy_rule *rule = &walk->rules->item[i];
        if (!rule->delegated || !rule->barrier || rule->access == POLICY_DENIED || rule->missing)
            continue;
        if (!last || path_compare(PATH_POSIX, last, rule->barrier) != 0)
            walk->extra[walk->extra_count++] = (struct item){ITEM_WAY, rule->barrier, NULL, false};
        last = rule->barrier;
    }
}

static void drop_doubles(struct walk *walk)
{
    size_t kept = 0;
    for (size_t i = 0; i < walk->extra_count; i++) {
        if (kept == 0 || compare_items(&walk->extra[kept - 1], &walk->extra[i]) != 0)
            walk->extra[kept++] = walk->extra[i];
    }
    walk->extra_count = kept;
}

static void collect(struct walk *walk)
{
    const struct enforce_host *host = walk->host;
    collect_places(walk);
    collect_ways(walk);
    for (size_t i = 0; host->device && i < host->device->count; i++)
        walk->extra[walk->extra_count++] = (struct item){ITEM_DEVICE, host->device->item[i], NULL, false};
    walk->extra[walk->extra_count++] = (struct item){ITEM_PROC, "/proc", NULL, false};
    qsort(walk->extra, walk->extra_count, sizeof(walk->extra[0]), compare_items);
    drop_doubles(walk);
}

/* What holds everywhere; returns the index of the first rule that is for less. */
static int plan_root(struct walk *walk, size_t *first)
{
    const struct policy_rule *rule = policy_deciding_rule(walk->rules, "/");
    struct frame *root = &walk->stack[walk->depth++];
    *root = (struct frame){.path = "/",
                           .rule = rule,
                           .access = rule ? rule->access : walk->rules->base,
                           .view = VIEW_READABLE,
                           .everywhere = true,
                           .meant = true};
    *first = rule ? 1 : 0;
    if (root->access == POLICY_WRITE)
        return enforce_refuse(walk->error, "fs.write", "/", "cannot be writable: the whole host would be",
                              "name the directories that commands have to write");
    return grant(walk, root, root->access);
}

static int walk_all(struct walk *walk)
{
    size_t at = 0, rule;
    int result = plan_root(walk, &rule);
    while (result == POSTERN_OK && (at < walk->extra_count || rule < walk->rules->count)) {
        const struct policy_rule *next = rule < walk->rules->count ? &walk->rules->item[rule] : NULL;
        struct item item = {ITEM_RULE, next ? next->path : NULL, next, false};
        if (at < walk->extra_count && (!next || compare_items(&walk->extra[at], &item) < 0))
            item = walk->extra[at++];
        else
            rule++;
        result = visit(walk, &item);
    }
    return result;
}

static int check_count(const struct enforce_files *files, struct postern_error *error)
{
    size_t count = files->places.count + files->mounts.count;
    int result = POSTERN_OK;
    if (count <= ENFORCE_MOUNTS_MAX)
        return result;
    result = error_set(error, POSTERN_E_LIMIT, STAGE, "", "the policy takes %zu mounts, %d are allowed", count,
                       ENFORCE_MOUNTS_MAX);
    error_remedy(error, "grant or deny directories instead of single files in them");
    return result;
}

int enforce_plan_files(const struct policy *policy, const struct enforce_host *host, struct enforce_files *out,
                       struct postern_error *error)
{
    struct walk walk = {.rules = &policy->rules, .host = host, .out = out, .error = error};
    size_t extras = policy->rules.count + host->place_count + (host->device ? host->device->count : 0) + 1;
    int result = POSTERN_OK;
    assert(policy->rules.settled && policy->rules.style == PATH_POSIX);
    walk.extra = malloc(extras * sizeof(*walk.extra)); /* not calloc(): mostly not used, and then not touched */
    walk.stack = malloc((extras + policy->rules.count + 1) * sizeof(*walk.stack));
    if (!walk.extra || !walk.stack) {
        result = error_memory(error, STAGE);
        goto out;
    }
    collect(&walk);
    result = walk_all(&walk);
    if (result == POSTERN_OK)
        result = check_count(out, error);
out:
    free(walk.extra);
    free(walk.stack);
    return result;
}
