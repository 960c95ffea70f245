/*
 * process.h - starting one process with exactly the handles it is given. process_linux.c, process_win32.c.
 * Callers: the parent for the runner, the runner for commands.
 */
#ifndef POSTERN_SHARED_PROCESS_H
#define POSTERN_SHARED_PROCESS_H

#include "shared/error.h"
#include "shared/handle.h"

/* Everything is borrowed for the call. Nothing but what is named here reaches the child: no descriptor, no signal mask
 * or handler, no environment variable. */
struct process_spec {
    const char *program;      /* path; not searched for (see process_find) */
    os_handle program_handle; /* Linux: when not NONE, this open file is executed instead of `program` */
    const char *const *argv;  /* NULL-terminated, at least argv[0] */
    const char *const *env;   /* NULL-terminated, the whole environment */
    const char *cwd;          /* NULL: the caller's */
    os_handle in, out, err;   /* NONE: the null device */
    os_handle terminal;       /* when not NONE: pty_child_end(); in, out and err are ignored */
    const os_handle *pass;    /* further handles. Linux: they become 3, 4, ... in this order. Windows: inherited under
                                 their own values (the function makes them inheritable for the call) */
    size_t pass_count;
    os_handle job;    /* Windows: the job object the child is born in; NONE: none */
    bool new_session; /* Linux: setsid() (implied by a terminal); Windows: a process group of its own */
};
/* All handles none, all pointers NULL. */
void process_spec_init(struct process_spec *spec);

struct process {
    os_handle handle; /* pidfd or process handle: what loop_wait_start() takes */
    uint32_t pid;
};

struct process_exit {
    int exit_code;                            /* 32 bits on Windows; 0 when ended by a signal */
    int signal;                               /* Linux */
    uint64_t user_us, system_us, peak_memory; /* of the process and the children it waited for */
};

/* The parent's memory is not copied (vfork style), whatever its size. Failures of the child's own steps come back with
 * their step and number: stage "spawn", operation "chdir", "execve", ...; codes POSTERN_E_CWD, POSTERN_E_NOT_FOUND,
 * POSTERN_E_NOT_EXECUTABLE, POSTERN_E_LIMIT (arguments and environment too long), else POSTERN_E_OS. */
int process_spawn(const struct process_spec *spec, struct process *out, struct postern_error *error);

/* Collects the exit of a process whose handle is signalled; false while it still runs. Once: pid is 0 afterwards.
 * Linux: exit_code is 255 when the program itself keeps us from knowing, by ignoring SIGCHLD or waiting for any child.
 */
bool process_collect(struct process *process, struct process_exit *out);

/* Ends the process at once; not an error when it is gone already. */
void process_kill(struct process *process);

/* Kills and collects if still running, then closes. Leaves {NONE, 0}. */
void process_close(struct process *process);

/* Finds `name` as the shell would: as it stands (relative to `cwd`) when it has a directory separator, else in
 * `path` (the *child's* PATH; Windows also PATHEXT `extensions`, NULL: the usual ones). *found is allocated.
 * Linux: it is relative where `name` or the PATH entry is, and then holds after a chdir to `cwd`.
 * POSTERN_E_NOT_FOUND, or POSTERN_E_NOT_EXECUTABLE when only files that cannot be executed were found. */
int process_find(const char *name, const char *path, const char *extensions, const char *cwd, char **found,
                 struct postern_error *error);

#endif
