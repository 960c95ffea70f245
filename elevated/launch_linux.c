/*
 * launch_linux.c - starting, describing and ending a sandbox's runner on Linux. Parent; see launch.h for the contract
 * and keeper_main_linux.c for what happens on the other side. The starts themselves are in launch_start_linux.c.
 */
#include "elevated/launch_linux.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "elevated/temporary_linux.h"
#include "shared/text.h"

static const char STAGE[] = "launch";

/* ---- reports ---- */

/* false: nothing more has come. */
static bool read_report(struct launch *launch)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    unsigned char bytes[REPORT_SIZE + 1];
    struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    struct report report;
    ssize_t size;
    do {
        size = recvmsg((int)launch->status, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        /* said once, before what it has sent, when the keeper ended without reading all of ours */
    } while (size < 0 && (errno == EINTR || errno == ECONNRESET));
    if (size <= 0)
        return false;
    if (!report_decode(bytes, (size_t)size, &report))
        return true;
    struct cmsghdr *stamp = CMSG_FIRSTHDR(&message);
    if (report.kind != REPORT_STARTED) {
        launch->last = report;
    } else if (stamp && stamp->cmsg_level == SOL_SOCKET && stamp->cmsg_type == SCM_CREDENTIALS) {
        struct ucred sender;
        memcpy(&sender, CMSG_DATA(stamp), sizeof(sender));
        launch->runner_pid = (uint32_t)sender.pid;
    }
    return true;
}

void launch_read_reports(struct launch *launch)
{
    while (launch->status != OS_HANDLE_NONE && read_report(launch))
        continue;
}

/* ---- start ---- */

/* A policy that the best grade would hold and a lower one does not: the caller must learn of both. */
static int add_cause(int result, const struct postern_error *refused, struct postern_error *error)
{
    if (result != POSTERN_E_POLICY || !error)
        return result;
    const struct postern_error policy = *error;
    error_set(error, result, policy.stage, policy.operation, "%s (the host gives no more: %s)", policy.message,
              refused->message);
    error_remedy(error, policy.remedy);
    return result;
}

static int start_restricted(const struct launch_options *options, struct launch *launch, struct postern_error *error)
{
    struct postern_error why = {0};
    struct postern_error less = {0};
    int result = launch_attempt(options, GRADE_FULL, launch, &why);
    if (result != POSTERN_OK && capabilities_was_refused(&why) && launch->last.where == PLAN_NEW_PROC) {
        log_line(options->log, "no /proc of the sandbox's own: %s", why.message);
        result = add_cause(launch_attempt(options, GRADE_HOST_PROC, launch, &less), &why, &less);
        if (result != POSTERN_OK)
            why = less;
    }
    if (result == POSTERN_OK || !capabilities_was_refused(&why)) {
        if (result != POSTERN_OK && error)
            *error = why;
        return result;
    }
    log_line(options->log, "no namespaces: %s", why.message);
    result = capabilities_check_landlock_only(&why, error);
    if (result == POSTERN_OK)
        result = add_cause(launch_attempt(options, GRADE_LANDLOCK_ONLY, launch, error), &why, error);
    return result;
}

static int start(const struct launch_options *options, struct launch *launch, struct postern_error *error)
{
    int result = launch_check_level(options->level, error);
    if (result != POSTERN_OK)
        return result;
    switch (options->level) {
    case POSTERN_LEVEL_ELEVATED:
        return launch_attempt(options, GRADE_FULL, launch, error);
    case POSTERN_LEVEL_RESTRICTED:
        return start_restricted(options, launch, error);
    default:
        return launch_without_keeper(options, launch, error);
    }
}

int launch_start(const struct launch_options *options, struct launch **out, struct postern_error *error)
{
    struct launch *launch = calloc(1, sizeof(*launch));
    if (!launch)
        return error_memory(error, STAGE);
    launch->process.handle = launch->status = launch->channel = launch->user.lock = OS_HANDLE_NONE;
    int result = start(options, launch, error);
    if (result != POSTERN_OK) {
        launch_end(launch);
        return result;
    }
    *out = launch;
    return POSTERN_OK;
}

/* ---- while it runs ---- */

os_handle launch_take_channel(struct launch *launch)
{
    return handle_take(&launch->channel);
}

os_handle launch_wait_handle(const struct launch *launch)
{
    return launch->process.handle;
}

uint32_t launch_runner_pid(const struct launch *launch)
{
    return launch->runner_pid;
}

const char *launch_user(const struct launch *launch)
{
    return launch->name;
}

const char *launch_home(const struct launch *launch)
{
    return launch->home;
}

const char *launch_temp(const struct launch *launch)
{
    return launch->temp;
}

const char *launch_default_directory(const struct launch *launch)
{
    return launch->directory;
}

const struct strings *launch_in_force(const struct launch *launch)
{
    return &launch->in_force;
}

/* ---- end ---- */

int launch_describe_report(const struct launch *launch, struct postern_error *error)
{
    const struct report *report = &launch->last;
    int result = report_to_error(report, error);
    if (!launch->cgroup)
        return result;
    /* a call that failed for want of memory is not counted by all kernels */
    if (report->kind == REPORT_FAILED && (report->os_error == ENOMEM || report->os_error == ENOBUFS))
        error_remedy(error, "raise the sandbox's memory limit, which the runner does not fit into, or free memory");
    else if (report->kind == REPORT_ENDED && cgroup_ran_out(launch->cgroup))
        error_remedy(error, "the sandbox has reached its memory limit: raise it, unless somebody ended the runner");
    return result;
}

void launch_describe_end(struct launch *launch, struct postern_error *error)
{
    const char *who = launch->has_keeper ? "keeper" : "runner";
    const struct process_exit *exit = &launch->exit;
    launch_read_reports(launch);
    if (launch->last.kind != REPORT_NONE) {
        launch_describe_report(launch, error);
        return;
    }
    if (launch->process.pid != 0 && !process_collect(&launch->process, &launch->exit)) {
        error_set(error, POSTERN_E_RUNNER_DIED, "runner", "", "the runner has closed its channel, but still runs");
        return;
    }
    if (exit->signal)
        error_set(error, POSTERN_E_RUNNER_DIED, "runner", "", "the %s was ended by signal %d (%s)", who, exit->signal,
                  strsignal(exit->signal));
    else
        error_set(error, POSTERN_E_RUNNER_DIED, "runner", "", "the %s exited with status %d", who, exit->exit_code);
}

/* Without a pid namespace only the keeper can find all that is left, so it is asked instead of killed. */
static void ask_to_end(struct launch *launch)
{
    enum { LIMIT_MS = 6000 };
    struct pollfd watched = {.fd = (int)launch->process.handle, .events = POLLIN};
    handle_close(&launch->status);
    while (poll(&watched, 1, LIMIT_MS) < 0 && errno == EINTR)
        continue;
}

void launch_stop(struct launch *launch)
{
    if (launch->process.handle != OS_HANDLE_NONE && launch->has_keeper && !launch->own_pids)
        ask_to_end(launch);
    process_close(&launch->process);
    cgroup_remove(launch->cgroup);
    launch->cgroup = NULL;
    handle_close(&launch->status);
    handle_close(&launch->channel);
    if (launch->temporary)
        temporary_remove(launch->temporary);
    free(launch->temporary);
    launch->temporary = NULL;
    user_release(&launch->user);
    free(launch->name);
    free(launch->home);
    free(launch->temp);
    free(launch->directory);
    launch->name = launch->home = launch->temp = launch->directory = NULL;
    strings_free(&launch->in_force);
    launch->runner_pid = 0;
}

void launch_end(struct launch *launch)
{
    if (!launch)
        return;
    launch_stop(launch);
    free(launch);
}
