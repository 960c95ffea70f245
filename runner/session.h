/*
 * session.h - one command of the runner: its streams, its time limits, its end. Caller: runner/runner.c.
 *
 *   STARTING -> RUNNING -> DRAINING -> ENDING -> OVER
 *
 * RUNNING until the command's process has exited; DRAINING while its output may still trail; ENDING while what is left
 * of the tree is killed; OVER once EXIT (or ERROR) has been sent: always the last frame of the session.
 * The drain limits count only time in which the parent lets us send: a slow reader never costs output. With direct
 * streams the parent reads the command's pipes itself and has these clocks; we tell it of the exit, and it tells us
 * when it has everything (DRAIN both ways), or that what is left is to be killed first (SIGNAL "rest").
 */
#ifndef POSTERN_RUNNER_SESSION_H
#define POSTERN_RUNNER_SESSION_H

#include "ipc/channel.h"
#include "ipc/message.h"

struct command;
struct handed;
struct log;
struct session;

enum session_state { SESSION_STARTING, SESSION_RUNNING, SESSION_DRAINING, SESSION_ENDING, SESSION_OVER };

/* What a session needs of its owner. `over` is called from the loop once the last frame is queued; the owner frees the
 * session then (it may do so in the call). `keep` hands over a command whose remaining tree may live on. */
struct session_owner {
    struct loop *loop;
    struct channel *channel;
    struct log *log;
    void *context;
    void (*over)(void *context, struct session *session);
    void (*keep)(void *context, struct command *command);
};

/* Starts the command of a SPAWN; the structure is borrowed, and so is what was handed over with it. A failure to start
 * is reported as ERROR and `over`, from the loop. NULL only when memory is out. The owner is borrowed for the session's
 * life. */
struct session *session_start(const struct session_owner *owner, uint32_t id, const struct message_spawn *spawn,
                              const struct handed *handed);

uint32_t session_id(const struct session *session);

/* Frames of the parent for this session. A negative return means that the channel is not usable any more. */
int session_stdin(struct session *session, const unsigned char *data, size_t size, struct postern_error *error);
void session_close_stdin(struct session *session);
void session_resize(struct session *session, const struct message_resize *resize);
void session_signal(struct session *session, const struct message_signal *signal);
int session_credit(struct session *session, const struct message_credit *credit, struct postern_error *error);
int session_drained(struct session *session, struct postern_error *error);

/* Kills the tree now; EXIT says `reason`. */
void session_kill(struct session *session, enum postern_reason reason);

/* Frees at once, killing what runs; sends nothing. */
void session_free(struct session *session);

#endif
