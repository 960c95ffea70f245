/*
 * acl_plan.c - from steps of a plan to entries of access lists, see acl_plan.h. Parent.
 */
#include "elevated/acl_plan.h"

#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

#define STAGE "acl"
#define ALL_BELOW (ACE_TO_FILES | ACE_TO_DIRECTORIES)

struct making {
    const struct enforce_steps *steps;
    const struct acl_sids *sids;
    struct acl_plan *plan;
};

void acl_plan_free(struct acl_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        free(plan->item[i].path);
    free(plan->item);
    *plan = (struct acl_plan){.item = NULL};
}

/* false: memory is out, or there are too many. A SID that is NULL: there is nobody to name. */
static bool add(struct making *making, const struct acl_step *step)
{
    struct acl_plan *plan = making->plan;
    if (!step->ace.sid)
        return true;
    if (plan->count == plan->capacity) {
        size_t capacity = plan->capacity ? 2 * plan->capacity : 32;
        struct acl_step *item = capacity > ACL_STEPS_MAX ? NULL : realloc(plan->item, capacity * sizeof(*item));
        if (!item)
            return false;
        plan->item = item;
        plan->capacity = capacity;
    }
    struct acl_step *added = &plan->item[plan->count];
    *added = *step;
    added->path = text_duplicate(step->path);
    if (added->path)
        plan->count++;
    return added->path != NULL;
}

/* ---- what a step says ---- */

static bool is_entry(const struct enforce_step *step)
{
    return step->mechanism == ENFORCE_ENTRY || step->mechanism == ENFORCE_READ_ENTRY ||
           step->mechanism == ENFORCE_NO_ENTRY || step->mechanism == ENFORCE_DENY_ENTRY;
}

static enum acl_object object_of(const struct enforce_step *step)
{
    return step->rule && !step->rule->directory ? ACL_FILE : ACL_DIRECTORY;
}

/* The step before this one that decides about the directory around it; NULL: none does. */
static const struct enforce_step *step_above(const struct enforce_steps *steps, const struct enforce_step *step)
{
    const struct enforce_step *best = NULL;
    for (const struct enforce_step *at = steps->item; at < step; at++) {
        if (is_entry(at) && path_is_beneath(PATH_WINDOWS, step->path, at->path) &&
            (!best || strlen(at->path) > strlen(best->path)))
            best = at;
    }
    return best;
}

/* Who a denial has to name: the account in the first of the two checks of a restricted token, else the token's own SID
 * in the second. */
static const char *denied_sid(const struct making *making)
{
    return making->sids->account ? making->sids->account : making->sids->capability;
}

/* ---- entries ---- */

/* The entry for a path with all that is beneath it. */
static bool for_all(struct making *making, const struct enforce_step *step, bool deny, uint32_t mask, const char *sid,
                    bool tree)
{
    enum acl_object object = object_of(step);
    bool below = object == ACL_DIRECTORY;
    struct acl_step made = {object, below && tree, true, step->path, {deny, below ? ALL_BELOW : 0, mask, sid}};
    return add(making, &made);
}

/* The directory itself is not to be removed or renamed, so what it hands on has a right more than it has. */
static bool let_write(struct making *making, const struct enforce_step *step, const char *sid)
{
    enum acl_object object = object_of(step);
    struct acl_step here = {object, false, true, step->path, {.mask = ACE_FILE_WRITE, .sid = sid}};
    struct acl_step below = {
        object, true, true, step->path, {false, ALL_BELOW | ACE_NOT_HERE, ACE_FILE_WRITE | ACE_DELETE, sid}};
    return add(making, &here) && (object != ACL_DIRECTORY || add(making, &below));
}

/* A write-restricted token reads by the account's rights alone. What is there already in a directory that is left out
 * has no entry, so without an account the denial is only for what is yet to be made. */
static bool let_read(struct making *making, const struct enforce_step *step, bool writable_around)
{
    bool fits = true;
    if (writable_around)
        fits = for_all(making, step, true, ACE_FILE_CHANGE, denied_sid(making), making->sids->account != NULL);
    if (fits && (writable_around || step->mechanism == ENFORCE_READ_ENTRY))
        fits = for_all(making, step, false, ACE_FILE_READ, making->sids->account, true);
    return fits;
}

/* ---- directories on the way ---- */

/* Of a canonical path "C:\a\b": the length of "C:\a"; 0 when the directory above is a root, or there is none. */
static size_t length_above(const char *path, size_t length)
{
    while (length > 0 && path[length - 1] != '\\')
        length--;
    return length > 3 ? length - 1 : 0;
}

static bool is_pinned(const struct making *making, const char *path)
{
    for (size_t i = 0; i < making->plan->count; i++) {
        const struct acl_step *step = &making->plan->item[i];
        if (!step->governs && path_compare(PATH_WINDOWS, step->path, path) == 0)
            return true;
    }
    return false;
}

/* Beneath a writable directory, whoever may rename a directory on the way to a protected one can put another in its
 * place: these stay where they are. The writable directory itself stays, but not one for which a step within it says
 * once more that it is writable. */
static bool pin_way(struct making *making, const struct enforce_step *top, const struct enforce_step *step)
{
    const struct enforce_step *next;
    size_t length = strlen(step->path);
    char *path = text_duplicate(step->path);
    bool fits = path != NULL;
    while ((next = step_above(making->steps, top)) && next->mechanism == ENFORCE_ENTRY)
        top = next;
    while (fits && (length = length_above(path, length)) > strlen(top->path)) {
        path[length] = '\0';
        struct acl_step pin = {ACL_DIRECTORY, false, false, path, {true, 0, ACE_DELETE, denied_sid(making)}};
        if (is_pinned(making, path))
            break; /* and all above it */
        fits = add(making, &pin);
    }
    free(path);
    return fits;
}

/* ---- steps ---- */

static bool add_step(struct making *making, const struct enforce_step *step)
{
    const struct enforce_step *above = step_above(making->steps, step);
    bool writable_around = above && above->mechanism == ENFORCE_ENTRY;
    if (step->mechanism == ENFORCE_ENTRY)
        return let_write(making, step, making->sids->account) && let_write(making, step, making->sids->capability);
    if (writable_around && !pin_way(making, above, step))
        return false;
    return step->mechanism == ENFORCE_DENY_ENTRY
               ? for_all(making, step, true, ACE_FILE_ALL, making->sids->account, true)
               : let_read(making, step, writable_around);
}

static bool is_sid_or_none(const char *sid)
{
    return !sid || sddl_is_sid(sid);
}

static int check(const struct enforce_steps *steps, const struct acl_sids *sids, struct postern_error *error)
{
    if ((!sids->account && !sids->capability) || !is_sid_or_none(sids->account) || !is_sid_or_none(sids->capability))
        return error_set(error, POSTERN_E_INTERNAL, STAGE, "", "the sandbox has no SID");
    for (size_t i = 0; i < steps->count; i++) {
        const struct enforce_step *step = &steps->item[i];
        if (is_entry(step) && !step->path)
            return error_set(error, POSTERN_E_INTERNAL, STAGE, "", "an access entry without a path");
        if (step->mechanism == ENFORCE_DENY_ENTRY && !sids->account)
            return error_set(error, POSTERN_E_INTERNAL, STAGE, "", "%s: nobody is there to be denied it", step->path);
    }
    return POSTERN_OK;
}

int acl_plan_make(const struct enforce_steps *steps, const struct acl_sids *sids, struct acl_plan *out,
                  struct postern_error *error)
{
    struct making making = {steps, sids, out};
    *out = (struct acl_plan){.item = NULL};
    int status = check(steps, sids, error);
    bool fits = true;
    for (size_t i = 0; status == POSTERN_OK && fits && i < steps->count; i++)
        fits = !is_entry(&steps->item[i]) || add_step(&making, &steps->item[i]);
    if (!fits) {
        status = error_set(error, POSTERN_E_LIMIT, STAGE, "", "the policy has too many paths, or memory is out");
        error_remedy(error, "grant directories instead of single files in them");
    }
    if (status != POSTERN_OK)
        acl_plan_free(out);
    return status;
}
