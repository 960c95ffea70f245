/*
 * conpty/pty.h on Windows: sizes, the flow through a console host, and that closing never hangs. What needs a command
 * on the console is in test_command_win32.c, because Wine needs the runner's trampoline for it.
 */
#include "tests/support/test.h"

#include <string.h>
#include <windows.h>

#include "conpty/pty.h"
#include "shared/loop.h"
#include "shared/process.h"
#include "shared/system.h"
#include "tests/support/host_resources_win32.h"
#include "tests/support/run_win32.h"

#define SECOND_US ((int64_t)1000000)

static void impossible_sizes_are_refused(void **state)
{
    struct pty *pty = NULL;

    (void)state;
    assert_int_equal(pty_open(0, 80, &pty, NULL), POSTERN_E_INVALID);
    assert_int_equal(pty_open(24, 0, &pty, NULL), POSTERN_E_INVALID);
    assert_int_equal(pty_open(40000, 80, &pty, NULL), POSTERN_E_INVALID);
    assert_null(pty);
}

struct reading {
    struct loop_stream *stream;
    char data[4096];
    size_t total;
    int ended;
};

static void read_on(void *context, int status, size_t bytes)
{
    struct reading *reading = context;

    if (status != 0 || bytes == 0) {
        reading->ended = 1;
        return;
    }
    reading->total += bytes;
    loop_stream_read(reading->stream, reading->data, sizeof(reading->data), read_on, reading);
}

static void run_until(struct loop *loop, const int *flag)
{
    uint64_t end_us = system_now_us() + 15 * (uint64_t)SECOND_US;

    while (*flag == 0) {
        assert_true(system_now_us() < end_us);
        assert_int_equal(loop_run_once(loop, SECOND_US, NULL), 0);
    }
}

static void the_output_ends_after_the_finish(void **state)
{
    struct loop *loop = NULL;
    struct pty *pty = NULL;
    struct reading reading = {NULL, "", 0, 0};

    (void)state;
    assert_int_equal(loop_create(&loop, NULL), 0);
    assert_int_equal(pty_open(24, 80, &pty, NULL), 0);
    assert_int_equal(loop_stream_open(loop, pty_take_output(pty), LOOP_READ, &reading.stream, NULL), 0);
    assert_int_equal(pty_take_output(pty), OS_HANDLE_NONE); /* once */
    loop_stream_read(reading.stream, reading.data, sizeof(reading.data), read_on, &reading);
    pty_finish(pty);
    pty_finish(pty); /* once is enough, twice does no harm */
    assert_int_equal(pty_resize(pty, 10, 10, NULL), POSTERN_E_STATE);
    run_until(loop, &reading.ended);
    loop_stream_close(reading.stream);
    pty_close(pty);
    loop_destroy(loop);
}

/* Nobody reads and nobody will: the classic deadlock. */
static void closing_with_unread_output_does_not_hang(void **state)
{
    uint64_t start_us = system_now_us();

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct pty *pty = NULL;

        assert_int_equal(pty_open(24, 80, &pty, NULL), 0);
        if (i == 1) {
            pty_finish(pty);
        }
        pty_close(pty);
    }
    assert_true(system_now_us() - start_us < 10 * (uint64_t)SECOND_US);
}

static void resizing_says_where_it_cannot(void **state)
{
    struct pty *pty = NULL;
    struct postern_error error = {0};
    int code;

    (void)state;
    assert_int_equal(pty_open(24, 80, &pty, NULL), 0);
    assert_int_equal(pty_resize(pty, 0, 80, NULL), POSTERN_E_INVALID);
    code = pty_resize(pty, 50, 132, &error);
    pty_close(pty);
    if (run_under_wine()) {
        assert_int_equal(code, POSTERN_E_UNSUPPORTED); /* canary: Wine has learned it, so test it there */
        SKIP_BECAUSE("Wine has no ResizePseudoConsole");
    }
    assert_int_equal(code, 0);
}

static void signals_are_for_a_process_on_the_console(void **state)
{
    struct pty *pty = NULL;

    (void)state;
    assert_int_equal(pty_open(24, 80, &pty, NULL), 0);
    assert_int_equal(pty_signal(pty, POSTERN_SIGNAL_INTERRUPT, NULL), POSTERN_E_UNSUPPORTED);
    assert_int_equal(pty_signal(pty, POSTERN_SIGNAL_HANGUP, NULL), 0);
    assert_int_equal(pty_resize(pty, 10, 10, NULL), POSTERN_E_STATE);
    pty_close(pty);
}

/* Windows binds a child's standard handles to its pseudo console; Wine does not, hence the trampoline. */
static void a_child_is_born_on_the_console(void **state)
{
    const char *argv[] = {"child", "std", NULL};
    struct loop *loop = NULL;
    struct pty *pty = NULL;
    struct process_spec spec;
    struct process process = {OS_HANDLE_NONE, 0};
    static struct reading reading;
    bool seen;

    (void)state;
    reading = (struct reading){NULL, "", 0, 0};
    assert_int_equal(loop_create(&loop, NULL), 0);
    assert_int_equal(pty_open(24, 80, &pty, NULL), 0);
    assert_int_equal(loop_stream_open(loop, pty_take_output(pty), LOOP_READ, &reading.stream, NULL), 0);
    process_spec_init(&spec);
    spec.program = run_child_path();
    spec.argv = argv;
    spec.env = run_environment();
    spec.terminal = pty_child_end(pty);
    assert_int_equal(process_spawn(&spec, &process, NULL), 0);
    pty_child_started(pty);
    assert_true(run_wait(process.handle));
    process_close(&process);
    loop_stream_read(reading.stream, reading.data, sizeof(reading.data) - 1, read_on, &reading);
    pty_finish(pty);
    run_until(loop, &reading.ended);
    seen = strstr(reading.data, "console") != NULL;
    loop_stream_close(reading.stream);
    pty_close(pty);
    loop_destroy(loop);
    if (run_under_wine()) {
        assert_false(seen); /* canary: Wine has learned it, so the trampoline can go */
        SKIP_BECAUSE("Wine does not bind the standard handles to the pseudo console");
    }
    assert_true(seen);
}

static DWORD handle_count(void)
{
    DWORD count = host_handles_of(GetCurrentProcessId());

    assert_true(count > 0);
    return count;
}

static void nothing_is_left_open(void **state)
{
    uint64_t end_us = system_now_us() + 15 * (uint64_t)SECOND_US;
    DWORD before = 0;

    for (int i = 0; i < 6; i++) {
        if (i == 1) {
            before = handle_count();
        }
        the_output_ends_after_the_finish(state);
    }
    /* The closing threads end a little later than the consoles. */
    while (handle_count() > before) {
        assert_true(system_now_us() < end_us);
        Sleep(1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(the_output_ends_after_the_finish),
        cmocka_unit_test(closing_with_unread_output_does_not_hang),
        cmocka_unit_test(resizing_says_where_it_cannot),
        cmocka_unit_test(signals_are_for_a_process_on_the_console),
        cmocka_unit_test(a_child_is_born_on_the_console),
        cmocka_unit_test(nothing_is_left_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
