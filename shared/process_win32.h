/*
 * process_win32.h - what a spawn can do on Windows beyond process.h. Callers: elevated/launch_win32.c,
 * runner/command_win32.c, runner/trampoline_win32.c.
 */
#ifndef POSTERN_SHARED_PROCESS_WIN32_H
#define POSTERN_SHARED_PROCESS_WIN32_H

#include "shared/process.h"

enum process_console {
    PROCESS_CONSOLE_OWN,    /* one of its own, without a window: what process_spawn() gives */
    PROCESS_CONSOLE_SHARED, /* the caller's */
    PROCESS_CONSOLE_NONE    /* none at all: starts faster, and nobody can send it Ctrl-C */
};

/* With less than what the caller may do. All borrowed for the call. */
struct process_confinement {
    os_handle token;      /* a restricted version of our own; NONE: our own */
    const char *desktop;  /* "station\\desktop"; NULL: the caller's */
    uint64_t mitigations; /* PROCESS_CREATION_MITIGATION_POLICY_*; 0: those of the system */
    const char *package;  /* the SID of an app container; NULL: none. Never together with a token */
    bool package_network; /* the app container may use the network */
};

/* `console` is of no meaning for a process on a terminal. `confinement` NULL: none. */
int process_spawn_win32(const struct process_spec *spec, enum process_console console,
                        const struct process_confinement *confinement, struct process *out,
                        struct postern_error *error);

/* Which app of the Store or alias for one a shell would start for `name` (NULL: none), and which program process_find()
 * takes instead (NULL: none). Both allocated. false: memory is out. */
bool process_find_apps(const char *name, const char *path, const char *extensions, const char *cwd, char **passed,
                       char **found);

#endif
