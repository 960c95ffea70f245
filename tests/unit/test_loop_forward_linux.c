/*
 * Forwarding from a pipe into a socket (shared/loop.h), also when somebody else reads from that pipe.
 */
#include "tests/support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/loop.h"
#include "shared/system.h"

#define PIPE_SIZE (1024 * 1024)
#define LARGE 900000u /* more than a socket takes at once */

static const char head[] = "head";
#define HEAD (sizeof(head) - 1)

struct fixture {
    struct loop *loop;
    struct loop_stream *from, *to;
    int writer; /* of the pipe */
    int reader; /* of the socket */
    int calls, status;
    size_t bytes;
};

static unsigned char data[LARGE], received[LARGE + 64];

static void note(void *context, int status, size_t bytes)
{
    struct fixture *fixture = context;

    fixture->calls++;
    fixture->status = status;
    fixture->bytes = bytes;
}

static void open_all(struct fixture *fixture)
{
    int ends[2], pair[2];

    memset(fixture, 0, sizeof(*fixture));
    for (size_t i = 0; i < LARGE; i++) {
        data[i] = (unsigned char)(i * 2654435761u >> 11);
    }
    memset(received, 0xee, sizeof(received));
    assert_int_equal(loop_create(&fixture->loop, NULL), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE) >= PIPE_SIZE);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    fixture->writer = ends[1];
    fixture->reader = pair[1];
    assert_int_equal(loop_stream_open(fixture->loop, ends[0], LOOP_READ, &fixture->from, NULL), 0);
    assert_int_equal(loop_stream_open(fixture->loop, pair[0], LOOP_READ_WRITE, &fixture->to, NULL), 0);
    assert_true(loop_stream_forwards(fixture->from, fixture->to));
    assert_false(loop_stream_forwards(fixture->to, fixture->from));
}

static void close_all(struct fixture *fixture)
{
    loop_stream_close(fixture->from);
    loop_stream_close(fixture->to);
    if (fixture->writer >= 0) {
        (void)close(fixture->writer);
    }
    (void)close(fixture->reader);
    loop_destroy(fixture->loop);
}

static void fill(const struct fixture *fixture, size_t size)
{
    assert_int_equal(write(fixture->writer, data, size), (ssize_t)size);
}

/* Reads `size` bytes of the socket while the loop runs. */
static void receive(struct fixture *fixture, size_t size)
{
    uint64_t end_us = system_now_us() + 10000000;

    for (size_t total = 0; total < size;) {
        ssize_t got;

        assert_true(system_now_us() < end_us);
        assert_int_equal(loop_run_once(fixture->loop, 0, NULL), 0);
        got = recv(fixture->reader, received + total, size - total, MSG_DONTWAIT);
        total += got > 0 ? (size_t)got : 0;
    }
    while (fixture->calls == 0) {
        assert_true(system_now_us() < end_us);
        assert_int_equal(loop_run_once(fixture->loop, 1000, NULL), 0);
    }
    assert_int_equal(recv(fixture->reader, received + size, 1, MSG_DONTWAIT), -1);
}

static void all_bytes_arrive(void **state)
{
    static const size_t sizes[] = {1, 4096, 65537, LARGE};
    struct fixture fixture;

    (void)state;
    open_all(&fixture);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        fixture.calls = 0;
        fill(&fixture, sizes[i]);
        loop_stream_forward(fixture.to, head, HEAD, fixture.from, sizes[i], note, &fixture);
        receive(&fixture, HEAD + sizes[i]);
        assert_int_equal(fixture.calls, 1);
        assert_int_equal(fixture.status, 0);
        assert_int_equal(fixture.bytes, HEAD + sizes[i]);
        assert_memory_equal(received, head, HEAD);
        assert_memory_equal(received + HEAD, data, sizes[i]);
    }
    close_all(&fixture);
}

/* The command can open its own pipe and take back what it has written. */
static void missing_bytes_are_zeros(void **state)
{
    static const unsigned char zeros[1000];
    unsigned char stolen[600];
    struct fixture fixture;

    (void)state;
    for (int closed = 0; closed < 2; closed++) {
        open_all(&fixture);
        fill(&fixture, 1000);
        assert_int_equal(read((int)loop_stream_handle(fixture.from), stolen, sizeof(stolen)), sizeof(stolen));
        if (closed != 0) {
            (void)close(fixture.writer);
            fixture.writer = -1;
        }
        loop_stream_forward(fixture.to, head, HEAD, fixture.from, 1000, note, &fixture);
        receive(&fixture, HEAD + 1000);
        assert_int_equal(fixture.status, 0);
        assert_int_equal(fixture.bytes, HEAD + 1000);
        assert_memory_equal(received + HEAD, data + sizeof(stolen), 400);
        assert_memory_equal(received + HEAD + 400, zeros, 600);
        close_all(&fixture);
    }
}

static void settled_forward_needs_nothing_more(void **state)
{
    struct fixture fixture;
    char own_head[HEAD];

    (void)state;
    for (int begun = 0; begun < 2; begun++) {
        open_all(&fixture);
        fill(&fixture, LARGE);
        memcpy(own_head, head, HEAD);
        loop_stream_forward(fixture.to, own_head, HEAD, fixture.from, LARGE, note, &fixture);
        if (begun != 0) {
            assert_int_equal(loop_run_once(fixture.loop, 0, NULL), 0);
        }
        assert_int_equal(fixture.calls, 0);
        assert_true(loop_stream_settle(fixture.to));
        loop_stream_close(fixture.from);
        fixture.from = NULL;
        memset(own_head, 0, HEAD);
        receive(&fixture, HEAD + LARGE);
        assert_int_equal(fixture.bytes, HEAD + LARGE);
        assert_memory_equal(received, head, HEAD);
        assert_memory_equal(received + HEAD, data, LARGE);
        close_all(&fixture);
    }
}

static void lost_reader_is_told(void **state)
{
    struct fixture fixture;

    (void)state;
    open_all(&fixture);
    fill(&fixture, LARGE);
    loop_stream_forward(fixture.to, head, HEAD, fixture.from, LARGE, note, &fixture);
    assert_int_equal(loop_run_once(fixture.loop, 0, NULL), 0);
    assert_int_equal(fixture.calls, 0);
    (void)close(fixture.reader);
    fixture.reader = -1;
    for (int i = 0; i < 10 && fixture.calls == 0; i++) {
        assert_int_equal(loop_run_once(fixture.loop, 1000000, NULL), 0);
    }
    assert_int_equal(fixture.calls, 1);
    assert_int_equal(fixture.status, POSTERN_E_CLOSED);
    close_all(&fixture);
}

static void waiting_bytes_are_counted(void **state)
{
    struct fixture fixture;
    unsigned char byte;

    (void)state;
    open_all(&fixture);
    loop_stream_await(fixture.from, 1000, note, &fixture);
    assert_int_equal(loop_run_once(fixture.loop, 0, NULL), 0);
    assert_int_equal(loop_run_once(fixture.loop, 0, NULL), 0);
    assert_int_equal(fixture.calls, 0);
    fill(&fixture, 5000);
    for (int i = 0; i < 10 && fixture.calls == 0; i++) {
        assert_int_equal(loop_run_once(fixture.loop, 1000000, NULL), 0);
    }
    assert_int_equal(fixture.bytes, 1000);
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(read((int)loop_stream_handle(fixture.from), &byte, 1), 1);
    }
    (void)close(fixture.writer);
    fixture.writer = -1;
    loop_stream_await(fixture.from, 1000, note, &fixture);
    for (int i = 0; i < 10 && fixture.calls < 2; i++) {
        assert_int_equal(loop_run_once(fixture.loop, 1000000, NULL), 0);
    }
    assert_int_equal(fixture.calls, 2);
    assert_int_equal(fixture.status, 0);
    assert_int_equal(fixture.bytes, 0);
    close_all(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_bytes_arrive),
        cmocka_unit_test(missing_bytes_are_zeros),
        cmocka_unit_test(settled_forward_needs_nothing_more),
        cmocka_unit_test(lost_reader_is_told),
        cmocka_unit_test(waiting_bytes_are_counted),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
