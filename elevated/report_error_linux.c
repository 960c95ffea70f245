/*
 * report_error_linux.c - the keeper's messages as errors for people: what it was doing, the cause, what to do about it.
 * Parent only, so that the keeper carries no texts; see report_linux.h.
 */
#include "elevated/report_linux.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "elevated/plan_linux.h"

static const char *phase_text(uint32_t where)
{
    switch (where) {
    case REPORT_PHASE_PLAN:
        return "read its plan";
    case REPORT_PHASE_IDENTITY:
        return "give up the privileges of the runner";
    case REPORT_PHASE_START:
        return "start the runner";
    case REPORT_PHASE_WATCH:
        return "watch the runner";
    case REPORT_PHASE_GROUP:
        return "move the runner into its control group";
    default:
        return where < PLAN_OPERATION_COUNT ? plan_operation_text((enum plan_operation)where) : "do something unknown";
    }
}

struct advice {
    uint32_t where;
    int os_error; /* 0: any */
    const char *remedy;
};

/* Where the number alone leaves people stuck and shared/error_hints.c, which goes by call, cannot know more. */
static const struct advice advices[] = {
    {PLAN_MAP_OWNER, EINVAL,
     "its file system cannot be id-mapped: put it on ext4, xfs, btrfs, f2fs or tmpfs, or use --level restricted"},
    {PLAN_MAP_OWNER, EPERM,
     "it is on a mount that is id-mapped already or belongs to another container: choose another directory, or use "
     "--level restricted"},
    {PLAN_MAP_OWNER, ENOSPC, "raise /proc/sys/user/max_user_namespaces, or use --level restricted"},
    {PLAN_MAP_OWNER, 0, "use --level restricted, which needs no id-mapped mount"},
    {PLAN_LOCK_ROOT, EINVAL, "postern runs in a chroot whose root is no mount point: bind-mount it on itself first"},
    {PLAN_PRIVATE_ROOT, EINVAL, "postern runs in a chroot whose root is no mount point: bind-mount it on itself first"},
    {PLAN_COPY, ELOOP,
     "a directory above it was replaced by a link while the sandbox was made: make sure who may do that"},
    {PLAN_COPY, EMFILE, "raise the limit of open files (ulimit -n), or name fewer paths"},
    {PLAN_PLACE, ESTALE, "it was exchanged while the sandbox was made: make sure who may do that, try again"},
    {PLAN_PLACE, ELOOP,
     "a directory above it was replaced by a link while the sandbox was made: make sure who may do that"},
    {PLAN_PLACE, ENOENT, "it was removed while the sandbox was made: make sure who may do that, try again"},
    {PLAN_COPY, ESTALE, "the directory was exchanged while the sandbox was made: make sure who may do that, try again"},
    {PLAN_NEW_PROC, EPERM,
     "the caller's own /proc is partly covered, as in containers: use a runtime option that "
     "uncovers it (docker: --security-opt systempaths=unconfined), or run outside"},
    {REPORT_PHASE_PLAN, 0, "install the helpers and the library from one version"},
};

static void advise(const struct report *report, struct postern_error *error)
{
    for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
        if (advices[i].where == report->where && (!advices[i].os_error || advices[i].os_error == report->os_error)) {
            error_remedy(error, advices[i].remedy);
            return;
        }
    }
}

static int failure_to_error(const struct report *report, struct postern_error *error)
{
    const char *doing = phase_text(report->where);
    const char *space = report->item[0] ? " " : "";
    int code = report->where == REPORT_PHASE_START ? POSTERN_E_RUNNER_START : POSTERN_E_CONFINE;
    if (report->os_error != 0)
        code = error_os(error, code, "launch", report->call, report->os_error, "the keeper could not %s%s%s", doing,
                        space, report->item);
    else
        code = error_set(error, code, "launch", report->call, "the keeper could not %s: %s", doing, report->item);
    advise(report, error);
    return code;
}

int report_to_error(const struct report *report, struct postern_error *error)
{
    int status = report->wait_status;
    if (report->kind == REPORT_FAILED)
        return failure_to_error(report, error);
    if (WIFSIGNALED(status))
        return error_set(error, POSTERN_E_RUNNER_DIED, "runner", "", "the runner was ended by signal %d (%s)%s",
                         WTERMSIG(status), strsignal(WTERMSIG(status)),
                         WTERMSIG(status) == SIGSYS ? ": a system call that is not allowed" : "");
    return error_set(error, POSTERN_E_RUNNER_DIED, "runner", "", "the runner exited with status %d",
                     WEXITSTATUS(status));
}
