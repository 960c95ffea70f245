/*
 * doctor_level.h - what the files share that check one level: doctor_checks.c (commands, and what they leave behind)
 * and doctor_denials.c (what must not be possible). Parent side, on the public API.
 *
 * Whatever must be refused inside is first done outside, or beside it where it is allowed: a check whose control fails
 * says nothing and is reported so.
 */
#ifndef POSTERN_CLI_DOCTOR_LEVEL_H
#define POSTERN_CLI_DOCTOR_LEVEL_H

#include "cli/doctor.h"

#define DOCTOR_SECRET_NAME "POSTERN_DOCTOR_SECRET"
#define DOCTOR_SEE_LOG                                                                                                 \
    "run it again with --level and look at what else has failed; report it with `postern probe --json`"
#define DOCTOR_REPORT_IT "the sandbox does not hold: do not use this level, and report it with `postern probe --json`"

/* A level while it is looked at. */
struct doctor {
    struct doctor_table *table;
    struct doctor_watch *watch;
    enum postern_level level;
    struct doctor_scratch scratch;
    struct postern_sandbox *sandbox;
    const char *network; /* why it cannot be blocked at this level; NULL: it can */
    const char *program; /* what commands execute: scratch.program, or ours */
    char *ours;
    uint64_t leaked;        /* number of a descriptor that could be inherited */
    uint32_t runner_pid[2]; /* of the sandboxes so far */
    char temporary[512];    /* the sandbox's, if it has one that can be seen from here */
};

/* ---- doctor_checks.c ---- */

bool doctor_is_confined(const struct doctor *doctor);

/* A sandbox of the level; `denying`: with a rule that denies scratch.secret. */
int doctor_open_sandbox(struct doctor *doctor, bool denying, struct postern_sandbox **out, struct postern_error *error);

/* Runs a step; a failure to do so is the check's. false: there is nothing more to say about the check. */
bool doctor_run(struct doctor *doctor, struct postern_sandbox *sandbox, const char *check,
                const struct doctor_step *step, struct doctor_outcome *out);

bool doctor_exited(const struct doctor_outcome *out, int status);

/* "exit status 1: the first line of its output" */
void doctor_fail_outcome(struct doctor *doctor, const char *check, const char *action, const char *what,
                         const struct doctor_outcome *out);

/* ---- doctor_denials.c ---- */

void doctor_check_denials(struct doctor *doctor);

#endif
