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

/* What commands get where they may write: all but changing whose it is and who may, and removing what is in a directory
 * by the right to the directory. */
#define ACCESS_CHANGE (FILE_GENERIC_READ | FILE_GENERIC_WRITE | FILE_GENERIC_EXECUTE | DELETE)

/* A file of `user`, who may do everything; with `rights` an entry that grants them to `sid`. SDDL, allocated; NULL:
 * memory is out. */
char *access_describe_file(const char *user, const char *sid, DWORD rights);

struct access_question {
    unsigned file;    /* which descriptor */
    DWORD right;      /* one bit: of several that are asked for together the first that is missing hides the others */
    const char *name; /* "write" */
    bool granted;     /* the answer that is right */
};

/* `descriptor` is SDDL. Appends the names of the questions that are answered otherwise to `wrong`: "write, not read".
 * POSTERN_E_OS, POSTERN_E_MEMORY. */
int access_ask(os_handle token, char *const *descriptor, const struct access_question *question, size_t count,
               struct buffer *wrong, struct postern_error *error);

#endif
