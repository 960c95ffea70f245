/*
 * Ctrl-C among the bytes typed at a command's terminal interrupts the command, on every system and in whatever form its
 * terminal wants that key.
 * timeout: 120
 */
#include "tests/support/sandbox.h"

#include <string.h>

static struct postern_session *start_on_terminal(struct postern_sandbox *sandbox, const char *what)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session;
    char text[4096];
    size_t have = 0, got = 0;

    command.tty = true;
    session = test_start(sandbox, &command, what, NULL);
    for (text[0] = '\0'; strstr(text, "ready") == NULL; text[have] = '\0') {
        assert_true(have + 1 < sizeof(text));
        MUST(postern_session_read(session, POSTERN_STDOUT, text + have, sizeof(text) - 1 - have, TEST_WAIT_MS, &got,
                                  &test_error));
        assert_true(got > 0);
        have += got;
    }
    return session;
}

/* By the key, not by a signal of ours. Which code a program has that Ctrl-C ended is the system's business. */
static void was_interrupted(struct postern_session *session)
{
    struct postern_result result = test_wait(session);

    assert_int_equal(result.reason, POSTERN_REASON_EXITED);
    if (host_is_wine()) {
        print_message("# exit code %#x\n", (unsigned)result.exit_code);
    } else {
        assert_true(result.signal == 2 || result.exit_code == -1073741510);
    }
    postern_session_release(session);
}

static void it_interrupts_who_waits_for_input(void **state)
{
    struct postern_sandbox *sandbox = test_open(test_level());
    struct postern_session *session = start_on_terminal(sandbox, "hold");

    (void)state;
    test_write(session, "typed before\x03");
    was_interrupted(session);
    test_close(sandbox);
}

static void it_interrupts_who_does_not_read(void **state)
{
    struct postern_sandbox *sandbox = test_open(test_level());
    struct postern_session *session = start_on_terminal(sandbox, "deaf");

    (void)state;
    test_write(session, "\x03\x03\x03");
    was_interrupted(session);
    test_close(sandbox);
}

static void it_is_seen_in_the_middle(void **state)
{
    struct postern_sandbox *sandbox = test_open(test_level());
    struct postern_session *session = start_on_terminal(sandbox, "stubborn");
    char many[1024];

    (void)state;
    memset(many, 'x', sizeof(many));
    many[sizeof(many) - 1] = '\0';
    many[7] = '\x03';
    test_write(session, many);
    was_interrupted(session);
    test_close(sandbox);
}

/* On pipes it is a byte like any other. */
static void on_pipes_it_is_a_byte(void **state)
{
    struct postern_sandbox *sandbox = test_open(test_level());
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session;

    (void)state;
    command.open_stdin = true;
    session = test_start(sandbox, &command, "echo", NULL);
    test_write(session, "a\x03z");
    test_expect(session, POSTERN_STDOUT, "a\x03z");
    MUST(postern_session_close_stdin(session, &test_error));
    test_exits(session, 0);
    test_close(sandbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(it_interrupts_who_waits_for_input, test_close_all),
        cmocka_unit_test_teardown(it_interrupts_who_does_not_read, test_close_all),
        cmocka_unit_test_teardown(it_is_seen_in_the_middle, test_close_all),
        cmocka_unit_test_teardown(on_pipes_it_is_a_byte, test_close_all),
    };

    return cmocka_run_group_tests_name("typed_interrupt", tests, NULL, NULL);
}
