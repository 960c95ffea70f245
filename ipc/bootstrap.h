/*
 * bootstrap.h - what the runner is told before it can talk: the launch key and how to confine itself.
 *
 * Written by elevated/launch_*.c into a pipe (or file) that only the runner can read, read once by runner/main.c. The
 * record is JSON behind the raw key; both sides are of one installation, and a version that differs is refused.
 */
#ifndef POSTERN_IPC_BOOTSTRAP_H
#define POSTERN_IPC_BOOTSTRAP_H

#include "shared/buffer.h"
#include "shared/crypto.h"
#include "shared/enforce.h"
#include "shared/error.h"
#include "shared/handle.h"
#include "shared/strings.h"

#define BOOTSTRAP_LIMIT (4u * 1024u * 1024u) /* bytes of a whole record */

struct bootstrap {
    unsigned char key[CRYPTO_KEY_SIZE];
    enum postern_level level;
    struct enforce_steps steps; /* the runner's part of the plan; rule and owner are not sent */
    struct strings in_force;    /* what the launcher has put in force already, for HELLO */
    /* Windows. */
    char *sid;             /* of the sandbox, S-1-...: what its commands are restricted to; NULL: nothing */
    os_handle parent, log; /* put into the runner once it was there, instead of inherited; 0: not so */
};

/* Appends the record; POSTERN_E_LIMIT when it is over BOOTSTRAP_LIMIT, POSTERN_E_INVALID: no SID, no handle. The caller
 * wipes the buffer after use. */
int bootstrap_encode(const struct bootstrap *bootstrap, struct buffer *out, struct postern_error *error);

/* Fills all of *out or leaves it empty. bootstrap_free() wipes the key. */
int bootstrap_decode(const void *data, size_t size, struct bootstrap *out, struct postern_error *error);
void bootstrap_free(struct bootstrap *bootstrap);

#endif
