/*
 * log.h - an append-only log file, one line an event. Both sides. Secrets, environment values and the bytes of streams
 * are never logged. A NULL log swallows everything. Not thread-safe.
 */
#ifndef POSTERN_SHARED_LOG_H
#define POSTERN_SHARED_LOG_H

#include "shared/error.h"
#include "shared/handle.h"

struct log;

/* Opens for appending, created with mode 0600, never through a symbolic link in the last component, not inherited. */
int log_open(const char *path, const char *who, struct log **out, struct postern_error *error);

/* The same for a file that somebody else has opened for appending, as the runner's. Takes the handle on success. */
int log_adopt(os_handle *handle, const char *who, struct log **out, struct postern_error *error);

void log_close(struct log *log); /* NULL allowed */

/* "2026-01-02T03:04:05.678Z who[pid]: text"; control characters are escaped. Written with one call, so that lines of
 * several processes do not mix. */
void log_line(struct log *log, const char *format, ...) COMPILER_PRINTF(2, 3);

/* "2026-01-02T03:04:05.678Z" of milliseconds since 1970-01-01 UTC. */
void log_format_time(int64_t unix_ms, char *text, size_t size);

#endif
