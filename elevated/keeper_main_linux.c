/*
 * keeper_main_linux.c - postern-keeper: the trusted first process of a sandbox. Started by elevated/launch_linux.c as
 * root (level elevated) or as root of a new user namespace (restricted), in new namespaces; by nobody else.
 *
 * It makes what the sandbox sees as its plan says, starts the runner as the sandbox user, gives up its own privileges,
 * and then only waits. As pid 1 of the sandbox, which the runner cannot touch, it makes sure that nothing outlives the
 * parent or the runner: it ends, and the kernel ends all the rest. It also holds the lock of the sandbox user, so that
 * the user is not given to another sandbox while a process of this one may live.
 */
#include "elevated/keeper_linux.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elevated/temporary_linux.h"
#include "shared/text.h"

enum { DESCRIPTORS = PLAN_SLOTS + 64 };

static void tell(const struct report *report)
{
    unsigned char message[REPORT_SIZE];
    report_encode(report, message);
    /* a parent that does not listen any more needs no news */
    (void)send(KEEPER_FD_STATUS, message, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int tell_failure(const struct keeper_failure *failure)
{
    struct report report = {.kind = REPORT_FAILED, .where = failure->where, .os_error = failure->os_error};
    text_copy(report.call, sizeof(report.call), failure->call);
    text_copy(report.item, sizeof(report.item), failure->item);
    tell(&report);
    return 1;
}

static bool read_plan(struct wire_reader *reader, struct plan_header *header, struct keeper_failure *failure)
{
    struct stat file;
    failure->where = REPORT_PHASE_PLAN;
    if (fstat(KEEPER_FD_PLAN, &file) != 0)
        return keeper_failed(failure, "fstat", "");
    if (file.st_size <= 0 || file.st_size > PLAN_LIMIT) {
        errno = EINVAL;
        return keeper_failed(failure, "", "its size is wrong");
    }
    void *bytes = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, KEEPER_FD_PLAN, 0);
    if (bytes == MAP_FAILED)
        return keeper_failed(failure, "mmap", "");
    wire_reader_init(reader, bytes, (size_t)file.st_size);
    if (!plan_decode_header(reader, header)) {
        errno = 0;
        return keeper_failed(failure, "", "it was made by another version of postern");
    }
    return true;
}

static bool take_steps(struct wire_reader *reader, const struct plan_header *header, struct keeper_failure *failure)
{
    struct keeper_mounts mounts;
    struct plan_step step;
    bool taken = true;
    keeper_mounts_init(&mounts, header);
    for (uint32_t i = 0; taken && i < header->step_count; i++) {
        if (plan_decode_step(reader, &step)) {
            taken = keeper_take_step(&mounts, &step, failure);
        } else {
            failure->where = REPORT_PHASE_PLAN;
            errno = 0;
            taken = keeper_failed(failure, "", "a step cannot be read");
        }
    }
    keeper_mounts_free(&mounts);
    if (!taken)
        return false;
    if (wire_read_all(reader))
        return true;
    failure->where = REPORT_PHASE_PLAN;
    errno = 0;
    return keeper_failed(failure, "", "it is longer than it says");
}

/* Mounts that are not placed yet are descriptors, perhaps more than the caller's programs may have. Where that cannot
 * be raised the step that meets the limit fails. */
static void raise_descriptor_limit(struct rlimit *before)
{
    struct rlimit raised;
    if (getrlimit(RLIMIT_NOFILE, before) != 0 || before->rlim_cur >= DESCRIPTORS)
        return;
    raised = *before;
    raised.rlim_cur = raised.rlim_max < DESCRIPTORS ? raised.rlim_max : DESCRIPTORS;
    (void)setrlimit(RLIMIT_NOFILE, &raised);
}

/* From here on it is ours to remove, whatever else fails. */
static bool make_temporary(struct plan_header *header, struct keeper_failure *failure)
{
    if (!header->temporary[0] || temporary_make(header->temporary))
        return true;
    failure->where = PLAN_DIRECTORY;
    keeper_failed(failure, "mkdir", header->temporary);
    header->temporary = "";
    return false;
}

static bool make_view(struct plan_header *header, struct keeper_failure *failure)
{
    struct wire_reader reader;
    struct rlimit before = {RLIM_INFINITY, RLIM_INFINITY};
    raise_descriptor_limit(&before);
    bool made =
        read_plan(&reader, header, failure) && make_temporary(header, failure) && take_steps(&reader, header, failure);
    if (made && before.rlim_cur < DESCRIPTORS && setrlimit(RLIMIT_NOFILE, &before) != 0)
        made = keeper_failed(failure, "setrlimit", "RLIMIT_NOFILE");
    return made;
}

/* What only the start needed. Lock and guard stay, whatever their numbers. */
static void close_unneeded(const struct plan_header *header)
{
    close(KEEPER_FD_PLAN);
    close(KEEPER_FD_RUNNER);
    close(KEEPER_FD_ENDPOINT);
    close(KEEPER_FD_BOOTSTRAP);
    for (int i = 0; i < (int)header->group_count + header->has_log; i++)
        close(KEEPER_FD_OPTIONAL + i);
}

static bool start(struct plan_header *header, pid_t *runner, bool *barred, struct keeper_failure *failure)
{
    mode_t mask = umask(0);
    failure->where = REPORT_PHASE_START;
    /* else process lists show how it was executed, a number or a file in memory */
    (void)prctl(PR_SET_NAME, "postern-keeper", 0, 0, 0);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return keeper_failed(failure, "prctl", "PR_SET_DUMPABLE");
    if (getpid() != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
        return keeper_failed(failure, "prctl", "PR_SET_CHILD_SUBREAPER");
    if (!make_view(header, failure))
        return false;
    if (chdir("/") != 0)
        return keeper_failed(failure, "chdir", "/");
    if (!keeper_bar_privileges(barred, failure))
        return false;
    failure->where = REPORT_PHASE_START;
    if (!keeper_await_go()) {
        errno = 0;
        return keeper_failed(failure, "", "the parent has thought better of it");
    }
    return keeper_start_runner(header, mask, *barred, runner, failure);
}

int main(int argc, char **argv)
{
    struct plan_header header = {.temporary = ""};
    struct keeper_failure failure = {.call = "", .item = ""};
    struct report ended = {.kind = REPORT_ENDED};
    pid_t runner = -1;
    bool barred = false;
    int result = 0;
    struct stat status_socket;
    if (argc == 3 && strcmp(argv[1], "--sweep") == 0)
        return keeper_sweep(argv[2]);
    if (fstat(KEEPER_FD_STATUS, &status_socket) != 0 || !S_ISSOCK(status_socket.st_mode)) {
        fputs("postern-keeper: started by postern itself, not by hand\n", stderr);
        return 2;
    }
    int children = keeper_watch_children();
    if (children < 0) {
        failure.where = REPORT_PHASE_WATCH;
        keeper_failed(&failure, "signalfd", "");
        return tell_failure(&failure);
    }
    if (!keeper_await_go())
        return 1;
    if (!start(&header, &runner, &barred, &failure)) {
        result = tell_failure(&failure);
    } else {
        close_unneeded(&header);
        if (!keeper_drop_privileges(NULL, barred, &failure))
            result = tell_failure(&failure);
        else if (keeper_watch(children, runner, &ended.wait_status))
            tell(&ended);
    }
    if (getpid() != 1) {
        keeper_end_descendants(children);
        if (header.temporary[0])
            temporary_remove(header.temporary);
    }
    return result;
}
