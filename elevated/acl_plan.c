/*
 * acl_plan.c - from rules for paths to entries of access lists, see acl_plan.h. Parent.
 */
#include "elevated/acl_plan.h"

#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

#define STAGE "acl"
#define NUL_DEVICE "\\\\.\\NUL"
#define ALL_BELOW (ACE_TO_FILES | ACE_TO_DIRECTORIES)

#define DEPTH_MAX (PATH_SIZE_MAX / 2) /* directories above one another */

struct making {
    const struct policy_rules *rules;
    const struct acl_sids *sids;
    struct acl_plan *plan;
    size_t pin[DEPTH_MAX]; /* steps that pin a directory above the current rule */
    size_t pins;
};

void acl_plan_free(struct acl_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        free(plan->item[i].path);
    free(plan->item);
    *plan = (struct acl_plan){.item = NULL};
}

/* false: memory is out, or there are too many. `sid` may be NULL: there is nobody to name. */
static bool add(struct making *making, enum acl_object object, const char *path, struct sddl_ace ace, bool tree)
{
    struct acl_plan *plan = making->plan;
    if (!ace.sid)
        return true;
    if (plan->count == plan->capacity) {
        size_t capacity = plan->capacity ? 2 * plan->capacity : 32;
        struct acl_step *item = capacity > ACL_STEPS_MAX ? NULL : realloc(plan->item, capacity * sizeof(*item));
        if (!item)
            return false;
        plan->item = item;
        plan->capacity = capacity;
    }
    struct acl_step step = {object, tree, text_duplicate(path), ace};
    if (step.path)
        plan->item[plan->count++] = step;
    return step.path != NULL;
}

/* ---- grants ---- */

/* The directory itself is not to be removed or renamed, so what it hands on has a right more than it has. */
static bool let_write_as(struct making *making, enum acl_object object, const char *path, const char *sid)
{
    struct sddl_ace here = {.mask = ACE_FILE_WRITE, .sid = sid};
    struct sddl_ace below = {.flags = ALL_BELOW | ACE_NOT_HERE, .mask = ACE_FILE_WRITE | ACE_DELETE, .sid = sid};
    return add(making, object, path, here, false) &&
           (object != ACL_DIRECTORY || add(making, object, path, below, true));
}

static bool let_write(struct making *making, enum acl_object object, const char *path)
{
    return let_write_as(making, object, path, making->sids->account) &&
           let_write_as(making, object, path, making->sids->capability);
}

/* The entry for a path with all that is beneath it. A write-restricted token reads by the account's rights alone. */
static bool for_account(struct making *making, const struct policy_rule *rule, bool deny, uint32_t mask)
{
    enum acl_object object = rule->directory ? ACL_DIRECTORY : ACL_FILE;
    struct sddl_ace ace = {deny, rule->directory ? ALL_BELOW : 0, mask, making->sids->account};
    return add(making, object, rule->path, ace, rule->directory);
}

/* ---- directories on the way ---- */

/* Of a canonical path "C:\a\b": the length of "C:\a"; 0 when the directory above is a root, or there is none. */
static size_t length_above(const char *path, size_t length)
{
    while (length > 0 && path[length - 1] != '\\')
        length--;
    return length > 3 ? length - 1 : 0;
}

/* Rules are sorted so that all beneath a directory follow one another: what is not above this one is not above any to
 * come. */
static void forget_pins(struct making *making, const char *path)
{
    size_t kept = 0;
    for (size_t i = 0; i < making->pins; i++)
        if (path_is_beneath(PATH_WINDOWS, path, making->plan->item[making->pin[i]].path))
            making->pin[kept++] = making->pin[i];
    making->pins = kept;
}

static bool is_pinned(const struct making *making, const char *path)
{
    for (size_t i = 0; i < making->pins; i++)
        if (path_compare(PATH_WINDOWS, making->plan->item[making->pin[i]].path, path) == 0)
            return true;
    return false;
}

static bool pin(struct making *making, const char *path)
{
    struct sddl_ace stay = {.deny = true, .mask = ACE_DELETE, .sid = making->sids->account};
    if (is_pinned(making, path))
        return true;
    if (making->pins == DEPTH_MAX || !add(making, ACL_DIRECTORY, path, stay, false))
        return false;
    making->pin[making->pins++] = making->plan->count - 1;
    return true;
}

static const struct policy_rule *rule_above(const struct policy_rules *rules, const struct policy_rule *rule)
{
    return rule->above ? &rules->item[rule->above - 1] : NULL;
}

/* Beneath a writable directory, whoever may rename a directory on the way to a protected one can put another in its
 * place: these stay where they are. The writable directory itself stays, but not one for which a rule within it says
 * once more that it is writable. */
static bool pin_way(struct making *making, const struct policy_rule *rule)
{
    const struct policy_rule *top = rule_above(making->rules, rule), *next;
    size_t length = strlen(rule->path);
    char *path = text_duplicate(rule->path);
    bool fits = path != NULL;
    while ((next = rule_above(making->rules, top)) && next->access == POLICY_WRITE)
        top = next;
    forget_pins(making, rule->path);
    while (fits && (length = length_above(path, length)) > strlen(top->path)) {
        path[length] = '\0';
        fits = pin(making, path);
    }
    free(path);
    return fits;
}

/* ---- rules ---- */

static bool add_rule(struct making *making, const struct policy_rule *rule)
{
    const struct policy_rule *above = rule_above(making->rules, rule);
    enum policy_access around = above ? above->access : making->rules->base;
    if (rule->missing || (above && above->access == rule->access))
        return true; /* no object; or what holds already */
    bool writable_around = above && around == POLICY_WRITE;
    if (writable_around && !pin_way(making, rule))
        return false;
    switch (rule->access) {
    case POLICY_WRITE:
        return let_write(making, rule->directory ? ACL_DIRECTORY : ACL_FILE, rule->path);
    case POLICY_READ:
        /* What is inherited from a writable directory lets it be read. */
        return writable_around ? for_account(making, rule, true, ACE_FILE_CHANGE)
                               : for_account(making, rule, false, ACE_FILE_READ);
    case POLICY_DENIED:
        return for_account(making, rule, true, ACE_FILE_ALL);
    }
    return false;
}

static int check(const struct policy_rules *rules, const char *temp, const struct acl_sids *sids,
                 struct postern_error *error)
{
    if (!rules->settled && rules->count > 0)
        return error_set(error, POSTERN_E_INTERNAL, STAGE, "", "the rules are not settled");
    if (rules->style != PATH_WINDOWS)
        return error_set(error, POSTERN_E_INTERNAL, STAGE, "", "the rules are not for paths of Windows");
    if (!sids->account || !sddl_is_sid(sids->account) || (sids->capability && !sddl_is_sid(sids->capability)))
        return error_set(error, POSTERN_E_INTERNAL, STAGE, "", "the sandbox account has no SID");
    if (rules->base != POLICY_READ)
        return error_set(error, POSTERN_E_POLICY, STAGE, "",
                         "paths that no rule is about: access lists can give or take away only reading there");
    for (size_t i = 0; temp && i < rules->count; i++)
        if (path_is_beneath(PATH_WINDOWS, rules->item[i].path, temp))
            return error_set(error, POSTERN_E_POLICY, STAGE, "", "%s is within the sandbox's own temporary directory",
                             rules->item[i].path);
    return 0;
}

int acl_plan_make(const struct policy_rules *rules, const char *temp, const struct acl_sids *sids, struct acl_plan *out,
                  struct postern_error *error)
{
    struct making making = {.rules = rules, .sids = sids, .plan = out};
    *out = (struct acl_plan){.item = NULL};
    int status = check(rules, temp, sids, error);
    bool fits = true;
    /* Without it "> NUL" fails, which many scripts do; the account may use it anyway. */
    struct sddl_ace nul = {.mask = ACE_FILE_LOOK | ACE_FILE_WRITE, .sid = sids->capability};
    for (size_t i = 0; status == 0 && fits && i < rules->count; i++)
        fits = add_rule(&making, &rules->item[i]);
    if (status == 0 && fits)
        fits = (!temp || let_write(&making, ACL_DIRECTORY, temp)) && add(&making, ACL_DEVICE, NUL_DEVICE, nul, false);
    if (status == 0 && !fits)
        status = error_set(error, POSTERN_E_LIMIT, STAGE, "", "the policy has too many paths, or memory is out");
    if (status != 0)
        acl_plan_free(out);
    return status;
}
