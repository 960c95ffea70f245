/*
 * environment.h - lists of NAME=value. Portable, both sides. Names are compared as the platform does: exactly, or
 * without regard to case (ASCII) where `fold` is true (Windows).
 */
#ifndef POSTERN_SHARED_ENVIRONMENT_H
#define POSTERN_SHARED_ENVIRONMENT_H

#include "shared/strings.h"

struct postern_error;

/* Checks one NAME=value: has '=', a name that is not empty (Windows: "=C:=..." entries are let through with fold), is
 * UTF-8. The error names the entry, without its value: it may be a secret. */
int environment_check(const char *entry, bool fold, struct postern_error *error);

/* Adds, replacing an entry of the same name. false: memory is out. */
bool environment_set(struct strings *list, const char *name, const char *value, bool fold);
bool environment_put(struct strings *list, const char *entry, bool fold); /* "NAME=value", checked before */

/* The value inside the list, or NULL. */
const char *environment_get(const struct strings *list, const char *name, bool fold);

/* The environment of this process (platform part). false: memory is out. */
bool environment_of_process(struct strings *list);

/* true where names are compared without case (platform part). */
bool environment_folds(void);

#endif
