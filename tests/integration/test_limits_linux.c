/*
 * Limits on what commands use up: each holds at every level, a command that stays below it is let alone, and of the
 * control groups that some of them take nothing is left, whoever is killed and when.
 * timeout: 200
 * serial: yes
 */
#include "elevated/cgroup_linux.h"
#include "tests/support/groups_linux.h"
#include "tests/support/sandbox.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* 16 bytes, doubled 21 times. */
#define TAKE_32_MEGABYTES                                                                                              \
    "x=0123456789abcdef; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do x=$x$x; done; echo ok"
#define WRITE_100_KILOBYTES "head -c 100000 /dev/zero > $TMPDIR/big && echo ok"
#define MEGABYTE ((uint64_t)1 << 20)

static enum postern_level level_of(void **state)
{
    return *(const enum postern_level *)*state;
}

static struct postern_sandbox_options options_at(void **state)
{
    return test_options(level_of(state));
}

/* Whether `sh -c script` says "ok" in the end. *signal: what ended it, or 0. */
static bool says_ok(struct postern_sandbox *sandbox, const char *script, int *signal)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    char out[4096];
    command.argv = argv;
    MUST(postern_session_start(sandbox, &command, &session, &test_error));
    test_read_all(session, POSTERN_STDOUT, out, sizeof(out));
    struct postern_result result = test_wait(session);
    postern_session_release(session);
    if (signal)
        *signal = result.signal;
    return strcmp(out, "ok\n") == 0;
}

static bool is_in_force(struct postern_sandbox *sandbox, const char *name)
{
    struct postern_sandbox_info info = {.capability = NULL};
    postern_sandbox_get_info(sandbox, &info);
    for (const char *const *at = info.capability; *at; at++) {
        if (strcmp(*at, name) == 0)
            return true;
    }
    return false;
}

static void memory(void **state)
{
    struct postern_sandbox_options options = options_at(state);
    options.max_memory = 24 * MEGABYTE;
    struct postern_sandbox *small = test_open_with(&options);
    options.max_memory = 400 * MEGABYTE;
    struct postern_sandbox *large = test_open_with(&options);
    assert_true(is_in_force(small, "limits.memory:cgroup") != is_in_force(small, "limits.memory:rlimit"));
    assert_false(says_ok(small, TAKE_32_MEGABYTES, NULL));
    assert_true(says_ok(large, TAKE_32_MEGABYTES, NULL));
    assert_true(says_ok(small, "echo ok", NULL)); /* the sandbox lives on */
}

/* Neither by moving out nor by raising the limit; whoever may do that outside, as the user itself may. */
static void a_group_is_not_left(void **state)
{
    static const char script[] = "for f in $(find /sys/fs/cgroup -name cgroup.procs -o -name memory.max -o -name "
                                 "memory.limit_in_bytes -o -name pids.max 2>&-); do\n"
                                 "n=$((n + 1)); { echo 0 > $f; } 2>&- && echo $f\n"
                                 "done; [ ${n:-0} -gt 0 ] && echo ok";
    struct postern_sandbox_options options = options_at(state);
    options.max_memory = 64 * MEGABYTE;
    struct postern_sandbox *sandbox = test_open_with(&options);
    struct cgroup_host host;
    if (!is_in_force(sandbox, "limits.memory:cgroup"))
        SKIP_BECAUSE("no control group can be made here");
    (void)cgroup_find(&host, NULL);
    assert_int_equal(access(host.memory.path, W_OK), 0);
    cgroup_host_free(&host);
    assert_true(says_ok(sandbox, script, NULL));
}

/* Too little for the runner itself: told as what it is, and nothing is left. */
static void memory_for_nothing(void **state)
{
    struct postern_sandbox_options options = options_at(state);
    struct postern_sandbox *sandbox = NULL;
    options.max_memory = 64 * MEGABYTE;
    bool by_group = is_in_force(test_open_with(&options), "limits.memory:cgroup");
    if (!by_group)
        SKIP_BECAUSE("no control group can be made here");
    options.max_memory = 4096; /* one page */
    assert_int_not_equal(postern_sandbox_open(&options, &sandbox, &test_error), 0);
    if (!strstr(test_error.remedy, "memory limit"))
        fail_msg("%s: %s (%s)", test_error.stage, test_error.message, test_error.remedy);
}

static void processor_time(void **state)
{
    struct postern_sandbox_options options = options_at(state);
    int signal = 0;
    options.max_cpu_time = 500;
    struct postern_sandbox *sandbox = test_open_with(&options);
    assert_true(is_in_force(sandbox, "limits.cpu:rlimit"));
    assert_false(says_ok(sandbox, "while :; do :; done; echo ok", &signal));
    assert_int_equal(signal, SIGXCPU);
    assert_true(says_ok(sandbox, "sleep 0; echo ok", &signal));
}

static void file_size(void **state)
{
    struct postern_sandbox_options options = options_at(state);
    struct postern_sandbox *unlimited = test_open_with(&options);
    options.max_file_size = 50000;
    struct postern_sandbox *limited = test_open_with(&options);
    assert_true(is_in_force(limited, "limits.file_size:rlimit"));
    assert_true(says_ok(unlimited, WRITE_100_KILOBYTES, NULL));
    assert_false(says_ok(limited, WRITE_100_KILOBYTES, NULL));
    assert_true(says_ok(limited, "head -c 40000 /dev/zero > $TMPDIR/small && rm $TMPDIR/small && echo ok", NULL));
    /* a stream is no file */
    assert_true(says_ok(limited, "n=$(head -c 100000 /dev/zero | wc -c); [ $n = 100000 ] && echo ok", NULL));
    assert_true(says_ok(limited, "rm -f $TMPDIR/big; echo ok", NULL));
}

static void no_core(void **state)
{
    struct postern_sandbox_options options = options_at(state);
    struct postern_sandbox *sandbox = test_open_with(&options);
    if (level_of(state) != POSTERN_LEVEL_NONE)
        assert_true(says_ok(sandbox, "[ $(ulimit -H -c) = 0 ] && ! ulimit -c 100 2>&- && echo ok", NULL));
}

/* ---- what is left ---- */

static void a_closed_sandbox_leaves_no_group(void **state)
{
    struct postern_sandbox_options options = options_at(state);
    options.max_memory = 64 * MEGABYTE;
    struct postern_sandbox *sandbox = test_open_with(&options);
    if (!is_in_force(sandbox, "limits.memory:cgroup"))
        SKIP_BECAUSE("no control group can be made here");
    assert_true(groups_of(getpid()) > 0);
    assert_true(says_ok(sandbox, "sleep 1000 & echo ok", NULL));
    test_close(sandbox);
    assert_int_equal(groups_of(getpid()), 0);
}

/* Opens a sandbox, says so, and waits to be killed. */
static pid_t start_parent(const struct postern_sandbox_options *options, int *ready)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        struct postern_sandbox *sandbox = NULL;
        close(ends[0]);
        if (postern_sandbox_open(options, &sandbox, NULL) != 0 || write(ends[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    *ready = ends[0];
    return parent;
}

/* All that it leaves behind comes to us, so we know when the last of them is gone. */
static void collect_all(void)
{
    alarm(60);
    while (waitpid(-1, NULL, 0) > 0)
        continue;
    alarm(0);
}

static void a_killed_parent_leaves_no_group(void **state)
{
    enum { ROUNDS = 16, STEP_US = 350 };
    struct postern_sandbox_options options = options_at(state);
    int ready;
    char byte;
    options.max_memory = 64 * MEGABYTE;
    struct postern_sandbox *sandbox = test_open_with(&options);
    bool has_group = is_in_force(sandbox, "limits.memory:cgroup");
    test_close(sandbox);
    if (!has_group)
        SKIP_BECAUSE("no control group can be made here");
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    /* at ROUNDS points of its start, and once it is open */
    for (useconds_t round = 0; round <= ROUNDS; round++) {
        pid_t parent = start_parent(&options, &ready);
        if (round < ROUNDS) {
            usleep(round * STEP_US);
        } else {
            assert_int_equal(read(ready, &byte, 1), 1);
            assert_true(groups_of(parent) > 0);
        }
        assert_int_equal(kill(parent, SIGKILL), 0);
        collect_all();
        close(ready);
        assert_int_equal(groups_of(parent), 0);
    }
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
}

int main(void)
{
    static const enum postern_level levels[] = {POSTERN_LEVEL_ELEVATED, POSTERN_LEVEL_RESTRICTED, POSTERN_LEVEL_NONE};
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory),
                                       cmocka_unit_test(a_group_is_not_left),
                                       cmocka_unit_test(memory_for_nothing),
                                       cmocka_unit_test(processor_time),
                                       cmocka_unit_test(file_size),
                                       cmocka_unit_test(no_core),
                                       cmocka_unit_test(a_closed_sandbox_leaves_no_group),
                                       cmocka_unit_test(a_killed_parent_leaves_no_group)};
    return test_run_at_levels(levels, 3, tests, sizeof(tests) / sizeof(tests[0]));
}
