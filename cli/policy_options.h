/*
 * policy_options.h - the options that say what a command may touch, common to run, shell and policy check, and what
 * they come to for the API. Callers: session_options.c, run.c, policy.c. Parent side.
 */
#ifndef POSTERN_CLI_POLICY_OPTIONS_H
#define POSTERN_CLI_POLICY_OPTIONS_H

#include <stdint.h>

#include "cli/options.h"
#include "postern.h"
#include "shared/buffer.h"
#include "shared/strings.h"

#define NETWORK_UNSAID (-1)

struct policy_options {
    int level;   /* enum postern_level */
    int preset;  /* enum postern_preset */
    int network; /* 0 or 1; NETWORK_UNSAID: off where that can be enforced */
    const char *cwd, *policy, *ceiling;
    struct strings read_only, read_write, denied;
    uint64_t memory, processes, cpu_time, file_size; /* 0: unsaid */
};

extern const struct option_choice policy_level_choices[], policy_preset_choices[], policy_network_choices[];

#define POLICY_OPTION(name, kind, type, field, choices)                                                                \
    {                                                                                                                  \
        name, 0, kind, offsetof(type, policy) + offsetof(struct policy_options, field), choices                        \
    }
/* Rows for a structure `type` that holds a struct policy_options named `policy`. */
#define POLICY_OPTION_ROWS(type)                                                                                       \
    POLICY_OPTION("level", OPTION_CHOICE, type, level, policy_level_choices),                                          \
        POLICY_OPTION("preset", OPTION_CHOICE, type, preset, policy_preset_choices),                                   \
        POLICY_OPTION("net", OPTION_CHOICE, type, network, policy_network_choices),                                    \
        POLICY_OPTION("cwd", OPTION_TEXT, type, cwd, NULL), POLICY_OPTION("policy", OPTION_TEXT, type, policy, NULL),  \
        POLICY_OPTION("ceiling", OPTION_TEXT, type, ceiling, NULL),                                                    \
        POLICY_OPTION("ro", OPTION_LIST, type, read_only, NULL),                                                       \
        POLICY_OPTION("rw", OPTION_LIST, type, read_write, NULL),                                                      \
        POLICY_OPTION("deny", OPTION_LIST, type, denied, NULL),                                                        \
        POLICY_OPTION("memory", OPTION_SIZE, type, memory, NULL),                                                      \
        POLICY_OPTION("pids", OPTION_NUMBER, type, processes, NULL),                                                   \
        POLICY_OPTION("cpu-time", OPTION_DURATION, type, cpu_time, NULL),                                              \
        POLICY_OPTION("file-size", OPTION_SIZE, type, file_size, NULL)

void policy_options_init(struct policy_options *options);
void policy_options_free(struct policy_options *options);

/* The same for the API, with all it borrows. */
struct policy_request {
    struct postern_sandbox_options sandbox;
    char *directory; /* the working directory, absolute. sandbox.workspace is the same, or NULL when it is the root of
                        the file system, which nobody means to have written to */
    struct strings read_only, read_write, denied;
    struct buffer policy; /* the text of the policy and a NUL; empty: none */
    char *policy_name, *ceiling;
};

/* Reads the policy's file and the environment's lists, makes relative paths absolute. Fills *out, which borrows from
 * `options` as well; freed with policy_request_free(), also after a failure. */
int policy_request_make(const struct policy_options *options, struct policy_request *out, struct postern_error *error);
void policy_request_free(struct policy_request *request);

/* An absolute form of `path`, by its text alone where it can be: what is not there may still be denied. Allocated;
 * NULL when memory is out. What cannot be made absolute stays as it is, for the library to refuse by its name. */
char *policy_absolute_path(const char *directory, const char *path);

#endif
