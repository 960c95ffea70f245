/*
 * acl_restore.c - writing down and taking back, see acl_restore.h. Parent.
 */
#include "elevated/acl_restore.h"

#include <stdlib.h>
#include <string.h>

#include "shared/appcontainer.h"
#include "shared/sddl.h"
#include "shared/text.h"

#define STAGE "acl"

/* ---- writing down ---- */

int acl_restore_note_path(struct undo_journal *journal, const char *kind, const char *path, const struct acl_sids *sids,
                          struct postern_error *error)
{
    const char *one = sids->account ? sids->account : sids->capability;
    const char *other = sids->account ? sids->capability : NULL;
    char *name = text_format("%s%s%s %s", one, other ? "," : "", other ? other : "", path);
    int status = name ? undo_note(journal, kind, name, NULL, error) : error_memory(error, STAGE);
    free(name);
    return status;
}

/* All beneath a path is looked at when it is restored, so one that is in another needs no item. */
static bool is_in_another(const struct acl_plan *plan, size_t index)
{
    const char *path = plan->item[index].path;
    if (index > 0 && strcmp(path, plan->item[index - 1].path) == 0)
        return true;
    for (size_t i = 0; i < plan->count; i++) {
        if (path_is_beneath(PATH_WINDOWS, path, plan->item[i].path) &&
            (i < index || path_compare(PATH_WINDOWS, path, plan->item[i].path) != 0))
            return true;
    }
    return false;
}

int acl_restore_note(struct undo_journal *journal, const struct acl_plan *plan, const struct acl_sids *sids,
                     struct postern_error *error)
{
    int status = 0;
    for (size_t i = 0; i < plan->count && status == 0; i++) {
        if (!is_in_another(plan, i))
            status = acl_restore_note_path(journal, ACL_KIND_ENTRY, plan->item[i].path, sids, error);
    }
    return status;
}

/* ---- taking back ---- */

struct restoring {
    const struct acl_system *system;
    const struct acl_kind *kinds;
    size_t count;
};

static int restore_change(void *context, const struct undo_change *change, struct postern_error *error)
{
    const struct restoring *restoring = context;
    for (size_t i = 0; i < restoring->count; i++) {
        if (strcmp(restoring->kinds[i].name, change->kind) == 0)
            return restoring->kinds[i].restore(restoring->system, change->name, error);
    }
    int code = error_set(error, POSTERN_E_STATE, STAGE, "", "the record of a sandbox holds a '%s', which is unknown",
                         change->kind);
    error_remedy(error, "a newer version of postern has made it: use that one to clear it");
    return code;
}

int acl_restore(struct undo_journal *journal, const struct acl_system *system, const struct acl_kind *kinds,
                size_t count, struct postern_error *error)
{
    struct restoring restoring = {system, kinds, count};
    return undo_replay_each(journal, restore_change, &restoring, error);
}

/* ---- entries ---- */

/* An account's, a random one of the same form, or an app container's. Not those that every list is full of: everybody,
 * the system, administrators. */
static bool is_of_sandbox(const char *sid)
{
    static const char domain[] = "S-1-5-21-";
    size_t numbers = 1;
    if (appcontainer_is_sid(sid))
        return true;
    if (!sddl_is_sid(sid) || strncmp(sid, domain, strlen(domain)) != 0)
        return false;
    for (const char *at = sid + strlen(domain); *at; at++)
        numbers += *at == '-';
    return numbers == 4;
}

/* Takes the text apart; the number of SIDs, 0: it is none. */
static size_t read_sids(char *text, struct acl_sid out[2])
{
    char *comma = strchr(text, ',');
    if (comma)
        *comma = '\0';
    if (!is_of_sandbox(text) || (comma && !is_of_sandbox(comma + 1)))
        return 0;
    if (!acl_sid_read(text, &out[0]) || (comma && !acl_sid_read(comma + 1, &out[1])))
        return 0;
    return comma ? 2 : 1;
}

int acl_restore_read(const char *name, struct acl_sid sids[2], size_t *count, const char **path,
                     struct postern_error *error)
{
    char *text = text_duplicate(name), *blank = text ? strchr(text, ' ') : NULL;
    *count = 0;
    if (!text)
        return error_memory(error, STAGE);
    if (blank) {
        *blank = '\0';
        *path = name + (blank + 1 - text);
        *count = **path ? read_sids(text, sids) : 0;
    }
    free(text);
    if (*count > 0)
        return 0;
    return error_set(error, POSTERN_E_STATE, STAGE, "", "the record of a sandbox holds '%s', which is no entry", name);
}

int acl_restore_entry(const struct acl_system *system, const char *name, struct postern_error *error)
{
    struct acl_sid sids[2];
    const char *path = NULL;
    size_t count;
    int status = acl_restore_read(name, sids, &count, &path, error);
    return status == 0 ? acl_strip(system, path, sids, count, error) : status;
}

/* ---- directories ---- */

struct removing {
    const struct acl_system *system;
    int first;
    struct postern_error *error;
};

static int remember(void *context, int code, struct postern_error *error)
{
    struct removing *removing = context;
    if (code == 0 || code == ACL_GONE)
        return 0;
    if (removing->first == 0) {
        removing->first = code;
        if (removing->error && error)
            *removing->error = *error;
    }
    return code == POSTERN_E_MEMORY ? code : 0;
}

static int remove_node(void *context, struct acl_node *node, struct postern_error *error)
{
    struct removing *removing = context;
    return remember(context, removing->system->remove(removing->system->context, node, error), error);
}

static int visit(void *context, struct acl_node *node, bool *enter, struct postern_error *error)
{
    return *enter ? 0 : remove_node(context, node, error);
}

int acl_restore_directory(const struct acl_system *system, const char *path, struct postern_error *error)
{
    struct removing removing = {.system = system, .error = error};
    const struct acl_visitor visitor = {&removing, ACL_TO_REMOVE, visit, remove_node, remember};
    struct acl_node root = {.handle = -1};
    struct postern_error latest = {0};
    int code = system->open(system->context, path, ACL_TO_REMOVE, &root, &latest);
    if (code == 0)
        code = acl_walk(system, &root, &visitor, &latest);
    if (code != 0)
        remember(&removing, code, &latest);
    return removing.first == ACL_REFUSED ? POSTERN_E_CONFINE : removing.first;
}

/* Nothing else is ever put into a record as a directory. */
static bool is_temporary(const char *path)
{
    const char *last = strrchr(path, '\\'), *name = last ? last + 1 : path;
    size_t prefix = strlen(ACL_TEMPORARY);
    return last && strncmp(name, ACL_TEMPORARY, prefix) == 0 && strspn(name + prefix, "0123456789abcdef") == 32 &&
           name[prefix + 32] == '\0';
}

int acl_restore_temporary(const struct acl_system *system, const char *path, struct postern_error *error)
{
    if (is_temporary(path))
        return acl_restore_directory(system, path, error);
    return error_set(error, POSTERN_E_STATE, STAGE, "",
                     "the record of a sandbox holds '%s', which is no directory that postern makes", path);
}
