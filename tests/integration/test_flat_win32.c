/*
 * Sessions leave nothing behind: after many of them runner and parent hold as many handles and threads as before, on
 * pipes, on terminals, and when a session ends by force. `scripts/bench --wine` does the same with a thousand.
 * timeout: 300
 */
#include "tests/support/sandbox.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "tests/support/host_resources_win32.h"

#define AT_ONCE 8
#define GROUPS 25       /* 200 sessions */
#define SETTLE_MS 15000 /* threads that close consoles, and the system's own, go a little later */

enum ending { BY_ITSELF, KILLED, NOT_STARTED };

static struct postern_session *begin_one(struct postern_sandbox *sandbox, int number, enum ending ending)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    command.open_stdin = true;
    command.tty = number % AT_ONCE == 0; /* few: under Wine a terminal takes thrice as long */
    return ending == KILLED ? test_begin(sandbox, &command, "deaf", NULL)
                            : test_begin(sandbox, &command, "write", "100", "1", "letters", NULL);
}

/* Wine never ends a process that is killed while it starts another, and a command on pipes starts the host of its
 * console first. Who says something is past that. */
static void wait_until_ready(struct postern_session *session)
{
    char text[256] = "";
    size_t got = 0, have = 0;
    while (!strstr(text, "ready")) {
        MUST(postern_session_read(session, POSTERN_STDOUT, text + have, sizeof(text) - 1 - have, TEST_WAIT_MS, &got,
                                  &test_error));
        have += got;
        assert_true(got > 0 && have < sizeof(text) - 1);
    }
}

/* Its pipes are made before anybody knows. */
static void fail_group(struct postern_sandbox *sandbox)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    command.argv = (const char *const[]){"C:\\there\\is\\no\\such\\program.exe", NULL};
    command.open_stdin = true;
    for (int i = 0; i < AT_ONCE; i++)
        MUST_FAIL(postern_session_start(sandbox, &command, &session, &test_error), POSTERN_E_NOT_FOUND, NULL, "");
}

static void run_group(struct postern_sandbox *sandbox, enum ending ending)
{
    if (ending == NOT_STARTED) {
        fail_group(sandbox);
        return;
    }
    struct postern_session *sessions[AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++)
        sessions[i] = begin_one(sandbox, i, ending);
    for (int i = 0; i < AT_ONCE; i++) {
        MUST(postern_session_wait_spawned(sessions[i], TEST_WAIT_MS, &test_error));
        if (ending == KILLED) {
            wait_until_ready(sessions[i]);
            MUST(postern_session_signal(sessions[i], POSTERN_SIGNAL_KILL, &test_error));
        }
    }
    for (int i = 0; i < AT_ONCE; i++) {
        struct postern_result result = test_wait(sessions[i]);
        assert_int_equal(result.reason, ending == KILLED ? POSTERN_REASON_TERMINATED : POSTERN_REASON_EXITED);
        postern_session_release(sessions[i]);
    }
}

struct held {
    uint32_t handles, threads;
};

/* By the parent, which we are, and by the runner. */
static void count(struct postern_sandbox *sandbox, struct held out[2])
{
    struct postern_sandbox_info info;
    postern_sandbox_get_info(sandbox, &info);
    uint32_t pids[2] = {GetCurrentProcessId(), info.runner_pid};
    for (int i = 0; i < 2; i++) {
        out[i] = (struct held){host_handles_of(pids[i]), host_threads_of(pids[i])};
        assert_true(out[i].handles > 0 && out[i].threads > 0);
    }
}

/* Fewer is right as well: what the first sessions needed may have gone. */
static bool is_flat(const struct held before[2], const struct held after[2])
{
    for (int i = 0; i < 2; i++)
        if (after[i].handles > before[i].handles || after[i].threads > before[i].threads)
            return false;
    return true;
}

static void stays_flat(enum ending ending)
{
    struct postern_sandbox *sandbox = test_open(POSTERN_LEVEL_NONE);
    struct held before[2], after[2];
    run_group(sandbox, ending); /* what is opened once */
    count(sandbox, before);
    for (int group = 0; group < GROUPS; group++)
        run_group(sandbox, ending);
    uint64_t end = test_now_ms() + SETTLE_MS;
    for (count(sandbox, after); !is_flat(before, after) && test_now_ms() < end; count(sandbox, after))
        Sleep(1);
    for (int i = 0; i < 2; i++)
        print_message("# %s: handles %u -> %u, threads %u -> %u\n", i == 0 ? "parent" : "runner",
                      (unsigned)before[i].handles, (unsigned)after[i].handles, (unsigned)before[i].threads,
                      (unsigned)after[i].threads);
    assert_true(is_flat(before, after));
}

static void sessions_leave_no_handle_and_no_thread(void **state)
{
    (void)state;
    stays_flat(BY_ITSELF);
}

static void nor_do_those_that_are_killed(void **state)
{
    (void)state;
    stays_flat(KILLED);
}

static void nor_do_those_that_cannot_start(void **state)
{
    (void)state;
    stays_flat(NOT_STARTED);
}

/* Without which the others would show nothing. */
static void one_more_is_noticed(void **state)
{
    struct postern_sandbox *sandbox = test_open(POSTERN_LEVEL_NONE);
    struct held before[2], after[2];
    (void)state;
    count(sandbox, before);
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    assert_non_null(event);
    count(sandbox, after);
    assert_false(is_flat(before, after));
    CloseHandle(event);
    count(sandbox, after);
    assert_true(is_flat(before, after));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(one_more_is_noticed, test_close_all),
        cmocka_unit_test_teardown(sessions_leave_no_handle_and_no_thread, test_close_all),
        cmocka_unit_test_teardown(nor_do_those_that_are_killed, test_close_all),
        cmocka_unit_test_teardown(nor_do_those_that_cannot_start, test_close_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
