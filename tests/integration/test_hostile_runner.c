/*
 * A runner that has been taken over, or is broken: whatever it does, the parent says clearly what was wrong, keeps its
 * memory small, and serves its other sandboxes. The runner is tests/support/programs/fake_runner.c, at level none:
 * which user it has changes nothing in what it can send.
 * timeout: 200
 */
#include "tests/support/manifest.h"
#include "tests/support/sandbox.h"

#include <stdio.h>
#include <string.h>

#define MEMORY_LIMIT ((uint64_t)8 * 1024 * 1024)

static char helpers[512]; /* a directory with the fake as "postern-runner" */
static struct postern_sandbox *good;
static struct postern_session *good_session;

static void path_in_helpers(char out[1024], const char *name)
{
    snprintf(out, 1024, "%s/%s", helpers, name);
}

static void set_mode(const char *mode)
{
    char path[1024];
    path_in_helpers(path, "fake-runner-mode");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "%s\n", mode) > 0);
    assert_int_equal(fclose(file), 0);
}

static void copy_helper(const char *from, const char *name)
{
    /* the suffix of programs, if they have one */
    const char *dot = strrchr(from, '.');
    char to[1024];
    path_in_helpers(to, name);
    if (dot && strcmp(dot, ".exe") == 0)
        strncat(to, dot, sizeof(to) - strlen(to) - 1);
    assert_true(host_copy_file(from, to));
    assert_true(manifest_write(helpers));
}

static int open_fake(const char *mode, uint32_t start_timeout, enum postern_level level, struct postern_sandbox **out)
{
    struct postern_sandbox_options options = POSTERN_SANDBOX_OPTIONS_INIT;
    set_mode(mode);
    options.level = level;
    options.libexec = helpers;
    options.start_timeout = start_timeout;
    memset(&test_error, 0, sizeof(test_error));
    return postern_sandbox_open(&options, out, &test_error);
}

/* Its last command still answers. */
static void others_live_on(void)
{
    test_write(good_session, "still here?");
    test_expect(good_session, POSTERN_STDOUT, "still here?");
}

static void memory_is_bounded(uint64_t before)
{
    if (!host_slowness())
        assert_in_range(host_memory(), 0, before + MEMORY_LIMIT);
}

static int set_up(void **state)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    (void)state;
    if (!host_make_directory(helpers, sizeof(helpers)))
        return -1;
    copy_helper(test_program_path("fake_runner"), "postern-runner");
    if (!host_change_directory(helpers)) /* which runners at level none start in */
        return -1;
    good = test_open(POSTERN_LEVEL_NONE);
    command.open_stdin = true;
    good_session = test_start(good, &command, "echo", NULL);
    others_live_on();
    return 0;
}

static int tear_down(void **state)
{
    test_close_all(state);
    if (!host_change_directory(".."))
        return -1;
    host_remove_directory(helpers);
    return 0;
}

/* ---- it does not get as far as a sandbox ---- */

static void a_bad_start_is_explained(void **state)
{
    static const struct {
        const char *mode;
        int code;
        const char *word;
    } cases[] = {
        {"silent", POSTERN_E_TIMED_OUT, "in time"},
        {"stall", POSTERN_E_TIMED_OUT, "in time"},
        {"garbage", POSTERN_E_HANDSHAKE, "protocol"},
        {"wrong-key", POSTERN_E_HANDSHAKE, "launch key"},
        {"version", POSTERN_E_HANDSHAKE, "postern/2"},
        {"role", POSTERN_E_HANDSHAKE, "role"},
        {"oversized", POSTERN_E_PROTOCOL, "limit"},
        {"long-hello", POSTERN_E_PROTOCOL, "HELLO"},
        {"reserved", POSTERN_E_PROTOCOL, "reserved"},
        {"unknown-type", POSTERN_E_PROTOCOL, "200"},
        {"before-hello", POSTERN_E_PROTOCOL, "STDOUT"},
        {"parents-frame", POSTERN_E_PROTOCOL, "SHUTDOWN"},
        {"level", POSTERN_E_CONFINE, "level"},
        {"bad-hello", POSTERN_E_PROTOCOL, "HELLO"},
        {"escaping-hello", POSTERN_E_PROTOCOL, "HELLO"},
        {"escaping-key", POSTERN_E_PROTOCOL, "HELLO"},
        {"deep-hello", POSTERN_E_PROTOCOL, "HELLO"},
        {"refuse", POSTERN_E_CONFINE, "confined"},
        {"skip-before-hello", POSTERN_E_TIMED_OUT, "in time"},
        {"exit", POSTERN_E_RUNNER_DIED, "3"},
        {"leave-after-handshake", POSTERN_E_RUNNER_DIED, "4"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct postern_sandbox *sandbox = NULL;
        bool waits = strcmp(cases[i].word, "in time") == 0;
        uint64_t before = host_memory(), start = test_now_ms();
        int status = open_fake(cases[i].mode, waits ? 700 : 10000, POSTERN_LEVEL_NONE, &sandbox);
        uint64_t took = test_now_ms() - start;
        print_message("# %s: %s\n", cases[i].mode, test_error.message);
        if (status == POSTERN_E_RUNNER_START && cases[i].code == POSTERN_E_RUNNER_DIED)
            status = test_error.code = POSTERN_E_RUNNER_DIED; /* which one depends on how far it came */
        MUST_FAIL(status, cases[i].code, NULL, cases[i].word);
        assert_null(sandbox);
        assert_in_range(took, waits ? 600 : 0, 6000); /* at once, not when start_timeout is over */
        assert_null(strpbrk(test_error.message, "\033\007\r\n"));
        memory_is_bounded(before);
        others_live_on();
    }
}

/* The parent's own limit for a handshake, where the caller grants more time. */
static void a_stalled_handshake_does_not_use_up_the_start_timeout(void **state)
{
    struct postern_sandbox *sandbox = NULL;
    uint64_t start = test_now_ms();
    (void)state;
    MUST_FAIL(open_fake("stall", 60000, POSTERN_LEVEL_NONE, &sandbox), POSTERN_E_HANDSHAKE, "handshake", "5 s");
    assert_in_range(test_now_ms() - start, 4000, 15000);
    others_live_on();
}

/* With a keeper in between it is the same: the status is the runner's. */
static void the_keeper_tells_how_the_runner_ended(void **state)
{
    static const enum postern_level levels[] = {POSTERN_LEVEL_RESTRICTED, POSTERN_LEVEL_ELEVATED};
    bool any = false;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct postern_sandbox *sandbox = NULL;
        if (postern_level_check(levels[i], NULL) != 0)
            continue;
        any = true;
        copy_helper(test_bin_path("postern-keeper"), "postern-keeper");
        int status = open_fake("exit", 10000, levels[i], &sandbox);
        if (status == POSTERN_E_RUNNER_START)
            status = test_error.code = POSTERN_E_RUNNER_DIED;
        MUST_FAIL(status, POSTERN_E_RUNNER_DIED, NULL, "status 3");
        others_live_on();
    }
    if (!any)
        SKIP_BECAUSE("no level with a keeper is to be had here");
}

static void helpers_that_are_missing_are_named(void **state)
{
    struct postern_sandbox_options options = POSTERN_SANDBOX_OPTIONS_INIT;
    struct postern_sandbox *sandbox = NULL;
    (void)state;
    options.level = POSTERN_LEVEL_NONE;
    options.libexec = test_data_dir();
    MUST_FAIL(postern_sandbox_open(&options, &sandbox, &test_error), POSTERN_E_RUNNER_MISSING, NULL, "postern-runner");
    others_live_on();
}

/* ---- it breaks a sandbox that was open ---- */

static void a_bad_turn_ends_the_sandbox(void **state)
{
    static const struct {
        const char *mode;
        int code;
        const char *word;
    } cases[] = {
        {"hello-twice", POSTERN_E_PROTOCOL, "HELLO"},      {"pong", POSTERN_E_PROTOCOL, "PONG"},
        {"unknown-session", POSTERN_E_PROTOCOL, "STDOUT"}, {"quit", POSTERN_E_RUNNER_DIED, "6"},
        {"mid-frame", POSTERN_E_RUNNER_DIED, "5"},         {"hang-up", POSTERN_E_RUNNER_DIED, "runner"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct postern_sandbox *sandbox = NULL;
        struct postern_session *session = NULL;
        struct postern_command command = POSTERN_COMMAND_INIT;
        uint64_t before = host_memory(), start = test_now_ms();
        int status = open_fake(cases[i].mode, 0, POSTERN_LEVEL_NONE, &sandbox);
        while (status == 0 && test_now_ms() < start + TEST_WAIT_MS)
            status = postern_sandbox_dispatch(sandbox, 1000, &test_error);
        print_message("# %s: %s\n", cases[i].mode, test_error.message);
        MUST_FAIL(status, cases[i].code, NULL, cases[i].word);
        assert_in_range(test_now_ms() - start, 0, 5000);
        if (sandbox) { /* the error stays; nothing can be started any more */
            command.argv = (const char *const[]){"anything", NULL};
            MUST_FAIL(postern_session_start(sandbox, &command, &session, &test_error), cases[i].code, NULL,
                      cases[i].word);
            assert_null(session);
        }
        postern_sandbox_close(sandbox);
        memory_is_bounded(before);
        others_live_on();
    }
}

/* Frames that may be ignored are ignored, and a dispatch still comes back. */
static void a_flood_does_not_hold_the_caller(void **state)
{
    struct postern_sandbox *sandbox = NULL;
    uint64_t before = host_memory(), start;
    (void)state;
    MUST(open_fake("skip", 0, POSTERN_LEVEL_NONE, &sandbox));
    start = test_now_ms();
    for (int i = 0; i < 50; i++)
        MUST(postern_sandbox_dispatch(sandbox, 10, &test_error));
    assert_in_range(test_now_ms() - start, 0, 5000);
    memory_is_bounded(before);
    others_live_on();
    postern_sandbox_close(sandbox);
}

/* ---- it breaks one session ---- */

static struct postern_session *begin_with(struct postern_sandbox *sandbox, const char *what, bool tty)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    command.argv = (const char *const[]){"fake", what, NULL};
    command.open_stdin = true;
    command.tty = tty;
    MUST(postern_session_begin(sandbox, &command, &session, &test_error));
    return session;
}

/* On a terminal: the streams of those are framed everywhere. */
static struct postern_session *begin_fake(struct postern_sandbox *sandbox, const char *what)
{
    return begin_with(sandbox, what, true);
}

static void goes_well(struct postern_sandbox *sandbox)
{
    struct postern_session *session = begin_fake(sandbox, "well");
    test_expect(session, POSTERN_STDOUT, "fine\n");
    test_exits(session, 0);
}

struct bad_case {
    const char *what;
    const char *word;
};

static void each_ends_one_session(const struct bad_case *cases, size_t count, bool tty)
{
    struct postern_sandbox *sandbox = NULL;
    uint64_t before = host_memory();
    MUST(open_fake("obey", 0, POSTERN_LEVEL_NONE, &sandbox));
    struct postern_session *bystander = begin_fake(sandbox, "stay");
    MUST(postern_session_wait_spawned(bystander, TEST_WAIT_MS, &test_error));
    for (size_t i = 0; i < count; i++) {
        struct postern_session *session = begin_with(sandbox, cases[i].what, tty);
        struct postern_result result;
        memset(&test_error, 0, sizeof(test_error));
        int status = postern_session_wait(session, TEST_WAIT_MS, &result, &test_error);
        print_message("# %s: %s\n", cases[i].what, test_error.message);
        MUST_FAIL(status, POSTERN_E_PROTOCOL, NULL, cases[i].word);
        goes_well(sandbox);
        postern_session_release(session);
        goes_well(sandbox);
        assert_int_equal(postern_session_events(bystander) & POSTERN_EVENT_ENDED, 0);
    }
    memory_is_bounded(before);
    others_live_on();
    postern_sandbox_close(sandbox);
}

static void bad_content_ends_one_session(void **state)
{
    static const struct bad_case cases[] = {
        {"over-window", "granted"}, {"flood", "granted"},      {"bad-spawned", "SPAWNED"}, {"bad-exit", "EXIT"},
        {"bad-error", "ERROR"},     {"much-credit", "credit"}, {"drain-twice", "DRAIN"},
    };
    (void)state;
    each_ends_one_session(cases, sizeof(cases) / sizeof(cases[0]), true);
}

/* Where the parent reads the command's pipes itself, a runner has nothing to say of the bytes. */
static void direct_streams_take_no_frames(void **state)
{
    static const struct bad_case cases[] = {
        {"well", "granted"},      {"flood", "granted"},           {"much-credit", "credit"},
        {"drain-twice", "twice"}, {"close-stdin", "CLOSE_STDIN"},
    };
    (void)state;
    if (!host_has_direct_streams())
        SKIP_BECAUSE("all streams are framed here");
    each_ends_one_session(cases, sizeof(cases) / sizeof(cases[0]), false);
}

/* Whoever holds the command's ends: the streams end with the session, and it says that they were cut. */
static void ends_that_are_held_hold_nobody(void **state)
{
    struct postern_sandbox *sandbox = NULL;
    char text[16];
    size_t got = 1;
    (void)state;
    if (!host_has_direct_streams())
        SKIP_BECAUSE("all streams are framed here");
    MUST(open_fake("obey", 0, POSTERN_LEVEL_NONE, &sandbox));
    struct postern_session *session = begin_with(sandbox, "early-exit", false);
    struct postern_result result = test_wait(session);
    assert_int_equal(result.exit_code, 9);
    assert_true(result.output_cut);
    MUST(postern_session_read(session, POSTERN_STDOUT, text, sizeof(text), 0, &got, &test_error));
    assert_int_equal(got, 0);
    goes_well(sandbox);
    postern_sandbox_close(sandbox);
    others_live_on();
}

/* The control: a whole window of both streams is legal, read or not. */
static void a_full_window_is_legal(void **state)
{
    struct postern_sandbox *sandbox = NULL;
    const void *data;
    size_t size;
    (void)state;
    MUST(open_fake("obey", 0, POSTERN_LEVEL_NONE, &sandbox));
    struct postern_session *session = begin_fake(sandbox, "window");
    assert_int_equal(test_wait(session).exit_code, 0);
    for (int stream = 0; stream < 2; stream++) {
        MUST(postern_session_peek(session, (enum postern_stream)stream, &data, &size, &test_error));
        assert_int_equal(size, 1024 * 1024);
        postern_session_consume(session, (enum postern_stream)stream, size);
    }
    test_exits(session, 0);
    goes_well(sandbox);
    postern_sandbox_close(sandbox);
}

/* Frames that the session's state does not allow end the channel: who sends them is not to be understood. */
static void frames_out_of_order_end_the_sandbox(void **state)
{
    static const struct {
        const char *what;
        const char *word;
    } cases[] = {
        {"exit-twice", "EXIT"},       {"output-after-exit", "STDOUT"},  {"output-before-spawned", "STDOUT"},
        {"spawned-twice", "SPAWNED"}, {"error-after-spawned", "ERROR"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct postern_sandbox *sandbox = NULL;
        uint64_t before = host_memory(), end = test_now_ms() + TEST_WAIT_MS;
        MUST(open_fake("obey", 0, POSTERN_LEVEL_NONE, &sandbox));
        struct postern_session *bystander = begin_fake(sandbox, "stay");
        struct postern_sandbox_info info;
        postern_sandbox_get_info(sandbox, &info);
        os_handle runner = host_open_process(info.runner_pid);
        assert_true(runner != OS_HANDLE_NONE);
        begin_fake(sandbox, cases[i].what);
        int status = 0;
        while (status == 0 && test_now_ms() < end)
            status = postern_sandbox_dispatch(sandbox, 1000, &test_error);
        MUST_FAIL(status, POSTERN_E_PROTOCOL, NULL, cases[i].word);
        assert_int_equal(test_wait(bystander).reason, POSTERN_REASON_RUNNER_DIED);
        assert_true(host_ended_within(runner, 5000)); /* it does not run on until we close */
        handle_close(&runner);
        postern_sandbox_close(sandbox);
        memory_is_bounded(before);
        others_live_on();
    }
}

/* A session that does not end when it has to takes its runner with it. */
static void a_runner_that_does_not_obey_is_ended(void **state)
{
    struct postern_sandbox *sandbox = NULL;
    struct postern_sandbox_info info;
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    uint64_t start = test_now_ms();
    (void)state;
    MUST(open_fake("obey", 0, POSTERN_LEVEL_NONE, &sandbox));
    postern_sandbox_get_info(sandbox, &info);
    os_handle runner = host_open_process(info.runner_pid);
    command.argv = (const char *const[]){"fake", "stay", NULL};
    command.timeout = 200;
    command.grace = command.drain_limit = 100;
    MUST(postern_session_start(sandbox, &command, &session, &test_error));
    struct postern_result result;
    MUST(postern_session_wait(session, 30000, &result, &test_error));
    assert_int_equal(result.reason, POSTERN_REASON_RUNNER_DIED);
    assert_in_range(test_now_ms() - start, 5000, 25000); /* not before it had every chance */
    MUST_FAIL(postern_sandbox_dispatch(sandbox, 0, &test_error), POSTERN_E_RUNNER_DIED, NULL, "session 1");
    assert_true(host_ended_within(runner, 5000));
    handle_close(&runner);
    postern_sandbox_close(sandbox);
    others_live_on();
}

/* A runner that does not answer: every call of ours has its own end. */
static void a_silent_session_holds_nobody(void **state)
{
    struct postern_sandbox *sandbox = NULL;
    struct postern_session *session = NULL;
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_result result;
    uint64_t start;
    (void)state;
    MUST(open_fake("obey", 1500, POSTERN_LEVEL_NONE, &sandbox));
    session = begin_fake(sandbox, "silent");
    MUST_FAIL(postern_session_wait_spawned(session, 100, &test_error), POSTERN_E_TIMED_OUT, NULL, "started");
    MUST_FAIL(postern_session_wait(session, 100, &result, &test_error), POSTERN_E_TIMED_OUT, NULL, "ended");
    postern_session_release(session);
    session = begin_fake(sandbox, "stay");
    MUST(postern_session_wait_spawned(session, TEST_WAIT_MS, &test_error));
    MUST(postern_session_terminate(session, 0, &test_error));
    MUST_FAIL(postern_session_wait(session, 100, &result, &test_error), POSTERN_E_TIMED_OUT, NULL, "ended");
    /* the call without a timeout of its own has that of the start */
    command.argv = (const char *const[]){"fake", "silent", NULL};
    session = NULL;
    start = test_now_ms();
    MUST_FAIL(postern_session_start(sandbox, &command, &session, &test_error), POSTERN_E_TIMED_OUT, NULL, "started");
    assert_null(session);
    assert_in_range(test_now_ms() - start, 1000, 5000);
    goes_well(sandbox);
    start = test_now_ms();
    postern_sandbox_close(sandbox);
    assert_in_range(test_now_ms() - start, 0, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_start_is_explained),
        cmocka_unit_test(a_stalled_handshake_does_not_use_up_the_start_timeout),
        cmocka_unit_test(the_keeper_tells_how_the_runner_ended),
        cmocka_unit_test(helpers_that_are_missing_are_named),
        cmocka_unit_test(a_bad_turn_ends_the_sandbox),
        cmocka_unit_test(a_flood_does_not_hold_the_caller),
        cmocka_unit_test(bad_content_ends_one_session),
        cmocka_unit_test(direct_streams_take_no_frames),
        cmocka_unit_test(ends_that_are_held_hold_nobody),
        cmocka_unit_test(a_full_window_is_legal),
        cmocka_unit_test(frames_out_of_order_end_the_sandbox),
        cmocka_unit_test(a_runner_that_does_not_obey_is_ended),
        cmocka_unit_test(a_silent_session_holds_nobody),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
