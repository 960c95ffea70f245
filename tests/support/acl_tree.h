/*
 * acl_tree.h - a made-up volume for elevated/acl_walk.h: objects with access lists that are inherited when something is
 * made, as Windows does it; some vanish, some refuse, and every operation may be the last.
 */
#ifndef POSTERN_TESTS_SUPPORT_ACL_TREE_H
#define POSTERN_TESTS_SUPPORT_ACL_TREE_H

#include "elevated/acl_walk.h"

#define ACL_TREE_OBJECTS 96
#define ACL_TREE_BYTES 1536 /* of a list */
#define ACL_TREE_NAME 24

struct acl_tree_list {
    bool present, is_kept;
    size_t size;
    unsigned char data[ACL_TREE_BYTES];
};

struct acl_tree_object {
    bool there, directory, link, elsewhere;
    bool refuses;          /* its list cannot be opened */
    bool vanishes;         /* when it is opened */
    bool listed_otherwise; /* the listing calls a file a directory, and the other way round */
    uint32_t names;
    size_t above;
    char name[ACL_TREE_NAME];
    struct acl_tree_list list;
    struct acl_tree_list base; /* what it would be had there never been a sandbox */
};

struct acl_tree {
    struct acl_tree_object item[ACL_TREE_OBJECTS]; /* the first is "C:\" */
    size_t count;
    int open, locked; /* handles and locks that are out */
    int *fuel;        /* each operation takes one; at 0 all fail. NULL: never */
    size_t writes;
};

void acl_tree_init(struct acl_tree *tree); /* with the root, whose list lets users read, and its owner do everything */
struct acl_system acl_tree_system(struct acl_tree *tree);

/* Makes an object as Windows does: what the directory passes on, or what its maker's token says. The index; 0: there is
 * no room. */
size_t acl_tree_make(struct acl_tree *tree, size_t above, const char *name, bool directory);
size_t acl_tree_find(const struct acl_tree *tree, const char *path);
bool acl_tree_is_beneath(const struct acl_tree *tree, size_t index, size_t directory);
void acl_tree_path(const struct acl_tree *tree, size_t index, char *out, size_t size);

/* Adds an entry to both lists at the end, whatever order that makes. */
void acl_tree_add(struct acl_tree_object *object, bool deny, unsigned flags, uint32_t mask, const char *sid);
void acl_tree_clear(struct acl_tree_object *object); /* an empty list: nobody may do anything */

/* "D:CI:d0156:NAME A..." in order, with the names of `sids`; '*' before what is inherited. */
struct acl_tree_name {
    const char *sid, *name;
};
void acl_tree_text(const struct acl_tree_object *object, const struct acl_tree_name *names, char *out, size_t size);

#endif
