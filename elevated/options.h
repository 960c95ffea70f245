/*
 * options.h - checks what the caller of the public API asks for, before anything is started. Private to elevated/.
 * Every refusal names the item.
 */
#ifndef POSTERN_ELEVATED_OPTIONS_H
#define POSTERN_ELEVATED_OPTIONS_H

#include "elevated/grants.h"
#include "elevated/launch.h"
#include "ipc/message.h"

#define OPTIONS_ROWS 24
#define OPTIONS_COLS 80

struct options_checked {
    enum postern_level level; /* never STRONGEST */
    struct grants grants;
    uint32_t start_timeout;
    char *libexec;
    char *log_file;
};

/* Fills *out (to be freed with options_free(), also after a failure). */
int options_check(const struct postern_sandbox_options *options, struct options_checked *out,
                  struct postern_error *error);
void options_free(struct options_checked *checked);

/* The options with every field that this version knows: those that the caller's version did not have, or all if it
 * gave none, are zero. *out borrows what the caller's fields point to. POSTERN_E_INVALID: the size is of no version. */
int options_complete(const struct postern_sandbox_options *options, struct postern_sandbox_options *out,
                     struct postern_error *error);

int options_check_level(enum postern_level level, struct postern_error *error);

/* The level that a sandbox gets; never STRONGEST. When there is none, *out is the one that was tried last. */
int options_choose_level(enum postern_level wanted, enum postern_level *out, struct postern_error *error);

/* The directory of the helpers: what the caller says, else POSTERN_LIBEXEC (not in set-user-id programs), else where
 * postern is installed. Allocated; whether they are there is not checked. Directories in which they were looked for
 * before are added to `searched`. */
int options_find_libexec(const char *said, char **out, struct strings *searched, struct postern_error *error);

/* The SPAWN of a command in the sandbox that `launch` started: base environment, defaults, limits. Freed with
 * message_free_spawn(). */
int options_check_command(const struct postern_command *command, const struct launch *launch, struct message_spawn *out,
                          struct postern_error *error);

#endif
