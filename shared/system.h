/*
 * system.h - small questions to the system, with one answer a platform. Both sides.
 */
#ifndef POSTERN_SHARED_SYSTEM_H
#define POSTERN_SHARED_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

/* Microseconds on a clock that only goes forward. */
uint64_t system_now_us(void);

uint32_t system_process_id(void);

/* Whether the environment is the word of whoever's rights this process has: not in a program that got more by being
 * executed, as set-user-id programs do. */
bool system_trusts_environment(void);

/* The file of the running program. Allocated; NULL on failure. */
char *system_program_path(void);

/* Directory of the running program, or of the shared library postern is in. Allocated; NULL on failure. */
char *system_program_directory(void);

/* Current directory, absolute; allocated; NULL on failure. */
char *system_current_directory(void);

/* Absolute form of `path` with "." and ".." resolved as the system does; it must exist. Allocated; NULL on failure,
 * with the system's error number in *os_error. */
char *system_absolute_path(const char *path, int64_t *os_error);

/* As the system understands paths; looks at the text only. */
bool system_path_is_absolute(const char *path);

#endif
