/*
 * access_win32.h - asks the system what the holder of a token may do with an object that does not exist, known by its
 * security descriptor only. Callers: token_try_win32.c, appcontainer_win32.c. Both sides.
 */
#ifndef POSTERN_SHARED_ACCESS_WIN32_H
#define POSTERN_SHARED_ACCESS_WIN32_H

#include <windows.h>

#include "shared/buffer.h"
#include "shared/error.h"
#include "shared/handle.h"

/* What commands get where they may write: all but changing whose it is and who may, and removing what is in a directory
 * by the right to the directory. */
#define ACCESS_CHANGE (FILE_GENERIC_READ | FILE_GENERIC_WRITE | FILE_GENERIC_EXECUTE | DELETE)

/* About a file of our own user's, who may do everything with it, and with an entry that grants `entry` (0: there is
 * none) to a SID. */
struct access_question {
    DWORD entry;
    DWORD right;      /* one bit: of several that are asked for together the first that is missing hides the others */
    const char *name; /* "write" */
    bool granted;     /* the answer that is right */
};

/* `sid`: whom the entries are for. Appends the names of the questions that are answered otherwise to `wrong`: "write,
 * not read". POSTERN_E_OS, POSTERN_E_MEMORY. */
int access_ask(os_handle token, const char *sid, const struct access_question *question, size_t count,
               struct buffer *wrong, struct postern_error *error);

#endif
