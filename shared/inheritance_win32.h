/*
 * inheritance_win32.h - the handles a new process gets: made inheritable for the call, listed, set back. Private to
 * shared/process_win32.c.
 *
 * The standard handles are duplicated for the call, so that ours never become inheritable; handles in `pass` have to
 * keep their numbers and are inheritable while the call lasts.
 */
#ifndef POSTERN_SHARED_INHERITANCE_WIN32_H
#define POSTERN_SHARED_INHERITANCE_WIN32_H

#include <windows.h>

#include "shared/process.h"

/* Everything starts at none. */
struct inheritance {
    HANDLE standard[3]; /* duplicates, inheritable; NULL on a terminal */
    HANDLE *item;       /* all that the child gets: standard first, then pass[] */
    DWORD count;
    DWORD *pass_flags;   /* what the flags of pass[] were */
    size_t pass_changed; /* how many of pass[] are to be set back */
};

int inheritance_make(const struct process_spec *spec, struct inheritance *out, struct postern_error *error);

/* Sets back, closes and frees, also what a failed inheritance_make() has left. */
void inheritance_free(const struct process_spec *spec, struct inheritance *list);

#endif
