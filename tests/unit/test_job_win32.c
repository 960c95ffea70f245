/*
 * shared/job_win32.h: trees that end together, whatever ends them, and nobody gets out.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "shared/job_win32.h"
#include "shared/loop_win32.h"
#include "shared/system.h"
#include "tests/support/run_win32.h"

#define DEPTH 3 /* processes of a tree */

struct tree {
    os_handle job;
    struct process root;
    os_handle output;
    os_handle member[DEPTH];
};

static void tree_start(struct tree *tree)
{
    const char *argv[] = {"child", "tree", "2", NULL};
    struct process_spec spec;
    os_handle writer = OS_HANDLE_NONE;

    assert_int_equal(job_create(NULL, &tree->job, NULL), 0);
    run_pipe(&tree->output, &writer);
    process_spec_init(&spec);
    spec.program = run_child_path();
    spec.argv = argv;
    spec.env = run_environment();
    spec.out = writer;
    spec.job = tree->job;
    assert_int_equal(process_spawn(&spec, &tree->root, NULL), 0);
    handle_close(&writer);
    for (int i = 0; i < DEPTH; i++) {
        char line[64];

        run_read_line(tree->output, line, sizeof(line));
        assert_memory_equal(line, "pid ", 4);
        tree->member[i] = run_open_process((uint32_t)strtoul(line + 4, NULL, 10));
        assert_true(tree->member[i] != OS_HANDLE_NONE);
        assert_false(run_is_signalled(tree->member[i]));
    }
}

static void tree_is_gone(struct tree *tree)
{
    for (int i = 0; i < DEPTH; i++) {
        assert_true(run_wait(tree->member[i]));
        handle_close(&tree->member[i]);
    }
    process_close(&tree->root);
    handle_close(&tree->output);
    handle_close(&tree->job);
}

static void killing_ends_grandchildren(void **state)
{
    struct tree tree;
    struct job_usage usage;

    (void)state;
    tree_start(&tree);
    assert_true(job_get_usage(tree.job, &usage));
    assert_true(usage.active >= DEPTH);
    job_kill(tree.job);
    tree_is_gone(&tree);
}

static void closing_the_handle_ends_grandchildren(void **state)
{
    struct tree tree;

    (void)state;
    tree_start(&tree);
    handle_close(&tree.job);
    tree_is_gone(&tree);
}

static void ending_waits_until_all_are_gone(void **state)
{
    struct tree tree;
    struct job_usage usage;

    (void)state;
    tree_start(&tree);
    assert_true(job_end(tree.job, RUN_WAIT_MS));
    assert_true(job_get_usage(tree.job, &usage));
    assert_int_equal(usage.active, 0);
    for (int i = 0; i < DEPTH; i++) {
        assert_true(run_is_signalled(tree.member[i]));
    }
    assert_true(job_end(tree.job, 0)); /* nobody left to wait for */
    tree_is_gone(&tree);
}

static void a_root_that_has_gone_leaves_its_tree_in_the_job(void **state)
{
    const char *argv[] = {"child", "orphan", NULL};
    struct process_spec spec;
    struct job_usage usage;
    os_handle job;
    struct process root = {OS_HANDLE_NONE, 0};

    (void)state;
    assert_int_equal(job_create(NULL, &job, NULL), 0);
    process_spec_init(&spec);
    spec.program = run_child_path();
    spec.argv = argv;
    spec.env = run_environment();
    spec.job = job;
    assert_int_equal(process_spawn(&spec, &root, NULL), 0);
    assert_true(run_wait(root.handle));
    assert_true(job_get_usage(job, &usage));
    assert_true(usage.active >= 1);
    assert_true(job_end(job, RUN_WAIT_MS));
    process_close(&root);
    handle_close(&job);
}

static void nobody_breaks_away(void **state)
{
    const char *argv[] = {"child", "break-away", NULL};
    struct process_spec spec;
    struct run run;
    os_handle job;

    (void)state;
    assert_int_equal(job_create(NULL, &job, NULL), 0);
    process_spec_init(&spec);
    spec.job = job;
    run_spec(&spec, argv, &run);
    assert_string_equal(run.text, "error 5\n");
    /* The control: without the job nothing forbids it. */
    run_child(argv, &run);
    assert_string_equal(run.text, "error 0\n");
    handle_close(&job);
}

static void run_limited(const struct job_limits *limits, const char *const *argv, struct run *run)
{
    struct process_spec spec;
    os_handle job;

    assert_int_equal(job_create(limits, &job, NULL), 0);
    process_spec_init(&spec);
    spec.job = job;
    run_spec(&spec, argv, run);
    handle_close(&job);
}

static void no_more_processes_than_allowed(void **state)
{
    static const struct job_limits one = {.processes = 1}, many = {.processes = 50};
    const char *argv[] = {"child", "start", NULL};
    struct run run;

    (void)state;
    run_limited(&many, argv, &run);
    assert_string_equal(run.text, "error 0\n");
    run_limited(&one, argv, &run);
    if (run_under_wine()) {
        assert_string_equal(run.text, "error 0\n"); /* canary: Wine has learned it, so test it there */
        SKIP_BECAUSE("Wine does not enforce the number of processes of a job");
    }
    assert_string_not_equal(run.text, "error 0\n");
}

static void no_more_memory_than_allowed(void **state)
{
    static const struct job_limits little = {.memory = 64u << 20}, much = {.memory = UINT64_C(1) << 30};
    const char *argv[] = {"child", "commit", "128", NULL};
    struct run run;

    (void)state;
    run_limited(&much, argv, &run);
    assert_string_equal(run.text, "committed\n");
    run_limited(&little, argv, &run);
    if (run_under_wine()) {
        assert_string_equal(run.text, "committed\n"); /* canary: Wine has learned it, so test it there */
        SKIP_BECAUSE("Wine does not enforce the memory of a job");
    }
    assert_string_equal(run.text, "refused\n");
}

static void limits_do_not_replace_what_every_job_does(void **state)
{
    static const struct job_limits both = {.memory = 64u << 20, .processes = 7};
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
    os_handle job;

    (void)state;
    assert_int_equal(job_create(&both, &job, NULL), 0);
    assert_true(
        QueryInformationJobObject((HANDLE)job, JobObjectExtendedLimitInformation, &limits, sizeof(limits), NULL));
    handle_close(&job);
    if (run_under_wine()) {
        assert_int_equal(limits.BasicLimitInformation.LimitFlags,
                         0); /* canary: Wine has learned it, so test it there */
        SKIP_BECAUSE("Wine does not tell the limits of a job");
    }
    assert_true((limits.BasicLimitInformation.LimitFlags & JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE) != 0);
    assert_true((limits.BasicLimitInformation.LimitFlags & JOB_OBJECT_LIMIT_BREAKAWAY_OK) == 0);
    assert_int_equal(limits.BasicLimitInformation.ActiveProcessLimit, 7);
    assert_int_equal(limits.JobMemoryLimit, 64u << 20);
}

static void count(void *context)
{
    ++*(int *)context;
}

static void the_loop_hears_when_the_last_has_gone(void **state)
{
    const char *argv[] = {"child", "exit", "0", NULL};
    struct loop *loop = NULL;
    struct loop_listener *listener = NULL;
    struct process_spec spec;
    struct job_usage usage = {0, 0, 0, 1};
    uint64_t end_us = system_now_us() + 10000000;
    struct run run;
    os_handle job;
    int heard = 0;

    (void)state;
    assert_int_equal(loop_create(&loop, NULL), 0);
    assert_int_equal(job_create(NULL, &job, NULL), 0);
    assert_int_equal(loop_listener_start(loop, count, &heard, &listener, NULL), 0);
    assert_int_equal(job_notify(job, loop_listener_port(listener), loop_listener_key(listener), NULL), 0);
    process_spec_init(&spec);
    spec.job = job;
    run_spec(&spec, argv, &run);
    while (usage.active > 0) {
        assert_true(system_now_us() < end_us);
        assert_int_equal(loop_run_once(loop, 1000000, NULL), 0);
        assert_true(job_get_usage(job, &usage));
    }
    assert_true(heard > 0);
    loop_listener_stop(listener);
    handle_close(&job);
    loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killing_ends_grandchildren),
        cmocka_unit_test(closing_the_handle_ends_grandchildren),
        cmocka_unit_test(ending_waits_until_all_are_gone),
        cmocka_unit_test(a_root_that_has_gone_leaves_its_tree_in_the_job),
        cmocka_unit_test(nobody_breaks_away),
        cmocka_unit_test(no_more_processes_than_allowed),
        cmocka_unit_test(no_more_memory_than_allowed),
        cmocka_unit_test(limits_do_not_replace_what_every_job_does),
        cmocka_unit_test(the_loop_hears_when_the_last_has_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
