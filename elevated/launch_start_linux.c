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
#include "shared/system.h"
#include "shared/text.h"

static const char STAGE[] = "launch";

/* What one attempt gathers; freed when the keeper has it. */
struct attempt {
    const struct launch_options *options;
    struct launch *launch;
    struct capabilities capabilities;
    struct enforce_steps steps; /* what is to be done; all that follows only does it */
    struct host_accounts accounts;
    struct layout layout;
    char *passwd, *group; /* as the sandbox sees them */
    struct plan plan;
    struct bootstrap bootstrap;
    struct spawn spawn;
    struct endpoint *endpoint;
};

static void attempt_free(struct attempt *attempt)
{
    enforce_steps_free(&attempt->steps);
    capabilities_free(&attempt->capabilities);
    host_accounts_free(&attempt->accounts);
    layout_free(&attempt->layout);
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

static bool has(const struct attempt *attempt, enum enforce_mechanism mechanism)
{
    return enforce_has(&attempt->steps, mechanism);
}

/* ---- what is to be done ---- */

static int make_plan(struct attempt *attempt, enum capabilities_grade grade, struct postern_error *error)
{
    const struct launch_options *options = attempt->options;
    int result = capabilities_of_grade(options->level, grade, &attempt->capabilities, error);
    if (result != POSTERN_OK)
        return result;
    if (options->policy->limits.memory > 0) /* else no plan has any */
        capabilities_add_groups(&attempt->capabilities);
    return enforce_plan(options->policy, &attempt->capabilities.host, &attempt->steps, error);
}

static uint64_t number_of(const struct attempt *attempt, enum enforce_mechanism mechanism)
{
    for (size_t i = 0; i < attempt->steps.count; i++) {
        if (attempt->steps.item[i].mechanism == mechanism)
            return attempt->steps.item[i].number;
    }
    return 0;
}

static int make_groups(struct attempt *attempt, struct postern_error *error)
{
    struct launch *launch = attempt->launch;
    struct spawn *spawn = &attempt->spawn;
    struct cgroup_host host = {0};
    uint64_t memory = number_of(attempt, ENFORCE_CGROUP_MEMORY);
    uint64_t processes = number_of(attempt, ENFORCE_CGROUP_PROCESSES);
    if (!memory && !processes)
        return POSTERN_OK;
    int result = cgroup_find(&host, error);
    if (result == POSTERN_OK)
        result = cgroup_create(&host, memory, processes, spawn->keeper.program, &launch->cgroup, error);
    if (result == POSTERN_OK) {
        spawn->group_count = cgroup_files(launch->cgroup, spawn->group);
        spawn->guard = cgroup_guard(launch->cgroup);
    }
    cgroup_host_free(&host);
    return result;
}

/* ---- what it sees ---- */

static bool has_place(const struct layout *layout, const char *path)
{
    const struct layout_item *cover = layout_cover(layout, path);
    return cover && cover->kind == LAYOUT_PLACE && strcmp(cover->path, path) == 0;
}

static void add_identity(struct attempt *attempt)
{
    struct layout *layout = &attempt->layout;
    layout->other_user = true;
    layout->uid = layout->gid = attempt->launch->user.uid;
    layout->passwd_path = attempt->accounts.passwd_path;
    layout->group_path = attempt->accounts.group_path;
    layout->passwd = attempt->passwd;
    layout->group = attempt->group;
}

static int lay_out(struct attempt *attempt, struct postern_error *error)
{
    struct launch *launch = attempt->launch;
    struct layout *layout = &attempt->layout;
    bool network = !has(attempt, ENFORCE_NET_NAMESPACE) && !has(attempt, ENFORCE_NET_SECCOMP);
    int result = layout_take(&attempt->steps, &attempt->capabilities.host, layout, error);
    if (result == POSTERN_OK)
        result = host_look(&attempt->options->policy->rules, network, layout, error);
    if (result != POSTERN_OK)
        return result;
    launch->temp = text_duplicate(has_place(layout, "/tmp") ? "/tmp" : "/dev/shm");
    if (elevated(attempt)) {
        add_identity(attempt);
        if (has_place(layout, "/home")) {
            layout->home = launch->home;
        } else if (launch->temp) {
            /* no directory to put it in; the temporary one is the user's own as well */
            free(launch->home);
            launch->home = text_duplicate(launch->temp);
        }
    }
    layout_make(layout, &attempt->plan);
    return launch->home && launch->temp ? POSTERN_OK : error_memory(error, STAGE);
}

/* Without mounts of our own Landlock says what may be written, and a directory beneath the host's /tmp is ours. */
static int name_temporary(struct attempt *attempt, struct postern_error *error)
{
    struct launch *launch = attempt->launch;
    int result = temporary_name(&launch->temporary, error);
    if (result != POSTERN_OK)
        return result;
    launch->temp = text_duplicate(launch->temporary);
    return launch->temp ? POSTERN_OK : error_memory(error, STAGE);
}

/* ---- what the runner is told ---- */

static int write_bootstrap(struct attempt *attempt, struct postern_error *error)
{
    struct launch *launch = attempt->launch;
    struct bootstrap *bootstrap = &attempt->bootstrap;
    memcpy(bootstrap->key, attempt->options->key, CRYPTO_KEY_SIZE);
    bootstrap->level = attempt->options->level;
    if (!launch_list_in_force(&attempt->steps, launch->user.uid, &launch->in_force) ||
        !launch_take_runner_steps(&attempt->steps, launch->temporary, &bootstrap->steps))
        return error_memory(error, STAGE);
    for (size_t i = 0; i < launch->in_force.count; i++) {
        if (!strings_add(&bootstrap->in_force, launch->in_force.item[i]))
            return error_memory(error, STAGE);
    }
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
            return launch_describe_report(launch, error);
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
    launch->directory = text_duplicate(options->directory ? options->directory : "/");
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
        result = open_all(attempt, error);
    if (result == POSTERN_OK)
        result = launch_choose_user(attempt->launch, elevated(attempt), &attempt->accounts, &attempt->passwd,
                                    &attempt->group, error);
    attempt->spawn.lock = attempt->launch->user.lock;
    return result == POSTERN_OK ? make_groups(attempt, error) : result;
}

static int start_keeper(struct attempt *attempt, struct postern_error *error)
{
    struct launch *launch = attempt->launch;
    unsigned long namespaces = launch_namespaces(attempt->options->level, &attempt->steps);
    launch->has_keeper = true;
    launch->own_pids = (namespaces & CLONE_NEWPID) != 0;
    int result = spawn_keeper(&attempt->spawn, namespaces, &launch->process, &launch->status, error);
    if (result == POSTERN_OK && launch->cgroup)
        cgroup_started(launch->cgroup);
    if (result == POSTERN_E_OS && error)
        error->code = POSTERN_E_CONFINE; /* the namespaces are part of the confinement */
    return result == POSTERN_E_OS ? POSTERN_E_CONFINE : result;
}

/* What it has to know before it does anything; worked out while it comes up. */
static int instruct(struct attempt *attempt, struct postern_error *error)
{
    struct launch *launch = attempt->launch;
    struct plan_header *header = &attempt->plan.header;
    int result = has(attempt, ENFORCE_LOCK_ROOT) ? lay_out(attempt, error) : name_temporary(attempt, error);
    if (result == POSTERN_OK)
        result = write_bootstrap(attempt, error);
    if (result != POSTERN_OK)
        return result;
    header->other_user = elevated(attempt);
    header->uid = header->gid = launch->user.uid;
    header->has_log = attempt->spawn.log != OS_HANDLE_NONE;
    header->group_count = (uint32_t)attempt->spawn.group_count;
    header->temporary = launch->temporary;
    result = spawn_write_plan(&attempt->spawn, &attempt->plan, error);
    return result == POSTERN_OK ? spawn_let_go(launch->status, error) : result;
}

int launch_attempt(const struct launch_options *options, enum capabilities_grade grade, struct launch *launch,
                   struct postern_error *error)
{
    struct attempt attempt = {.options = options, .launch = launch};
    spawn_init(&attempt.spawn);
    memset(&launch->last, 0, sizeof(launch->last));
    memset(&launch->exit, 0, sizeof(launch->exit));
    int result = make_plan(&attempt, grade, error);
    if (result == POSTERN_OK)
        result = prepare(&attempt, error);
    if (result == POSTERN_OK)
        result = start_keeper(&attempt, error);
    if (result == POSTERN_OK)
        result = take_channel(&attempt, error);
    if (result == POSTERN_OK)
        result = instruct(&attempt, error);
    if (result == POSTERN_OK)
        result = spawn_let_run(&attempt.spawn, launch->status, error);
    if (result == POSTERN_OK)
        result = await_start(launch, options->deadline_us, error);
    attempt_free(&attempt);
    if (result != POSTERN_OK)
        launch_stop(launch);
    return result;
}

/* The caller's own, without anything of ours. */
static int keep_identity(struct attempt *attempt, struct postern_error *error)
{
    struct launch *launch = attempt->launch;
    const char *temp = getenv("TMPDIR");
    int result = host_read_accounts(&attempt->accounts, error);
    if (result == POSTERN_OK)
        result = host_caller(&attempt->accounts, geteuid(), &launch->name, &launch->home, error);
    if (result != POSTERN_OK)
        return result;
    launch->temp = text_duplicate(temp && temp[0] == '/' ? temp : "/tmp");
    return launch->temp ? POSTERN_OK : error_memory(error, STAGE);
}

int launch_without_keeper(const struct launch_options *options, struct launch *launch, struct postern_error *error)
{
    struct attempt attempt = {.options = options, .launch = launch};
    spawn_init(&attempt.spawn);
    int result = make_plan(&attempt, GRADE_FULL, error);
    if (result == POSTERN_OK)
        result = open_all(&attempt, error);
    if (result == POSTERN_OK)
        result = keep_identity(&attempt, error);
    if (result == POSTERN_OK)
        result = write_bootstrap(&attempt, error);
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
