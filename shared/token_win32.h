/*
 * token_win32.h - tokens that keep their holder from writing, and whether they do. Callers: the parent (capabilities_*,
 * probe_*) to know whether the system does it, the runner (confine_win32.c) for its commands.
 *
 * A write-restricted token lets its holder write where both his own SIDs and the token's restricting SIDs may: the
 * sandbox's own SID, which nothing but entries made for it knows, the logon session's, and Everyone. Which rights the
 * system counts as writing is not documented, and some systems take such tokens for ordinary ones: hence the trial.
 */
#ifndef POSTERN_SHARED_TOKEN_WIN32_H
#define POSTERN_SHARED_TOKEN_WIN32_H

#include "shared/error.h"
#include "shared/handle.h"

#define TOKEN_SID_SIZE 64 /* of a SID of ours as text, with its NUL */

/* A SID that nobody has: random. POSTERN_E_OS. */
int token_make_sid(char out[TOKEN_SID_SIZE], struct postern_error *error);

/* A token of our own user, restricted to `sid`, the logon session and Everyone, without privileges but that to pass
 * directories; an elevated caller's groups of administrators are for denying only in it. POSTERN_E_OS. */
int token_restrict(const char *sid, os_handle *out, struct postern_error *error);

/* Asks the system what the holder of `token` may do with a file of our user's: it has to read it, it must not be let
 * change, delete or reassign it, and has to be let write one with an entry for `sid`. Touches no file. POSTERN_E_LEVEL:
 * names the rights that came out wrong. */
int token_try(os_handle token, const char *sid, struct postern_error *error);

#endif
