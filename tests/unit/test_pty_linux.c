/*
 * conpty/pty.h on Linux: what the command's end looks like, size, signals, and that no byte is lost.
 */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "conpty/pty.h"
#include "shared/process.h"

static const char *const environment[] = {"PATH=/bin:/usr/bin", NULL};

/* A shell script on a new terminal. */
struct session {
    struct pty *pty;
    struct process process;
    os_handle input, output;
    char text[65536]; /* all that has come so far */
    size_t size;
};

static void session_open(struct session *session, const char *script)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct process_spec spec;
    struct postern_error error = {0};

    memset(session, 0, sizeof(*session));
    if (pty_open(24, 80, &session->pty, &error) != 0) {
        fail_msg("%s: %s", error.operation, error.message);
    }
    process_spec_init(&spec);
    spec.program = argv[0];
    spec.argv = argv;
    spec.env = environment;
    spec.terminal = pty_child_end(session->pty);
    assert_int_equal(process_spawn(&spec, &session->process, NULL), 0);
    pty_child_started(session->pty);
    session->input = pty_take_input(session->pty);
    session->output = pty_take_output(session->pty);
    assert_true(session->input != OS_HANDLE_NONE && session->output != OS_HANDLE_NONE);
    assert_true(pty_take_output(session->pty) == OS_HANDLE_NONE);
}

/* Reads until `text` has come; NULL: to the end. Each wait is bounded. */
static void session_read(struct session *session, const char *text)
{
    while (text == NULL || strstr(session->text, text) == NULL) {
        struct pollfd entry = {.fd = (int)session->output, .events = POLLIN};
        ssize_t got;

        assert_true(session->size < sizeof(session->text) - 1);
        if (poll(&entry, 1, 10000) != 1) {
            fail_msg("waited for \"%s\", have \"%s\"", text != NULL ? text : "(end)", session->text);
        }
        got = read((int)session->output, session->text + session->size, sizeof(session->text) - 1 - session->size);
        if (got < 0 && errno == EIO && text == NULL) {
            return;
        }
        assert_true(got > 0);
        session->size += (size_t)got;
        session->text[session->size] = '\0';
    }
}

static void session_send(struct session *session, const char *text)
{
    assert_int_equal(write((int)session->input, text, strlen(text)), (ssize_t)strlen(text));
}

static struct process_exit session_close(struct session *session)
{
    struct process_exit exit;

    assert_int_equal(poll(&(struct pollfd){.fd = (int)session->process.handle, .events = POLLIN}, 1, 10000), 1);
    assert_true(process_collect(&session->process, &exit));
    process_close(&session->process);
    handle_close(&session->input);
    handle_close(&session->output);
    pty_finish(session->pty);
    pty_close(session->pty);
    return exit;
}

static void command_leads_a_session_on_the_terminal(void **state)
{
    struct session session;
    const char *const argv[] = {test_program_path("report_linux"), "session", "fds", NULL};
    char script[4096];

    (void)state;
    (void)snprintf(script, sizeof(script), "exec %s session fds", argv[0]);
    session_open(&session, script);
    session_read(&session, NULL);
    assert_non_null(strstr(session.text, "leader 1 group 1 terminal 1\r\nforeground 1\r\n0 device"));
    assert_non_null(strstr(session.text, "\n2 device"));
    /* 3 is /dev/tty, which the report itself has opened; nothing else, the master least of all. */
    assert_null(strstr(session.text, "\n4 "));
    assert_int_equal(session_close(&session).exit_code, 0);
}

static void the_runner_does_not_catch_the_terminal(void **state)
{
    struct session session;
    int terminal;

    (void)state;
    terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    session_open(&session, ":");
    if (terminal < 0) {
        assert_int_equal(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC), -1);
    } else {
        (void)close(terminal);
    }
    session_read(&session, NULL);
    (void)session_close(&session);
}

static void modes_are_those_of_a_login_line_with_utf8(void **state)
{
    struct pty *pty = NULL;
    struct termios modes;
    struct winsize size;
    int fd;

    (void)state;
    assert_int_equal(pty_open(33, 121, &pty, NULL), 0);
    fd = (int)pty_child_end(pty);
    assert_int_equal(tcgetattr(fd, &modes), 0);
    assert_true((modes.c_iflag & IUTF8) != 0 && (modes.c_iflag & ICRNL) != 0);
    assert_true((modes.c_lflag & (ISIG | ICANON | ECHO)) == (ISIG | ICANON | ECHO));
    assert_true((modes.c_oflag & (OPOST | ONLCR)) == (OPOST | ONLCR));
    assert_int_equal(modes.c_cc[VINTR], 3);
    assert_int_equal(ioctl(fd, TIOCGWINSZ, &size), 0);
    assert_int_equal(size.ws_row, 33);
    assert_int_equal(size.ws_col, 121);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0); /* the command's end blocks as any terminal */
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    pty_close(pty);
    pty_close(NULL);
}

static void resize_is_seen_with_its_signal(void **state)
{
    struct session session;

    (void)state;
    session_open(&session, "trap 'stty size; exit 5' WINCH; stty size; echo ready; while :; do read x; done");
    session_read(&session, "ready");
    assert_non_null(strstr(session.text, "24 80"));
    assert_int_equal(pty_resize(session.pty, 50, 132, NULL), 0);
    /* The shell runs its trap when the read returns. */
    session_send(&session, "\n");
    session_read(&session, "50 132");
    session_read(&session, NULL);
    assert_int_equal(session_close(&session).exit_code, 5);
}

/* By pty_signal() and by the byte of the key. */
static void signals_reach_the_foreground_group(void **state)
{
    static const struct {
        enum postern_signal signal;
        const char *key;
        int number;
    } rows[] = {
        {POSTERN_SIGNAL_INTERRUPT, NULL, SIGINT}, {POSTERN_SIGNAL_QUIT, NULL, SIGQUIT},
        {POSTERN_SIGNAL_HANGUP, NULL, SIGHUP},    {POSTERN_SIGNAL_INTERRUPT, "\003", SIGINT},
        {POSTERN_SIGNAL_QUIT, "\034", SIGQUIT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct session session;

        session_open(&session, "echo ready; exec sleep 60");
        session_read(&session, "ready");
        if (rows[i].key != NULL) {
            session_send(&session, rows[i].key);
        } else {
            assert_int_equal(pty_signal(session.pty, rows[i].signal, NULL), 0);
        }
        session_read(&session, NULL);
        assert_int_equal(session_close(&session).signal, rows[i].number);
    }
}

static void signal_without_anybody_is_wrong_state(void **state)
{
    struct pty *pty = NULL;

    (void)state;
    assert_int_equal(pty_open(24, 80, &pty, NULL), 0);
    assert_int_equal(pty_signal(pty, POSTERN_SIGNAL_HANGUP, NULL), POSTERN_E_STATE);
    assert_int_equal(pty_signal(pty, POSTERN_SIGNAL_KILL, NULL), POSTERN_E_INVALID);
    pty_close(pty);
}

static void closing_the_master_hangs_up(void **state)
{
    struct session session;

    (void)state;
    session_open(&session, "echo ready; exec sleep 60");
    session_read(&session, "ready");
    handle_close(&session.input);
    handle_close(&session.output);
    pty_close(session.pty);
    session.pty = NULL;
    assert_int_equal(session_close(&session).signal, SIGHUP);
}

/* The end of the command and its last bytes race; reading to EIO loses nothing. */
static void a_megabyte_comes_complete_every_time(void **state)
{
    (void)state;
    for (int run = 0; run < 20; run++) {
        struct session session;
        size_t total = 0;

        session_open(&session, "stty -opost; yes 0123456 | head -c 1048576");
        for (;;) {
            ssize_t got;

            assert_int_equal(poll(&(struct pollfd){.fd = (int)session.output, .events = POLLIN}, 1, 10000), 1);
            got = read((int)session.output, session.text, sizeof(session.text));
            if (got < 0) {
                assert_int_equal(errno, EIO);
                break;
            }
            for (ssize_t i = 0; i < got; i++, total++) {
                if (session.text[i] != "0123456\n"[total % 8]) {
                    fail_msg("run %d: byte %zu is wrong", run, total);
                }
            }
        }
        assert_int_equal(total, 1048576);
        assert_int_equal(session_close(&session).exit_code, 0);
    }
}

/* A command that does not read: our writes find no room, and come back at once. */
static void the_master_never_blocks(void **state)
{
    struct session session;
    char chunk[4096];
    ssize_t put = 0;

    (void)state;
    memset(chunk, 'x', sizeof(chunk));
    session_open(&session, "stty raw -echo; echo ready; exec sleep 60");
    session_read(&session, "ready");
    for (int i = 0; i < 1000 && put >= 0; i++) {
        put = write((int)session.input, chunk, sizeof(chunk));
    }
    assert_int_equal(put, -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(read((int)session.output, chunk, sizeof(chunk)), -1);
    assert_int_equal(errno, EAGAIN);
    process_kill(&session.process);
    assert_int_equal(session_close(&session).signal, SIGKILL);
}

static int need_terminals(void **state)
{
    struct pty *pty = NULL;

    (void)state;
    if (pty_open(24, 80, &pty, NULL) != 0) {
        print_message("1..0 # SKIP no pseudo terminals here\n");
        return -1;
    }
    pty_close(pty);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_leads_a_session_on_the_terminal),
        cmocka_unit_test(the_runner_does_not_catch_the_terminal),
        cmocka_unit_test(modes_are_those_of_a_login_line_with_utf8),
        cmocka_unit_test(resize_is_seen_with_its_signal),
        cmocka_unit_test(signals_reach_the_foreground_group),
        cmocka_unit_test(signal_without_anybody_is_wrong_state),
        cmocka_unit_test(closing_the_master_hangs_up),
        cmocka_unit_test(a_megabyte_comes_complete_every_time),
        cmocka_unit_test(the_master_never_blocks),
    };

    return cmocka_run_group_tests(tests, need_terminals, NULL);
}
