/*
 * launch_helper_linux.h - a helper program that can be executed is one whose bytes have been checked: see helper.h.
 * Private to elevated/launch_spawn_linux.c. Parent.
 */
#ifndef POSTERN_ELEVATED_LAUNCH_HELPER_LINUX_H
#define POSTERN_ELEVATED_LAUNCH_HELPER_LINUX_H

#include <stdbool.h>
#include <sys/stat.h>

#include "elevated/helper.h"
#include "shared/handle.h"

/* One directory of helpers. Helpers and manifest come out of the same one, whatever is renamed meanwhile. */
struct helper_directory {
    const char *path; /* borrowed, for messages */
    os_handle handle;
};
int helper_directory_open(struct helper_directory *directory, const char *path, struct postern_error *error);
void helper_directory_close(struct helper_directory *directory);

enum helper_kind { HELPER_RUNNER, HELPER_KEEPER, HELPER_KINDS };

struct helper {
    enum helper_kind kind;
    char *path;        /* for messages */
    os_handle file;    /* as installed */
    os_handle program; /* a file in memory: what may be executed once it is pinned */
    bool pinned;
    struct stat status; /* of the file when it was opened */
    unsigned char hash[HELPER_HASH_SIZE];
};
void helper_init(struct helper *helper);
void helper_close(struct helper *helper);

/* Looks for the helper and for its line in the manifest; cheap. `program` can be handed on from here on, but is empty
 * unless the helper is pinned already. POSTERN_E_RUNNER_MISSING, POSTERN_E_RUNNER_START. */
int helper_open(const struct helper_directory *directory, enum helper_kind kind, struct helper *helper,
                struct postern_error *error);

/* Fills and checks `program`; to be called before it is executed. Does nothing the second time. */
int helper_pin(struct helper *helper, struct postern_error *error);

/* Whether a file in memory may have this size; else errno. Over RLIMIT_FSIZE a write does not fail, it kills. */
bool helper_memory_fits(size_t size);

#endif
