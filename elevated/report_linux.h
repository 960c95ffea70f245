/*
 * report_linux.h - what the keeper is given and what it tells: the numbers of its descriptors, and the messages on its
 * status socket. Used by both ends: launch_linux.c (parent) and keeper_main_linux.c (keeper).
 *
 * The parent sends one byte when the plan is complete; the keeper does nothing before. It sends another when it has
 * checked the runner, which it does while the keeper takes the steps of the plan; the runner is not executed before.
 * Anything it sends later, and the end of the stream, means "end".
 *
 * The keeper sends STARTED from the process that becomes the runner, as its last act before the exec, so that the
 * kernel stamps the message with the runner's process id as the parent numbers it. After that ENDED, or nothing when
 * the keeper itself was killed. FAILED can come at any time up to the exec, also after STARTED.
 */
#ifndef POSTERN_ELEVATED_REPORT_LINUX_H
#define POSTERN_ELEVATED_REPORT_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/error.h"

/* Descriptors of the keeper besides the null device at 0, 1 and 2. From KEEPER_FD_OPTIONAL: the log, if
 * plan_header.has_log; plan_header.group_count files through which the runner is moved into its control groups; then
 * what is only held and lives as long as the keeper: the guard of those groups, the lock of the sandbox user. */
enum {
    KEEPER_FD_STATUS = 3,
    KEEPER_FD_PLAN = 4,
    KEEPER_FD_PARENT = 5,    /* pidfd: readable when the parent is gone, whichever of its threads started us */
    KEEPER_FD_RUNNER = 6,    /* the file to execute */
    KEEPER_FD_ENDPOINT = 7,  /* for the runner */
    KEEPER_FD_BOOTSTRAP = 8, /* for the runner */
    KEEPER_FD_OPTIONAL = 9
};

enum report_kind { REPORT_NONE = 0, REPORT_STARTED = 1, REPORT_FAILED = 2, REPORT_ENDED = 3 };

/* Where a failure happened, for those that are no steps of the plan. Above all enum plan_operation. */
enum report_phase {
    REPORT_PHASE_PLAN = 1000,     /* reading the plan */
    REPORT_PHASE_IDENTITY = 1001, /* dropping privileges and making sure of it */
    REPORT_PHASE_START = 1002,    /* starting the runner */
    REPORT_PHASE_WATCH = 1003,
    REPORT_PHASE_GROUP = 1004 /* moving the runner into its control groups */
};

#define REPORT_CALL_SIZE 32
#define REPORT_ITEM_SIZE 320
#define REPORT_SIZE (16 + REPORT_CALL_SIZE + REPORT_ITEM_SIZE)

struct report {
    enum report_kind kind;
    uint32_t where;  /* FAILED: enum plan_operation or report_phase */
    int os_error;    /* FAILED; 0 when no call failed */
    int wait_status; /* ENDED: of the runner, as waitpid(2) gives it */
    char call[REPORT_CALL_SIZE];
    char item[REPORT_ITEM_SIZE]; /* path or the like, cut */
};

void report_encode(const struct report *report, unsigned char out[REPORT_SIZE]);
bool report_decode(const void *data, size_t size, struct report *out);

/* A FAILED or ENDED report as an error for people: cause and remedy. Parent only. */
int report_to_error(const struct report *report, struct postern_error *error);

#endif
