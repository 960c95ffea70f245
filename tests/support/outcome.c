/*
 * outcome.c - see outcome.h.
 */
#include "tests/support/outcome.h"
#include "tests/support/test.h"

#include "shared/system.h"

void outcome_note(void *context, int status, size_t bytes)
{
    struct outcome *outcome = context;
    outcome->calls++;
    outcome->status = status;
    outcome->bytes = bytes;
}

void outcome_count(void *context)
{
    ++*(int *)context;
}

void outcome_await(struct loop *loop, const int *counter, int target)
{
    enum { SECOND_US = 1000000 };
    uint64_t end_us = system_now_us() + 10 * (uint64_t)SECOND_US;
    while (*counter < target) {
        assert_true(system_now_us() < end_us);
        assert_int_equal(loop_run_once(loop, SECOND_US, NULL), 0);
    }
}
