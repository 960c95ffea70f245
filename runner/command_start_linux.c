/*
 * command_start_linux.c - starting a command: its pipes or terminal, the socket to its reaper, and the reaper. Called
 * by runner/session.c, inside the sandbox.
 */
#include "runner/command_linux.h"

#include "runner/tree_linux.h"
#include "shared/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Large pipes double the throughput, but all pipes of a user share an allowance (pipe-user-pages-soft, 64 MiB), beyond
 * which new ones get 8 KiB: the command's own among them. So only the first few commands are given them. */
#define LARGE_PIPE (1024 * 1024)
#define LARGE_PIPE_COMMANDS 16

/*
 * What a process must be to have reapers: a subreaper itself, for the case that one is killed, and a parent that leaves
 * no zombies and need not wait.
 */
static int become_parent(struct postern_error *error)
{
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        return error_os(error, POSTERN_E_CONFINE, "spawn", "PR_SET_CHILD_SUBREAPER", errno,
                        "processes could not be kept together");
    }
    if (signal(SIGCHLD, SIG_IGN) == SIG_ERR) {
        return error_os(error, POSTERN_E_OS, "spawn", "signal", errno, "cannot prepare for commands");
    }
    return 0;
}

/* A command takes five descriptors of ours, so all that are allowed may be used; the commands themselves keep the old
 * limit, because programs that use select() break above 1024. */
static int raise_descriptor_limit(struct rlimit *before, struct postern_error *error)
{
    static struct rlimit original;
    static bool raised;
    struct rlimit all;

    if (!raised) {
        if (getrlimit(RLIMIT_NOFILE, &original) != 0) {
            return error_os(error, POSTERN_E_OS, "spawn", "getrlimit", errno, "cannot prepare for commands");
        }
        all = original;
        all.rlim_cur = all.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &all); /* else there is room for fewer sessions */
        raised = true;
    }
    *before = original;
    return 0;
}

static const char *find_path(const char *const *env)
{
    for (; *env != NULL; env++) {
        if (strncmp(*env, "PATH=", 5) == 0) {
            return *env + 5;
        }
    }
    return NULL;
}

/* Opens a stream on a handle, which it takes if that works. */
static int adopt(struct command *command, os_handle *handle, enum loop_direction direction, struct loop_stream **stream,
                 struct postern_error *error)
{
    int result = loop_stream_open(command->loop, *handle, direction, stream, error);

    if (result == 0) {
        *handle = OS_HANDLE_NONE;
    }
    return result;
}

static int make_pipe(struct command *command, enum loop_direction direction, os_handle *theirs,
                     struct loop_stream **stream, struct postern_error *error)
{
    os_handle ours;
    int ends[2], result;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return error_os(error, POSTERN_E_OS, "spawn", "pipe2", errno, "cannot make a pipe for the command");
    }
    ours = direction == LOOP_READ ? ends[0] : ends[1];
    *theirs = direction == LOOP_READ ? ends[1] : ends[0];
    result = adopt(command, &ours, direction, stream, error);
    handle_close(&ours);
    return result;
}

static int make_pipes(struct command *command, const struct command_spec *spec, struct reaper_spec *ends,
                      struct postern_error *error)
{
    int result = 0;

    if (spec->open_stdin) {
        result = make_pipe(command, LOOP_WRITE, &ends->in, &command->streams.in, error);
    }
    if (result == 0) {
        result = make_pipe(command, LOOP_READ, &ends->out, &command->streams.out, error);
    }
    if (result == 0) {
        result = make_pipe(command, LOOP_READ, &ends->err, &command->streams.err, error);
    }
    if (result == 0 && orphans_count_reapers() < LARGE_PIPE_COMMANDS) {
        (void)fcntl((int)ends->out, F_SETPIPE_SZ, LARGE_PIPE); /* over the allowance it stays as it is */
    }
    return result;
}

static int make_terminal(struct command *command, const struct command_spec *spec, struct reaper_spec *ends,
                         struct postern_error *error)
{
    os_handle input = OS_HANDLE_NONE, output = OS_HANDLE_NONE;
    int result = pty_open(spec->rows != 0 ? spec->rows : 24, spec->cols != 0 ? spec->cols : 80, &command->pty, error);

    if (result != 0) {
        return result;
    }
    ends->terminal = pty_child_end(command->pty);
    input = pty_take_input(command->pty);
    output = pty_take_output(command->pty);
    result = adopt(command, &input, LOOP_WRITE, &command->streams.in, error);
    if (result == 0) {
        result = adopt(command, &output, LOOP_READ, &command->streams.out, error);
    }
    handle_close(&input);
    handle_close(&output);
    return result;
}

static int make_control(struct command *command, struct reaper_spec *ends, struct postern_error *error)
{
    os_handle ours;
    int pair[2], result;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return error_os(error, POSTERN_E_OS, "spawn", "socketpair", errno, "cannot reach a reaper");
    }
    ours = pair[0];
    ends->control = pair[1];
    result = adopt(command, &ours, LOOP_READ_WRITE, &command->control, error);
    handle_close(&ours);
    return result;
}

static int start_reaper(struct command *command, const struct reaper_spec *ends, struct postern_error *error)
{
    pid_t pid = 0;
    int result = reaper_start(ends, &pid, &command->pidfd, error);

    if (result != 0) {
        return result;
    }
    orphans_add_reaper(&command->reaper, pid);
    return command_watch_reaper(command, error);
}

int command_start(struct loop *loop, const struct command_spec *spec, const struct command_callbacks *callbacks,
                  void *context, struct command **out, struct postern_error *error)
{
    struct reaper_spec ends = {.argv = spec->argv,
                               .env = spec->env,
                               .cwd = spec->cwd,
                               .in = OS_HANDLE_NONE,
                               .out = OS_HANDLE_NONE,
                               .err = OS_HANDLE_NONE,
                               .terminal = OS_HANDLE_NONE,
                               .control = OS_HANDLE_NONE};
    struct command *command = calloc(1, sizeof(*command));
    struct rlimit descriptors;
    char *program = NULL;
    int result;

    if (command == NULL) {
        return error_memory(error, "spawn");
    }
    command->loop = loop;
    command->callbacks = *callbacks;
    command->context = context;
    command->pidfd = OS_HANDLE_NONE;
    ends.descriptors = &descriptors;
    result = become_parent(error);
    if (result == 0) {
        result = tree_open(error);
    }
    if (result == 0) {
        result = raise_descriptor_limit(&descriptors, error);
    }
    if (result == 0) {
        result = process_find(spec->argv[0], find_path(spec->env), NULL, spec->cwd, &program, error);
        ends.program = program;
    }
    if (result == 0) {
        result = spec->tty ? make_terminal(command, spec, &ends, error) : make_pipes(command, spec, &ends, error);
    }
    if (result == 0) {
        result = make_control(command, &ends, error);
    }
    if (result == 0) {
        result = start_reaper(command, &ends, error);
    }
    if (command->pty != NULL) {
        pty_child_started(command->pty);
    }
    handle_close(&ends.in);
    handle_close(&ends.out);
    handle_close(&ends.err);
    handle_close(&ends.control);
    free(program);
    if (result != 0) {
        command_free(command);
        return result;
    }
    *out = command;
    return 0;
}
