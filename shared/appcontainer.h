/*
 * appcontainer.h - names and SIDs of Windows' app containers, as text. Pure, so that it is tested anywhere; the calls
 * are in appcontainer_win32.h. Parent, and the runner for what it is told.
 */
#ifndef POSTERN_SHARED_APPCONTAINER_H
#define POSTERN_SHARED_APPCONTAINER_H

#include <stdbool.h>

#define APPCONTAINER_SID_SIZE 96  /* of a package's SID, with its NUL */
#define APPCONTAINER_NAME_SIZE 48 /* of a name of ours, with its NUL; the system allows 64 characters */

struct postern_error;

/* A name that no other profile has: "postern." and 32 random hexadecimal digits. POSTERN_E_OS. */
int appcontainer_make_name(char out[APPCONTAINER_NAME_SIZE], struct postern_error *error);

/* Of the form that the above gives. Only such a profile may be deleted on the word of a record. */
bool appcontainer_is_ours(const char *name);

/* The SID of a package, "S-1-15-2-" and seven numbers; not those that stand for all packages. */
bool appcontainer_is_sid(const char *text);

#endif
