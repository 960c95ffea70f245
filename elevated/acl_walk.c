/*
 * acl_walk.c - walking a tree by open directories, see acl_walk.h. Parent.
 *
 * A directory is listed as a whole before any other is entered: its files are visited at once, the names of its
 * directories go onto one stack that all levels share.
 */
#include "elevated/acl_walk.h"

#include <stdlib.h>
#include <string.h>

#define STAGE "acl"

struct level {
    struct acl_node node;
    size_t names; /* where its names begin on the stack */
};

struct walk {
    const struct acl_system *system;
    const struct acl_visitor *visitor;
    struct level *level;
    size_t depth, level_capacity;
    unsigned char *name; /* each one's bytes, then their number */
    size_t used, name_capacity;
};

static bool push_name(struct walk *walk, const void *name, size_t size)
{
    size_t wanted = walk->used + size + sizeof(size);
    if (wanted > walk->name_capacity) {
        size_t capacity = wanted < 4096 ? 8192 : 2 * wanted;
        unsigned char *grown = realloc(walk->name, capacity);
        if (!grown)
            return false;
        walk->name = grown;
        walk->name_capacity = capacity;
    }
    memcpy(walk->name + walk->used, name, size);
    memcpy(walk->name + walk->used + size, &size, sizeof(size));
    walk->used = wanted;
    return true;
}

/* It stays where it is until the next push. */
static const void *pop_name(struct walk *walk, size_t *size)
{
    walk->used -= sizeof(*size);
    memcpy(size, walk->name + walk->used, sizeof(*size));
    walk->used -= *size;
    return walk->name + walk->used;
}

static int give_up_on(struct walk *walk, int code, struct postern_error *error)
{
    return code == ACL_GONE ? 0 : walk->visitor->refused(walk->visitor->context, code, error);
}

static int push_level(struct walk *walk, struct acl_node *node, struct postern_error *error)
{
    if (walk->depth == walk->level_capacity) {
        size_t capacity = walk->level_capacity ? 2 * walk->level_capacity : 32;
        struct level *grown = realloc(walk->level, capacity * sizeof(*grown));
        if (!grown)
            return error_memory(error, STAGE);
        walk->level = grown;
        walk->level_capacity = capacity;
    }
    walk->level[walk->depth++] = (struct level){*node, walk->used};
    node->handle = -1;
    return 0;
}

/* Takes the node. *entered: it is a level now, to be listed by the caller. */
static int visit(struct walk *walk, struct acl_node *node, bool may_enter, bool *enter, struct postern_error *error)
{
    *enter = node->directory && !node->link;
    int code = walk->visitor->visit(walk->visitor->context, node, enter, error);
    if (code == 0 && *enter && may_enter)
        code = push_level(walk, node, error);
    if (node->handle != -1)
        walk->system->close(walk->system->context, node);
    return code;
}

static int open_and_visit(struct walk *walk, const struct acl_node *above, const void *name, size_t size,
                          bool directory, bool *enter, struct postern_error *error)
{
    struct acl_node node = {.handle = -1};
    *enter = false;
    int code = walk->system->open_in(walk->system->context, above, name, size, directory, walk->visitor->purpose, &node,
                                     error);
    return code == 0 ? visit(walk, &node, directory, enter, error) : give_up_on(walk, code, error);
}

static int each_entry(void *context, const void *name, size_t size, bool directory, struct postern_error *error)
{
    struct walk *walk = context;
    bool again = directory;
    int code = 0;
    if (!directory) /* or has become one meanwhile: then it is opened as one later */
        code = open_and_visit(walk, &walk->level[walk->depth - 1].node, name, size, false, &again, error);
    if (code == 0 && again && !push_name(walk, name, size))
        code = error_memory(error, STAGE);
    return code;
}

static int list_top(struct walk *walk, struct postern_error *error)
{
    int code = walk->system->list(walk->system->context, &walk->level[walk->depth - 1].node, each_entry, walk, error);
    return code == ACL_GONE || code == ACL_REFUSED ? give_up_on(walk, code, error) : code;
}

static int leave_top(struct walk *walk, struct postern_error *error)
{
    struct acl_node *node = &walk->level[walk->depth - 1].node;
    int code = walk->visitor->leave ? walk->visitor->leave(walk->visitor->context, node, error) : 0;
    if (node->handle != -1)
        walk->system->close(walk->system->context, node);
    walk->depth--;
    return code;
}

static int step(struct walk *walk, struct postern_error *error)
{
    struct level *top = &walk->level[walk->depth - 1];
    size_t size;
    bool entered;
    if (walk->used == top->names)
        return leave_top(walk, error);
    const void *name = pop_name(walk, &size);
    int code = open_and_visit(walk, &top->node, name, size, true, &entered, error);
    return code == 0 && entered ? list_top(walk, error) : code;
}

int acl_walk(const struct acl_system *system, struct acl_node *root, const struct acl_visitor *visitor,
             struct postern_error *error)
{
    struct walk walk = {.system = system, .visitor = visitor};
    bool entered;
    int code = visit(&walk, root, true, &entered, error);
    if (code == 0 && entered)
        code = list_top(&walk, error);
    while (code == 0 && walk.depth > 0)
        code = step(&walk, error);
    while (walk.depth > 0)
        system->close(system->context, &walk.level[--walk.depth].node);
    free(walk.level);
    free(walk.name);
    return code;
}
