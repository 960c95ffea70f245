/*
 * Whatever way a sandbox ends, also one that never came to be and one whose parent was killed at some moment, the host
 * is afterwards as it was before. The tests run in namespaces of their own, where a snapshot shows nothing else.
 * timeout: 300
 */
#include "tests/support/attempt_linux.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/lesser_host_linux.h"
#include "tests/support/snapshot_linux.h"

static struct place place;
static const char *watched[3];
static const char *runner_missing, *runner_broken; /* folders of helpers */
static bool without_namespaces;

static enum postern_level level_of(void **state)
{
    return *(const enum postern_level *)*state;
}

/* What options name: it has to stay. */
struct lists {
    char ro[400], tree[400], no[400];
    const char *read_only[2], *read_write[2], *denied[2];
};

/* All that a sandbox can have: other owners' directories, masks, a control group. */
static struct postern_sandbox_options full_options(enum postern_level level, struct lists *lists)
{
    struct postern_sandbox_options options = test_options(level);
    memset(lists, 0, sizeof(*lists));
    snprintf(lists->ro, sizeof(lists->ro), "%s/ro", place.work);
    snprintf(lists->tree, sizeof(lists->tree), "%s/tree", place.base);
    snprintf(lists->no, sizeof(lists->no), "%s/no", place.work);
    lists->read_only[0] = lists->ro;
    lists->read_write[0] = lists->tree;
    lists->denied[0] = lists->no;
    options.workspace = place.work;
    options.max_memory = 512u * 1024u * 1024u;
    options.read_write = level != POSTERN_LEVEL_NONE ? lists->read_write : NULL;
    if (level == POSTERN_LEVEL_NONE || without_namespaces)
        return options; /* which cannot hold the others */
    options.read_only = lists->read_only;
    options.denied = lists->denied;
    return options;
}

static void prepare(enum postern_level level, struct strings *before)
{
    place_empty(place.work);
    place_directory(place.base, "tree", false);
    place_file(place.work, "ro/file", "kept\n", false);
    place_file(place.work, "no/file", "secret\n", false);
    if (!without_namespaces)
        place_file(place.work, ".git/config", "kept\n", false);
    place_give(&place, level);
    snapshot_take(watched, before);
}

/* ---- an ordinary end ---- */

/* As much as can be left lying about. */
static const char litter[] = "umask 0; d=${TMPDIR:-/tmp}; mkdir -p $d/a/b/c && echo x >$d/a/b/c/d && chmod 0 $d/a/b/c; "
                             "ln -s /etc $d/link; mkfifo $d/fifo; echo x >/dev/shm/x; echo x >made && rm made; "
                             "(setsid sleep 1000 >/dev/null 2>&1 &); (trap '' TERM HUP; exec sleep 1000) & "
                             "echo done";

static void an_ordinary_end(void **state)
{
    struct strings before = {0};
    struct lists lists;
    test_need_level(level_of(state));
    /* the copies of the helpers that the first start makes are this process's to keep */
    test_close(test_open(level_of(state)));
    prepare(level_of(state), &before);
    struct postern_sandbox_options options = full_options(level_of(state), &lists);
    if (level_of(state) == POSTERN_LEVEL_NONE)
        SKIP_BECAUSE("level none has no files of its own: what a command leaves is what it was asked to do");
    for (int round = 0; round < 2; round++) {
        struct postern_sandbox *sandbox = test_open_with(&options);
        struct outcome outcome = place_run(&place, sandbox, NULL, (const char *const[]){"/bin/sh", "-c", litter, NULL});
        assert_string_equal(outcome.out, "done\n");
        test_close(sandbox);
        snapshot_expect(watched, &before, "an ordinary end");
    }
    strings_free(&before);
}

/* ---- sandboxes that never are ---- */

static void expect_no_start(const struct postern_sandbox_options *options, struct strings *before, const char *why)
{
    struct postern_sandbox *sandbox = NULL;
    int status = postern_sandbox_open(options, &sandbox, &test_error);
    if (status == 0) {
        postern_sandbox_close(sandbox);
        fail_msg("a sandbox was opened with %s", why);
    }
    assert_null(sandbox);
    assert_true(test_error.message[0] && test_error.stage[0]);
    snapshot_expect(watched, before, why);
}

static void failed_starts(void **state)
{
    const enum postern_level level = level_of(state);
    const char *const missing[] = {"/nowhere/at/all", NULL};
    struct strings before = {0};
    struct lists lists;
    test_need_level(level);
    prepare(level, &before);
    const struct postern_sandbox_options good = full_options(level, &lists);
    struct postern_sandbox_options options = good;
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        options = good;                                                                                                \
        change;                                                                                                        \
        expect_no_start(&options, &before, #change);                                                                   \
    } while (0)
    REFUSED(options.workspace = "/nowhere");
    if (level != POSTERN_LEVEL_NONE)
        REFUSED(options.workspace = "/");
    REFUSED(options.policy = "{\"version\": \"0.8.0\", \"no such member\": 1}");
    REFUSED(options.policy = "not JSON");
    REFUSED(options.read_write = missing);
    REFUSED(options.read_only = missing);
    REFUSED(options.ceiling = "/nowhere/ceiling.json");
    REFUSED(options.libexec = runner_missing);
    REFUSED(options.libexec = runner_broken);
    REFUSED(options.log_file = "/nowhere/log");
    REFUSED((options.level = POSTERN_LEVEL_NONE, options.no_network = true));
#undef REFUSED
    /* the control: what all of these were but for one thing */
    test_close(test_open_with(&good));
    snapshot_expect(watched, &before, "a start that was not refused");
    strings_free(&before);
}

/* A command that cannot start leaves a sandbox as good as new. */
static void a_command_that_cannot_start(void **state)
{
    struct strings before = {0};
    struct lists lists;
    test_need_level(level_of(state));
    prepare(level_of(state), &before);
    struct postern_sandbox_options options = full_options(level_of(state), &lists);
    struct postern_sandbox *sandbox = test_open_with(&options);
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *none = NULL;
    command.argv = (const char *const[]){"/bin/true", NULL};
    command.cwd = "/nowhere";
    MUST_FAIL(postern_session_start(sandbox, &command, &none, &test_error), POSTERN_E_CWD, NULL, "/nowhere");
    command.cwd = NULL;
    command.argv = (const char *const[]){"/nowhere/true", NULL};
    MUST_FAIL(postern_session_start(sandbox, &command, &none, &test_error), POSTERN_E_NOT_FOUND, NULL, "/nowhere");
    test_close(sandbox);
    snapshot_expect(watched, &before, "commands that could not be started");
    strings_free(&before);
}

/* Every descriptor that a start needs is once the one that cannot be had. */
static void starts_without_descriptors(void **state)
{
    struct strings before = {0};
    struct lists lists;
    struct rlimit limit;
    unsigned failed = 0, opened = 0;
    test_need_level(level_of(state));
    prepare(level_of(state), &before);
    struct postern_sandbox_options options = full_options(level_of(state), &lists);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (rlim_t most = 3; most < 60 && opened < 3; most++) {
        struct rlimit few = {most, limit.rlim_max};
        struct postern_sandbox *sandbox = NULL;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        int status = postern_sandbox_open(&options, &sandbox, &test_error);
        postern_sandbox_close(sandbox);
        setrlimit(RLIMIT_NOFILE, &limit);
        failed += status != 0;
        opened += status == 0;
        snapshot_expect(watched, &before, "a start with few descriptors");
    }
    print_message("# %u starts failed, %u did not\n", failed, opened);
    assert_in_range(failed, 3, 60);
    assert_int_equal(opened, 3);
    strings_free(&before);
}

/* ---- somebody is killed ---- */

static void kill_and_close(void **state, bool keeper)
{
    struct strings before = {0};
    struct lists lists;
    struct postern_sandbox_info info;
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    test_need_level(level_of(state));
    prepare(level_of(state), &before);
    struct postern_sandbox_options options = full_options(level_of(state), &lists);
    struct postern_sandbox *sandbox = test_open_with(&options);
    command.argv = (const char *const[]){"/bin/sh", "-c", "setsid sleep 1000 & sleep 1000 & echo ready; wait", NULL};
    MUST(postern_session_start(sandbox, &command, &session, &test_error));
    test_expect(session, POSTERN_STDOUT, "ready\n");
    postern_sandbox_get_info(sandbox, &info);
    uint32_t pid = keeper ? host_parent_of(info.runner_pid) : info.runner_pid;
    assert_true(pid > 1 && pid != (uint32_t)getpid());
    assert_true(host_kill(pid));
    assert_int_equal(test_wait(session).reason, POSTERN_REASON_RUNNER_DIED);
    test_close(sandbox);
    snapshot_expect(watched, &before, keeper ? "the keeper's death" : "the runner's death");
    strings_free(&before);
}

static void a_killed_keeper(void **state)
{
    if (level_of(state) == POSTERN_LEVEL_NONE)
        SKIP_BECAUSE("level none has no keeper");
    kill_and_close(state, true);
}

static void a_killed_runner(void **state)
{
    kill_and_close(state, false);
}

/* The parent whose life ends at one of its system calls: a sandbox, a command, some of its output, the end. */
static int live(const struct postern_sandbox_options *options)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_run_result result;
    const char *script = options->level == POSTERN_LEVEL_NONE ? "(sleep 1000 &); echo x"
                                                              : "echo x >${TMPDIR:-/tmp}/x; (sleep 1000 &); echo x";
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    command.argv = argv;
    command.drain_limit = command.drain_idle = 1;
    struct postern_error error = {0};
    if (postern_run(options, &command, NULL, 0, 0, &result, &error) != 0) {
        fprintf(stderr, "# %s: %s\n", error.stage, error.message);
        return 1;
    }
    postern_run_result_free(&result);
    return 0;
}

/* Lets a child live until its stop number `last` at a system call (two for each), and kills it there. Returns how many
 * there were. Only the parent itself is followed, not what it starts. */
static long live_until(const struct postern_sandbox_options *options, long last, int *status)
{
    long stops = 0;
    int deliver = 0;
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise(SIGSTOP) != 0)
            _exit(9);
        _exit(live(options));
    }
    assert_true(child > 0 && waitpid(child, status, 0) == child && WIFSTOPPED(*status));
    assert_int_equal(ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
    while (stops < last) {
        if (ptrace(PTRACE_SYSCALL, child, NULL, deliver) != 0 || waitpid(child, status, 0) != child)
            break;
        if (WIFEXITED(*status) || WIFSIGNALED(*status))
            return stops;
        bool at_call = WSTOPSIG(*status) == (SIGTRAP | 0x80);
        deliver = at_call ? 0 : WSTOPSIG(*status);
        stops += at_call;
    }
    kill(child, SIGKILL);
    waitpid(child, status, 0);
    return stops;
}

static void a_parent_killed_anywhere(void **state)
{
    enum { POINTS = 60, ALL = 1000000 };
    struct strings before = {0};
    struct lists lists;
    int status = 0;
    test_need_level(level_of(state));
    prepare(level_of(state), &before);
    struct postern_sandbox_options options = full_options(level_of(state), &lists);
    long stops = live_until(&options, ALL, &status);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0); /* the control: left alone it comes to its end */
    snapshot_expect(watched, &before, "a life left alone");
    long step = stops / POINTS + 1;
    unsigned killed = 0;
    for (long at = 1 + (long)getpid() % step; at < stops; at += step) { /* other points in each run */
        char when[80];
        live_until(&options, at, &status);
        killed += WIFSIGNALED(status);
        snprintf(when, sizeof(when), "SIGKILL of the parent at stop %ld of about %ld", at, stops);
        snapshot_expect(watched, &before, when);
    }
    print_message("# killed %u times, every %ld stops of about %ld\n", killed, step, stops);
    assert_in_range(killed, POINTS / 2, POINTS + 1);
    strings_free(&before);
}

/* ---- */

static void make_helpers(void)
{
    place_directory(place.base, "missing", false);
    place_file(place.base, "broken/postern-runner", "#!/bin/sh\nexit 3\n", false);
    runner_missing = strdup(place_path(place.base, "missing"));
    runner_broken = strdup(place_path(place.base, "broken"));
    assert_true(host_copy_file(test_bin_path("postern-keeper"), place_path(place.base, "broken/postern-keeper")));
    assert_int_equal(chmod(place_path(place.base, "broken/postern-runner"), 0755), 0);
}

static int run_all(const enum postern_level *levels, size_t level_count)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_end),
        cmocka_unit_test(failed_starts),
        cmocka_unit_test(a_command_that_cannot_start),
        cmocka_unit_test(starts_without_descriptors),
        cmocka_unit_test(a_killed_keeper),
        cmocka_unit_test(a_killed_runner),
        cmocka_unit_test(a_parent_killed_anywhere),
    };
    place_make(&place, (const char *const[]){NULL});
    make_helpers();
    watched[0] = place.base;
    int failed = test_run_at_levels(levels, level_count, tests, sizeof(tests) / sizeof(tests[0]));
    place_remove(&place);
    return failed;
}

static int run_as_user(void)
{
    static const enum postern_level levels[] = {POSTERN_LEVEL_RESTRICTED, POSTERN_LEVEL_NONE};
    return run_all(levels, 2);
}

/* Then with nothing but Landlock, and a directory of the host's as the temporary one. */
static int run_without_namespaces(void)
{
    static const enum postern_level restricted[] = {POSTERN_LEVEL_RESTRICTED};
    without_namespaces = true;
    return lesser_host_refuse_namespaces() ? run_all(restricted, 1) : 1;
}

static int run_in_isolation(void)
{
    static const enum postern_level levels[] = {POSTERN_LEVEL_ELEVATED, POSTERN_LEVEL_RESTRICTED, POSTERN_LEVEL_NONE};
    int failed = run_all(levels, 3);
    failed = test_run_as_user(run_as_user) || failed;
    return test_run_as_user(run_without_namespaces) || failed;
}

int main(void)
{
    int failed = snapshot_isolate(run_in_isolation);
    if (failed < 0)
        printf("1..0 # SKIP needs root for namespaces in which nothing else happens\n");
    return failed > 0;
}
