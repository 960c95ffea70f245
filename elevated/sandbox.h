/*
 * sandbox.h - what the files of the parent share about a sandbox and its sessions. Private to elevated/.
 *
 * sandbox.c owns the runner, the channel and the list of sessions; session.c owns one session, session_streams.c
 * its bytes, session_late.c its clock; what comes from the runner enters through sandbox.c's channel callbacks and is
 * handed to session_on_*() after the table in ipc/frame.c has let it pass.
 */
#ifndef POSTERN_ELEVATED_SANDBOX_H
#define POSTERN_ELEVATED_SANDBOX_H

#include "elevated/direct.h"
#include "elevated/launch.h"
#include "ipc/channel.h"
#include "ipc/message.h"
#include "shared/loop.h"
#include "shared/numbered.h"

#include <stdatomic.h>

struct postern_sandbox {
    struct loop *loop;
    struct launch *launch;
    struct loop_wait *runner_wait;
    struct channel *channel;
    struct log *log;
    unsigned char key[CRYPTO_KEY_SIZE];

    bool ready;                   /* HELLO has come */
    struct postern_error failure; /* code != 0: the sandbox is dead, and why */
    bool runner_gone;
    struct postern_error channel_end; /* how the connection ended, while the runner is waited for */
    struct loop_timer end_timer;

    enum postern_level level;
    uint32_t start_timeout; /* milliseconds for the runner to start, and for a command */
    atomic_bool woken;      /* by postern_sandbox_wake(), until a wait has ended for it */
    uint32_t runner_pid;
    struct strings in_force;
    char *cuts;                 /* what ceilings took away, as JSON */
    struct strings unprotected; /* what would be protected if it had existed when the sandbox was opened */
    uint64_t frames;            /* received so far */

    struct numbered sessions; /* struct postern_session, by id; owned */
    uint32_t next_id;
    size_t next_news; /* where postern_sandbox_next_session() goes on */
};

/* One output stream as the parent sees it. */
struct received {
    struct buffer bytes; /* limit: the window */
    uint32_t owed;       /* read by the caller, credit not yet returned */
    uint32_t granted;    /* what the runner may still send */
    bool ended;
};

/* The parent's own clock for a session that its runner has to end. */
struct session_late {
    uint64_t timeout_ms;     /* timeout and grace, from the start; 0: none */
    uint32_t drain_limit_ms; /* what the runner may take longer for the output */
    struct loop_timer timer; /* running: the session has to end */
    uint64_t frames_seen;    /* of the sandbox, when the timer fired last */
    unsigned times;          /* how often it has */
};

enum session_phase { SESSION_STARTING, SESSION_RUNNING, SESSION_ENDED };

struct postern_session {
    struct postern_sandbox *sandbox;
    uint32_t id;
    enum session_phase phase;
    bool spurned;  /* ended because the runner sent bad content: for the runner it runs on until its EXIT */
    bool released; /* by the caller, before its end */
    bool has_result;
    uint32_t pid;
    bool tty;
    struct received stream[2]; /* by enum postern_stream */
    uint32_t stdin_credit;
    bool stdin_closed;
    struct direct_streams *direct; /* where the streams are ours; NULL: they are framed */
    struct session_late late;
    unsigned reported; /* events last seen by postern_sandbox_next_session() */
    struct postern_result result;
    struct postern_error failure; /* code != 0: what wait() returns instead of a result */
};

/* ---- session.c, called by sandbox.c ---- */

/* A legal frame of the runner for this session. Bad content ends the session, never more. */
void session_on_frame(struct postern_session *session, const struct frame *frame);

/* The runner is gone: `why` is the sandbox's failure. */
void session_on_runner_gone(struct postern_session *session, const struct postern_error *why);

void session_destroy(struct postern_session *session);

/* ---- session_late.c, called by session.c ---- */

void session_late_init(struct session_late *late, const struct message_spawn *spawn);

/* The runner has `milliseconds`, its drain limit and some more until the session must have ended; else the sandbox is
 * failed. The last request counts, as it does for the runner. */
void session_expect_end(struct postern_session *session, uint64_t milliseconds);

/* The command runs: the same for its timeout, if it has one and no end was asked for before. */
void session_expect_timeout(struct postern_session *session);

/* ---- sandbox.c, called by session.c and session_late.c ---- */

/* The sandbox's failure if it is dead, else 0. */
int sandbox_check(const struct postern_sandbox *sandbox, struct postern_error *error);

/* Ends the sandbox for good: the runner is killed, and all sessions are over. */
void sandbox_fail(struct postern_sandbox *sandbox, const struct postern_error *why);

/* Gives the session its id and a place in the list. */
int sandbox_add(struct postern_sandbox *sandbox, struct postern_session *session, struct postern_error *error);
void sandbox_remove(struct postern_session *session);

/* Sends an encoded payload and frees it. `valid` false: it could not be encoded. */
int sandbox_send(struct postern_sandbox *sandbox, enum frame_type type, uint32_t session, struct buffer *payload,
                 bool valid, struct postern_error *error);

/* Runs the loop once; deadline_us is a system_now_us() time, UINT64_MAX: no limit. false: the time is over, or the
 * loop broke (then the sandbox is dead). */
bool sandbox_step(struct postern_sandbox *sandbox, uint64_t deadline_us);

/* The same for the waits of the caller's, which a wake-up ends as if their time were over. */
bool sandbox_wait(struct postern_sandbox *sandbox, uint64_t deadline_us);

/* The deadline of a timeout argument: 0 polls, -1 never. */
uint64_t sandbox_deadline(int timeout);

#endif
