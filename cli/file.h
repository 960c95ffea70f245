/*
 * file.h - opening what was named on the command line. file_linux.c, file_win32.c. Callers: policy_options.c,
 * doctor_*.c. Parent side, with the caller's own rights.
 */
#ifndef POSTERN_CLI_FILE_H
#define POSTERN_CLI_FILE_H

#include <stdint.h>
#include <stdio.h>

/* For reading, made anew for writing, or for writing at its end; binary, not inherited. NULL on failure, with the
 * system's error number in *os_error. Caller closes with fclose(). */
FILE *file_open(const char *path, int64_t *os_error);
FILE *file_create(const char *path, int64_t *os_error);
FILE *file_append(const char *path, int64_t *os_error);

#endif
