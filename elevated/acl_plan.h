/*
 * acl_plan.h - a policy for files as entries of Windows' access lists: which entry to add to which object for one
 * sandbox. Pure and portable, so that a test can hold it against a model of Windows' access check. Parent; caller:
 * acl_win32.c; applied by acl_apply.c.
 *
 * What the plan relies on, and whoever applies it has to keep to:
 *  - A list is in canonical order: own denials, own grants, then what is inherited. So an entry on a path wins over
 *    those of the directories above it, as the most specific rule of a policy does.
 *  - A path whose entries govern has none of those that the paths above it have, nor has what is in it. The plan holds
 *    as well where it does have them, the nearest first: another program may pass entries on once more.
 *  - An object is opened without following a link, and a directory that is one is neither entered nor changed: what a
 *    junction leads to is another path, with rules of its own.
 *  - Entries of a directory reach what is in it by inheritance, so not the objects that are there already, nor those
 *    whose list is protected, nor do inherited denials win over grants of the object's own. For `tree` steps the
 *    applier adds the entry to all of these, or refuses.
 *  - Each sandbox has SIDs that no other one uses at the same time. Its entries are then nobody else's: sandboxes at
 *    the same path do not take each other's rights away.
 */
#ifndef POSTERN_ELEVATED_ACL_PLAN_H
#define POSTERN_ELEVATED_ACL_PLAN_H

#include "shared/enforce.h"
#include "shared/sddl.h"

/* Borrowed for the life of a plan. At least one is there. */
struct acl_sids {
    const char *account;    /* the sandbox account, or the app container; NULL: the caller himself */
    const char *capability; /* of the write-restricted token: writing takes a grant to it as well. NULL: it has none */
};

enum acl_object { ACL_FILE, ACL_DIRECTORY };

struct acl_step {
    enum acl_object object;
    bool tree;    /* has to hold for everything beneath, see above */
    bool governs; /* what is above its path does not count for it; else it is one entry more */
    char *path;
    struct sddl_ace ace; /* its sid is one of the plan's */
};

#define ACL_STEPS_MAX 32768
struct acl_plan {
    struct acl_step *item; /* in the order to be added; those of one path follow one another */
    size_t count, capacity;
};
void acl_plan_free(struct acl_plan *plan);

/* From the ENFORCE_*ENTRY steps of a plan, what is above first. Outside of them an account has what Windows lets every
 * user read. POSTERN_E_LIMIT: more than ACL_STEPS_MAX. */
int acl_plan_make(const struct enforce_steps *steps, const struct acl_sids *sids, struct acl_plan *out,
                  struct postern_error *error);

#endif
