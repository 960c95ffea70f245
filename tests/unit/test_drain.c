/*
 * shared/drain.h: the clocks of trailing output run out, but never over what a reader was kept from taking.
 */
#include "shared/drain.h"

#include "tests/support/host.h"
#include "tests/support/test.h"

#define NEVER_MS 600000u

struct fixture {
    struct loop *loop;
    struct drain drain;
    bool holds, unread;
    int asked, over; /* how often */
};

static bool held_back(void *context)
{
    struct fixture *fixture = context;
    fixture->asked++;
    return fixture->holds;
}

static bool unread(void *context)
{
    return ((struct fixture *)context)->unread;
}

static void over(void *context)
{
    ((struct fixture *)context)->over++;
}

static void open_fixture(struct fixture *fixture, uint32_t idle_ms, uint32_t limit_ms)
{
    *fixture = (struct fixture){0};
    assert_int_equal(loop_create(&fixture->loop, NULL), 0);
    drain_init(&fixture->drain, fixture->loop, idle_ms, limit_ms);
    fixture->drain.held_back = held_back;
    fixture->drain.unread = unread;
    fixture->drain.over = over;
    fixture->drain.context = fixture;
}

static void close_fixture(struct fixture *fixture)
{
    drain_stop(&fixture->drain);
    loop_destroy(fixture->loop);
}

static void run_until(struct fixture *fixture, const int *count, int least)
{
    for (int i = 0; i < 10000 && *count < least; i++)
        assert_int_equal(loop_run_once(fixture->loop, 100000, NULL), 0);
    assert_true(*count >= least);
}

static void either_clock_ends_it_once(void **state)
{
    static const uint32_t times[][2] = {{1, NEVER_MS}, {NEVER_MS, 1}, {1, 1}};
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct fixture fixture;
        open_fixture(&fixture, times[i][0], times[i][1]);
        drain_start(&fixture.drain);
        run_until(&fixture, &fixture.over, 1);
        assert_int_equal(loop_run_once(fixture.loop, 10000, NULL), 0);
        assert_int_equal(fixture.over, 1);
        assert_false(loop_timer_running(&fixture.drain.idle) || loop_timer_running(&fixture.drain.limit));
        close_fixture(&fixture);
    }
}

static void they_stand_still_while_the_reader_is_held_back(void **state)
{
    static const uint32_t times[][2] = {{1, NEVER_MS}, {NEVER_MS, 1}};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct fixture fixture;
        open_fixture(&fixture, times[i][0], times[i][1]);
        fixture.holds = true;
        drain_start(&fixture.drain);
        run_until(&fixture, &fixture.asked, 5);
        assert_int_equal(fixture.over, 0);
        fixture.holds = false;
        run_until(&fixture, &fixture.over, 1);
        close_fixture(&fixture);
    }
}

/* What came while nobody ran the loop counts as if it had been seen in time. */
static void they_stand_still_while_nobody_looks(void **state)
{
    static const uint32_t times[][2] = {{1, NEVER_MS}, {NEVER_MS, 1}};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct fixture fixture;
        open_fixture(&fixture, times[i][0], times[i][1]);
        fixture.unread = true;
        drain_start(&fixture.drain);
        host_sleep(300);
        run_until(&fixture, &fixture.asked, 1);
        assert_int_equal(fixture.over, 0);
        fixture.unread = false;
        run_until(&fixture, &fixture.over, 1);
        close_fixture(&fixture);
    }
}

/* It would otherwise never end: there is always something to read. */
static void the_limit_ends_a_writer_that_does_not_stop(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 1, 5);
    fixture.unread = true;
    drain_start(&fixture.drain);
    run_until(&fixture, &fixture.over, 1);
    close_fixture(&fixture);
}

static void the_last_clock_is_the_limit(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture, 1, NEVER_MS);
    drain_start_last(&fixture.drain);
    drain_moved(&fixture.drain); /* starts nothing that was not running */
    assert_false(loop_timer_running(&fixture.drain.idle));
    assert_true(loop_timer_running(&fixture.drain.limit));
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(either_clock_ends_it_once),
        cmocka_unit_test(they_stand_still_while_the_reader_is_held_back),
        cmocka_unit_test(they_stand_still_while_nobody_looks),
        cmocka_unit_test(the_limit_ends_a_writer_that_does_not_stop),
        cmocka_unit_test(the_last_clock_is_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
