/*
 * log_file.h - the platform's part of log.c: log_linux.c, log_win32.c. Private to shared/log*.c.
 */
#ifndef POSTERN_SHARED_LOG_FILE_H
#define POSTERN_SHARED_LOG_FILE_H

#include "shared/error.h"
#include "shared/handle.h"

/* Opens as log_open() says. */
int log_file_open(const char *path, os_handle *out, struct postern_error *error);

/* Makes sure that children do not inherit the handle. */
void log_file_keep(os_handle file);

/* Appends with one call; a failure is nobody's business. Keeps errno / last error. */
void log_file_write(os_handle file, const char *line, size_t size);

/* Milliseconds since 1970-01-01 UTC. */
int64_t log_file_time(void);

#endif
