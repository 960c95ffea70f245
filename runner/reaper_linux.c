/*
 * reaper_linux.c - see the header. All but reaper_start() runs in the forked reaper, as the sandbox user, with a
 * command that may be hostile below it. It never calls malloc(): once the command has started the heap is
 * given back.
 */
#include "runner/reaper_linux.h"

#include "runner/limits_linux.h"
#include "runner/tree_linux.h"
#include "shared/process_linux.h"
#include "shared/system.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONTROL 3 /* after the start; 0-2 are the command's until it runs */
#define PROC 4
#define IDLE_MS 100    /* a command that runs for so long is worth tidying up for */
#define REAP_BATCH 512 /* so that requests are heard while children end without end */
#define KILL_LIMIT_US 10000000u
#define REAP_LIMIT_US 50000u
#define PAUSE_MAX_MS 500

struct reaper {
    int control; /* our end of the socket to the runner */
    int signals; /* signalfd for SIGCHLD */
    pid_t root;
    bool root_exited;
    bool end_reported;
    bool memory_released;
};

static _Noreturn void leave(void)
{
    for (;;) {
        (void)syscall(SYS_exit_group, 0); /* none of the runner's atexit() business */
    }
}

/* A runner that is gone is noticed where requests are read. */
static void report(const struct reaper *reaper, const struct reaper_report *message)
{
    while (send(reaper->control, message, sizeof(*message), MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

static _Noreturn void fail(const struct reaper *reaper, const struct postern_error *error)
{
    struct reaper_report message = {.event = REAPER_FAILED};

    message.of.error = *error;
    report(reaper, &message);
    leave();
}

/* ---- children that have ended ---- */

static uint64_t microseconds(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec;
}

static struct command_usage usage_of_children(void)
{
    struct command_usage result = {0, 0, 0};
    struct rusage usage;

    if (getrusage(RUSAGE_CHILDREN, &usage) == 0) {
        result.user_us = microseconds(usage.ru_utime);
        result.system_us = microseconds(usage.ru_stime);
        result.peak_memory = (uint64_t)usage.ru_maxrss * 1024u;
    }
    return result;
}

/* Exit and end in one packet where they come together: a second one would cost the runner a second wake-up. */
static void report_exit(struct reaper *reaper, int status, bool last)
{
    struct reaper_report message = {.event = REAPER_EXITED, .last = last};

    message.exit.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    message.exit.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (last) {
        message.usage = usage_of_children();
    }
    reaper->root_exited = true;
    reaper->end_reported = last;
    report(reaper, &message);
}

static void report_emptied(const struct reaper *reaper)
{
    const struct reaper_report message = {.event = REAPER_EMPTIED, .usage = usage_of_children()};

    if (!reaper->end_reported) {
        report(reaper, &message);
    }
}

enum reaped { REAPED_SOME, REAPED_NONE, REAPED_LAST };

/* Collects what has ended. The root's exit is told once nothing else is to be collected. */
static enum reaped reap(struct reaper *reaper)
{
    enum reaped result = REAPED_NONE;
    int root_status = 0;
    bool root_exited = false;

    for (int i = 0; i < REAP_BATCH; i++) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);

        if (pid < 0 && errno == EINTR) {
            continue;
        }
        if (pid <= 0) {
            result = pid < 0 ? REAPED_LAST : result;
            break;
        }
        result = REAPED_SOME;
        if (pid == reaper->root) {
            root_exited = true;
            root_status = status;
        }
    }
    if (root_exited) {
        report_exit(reaper, root_status, result == REAPED_LAST);
    }
    return result;
}

/* Waits for a SIGCHLD and takes it. false: none came. */
static bool await_child(const struct reaper *reaper, int timeout_ms)
{
    struct pollfd entry = {.fd = reaper->signals, .events = POLLIN};
    struct signalfd_siginfo ignored;

    if (poll(&entry, 1, timeout_ms) <= 0) {
        return false;
    }
    (void)!read(reaper->signals, &ignored, sizeof(ignored));
    return true;
}

/* Collects for a while what has been killed: as long as something ends within `pause_ms`, at most REAP_LIMIT_US. */
static enum reaped reap_killed(struct reaper *reaper, int pause_ms)
{
    uint64_t start_us = system_now_us();
    enum reaped result = reap(reaper);

    while (result != REAPED_LAST && await_child(reaper, pause_ms)) {
        enum reaped more = reap(reaper);

        result = more != REAPED_NONE ? more : result;
        if (system_now_us() - start_us > REAP_LIMIT_US) {
            break;
        }
    }
    return result;
}

/* As long as the root has not been collected its number is its own. */
static bool signal_group(const struct reaper *reaper, int number)
{
    return !reaper->root_exited && kill(-reaper->root, number) == 0;
}

/*
 * Until no child is left. The group goes first: most commands are nothing else, and in one call the kernel kills all of
 * a group, without a gap to fork through. Then walks through /proc for the rest; when they change nothing (a process is
 * stuck in the kernel, or is another user's) they become rare, and after KILL_LIMIT_US what is left is left.
 */
static void kill_all(struct reaper *reaper)
{
    uint64_t start_us = system_now_us();
    int pause_ms = 2;
    enum reaped result;

    (void)signal_group(reaper, SIGKILL);
    for (;;) {
        struct tree_count count;

        result = reap_killed(reaper, pause_ms);
        if (result == REAPED_LAST || system_now_us() - start_us > KILL_LIMIT_US) {
            return;
        }
        pause_ms = result == REAPED_SOME ? 2 : pause_ms < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
        (void)tree_kill(getpid(), NULL, 0, &count);
    }
}

/* ---- requests ---- */

/* false: all is to be killed. */
static bool obey(struct reaper *reaper)
{
    struct reaper_request request;
    ssize_t got;

    do {
        got = recv(reaper->control, &request, sizeof(request), MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN) {
        return true;
    }
    if (got != (ssize_t)sizeof(request)) {
        return false; /* the runner is gone */
    }
    switch (request.order) {
    case REAPER_SIGNAL:
        if (!signal_group(reaper, request.number) && !reaper->root_exited) {
            (void)kill(reaper->root, request.number); /* it has left the group it was born in */
        }
        return true;
    case REAPER_TERMINATE:
        tree_terminate(getpid());
        return true;
    case REAPER_KILL:
        break;
    }
    return false;
}

static void serve(struct reaper *reaper)
{
    for (;;) {
        struct pollfd entries[2] = {{.fd = reaper->control, .events = POLLIN},
                                    {.fd = reaper->signals, .events = POLLIN}};
        enum reaped reaped;

        int ready = poll(entries, 2, reaper->memory_released ? -1 : IDLE_MS);

        if (ready < 0 && errno != EINTR) {
            break; /* cannot be: end it all rather than spin */
        }
        if (ready == 0) {
            reaper->memory_released = true;
            reaper_release_memory();
            continue;
        }
        if (entries[1].revents != 0) {
            (void)await_child(reaper, 0);
        }
        do {
            reaped = reap(reaper);
            if (reaped == REAPED_LAST) {
                return;
            }
            if (entries[0].revents != 0 && !obey(reaper)) {
                kill_all(reaper);
                return;
            }
            entries[0].revents = 0;
        } while (reaped == REAPED_SOME && poll(entries, 1, 0) >= 0);
    }
    kill_all(reaper);
}

/* ---- the start ---- */

/* Signals are not for the reaper: they stay blocked for ever, and SIGCHLD is read from a descriptor. All, also those
 * that the C library keeps for itself. */
static bool prepare_signals(struct reaper *reaper)
{
    const uint64_t all = ~(uint64_t)0;
    sigset_t child;

    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof(all)) != 0 ||
        signal(SIGCHLD, SIG_DFL) == SIG_ERR) { /* ignored in the runner, and then nothing could be collected */
        return false;
    }
    reaper->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    return reaper->signals >= 0;
}

/* Not dumpable: nobody may read or trace us, although the command is of the same user. */
static const char *prepare(struct reaper *reaper, const struct reaper_spec *spec)
{
    os_handle absent = spec->control; /* something must stand at 0 when there is no stdin; never handed on */
    int source[5] = {(int)(spec->in != OS_HANDLE_NONE ? spec->in : absent), (int)spec->out, (int)spec->err,
                     (int)spec->control, (int)tree_handle()};
    const char *failed;

    if (spec->terminal != OS_HANDLE_NONE) {
        source[0] = source[1] = source[2] = (int)spec->terminal;
    }
    reaper->control = (int)spec->control;
    failed = process_arrange_descriptors(source, 5);
    if (failed != NULL) {
        if (strcmp(failed, "fcntl") != 0) {
            leave(); /* nobody knows what stands where: say nothing; the runner sees the end */
        }
        return failed;
    }
    reaper->control = CONTROL;
    tree_adopt(PROC);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        return "PR_SET_CHILD_SUBREAPER";
    }
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return "PR_SET_DUMPABLE";
    }
    (void)prctl(PR_SET_NAME, "postern-reaper", 0, 0, 0);
    if (!prepare_signals(reaper)) {
        return "signalfd";
    }
    return setrlimit(RLIMIT_NOFILE, spec->descriptors) != 0 ? "setrlimit" : NULL;
}

static void spawn(struct reaper *reaper, const struct reaper_spec *spec)
{
    /* The runner, whose fork we are, was started with all signals at their defaults, and has changed these two. */
    static const int changed[] = {SIGPIPE, SIGCHLD, 0};
    struct process_linux_options options = {.signals = changed};
    struct reaper_report message = {.event = REAPER_SPAWNED};
    struct process process = {OS_HANDLE_NONE, 0};
    struct postern_error error = {0};
    struct process_spec what;

    options.limits = limits_of_commands(&options.limit_count);
    process_spec_init(&what);
    what.program = spec->program;
    what.argv = spec->argv;
    what.env = spec->env;
    what.cwd = spec->cwd;
    what.new_session = true; /* no terminal but its own, and a group to signal */
    what.terminal = spec->terminal != OS_HANDLE_NONE ? 0 : OS_HANDLE_NONE;
    what.in = spec->in != OS_HANDLE_NONE ? 0 : OS_HANDLE_NONE;
    what.out = 1;
    what.err = 2;
    if (process_spawn_linux(&what, &options, &process, &error) != 0) {
        fail(reaper, &error);
    }
    reaper->root = (pid_t)process.pid;
    message.of.pid = process.pid;
    report(reaper, &message);
    handle_close(&process.handle);
    /* The streams end with the command's last process, not with us. */
    (void)syscall(SYS_close_range, 0u, 2u, 0u);
}

static _Noreturn void reaper_main(const struct reaper_spec *spec)
{
    struct reaper reaper = {.control = -1, .signals = -1};
    struct postern_error error = {0};
    const char *failed = prepare(&reaper, spec);

    if (failed != NULL) {
        (void)error_os(&error, POSTERN_E_OS, "spawn", failed, errno, "cannot prepare the reaper");
        fail(&reaper, &error);
    }
    spawn(&reaper, spec);
    serve(&reaper);
    report_emptied(&reaper);
    leave();
}

/* Not fork(): a pidfd that is born with the process is right whatever happens to the process, and what the C library
 * does around a fork only costs copies of pages. The reaper uses nothing that relies on it. */
int reaper_start(const struct reaper_spec *spec, pid_t *pid, os_handle *pidfd, struct postern_error *error)
{
    int fd = -1;
    long child = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &fd, NULL, NULL);

    if (child < 0) {
        return error_os(error, POSTERN_E_OS, "spawn", "clone", errno, "cannot start a reaper");
    }
    if (child == 0) {
        reaper_main(spec);
    }
    *pid = (pid_t)child;
    *pidfd = fd;
    return 0;
}
