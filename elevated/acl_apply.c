/*
 * acl_apply.c - entries onto objects, see acl_apply.h. Parent.
 */
#include "elevated/acl_apply.h"

#include <stdlib.h>
#include <string.h>

#define STAGE "acl"
#define ALL_BELOW (ACE_TO_FILES | ACE_TO_DIRECTORIES)
#define TEXT_MAX 512

struct identity {
    unsigned char data[sizeof(((struct acl_node *)NULL)->identity)];
};

/* A path of the plan with its steps. */
struct place {
    const struct acl_step *step;
    size_t count;
    bool governs, tree, denies;
    struct identity found; /* of what was there at first */
};

struct applying {
    const struct acl_system *system;
    size_t limit;
    struct acl_counts *counts;
    struct place *place;
    size_t places;
    struct identity *governing; /* of the places that govern, sorted */
    size_t governings;
    const struct place *current;
    bool below; /* the path itself is done */
    struct acl_list list;
};

/* ---- places ---- */

static void add_place(struct applying *applying, const struct acl_step *step)
{
    struct place *last = applying->places > 0 ? &applying->place[applying->places - 1] : NULL;
    if (!last || last->governs != step->governs || strcmp(last->step->path, step->path) != 0) {
        last = &applying->place[applying->places++];
        *last = (struct place){.step = step, .governs = step->governs};
    }
    last->count++;
    last->tree = last->tree || step->tree;
    last->denies = last->denies || (step->ace.deny && step->governs);
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct identity));
}

static bool governs_itself(const struct applying *applying, const struct acl_node *node)
{
    return applying->governings > 0 &&
           bsearch(node->identity, applying->governing, applying->governings, sizeof(struct identity), compare) != NULL;
}

static int wrong_object(const char *path, const char *problem, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_CONFINE, STAGE, "", "%s %s", path, problem);
    error_remedy(error, "see what else changes files there, then try again");
    return code;
}

/* Opens the path of a place, which has to be what the policy was made for. */
static int open_place(const struct applying *applying, const struct place *place, struct acl_node *out,
                      struct postern_error *error)
{
    const char *path = place->step->path;
    const struct acl_system *system = applying->system;
    *out = (struct acl_node){.handle = -1};
    int code = system->open(system->context, path, ACL_TO_EDIT, out, error);
    if (code == ACL_GONE)
        return wrong_object(path, "is no longer there", error);
    if (code != 0)
        return code;
    if (out->link)
        code = wrong_object(path, "has become a link to somewhere else", error);
    else if (out->elsewhere)
        code = wrong_object(path, "leads over a link by now, or cannot be told from one", error);
    else if (out->directory != (place->step->object == ACL_DIRECTORY))
        code = wrong_object(path, out->directory ? "has become a directory" : "is no directory any more", error);
    if (code != 0)
        system->close(system->context, out);
    return code;
}

/* All of them are found before anything is changed. */
static int find_places(struct applying *applying, struct postern_error *error)
{
    int code = 0;
    for (size_t i = 0; i < applying->places && code == 0; i++) {
        struct place *place = &applying->place[i];
        struct acl_node node;
        code = open_place(applying, place, &node, error);
        if (code != 0)
            break;
        memcpy(place->found.data, node.identity, sizeof(node.identity));
        applying->system->close(applying->system->context, &node);
        if (place->governs)
            applying->governing[applying->governings++] = place->found;
    }
    if (code == 0 && applying->governings > 0)
        qsort(applying->governing, applying->governings, sizeof(struct identity), compare);
    return code;
}

/* ---- one object ---- */

/* As the list of an object takes it; false: nothing of it is for this object. */
static bool entry_for(const struct applying *applying, const struct acl_node *node, const struct acl_step *step,
                      unsigned passes_on, struct acl_entry *out)
{
    const struct acl_list *list = &applying->list;
    unsigned flags = step->ace.flags;
    *out = (struct acl_entry){.deny = step->ace.deny, .mask = step->ace.mask};
    if (applying->below) {
        if (!step->tree || !(flags & (node->directory ? ACE_TO_DIRECTORIES : ACE_TO_FILES)))
            return false;
        /* Inherited denials come behind an object's own grants, and protected lists have nothing inherited. */
        bool own = list->is_kept || (out->deny && acl_list_has_own_grant(list));
        flags = (node->directory ? flags & ALL_BELOW : 0) | (own ? 0 : ACE_INHERITED);
        if (!out->deny && !node->directory && node->names > 1)
            out->mask &= ACE_FILE_READ;
    }
    out->flags = flags & (passes_on | ~(unsigned)ALL_BELOW);
    if ((flags & ACE_NOT_HERE) && !(out->flags & ALL_BELOW))
        return false;
    return acl_sid_read(step->ace.sid, &out->sid);
}

static int list_problem(const struct acl_system *system, const struct acl_node *node, const char *problem,
                        const char *remedy, struct postern_error *error)
{
    char path[TEXT_MAX];
    system->describe(system->context, node, path, sizeof(path));
    int code = error_set(error, POSTERN_E_CONFINE, STAGE, "", "%s %s", path, problem);
    error_remedy(error, remedy);
    return code;
}

static int without_list(struct applying *applying, const struct acl_node *node, struct postern_error *error)
{
    applying->counts->open++;
    if (!applying->current->denies)
        return 0;
    return list_problem(applying->system, node, "has no access list, so everybody may do everything with it",
                        "give it one (icacls PATH /reset), or leave it out of what is denied", error);
}

static int add_entries(struct applying *applying, const struct acl_node *node, struct postern_error *error)
{
    const struct place *place = applying->current;
    unsigned passes_on = acl_list_passes_on(&applying->list);
    for (size_t i = 0; i < place->count; i++) {
        struct acl_entry entry;
        if (entry_for(applying, node, &place->step[i], passes_on, &entry) && !acl_list_add(&applying->list, &entry))
            return list_problem(applying->system, node, "has a full access list", "take entries out of it", error);
    }
    if (applying->below && !node->directory && node->names > 1)
        applying->counts->shared++;
    return 0;
}

static int edit_locked(struct applying *applying, const struct acl_node *node, struct postern_error *error)
{
    const struct acl_system *system = applying->system;
    size_t before;
    int code = system->read(system->context, node, &applying->list, error);
    if (code != 0)
        return code;
    if (!applying->list.present)
        return without_list(applying, node, error);
    if (!acl_list_is_sound(&applying->list))
        return list_problem(system, node, "has a damaged access list", "reset it with icacls PATH /reset", error);
    before = applying->list.size;
    code = add_entries(applying, node, error);
    return code == 0 && applying->list.size != before ? system->write(system->context, node, &applying->list, error)
                                                      : code;
}

static int edit(struct applying *applying, const struct acl_node *node, struct postern_error *error)
{
    const struct acl_system *system = applying->system;
    int code = system->lock(system->context, node, error);
    if (code == 0) {
        code = edit_locked(applying, node, error);
        system->unlock(system->context, node);
    }
    return code;
}

/* ---- all beneath ---- */

/* Only where something is denied may nothing be left out. */
static int leave_out(void *context, int code, struct postern_error *error)
{
    struct applying *applying = context;
    (void)error;
    if (code != ACL_REFUSED || !applying->below || applying->current->denies)
        return code;
    applying->counts->refused++;
    return 0;
}

static int too_many(const struct applying *applying, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_POLICY, STAGE, "",
                         "%s: more than %zu files and directories would have to be given entries",
                         applying->current->step->path, applying->limit);
    error_remedy(error, "name smaller directories in the policy");
    return code;
}

static int visit(void *context, struct acl_node *node, bool *enter, struct postern_error *error)
{
    struct applying *applying = context;
    *enter = *enter && applying->current->tree;
    if (applying->below && ((node->directory && node->link) || governs_itself(applying, node))) {
        *enter = false;
        return 0;
    }
    if (applying->counts->objects == applying->limit)
        return too_many(applying, error);
    applying->counts->objects++;
    int code = edit(applying, node, error);
    if (code == ACL_GONE && applying->below)
        code = 0;
    if (code == ACL_REFUSED)
        code = leave_out(applying, code, error);
    applying->below = true;
    return code;
}

static int apply_place(struct applying *applying, const struct place *place, struct postern_error *error)
{
    const struct acl_visitor visitor = {applying, ACL_TO_EDIT, visit, NULL, leave_out};
    struct acl_node root;
    applying->current = place;
    applying->below = false;
    int code = open_place(applying, place, &root, error);
    if (code != 0)
        return code;
    if (memcmp(root.identity, place->found.data, sizeof(root.identity)) == 0)
        return acl_walk(applying->system, &root, &visitor, error);
    applying->system->close(applying->system->context, &root);
    return wrong_object(place->step->path, "was exchanged for another meanwhile", error);
}

static int apply_all(struct applying *applying, const struct acl_plan *plan, struct postern_error *error)
{
    for (size_t i = 0; i < plan->count; i++)
        add_place(applying, &plan->item[i]);
    int code = find_places(applying, error);
    for (size_t i = 0; i < applying->places && code == 0; i++)
        code = apply_place(applying, &applying->place[i], error);
    return code;
}

static int as_failure(int code)
{
    return code == ACL_REFUSED || code == ACL_GONE ? POSTERN_E_CONFINE : code;
}

int acl_apply(const struct acl_system *system, const struct acl_plan *plan, size_t limit, struct acl_counts *counts,
              struct postern_error *error)
{
    struct applying *applying = calloc(1, sizeof(*applying)); /* a list is too large for the stack */
    int code = 0;
    *counts = (struct acl_counts){0};
    if (plan->count == 0 || !applying) {
        free(applying);
        return plan->count == 0 ? 0 : error_memory(error, STAGE);
    }
    applying->system = system;
    applying->limit = limit;
    applying->counts = counts;
    applying->place = calloc(plan->count, sizeof(*applying->place));
    applying->governing = calloc(plan->count, sizeof(*applying->governing));
    code = applying->place && applying->governing ? apply_all(applying, plan, error) : error_memory(error, STAGE);
    free(applying->governing);
    free(applying->place);
    free(applying);
    return as_failure(code);
}

/* ---- what is left out ---- */

static bool only_grants_reading(const struct acl_step *step)
{
    return !step->ace.deny && (step->ace.mask & ~ACE_FILE_READ) == 0;
}

/* The steps for the path of the first of `count`; they stand together. *reading: they grant that and no more. */
static size_t steps_of_path(const struct acl_step *step, size_t count, bool *reading)
{
    size_t of_path = 0;
    *reading = true;
    for (; of_path < count && strcmp(step[of_path].path, step->path) == 0; of_path++)
        *reading = *reading && only_grants_reading(&step[of_path]);
    return of_path;
}

/* What is gone by now is told when it is applied. */
static int may_change(const struct acl_system *system, const char *path, bool *may, struct postern_error *error)
{
    struct acl_node node = {.handle = -1};
    struct postern_error refusal = {0};
    int code = system->open(system->context, path, ACL_TO_EDIT, &node, &refusal);
    *may = code != ACL_REFUSED;
    if (code == 0)
        system->close(system->context, &node);
    if (code < 0 && error)
        *error = refusal;
    return code < 0 ? code : 0;
}

int acl_leave_out(const struct acl_system *system, struct acl_plan *plan, size_t *count, struct postern_error *error)
{
    size_t kept = 0, of_path;
    int code = 0;
    *count = 0;
    for (size_t i = 0; i < plan->count; i += of_path) {
        bool reading, may = true;
        of_path = steps_of_path(&plan->item[i], plan->count - i, &reading);
        if (reading && code == 0)
            code = may_change(system, plan->item[i].path, &may, error);
        for (size_t j = i; j < i + of_path; j++) {
            if (may)
                plan->item[kept++] = plan->item[j];
            else
                free(plan->item[j].path);
        }
        *count += !may;
    }
    plan->count = kept;
    return code;
}
