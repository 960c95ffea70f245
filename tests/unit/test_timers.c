/*
 * shared/timers.c: the heap of running timers.
 */
#include "tests/support/test.h"

#include <string.h>

#include "shared/timers.h"

#define COUNT 200

static void empty_heap(void **state)
{
    struct timers timers = {NULL, 0, 0};
    struct loop_timer timer = {0};

    (void)state;
    assert_true(timers_next(&timers, 0) == -1);
    assert_null(timers_pop(&timers, UINT64_MAX));
    timers_remove(&timers, &timer); /* one that does not run */
    timers_free(&timers);
}

static void says_when_the_next_is_due(void **state)
{
    struct timers timers = {NULL, 0, 0};
    struct loop_timer late = {.at_us = 500}, early = {.at_us = 100}, never = {.at_us = UINT64_MAX};

    (void)state;
    assert_true(timers_add(&timers, &never));
    assert_true(timers_next(&timers, 0) == INT64_MAX); /* the wait does not fit, and must not turn negative */
    assert_true(timers_next(&timers, UINT64_MAX - 5) == 5);
    assert_null(timers_pop(&timers, UINT64_MAX - 1));
    assert_true(timers_add(&timers, &late));
    assert_true(timers_next(&timers, 100) == 400);
    assert_true(timers_add(&timers, &early));
    assert_true(timers_next(&timers, 0) == 100);
    assert_true(timers_next(&timers, 99) == 1);
    assert_true(timers_next(&timers, 100) == 0);
    assert_true(timers_next(&timers, 1000) == 0);
    assert_null(timers_pop(&timers, 99));
    assert_ptr_equal(timers_pop(&timers, 100), &early);
    assert_int_equal(early.position, 0);
    assert_null(timers_pop(&timers, 100));
    timers_free(&timers);
    assert_int_equal(late.position, 0);
    assert_int_equal(never.position, 0);
}

static void check_heap(const struct timers *timers)
{
    for (size_t i = 1; i <= timers->count; i++) {
        assert_int_equal(timers->heap[i]->position, i);
        if (i > 1) {
            assert_true(timers->heap[i / 2]->at_us <= timers->heap[i]->at_us);
        }
    }
}

/* Adds and removes by a fixed sequence, with many equal times; what is left comes out in order, each once. */
static void keeps_order_under_removals(void **state)
{
    struct timers timers = {NULL, 0, 0};
    struct loop_timer timer[COUNT];
    uint32_t random = 7;
    size_t running = 0;
    uint64_t last = 0;

    (void)state;
    memset(timer, 0, sizeof(timer));
    for (unsigned step = 0; step < 5000; step++) {
        struct loop_timer *chosen;

        random = random * 1664525u + 1013904223u;
        chosen = &timer[(random >> 8) % COUNT];
        if (chosen->position != 0) {
            timers_remove(&timers, chosen);
            running--;
        } else {
            chosen->at_us = (random >> 16) % 50;
            assert_true(timers_add(&timers, chosen));
            running++;
        }
        assert_int_equal(timers.count, running);
        check_heap(&timers);
    }
    assert_true(running > 10);
    for (; running > 0; running--) {
        struct loop_timer *first = timers_pop(&timers, 50);

        assert_non_null(first);
        assert_true(first->at_us >= last);
        last = first->at_us;
        check_heap(&timers);
    }
    assert_null(timers_pop(&timers, UINT64_MAX));
    timers_free(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_heap),
        cmocka_unit_test(says_when_the_next_is_due),
        cmocka_unit_test(keeps_order_under_removals),
    };

    return cmocka_run_group_tests_name("timers", tests, NULL, NULL);
}
