/*
 * direct.h - direct streams: the parent's ends of a command's pipes, which the runner never sees the bytes of.
 * Private to elevated/; callers: session.c, and direct.c for the part that knows the system (direct_ends_win32.c,
 * direct_ends_linux.c). Parent.
 *
 * What is read goes into the windows of the session as if frames had brought it; a full window is not read into, and
 * that stops the command. Nobody but a writer of the command's pipe can put anything there, and the runner could always
 * say of the output what it liked.
 */
#ifndef POSTERN_ELEVATED_DIRECT_H
#define POSTERN_ELEVATED_DIRECT_H

#include "elevated/launch.h"
#include "ipc/message.h"

struct direct_streams;
struct postern_session;

/* Makes the pipes of a session, hands the command's ends to the runner and names them in `spawn`. *out NULL without an
 * error: terminals, and where handles cannot be handed over: its streams are framed. */
int direct_streams_create(struct postern_session *session, struct message_spawn *spawn, struct direct_streams **out,
                          struct postern_error *error);

/* SPAWN was not sent: nobody but us will close what was handed over. NULL allowed. */
void direct_streams_take_back(struct direct_streams *direct, const struct message_spawn *spawn);

/* The command runs. */
void direct_streams_start(struct direct_streams *direct);

/* The command has exited: what it left in the pipes may trail. POSTERN_E_PROTOCOL when that had been said. */
int direct_streams_drain(struct direct_streams *direct, struct postern_error *error);

/* The caller has taken output: there may be room for more. */
void direct_streams_resume(struct direct_streams *direct, enum postern_stream which);

/* What the caller has taken all of: its memory is used again. */
void direct_streams_recycle(struct direct_streams *direct, enum postern_stream which);

/* Bytes for the command, within the session's stdin_credit; then end of file. */
int direct_streams_write(struct direct_streams *direct, const unsigned char *data, size_t size,
                         struct postern_error *error);
void direct_streams_close_stdin(struct direct_streams *direct);

/* No more is wanted. The runner is told if it waits for that. Returns whether output was given up. */
bool direct_streams_stop(struct direct_streams *direct);

void direct_streams_free(struct direct_streams *direct); /* NULL allowed */

/* ---- direct_ends_*.c ---- */

struct direct_ends {
    os_handle ours[3]; /* by enum message_stream; for the loop */
    uint32_t theirs[3];
};

/* What was made before a failure is in `ends`. Nothing is where handles cannot be handed over. */
int direct_ends_make(const struct launch *launch, bool with_stdin, struct direct_ends *ends,
                     struct postern_error *error);

/* Closes the runner's copies. Only while it has not been told of them. */
void direct_ends_take_back(const struct launch *launch, const uint32_t theirs[3]);

#endif
