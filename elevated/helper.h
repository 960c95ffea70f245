/*
 * helper.h - the helper programs are pinned: a file is executed only if its SHA-256 is the one in the manifest that was
 * installed with it, and what is executed is what was hashed. Portable; the file itself is opened and held by
 * launch_spawn_linux.c and launch_win32.c. Parent.
 *
 * The manifest, "postern-helpers.sha256" in the directory of the helpers, has the lines of sha256sum(1):
 * 64 hexadecimal digits, two blanks, a name.
 */
#ifndef POSTERN_ELEVATED_HELPER_H
#define POSTERN_ELEVATED_HELPER_H

#include "shared/crypto.h"
#include "shared/error.h"

#define HELPER_MANIFEST "postern-helpers.sha256"
#define HELPER_HASH_SIZE 32

/* The hash that the manifest text gives for `name`. POSTERN_E_RUNNER_MISSING: there is none; names manifest and helper.
 * The first line that is none of a manifest is a failure, whatever follows. */
int helper_find_hash(const char *manifest, size_t size, const char *name, unsigned char out[HELPER_HASH_SIZE],
                     struct postern_error *error);

#endif
