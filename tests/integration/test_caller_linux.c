/*
 * The programs that embed postern are as they are: they ignore SIGCHLD, have closed their standard streams, block
 * signals, fork. Each is played here by a child process that then runs a command, at every level.
 * timeout: 120
 */
#include "tests/support/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static enum postern_level level_of(void **state)
{
    return *(const enum postern_level *)*state;
}

static char program[1024], report[1024];

/* ---- in the child: no cmocka, only an exit status and what is on stderr ---- */

static int complain(const char *what, const struct postern_error *error)
{
    int copy = open("/dev/tty", O_WRONLY | O_CLOEXEC); /* stderr may be closed */
    dprintf(copy >= 0 ? copy : 2, "# %s: %s: %s\n", what, error->stage, error->message);
    return 1;
}

/* Runs a command to its end and compares what it says. */
static int run_command(enum postern_level level)
{
    struct postern_sandbox_options options = test_options(level);
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_run_result result;
    struct postern_error error = {0};
    command.argv = (const char *const[]){program, "check", "1", NULL};
    command.timeout = TEST_WAIT_MS;
    if (postern_run(&options, &command, "", 0, 0, &result, &error) != 0)
        return complain("run", &error);
    bool good = result.result.exit_code == 0 && strcmp((const char *)result.out.data, "0 ok\n") == 0;
    postern_run_result_free(&result);
    return good ? 0 : 2;
}

static int ignores_children(enum postern_level level)
{
    signal(SIGCHLD, SIG_IGN);
    return run_command(level);
}

static int has_no_standard_streams(enum postern_level level)
{
    close(0);
    close(1);
    close(2);
    return run_command(level);
}

static int has_no_stdin_but_others(enum postern_level level)
{
    close(0);
    return run_command(level);
}

static int has_a_narrow_mask(enum postern_level level)
{
    umask(0777);
    return run_command(level);
}

static int has_few_descriptors(enum postern_level level)
{
    const struct rlimit limit = {40, 40};
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? run_command(level) : 3;
}

static int has_many_descriptors(enum postern_level level)
{
    for (int i = 0; i < 300; i++)
        (void)!dup(2); /* without close-on-exec */
    return run_command(level);
}

static int has_lost_its_directory(enum postern_level level)
{
    char path[] = "/tmp/postern-test-XXXXXX";
    if (!mkdtemp(path) || chdir(path) != 0 || rmdir(path) != 0)
        return 3;
    return run_command(level);
}

static int has_no_environment(enum postern_level level)
{
    clearenv();
    return run_command(level);
}

static void *open_sandbox(void *context)
{
    struct postern_sandbox_options options = test_options(*(enum postern_level *)context);
    struct postern_sandbox *sandbox = NULL;
    return postern_sandbox_open(&options, &sandbox, NULL) == 0 ? sandbox : NULL;
}

/* The thread that opened the sandbox ends; the sandbox belongs to the process. */
static int opens_in_a_thread_that_ends(enum postern_level level)
{
    pthread_t thread;
    void *opened = NULL;
    if (pthread_create(&thread, NULL, open_sandbox, &level) != 0 || pthread_join(thread, &opened) != 0 || !opened)
        return 3;
    host_sleep(200); /* a death signal would come now */
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    struct postern_result result = {.exit_code = -1};
    struct postern_error error = {0};
    command.argv = (const char *const[]){program, "exit", "7", NULL};
    if (postern_session_start(opened, &command, &session, &error) != 0 ||
        postern_session_wait(session, TEST_WAIT_MS, &result, &error) != 0)
        return complain("a session", &error);
    postern_sandbox_close(opened);
    return result.exit_code == 7 ? 0 : 4;
}

/* Signals that the caller blocks or ignores are the caller's affair: the command starts as after a login. */
static int blocks_signals(enum postern_level level)
{
    struct postern_sandbox_options options = test_options(level);
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_run_result result;
    struct postern_error error = {0};
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int number = 1; number < 32; number++)
        signal(number, SIG_IGN);
    command.argv = (const char *const[]){report, "signals", NULL};
    if (postern_run(&options, &command, NULL, 0, 0, &result, &error) != 0)
        return complain("run", &error);
    const char *out = (const char *)result.out.data;
    bool good = strstr(out, "SigBlk:\t0000000000000000\n") && strstr(out, "SigIgn:\t0000000000000000\n");
    if (!good)
        dprintf(2, "%s", out);
    postern_run_result_free(&result);
    return good ? 0 : 2;
}

static void plays(void **state, int (*caller)(enum postern_level level))
{
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(caller(level_of(state)));
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define PLAYS(caller)                                                                                                  \
    static void a_caller_that_##caller(void **state)                                                                   \
    {                                                                                                                  \
        plays(state, caller);                                                                                          \
    }
PLAYS(ignores_children)
PLAYS(has_no_standard_streams)
PLAYS(has_no_stdin_but_others)
PLAYS(has_a_narrow_mask)
PLAYS(has_few_descriptors)
PLAYS(has_many_descriptors)
PLAYS(has_lost_its_directory)
PLAYS(has_no_environment)
PLAYS(opens_in_a_thread_that_ends)
PLAYS(blocks_signals)

/* ---- a caller that forks: its child has copies of all our descriptors, and outlives it ---- */

static void fork_and_wait(int report_to, const char *mark, enum postern_level level)
{
    struct postern_sandbox_options options = test_options(level);
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_sandbox *sandbox = NULL;
    struct postern_session *session = NULL;
    struct postern_error error = {0};
    pid_t child;
    command.argv = (const char *const[]){program, "silent", mark, NULL};
    if (postern_sandbox_open(&options, &sandbox, &error) != 0 ||
        postern_session_start(sandbox, &command, &session, &error) != 0) {
        complain("start", &error);
        _exit(1);
    }
    child = fork();
    if (child != 0)
        (void)!write(report_to, &child, sizeof(child));
    for (;;)
        pause();
}

static void nothing_outlives_a_caller_that_has_forked(void **state)
{
    int ends[2], status;
    char mark[64];
    pid_t bystander = -1;
    snprintf(mark, sizeof(mark), "mark-%d-%d", (int)getpid(), (int)level_of(state));
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t caller = fork();
    if (caller == 0)
        fork_and_wait(ends[1], mark, level_of(state));
    close(ends[1]);
    assert_int_equal(read(ends[0], &bystander, sizeof(bystander)), sizeof(bystander));
    close(ends[0]);
    os_handle command = OS_HANDLE_NONE;
    for (uint64_t end = test_now_ms() + 5000; command == OS_HANDLE_NONE && test_now_ms() < end;)
        command = host_find_marked(mark, 0);
    assert_true(command != OS_HANDLE_NONE);
    assert_false(host_ended_within(command, 0));
    kill(caller, SIGKILL);
    assert_int_equal(waitpid(caller, &status, 0), caller);
    bool ended = host_ended_within(command, 5000);
    bool lived = kill(bystander, SIGKILL) == 0;
    handle_close(&command);
    assert_true(ended);
    assert_true(lived); /* else it was not in the way */
}

/* ---- nothing is left in the caller, nor in the runner ---- */

static int count_descriptors(uint32_t pid)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof(path), "/proc/%lu/fd", (unsigned long)pid);
    DIR *directory = opendir(path);
    if (!directory)
        return -1;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static bool has_children(void)
{
    return waitpid(-1, NULL, WNOHANG) == 0 || errno != ECHILD;
}

static void use(struct postern_sandbox *sandbox, bool tty)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL, *none = NULL;
    command.tty = tty;
    command.open_stdin = true;
    session = test_start(sandbox, &command, "exit", "0", NULL);
    test_exits(session, 0);
    postern_session_release(test_start(sandbox, &command, "deaf", NULL));
    session = test_start(sandbox, &command, "leave", "0", "silent", NULL);
    int status = postern_session_terminate(session, 0, &test_error);
    assert_true(status == 0 || status == POSTERN_E_CLOSED); /* on a busy machine its drain limit may be over already */
    test_wait(session);
    postern_session_release(session);
    command.argv = (const char *const[]){"no-such-program-of-that-name", NULL};
    assert_int_equal(postern_session_start(sandbox, &command, &none, NULL), POSTERN_E_NOT_FOUND);
}

static void descriptors_come_back(void **state)
{
    struct postern_sandbox_info info;
    test_close(test_open(level_of(state)));
    int before = count_descriptors((uint32_t)getpid());
    struct postern_sandbox *sandbox = test_open(level_of(state));
    postern_sandbox_get_info(sandbox, &info);
    use(sandbox, false);
    use(sandbox, true);
    test_exits(test_start(sandbox, NULL, "exit", "0", NULL), 0);
    int runner_before = count_descriptors(info.runner_pid), open_before = count_descriptors((uint32_t)getpid());
    for (int i = 0; i < 10; i++)
        use(sandbox, i % 2 != 0);
    /* what was released without waiting ends before what is started after it has ended */
    uint64_t end = test_now_ms() + 5000;
    do
        test_exits(test_start(sandbox, NULL, "exit", "0", NULL), 0);
    while (count_descriptors(info.runner_pid) > runner_before && test_now_ms() < end);
    if (runner_before >= 0) /* only root may look */
        assert_in_range(count_descriptors(info.runner_pid), 0, runner_before);
    assert_int_equal(count_descriptors((uint32_t)getpid()), open_before);
    test_close(sandbox);
    assert_int_equal(count_descriptors((uint32_t)getpid()), before);
    assert_false(has_children());
}

int main(void)
{
    static const enum postern_level levels[] = {POSTERN_LEVEL_ELEVATED, POSTERN_LEVEL_RESTRICTED, POSTERN_LEVEL_NONE};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caller_that_ignores_children),
        cmocka_unit_test(a_caller_that_has_no_standard_streams),
        cmocka_unit_test(a_caller_that_has_no_stdin_but_others),
        cmocka_unit_test(a_caller_that_has_a_narrow_mask),
        cmocka_unit_test(a_caller_that_has_few_descriptors),
        cmocka_unit_test(a_caller_that_has_many_descriptors),
        cmocka_unit_test(a_caller_that_has_lost_its_directory),
        cmocka_unit_test(a_caller_that_has_no_environment),
        cmocka_unit_test(a_caller_that_opens_in_a_thread_that_ends),
        cmocka_unit_test(a_caller_that_blocks_signals),
        cmocka_unit_test(nothing_outlives_a_caller_that_has_forked),
        cmocka_unit_test(descriptors_come_back),
    };
    snprintf(program, sizeof(program), "%s", test_program_path("stream"));
    snprintf(report, sizeof(report), "%s", test_program_path("report_linux"));
    return test_run_at_levels(levels, 3, tests, sizeof(tests) / sizeof(tests[0]));
}
