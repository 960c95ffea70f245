/*
 * keeper_runner_linux.c - the keeper starts the runner: a child that arranges its descriptors, drops its privileges
 * and executes the runner by the descriptor that the parent opened, which also works where the sandbox user could not
 * reach the file by name.
 *
 * The child shares the keeper's memory until the exec (as vfork does), which saves copying it; it calls nothing but
 * the kernel and functions that keep no state.
 */
#include "elevated/keeper_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ABOVE_ALL = 16 }; /* first descriptor number that no fixed number needs */

struct child {
    const struct plan_header *header;
    mode_t mask;
    bool barred;
    bool executed; /* stays true only if the exec did not return */
    struct keeper_failure failure;
};

/* The runner's: 3 endpoint, 4 bootstrap, [5 log], then the parent's pidfd. Everything else closes at the exec. */
static bool arrange_descriptors(bool has_log, int *status, int *runner, struct keeper_failure *failure)
{
    int parent = fcntl(KEEPER_FD_PARENT, F_DUPFD_CLOEXEC, ABOVE_ALL);
    int next = 3;
    *status = fcntl(KEEPER_FD_STATUS, F_DUPFD_CLOEXEC, ABOVE_ALL);
    *runner = fcntl(KEEPER_FD_RUNNER, F_DUPFD_CLOEXEC, ABOVE_ALL);
    if (parent < 0 || *status < 0 || *runner < 0)
        return keeper_failed(failure, "fcntl", "a descriptor of the keeper");
    if (dup2(KEEPER_FD_ENDPOINT, next++) < 0 || dup2(KEEPER_FD_BOOTSTRAP, next++) < 0 ||
        (has_log && dup2(KEEPER_FD_OPTIONAL, next++) < 0) || dup2(parent, next++) < 0)
        return keeper_failed(failure, "dup2", "a descriptor of the runner");
    if (syscall(SYS_close_range, next, ~0u, CLOSE_RANGE_CLOEXEC) != 0)
        return keeper_failed(failure, "close_range", "");
    return true;
}

/* "0" is the writer. The files were opened by the parent, whose rights are those that count; later moves would leave
 * what the runner has started behind. */
static bool enter_groups(const struct plan_header *header, struct keeper_failure *failure)
{
    int file = KEEPER_FD_OPTIONAL + header->has_log;
    failure->where = REPORT_PHASE_GROUP;
    for (uint32_t i = 0; i < header->group_count; i++) {
        ssize_t written;
        do
            written = write(file + (int)i, "0", 1);
        while (written < 0 && errno == EINTR);
        if (written != 1)
            return keeper_failed(failure, "write", "cgroup.procs");
    }
    failure->where = REPORT_PHASE_START;
    return true;
}

static bool announce(int status, struct keeper_failure *failure)
{
    unsigned char message[REPORT_SIZE];
    struct report report = {.kind = REPORT_STARTED};
    report_encode(&report, message);
    if (send(status, message, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof(message))
        return keeper_failed(failure, "send", "the parent");
    return true;
}

static void execute(int runner, bool has_log, struct keeper_failure *failure)
{
    static char *const with_log[] = {"postern-runner", "--endpoint", "fd:3",     "--bootstrap", "fd:4",
                                     "--log",          "fd:5",       "--parent", "fd:6",        NULL};
    static char *const without_log[] = {"postern-runner", "--endpoint", "fd:3", "--bootstrap",
                                        "fd:4",           "--parent",   "fd:5", NULL};
    static char *const environment[] = {NULL};
    syscall(SYS_execveat, runner, "", has_log ? with_log : without_log, environment, AT_EMPTY_PATH);
    keeper_failed(failure, "execveat", "postern-runner");
}

static int run_child(void *argument)
{
    struct child *child = argument;
    struct keeper_failure *failure = &child->failure;
    const struct plan_header *header = child->header;
    int status = -1;
    int runner = -1;
    sigset_t none;

    umask(child->mask);
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) != 0)
        keeper_failed(failure, "sigprocmask", "");
    else if (enter_groups(header, failure) && arrange_descriptors(header->has_log, &status, &runner, failure) &&
             keeper_drop_privileges(header->other_user ? header : NULL, child->barred, failure)) {
        failure->where = REPORT_PHASE_START;
        if (announce(status, failure))
            execute(runner, header->has_log, failure);
    }
    child->executed = false;
    _exit(127);
}

bool keeper_start_runner(const struct plan_header *header, mode_t mask, bool barred, pid_t *runner,
                         struct keeper_failure *failure)
{
    static char stack[32768] __attribute__((aligned(16)));
    /* the compiler cannot see that the child writes here */
    static struct child child;
    memset(&child, 0, sizeof(child));
    child.header = header;
    child.mask = mask;
    child.barred = barred;
    child.executed = true;
    child.failure.where = REPORT_PHASE_START;
    failure->where = REPORT_PHASE_START;
    *runner = clone(run_child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &child);
    if (*runner < 0)
        return keeper_failed(failure, "clone", "postern-runner");
    __asm__ volatile("" ::: "memory");
    if (!child.executed)
        *failure = child.failure;
    return child.executed;
}
