/*
 * process_exit_linux.c - the end of a process that process_spawn() has started. Called by the parent and by the runner.
 */
#include "shared/process.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t microseconds(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec;
}

bool process_collect(struct process *process, struct process_exit *out)
{
    struct rusage usage;
    int status = 0;
    pid_t pid;

    memset(&usage, 0, sizeof(usage));
    memset(out, 0, sizeof(*out));
    assert(process->pid != 0);
    do {
        pid = wait4((pid_t)process->pid, &status, WNOHANG, &usage);
    } while (pid < 0 && errno == EINTR);
    if (pid == 0) {
        return false;
    }
    process->pid = 0; /* from now on it may be somebody else's */
    if (pid < 0) {
        out->exit_code = 255; /* a program that ignores SIGCHLD, or waits for everybody's children */
        return true;
    }
    out->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    out->user_us = microseconds(usage.ru_utime);
    out->system_us = microseconds(usage.ru_stime);
    out->peak_memory = (uint64_t)usage.ru_maxrss * 1024u;
    return true;
}

void process_kill(struct process *process)
{
    if (process->pid != 0) {
        (void)syscall(SYS_pidfd_send_signal, (int)process->handle, SIGKILL, NULL, 0u);
    }
}

void process_close(struct process *process)
{
    if (process->pid != 0) {
        process_kill(process);
        while (waitpid((pid_t)process->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        process->pid = 0;
    }
    handle_close(&process->handle);
}
