/*
 * token_win32.h - tokens that keep their holder from writing, and whether they do. Callers: the parent (capabilities_*,
 * probe_*) to know whether the system does it, the runner (confine_win32.c) for its commands.
 *
 * A write-restricted token lets its holder write where both his own SIDs and the token's restricting SIDs may: the
 * sandbox's own SID, which nothing but entries made for it knows, SID_COMMANDS, and Everyone. Which rights the
 * system counts as writing is not documented, and some systems take such tokens for ordinary ones: hence the trial.
 */
#ifndef POSTERN_SHARED_TOKEN_WIN32_H
#define POSTERN_SHARED_TOKEN_WIN32_H

#include <stdbool.h>

#include "shared/error.h"
#include "shared/handle.h"

#define TOKEN_SID_SIZE 64 /* of a SID of ours as text, with its NUL */

/* What the logon session's SID is to be in the token. The caller's own window station and desktop are open to it: as a
 * restricting SID it would let commands type into his windows, and so do all that he may; it never is. */
enum token_logon {
    TOKEN_LOGON_LEFT,  /* its holder may read by it, not write */
    TOKEN_LOGON_DENIED /* for denying only: nothing is open to its holder for being of the session */
};

/* A SID that nobody has: random. POSTERN_E_OS. */
int token_make_sid(char out[TOKEN_SID_SIZE], struct postern_error *error);

/* A token of our own user, restricted to `sid`, SID_COMMANDS and Everyone, without privileges but that to pass
 * directories; an elevated caller's groups of administrators are for denying only in it. What its holder makes without
 * saying for whom is for the user, the system and `sid`. POSTERN_E_OS. */
int token_restrict(const char *sid, enum token_logon logon, os_handle *out, struct postern_error *error);

/* Whether this process holds a token that is restricted to `sid` among others. */
bool token_is_restricted_to(const char *sid);

/* Asks the system what the holder of `token` may do with a file of our user's: he has to read it, he must not be let
 * change, delete or reassign it, and has to be let write one with an entry for `sid`. Touches no file. POSTERN_E_LEVEL:
 * names the rights that came out wrong. */
int token_try(os_handle token, const char *sid, struct postern_error *error);

#endif
