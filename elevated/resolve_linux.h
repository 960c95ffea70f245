/*
 * resolve_linux.h - what the files of resolve.h on Linux share. Private to elevated/resolve_*linux.c. Parent.
 */
#ifndef POSTERN_ELEVATED_RESOLVE_LINUX_H
#define POSTERN_ELEVATED_RESOLVE_LINUX_H

#include "elevated/resolve.h"

/* As the caller wrote it. */
const char *resolve_said(const struct policy_rule *rule);

/* Follows the links of a rule's path and takes down what is there. Nothing there: rule->missing, with the links above
 * it followed. Denied paths above which a directory is closed to us: that directory instead. POSTERN_E_POLICY: a link
 * to nowhere, links in a circle, a path that policies cannot name. */
int resolve_rule(struct policy_rule *rule, bool *file, struct postern_error *error);

/* What is at rule->path, which has no links. *file: it is a regular file. */
int resolve_facts(struct policy_rule *rule, bool *file, struct postern_error *error);

#endif
