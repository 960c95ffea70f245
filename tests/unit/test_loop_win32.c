/*
 * The Windows loop beyond loop.h: operations that end at once, cancelling among other completions, withdrawn writes,
 * listeners, waits, and the pump thread.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "shared/loop_win32.h"
#include "shared/pipe_win32.h"
#include "shared/system.h"
#include "tests/support/host_resources_win32.h"
#include "tests/support/outcome.h"
#include "tests/support/pair.h"

#define SECOND_US ((int64_t)1000000)
#define BIG (1024u * 1024u)

struct fixture {
    struct loop *loop;
    struct loop_stream *one, *other;
    os_handle raw; /* of `one`; borrowed */
};

static void fixture_open(struct fixture *fixture)
{
    os_handle one, other;

    pair_open(&one, &other);
    assert_int_equal(loop_create(&fixture->loop, NULL), 0);
    assert_int_equal(loop_stream_open(fixture->loop, one, LOOP_READ_WRITE, &fixture->one, NULL), 0);
    assert_int_equal(loop_stream_open(fixture->loop, other, LOOP_READ_WRITE, &fixture->other, NULL), 0);
    fixture->raw = one;
}

static void fixture_close(struct fixture *fixture)
{
    loop_stream_close(fixture->one);
    loop_stream_close(fixture->other);
    loop_destroy(fixture->loop);
}

static void refuses_handles_that_are_not_overlapped(void **state)
{
    struct loop *loop = NULL;
    struct loop_stream *stream = NULL;
    struct postern_error error = {0};
    os_handle ours, theirs;

    (void)state;
    assert_int_equal(loop_create(&loop, NULL), 0);
    assert_int_equal(pipe_create(true, &ours, &theirs, NULL), 0);
    assert_int_equal(loop_stream_open(loop, theirs, LOOP_WRITE, &stream, &error), POSTERN_E_OS);
    assert_string_equal(error.operation, "CreateIoCompletionPort");
    handle_close(&theirs); /* still the caller's */
    handle_close(&ours);
    loop_destroy(loop);
}

/* A write of no bytes is what some programs do; the reader must not take it for the end. */
static void an_empty_write_is_not_the_end(void **state)
{
    struct loop *loop = NULL;
    struct loop_stream *stream = NULL;
    struct outcome read = {0, 0, 0};
    os_handle ours, theirs;
    char data[8];
    DWORD written;

    (void)state;
    assert_int_equal(loop_create(&loop, NULL), 0);
    assert_int_equal(pipe_create(true, &ours, &theirs, NULL), 0);
    assert_int_equal(loop_stream_open(loop, ours, LOOP_READ, &stream, NULL), 0);
    loop_stream_read(stream, data, sizeof(data), outcome_note, &read);
    WriteFile((HANDLE)theirs, "", 0, &written, NULL);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(loop_run_once(loop, 1000, NULL), 0);
    }
    assert_int_equal(read.calls, 0);
    assert_true(WriteFile((HANDLE)theirs, "abc", 3, &written, NULL));
    outcome_await(loop, &read.calls, 1);
    assert_int_equal(read.bytes, 3);
    handle_close(&theirs);
    loop_stream_read(stream, data, sizeof(data), outcome_note, &read);
    outcome_await(loop, &read.calls, 2);
    assert_true(read.status == 0 && read.bytes == 0);
    loop_stream_close(stream);
    loop_destroy(loop);
}

/* While one stream is closed the completions of others are received; they must neither get lost nor be delivered then.
 */
static void closing_keeps_the_completions_of_others(void **state)
{
    enum { PAIRS = 8 };
    struct fixture fixture[PAIRS];
    struct outcome read[PAIRS] = {{0, 0, 0}}, written[PAIRS] = {{0, 0, 0}};
    char data[PAIRS][4];
    struct loop *loop = NULL;

    (void)state;
    assert_int_equal(loop_create(&loop, NULL), 0);
    for (int i = 0; i < PAIRS; i++) {
        os_handle one, other;

        pair_open(&one, &other);
        assert_int_equal(loop_stream_open(loop, one, LOOP_READ_WRITE, &fixture[i].one, NULL), 0);
        assert_int_equal(loop_stream_open(loop, other, LOOP_READ_WRITE, &fixture[i].other, NULL), 0);
        loop_stream_read(fixture[i].one, data[i], sizeof(data[i]), outcome_note, &read[i]);
    }
    for (int i = 1; i < PAIRS; i++) {
        loop_stream_write(fixture[i].other, "x", 1, outcome_note, &written[i]);
    }
    loop_stream_close(fixture[0].one); /* its read is pending; the others' packets come first */
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(read[i].calls + written[i].calls, 0);
    }
    for (int i = 1; i < PAIRS; i++) {
        outcome_await(loop, &read[i].calls, 1);
        outcome_await(loop, &written[i].calls, 1);
        assert_int_equal(read[i].bytes, 1);
    }
    assert_int_equal(read[0].calls, 0);
    for (int i = 0; i < PAIRS; i++) {
        loop_stream_close(i == 0 ? NULL : fixture[i].one);
        loop_stream_close(fixture[i].other);
    }
    loop_destroy(loop);
}

/* What cancel_write() says was written arrives, and nothing else of that write, and in order with what follows. */
static void withdrawn_writes_arrive_to_the_byte(void **state)
{
    struct fixture fixture;
    struct outcome written = {0, 0, 0}, read = {0, 0, 0};
    unsigned char *data = malloc(BIG), *got = malloc(2 * BIG);
    size_t expected = 0, total = 0;
    int reads = 0;

    (void)state;
    fixture_open(&fixture);
    for (size_t i = 0; i < BIG; i++) {
        data[i] = (unsigned char)(i % 251);
    }
    /* The reader takes a little of it and stops; then what is left is written anew, over and over. */
    for (int round = 0; round < 3; round++) {
        loop_stream_write(fixture.one, data + expected, BIG - expected, outcome_note, &written);
        loop_stream_read(fixture.other, got + total, 1000, outcome_note, &read);
        outcome_await(fixture.loop, &read.calls, ++reads);
        total += read.bytes;
        expected += loop_stream_cancel_write(fixture.one);
        assert_false(loop_stream_writing(fixture.one));
        assert_true(expected < BIG);
    }
    loop_stream_write(fixture.one, data + expected, BIG - expected, outcome_note, &written);
    memset(data, 0xEE, expected); /* it is ours again */
    while (total < BIG) {
        loop_stream_read(fixture.other, got + total, 2 * BIG - total, outcome_note, &read);
        outcome_await(fixture.loop, &read.calls, ++reads);
        assert_true(read.status == 0 && read.bytes > 0);
        total += read.bytes;
    }
    outcome_await(fixture.loop, &written.calls, 1);
    assert_int_equal(total, BIG);
    for (size_t i = 0; i < BIG; i++) {
        assert_int_equal(got[i], i % 251);
    }
    fixture_close(&fixture);
    free(data);
    free(got);
}

static void a_reader_that_has_gone_is_closed(void **state)
{
    struct fixture fixture;
    struct outcome written = {0, 0, 0};
    char *data = calloc(1, BIG);

    (void)state;
    fixture_open(&fixture);
    loop_stream_write(fixture.one, data, BIG, outcome_note, &written);
    loop_stream_close(fixture.other);
    fixture.other = NULL;
    outcome_await(fixture.loop, &written.calls, 1);
    assert_int_equal(written.status, POSTERN_E_CLOSED);
    assert_true(loop_stream_os_error(fixture.one) != 0);
    fixture_close(&fixture);
    free(data);
}

static void a_stopped_wait_never_fires(void **state)
{
    struct loop *loop = NULL;
    struct loop_wait *wait = NULL;
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL), quiet = CreateEventW(NULL, TRUE, FALSE, NULL);
    int fired = 0;

    (void)state;
    assert_int_equal(loop_create(&loop, NULL), 0);
    for (int i = 0; i < 50; i++) {
        ResetEvent(event);
        assert_int_equal(loop_wait_start(loop, (os_handle)event, outcome_count, &fired, &wait, NULL), 0);
        SetEvent(event); /* the system's thread may be anywhere now */
        Sleep(i % 2 == 0 ? 0 : 1);
        loop_wait_stop(wait);
        /* Likely in the same memory: a packet left over from the first would fire it. */
        assert_int_equal(loop_wait_start(loop, (os_handle)quiet, outcome_count, &fired, &wait, NULL), 0);
        assert_int_equal(loop_run_once(loop, 0, NULL), 0);
        loop_wait_stop(wait);
    }
    CloseHandle(quiet);
    assert_int_equal(loop_run_once(loop, 1000, NULL), 0);
    assert_int_equal(fired, 0);
    assert_int_equal(loop_wait_start(loop, (os_handle)event, outcome_count, &fired, &wait, NULL), 0);
    outcome_await(loop, &fired, 1);
    loop_wait_stop(wait);
    CloseHandle(event);
    loop_destroy(loop);
}

static void listeners_hear_their_own_packets_only(void **state)
{
    struct loop *loop = NULL;
    struct loop_listener *first = NULL, *second = NULL;
    int heard_first = 0, heard_second = 0;
    HANDLE port;
    uintptr_t old_key;

    (void)state;
    assert_int_equal(loop_create(&loop, NULL), 0);
    assert_int_equal(loop_listener_start(loop, outcome_count, &heard_first, &first, NULL), 0);
    assert_int_equal(loop_listener_start(loop, outcome_count, &heard_second, &second, NULL), 0);
    assert_true(loop_listener_key(first) != loop_listener_key(second));
    port = (HANDLE)loop_listener_port(first);
    old_key = loop_listener_key(first);
    /* They only say "look". The third word need not be a pointer. */
    assert_true(PostQueuedCompletionStatus(port, 7, old_key, (OVERLAPPED *)(intptr_t)1234));
    outcome_await(loop, &heard_first, 1);
    assert_int_equal(loop_run_once(loop, 1000, NULL), 0);
    assert_int_equal(heard_first, 1);
    assert_int_equal(heard_second, 0);
    /* After the stop: ignored, also by listeners that come later. */
    assert_true(PostQueuedCompletionStatus(port, 7, old_key, NULL));
    loop_listener_stop(first);
    assert_int_equal(loop_listener_start(loop, outcome_count, &heard_first, &first, NULL), 0);
    assert_true(PostQueuedCompletionStatus(port, 7, old_key, NULL));
    assert_int_equal(loop_run_once(loop, 1000, NULL), 0);
    assert_int_equal(heard_first, 1);
    loop_listener_stop(first);
    loop_listener_stop(second);
    loop_destroy(loop);
}

/* Everything again through the pump: data, cancelling, timers that move forward. */
static void the_pump_changes_nothing_but_who_waits(void **state)
{
    struct fixture fixture;
    struct outcome read = {0, 0, 0}, written = {0, 0, 0};
    struct loop_timer timer = {0};
    os_handle event;
    int fired = 0;
    char data[16];

    (void)state;
    fixture_open(&fixture);
    event = loop_pollable(fixture.loop, NULL);
    assert_true(event != OS_HANDLE_NONE);
    assert_int_equal(loop_pollable(fixture.loop, NULL), event);
    assert_false(pair_wait(event, 0));
    loop_stream_read(fixture.one, data, sizeof(data), outcome_note, &read);
    loop_stream_cancel_read(fixture.one);
    assert_int_equal(loop_run_once(fixture.loop, 0, NULL), 0);
    assert_int_equal(read.calls, 0);
    assert_false(pair_wait(event, 0));
    loop_stream_read(fixture.one, data, sizeof(data), outcome_note, &read);
    loop_stream_write(fixture.other, "hello", 5, outcome_note, &written);
    for (int i = 0; i < 10 && (read.calls == 0 || written.calls == 0); i++) {
        assert_true(pair_wait(event, 5000));
        assert_int_equal(loop_run_once(fixture.loop, 0, NULL), 0);
    }
    assert_int_equal(read.calls + written.calls, 2);
    assert_false(pair_wait(event, 0));
    /* A later timer, then an earlier one in its place: the thread has to be told. */
    assert_true(loop_timer_start(fixture.loop, &timer, 60 * (uint64_t)SECOND_US, outcome_count, &fired));
    assert_false(pair_wait(event, 20));
    assert_true(loop_timer_start(fixture.loop, &timer, 20000, outcome_count, &fired));
    assert_true(pair_wait(event, 5000));
    assert_int_equal(loop_run_once(fixture.loop, 0, NULL), 0);
    assert_int_equal(fired, 1);
    assert_false(pair_wait(event, 0));
    fixture_close(&fixture);
}

static DWORD WINAPI wake_later(void *loop)
{
    Sleep(20);
    loop_wake(loop);
    return 0;
}

static void woken_from_another_thread(void **state)
{
    struct loop *loop = NULL;

    (void)state;
    assert_int_equal(loop_create(&loop, NULL), 0);
    for (int i = 0; i < 2; i++) { /* the second time through the pump */
        HANDLE thread = CreateThread(NULL, 0, wake_later, loop, 0, NULL);
        uint64_t start_us = system_now_us();

        assert_non_null(thread);
        assert_int_equal(loop_run_once(loop, 10 * SECOND_US, NULL), 0);
        assert_true(system_now_us() - start_us < 5 * (uint64_t)SECOND_US);
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
        assert_true(loop_pollable(loop, NULL) != OS_HANDLE_NONE);
    }
    loop_destroy(loop);
}

static DWORD handle_count(void)
{
    DWORD count = host_handles_of(GetCurrentProcessId());

    assert_true(count > 0);
    return count;
}

static void nothing_is_left_open(void **state)
{
    DWORD before = 0;

    for (int i = 0; i < 4; i++) {
        if (i == 1) { /* the first round opens what the system's thread pool keeps */
            before = handle_count();
        }
        the_pump_changes_nothing_but_who_waits(state);
        a_stopped_wait_never_fires(state);
    }
    assert_true(handle_count() <= before + 2); /* the pool may add a thread */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_handles_that_are_not_overlapped),
        cmocka_unit_test(an_empty_write_is_not_the_end),
        cmocka_unit_test(closing_keeps_the_completions_of_others),
        cmocka_unit_test(withdrawn_writes_arrive_to_the_byte),
        cmocka_unit_test(a_reader_that_has_gone_is_closed),
        cmocka_unit_test(a_stopped_wait_never_fires),
        cmocka_unit_test(listeners_hear_their_own_packets_only),
        cmocka_unit_test(the_pump_changes_nothing_but_who_waits),
        cmocka_unit_test(woken_from_another_thread),
        cmocka_unit_test(nothing_is_left_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
