/*
 * plan_linux.h - what the keeper does to make a sandbox, as data: a list of small steps in the order they are taken,
 * and whose identity the runner gets. Pure: nothing here asks or changes the system, so that plans can be tested.
 *
 * Parent: plan_layout_linux.c makes a plan, launch_linux.c encodes it into a file in memory that the keeper inherits.
 * Keeper: reads it step by step, without allocating. Both are of one installation; another version is refused.
 *
 * The keeper holds mounts that are not (yet) attached anywhere in numbered slots: "copy /dev/null into slot 4" before
 * /dev is hidden, "place slot 4 at /dev/null" afterwards.
 */
#ifndef POSTERN_ELEVATED_PLAN_LINUX_H
#define POSTERN_ELEVATED_PLAN_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buffer.h"
#include "shared/enforce.h"
#include "shared/wire.h"

#define PLAN_LIMIT (8u * 1024u * 1024u)       /* bytes of an encoded plan */
#define PLAN_SLOTS (ENFORCE_MOUNTS_MAX + 128) /* those of the policy, and devices and the like */
#define PLAN_GROUPS 2

/* X(constant, text): the text is what people see when the step fails. */
#define PLAN_OPERATIONS(X)                                                                                             \
    X(PLAN_PRIVATE_ROOT, "cut the mounts off from the host's")                                                         \
    X(PLAN_HOST_NAME, "set the host name")                                                                             \
    X(PLAN_NEW_PROC, "make a /proc of the sandbox's own")                                                              \
    X(PLAN_NEW_TMPFS, "make the private file system")                                                                  \
    X(PLAN_NEW_DEVPTS, "make the private terminals")                                                                   \
    X(PLAN_COPY, "copy the mount of")                                                                                  \
    X(PLAN_MAP_OWNER, "map the owner of")                                                                              \
    X(PLAN_SET_FLAGS, "set the mount flags of")                                                                        \
    X(PLAN_LOCK_ROOT, "make the file tree read-only")                                                                  \
    X(PLAN_PLACE, "mount on")                                                                                          \
    X(PLAN_DIRECTORY, "make the directory")                                                                            \
    X(PLAN_FILE, "make the file")                                                                                      \
    X(PLAN_LINK, "make the symbolic link")

enum plan_operation {
    PLAN_NOTHING = 0,
#define PLAN_OPERATION_ENUM(constant, text) constant,
    PLAN_OPERATIONS(PLAN_OPERATION_ENUM)
#undef PLAN_OPERATION_ENUM
        PLAN_OPERATION_COUNT
};
const char *plan_operation_text(enum plan_operation operation); /* "take an unknown step" for other numbers */

/* Bits of plan_step.flags. */
enum {
    PLAN_READ_ONLY = 1, /* mount flags, for every step that makes or changes a mount */
    PLAN_NO_SUID = 2,
    PLAN_NO_DEV = 4,
    PLAN_NO_EXEC = 8,
    PLAN_RECURSIVE = 16,   /* COPY, MAP_OWNER, SET_FLAGS: with the mounts beneath */
    PLAN_SAME_FILE = 32,   /* COPY, PLACE: only if it is still the file that plan_step.device and inode name */
    PLAN_MAY_BE_GONE = 64, /* PLACE: nothing is there any more: then there is nothing to hide */
    PLAN_MAY_STAY = 128    /* MAP_OWNER with READ_ONLY: on a file system without id maps its owners stay */
};

/* Which fields count depends on the operation; the others are zero. */
struct plan_step {
    enum plan_operation operation;
    uint32_t flags;
    uint32_t slot;          /* NEW_*, COPY, MAP_OWNER, SET_FLAGS, PLACE */
    uint32_t mode;          /* DIRECTORY, FILE */
    uint32_t uid, gid;      /* DIRECTORY: its owner. MAP_OWNER: who appears as the sandbox user */
    uint64_t device, inode; /* with PLAN_SAME_FILE */
    const char *path;       /* absolute; COPY, PLACE, DIRECTORY, FILE, LINK; for the others what messages say */
    const char *text;       /* HOST_NAME: the name; FILE: contents; LINK: target; NEW_TMPFS: size */
};

/* What comes before the steps. */
struct plan_header {
    bool other_user; /* drop to uid and gid; false: stay who we are, without capabilities */
    uint32_t uid, gid;
    bool has_log;          /* a descriptor of the log follows the fixed ones, for the runner */
    uint32_t group_count;  /* then files of control groups for it, see cgroup_linux.h; at most PLAN_GROUPS */
    const char *temporary; /* directory to remove at the end; "" for none */
    uint32_t step_count;
};

/* A plan under construction. Strings are copied. Running out of memory is sticky: plan_encode() tells. */
struct plan {
    struct plan_header header; /* temporary: borrowed */
    struct plan_step *steps;
    size_t count, capacity;
    bool failed;
};
void plan_free(struct plan *plan); /* leaves an empty plan */
void plan_add(struct plan *plan, const struct plan_step *step);

/* false: memory is out, now or earlier, or the plan is over the limit of `out`. */
bool plan_encode(const struct plan *plan, struct buffer *out);

/* Strings point into what is read. false: the bytes are no plan of this version. */
bool plan_decode_header(struct wire_reader *reader, struct plan_header *out);
bool plan_decode_step(struct wire_reader *reader, struct plan_step *out);

#endif
