/*
 * host_resources_win32.h - what a process holds of the system's, for tests and benchmarks that show that it does not
 * grow.
 */
#ifndef POSTERN_TESTS_SUPPORT_HOST_RESOURCES_WIN32_H
#define POSTERN_TESTS_SUPPORT_HOST_RESOURCES_WIN32_H

#include <stdint.h>

/* How many handles and threads a process has, our own or one that we may ask about. 0: it could not be found out. */
uint32_t host_handles_of(uint32_t pid);
uint32_t host_threads_of(uint32_t pid);

#endif
