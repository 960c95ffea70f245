/*
 * acl_walk.h - all objects beneath a directory, one after the other, whatever their number, names and depth: what is
 * in there may have been made by commands. Portable; what it walks over is a table of operations, so that a test can
 * make one up. Parent; callers: acl_apply.c, acl_restore.c.
 */
#ifndef POSTERN_ELEVATED_ACL_WALK_H
#define POSTERN_ELEVATED_ACL_WALK_H

#include "elevated/acl_list.h"
#include "shared/error.h"

/* What an operation may say beside POSTERN_OK and the codes of postern.h, for which it fills the error. */
enum {
    ACL_GONE = 1000, /* nothing is there (any more); the error is not filled */
    ACL_REFUSED      /* we have no right to it; the error is filled */
};

struct acl_node {
    intptr_t handle;
    bool directory;
    bool link;      /* leads somewhere else: a junction, a symbolic link, where a volume is mounted */
    bool elsewhere; /* by open(): a link on the way led here, or that can't be told */
    uint32_t names; /* of a file: how many directories it is in */
    unsigned char identity[24];
};

/* A name is as the system has it: any bytes. */
typedef int acl_each(void *walk, const void *name, size_t size, bool directory, struct postern_error *error);

enum acl_purpose { ACL_TO_EDIT, ACL_TO_REMOVE };

struct acl_system {
    void *context;
    /* Opens the object itself, following no link in its last component; `path` is canonical. */
    int (*open)(void *context, const char *path, enum acl_purpose purpose, struct acl_node *out,
                struct postern_error *error);
    /* An entry of a directory that is open. `directory`: what the listing says; the answer counts. */
    int (*open_in)(void *context, const struct acl_node *above, const void *name, size_t size, bool directory,
                   enum acl_purpose purpose, struct acl_node *out, struct postern_error *error);
    void (*close)(void *context, struct acl_node *node);
    /* Calls `each` for every entry but "." and ".."; stops at the first failure. */
    int (*list)(void *context, const struct acl_node *node, acl_each *each, void *walk, struct postern_error *error);
    /* The path for messages. */
    void (*describe)(void *context, const struct acl_node *node, char *out, size_t size);

    /* Between lock() and unlock() no other sandbox of this user edits the list of this object. */
    int (*lock)(void *context, const struct acl_node *node, struct postern_error *error);
    void (*unlock)(void *context, const struct acl_node *node);
    int (*read)(void *context, const struct acl_node *node, struct acl_list *out, struct postern_error *error);
    int (*write)(void *context, const struct acl_node *node, const struct acl_list *list, struct postern_error *error);

    /* Of an object that was opened for that: also one that must not be written; a directory has to be empty. */
    int (*remove)(void *context, struct acl_node *node, struct postern_error *error);
};

struct acl_visitor {
    void *context;
    enum acl_purpose purpose;
    /* Called for every object, a directory before what is in it. *enter is true for a directory that is no link, and
     * may be made false. */
    int (*visit)(void *context, struct acl_node *node, bool *enter, struct postern_error *error);
    /* For each that was entered, after what is in it. NULL: not needed. */
    int (*leave)(void *context, struct acl_node *node, struct postern_error *error);
    /* An object could not be opened, or not be listed; 0: go on without it. */
    int (*refused)(void *context, int code, struct postern_error *error);
};

/* From `root` down, which is open and is closed in any case. What vanishes meanwhile is left out. Uses memory for the
 * directories that are still to be entered, no recursion. */
int acl_walk(const struct acl_system *system, struct acl_node *root, const struct acl_visitor *visitor,
             struct postern_error *error);

#endif
