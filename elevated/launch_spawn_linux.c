/*
 * launch_spawn_linux.c - starting the keeper or the runner with exactly its descriptors. Parent; see
 * launch_spawn_linux.h.
 */
#include "elevated/launch_spawn_linux.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "elevated/report_linux.h"
#include "shared/process_linux.h"

static const char STAGE[] = "launch";
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

static char *const no_environment[] = {NULL};

void spawn_init(struct spawn *spawn)
{
    helper_init(&spawn->runner);
    helper_init(&spawn->keeper);
    spawn->plan = spawn->bootstrap = spawn->log = OS_HANDLE_NONE;
    spawn->parent = spawn->endpoint = spawn->lock = spawn->guard = OS_HANDLE_NONE;
    spawn->group_count = 0;
}

void spawn_close(struct spawn *spawn)
{
    helper_close(&spawn->runner);
    helper_close(&spawn->keeper);
    handle_close(&spawn->plan);
    handle_close(&spawn->bootstrap);
    handle_close(&spawn->log);
    handle_close(&spawn->parent);
    spawn->endpoint = spawn->lock = spawn->guard = OS_HANDLE_NONE;
    spawn->group_count = 0;
}

/* ---- files ---- */

static int open_log(const char *path, os_handle *out, struct postern_error *error)
{
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
    if (file < 0)
        return error_os(error, POSTERN_E_OS, STAGE, "open", errno, "the log file %s", path);
    *out = file;
    return POSTERN_OK;
}

/* Unlike a pipe it takes all we have without a reader, also for a user whose pipes have been cut to one page. */
static int open_memory(const char *name, os_handle *out, struct postern_error *error)
{
    int file = memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL);
    if (file < 0 && errno == EINVAL)
        file = memfd_create(name, MFD_CLOEXEC); /* before Linux 6.3 */
    if (file < 0)
        return error_os(error, POSTERN_E_OS, STAGE, "memfd_create", errno, "a file in memory");
    *out = file;
    return POSTERN_OK;
}

/* The position stays at the start, for the reader that shares it. */
static int write_memory(os_handle file, struct buffer *contents, struct postern_error *error)
{
    size_t size = buffer_length(contents);
    ssize_t written = helper_memory_fits(size) ? pwrite((int)file, buffer_data(contents), size, 0) : -1;
    if (written == (ssize_t)size)
        return POSTERN_OK;
    return error_os(error, POSTERN_E_OS, STAGE, "pwrite", written < 0 ? errno : ENOSPC, "a file in memory");
}

/* The keeper is pinned here; the runner when it comes to executing it, while the keeper is coming up. */
static int open_helpers(struct spawn *spawn, const char *libexec, bool with_keeper, struct postern_error *error)
{
    struct helper_directory directory;
    int result = helper_directory_open(&directory, libexec, error);
    if (result == POSTERN_OK)
        result = helper_open(&directory, HELPER_RUNNER, &spawn->runner, error);
    if (result == POSTERN_OK && with_keeper)
        result = helper_open(&directory, HELPER_KEEPER, &spawn->keeper, error);
    helper_directory_close(&directory);
    return result == POSTERN_OK && with_keeper ? helper_pin(&spawn->keeper, error) : result;
}

int spawn_open(struct spawn *spawn, const char *libexec, bool with_keeper, const char *log_file,
               struct postern_error *error)
{
    int result = open_helpers(spawn, libexec, with_keeper, error);
    if (result == POSTERN_OK && with_keeper)
        result = open_memory("postern-plan", &spawn->plan, error);
    if (result == POSTERN_OK)
        result = open_memory("postern-bootstrap", &spawn->bootstrap, error);
    if (result == POSTERN_OK && log_file)
        result = open_log(log_file, &spawn->log, error);
    if (result != POSTERN_OK)
        return result;
    spawn->parent = (os_handle)syscall(SYS_pidfd_open, getpid(), 0);
    if (spawn->parent < 0)
        return error_os(error, POSTERN_E_CONFINE, STAGE, "pidfd_open", errno, "a handle of this process");
    return POSTERN_OK;
}

int spawn_write_bootstrap(const struct spawn *spawn, const struct bootstrap *bootstrap, struct postern_error *error)
{
    struct buffer record;
    buffer_init(&record, BOOTSTRAP_LIMIT);
    int result = bootstrap_encode(bootstrap, &record, error);
    if (result == POSTERN_OK)
        result = write_memory(spawn->bootstrap, &record, error);
    buffer_wipe(&record);
    return result;
}

int spawn_write_plan(const struct spawn *spawn, const struct plan *plan, struct postern_error *error)
{
    struct buffer bytes;
    buffer_init(&bytes, PLAN_LIMIT);
    int result = POSTERN_OK;
    if (plan_encode(plan, &bytes))
        result = write_memory(spawn->plan, &bytes, error);
    else if (plan->failed)
        result = error_memory(error, STAGE);
    else
        result = error_set(error, POSTERN_E_LIMIT, STAGE, "", "the keeper's plan is over %u bytes", PLAN_LIMIT);
    buffer_free(&bytes);
    return result;
}

/* ---- processes ---- */

int spawn_keeper(const struct spawn *spawn, unsigned long namespaces, struct process *out, os_handle *status,
                 struct postern_error *error)
{
    static const char *const argv[] = {"postern-keeper", NULL};
    const struct process_linux_options options = {.namespaces = namespaces,
                                                  .map_self = (namespaces & CLONE_NEWUSER) != 0};
    const int on = 1;
    os_handle pass[9 + PLAN_GROUPS];
    size_t count = 0;
    int pair[2] = {-1, -1};
    struct process_spec spec;
    int result = POSTERN_OK;
    assert(spawn->keeper.pinned);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0 ||
        setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0) {
        result = error_os(error, POSTERN_E_OS, STAGE, "socketpair", errno, "the keeper's status socket");
        goto out;
    }
    /* the order of report_linux.h */
    pass[count++] = pair[1];
    pass[count++] = spawn->plan;
    pass[count++] = spawn->parent;
    pass[count++] = spawn->runner.program;
    pass[count++] = spawn->endpoint;
    pass[count++] = spawn->bootstrap;
    if (spawn->log != OS_HANDLE_NONE)
        pass[count++] = spawn->log;
    for (size_t i = 0; i < spawn->group_count; i++)
        pass[count++] = spawn->group[i];
    if (spawn->guard != OS_HANDLE_NONE)
        pass[count++] = spawn->guard;
    if (spawn->lock != OS_HANDLE_NONE)
        pass[count++] = spawn->lock;
    process_spec_init(&spec);
    spec.program_handle = spawn->keeper.program;
    spec.argv = argv;
    spec.env = (const char *const *)no_environment;
    spec.pass = pass;
    spec.pass_count = count;
    spec.new_session = true; /* keys typed at the parent's terminal are not for us */
    result = process_spawn_linux(&spec, &options, out, error);
    if (result == POSTERN_OK) {
        *status = pair[0];
        pair[0] = -1;
    }
out:
    if (pair[0] >= 0)
        close(pair[0]);
    if (pair[1] >= 0)
        close(pair[1]);
    return result;
}

static bool send_go(os_handle status)
{
    const char go = 1;
    return send((int)status, &go, sizeof(go), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(go);
}

int spawn_let_go(os_handle status, struct postern_error *error)
{
    if (send_go(status))
        return POSTERN_OK;
    return error_os(error, POSTERN_E_RUNNER_START, STAGE, "send", errno, "the keeper has ended at once");
}

int spawn_let_run(struct spawn *spawn, os_handle status, struct postern_error *error)
{
    int result = helper_pin(&spawn->runner, error);
    if (result != POSTERN_OK || send_go(status) || errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
        return result;
    return error_os(error, POSTERN_E_RUNNER_START, STAGE, "send", errno, "the keeper cannot be told to go on");
}

int spawn_runner(struct spawn *spawn, struct process *out, struct postern_error *error)
{
    bool logs = spawn->log != OS_HANDLE_NONE;
    const char *const argv[] = {"postern-runner", "--endpoint",          "fd:3", "--bootstrap", "fd:4", "--parent",
                                "fd:5",           logs ? "--log" : NULL, "fd:6", NULL};
    const os_handle pass[] = {spawn->endpoint, spawn->bootstrap, spawn->parent, spawn->log};
    struct process_spec spec;
    int result = helper_pin(&spawn->runner, error);
    if (result != POSTERN_OK)
        return result;
    process_spec_init(&spec);
    spec.program_handle = spawn->runner.program;
    spec.argv = argv;
    spec.env = (const char *const *)no_environment;
    spec.pass = pass;
    spec.pass_count = logs ? 4 : 3;
    spec.new_session = true;
    return process_spawn(&spec, out, error);
}
