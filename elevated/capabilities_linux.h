/*
 * capabilities_linux.h - how much of a sandbox a Linux host grants: the grades of level restricted, and the facts of
 * each. Private to elevated/capabilities_*linux.c and launch_*_linux.c. Parent.
 */
#ifndef POSTERN_ELEVATED_CAPABILITIES_LINUX_H
#define POSTERN_ELEVATED_CAPABILITIES_LINUX_H

#include "elevated/capabilities.h"

/* From the best; levels elevated and none have only the first. */
enum capabilities_grade {
    GRADE_FULL,
    GRADE_HOST_PROC,    /* containers cover parts of /proc, and the kernel then grants no new one: other processes stay
                           listed, but the user namespace and Landlock keep their memory and environment closed */
    GRADE_LANDLOCK_ONLY /* no namespaces at all */
};

/* The facts of a grade but for control groups, without trying whether it can be had. Fails only for want of memory.
 * Freed with capabilities_free(), also after a failure. */
int capabilities_of_grade(enum postern_level level, enum capabilities_grade grade, struct capabilities *out,
                          struct postern_error *error);

/* Adds whether there can be control groups, which takes looking at the mounts; for no level but elevated and
 * restricted.
 */
void capabilities_add_groups(struct capabilities *capabilities);

/* Why one grade less may still work: the host said no, it did not break. */
bool capabilities_was_refused(const struct postern_error *error);

/* Whether Landlock can do alone what mounts do otherwise. POSTERN_E_LEVEL, with the remedy of `refused`, which is why
 * there are no namespaces. */
int capabilities_check_landlock_only(const struct postern_error *refused, struct postern_error *error);

/* capabilities_trial_linux.c: finds the best grade of level restricted by a child that tries and is gone. *refused is
 * why it is not a better one; code 0: there is none better. */
enum capabilities_grade capabilities_try(struct postern_error *refused);

int capabilities_landlock_abi(void); /* 0: none */

#endif
