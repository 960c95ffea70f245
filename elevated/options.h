/*
 * options.h - checks what the caller of the public API asks for, before anything is started. Private to elevated/.
 * Every refusal names the item.
 */
#ifndef POSTERN_ELEVATED_OPTIONS_H
#define POSTERN_ELEVATED_OPTIONS_H

#include "elevated/launch.h"
#include "ipc/message.h"

#define OPTIONS_ROWS 24
#define OPTIONS_COLS 80

struct options_checked {
    enum postern_level level; /* never STRONGEST */
    char *workspace;          /* absolute, resolved; NULL: none */
    bool network;
    uint32_t max_processes, start_timeout;
    char *libexec;
    char *log_file;
};

/* Fills *out (to be freed with options_free(), also after a failure). */
int options_check(const struct postern_sandbox_options *options, struct options_checked *out,
                  struct postern_error *error);
void options_free(struct options_checked *checked);

int options_check_level(enum postern_level level, struct postern_error *error);

/* The SPAWN of a command in the sandbox that `launch` started: base environment, defaults, limits. Freed with
 * message_free_spawn(). */
int options_check_command(const struct postern_command *command, const struct launch *launch, struct message_spawn *out,
                          struct postern_error *error);

#endif
