/*
 * runner/command.h on Windows: streams, exits, trees, terminals, signals. This program is its own trampoline and
 * console agent: see main(). timeout: 120
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "runner/command.h"
#include "runner/startup.h"
#include "shared/system.h"
#include "tests/support/run_win32.h"

#define SECOND_US ((uint64_t)1000000)

/* Collects one output stream. */
struct sink {
    struct loop_stream *stream;
    char *data;
    size_t size, capacity;
    int ended;
    char chunk[65536];
};

static void take(void *context, int status, size_t bytes)
{
    struct sink *sink = context;

    if (status != 0 || bytes == 0) {
        sink->ended = 1;
        return;
    }
    if (sink->size + bytes + 1 > sink->capacity) {
        sink->capacity = (sink->size + bytes + 1) * 2;
        sink->data = realloc(sink->data, sink->capacity);
        assert_non_null(sink->data);
    }
    memcpy(sink->data + sink->size, sink->chunk, bytes);
    sink->size += bytes;
    sink->data[sink->size] = '\0';
    loop_stream_read(sink->stream, sink->chunk, sizeof(sink->chunk), take, sink);
}

static void take_once(void *context, int status, size_t bytes)
{
    struct sink *sink = context;

    sink->size = status == 0 ? bytes : 0;
    sink->ended = 1;
}

struct fixture {
    struct loop *loop;
    struct command *command;
    struct sink out, err;
    uint32_t pid;
    int spawned, failed, exited, emptied, written;
    bool order_wrong;
    int exit_code;
    struct command_usage usage;
};

static void on_spawned(void *context, uint32_t pid)
{
    struct fixture *fixture = context;

    fixture->order_wrong |= fixture->exited + fixture->emptied > 0;
    fixture->spawned++;
    fixture->pid = pid;
}

static void on_failed(void *context, const struct postern_error *error)
{
    (void)error;
    ((struct fixture *)context)->failed++;
}

static void on_exited(void *context, const struct command_exit *exit)
{
    struct fixture *fixture = context;

    fixture->order_wrong |= fixture->spawned != 1 || fixture->emptied > 0;
    fixture->exited++;
    fixture->exit_code = exit->exit_code;
}

static void on_emptied(void *context, const struct command_usage *usage)
{
    struct fixture *fixture = context;

    fixture->order_wrong |= fixture->exited != 1;
    fixture->emptied++;
    fixture->usage = *usage;
}

static void on_written(void *context, int status, size_t bytes)
{
    (void)bytes;
    ((struct fixture *)context)->written += status == 0 ? 1 : 100;
}

static const struct command_callbacks callbacks = {on_spawned, on_failed, on_exited, on_emptied};

static void run_until(struct fixture *fixture, const int *counter)
{
    uint64_t end_us = system_now_us() + 20 * SECOND_US;

    while (*counter == 0) {
        if (system_now_us() >= end_us) {
            fail_msg("waited in vain; output so far: %s", fixture->out.data != NULL ? fixture->out.data : "(none)");
        }
        assert_int_equal(loop_run_once(fixture->loop, 100000, NULL), 0);
    }
    assert_false(fixture->order_wrong);
}

static void run_until_output(struct fixture *fixture, const char *text)
{
    uint64_t end_us = system_now_us() + 20 * SECOND_US;

    while (fixture->out.data == NULL || strstr(fixture->out.data, text) == NULL) {
        if (system_now_us() >= end_us) {
            fail_msg("'%s' did not come; output so far: %s", text,
                     fixture->out.data != NULL ? fixture->out.data : "(none)");
        }
        assert_int_equal(loop_run_once(fixture->loop, 100000, NULL), 0);
    }
}

static void start_sink(struct sink *sink, struct loop_stream *stream)
{
    sink->stream = stream;
    sink->ended = stream == NULL;
    if (stream != NULL) {
        loop_stream_read(stream, sink->chunk, sizeof(sink->chunk), take, sink);
    }
}

/* Starts the child with one or two arguments. */
static struct fixture *start(bool tty, bool open_stdin, const char *mode, const char *argument)
{
    const char *argv[] = {run_child_path(), mode, argument, NULL};
    struct command_spec spec = {argv, run_environment(), "C:\\windows", tty, 24, 80, open_stdin, NULL};
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct postern_error error = {0};

    assert_non_null(fixture);
    assert_int_equal(loop_create(&fixture->loop, NULL), 0);
    if (command_start(fixture->loop, &spec, &callbacks, fixture, &fixture->command, &error) != 0) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(fixture->spawned, 0); /* from the loop only */
    start_sink(&fixture->out, command_streams(fixture->command)->out);
    start_sink(&fixture->err, command_streams(fixture->command)->err);
    run_until(fixture, &fixture->spawned);
    assert_true(fixture->pid != 0);
    return fixture;
}

static void end(struct fixture *fixture)
{
    command_free(fixture->command);
    loop_destroy(fixture->loop);
    assert_int_equal(fixture->failed, 0);
    free(fixture->out.data);
    free(fixture->err.data);
    free(fixture);
}

static void run_to_the_end(struct fixture *fixture)
{
    run_until(fixture, &fixture->exited);
    command_finish_terminal(fixture->command);
    run_until(fixture, &fixture->out.ended);
    run_until(fixture, &fixture->err.ended);
    run_until(fixture, &fixture->emptied);
}

/* ---- pipes ---- */

static void output_arrives_whole(void **state)
{
    struct fixture *fixture = start(false, false, "write", "5000000");

    (void)state;
    run_to_the_end(fixture);
    assert_int_equal(fixture->exit_code, 0);
    assert_int_equal(fixture->out.size, 5000000);
    for (size_t i = 0; i < fixture->out.size; i++) {
        assert_int_equal((unsigned char)fixture->out.data[i], i % 251);
    }
    assert_int_equal(fixture->err.size, 0);
    end(fixture);
}

static void input_arrives_and_ends(void **state)
{
    struct fixture *fixture = start(false, true, "cat", NULL);

    (void)state;
    loop_stream_write(command_streams(fixture->command)->in, "hello", 5, on_written, fixture);
    run_until(fixture, &fixture->written);
    run_until_output(fixture, "hello");
    command_close_stdin(fixture->command);
    assert_null(command_streams(fixture->command)->in);
    run_to_the_end(fixture);
    assert_string_equal(fixture->out.data, "hello");
    end(fixture);
}

static void without_stdin_it_is_the_null_device(void **state)
{
    struct fixture *fixture = start(false, false, "std", NULL);

    (void)state;
    assert_null(command_streams(fixture->command)->in);
    run_to_the_end(fixture);
    assert_string_equal(fixture->out.data, "null\npipe\npipe\n");
    end(fixture);
}

static void exit_codes_have_32_bits(void **state)
{
    struct fixture *fixture = start(false, false, "exit", "0xC0000005");

    (void)state;
    run_to_the_end(fixture);
    assert_int_equal((uint32_t)fixture->exit_code, 0xC0000005);
    assert_int_equal(command_signal(fixture->command, POSTERN_SIGNAL_INTERRUPT, NULL), POSTERN_E_STATE);
    end(fixture);
}

static void what_cannot_start_says_why(void **state)
{
    const char *missing[] = {"no-such-program", NULL}, *here[] = {run_child_path(), NULL};
    struct command_spec spec = {missing, run_environment(), "C:\\", false, 24, 80, false, NULL};
    struct loop *loop = NULL;
    struct command *command = NULL;
    struct postern_error error = {0};

    (void)state;
    assert_int_equal(loop_create(&loop, NULL), 0);
    assert_int_equal(command_start(loop, &spec, &callbacks, NULL, &command, &error), POSTERN_E_NOT_FOUND);
    assert_non_null(strstr(error.message, "no-such-program"));
    spec.argv = here;
    spec.cwd = "C:\\no such directory";
    spec.tty = true;
    assert_int_equal(command_start(loop, &spec, &callbacks, NULL, &command, &error), POSTERN_E_CWD);
    assert_null(command);
    loop_destroy(loop); /* which checks that nothing was left in it */
}

/* ---- trees ---- */

static void the_tree_is_empty_after_the_orphans(void **state)
{
    struct fixture *fixture = start(false, false, "orphan", NULL);

    (void)state;
    run_until(fixture, &fixture->exited);
    run_until_output(fixture, "left");
    assert_int_equal(fixture->emptied, 0); /* the grandchild lives, and holds the output open */
    assert_int_equal(fixture->out.ended, 0);
    command_kill(fixture->command);
    run_to_the_end(fixture);
    assert_int_equal(fixture->exit_code, 0); /* the root ended by itself */
    end(fixture);
}

static void killing_ends_the_whole_tree(void **state)
{
    struct fixture *fixture = start(false, false, "tree", "3");
    const char *at;
    int killed = 0;

    (void)state;
    for (int lines = 0; lines < 4;) {
        assert_int_equal(loop_run_once(fixture->loop, 100000, NULL), 0);
        lines = 0;
        for (at = fixture->out.data; at != NULL && (at = strchr(at, '\n')) != NULL; at++) {
            lines++;
        }
    }
    command_kill(fixture->command);
    run_to_the_end(fixture);
    for (at = strstr(fixture->out.data, "pid "); at != NULL; at = strstr(at + 1, "pid ")) {
        os_handle handle = run_open_process((uint32_t)strtoul(at + 4, NULL, 10));

        assert_true(handle == OS_HANDLE_NONE || run_wait(handle));
        handle_close(&handle);
        killed++;
    }
    assert_int_equal(killed, 4);
    end(fixture);
}

static void freeing_kills(void **state)
{
    struct fixture *fixture = start(false, true, "wait", NULL);
    os_handle handle = run_open_process(fixture->pid);

    (void)state;
    run_until_output(fixture, "ready");
    assert_false(run_is_signalled(handle));
    end(fixture);
    assert_true(run_wait(handle));
    handle_close(&handle);
}

static void a_detached_tree_lives_until_it_is_freed(void **state)
{
    struct fixture *fixture = start(false, true, "wait", NULL);
    os_handle handle = run_open_process(fixture->pid);

    (void)state;
    run_until_output(fixture, "ready");
    command_detach(fixture->command);
    assert_null(command_streams(fixture->command)->out);
    assert_int_equal(loop_run_once(fixture->loop, 20000, NULL), 0);
    assert_false(run_is_signalled(handle));
    end(fixture);
    assert_true(run_wait(handle));
    handle_close(&handle);
}

/* ---- signals ---- */

static void interrupt_is_ctrl_c(bool tty)
{
    struct fixture *fixture = start(tty, false, "event", NULL);

    run_until_output(fixture, "ready");
    assert_int_equal(command_signal(fixture->command, POSTERN_SIGNAL_INTERRUPT, NULL), 0);
    run_to_the_end(fixture);
    assert_int_equal(fixture->exit_code, 20 + CTRL_C_EVENT);
    assert_non_null(strstr(fixture->out.data, "event 0"));
    end(fixture);
}

static void interrupt_is_ctrl_c_on_pipes(void **state)
{
    (void)state;
    interrupt_is_ctrl_c(false);
}

static void interrupt_is_ctrl_c_on_a_terminal(void **state)
{
    (void)state;
    interrupt_is_ctrl_c(true);
}

/* In the form that the console wants: the byte, key events, or (on Wine, whose console dies of the byte) the event. */
static void a_typed_ctrl_c_interrupts(void **state)
{
    struct fixture *fixture = start(true, false, "event", NULL);
    const char *keys;

    (void)state;
    run_until_output(fixture, "ready");
    command_watch(fixture->command, fixture->out.data, fixture->out.size);
    keys = command_type_interrupt(fixture->command);
    if (run_under_wine()) {
        assert_string_equal(keys, "");
        assert_null(strstr(fixture->out.data, "\x1b[?9001h")); /* canary: Wine has learned it, so type there, too */
    } else {
        assert_string_not_equal(keys, "");
        loop_stream_write(command_streams(fixture->command)->in, keys, strlen(keys), on_written, fixture);
        run_until(fixture, &fixture->written);
    }
    run_to_the_end(fixture);
    assert_int_equal(fixture->exit_code, 20 + CTRL_C_EVENT);
    end(fixture);
}

static void terminate_is_ctrl_break(void **state)
{
    struct fixture *fixture = start(false, false, "event", NULL);
    uint64_t end_us = system_now_us() + SECOND_US;

    (void)state;
    run_until_output(fixture, "ready");
    command_terminate(fixture->command);
    if (run_under_wine()) {
        while (system_now_us() < end_us) {
            assert_int_equal(loop_run_once(fixture->loop, 100000, NULL), 0);
        }
        assert_int_equal(fixture->exited, 0); /* canary: Wine has learned it, so test it there */
        end(fixture);
        SKIP_BECAUSE("Wine has no CTRL_BREAK_EVENT");
    }
    run_to_the_end(fixture);
    assert_int_equal(fixture->exit_code, 20 + CTRL_BREAK_EVENT);
    end(fixture);
}

static void more_signals_than_can_be_sent_are_refused(void **state)
{
    struct fixture *fixture = start(false, false, "wait", NULL);
    int refused = 0;

    (void)state;
    for (int i = 0; i < 20; i++) {
        int code = command_signal(fixture->command, POSTERN_SIGNAL_QUIT, NULL);

        assert_true(code == 0 || code == POSTERN_E_LIMIT);
        refused += code != 0;
    }
    assert_true(refused > 0);
    end(fixture);
}

/* ---- terminals ---- */

static void a_terminal_is_a_console(void **state)
{
    struct fixture *fixture = start(true, false, "std", NULL);

    (void)state;
    assert_non_null(command_streams(fixture->command)->in);
    assert_null(command_streams(fixture->command)->err);
    run_to_the_end(fixture);
    assert_non_null(strstr(fixture->out.data, "console"));
    assert_null(strstr(fixture->out.data, "pipe"));
    end(fixture);
}

/* Text between the escape sequences must be there to the last line. */
static void terminal_output_is_complete(void **state)
{
    struct fixture *fixture = start(true, false, "lines", "500");
    const char *at;

    (void)state;
    run_to_the_end(fixture);
    at = fixture->out.data;
    for (int i = 0; i < 500; i++) {
        char line[32];

        snprintf(line, sizeof(line), "line %06d", i);
        at = strstr(at, line);
        if (at == NULL) {
            fail_msg("%s is missing", line);
        }
    }
    end(fixture);
}

static void terminal_exit_codes_pass_through(void **state)
{
    struct fixture *fixture = start(true, false, "exit", "0x80001234");

    (void)state;
    run_to_the_end(fixture);
    assert_int_equal((uint32_t)fixture->exit_code, 0x80001234);
    end(fixture);
}

static void terminal_input_is_typed(void **state)
{
    struct fixture *fixture = start(true, false, "cat", NULL);

    (void)state;
    loop_stream_write(command_streams(fixture->command)->in, "typed\r", 6, on_written, fixture);
    run_until(fixture, &fixture->written);
    run_until_output(fixture, "typed");
    command_close_stdin(fixture->command);
    assert_non_null(command_streams(fixture->command)->in); /* no effect on a terminal */
    command_kill(fixture->command);
    run_to_the_end(fixture);
    end(fixture);
}

static void a_terminal_is_resized(void **state)
{
    struct fixture *fixture = start(true, false, "size", NULL);

    (void)state;
    run_until_output(fixture, "size 24 x 80.");
    assert_int_equal(command_resize(fixture->command, 0, 80, NULL), POSTERN_E_INVALID);
    assert_int_equal(command_resize(fixture->command, 40, 100, NULL), 0);
    run_until_output(fixture, "size 40 x 100.");
    run_to_the_end(fixture);
    end(fixture);
}

static void the_last_of_many_sizes_is_set(void **state)
{
    struct fixture *fixture = start(true, false, "wait", NULL);
    struct command *command = fixture->command;

    (void)state;
    run_until_output(fixture, "ready");
    for (uint16_t i = 0; i < 50; i++) {
        assert_int_equal(command_resize(command, (uint16_t)(30 + i), 90, NULL), 0);
    }
    command_kill(command);
    run_to_the_end(fixture);
    end(fixture);
}

static void pipes_have_no_size(void **state)
{
    struct fixture *fixture = start(false, false, "wait", NULL);

    (void)state;
    assert_int_equal(command_resize(fixture->command, 10, 10, NULL), POSTERN_E_STATE);
    assert_int_equal(command_signal(fixture->command, POSTERN_SIGNAL_HANGUP, NULL), POSTERN_E_UNSUPPORTED);
    end(fixture);
}

static void hangup_closes_the_terminal(void **state)
{
    struct fixture *fixture = start(true, false, "wait", NULL);

    (void)state;
    run_until_output(fixture, "ready");
    assert_int_equal(command_signal(fixture->command, POSTERN_SIGNAL_HANGUP, NULL), 0);
    run_to_the_end(fixture);
    end(fixture);
}

/* A terminal whose output nobody reads is closed at once. */
static void freeing_a_full_terminal_does_not_hang(void **state)
{
    const char *argv[] = {run_child_path(), "lines", "100000", NULL};
    struct command_spec spec = {argv, run_environment(), "C:\\windows", true, 24, 80, false, NULL};
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    uint64_t start_us;
    os_handle handle;

    (void)state;
    assert_int_equal(loop_create(&fixture->loop, NULL), 0);
    assert_int_equal(command_start(fixture->loop, &spec, &callbacks, fixture, &fixture->command, NULL), 0);
    run_until(fixture, &fixture->spawned);
    handle = run_open_process(fixture->pid);
    assert_false(WaitForSingleObject((HANDLE)handle, 300) == WAIT_OBJECT_0); /* it waits for its output to be read */
    start_us = system_now_us();
    end(fixture);
    assert_true(system_now_us() - start_us < 5 * SECOND_US);
    assert_true(run_wait(handle));
    handle_close(&handle);
}

/* The classic deadlock: the console host can't end before its output is read, and we read only after it. */
static void finishing_a_full_terminal_does_not_wait(void **state)
{
    const char *argv[] = {run_child_path(), "lines", "100000", NULL};
    struct command_spec spec = {argv, run_environment(), "C:\\windows", true, 24, 80, false, NULL};
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    uint64_t start_us;
    os_handle handle;

    (void)state;
    assert_int_equal(loop_create(&fixture->loop, NULL), 0);
    assert_int_equal(command_start(fixture->loop, &spec, &callbacks, fixture, &fixture->command, NULL), 0);
    run_until(fixture, &fixture->spawned);
    handle = run_open_process(fixture->pid);
    /* Once the first has come there is more than the pipe holds. */
    loop_stream_read(command_streams(fixture->command)->out, fixture->out.chunk, 1, take_once, &fixture->out);
    run_until(fixture, &fixture->out.ended);
    assert_int_equal(fixture->out.size, 1);
    assert_false(WaitForSingleObject((HANDLE)handle, 300) == WAIT_OBJECT_0);
    command_kill(fixture->command);
    run_until(fixture, &fixture->exited);
    start_us = system_now_us();
    command_finish_terminal(fixture->command);
    assert_true(system_now_us() - start_us < 5 * SECOND_US);
    fixture->out.size = 0;
    start_sink(&fixture->out, command_streams(fixture->command)->out);
    run_until(fixture, &fixture->out.ended);
    assert_true(fixture->out.size > 0);
    run_until(fixture, &fixture->emptied);
    handle_close(&handle);
    end(fixture);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_arrives_whole),
        cmocka_unit_test(input_arrives_and_ends),
        cmocka_unit_test(without_stdin_it_is_the_null_device),
        cmocka_unit_test(exit_codes_have_32_bits),
        cmocka_unit_test(what_cannot_start_says_why),
        cmocka_unit_test(the_tree_is_empty_after_the_orphans),
        cmocka_unit_test(killing_ends_the_whole_tree),
        cmocka_unit_test(freeing_kills),
        cmocka_unit_test(a_detached_tree_lives_until_it_is_freed),
        cmocka_unit_test(interrupt_is_ctrl_c_on_pipes),
        cmocka_unit_test(interrupt_is_ctrl_c_on_a_terminal),
        cmocka_unit_test(a_typed_ctrl_c_interrupts),
        cmocka_unit_test(terminate_is_ctrl_break),
        cmocka_unit_test(more_signals_than_can_be_sent_are_refused),
        cmocka_unit_test(a_terminal_is_a_console),
        cmocka_unit_test(terminal_output_is_complete),
        cmocka_unit_test(terminal_exit_codes_pass_through),
        cmocka_unit_test(terminal_input_is_typed),
        cmocka_unit_test(a_terminal_is_resized),
        cmocka_unit_test(the_last_of_many_sizes_is_set),
        cmocka_unit_test(pipes_have_no_size),
        cmocka_unit_test(hangup_closes_the_terminal),
        cmocka_unit_test(freeing_a_full_terminal_does_not_hang),
        cmocka_unit_test(finishing_a_full_terminal_does_not_wait),
    };
    int status = 0;

    /* The runner's hidden modes are started as "this program". */
    if (startup_hidden_mode(argc, argv, &status)) {
        return status;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
