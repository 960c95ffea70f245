/*
 * shared/loop.h as both platforms must keep it: streams, timers, wake-up, waiting from outside.
 */
#include "tests/support/test.h"

#include <string.h>

#include "shared/loop.h"
#include "shared/system.h"
#include "tests/support/outcome.h"
#include "tests/support/pair.h"

#define SECOND_US ((int64_t)1000000)
#define BIG (3u * 1024u * 1024u)

struct fixture {
    struct loop *loop;
    struct loop_stream *one, *other;
};

static struct fixture fixture_open(void)
{
    struct fixture fixture = {NULL, NULL, NULL};
    os_handle one = OS_HANDLE_NONE, other = OS_HANDLE_NONE;

    pair_open(&one, &other);
    assert_int_equal(loop_create(&fixture.loop, NULL), 0);
    assert_int_equal(loop_stream_open(fixture.loop, one, LOOP_READ_WRITE, &fixture.one, NULL), 0);
    assert_int_equal(loop_stream_open(fixture.loop, other, LOOP_READ_WRITE, &fixture.other, NULL), 0);
    return fixture;
}

static void fixture_close(struct fixture *fixture)
{
    loop_stream_close(fixture->one);
    loop_stream_close(fixture->other);
    loop_destroy(fixture->loop);
}

static void bytes_cross_in_both_directions(void **state)
{
    struct fixture fixture = fixture_open();
    struct outcome read = {0, 0, 0}, written = {0, 0, 0};
    char text[16] = "";

    (void)state;
    loop_stream_read(fixture.other, text, sizeof(text), outcome_note, &read);
    loop_stream_write(fixture.one, "hello", 5, outcome_note, &written);
    assert_true(loop_stream_reading(fixture.other) && loop_stream_writing(fixture.one));
    assert_int_equal(read.calls + written.calls, 0); /* callbacks come from loop_run_once() only */
    outcome_await(fixture.loop, &read.calls, 1);
    outcome_await(fixture.loop, &written.calls, 1);
    assert_int_equal(read.status, 0);
    assert_int_equal(read.bytes, 5);
    assert_int_equal(written.bytes, 5);
    assert_memory_equal(text, "hello", 5);
    assert_false(loop_stream_reading(fixture.other) || loop_stream_writing(fixture.one));

    loop_stream_write(fixture.other, "back", 4, outcome_note, &written);
    loop_stream_read(fixture.one, text, sizeof(text), outcome_note, &read);
    outcome_await(fixture.loop, &read.calls, 2);
    assert_int_equal(read.bytes, 4);
    assert_memory_equal(text, "back", 4);
    fixture_close(&fixture);
}

/* The data is there before the read: no event will come for it again. */
static void finds_what_came_before_the_read(void **state)
{
    struct fixture fixture = fixture_open();
    struct outcome read = {0, 0, 0}, written = {0, 0, 0};
    char text[4];

    (void)state;
    loop_stream_write(fixture.one, "abcdefgh", 8, outcome_note, &written);
    outcome_await(fixture.loop, &written.calls, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(loop_run_once(fixture.loop, 0, NULL), 0);
    }
    loop_stream_read(fixture.other, text, sizeof(text), outcome_note, &read);
    outcome_await(fixture.loop, &read.calls, 1);
    assert_memory_equal(text, "abcd", 4);
    loop_stream_read(fixture.other, text, sizeof(text), outcome_note, &read);
    outcome_await(fixture.loop, &read.calls, 2);
    assert_memory_equal(text, "efgh", 4);
    /* And nothing is left. */
    loop_stream_read(fixture.other, text, sizeof(text), outcome_note, &read);
    assert_int_equal(loop_run_once(fixture.loop, 1000, NULL), 0);
    assert_int_equal(read.calls, 2);
    fixture_close(&fixture);
}

/* Also without a round of the loop in between. */
static void a_read_that_is_over_can_be_told(void **state)
{
    struct fixture fixture = fixture_open();
    struct outcome read = {0, 0, 0}, written = {0, 0, 0};
    uint64_t end_us = system_now_us() + 10 * SECOND_US;
    char text[4];

    (void)state;
    assert_false(loop_stream_unread(fixture.other)); /* nobody reads */
    loop_stream_read(fixture.other, text, sizeof(text), outcome_note, &read);
    assert_false(loop_stream_unread(fixture.other));
    loop_stream_write(fixture.one, "abcd", 4, outcome_note, &written);
    outcome_await(fixture.loop, &written.calls, 1);
    while (read.calls == 0 && !loop_stream_unread(fixture.other)) {
        assert_true(system_now_us() < end_us);
    }
    outcome_await(fixture.loop, &read.calls, 1);
    assert_false(loop_stream_unread(fixture.other));
    fixture_close(&fixture);
}

/* A stream that is read to its end, byte by byte checked, restarting the read from its own callback. */
struct drain {
    struct loop_stream *stream;
    unsigned char chunk[10000];
    size_t total;
    bool wrong;
    int ended;
};

static void drain_some(void *context, int status, size_t bytes)
{
    struct drain *drain = context;

    if (status != 0 || bytes == 0) {
        drain->ended = status == 0 ? 1 : -1;
        return;
    }
    for (size_t i = 0; i < bytes; i++) {
        drain->wrong |= drain->chunk[i] != (unsigned char)((drain->total + i) % 251);
    }
    drain->total += bytes;
    loop_stream_read(drain->stream, drain->chunk, sizeof(drain->chunk), drain_some, drain);
}

static void more_than_fits_is_written_whole_and_in_order(void **state)
{
    struct fixture fixture = fixture_open();
    struct outcome written = {0, 0, 0};
    unsigned char *data = test_malloc(BIG);
    struct drain *drain = test_calloc(1, sizeof(*drain));

    (void)state;
    for (size_t i = 0; i < BIG; i++) {
        data[i] = (unsigned char)(i % 251);
    }
    loop_stream_write(fixture.one, data, BIG, outcome_note, &written);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(loop_run_once(fixture.loop, 1000, NULL), 0);
    }
    assert_int_equal(written.calls, 0); /* nobody reads: it cannot be done */
    drain->stream = fixture.other;
    loop_stream_read(drain->stream, drain->chunk, sizeof(drain->chunk), drain_some, drain);
    outcome_await(fixture.loop, &written.calls, 1);
    assert_int_equal(written.status, 0);
    assert_int_equal(written.bytes, BIG);
    loop_stream_close(fixture.one);
    fixture.one = NULL;
    outcome_await(fixture.loop, &drain->ended, 1);
    assert_int_equal(drain->total, BIG);
    assert_false(drain->wrong);
    fixture_close(&fixture);
    test_free(drain);
    test_free(data);
}

static void end_of_file_follows_the_data(void **state)
{
    struct fixture fixture = fixture_open();
    struct outcome read = {0, 0, 0}, written = {0, 0, 0};
    char text[16];

    (void)state;
    loop_stream_write(fixture.one, "last", 4, outcome_note, &written);
    outcome_await(fixture.loop, &written.calls, 1);
    loop_stream_close(fixture.one);
    fixture.one = NULL;
    loop_stream_read(fixture.other, text, sizeof(text), outcome_note, &read);
    outcome_await(fixture.loop, &read.calls, 1);
    assert_int_equal(read.bytes, 4);
    for (int i = 2; i < 4; i++) { /* the end stays the end */
        loop_stream_read(fixture.other, text, sizeof(text), outcome_note, &read);
        outcome_await(fixture.loop, &read.calls, i);
        assert_int_equal(read.status, 0);
        assert_int_equal(read.bytes, 0);
    }
    fixture_close(&fixture);
}

/* A peer that goes without reading what it was sent: an end like any other. */
static void peer_gone_with_unread_data_is_an_end(void **state)
{
    struct fixture fixture = fixture_open();
    struct outcome read = {0, 0, 0}, written = {0, 0, 0};
    char text[16];

    (void)state;
    loop_stream_read(fixture.one, text, sizeof(text), outcome_note, &read);
    loop_stream_write(fixture.one, "unread", 6, outcome_note, &written);
    outcome_await(fixture.loop, &written.calls, 1);
    loop_stream_close(fixture.other);
    fixture.other = NULL;
    outcome_await(fixture.loop, &read.calls, 1);
    assert_int_equal(read.status, 0);
    assert_int_equal(read.bytes, 0);
    fixture_close(&fixture);
}

static void writing_to_nobody_is_closed(void **state)
{
    struct fixture fixture = fixture_open();
    struct outcome written = {0, 0, 0};

    (void)state;
    loop_stream_close(fixture.other);
    fixture.other = NULL;
    loop_stream_write(fixture.one, "x", 1, outcome_note, &written);
    outcome_await(fixture.loop, &written.calls, 1);
    assert_int_equal(written.status, POSTERN_E_CLOSED);
    assert_true(loop_stream_os_error(fixture.one) != 0);
    fixture_close(&fixture);
}

static void blocked_write_ends_when_the_reader_goes(void **state)
{
    struct fixture fixture = fixture_open();
    struct outcome written = {0, 0, 0};
    unsigned char *data = test_calloc(1, BIG);

    (void)state;
    loop_stream_write(fixture.one, data, BIG, outcome_note, &written);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(loop_run_once(fixture.loop, 1000, NULL), 0);
    }
    loop_stream_close(fixture.other);
    fixture.other = NULL;
    outcome_await(fixture.loop, &written.calls, 1);
    assert_int_equal(written.status, POSTERN_E_CLOSED);
    fixture_close(&fixture);
    test_free(data);
}

static void cancelled_operations_are_forgotten(void **state)
{
    struct fixture fixture = fixture_open();
    struct outcome read = {0, 0, 0}, written = {0, 0, 0};
    unsigned char *data = test_calloc(1, BIG);
    char text[16];
    size_t done;

    (void)state;
    loop_stream_read(fixture.one, text, sizeof(text), outcome_note, &read);
    loop_stream_cancel_read(fixture.one);
    assert_false(loop_stream_reading(fixture.one));
    loop_stream_cancel_read(fixture.one); /* nothing to withdraw is no fault */
    loop_stream_write(fixture.one, data, BIG, outcome_note, &written);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(loop_run_once(fixture.loop, 1000, NULL), 0);
    }
    done = loop_stream_cancel_write(fixture.one);
    assert_true(done > 0 && done < BIG);
    assert_int_equal(loop_stream_cancel_write(fixture.one), 0);
    assert_int_equal(loop_run_once(fixture.loop, 1000, NULL), 0);
    assert_int_equal(read.calls + written.calls, 0);
    /* Both directions are still good. */
    loop_stream_read(fixture.one, text, sizeof(text), outcome_note, &read);
    loop_stream_write(fixture.other, "yes", 3, outcome_note, &written);
    outcome_await(fixture.loop, &read.calls, 1);
    assert_memory_equal(text, "yes", 3);
    fixture_close(&fixture);
    test_free(data);
}

struct closer {
    struct fixture *fixture;
    int calls;
};

static void close_both(void *context, int status, size_t bytes)
{
    struct closer *closer = context;

    (void)status;
    (void)bytes;
    closer->calls++;
    loop_stream_close(closer->fixture->one);
    loop_stream_close(closer->fixture->other);
    closer->fixture->one = closer->fixture->other = NULL;
}

/* Both streams have an event in the same round; the first callback frees both. */
static void callback_may_close_everything(void **state)
{
    struct fixture fixture = fixture_open();
    struct closer closer = {&fixture, 0};
    struct outcome written = {0, 0, 0};
    char text[2][4];

    (void)state;
    loop_stream_write(fixture.one, "a", 1, outcome_note, &written);
    loop_stream_write(fixture.other, "b", 1, outcome_note, &written);
    outcome_await(fixture.loop, &written.calls, 2);
    loop_stream_read(fixture.one, text[0], 4, close_both, &closer);
    loop_stream_read(fixture.other, text[1], 4, close_both, &closer);
    outcome_await(fixture.loop, &closer.calls, 1);
    assert_int_equal(loop_run_once(fixture.loop, 1000, NULL), 0);
    assert_int_equal(closer.calls, 1);
    fixture_close(&fixture);
}

/* Writes and reads for ever, each from its own callback. */
struct chatter {
    struct loop_stream *stream;
    char byte;
    int calls;
};

static void read_on(void *context, int status, size_t bytes)
{
    struct chatter *chatter = context;

    assert_int_equal(status, 0);
    assert_int_equal(bytes, 1);
    chatter->calls++;
    loop_stream_read(chatter->stream, &chatter->byte, 1, read_on, chatter);
}

static void write_on(void *context, int status, size_t bytes)
{
    struct chatter *chatter = context;

    assert_int_equal(status, 0);
    assert_int_equal(bytes, 8);
    chatter->calls++;
    loop_stream_write(chatter->stream, "12345678", 8, write_on, chatter);
}

/* A stream that always has something to do must not hold the loop, nor keep another or a timer from being served. */
static void busy_stream_starves_nobody(void **state)
{
    struct fixture busy = fixture_open();
    struct chatter reader = {busy.other, 0, 0}, writer = {busy.one, 0, 0};
    struct outcome written = {0, 0, 0}, quiet = {0, 0, 0};
    struct loop_stream *one = NULL, *other = NULL;
    struct loop_timer timer = {0};
    os_handle ends[2];
    int fired = 0;
    char text[4];

    (void)state;
    pair_open(&ends[0], &ends[1]);
    assert_int_equal(loop_stream_open(busy.loop, ends[0], LOOP_READ_WRITE, &one, NULL), 0);
    assert_int_equal(loop_stream_open(busy.loop, ends[1], LOOP_READ_WRITE, &other, NULL), 0);
    loop_stream_read(other, text, sizeof(text), outcome_note, &quiet);
    assert_int_equal(loop_run_once(busy.loop, 0, NULL), 0);
    read_on(&reader, 0, 1);
    write_on(&writer, 0, 8);
    for (int round = 0; round < 100; round++) {
        assert_int_equal(loop_run_once(busy.loop, 0, NULL), 0);
    }
    assert_true(reader.calls > 10 && reader.calls <= 102); /* once a round */
    assert_true(loop_timer_start(busy.loop, &timer, 0, outcome_count, &fired));
    loop_stream_write(one, "q", 1, outcome_note, &written);
    for (int round = 0; round < 50; round++) {
        assert_int_equal(loop_run_once(busy.loop, 0, NULL), 0);
    }
    assert_int_equal(fired, 1);
    assert_int_equal(quiet.calls, 1);
    loop_stream_close(one);
    loop_stream_close(other);
    fixture_close(&busy);
}

/* ---- timers ---- */

static void timers_fire_in_order_and_once(void **state)
{
    struct loop *loop = NULL;
    struct loop_timer late = {0}, early = {0}, stopped = {0};
    int fired = 0, never = 0;
    uint64_t start_us = system_now_us();

    (void)state;
    assert_int_equal(loop_create(&loop, NULL), 0);
    assert_true(loop_timer_start(loop, &late, 30000, outcome_count, &fired));
    assert_true(loop_timer_start(loop, &early, 10000, outcome_count, &fired));
    assert_true(loop_timer_start(loop, &stopped, 5000, outcome_count, &never));
    assert_true(loop_timer_running(&stopped));
    loop_timer_stop(&stopped);
    loop_timer_stop(&stopped);
    assert_false(loop_timer_running(&stopped));
    outcome_await(loop, &fired, 1);
    assert_false(loop_timer_running(&early));
    assert_true(system_now_us() - start_us >= 10000);
    outcome_await(loop, &fired, 2);
    assert_true(system_now_us() - start_us >= 30000);
    assert_int_equal(loop_run_once(loop, 1000, NULL), 0);
    assert_int_equal(fired, 2);
    assert_int_equal(never, 0);
    loop_destroy(loop);
}

static void restarted_timer_keeps_the_last_time(void **state)
{
    struct loop *loop = NULL;
    struct loop_timer timer = {0};
    int fired = 0;
    uint64_t start_us = system_now_us();

    (void)state;
    assert_int_equal(loop_create(&loop, NULL), 0);
    assert_true(loop_timer_start(loop, &timer, 1000, outcome_count, &fired));
    assert_true(loop_timer_start(loop, &timer, UINT64_MAX, outcome_count, &fired)); /* never: the clock ends before */
    assert_false(loop_timer_running(&timer));
    assert_int_equal(loop_run_once(loop, 5000, NULL), 0);
    assert_int_equal(fired, 0);
    assert_true(loop_timer_start(loop, &timer, 60 * (uint64_t)SECOND_US, outcome_count, &fired));
    assert_true(loop_timer_start(loop, &timer, 20000, outcome_count, &fired));
    outcome_await(loop, &fired, 1);
    assert_true(system_now_us() - start_us >= 20000);
    loop_destroy(loop);
}

struct repeater {
    struct loop *loop;
    struct loop_timer timer;
    int fired;
};

static void repeat(void *context)
{
    struct repeater *repeater = context;

    repeater->fired++;
    assert_true(loop_timer_start(repeater->loop, &repeater->timer, 0, repeat, repeater));
}

static void timer_without_delay_cannot_hold_the_loop(void **state)
{
    struct repeater repeater = {NULL, {0}, 0};

    (void)state;
    assert_int_equal(loop_create(&repeater.loop, NULL), 0);
    assert_true(loop_timer_start(repeater.loop, &repeater.timer, 0, repeat, &repeater));
    for (int i = 1; i <= 5; i++) {
        outcome_await(repeater.loop, &repeater.fired, i);
    }
    assert_true(repeater.fired >= 5);
    loop_timer_stop(&repeater.timer);
    loop_destroy(repeater.loop);
}

/* A timer that starts another operation on a stream that has had its turn in the same round: it waits for the next
 * round, and that one must not wait for anything else. Reads of bytes that are there make no event that would help. */
struct late_read {
    struct fixture *fixture;
    struct outcome first, second;
    struct loop_timer timer;
    char bytes[2];
};

static void read_late(void *context)
{
    struct late_read *late = context;

    loop_stream_read(late->fixture->other, late->bytes + 1, 1, outcome_note, &late->second);
}

static void start_timer_when_read(void *context, int status, size_t bytes)
{
    struct late_read *late = context;

    outcome_note(&late->first, status, bytes);
    assert_true(loop_timer_start(late->fixture->loop, &late->timer, 0, read_late, late));
}

static void what_a_timer_starts_is_not_forgotten(void **state)
{
    struct fixture fixture = fixture_open();
    struct late_read late = {.fixture = &fixture};
    struct loop_timer limit = {0};
    struct outcome written = {0, 0, 0};
    int too_late = 0;

    (void)state;
    loop_stream_write(fixture.one, "ab", 2, outcome_note, &written);
    outcome_await(fixture.loop, &written.calls, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(loop_run_once(fixture.loop, 0, NULL), 0); /* all events have been seen */
    }
    assert_true(loop_timer_start(fixture.loop, &limit, 5 * SECOND_US, outcome_count, &too_late));
    loop_stream_read(fixture.other, late.bytes, 1, start_timer_when_read, &late);
    while (late.second.calls == 0 && too_late == 0) {
        assert_int_equal(loop_run_once(fixture.loop, -1, NULL), 0);
    }
    assert_int_equal(too_late, 0); /* forgotten until something else woke the loop */
    assert_memory_equal(late.bytes, "ab", 2);
    loop_timer_stop(&limit);
    fixture_close(&fixture);
}

static void run_once_waits_no_longer_than_told(void **state)
{
    struct loop *loop = NULL;
    uint64_t start_us = system_now_us();

    (void)state;
    assert_int_equal(loop_create(&loop, NULL), 0);
    assert_int_equal(loop_run_once(loop, 0, NULL), 0);
    assert_true(system_now_us() - start_us < (uint64_t)SECOND_US);
    assert_int_equal(loop_run_once(loop, 20000, NULL), 0);
    assert_true(system_now_us() - start_us >= 20000);
    loop_destroy(loop);
}

/* ---- from outside ---- */

static void wake_ends_the_next_wait_once(void **state)
{
    struct loop *loop = NULL;
    uint64_t start_us;

    (void)state;
    assert_int_equal(loop_create(&loop, NULL), 0);
    for (int i = 0; i < 3; i++) {
        loop_wake(loop);
        loop_wake(loop);
        assert_int_equal(loop_run_once(loop, -1, NULL), 0); /* would wait for ever */
        start_us = system_now_us();
        assert_int_equal(loop_run_once(loop, 10000, NULL), 0);
        assert_true(system_now_us() - start_us >= 10000); /* used up */
    }
    loop_destroy(loop);
}

/* Runs the loop without waiting until the handle is quiet. */
static void settle(struct loop *loop, os_handle handle)
{
    for (int i = 0; i < 20 && pair_wait(handle, 5); i++) {
        assert_int_equal(loop_run_once(loop, 0, NULL), 0);
    }
    assert_false(pair_wait(handle, 0));
}

static void pollable_tells_of_everything(void **state)
{
    struct fixture fixture = fixture_open();
    struct outcome read = {0, 0, 0}, written = {0, 0, 0};
    struct loop_timer timer = {0}, later = {0};
    os_handle handle = loop_pollable(fixture.loop, NULL);
    int fired = 0;
    char text[4];

    (void)state;
    assert_true(handle != OS_HANDLE_NONE);
    assert_true(loop_pollable(fixture.loop, NULL) == handle);
    settle(fixture.loop, handle);

    loop_wake(fixture.loop);
    assert_true(pair_wait(handle, 5000));
    settle(fixture.loop, handle);

    /* An operation that can be done at once, and data that comes. */
    loop_stream_write(fixture.one, "abcdef", 6, outcome_note, &written);
    assert_true(pair_wait(handle, 5000));
    settle(fixture.loop, handle);
    assert_int_equal(written.calls, 1);
    loop_stream_read(fixture.other, text, sizeof(text), outcome_note, &read);
    assert_true(pair_wait(handle, 5000));
    settle(fixture.loop, handle);
    assert_int_equal(read.bytes, 4);
    /* What is left over of it comes without a new event. */
    loop_stream_read(fixture.other, text, sizeof(text), outcome_note, &read);
    assert_true(pair_wait(handle, 5000));
    settle(fixture.loop, handle);
    assert_int_equal(read.calls, 2);

    /* Timers, also one that becomes the first one. */
    assert_true(loop_timer_start(fixture.loop, &later, 60 * (uint64_t)SECOND_US, outcome_count, &fired));
    assert_false(pair_wait(handle, 5));
    assert_true(loop_timer_start(fixture.loop, &timer, 10000, outcome_count, &fired));
    for (int i = 0; i < 20 && fired == 0; i++) {
        assert_true(pair_wait(handle, 5000));
        assert_int_equal(loop_run_once(fixture.loop, 0, NULL), 0);
    }
    assert_int_equal(fired, 1);
    loop_timer_stop(&later);
    settle(fixture.loop, handle);
    fixture_close(&fixture);
}

/* The owner polls and calls loop_run_once(0) only when told: nothing may get stuck on the way. */
static void a_whole_transfer_by_polling(void **state)
{
    struct fixture fixture = fixture_open();
    os_handle handle = loop_pollable(fixture.loop, NULL);
    struct outcome written = {0, 0, 0};
    unsigned char *data = test_malloc(BIG);
    struct drain *drain = test_calloc(1, sizeof(*drain));

    (void)state;
    for (size_t i = 0; i < BIG; i++) {
        data[i] = (unsigned char)(i % 251);
    }
    drain->stream = fixture.other;
    loop_stream_read(drain->stream, drain->chunk, sizeof(drain->chunk), drain_some, drain);
    loop_stream_write(fixture.one, data, BIG, outcome_note, &written);
    while (drain->total < BIG) {
        assert_true(pair_wait(handle, 10000));
        assert_int_equal(loop_run_once(fixture.loop, 0, NULL), 0);
    }
    assert_false(drain->wrong);
    fixture_close(&fixture);
    test_free(drain);
    test_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_cross_in_both_directions),
        cmocka_unit_test(finds_what_came_before_the_read),
        cmocka_unit_test(a_read_that_is_over_can_be_told),
        cmocka_unit_test(more_than_fits_is_written_whole_and_in_order),
        cmocka_unit_test(end_of_file_follows_the_data),
        cmocka_unit_test(peer_gone_with_unread_data_is_an_end),
        cmocka_unit_test(writing_to_nobody_is_closed),
        cmocka_unit_test(blocked_write_ends_when_the_reader_goes),
        cmocka_unit_test(cancelled_operations_are_forgotten),
        cmocka_unit_test(callback_may_close_everything),
        cmocka_unit_test(busy_stream_starves_nobody),
        cmocka_unit_test(timers_fire_in_order_and_once),
        cmocka_unit_test(restarted_timer_keeps_the_last_time),
        cmocka_unit_test(timer_without_delay_cannot_hold_the_loop),
        cmocka_unit_test(what_a_timer_starts_is_not_forgotten),
        cmocka_unit_test(run_once_waits_no_longer_than_told),
        cmocka_unit_test(wake_ends_the_next_wait_once),
        cmocka_unit_test(pollable_tells_of_everything),
        cmocka_unit_test(a_whole_transfer_by_polling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
