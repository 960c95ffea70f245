/*
 * outcome.h - what callbacks of a loop have told, and running the loop until they have; for tests of shared/loop.h.
 */
#ifndef POSTERN_TESTS_SUPPORT_OUTCOME_H
#define POSTERN_TESTS_SUPPORT_OUTCOME_H

#include "shared/loop.h"

struct outcome {
    int calls;
    int status; /* of the last call */
    size_t bytes;
};

/* Callbacks: of reads and writes, with a struct outcome; of timers and waits, with an int that counts. */
void outcome_note(void *context, int status, size_t bytes);
void outcome_count(void *context);

/* Runs the loop until *counter has reached `target`; fails the test after ten seconds. */
void outcome_await(struct loop *loop, const int *counter, int target);

#endif
