/*
 * command.h - one command with its streams and its whole process tree. command_linux.c, command_win32.c. Caller:
 * runner/session.c. Runs inside the sandbox; nothing here believes what the command does.
 *
 * Linux: a small reaper process (runner/reaper_linux.h) stands between runner and command, so that everything the
 * command starts, daemons included, is a descendant of the reaper and can be found and ended. Windows: a job object.
 *
 * Callbacks come from loop_run_once() only: `spawned` or `failed`; after `spawned` exactly one `exited`; after that
 * exactly one `emptied`, once no process of the tree is left. After `failed` nothing follows. Killing that has no
 * effect for ten seconds (a process is stuck in the kernel, or has become another user's at level none) ends with
 * `emptied` too.
 *
 * Linux: the first command makes this process a subreaper that ignores SIGCHLD, and raises its limit of descriptors
 * (the commands keep the old one). It must have one thread, and no children but through here: strange ones may be
 * killed.
 */
#ifndef POSTERN_RUNNER_COMMAND_H
#define POSTERN_RUNNER_COMMAND_H

#include "shared/loop.h"

struct command;
struct handed;

struct command_spec {
    const char *const *argv;
    const char *const *env;
    const char *cwd;
    bool tty;
    uint16_t rows, cols;
    bool open_stdin;             /* pipes: false gives the null device. A terminal always has its input. */
    const struct handed *handed; /* not NULL: the command's ends of its pipes, made by the parent; we have no others */
};

struct command_exit {
    int exit_code;
    int signal;
};
struct command_usage {
    uint64_t user_us, system_us, peak_memory; /* of the tree */
};

struct command_callbacks {
    void (*spawned)(void *context, uint32_t pid);
    void (*failed)(void *context, const struct postern_error *error);
    void (*exited)(void *context, const struct command_exit *exit);
    void (*emptied)(void *context, const struct command_usage *usage);
};

/* Everything in spec is borrowed for the call only. */
int command_start(struct loop *loop, const struct command_spec *spec, const struct command_callbacks *callbacks,
                  void *context, struct command **out, struct postern_error *error);

/* NULL: there is none (stderr of a terminal, closed stdin). Borrowed, until the matching close or command_free(). */
struct command_streams {
    struct loop_stream *in, *out, *err;
};
const struct command_streams *command_streams(const struct command *command);
void command_close_stdin(struct command *command);  /* pipe: end of file. Terminal: no effect */
void command_close_output(struct command *command); /* stdout and stderr */

/* To the command's group, or the terminal's foreground group for INTERRUPT, QUIT, HANGUP on a terminal. KILL is
 * command_kill(). POSTERN_E_STATE once the command has exited; POSTERN_E_UNSUPPORTED where the system cannot. */
int command_signal(struct command *command, enum postern_signal signal, struct postern_error *error);

/* Asks every process of the tree to end (SIGTERM and SIGCONT; Windows: CTRL_BREAK where a console allows it). */
void command_terminate(struct command *command);

/* Kills every process of the tree, also those that hide by setsid() or by forking on; `emptied` tells when done. */
void command_kill(struct command *command);

/* Of a terminal. The output that was read is shown to it; what stands for a Ctrl-C among the typed bytes is what
 * pty_interrupt() says, static. "" on Wine, whose console dies of the byte: the event has been sent instead. */
void command_watch(struct command *command, const void *data, size_t size);
const char *command_type_interrupt(struct command *command);

int command_resize(struct command *command, uint16_t rows, uint16_t cols, struct postern_error *error);

/* Windows terminals: see pty_finish(). To be called when the command has exited. */
void command_finish_terminal(struct command *command);

/* For a command whose remaining tree may live on: closes every stream, and no callback comes any more. Still to be
 * freed with command_free(), which kills what is left. */
void command_detach(struct command *command);

/* Frees; what still runs is killed first. NULL allowed. */
void command_free(struct command *command);

#endif
