/*
 * runner/command.h on Linux: streams, exact start conditions, and above all that nothing of a command is left, whatever
 * it does. timeout: 120
 * serial: yes
 * (it makes processes without end, and the system has only so many numbers)
 */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/command.h"
#include "shared/system.h"

#define WAIT_US 20000000u
#define OUTPUT_MAX (2u * 1024u * 1024u)

/* One stream of output, read to its end. */
struct output {
    struct loop_stream *stream;
    char *text;
    size_t size;
    int ended;
};

struct run {
    struct loop *loop;
    struct command *command;
    uint32_t pid;
    int spawned, failed, exited, emptied;
    struct command_exit exit;
    struct command_usage usage;
    struct postern_error error;
    struct output out, err;
};

static char report[4096];

/* Tests also run in forked children, where cmocka cannot report: there a failure ends the process. */
static bool in_child;
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            if (in_child) {                                                                                            \
                fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                        \
                _exit(1);                                                                                              \
            }                                                                                                          \
            fail_msg("%s:%d: %s", __FILE__, __LINE__, #condition);                                                     \
        }                                                                                                              \
    } while (0)

static void on_spawned(void *context, uint32_t pid)
{
    struct run *run = context;

    CHECK(run->spawned + run->failed == 0);
    run->spawned++;
    run->pid = pid;
}

static void on_failed(void *context, const struct postern_error *error)
{
    struct run *run = context;

    CHECK(run->spawned + run->failed == 0);
    run->failed++;
    run->error = *error;
}

static void on_exited(void *context, const struct command_exit *exit)
{
    struct run *run = context;

    CHECK(run->spawned == 1 && run->exited == 0 && run->emptied == 0);
    run->exited++;
    run->exit = *exit;
}

static void on_emptied(void *context, const struct command_usage *usage)
{
    struct run *run = context;

    CHECK(run->exited == 1 && run->emptied == 0);
    run->emptied++;
    run->usage = *usage;
}

static const struct command_callbacks callbacks = {on_spawned, on_failed, on_exited, on_emptied};

static void on_output(void *context, int status, size_t bytes)
{
    struct output *output = context;

    CHECK(status == 0);
    if (bytes == 0) {
        output->ended = 1;
        return;
    }
    output->size += bytes;
    CHECK(output->size < OUTPUT_MAX);
    output->text[output->size] = '\0';
    loop_stream_read(output->stream, output->text + output->size, OUTPUT_MAX - 1 - output->size, on_output, output);
}

static void read_output(struct output *output, struct loop_stream *stream)
{
    if (stream == NULL) {
        output->ended = 1;
        return;
    }
    output->stream = stream;
    output->text = calloc(1, OUTPUT_MAX);
    CHECK(output->text != NULL);
    loop_stream_read(stream, output->text, OUTPUT_MAX - 1, on_output, output);
}

static struct command_spec spec_of(const char *const *argv)
{
    static const char *const env[] = {"PATH=/bin:/usr/bin", NULL};
    const struct command_spec spec = {.argv = argv, .env = env};

    return spec;
}

static int try_start(struct run *run, struct loop *loop, const struct command_spec *spec)
{
    int result;

    memset(run, 0, sizeof(*run));
    run->loop = loop;
    result = command_start(loop, spec, &callbacks, run, &run->command, &run->error);
    if (result == 0) {
        read_output(&run->out, command_streams(run->command)->out);
        read_output(&run->err, command_streams(run->command)->err);
    }
    return result;
}

static struct loop *new_loop(void)
{
    struct loop *loop = NULL;

    CHECK(loop_create(&loop, NULL) == 0);
    return loop;
}

static void start(struct run *run, const struct command_spec *spec)
{
    CHECK(try_start(run, new_loop(), spec) == 0);
}

static void start_script(struct run *run, const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const struct command_spec spec = spec_of(argv);

    start(run, &spec);
}

static void start_script_with_stdin(struct run *run, const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct command_spec spec = spec_of(argv);

    spec.open_stdin = true;
    start(run, &spec);
}

static void run_until(struct run *run, const int *event)
{
    uint64_t end_us = system_now_us() + WAIT_US;

    while (*event == 0) {
        CHECK(system_now_us() < end_us);
        CHECK(loop_run_once(run->loop, 1000000, NULL) == 0);
    }
}

static void run_until_text(struct run *run, const char *text)
{
    uint64_t end_us = system_now_us() + WAIT_US;

    while (strstr(run->out.text, text) == NULL) {
        CHECK(system_now_us() < end_us && !run->out.ended);
        CHECK(loop_run_once(run->loop, 1000000, NULL) == 0);
    }
}

/* To the very end: everything has been told and read. */
static void finish(struct run *run)
{
    run_until(run, &run->emptied);
    run_until(run, &run->out.ended);
    run_until(run, &run->err.ended);
}

static void stop(struct run *run)
{
    command_free(run->command);
    loop_destroy(run->loop);
    free(run->out.text);
    free(run->err.text);
    memset(run, 0, sizeof(*run));
}

/* A number that the command has printed after `name`. */
static pid_t number_after(const struct run *run, const char *name)
{
    const char *at = strstr(run->out.text, name);

    CHECK(at != NULL);
    return (pid_t)atoi(at + strlen(name));
}

static bool is_gone(pid_t pid)
{
    return kill(pid, 0) != 0 && errno == ESRCH;
}

/* ---- the ordinary ---- */

static void pipes_carry_output_and_exit_status(void **state)
{
    struct run run;

    (void)state;
    start_script(&run, "echo out; echo err >&2; exit 7");
    assert_null(command_streams(run.command)->in);
    finish(&run);
    assert_true(run.pid > 0);
    assert_int_equal(run.exit.exit_code, 7);
    assert_int_equal(run.exit.signal, 0);
    assert_string_equal(run.out.text, "out\n");
    assert_string_equal(run.err.text, "err\n");
    assert_true(run.usage.peak_memory > 0);
    stop(&run);
}

static void death_by_signal_is_told(void **state)
{
    struct run run;

    (void)state;
    start_script(&run, "kill -SEGV $$");
    finish(&run);
    assert_int_equal(run.exit.signal, SIGSEGV);
    assert_int_equal(run.exit.exit_code, 0);
    stop(&run);
}

static void note_written(void *context, int status, size_t bytes)
{
    CHECK(status == 0);
    *(size_t *)context += bytes;
}

static void stdin_is_carried_and_closed(void **state)
{
    const char *const argv[] = {"cat", NULL};
    struct command_spec spec = spec_of(argv);
    struct run run;
    size_t written = 0;

    (void)state;
    spec.open_stdin = true;
    start(&run, &spec);
    loop_stream_write(command_streams(run.command)->in, "through", 7, note_written, &written);
    run_until_text(&run, "through");
    assert_int_equal(written, 7);
    command_close_stdin(run.command);
    assert_null(command_streams(run.command)->in);
    finish(&run);
    assert_int_equal(run.exit.exit_code, 0);
    stop(&run);
}

static void without_stdin_there_is_nothing_to_read(void **state)
{
    struct run run;

    (void)state;
    start_script(&run, "wc -c");
    finish(&run);
    assert_string_equal(run.out.text, "0\n");
    stop(&run);
}

/* While another command runs, with pipes of its own, and with a stray descriptor that is inheritable. */
static void command_gets_exactly_what_it_was_given(void **state)
{
    const char *const argv[] = {report, "fds", "env", "signals", "session", "cwd", NULL};
    const char *const env[] = {"ONLY=this", NULL};
    struct command_spec spec = spec_of(argv);
    struct run other, run;
    int stray = fcntl(0, F_DUPFD, 77), end = 0;

    (void)state;
    start_script(&other, "echo ready; exec sleep 60");
    run_until_text(&other, "ready");
    spec.env = env;
    spec.cwd = "/usr";
    start(&run, &spec);
    finish(&run);
    assert_int_equal(
        sscanf(run.out.text,
               "0 device %*d\n1 pipe %*d\n2 pipe %*d\nONLY=this\n"
               "SigBlk: 0000000000000000 SigIgn: 0000000000000000 leader 1 group 1 terminal 0\nforeground 0\n/usr\n%n",
               &end),
        0);
    assert_true(end > 0);
    assert_string_equal(run.out.text + end, "");
    stop(&run);
    command_kill(other.command);
    finish(&other);
    stop(&other);
    (void)close(stray);
}

static void failures_are_told_once_and_alone(void **state)
{
    const char *missing[] = {"no-such-program", NULL}, *plain[] = {"/dev/null", NULL}, *works[] = {"true", NULL};
    char *huge = calloc(1, 200 * 1024);
    const char *const long_one[] = {"true", huge, NULL};
    struct command_spec spec = spec_of(missing);
    struct run run;
    struct loop *loop = new_loop();

    (void)state;
    assert_non_null(huge);
    memset(huge, 'x', 200 * 1024 - 1);
    assert_int_equal(try_start(&run, loop, &spec), POSTERN_E_NOT_FOUND);
    spec.argv = plain;
    assert_int_equal(try_start(&run, loop, &spec), POSTERN_E_NOT_EXECUTABLE);
    loop_destroy(loop); /* nothing is left in it */
    spec.argv = works;
    spec.cwd = "/nonexistent";
    start(&run, &spec);
    run_until(&run, &run.failed);
    assert_int_equal(run.error.code, POSTERN_E_CWD);
    assert_string_equal(run.error.operation, "chdir");
    assert_int_equal(run.error.os_error, ENOENT);
    stop(&run);
    spec.cwd = NULL;
    spec.argv = long_one;
    start(&run, &spec);
    run_until(&run, &run.failed);
    assert_int_equal(run.error.code, POSTERN_E_LIMIT);
    run_until(&run, &run.out.ended); /* nobody holds the pipes any more */
    assert_int_equal(loop_run_once(run.loop, 1000, NULL), 0);
    assert_int_equal(run.spawned + run.exited + run.emptied, 0);
    stop(&run);
    free(huge);
}

static void signals_go_to_the_group_until_it_has_exited(void **state)
{
    static const struct {
        enum postern_signal signal;
        int number;
    } rows[] = {{POSTERN_SIGNAL_INTERRUPT, SIGINT},
                {POSTERN_SIGNAL_QUIT, SIGQUIT},
                {POSTERN_SIGNAL_HANGUP, SIGHUP},
                {POSTERN_SIGNAL_TERMINATE, SIGTERM}};
    struct run run;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        start_script(&run, "echo ready; exec sleep 60");
        run_until_text(&run, "ready");
        assert_int_equal(command_signal(run.command, POSTERN_SIGNAL_KILL, NULL), POSTERN_E_INVALID);
        assert_int_equal(command_signal(run.command, rows[i].signal, NULL), 0);
        finish(&run);
        assert_int_equal(run.exit.signal, rows[i].number);
        assert_int_equal(command_signal(run.command, rows[i].signal, NULL), POSTERN_E_STATE);
        command_kill(run.command);
        command_terminate(run.command);
        stop(&run);
    }
}

/* ---- the tree ---- */

static void grandchild_keeps_the_output_open(void **state)
{
    struct run run;
    pid_t left;

    (void)state;
    start_script(&run, "sleep 60 & echo left $!; exit 3");
    run_until(&run, &run.exited);
    run_until_text(&run, "left ");
    left = number_after(&run, "left ");
    assert_int_equal(run.exit.exit_code, 3);
    assert_int_equal(loop_run_once(run.loop, 10000, NULL), 0);
    assert_int_equal(run.emptied + run.out.ended, 0);
    assert_false(is_gone(left));
    assert_int_equal(command_signal(run.command, POSTERN_SIGNAL_TERMINATE, NULL), POSTERN_E_STATE);
    command_kill(run.command);
    finish(&run);
    assert_true(is_gone(left));
    stop(&run);
}

/* Three ways out of the group and away from the parent; all ignore what can be ignored. */
static const char daemons[] = "trap '' HUP TERM INT\n"
                              "nohup sleep 60 >/dev/null 2>&1 & echo one $!\n"
                              "setsid sh -c 'echo two $$; exec sleep 60' &\n"
                              "(setsid sh -c '(setsid sh -c \"echo three \\$\\$; exec sleep 60\" &)' &)\n";

static void await_daemons(struct run *run, pid_t pid[3])
{
    static const char *const names[] = {"one ", "two ", "three "};

    for (int i = 0; i < 3; i++) {
        run_until_text(run, names[i]);
    }
    CHECK(loop_run_once(run->loop, 1000, NULL) == 0);
    for (int i = 0; i < 3; i++) {
        pid[i] = number_after(run, names[i]);
        CHECK(pid[i] > 1 && !is_gone(pid[i]));
    }
}

static void daemons_do_not_survive_a_kill(void **state)
{
    struct run run;
    pid_t pid[3];

    (void)state;
    for (int exits = 0; exits < 2; exits++) {
        char script[1024];

        (void)snprintf(script, sizeof(script), "%s%s", daemons, exits ? "exit 0" : "wait; sleep 60");
        start_script(&run, script);
        await_daemons(&run, pid);
        if (exits) {
            run_until(&run, &run.exited);
        }
        assert_int_equal(run.emptied, 0);
        command_kill(run.command);
        finish(&run);
        assert_int_equal(run.exit.signal, exits ? 0 : SIGKILL);
        for (int i = 0; i < 3; i++) {
            assert_true(is_gone(pid[i]));
        }
        stop(&run);
    }
}

/* The name of a process is in the middle of what the kernel says of it. */
static void misleading_names_hide_nobody(void **state)
{
    const char *const argv[] = {report, "misname", "daemon", "sleep", NULL};
    const struct command_spec spec = spec_of(argv);
    struct run run;
    pid_t left;

    (void)state;
    start(&run, &spec);
    run_until(&run, &run.exited);
    run_until_text(&run, "\n");
    left = number_after(&run, "daemon ");
    assert_false(is_gone(left));
    command_kill(run.command);
    finish(&run);
    assert_true(is_gone(left));
    stop(&run);
}

static void freeing_a_running_command_ends_it(void **state)
{
    struct run run;
    pid_t pid[3];

    (void)state;
    start_script(&run, daemons);
    await_daemons(&run, pid);
    stop(&run);
    for (int i = 0; i < 3; i++) {
        assert_true(is_gone(pid[i]));
    }
    start_script(&run, "sleep 60"); /* and one that has hardly begun */
    stop(&run);
}

static void terminate_asks_every_process(void **state)
{
    struct run run;

    (void)state;
    /* One of them stopped: it must be woken to hear. */
    start_script(&run, "setsid sleep 60 & (setsid sleep 60 &) ; sleep 60 & kill -STOP $!; echo ready; wait");
    run_until_text(&run, "ready");
    command_terminate(run.command);
    finish(&run);
    assert_int_equal(run.exit.signal, SIGTERM);
    stop(&run);
}

static void reaper_killed_by_its_command(void **state)
{
    struct run run, other;
    pid_t pid[3];
    char script[1024];

    (void)state;
    start_script(&other, "echo ready; exec sleep 60");
    run_until_text(&other, "ready");
    (void)snprintf(script, sizeof(script),
                   "reaper=$PPID\n%secho reaper $reaper; read wait; kill -KILL $reaper; sleep 60", daemons);
    start_script_with_stdin(&run, script);
    await_daemons(&run, pid);
    run_until(&run, &run.spawned);
    command_close_stdin(run.command);
    finish(&run);
    assert_int_equal(run.exit.signal, SIGKILL);
    assert_true(is_gone((pid_t)run.pid));
    for (int i = 0; i < 3; i++) {
        assert_true(is_gone(pid[i]));
    }
    stop(&run);
    /* A command whose reaper lives is not touched by that. */
    assert_int_equal(loop_run_once(other.loop, 1000, NULL), 0);
    assert_int_equal(other.exited, 0);
    assert_false(is_gone((pid_t)other.pid));
    command_kill(other.command);
    finish(&other);
    stop(&other);
}

/* First at once, perhaps before the reaper could even tell of the start; then while it waits. */
static void reaper_stopped_by_its_command(void **state)
{
    static const char *const when[] = {"kill -STOP $PPID\n%sexit 0", "%sread wait; kill -STOP $PPID; echo stopped"};
    struct run run;
    pid_t pid[3];
    char script[1024];
    uint64_t start_us;

    (void)state;
    for (int i = 0; i < 4; i++) {
        (void)snprintf(script, sizeof(script), when[i % 2], daemons);
        start_script_with_stdin(&run, script);
        await_daemons(&run, pid);
        if (i % 2 == 1) {
            run_until(&run, &run.spawned);
            command_close_stdin(run.command);
            run_until_text(&run, "stopped");
        }
        start_us = system_now_us();
        if (i < 2) {
            command_kill(run.command);
            while (run.failed == 0 && run.emptied == 0) {
                assert_int_equal(loop_run_once(run.loop, WAIT_US, NULL), 0);
            }
            assert_true(i == 0 || run.failed == 0);
        }
        stop(&run);
        assert_true(system_now_us() - start_us < 8000000); /* it is not waited for in vain */
        for (int k = 0; k < 3; k++) {
            assert_true(is_gone(pid[k]));
        }
    }
}

static void output_ends_when_the_command_closes_it(void **state)
{
    struct run run;

    (void)state;
    start_script(&run, "exec >&- 2>&-; exec sleep 60");
    run_until(&run, &run.out.ended);
    run_until(&run, &run.err.ended);
    assert_int_equal(run.exited, 0);
    command_kill(run.command);
    finish(&run);
    stop(&run);
}

static void output_closed_early_breaks_the_pipe(void **state)
{
    struct run run;

    (void)state;
    start_script(&run, "trap '' PIPE; echo ready; yes; exit $?");
    run_until_text(&run, "ready");
    command_close_output(run.command);
    assert_null(command_streams(run.command)->out);
    run_until(&run, &run.emptied);
    assert_int_equal(run.exit.exit_code, 1); /* yes: write error */
    stop(&run);
}

#define MANY 64

static void many_at_once(void **state)
{
    struct run *run = calloc(MANY, sizeof(*run));
    struct loop *loop = new_loop();
    const char *const argv[] = {"cat", NULL};
    struct command_spec spec = spec_of(argv);
    size_t written = 0;

    (void)state;
    assert_non_null(run);
    spec.open_stdin = true;
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(try_start(&run[i], loop, &spec), 0);
        loop_stream_write(command_streams(run[i].command)->in, "x", 1, note_written, &written);
    }
    for (int i = 0; i < MANY; i++) {
        run_until_text(&run[i], "x");
        if (i % 2 == 0) {
            command_close_stdin(run[i].command);
        } else {
            command_kill(run[i].command);
        }
    }
    for (int i = 0; i < MANY; i++) {
        finish(&run[i]);
        assert_int_equal(run[i].exit.signal, i % 2 == 0 ? 0 : SIGKILL);
        command_free(run[i].command);
        free(run[i].out.text);
        free(run[i].err.text);
    }
    loop_destroy(loop);
    free(run);
}

static int open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 4096; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static void nothing_leaks(void **state)
{
    struct run run;
    uint64_t end_us;
    int before;

    (void)state;
    start_script(&run, ":");
    finish(&run);
    stop(&run);
    before = open_descriptors();
    for (int i = 0; i < 10; i++) {
        start_script(&run, i % 2 == 0 ? ":" : "sleep 60");
        if (i % 2 == 0) {
            finish(&run);
        }
        stop(&run);
    }
    assert_int_equal(open_descriptors(), before);
    /* No zombies: as soon as the last reaper has left there is no child at all. */
    end_us = system_now_us() + WAIT_US;
    while (waitpid(-1, NULL, WNOHANG) == 0) {
        assert_true(system_now_us() < end_us);
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(errno, ECHILD);
}

/* ---- terminals ---- */

static void start_on_terminal(struct run *run, const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct command_spec spec = spec_of(argv);

    spec.tty = true;
    spec.rows = 31;
    spec.cols = 97;
    start(run, &spec);
    CHECK(command_streams(run->command)->err == NULL && command_streams(run->command)->in != NULL);
}

static void terminal_with_size_and_keys(void **state)
{
    struct run run;
    size_t written = 0;

    (void)state;
    start_on_terminal(&run, "stty size; tty >&2; exec sleep 60");
    run_until_text(&run, "/dev/pts/");
    assert_memory_equal(run.out.text, "31 97\r\n", 7);
    command_close_stdin(run.command); /* no effect */
    loop_stream_write(command_streams(run.command)->in, "\003", 1, note_written, &written);
    finish(&run);
    assert_int_equal(run.exit.signal, SIGINT);
    command_finish_terminal(run.command);
    stop(&run);
}

static void terminal_can_be_resized_and_signalled(void **state)
{
    struct run run;
    size_t written = 0;

    (void)state;
    start_on_terminal(&run, "trap 'stty size' WINCH; echo ready; while read line; do echo got $line; done; exit 4");
    run_until_text(&run, "ready");
    assert_int_equal(command_resize(run.command, 7, 140, NULL), 0);
    loop_stream_write(command_streams(run.command)->in, "a\n", 2, note_written, &written);
    run_until_text(&run, "7 140");
    loop_stream_write(command_streams(run.command)->in, "\004", 1, note_written, &written); /* end of file */
    finish(&run);
    assert_int_equal(run.exit.exit_code, 4);
    stop(&run);

    start_on_terminal(&run, "echo ready; exec sleep 60");
    run_until_text(&run, "ready");
    assert_int_equal(command_signal(run.command, POSTERN_SIGNAL_HANGUP, NULL), 0);
    finish(&run);
    assert_int_equal(run.exit.signal, SIGHUP);
    stop(&run);

    start_on_terminal(&run, "echo ready; exec sleep 60");
    run_until_text(&run, "ready");
    command_close_output(run.command);
    assert_int_equal(command_resize(run.command, 1, 1, NULL), POSTERN_E_STATE);
    run_until(&run, &run.emptied);
    assert_int_equal(run.exit.signal, SIGHUP); /* as when a terminal window is closed */
    stop(&run);
}

static void a_megabyte_through_a_terminal_is_complete(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct run run;

        start_on_terminal(&run, "stty -opost; yes 0123456 | head -c 1048576");
        finish(&run);
        assert_int_equal(run.exit.exit_code, 0);
        assert_int_equal(run.out.size, 1048576);
        for (size_t k = 0; k < run.out.size; k += 8) {
            assert_memory_equal(run.out.text + k, "0123456\n", 8);
        }
        stop(&run);
    }
}

/* ---- in a process of its own ---- */

/* As a user of its own where that can be had, so that limits and kill() hit nobody else, zombies of other runs neither.
 */
static void become_user(void)
{
    uid_t user = 100000 + (uid_t)getpid();

    if (geteuid() == 0 && (setresgid(user, user, user) != 0 || setresuid(user, user, user) != 0)) {
        _exit(2);
    }
}

static void in_a_child(void (*check)(void))
{
    pid_t child;
    int status = 0;

    (void)signal(SIGCHLD, SIG_DFL); /* command_start() ignores it, and then there is no status to be had */
    child = fork();
    if (child == 0) {
        in_child = true;
        check();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

#define BOMB_LIMIT 60

static void check_fork_bomb(void)
{
    const char *const argv[] = {report, "bomb", NULL};
    const struct command_spec spec = spec_of(argv);
    const struct rlimit limit = {BOMB_LIMIT, BOMB_LIMIT};
    pid_t child[BOMB_LIMIT];
    struct run run;

    become_user();
    CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
    start(&run, &spec);
    run_until_text(&run, "full");
    command_kill(run.command);
    finish(&run);
    CHECK(run.exit.signal == SIGKILL);
    stop(&run);
    /* Nothing is left: then there is room for as many processes as the limit allows, beside this one and a reaper that
     * is on its way out. */
    for (int i = 0; i < BOMB_LIMIT - 2; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            (void)pause();
        }
        CHECK(child[i] > 0);
    }
    for (int i = 0; i < BOMB_LIMIT - 2; i++) {
        (void)kill(child[i], SIGKILL);
    }
}

static void fork_bomb_is_ended(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        SKIP_BECAUSE("needs root, to be a user without other processes");
    }
    in_a_child(check_fork_bomb);
}

/* A process that is never there for long: it forks, and its parent leaves, on and on. */
static void check_runaway(void)
{
    const char *const argv[] = {report, "runaway", NULL};
    const struct command_spec spec = spec_of(argv);
    struct run run;

    become_user();
    start(&run, &spec);
    run_until(&run, &run.exited);
    command_kill(run.command);
    finish(&run);
    CHECK(strstr(run.out.text, "got away") == NULL);
    stop(&run);
}

static void runaway_is_caught(void **state)
{
    (void)state;
    in_a_child(check_runaway);
}

/* The same against a runner that has lost the reaper. */
static void check_runaway_without_reaper(void)
{
    struct run run;
    char script[4200];

    become_user();
    (void)snprintf(script, sizeof(script), "read wait; exec %s kill-parent runaway", report);
    start_script_with_stdin(&run, script);
    run_until(&run, &run.spawned); /* else the reaper might not live to tell */
    command_close_stdin(run.command);
    finish(&run);
    CHECK(strstr(run.out.text, "got away") == NULL);
    stop(&run);
}

static void runaway_is_caught_without_its_reaper(void **state)
{
    (void)state;
    in_a_child(check_runaway_without_reaper);
}

static int dying_runner_pipe[2];

static void check_runner_that_dies(void)
{
    struct run run;
    pid_t pid[3];

    (void)close(dying_runner_pipe[0]);
    start_script(&run, daemons);
    await_daemons(&run, pid);
    CHECK(write(dying_runner_pipe[1], pid, sizeof(pid)) == (ssize_t)sizeof(pid));
    (void)kill(getpid(), SIGKILL);
}

/* The kernel tells all: the reaper keeps a descriptor of nobody, so the daemons are watched by their numbers. */
static void everything_ends_with_the_runner(void **state)
{
    uint64_t end_us;
    pid_t child, pid[3];
    int status = 0;

    (void)state;
    assert_int_equal(pipe2(dying_runner_pipe, O_CLOEXEC), 0);
    (void)signal(SIGCHLD, SIG_DFL);
    child = fork();
    if (child == 0) {
        in_child = true;
        check_runner_that_dies();
        _exit(0);
    }
    (void)close(dying_runner_pipe[1]);
    assert_int_equal(read(dying_runner_pipe[0], pid, sizeof(pid)), (ssize_t)sizeof(pid));
    (void)close(dying_runner_pipe[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, SIGKILL);
    end_us = system_now_us() + 5000000;
    for (int i = 0; i < 3; i++) {
        while (!is_gone(pid[i])) {
            assert_true(system_now_us() < end_us);
            (void)waitpid(-1, NULL, WNOHANG); /* this process is a subreaper by now: the reaper may become ours */
            (void)poll(NULL, 0, 1);
        }
    }
}

static int find_report(void **state)
{
    (void)state;
    (void)snprintf(report, sizeof(report), "%s", test_program_path("report_linux"));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipes_carry_output_and_exit_status),
        cmocka_unit_test(death_by_signal_is_told),
        cmocka_unit_test(stdin_is_carried_and_closed),
        cmocka_unit_test(without_stdin_there_is_nothing_to_read),
        cmocka_unit_test(command_gets_exactly_what_it_was_given),
        cmocka_unit_test(failures_are_told_once_and_alone),
        cmocka_unit_test(signals_go_to_the_group_until_it_has_exited),
        cmocka_unit_test(grandchild_keeps_the_output_open),
        cmocka_unit_test(daemons_do_not_survive_a_kill),
        cmocka_unit_test(misleading_names_hide_nobody),
        cmocka_unit_test(freeing_a_running_command_ends_it),
        cmocka_unit_test(terminate_asks_every_process),
        cmocka_unit_test(reaper_killed_by_its_command),
        cmocka_unit_test(reaper_stopped_by_its_command),
        cmocka_unit_test(output_ends_when_the_command_closes_it),
        cmocka_unit_test(output_closed_early_breaks_the_pipe),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(nothing_leaks),
        cmocka_unit_test(terminal_with_size_and_keys),
        cmocka_unit_test(terminal_can_be_resized_and_signalled),
        cmocka_unit_test(a_megabyte_through_a_terminal_is_complete),
        cmocka_unit_test(fork_bomb_is_ended),
        cmocka_unit_test(runaway_is_caught),
        cmocka_unit_test(runaway_is_caught_without_its_reaper),
        cmocka_unit_test(everything_ends_with_the_runner),
    };

    return cmocka_run_group_tests(tests, find_report, NULL);
}
