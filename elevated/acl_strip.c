/*
 * acl_strip.c - a sandbox's entries off all objects again, see acl_apply.h. Parent.
 */
#include "elevated/acl_apply.h"

#include <stdlib.h>

#define STAGE "acl"

struct stripping {
    const struct acl_system *system;
    const struct acl_sid *sids;
    size_t count;
    int first; /* failure; the error tells of it */
    struct postern_error *error;
    struct acl_list list;
};

static int damaged(const struct acl_system *system, const struct acl_node *node, struct postern_error *error)
{
    char path[512];
    system->describe(system->context, node, path, sizeof(path));
    int code = error_set(error, POSTERN_E_CONFINE, STAGE, "", "%s has a damaged access list", path);
    error_remedy(error, "reset it with icacls PATH /reset");
    return code;
}

/* *ours: there is something to take out. */
static int look(struct stripping *stripping, const struct acl_node *node, bool *ours, struct postern_error *error)
{
    const struct acl_system *system = stripping->system;
    int code = system->read(system->context, node, &stripping->list, error);
    *ours = false;
    if (code != 0)
        return code;
    if (!acl_list_is_sound(&stripping->list))
        return damaged(system, node, error);
    *ours = acl_list_remove(&stripping->list, stripping->sids, stripping->count) > 0;
    return 0;
}

static int strip_object(struct stripping *stripping, const struct acl_node *node, struct postern_error *error)
{
    const struct acl_system *system = stripping->system;
    bool ours;
    int code = look(stripping, node, &ours, error); /* most have none, and need no lock */
    if (code != 0 || !ours)
        return code;
    code = system->lock(system->context, node, error);
    if (code != 0)
        return code;
    code = look(stripping, node, &ours, error);
    if (code == 0 && ours)
        code = system->write(system->context, node, &stripping->list, error);
    system->unlock(system->context, node);
    return code;
}

/* Goes on, but for want of memory; the first failure is told in the end. */
static int remember(void *context, int code, struct postern_error *error)
{
    struct stripping *stripping = context;
    if (code == 0 || code == ACL_GONE)
        return 0;
    if (stripping->first == 0) {
        stripping->first = code;
        if (stripping->error && error)
            *stripping->error = *error;
    }
    return code == POSTERN_E_MEMORY ? code : 0;
}

/* Links as well, but not what they lead to: those that were made meanwhile have inherited. */
static int strip_visit(void *context, struct acl_node *node, bool *enter, struct postern_error *error)
{
    *enter = *enter && !node->link;
    return remember(context, strip_object(context, node, error), error);
}

int acl_strip(const struct acl_system *system, const char *path, const struct acl_sid *sids, size_t count,
              struct postern_error *error)
{
    struct stripping *stripping = calloc(1, sizeof(*stripping));
    const struct acl_visitor visitor = {stripping, ACL_TO_EDIT, strip_visit, NULL, remember};
    struct acl_node root = {.handle = -1};
    struct postern_error latest = {0};
    if (!stripping)
        return error_memory(error, STAGE);
    stripping->system = system;
    stripping->sids = sids;
    stripping->count = count;
    stripping->error = error;
    int code = system->open(system->context, path, ACL_TO_EDIT, &root, &latest);
    if (code == 0)
        code = acl_walk(system, &root, &visitor, &latest);
    if (code != 0)
        remember(stripping, code, &latest);
    code = stripping->first == ACL_REFUSED ? POSTERN_E_CONFINE : stripping->first;
    free(stripping);
    return code;
}
