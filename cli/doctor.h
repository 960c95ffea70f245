/*
 * doctor.h - what the files of `postern doctor` share. doctor.c: the verb; doctor_checks.c and doctor_denials.c: what
 * is checked at a level; doctor_session.c: one command; doctor_scratch.c: the files it is about; doctor_step.c: the
 * command's side. Parent side, but for the last.
 */
#ifndef POSTERN_CLI_DOCTOR_H
#define POSTERN_CLI_DOCTOR_H

#include "cli/console.h"
#include "cli/doctor_table.h"
#include "postern.h"
#include "shared/handle.h"

/* ---- doctor_scratch.c ---- */

/* A directory that is granted for reading, with these in it. Absolute paths, allocated. */
struct doctor_scratch {
    char *base;
    char *work;    /* the workspace */
    char *program; /* a copy of this program in it: what commands are, as ours may lie where they cannot go */
    char *inside;  /* a file in it */
    char *lock;    /* another */
    char *open;    /* a directory that everybody may write, but no rule grants it */
    char *outside; /* a file in it */
    char *secret;  /* a file that one check denies by a rule */
    char *apart;   /* another directory, not granted */
    char *own;     /* a file in it for the caller only */
    char *leaked;  /* a file in it that is held open and could be inherited */
};
/* On failure what was made is gone again. */
int doctor_scratch_make(struct doctor_scratch *scratch, struct postern_error *error);
/* Removes it all; false: something else is in there, or it cannot be removed. Frees. */
bool doctor_scratch_remove(struct doctor_scratch *scratch);

/* What every file holds at the start. */
#define DOCTOR_CONTENT "untouched\n"
#define DOCTOR_WRITTEN "written\n"
/* Whether the file holds exactly this. */
bool doctor_scratch_holds(const char *path, const char *text);

/* ---- doctor_session.c ---- */

/* One command: `words` behind "doctor-step". */
struct doctor_step {
    const char *const *words; /* NULL-terminated */
    const char *input;        /* written to stdin, which is then closed; NULL: stdin stays open and empty */
    bool tty;
    uint64_t timeout;  /* of the command; 0: none */
    const char *until; /* when the output holds this, `then` is called, once; NULL: never */
    void (*then)(struct postern_session *session, void *context);
    void *context;
};
struct doctor_outcome {
    struct postern_result result;
    char output[1024]; /* the first part of stdout, or of stderr if there was none; without line ends at its end */
    bool reached;      /* `until` has come */
};
/* Runs it to its end, which is waited for with a limit. Errors: it could not be started, or did not end. */
int doctor_session_run(struct postern_sandbox *sandbox, const char *program, const struct doctor_step *step,
                       struct doctor_outcome *out, struct postern_error *error);

/* ---- doctor_step.c ---- */

/* Exit statuses of steps that try something. */
enum { STEP_WORKED = 0, STEP_DENIED = 40, STEP_INTERRUPTED = 41, STEP_BROKEN = 42 };

/* ---- doctor.c ---- */

/* Signals that would end us are noticed between two checks, so that what was made for them is removed. */
struct doctor_watch {
    struct console *console; /* NULL: they could not be caught, and end us */
    int signal;              /* that came; 0: none */
};
bool doctor_was_stopped(struct doctor_watch *watch);

/* ---- doctor_checks.c ---- */

/* All checks at a level that is offered; `network` says why it cannot be blocked there, NULL: it can. Returns whether
 * none has failed. */
bool doctor_check_level(struct doctor_table *table, struct doctor_watch *watch, enum postern_level level,
                        const char *network);
/* Rows for all of them that say why there is no more. */
void doctor_skip_level(struct doctor_table *table);

/* ---- doctor_codes.c ---- */

int doctor_tell_codes(bool json, struct postern_error *error);

#endif
