/*
 * security_win32.h - who somebody is (SIDs), and who may open an object (security descriptors). Callers: those who
 * make named pipes, desktops, tokens, files for an account. Both sides.
 */
#ifndef POSTERN_SHARED_SECURITY_WIN32_H
#define POSTERN_SHARED_SECURITY_WIN32_H

#include <stdbool.h>
#include <windows.h>

#include "shared/sddl.h"

struct postern_error;

/* From its text; freed with LocalFree(). NULL after a failure. POSTERN_E_OS. */
int security_read_sid(const char *text, PSID *out, struct postern_error *error);

/* The other way; allocated. NULL: it is none, or memory is out. */
char *security_sid_text(PSID sid);

/* What a token tells of this sort; freed by the caller. NULL: see GetLastError(). */
void *security_ask_token(HANDLE token, TOKEN_INFORMATION_CLASS what);

/* From SDDL (NULL: memory is out), self-relative; `size` may be NULL. Freed with LocalFree(). POSTERN_E_OS. */
int security_read_sddl(const char *sddl, PSECURITY_DESCRIPTOR *out, ULONG *size, struct postern_error *error);

/* For any object: those in the list, in that order, and nobody else. Freed with LocalFree(). */
int security_describe(const struct sddl_ace *list, size_t count, PSECURITY_DESCRIPTOR *out,
                      struct postern_error *error);

/* For a pipe: our own user may do everything, the user `client_sid` (a SID as text; NULL: nobody) may connect, read and
 * write but not make an instance of its own; nobody else gets in, and nothing is inherited. */
int security_for_pipe(const char *client_sid, SECURITY_ATTRIBUTES *out, struct postern_error *error);
void security_free(SECURITY_ATTRIBUTES *attributes);

/* Adds an entry to the list of a window station or desktop that others have made, unless there is one. An object
 * without a list is open to everybody, and left so. The handle needs READ_CONTROL and WRITE_DAC. */
int security_admit(HANDLE object, const char *sid, ACCESS_MASK rights, struct postern_error *error);

/* What a client has to ask for to be let in by the above. */
#define SECURITY_PIPE_CLIENT                                                                                           \
    (FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE)

/* The user of this process as SID text; allocated, NULL on failure (see GetLastError()). */
char *security_own_sid(void);

/* Whether a list (NULL: none) lets anybody but those that `trusted` says yes to do one of `rights` with the object.
 * Kinds of entries not known here count as if they did. */
bool security_lets_others(PACL list, DWORD rights, bool (*trusted)(PSID sid, const char *own), const char *own);

#endif
