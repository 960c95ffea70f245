/*
 * pair.h - two connected ends of a byte stream for the tests of the loop: a socketpair (pair_linux.c) or the two ends
 * of a named pipe opened for overlapped use (pair_win32.c). Failures end the test.
 */
#ifndef POSTERN_TESTS_SUPPORT_PAIR_H
#define POSTERN_TESTS_SUPPORT_PAIR_H

#include "shared/handle.h"

#include <stdbool.h>

/* Both ends are fit for loop_stream_open(LOOP_READ_WRITE); the caller closes them. */
void pair_open(os_handle *one, os_handle *other);

/* Whether the handle (a descriptor polled for reading, an event) is signalled within `timeout_ms`. */
bool pair_wait(os_handle handle, int timeout_ms);

#endif
