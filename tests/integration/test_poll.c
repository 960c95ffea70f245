/*
 * Postern inside a loop of the caller's: its handle, dispatch and the list of sessions with news; and more threads than
 * one.
 * threads: yes
 */
#include "tests/support/sandbox.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/pattern.h"

#define SESSIONS 6

/* What an agent keeps of each of its commands. */
struct job {
    struct postern_session *session;
    struct pattern in, out; /* sent so far, come back so far */
    uint64_t size;
    bool over;
};

static struct job *find_job(struct job *jobs, size_t count, const struct postern_session *session)
{
    for (size_t i = 0; i < count; i++)
        if (jobs[i].session == session)
            return &jobs[i];
    return NULL;
}

static void feed(struct job *job)
{
    while (job->in.at < job->size) {
        size_t written = 0, piece = job->size - job->in.at < PATTERN_BLOCK ? (size_t)(job->size - job->in.at) : 65521;
        if (postern_session_write(job->session, pattern_peek(&job->in), piece, 0, &written, &test_error) != 0)
            return;
        job->in.at += written;
    }
    MUST(postern_session_close_stdin(job->session, &test_error));
}

static void drain(struct job *job)
{
    const void *data;
    size_t size;
    while (postern_session_peek(job->session, POSTERN_STDOUT, &data, &size, NULL) == 0 && size > 0) {
        assert_true(pattern_matches(&job->out, data, size));
        postern_session_consume(job->session, POSTERN_STDOUT, size);
    }
}

/* Does what the session is ready for, never waiting. */
static void serve(struct job *job)
{
    unsigned events = postern_session_events(job->session);
    struct postern_result result;
    if (events & POSTERN_EVENT_STDIN)
        feed(job);
    if (events & POSTERN_EVENT_STDOUT)
        drain(job);
    if (events & POSTERN_EVENT_ENDED) {
        MUST(postern_session_wait(job->session, 0, &result, &test_error));
        assert_int_equal(result.exit_code, 0);
        drain(job);
        job->over = true;
    }
}

static struct job begin_job(struct postern_sandbox *sandbox, unsigned seed, uint64_t size)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct job job = {.size = size};
    command.open_stdin = true;
    pattern_init(&job.in, seed, false);
    job.out = job.in;
    job.session = test_begin(sandbox, &command, "echo", NULL);
    return job;
}

static intptr_t handle_of(struct postern_sandbox *sandbox)
{
    intptr_t handle = postern_sandbox_handle(sandbox, &test_error);
    assert_true(handle != -1);
    return handle;
}

/* One loop, two sandboxes, several sessions in each; waits only in the loop's own wait. */
static void sessions_in_a_loop_of_the_callers(void **state)
{
    static struct job jobs[2][SESSIONS];
    struct postern_sandbox *sandboxes[2] = {test_open(test_level()), test_open(POSTERN_LEVEL_NONE)};
    intptr_t handles[2] = {handle_of(sandboxes[0]), handle_of(sandboxes[1])};
    size_t left = 2 * SESSIONS;
    (void)state;
    for (unsigned i = 0; i < SESSIONS; i++)
        for (unsigned s = 0; s < 2; s++)
            jobs[s][i] = begin_job(sandboxes[s], s * SESSIONS + i, 200000 + 300000 * i);
    while (left > 0) {
        int ready = host_wait_any(handles, 2, TEST_WAIT_MS);
        assert_in_range(ready, 0, 1);
        MUST(postern_sandbox_dispatch(sandboxes[ready], 0, &test_error));
        struct postern_session *session;
        while ((session = postern_sandbox_next_session(sandboxes[ready])) != NULL) {
            struct job *job = find_job(jobs[ready], SESSIONS, session);
            assert_non_null(job);
            serve(job);
            if (job->over) {
                assert_int_equal(job->out.at, job->size);
                postern_session_release(job->session);
                job->session = NULL;
                left--;
            }
        }
    }
}

/* News is not lost whatever the caller does between two questions: it may ask once a turn, and read at any time. */
static void news_is_told_once_and_never_lost(void **state)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_sandbox *sandbox = test_open(test_level());
    (void)state;
    command.open_stdin = true;
    struct postern_session *session = test_start(sandbox, &command, "echo", NULL);
    assert_ptr_equal(postern_sandbox_next_session(sandbox), session); /* runs, takes input */
    assert_null(postern_sandbox_next_session(sandbox));
    for (int turn = 0; turn < 20; turn++) {
        test_write(session, "ping");
        uint64_t end = test_now_ms() + TEST_WAIT_MS;
        struct postern_session *news = NULL;
        while (!news) {
            assert_true(test_now_ms() < end);
            MUST(postern_sandbox_dispatch(sandbox, TEST_WAIT_MS, &test_error));
            news = postern_sandbox_next_session(sandbox);
            if (news && !(postern_session_events(news) & POSTERN_EVENT_STDOUT))
                news = NULL;
        }
        assert_ptr_equal(news, session);
        assert_null(postern_sandbox_next_session(sandbox));
        test_expect(session, POSTERN_STDOUT, "ping");
        assert_null(postern_sandbox_next_session(sandbox)); /* that there is less to read now is no news */
    }
}

static void an_idle_sandbox_is_not_ready(void **state)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_sandbox *sandbox = test_open(test_level());
    intptr_t handle = handle_of(sandbox);
    (void)state;
    command.open_stdin = true;
    struct postern_session *session = test_start(sandbox, &command, "hold", NULL);
    test_expect(session, POSTERN_STDOUT, "ready\n");
    while (host_wait_any(&handle, 1, 100) == 0) /* what was still under way */
        MUST(postern_sandbox_dispatch(sandbox, 0, &test_error));
    uint64_t start = test_now_ms();
    MUST(postern_sandbox_dispatch(sandbox, 0, &test_error)); /* polls */
    MUST(postern_sandbox_dispatch(sandbox, 300, &test_error));
    assert_in_range(test_now_ms() - start, 250, 5000);
    assert_int_equal(host_wait_any(&handle, 1, 100), -1);
    /* the control */
    MUST(postern_session_close_stdin(session, &test_error));
    assert_int_equal(host_wait_any(&handle, 1, TEST_WAIT_MS), 0);
    test_exits(session, 0);
}

/* ---- threads ---- */

static void wake(void *context)
{
    host_sleep(200);
    postern_sandbox_wake(context);
}

/* Whatever it is that the owner waits in. */
static void a_wake_ends_any_wait(void **state)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_sandbox *sandbox = test_open(test_level());
    struct postern_result result;
    char byte;
    size_t got;
    (void)state;
    command.open_stdin = true;
    struct postern_session *session = test_start(sandbox, &command, "hold", NULL);
    test_expect(session, POSTERN_STDOUT, "ready\n");
    for (int which = 0; which < 4; which++) {
        struct host_thread *thread = host_thread_start(wake, sandbox);
        uint64_t start = test_now_ms();
        assert_non_null(thread);
        switch (which) {
        case 0:
            MUST_FAIL(postern_session_wait(session, -1, &result, &test_error), POSTERN_E_TIMED_OUT, NULL, "ended");
            break;
        case 1:
            MUST_FAIL(postern_session_read(session, POSTERN_STDOUT, &byte, 1, -1, &got, &test_error),
                      POSTERN_E_WOULD_BLOCK, NULL, "output");
            break;
        case 2:
            MUST(postern_sandbox_dispatch(sandbox, -1, &test_error));
            break;
        default: { /* the handle, as a foreign loop waits on it */
            intptr_t handle = handle_of(sandbox);
            assert_int_equal(host_wait_any(&handle, 1, TEST_WAIT_MS), 0);
            MUST(postern_sandbox_dispatch(sandbox, -1, &test_error));
        }
        }
        assert_in_range(test_now_ms() - start, 100, 10000);
        host_thread_join(thread);
    }
    /* a wake before the wait counts; only one wait */
    postern_sandbox_wake(sandbox);
    postern_sandbox_wake(sandbox);
    MUST(postern_sandbox_dispatch(sandbox, -1, &test_error));
    uint64_t start = test_now_ms();
    MUST_FAIL(postern_session_wait(session, 300, &result, &test_error), POSTERN_E_TIMED_OUT, NULL, "ended");
    assert_in_range(test_now_ms() - start, 250, 5000);
    MUST(postern_session_close_stdin(session, &test_error));
    test_exits(session, 0);
}

/* A start is not undone by a wake, and neither is the wake by a start. */
static void a_start_goes_through_in_spite_of_wakes(void **state)
{
    struct postern_sandbox *sandbox = test_open(test_level());
    (void)state;
    postern_sandbox_wake(sandbox);
    struct postern_session *session = test_start(sandbox, NULL, "exit", "3", NULL);
    MUST(postern_sandbox_dispatch(sandbox, -1, &test_error));
    test_exits(session, 3);
}

struct worker {
    unsigned seed;
    struct postern_sandbox_options options;
    char program[1024];
    int failures;
};

/* No assertions in here: cmocka's belong to the main thread. */
static void work(void *context)
{
    struct worker *worker = context;
    struct postern_sandbox *sandbox = NULL;
    char status[16];
    snprintf(status, sizeof(status), "%u", worker->seed);
    const char *const argv[] = {worker->program, "exit", status, NULL};
    for (int round = 0; round < 3; round++) {
        if (postern_sandbox_open(&worker->options, &sandbox, NULL) != 0) {
            worker->failures++;
            return;
        }
        for (int i = 0; i < 10; i++) {
            struct postern_command command = POSTERN_COMMAND_INIT;
            struct postern_session *session = NULL;
            struct postern_result result = {0};
            command.argv = argv;
            if (postern_session_start(sandbox, &command, &session, NULL) != 0 ||
                postern_session_wait(session, TEST_WAIT_MS, &result, NULL) != 0 ||
                result.exit_code != (int)worker->seed)
                worker->failures++;
            postern_session_release(session);
        }
        postern_sandbox_close(sandbox);
    }
}

static void sandboxes_in_threads_of_their_own(void **state)
{
    enum { THREADS = 3 };
    struct host_thread *threads[THREADS];
    struct worker workers[THREADS];
    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] =
            (struct worker){.seed = 10 + i, .options = test_options(i == 0 ? POSTERN_LEVEL_NONE : test_level())};
        snprintf(workers[i].program, sizeof(workers[i].program), "%s", test_program_path("stream"));
        threads[i] = host_thread_start(work, &workers[i]);
        assert_non_null(threads[i]);
    }
    for (unsigned i = 0; i < THREADS; i++)
        host_thread_join(threads[i]);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(workers[i].failures, 0);
}

#define TEST(function) cmocka_unit_test_teardown(function, test_close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sessions_in_a_loop_of_the_callers),      TEST(news_is_told_once_and_never_lost),
        TEST(an_idle_sandbox_is_not_ready),           TEST(a_wake_ends_any_wait),
        TEST(a_start_goes_through_in_spite_of_wakes), TEST(sandboxes_in_threads_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
