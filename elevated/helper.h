/*
 * helper.h - the helper programs are pinned: a file is executed only if its SHA-256 is the one in the manifest that was
 * installed with it, and what is executed is what was hashed. Portable; the file itself is opened and held by
 * launch_helper_linux.c and launch_win32.c. Parent.
 *
 * The manifest, "postern-helpers.sha256" in the directory of the helpers, has the lines of sha256sum(1):
 * 64 hexadecimal digits, two blanks, a name. Lines end with LF or CR LF, the last one too.
 */
#ifndef POSTERN_ELEVATED_HELPER_H
#define POSTERN_ELEVATED_HELPER_H

#include "shared/crypto.h"
#include "shared/error.h"

#define HELPER_MANIFEST "postern-helpers.sha256"
#define HELPER_MANIFEST_LIMIT 4096
#define HELPER_SIZE_LIMIT ((size_t)64 * 1024 * 1024)
#define HELPER_HASH_SIZE CRYPTO_HASH_SIZE

/* The hash that the manifest gives for `name`; `path` is where the manifest was read, for messages.
 * POSTERN_E_RUNNER_MISSING: there is none, or two. A line that is none of a manifest spoils all others. */
int helper_find_hash(const char *path, const char *manifest, size_t size, const char *name,
                     unsigned char out[HELPER_HASH_SIZE], struct postern_error *error);

/* Whether the helper that was read from `path` has the hash; POSTERN_E_RUNNER_START: it has another. */
int helper_check(const char *path, const void *data, size_t size, const unsigned char expected[HELPER_HASH_SIZE],
                 struct postern_error *error);

#endif
