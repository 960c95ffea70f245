/*
 * acl_plan.h - a policy for files as entries of Windows' access lists: which entry to add to which object for one
 * sandbox, in which order, and how to take exactly those away again. Pure and portable, so that a test can hold it
 * against a model of Windows' access check. Parent.
 *
 * What the plan relies on, and whoever applies it has to keep to:
 *  - A list is in canonical order: own denials, own grants, then what is inherited, the nearest first. So an entry on a
 *    path wins over those of the directories above it, as the most specific rule of a policy does.
 *  - An object is opened without following a reparse point, and a directory that is one is neither entered nor changed:
 *    what a junction leads to is another path, with rules of its own.
 *  - Entries of a directory reach what is in it by inheritance, so not the objects whose list is protected, nor do
 *    inherited denials win over grants of the object's own. For `tree` steps the applier looks for both and adds the
 *    entry to these as well (a note in the undo record for each), or refuses.
 *  - Each sandbox has SIDs that no other one uses at the same time. Its entries are then nobody else's: sandboxes at
 * the same path do not take each other's rights away.
 */
#ifndef POSTERN_ELEVATED_ACL_PLAN_H
#define POSTERN_ELEVATED_ACL_PLAN_H

#include "shared/enforce.h"
#include "shared/sddl.h"

/* Borrowed for the life of a plan. */
struct acl_sids {
    const char *account;    /* the sandbox account, or the app container; NULL: the caller himself */
    const char *capability; /* of the write-restricted token: writing takes a grant to it as well. NULL: it has none */
};

enum acl_object { ACL_FILE, ACL_DIRECTORY, ACL_DEVICE };

struct acl_step {
    enum acl_object object;
    bool tree; /* has to hold for everything beneath, see above */
    char *path;
    struct sddl_ace ace; /* its sid is one of the plan's */
};

#define ACL_STEPS_MAX 32768
struct acl_plan {
    struct acl_step *item; /* to be added from the first to the last, taken away from the last to the first */
    size_t count, capacity;
};
void acl_plan_free(struct acl_plan *plan);

/* From the ENFORCE_*ENTRY steps of a plan, what is above first; `temp` is a directory of the sandbox's own (NULL:
 * none). Outside of them the account has what Windows lets every user read. POSTERN_E_LIMIT: more than ACL_STEPS_MAX.
 */
int acl_plan_make(const struct enforce_steps *steps, const char *temp, const struct acl_sids *sids,
                  struct acl_plan *out, struct postern_error *error);

#endif
