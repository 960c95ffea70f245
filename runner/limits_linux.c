/*
 * limits_linux.c - see the header. Runs in the runner; reapers, its forks, read what it has noted down.
 */
#include "runner/limits_linux.h"

#include <assert.h>
#include <errno.h>

static const char STAGE[] = "confine";

static struct process_limit commands[3]; /* memory, processor time, file size */
static size_t command_count;

static rlim_t stricter(rlim_t a, rlim_t b)
{
    return a < b ? a : b; /* RLIM_INFINITY is the largest */
}

/* What is stricter already stays; without privileges a hard limit could not be raised anyway. */
static int narrow(int resource, rlim_t soft, rlim_t hard, struct rlimit *out, struct postern_error *error)
{
    if (getrlimit((__rlimit_resource_t)resource, out) != 0)
        return error_os(error, POSTERN_E_CONFINE, STAGE, "getrlimit", errno, "resource %d", resource);
    out->rlim_max = stricter(out->rlim_max, hard);
    out->rlim_cur = stricter(stricter(out->rlim_cur, soft), out->rlim_max);
    return POSTERN_OK;
}

static int limit_all(int resource, rlim_t value, bool exactly, struct postern_error *error)
{
    struct rlimit limit;
    int result = narrow(resource, value, value, &limit, error);
    if (exactly)
        limit.rlim_cur = limit.rlim_max;
    if (result == POSTERN_OK && setrlimit((__rlimit_resource_t)resource, &limit) != 0)
        result = error_os(error, POSTERN_E_CONFINE, STAGE, "setrlimit", errno, "resource %d", resource);
    return result;
}

static int limit_commands(int resource, rlim_t soft, rlim_t hard, struct postern_error *error)
{
    struct process_limit *limit = NULL;
    for (size_t i = 0; i < command_count; i++) {
        if (commands[i].resource == resource)
            limit = &commands[i];
    }
    if (limit) { /* named twice: the stricter one */
        limit->value.rlim_max = stricter(limit->value.rlim_max, hard);
        limit->value.rlim_cur = stricter(limit->value.rlim_cur, soft);
        return POSTERN_OK;
    }
    assert(command_count < sizeof(commands) / sizeof(commands[0]));
    limit = &commands[command_count];
    limit->resource = resource;
    int result = narrow(resource, soft, hard, &limit->value, error);
    if (result == POSTERN_OK)
        command_count++;
    return result;
}

/* The kernel counts whole seconds. SIGXCPU when they are used up, so that a program can tidy; a second later the end.
 */
static int limit_cpu(uint64_t milliseconds, struct postern_error *error)
{
    rlim_t seconds = milliseconds / 1000 + (milliseconds % 1000 != 0);
    return limit_commands(RLIMIT_CPU, seconds, seconds + 1, error);
}

bool limits_know(enum enforce_mechanism mechanism)
{
    return mechanism == ENFORCE_RLIMIT_MEMORY || mechanism == ENFORCE_RLIMIT_PROCESSES ||
           mechanism == ENFORCE_RLIMIT_CPU || mechanism == ENFORCE_RLIMIT_FILE_SIZE || mechanism == ENFORCE_NO_CORE;
}

int limits_take(const struct enforce_step *step, struct postern_error *error)
{
    switch (step->mechanism) {
    case ENFORCE_RLIMIT_MEMORY:
        /* what a program allocates; RLIMIT_AS would count what it only reserves, which many do lavishly */
        return limit_commands(RLIMIT_DATA, step->number, step->number, error);
    case ENFORCE_RLIMIT_CPU:
        return limit_cpu(step->number, error);
    case ENFORCE_RLIMIT_FILE_SIZE:
        return limit_commands(RLIMIT_FSIZE, step->number, step->number, error);
    case ENFORCE_RLIMIT_PROCESSES:
        return limit_all(RLIMIT_NPROC, step->number, false, error);
    case ENFORCE_NO_CORE:
        /* A core file would hold the command's secrets. One byte and not zero: too little for a file just as well, and
         * the only value at which the kernel does not start the host's core_pattern program either. */
        return limit_all(RLIMIT_CORE, 1, true, error);
    default:
        return error_set(error, POSTERN_E_INTERNAL, STAGE, "", "%s is no limit", enforce_info(step->mechanism)->id);
    }
}

const struct process_limit *limits_of_commands(size_t *count)
{
    *count = command_count;
    return commands;
}
