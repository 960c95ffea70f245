/*
 * shared/loop.h on what only Linux has: pipes and SIGPIPE, files, terminals, pidfds, threads that wake the loop.
 * threads: yes
 */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/loop.h"
#include "shared/system.h"
#include "tests/support/outcome.h"

static struct loop_stream *open_stream(struct loop *loop, int fd, enum loop_direction direction)
{
    struct loop_stream *stream = NULL;

    assert_true(fd >= 0);
    assert_int_equal(loop_stream_open(loop, fd, direction, &stream, NULL), 0);
    return stream;
}

static struct loop *open_loop(void)
{
    struct loop *loop = NULL;

    assert_int_equal(loop_create(&loop, NULL), 0);
    return loop;
}

static volatile sig_atomic_t sigpipes;

static void on_sigpipe(int number)
{
    (void)number;
    sigpipes++;
}

/* The disposition of the program is its own business: the loop raises nothing, and leaves nothing pending. */
static void broken_pipe_raises_no_signal(void **state)
{
    struct sigaction action = {.sa_handler = on_sigpipe}, before;
    struct loop *loop = open_loop();
    struct outcome written = {0, 0, 0};
    struct loop_stream *stream;
    sigset_t pending;
    int ends[2];

    (void)state;
    assert_int_equal(sigaction(SIGPIPE, &action, &before), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    stream = open_stream(loop, ends[1], LOOP_WRITE);
    loop_stream_write(stream, "x", 1, outcome_note, &written);
    outcome_await(loop, &written.calls, 1);
    assert_int_equal(written.status, 0);
    (void)close(ends[0]);
    loop_stream_write(stream, "x", 1, outcome_note, &written);
    outcome_await(loop, &written.calls, 2);
    assert_int_equal(written.status, POSTERN_E_CLOSED);
    assert_int_equal(sigpipes, 0);
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
    /* The control: plain write() does raise it, so the handler would have seen it. */
    assert_int_equal(write((int)loop_stream_handle(stream), "x", 1), -1);
    assert_int_equal(sigpipes, 1);
    loop_stream_close(stream);
    loop_destroy(loop);
    assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
}

/* The reader goes while the write waits for room: told by an event alone. */
static void blocked_pipe_write_ends_with_its_reader(void **state)
{
    struct loop *loop = open_loop();
    struct outcome written = {0, 0, 0};
    struct loop_stream *stream;
    unsigned char *data = test_calloc(1, 1u << 20);
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    stream = open_stream(loop, ends[1], LOOP_WRITE);
    loop_stream_write(stream, data, 1u << 20, outcome_note, &written);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(loop_run_once(loop, 1000, NULL), 0);
    }
    assert_int_equal(written.calls, 0);
    (void)close(ends[0]);
    outcome_await(loop, &written.calls, 1);
    assert_int_equal(written.status, POSTERN_E_CLOSED);
    loop_stream_close(stream);
    loop_destroy(loop);
    test_free(data);
}

/* The writer's last bytes and its end come as one event; a short read must not lose the end. */
static void pipe_end_is_seen_after_a_short_read(void **state)
{
    struct loop *loop = open_loop();
    struct outcome read = {0, 0, 0};
    struct loop_stream *stream;
    char text[64];
    int ends[2];

    (void)state;
    for (int order = 0; order < 2; order++) {
        memset(&read, 0, sizeof(read));
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        stream = open_stream(loop, ends[0], LOOP_READ);
        if (order == 1) {
            loop_stream_read(stream, text, sizeof(text), outcome_note, &read);
            assert_int_equal(loop_run_once(loop, 1000, NULL), 0);
        }
        assert_int_equal(write(ends[1], "end", 3), 3);
        (void)close(ends[1]);
        if (order == 0) {
            loop_stream_read(stream, text, sizeof(text), outcome_note, &read);
        }
        outcome_await(loop, &read.calls, 1);
        assert_int_equal(read.bytes, 3);
        loop_stream_read(stream, text, sizeof(text), outcome_note, &read);
        outcome_await(loop, &read.calls, 2);
        assert_int_equal(read.bytes, 0);
        loop_stream_close(stream);
    }
    loop_destroy(loop);
}

static void files_are_always_ready(void **state)
{
    struct loop *loop = open_loop();
    struct outcome read = {0, 0, 0}, written = {0, 0, 0};
    struct loop_stream *file = open_stream(loop, memfd_create("loop", MFD_CLOEXEC), LOOP_READ_WRITE);
    struct loop_stream *null = open_stream(loop, open("/dev/null", O_RDWR | O_CLOEXEC), LOOP_READ_WRITE);
    char text[8];

    (void)state;
    loop_stream_write(file, "12345678abc", 11, outcome_note, &written);
    outcome_await(loop, &written.calls, 1);
    assert_int_equal(written.bytes, 11);
    assert_true(lseek((int)loop_stream_handle(file), 0, SEEK_SET) == 0);
    for (int i = 1; i <= 3; i++) {
        loop_stream_read(file, text, sizeof(text), outcome_note, &read);
        outcome_await(loop, &read.calls, i);
        assert_int_equal(read.bytes, i == 1 ? 8 : i == 2 ? 3 : 0);
    }
    loop_stream_read(null, text, sizeof(text), outcome_note, &read);
    outcome_await(loop, &read.calls, 4);
    assert_int_equal(read.bytes, 0);
    loop_stream_close(file);
    loop_stream_close(null);
    loop_destroy(loop);
}

static void terminal_without_users_is_at_its_end(void **state)
{
    struct loop *loop = open_loop();
    struct outcome read = {0, 0, 0};
    struct loop_stream *stream;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave, unlock = 0;
    char text[64];

    (void)state;
    if (master < 0) {
        loop_destroy(loop);
        SKIP_BECAUSE("no pseudo terminals here");
    }
    assert_int_equal(ioctl(master, TIOCSPTLCK, &unlock), 0);
    slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(slave >= 0);
    stream = open_stream(loop, master, LOOP_READ);
    assert_int_equal(write(slave, "bye", 3), 3);
    (void)close(slave);
    loop_stream_read(stream, text, sizeof(text), outcome_note, &read);
    outcome_await(loop, &read.calls, 1);
    assert_int_equal(read.bytes, 3);
    loop_stream_read(stream, text, sizeof(text), outcome_note, &read);
    outcome_await(loop, &read.calls, 2);
    assert_int_equal(read.status, 0);
    assert_int_equal(read.bytes, 0);
    loop_stream_close(stream);
    loop_destroy(loop);
}

/* Writes and is gone, over and over: the terminal says too early that it has no users any more (in 4 of 100 cases). */
static void last_words_on_a_terminal_are_heard(void **state)
{
    enum { COMMANDS = 300, WRITES = 10, SIZE = 3000 };
    struct loop *loop = open_loop();
    static char text[4096];

    (void)state;
    for (int i = 0; i < COMMANDS; i++) {
        struct outcome read = {0, 0, 0};
        int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave, unlock = 0;
        size_t total = 0;
        pid_t child;

        if (master < 0) {
            loop_destroy(loop);
            SKIP_BECAUSE("no pseudo terminals here");
        }
        assert_int_equal(ioctl(master, TIOCSPTLCK, &unlock), 0);
        slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(slave >= 0);
        child = fork();
        if (child == 0) {
            for (int k = 0; k < WRITES; k++) {
                (void)!write(slave, text, SIZE);
            }
            _exit(0);
        }
        assert_true(child > 0);
        (void)close(slave);
        struct loop_stream *stream = open_stream(loop, master, LOOP_READ);
        do {
            loop_stream_read(stream, text, 4096, outcome_note, &read);
            outcome_await(loop, &read.calls, read.calls + 1);
            assert_int_equal(read.status, 0);
            total += read.bytes;
        } while (read.bytes > 0);
        assert_int_equal(total, WRITES * SIZE);
        loop_stream_close(stream);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    loop_destroy(loop);
}

static void bad_descriptor_is_refused(void **state)
{
    struct loop *loop = open_loop();
    struct loop_stream *stream = NULL;
    struct loop_wait *wait = NULL;
    struct postern_error error = {0};

    (void)state;
    assert_int_equal(loop_stream_open(loop, 1 << 20, LOOP_READ, &stream, &error), POSTERN_E_OS);
    assert_int_equal(error.os_error, EBADF);
    assert_null(stream);
    assert_int_equal(loop_wait_start(loop, 1 << 20, outcome_count, NULL, &wait, &error), POSTERN_E_OS);
    assert_null(wait);
    loop_destroy(loop);
}

static void ended_process_is_told_once(void **state)
{
    struct loop *loop = open_loop();
    struct loop_wait *wait = NULL;
    int ended = 0, ends[2], pidfd;
    pid_t child;
    char byte;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        (void)close(ends[1]);
        _exit((int)read(ends[0], &byte, 1));
    }
    assert_true(child > 0);
    pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    assert_true(pidfd >= 0);
    assert_int_equal(loop_wait_start(loop, pidfd, outcome_count, &ended, &wait, NULL), 0);
    assert_int_equal(loop_run_once(loop, 5000, NULL), 0);
    assert_int_equal(ended, 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
    outcome_await(loop, &ended, 1);
    assert_int_equal(loop_run_once(loop, 5000, NULL), 0);
    assert_int_equal(ended, 1);
    loop_wait_stop(wait);
    (void)close(pidfd);
    assert_int_equal(waitpid(child, NULL, 0), child);
    loop_destroy(loop);
}

/* Two descriptors of one open file, one closed: its events must be gone although the file lives on. */
static void closed_duplicate_leaves_no_events(void **state)
{
    struct loop *loop = open_loop();
    struct outcome read = {0, 0, 0};
    struct loop_stream *gone;
    char text[4];
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    gone = open_stream(loop, fcntl(ends[0], F_DUPFD_CLOEXEC, 0), LOOP_READ);
    loop_stream_read(gone, text, sizeof(text), outcome_note, &read);
    assert_int_equal(loop_run_once(loop, 0, NULL), 0);
    loop_stream_close(gone);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(loop_run_once(loop, 1000, NULL), 0); /* a use after free for the sanitizer to see */
    assert_int_equal(read.calls, 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
    loop_destroy(loop);
}

#define WAKES 1000
static struct loop *waker_loop;

static void *wake_often(void *unused)
{
    (void)unused;
    for (int i = 0; i < WAKES; i++) {
        loop_wake(waker_loop);
    }
    return NULL;
}

/* After the last wake-up nobody may be left waiting, however the two threads interleave. */
static void other_threads_wake_the_loop(void **state)
{
    struct outcome read = {0, 0, 0};
    pthread_t thread;

    (void)state;
    for (int i = 0; i < 20; i++) {
        waker_loop = open_loop();
        assert_int_equal(pthread_create(&thread, NULL, wake_often, NULL), 0);
        for (int round = 0; round < 3; round++) {
            uint64_t start_us = system_now_us();

            assert_int_equal(loop_run_once(waker_loop, round == 0 ? 10000000 : 0, NULL), 0);
            assert_true(system_now_us() - start_us < 9000000);
        }
        assert_int_equal(pthread_join(thread, NULL), 0);
        loop_wake(waker_loop);
        assert_int_equal(loop_run_once(waker_loop, -1, NULL), 0);
        loop_destroy(waker_loop);
    }
    assert_int_equal(read.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_pipe_raises_no_signal),
        cmocka_unit_test(blocked_pipe_write_ends_with_its_reader),
        cmocka_unit_test(pipe_end_is_seen_after_a_short_read),
        cmocka_unit_test(files_are_always_ready),
        cmocka_unit_test(terminal_without_users_is_at_its_end),
        cmocka_unit_test(last_words_on_a_terminal_are_heard),
        cmocka_unit_test(bad_descriptor_is_refused),
        cmocka_unit_test(ended_process_is_told_once),
        cmocka_unit_test(closed_duplicate_leaves_no_events),
        cmocka_unit_test(other_threads_wake_the_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
