/*
 * themes.h - the groups of rows. themes_linux.c, memory_linux.c, themes_win32.c; called by main.c for each setting.
 */
#ifndef POSTERN_BENCH_THEMES_H
#define POSTERN_BENCH_THEMES_H

#include <stdbool.h>

struct postern_sandbox;

/* node_pty: NULL, or what to run to measure node-pty: script and module directory. */
struct themes_options {
    const char *node_script, *node_module;
    bool pinned;
};

/* All rows of the platform. false: one of them could not be measured. */
bool themes_run(const struct themes_options *options);

/* Memory of idle sessions (Linux). */
bool memory_run(void);

/* Starts under a policy with many rules, against those in a sandbox without (Linux). */
bool enforce_run(struct postern_sandbox *without);

/* Policies: reading, planning, asking. */
bool policy_run(void);

#endif
