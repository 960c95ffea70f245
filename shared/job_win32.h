/*
 * job_win32.h - job objects: a process tree that ends together. Callers: elevated/launch_win32.c for the runner with
 * all its commands, runner/command_win32.c for one command.
 */
#ifndef POSTERN_SHARED_JOB_WIN32_H
#define POSTERN_SHARED_JOB_WIN32_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/error.h"
#include "shared/handle.h"

struct job_usage {
    uint64_t user_us, system_us; /* of every process that was ever in the job */
    uint64_t peak_memory;        /* of all of them together; 0: unknown */
    uint32_t active;             /* processes in it now */
};

/* 0: no limit. */
struct job_limits {
    uint64_t memory;    /* bytes that all of its processes together may commit; beyond, allocating fails */
    uint64_t processes; /* at once; beyond, starting one fails */
};

/* A job whose processes are killed when its last handle is closed, also when that is because we were killed: so the
 * handle must not be inherited by anybody, and is not. No process can leave the job. `limits`: NULL: none. */
int job_create(const struct job_limits *limits, os_handle *out, struct postern_error *error);

/* Messages about the job go to a completion port from now on. They may get lost under memory pressure. */
int job_notify(os_handle job, os_handle port, uintptr_t key, struct postern_error *error);

/* false: the system did not tell. */
bool job_get_usage(os_handle job, struct job_usage *out);

/* All processes of the job at once, and what they have started. */
void job_kill(os_handle job);

/* Kills and waits until no process is left, at most `timeout_ms`. false: some are. */
bool job_end(os_handle job, uint32_t timeout_ms);

#endif
