/*
 * launch_start_linux.c - one start of a sandbox: whose user, what view of the files, what the runner is told; then the
 * keeper is started and its first report awaited. Parent; see launch_linux.h.
 */
#include "elevated/launch_linux.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elevated/temporary_linux.h"
#include "elevated/workspace_linux.h"
#include "shared/system.h"
#include "shared/text.h"

static const char STAGE[] = "launch";

/* What one attempt gathers; freed when the keeper has it. */
struct attempt {
    const struct launch_options *options;
    const struct launch_grade *grade;
    struct launch *launch;
    struct host_accounts accounts;
    struct host host;
    char *passwd, *group; /* as the sandbox sees them */
    struct plan plan;
    struct bootstrap bootstrap;
    struct spawn spawn;
    struct endpoint *endpoint;
};

static void attempt_free(struct attempt *attempt)
{
    host_accounts_free(&attempt->accounts);
    host_free(&attempt->host);
    free(attempt->passwd);
    free(attempt->group);
    plan_free(&attempt->plan);
    bootstrap_free(&attempt->bootstrap);
    spawn_close(&attempt->spawn);
    endpoint_close(attempt->endpoint);
}

static bool elevated(const struct attempt *attempt)
{
    return attempt->options->level == POSTERN_LEVEL_ELEVATED;
}

/* ---- what it sees ---- */

static int check_workspace(const struct attempt *attempt, struct postern_error *error)
{
    char *name = NULL;
    char *home = NULL;
    int result = POSTERN_OK;
    if (!attempt->options->workspace)
        return POSTERN_OK;
    result = host_caller(&attempt->accounts, geteuid(), &name, &home, error);
    if (result == POSTERN_OK)
        result = workspace_check_path(attempt->options->workspace, home, error);
    free(name);
    free(home);
    return result;
}

static bool has_place(const struct layout *layout, const char *path)
{
    for (size_t i = 0; i < layout->place_count; i++) {
        if (strcmp(layout->places[i].path, path) == 0)
            return true;
    }
    return false;
}

static int lay_out(struct attempt *attempt, struct postern_error *error)
{
    struct launch *launch = attempt->launch;
    const struct host_options look = {.other_user = elevated(attempt),
                                      .network = attempt->options->network,
                                      .workspace = attempt->options->workspace};
    struct layout *layout = &attempt->host.layout;
    int result = host_look(&look, &attempt->host, error);
    if (result != POSTERN_OK)
        return result;
    layout->own_proc = attempt->grade->own_proc;
    if (elevated(attempt)) {
        layout->uid = layout->gid = launch->user.uid;
        layout->passwd_path = attempt->accounts.passwd_path;
        layout->group_path = attempt->accounts.group_path;
        layout->passwd = attempt->passwd;
        layout->group = attempt->group;
        layout->home = launch->home;
        if (!has_place(layout, "/home")) {
            /* no directory to put it in; the temporary one is the user's own as well */
            free(launch->home);
            launch->home = text_duplicate("/tmp");
            layout->home = NULL;
        }
    }
    launch->temp = text_duplicate(has_place(layout, "/tmp") ? "/tmp" : "/dev/shm");
    layout_make(layout, &attempt->plan);
    return launch->home && launch->temp ? POSTERN_OK : error_memory(error, STAGE);
}

/* Without mounts of our own Landlock says what may be written, and a directory beneath the host's /tmp is ours. */
static int make_temporary(struct attempt *attempt, struct postern_error *error)
{
    struct launch *launch = attempt->launch;
    int result = temporary_create(&launch->temporary, error);
    if (result != POSTERN_OK)
        return result;
    launch->temp = text_duplicate(launch->temporary);
    return launch->temp ? POSTERN_OK : error_memory(error, STAGE);
}

/* ---- what the runner is told ---- */

static bool add_writable(struct attempt *attempt)
{
    static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/dev/pts"};
    struct strings *writable = &attempt->bootstrap.writable;
    const struct layout *layout = &attempt->host.layout;
    const struct launch *launch = attempt->launch;
    bool added = !attempt->options->workspace || strings_add(writable, attempt->options->workspace);
    if (!attempt->grade->own_files) {
        for (size_t i = 0; added && i < sizeof(devices) / sizeof(devices[0]); i++)
            added = access(devices[i], F_OK) != 0 || strings_add(writable, devices[i]);
        return added && strings_add(writable, launch->temporary);
    }
    for (size_t i = 0; added && i < layout->place_count; i++)
        added = !layout->places[i].writable || strings_add(writable, layout->places[i].path);
    /* names and comments of threads; nothing else in there is the other user's to change */
    if (added && elevated(attempt) && attempt->grade->own_proc)
        added = strings_add(writable, "/proc");
    return added && strings_add(writable, "/dev");
}

static bool add_in_force(struct attempt *attempt)
{
    struct strings *list = &attempt->launch->in_force;
    const struct launch_options *options = attempt->options;
    const struct launch_grade *grade = attempt->grade;
    bool added = strings_add(list, grade->namespaces ? "lifetime:keeper-pid-namespace" : "lifetime:keeper-subreaper");
    if (elevated(attempt)) {
        added = added && strings_add_owned(list, text_format("user:uid-%u", attempt->launch->user.uid));
        if (options->workspace)
            added = added && strings_add(list, "fs.owner:id-mapped-mount");
    }
    if (grade->own_proc)
        added = added && strings_add(list, "processes:pid-namespace");
    if (grade->own_files)
        added = added && strings_add(list, "fs.write:read-only-mounts") && strings_add(list, "fs.private:tmpfs");
    if (grade->namespaces) {
        added = added && strings_add(list, "ipc:ipc-namespace");
        if (!options->network)
            added = added && strings_add(list, "net.block:net-namespace");
    }
    return added;
}

static int write_bootstrap(struct attempt *attempt, struct postern_error *error)
{
    const struct launch_options *options = attempt->options;
    struct bootstrap *bootstrap = &attempt->bootstrap;
    memcpy(bootstrap->key, options->key, CRYPTO_KEY_SIZE);
    bootstrap->level = options->level;
    bootstrap->network = options->network;
    bootstrap->no_local_sockets = options->level != POSTERN_LEVEL_NONE && !attempt->grade->own_files;
    bootstrap->max_processes = options->max_processes;
    if (options->level != POSTERN_LEVEL_NONE &&
        (!add_in_force(attempt) || !strings_add(&bootstrap->readable, "/") || !add_writable(attempt) ||
         !strings_copy(&bootstrap->in_force, (const char *const *)strings_array(&attempt->launch->in_force))))
        return error_memory(error, STAGE);
    return spawn_write_bootstrap(&attempt->spawn, bootstrap, error);
}

/* ---- start ---- */

static int milliseconds_until(uint64_t deadline_us)
{
    enum { AT_MOST = 1000 * 1000 };
    uint64_t now = system_now_us();
    uint64_t left = now < deadline_us ? (deadline_us - now + 999) / 1000 : 0;
    return left < AT_MOST ? (int)left : AT_MOST;
}

/* Until the runner is about to be executed, or the keeper says why not. What fails later, the exec itself, is seen as
 * the runner's end. */
static int await_start(struct launch *launch, uint64_t deadline_us, struct postern_error *error)
{
    struct pollfd watched[] = {{.fd = (int)launch->status, .events = POLLIN},
                               {.fd = (int)launch->process.handle, .events = POLLIN}};
    for (;;) {
        int timeout = milliseconds_until(deadline_us);
        int ready = poll(watched, 2, timeout);
        if (ready < 0 && errno != EINTR)
            return error_os(error, POSTERN_E_OS, STAGE, "poll", errno, "waiting for the keeper");
        launch_read_reports(launch);
        if (launch->last.kind != REPORT_NONE)
            return report_to_error(&launch->last, error);
        if (launch->runner_pid)
            return POSTERN_OK;
        if (ready > 0 && (watched[1].revents || (watched[0].revents & POLLHUP))) {
            launch_describe_end(launch, error);
            if (error)
                error->code = POSTERN_E_RUNNER_START;
            return POSTERN_E_RUNNER_START;
        }
        if (timeout == 0)
            return error_set(error, POSTERN_E_TIMED_OUT, STAGE, "", "the keeper did not start the runner in time");
    }
}

/* Common to both kinds of start: helpers, channel, default directory. */
static int open_all(struct attempt *attempt, struct postern_error *error)
{
    const struct launch_options *options = attempt->options;
    struct launch *launch = attempt->launch;
    bool with_keeper = options->level != POSTERN_LEVEL_NONE;
    int result = spawn_open(&attempt->spawn, options->libexec, with_keeper, options->log_file, error);
    if (result == POSTERN_OK)
        result = endpoint_create(NULL, &attempt->endpoint, error);
    if (result != POSTERN_OK)
        return result;
    attempt->spawn.endpoint = endpoint_passed(attempt->endpoint);
    launch->directory = text_duplicate(options->workspace ? options->workspace : "/");
    return launch->directory ? POSTERN_OK : error_memory(error, STAGE);
}

static int take_channel(struct attempt *attempt, struct postern_error *error)
{
    struct launch *launch = attempt->launch;
    return endpoint_accept(attempt->endpoint, launch->process.handle, launch->process.pid,
                           attempt->options->deadline_us, &launch->channel, error);
}

/* What the keeper has to be born with. */
static int prepare(struct attempt *attempt, struct postern_error *error)
{
    int result = host_read_accounts(&attempt->accounts, error);
    if (result == POSTERN_OK)
        result = check_workspace(attempt, error);
    if (result == POSTERN_OK)
        result = open_all(attempt, error);
    if (result == POSTERN_OK)
        result = launch_choose_user(attempt->launch, elevated(attempt), &attempt->accounts, &attempt->passwd,
                                    &attempt->group, error);
    attempt->spawn.lock = attempt->launch->user.lock;
    return result;
}

static int start_keeper(struct attempt *attempt, struct postern_error *error)
{
    struct launch *launch = attempt->launch;
    unsigned long namespaces = attempt->grade->namespaces;
    if (namespaces && !attempt->options->network)
        namespaces |= CLONE_NEWNET;
    int result = spawn_keeper(&attempt->spawn, namespaces, &launch->process, &launch->status, error);
    if (result == POSTERN_E_OS && error)
        error->code = POSTERN_E_CONFINE; /* the namespaces are part of the confinement */
    return result == POSTERN_E_OS ? POSTERN_E_CONFINE : result;
}

/* What it has to know before it does anything; worked out while it comes up. */
static int instruct(struct attempt *attempt, struct postern_error *error)
{
    struct launch *launch = attempt->launch;
    struct plan_header *header = &attempt->plan.header;
    int result = attempt->grade->own_files ? lay_out(attempt, error) : make_temporary(attempt, error);
    if (result == POSTERN_OK)
        result = write_bootstrap(attempt, error);
    if (result != POSTERN_OK)
        return result;
    header->other_user = elevated(attempt);
    header->uid = header->gid = launch->user.uid;
    header->has_log = attempt->spawn.log != OS_HANDLE_NONE;
    header->temporary = launch->temporary;
    result = spawn_write_plan(&attempt->spawn, &attempt->plan, error);
    return result == POSTERN_OK ? spawn_let_go(&attempt->spawn, launch->status, error) : result;
}

int launch_attempt(const struct launch_options *options, const struct launch_grade *grade, struct launch *launch,
                   struct postern_error *error)
{
    struct attempt attempt = {.options = options, .grade = grade, .launch = launch};
    spawn_init(&attempt.spawn);
    memset(&launch->last, 0, sizeof(launch->last));
    memset(&launch->exit, 0, sizeof(launch->exit));
    launch->has_keeper = true;
    launch->own_pids = (grade->namespaces & CLONE_NEWPID) != 0;
    int result = prepare(&attempt, error);
    if (result == POSTERN_OK)
        result = start_keeper(&attempt, error);
    if (result == POSTERN_OK)
        result = take_channel(&attempt, error);
    if (result == POSTERN_OK)
        result = instruct(&attempt, error);
    if (result == POSTERN_OK)
        result = await_start(launch, options->deadline_us, error);
    attempt_free(&attempt);
    if (result != POSTERN_OK)
        launch_stop(launch);
    return result;
}

int launch_without_keeper(const struct launch_options *options, struct launch *launch, struct postern_error *error)
{
    static const struct launch_grade nothing;
    struct attempt attempt = {.options = options, .grade = &nothing, .launch = launch};
    const char *temp = getenv("TMPDIR");
    spawn_init(&attempt.spawn);
    int result = open_all(&attempt, error);
    if (result == POSTERN_OK)
        result = host_read_accounts(&attempt.accounts, error);
    if (result == POSTERN_OK)
        result = host_caller(&attempt.accounts, geteuid(), &launch->name, &launch->home, error);
    if (result == POSTERN_OK) {
        launch->temp = text_duplicate(temp && temp[0] == '/' ? temp : "/tmp");
        result = launch->temp ? write_bootstrap(&attempt, error) : error_memory(error, STAGE);
    }
    if (result == POSTERN_OK)
        result = spawn_runner(&attempt.spawn, &launch->process, error);
    if (result == POSTERN_OK) {
        launch->runner_pid = launch->process.pid;
        result = take_channel(&attempt, error);
    }
    attempt_free(&attempt);
    if (result != POSTERN_OK)
        launch_stop(launch);
    return result;
}
