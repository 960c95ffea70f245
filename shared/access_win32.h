/*
 * access_win32.h - asks the system what the holder of a token may do with an object that does not exist, known by its
 * security descriptor only. Callers: token_win32.c, appcontainer_win32.c. Both sides.
 */
#ifndef POSTERN_SHARED_ACCESS_WIN32_H
#define POSTERN_SHARED_ACCESS_WIN32_H

#include <windows.h>

#include "shared/buffer.h"
#include "shared/error.h"
#include "shared/handle.h"

struct access_question {
    const char *descriptor; /* of a file, as SDDL */
    DWORD right;      /* one bit: of several that are asked for together the first that is missing hides the others */
    const char *name; /* "write" */
    bool granted;     /* the answer that is right */
};

/* Appends the names of those that are answered otherwise to `wrong`: "write, not read". POSTERN_E_OS, POSTERN_E_MEMORY.
 */
int access_ask(os_handle token, const struct access_question *question, size_t count, struct buffer *wrong,
               struct postern_error *error);

#endif
