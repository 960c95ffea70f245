/*
 * undo_file_win32.h - an undo record as a file on Windows, through to the disk. Parent; callers: setup_place_win32.c,
 * acl_store_win32.c.
 */
#ifndef POSTERN_ELEVATED_UNDO_FILE_WIN32_H
#define POSTERN_ELEVATED_UNDO_FILE_WIN32_H

#include <windows.h>

#include "elevated/undo_record.h"

struct undo_file {
    HANDLE handle;     /* INVALID_HANDLE_VALUE: there is no file */
    char *path;        /* owned */
    const char *stage; /* of failures; static */
};

/* Opens for this process alone: ERROR_SHARING_VIOLATION says that another one has it. Failures: the number. */
DWORD undo_file_open(struct undo_file *file, bool to_change, DWORD disposition, SECURITY_ATTRIBUTES *security);
void undo_file_close(struct undo_file *file); /* frees the path as well; the file stays */

/* The operations; `file` is borrowed. Removing closes the file. */
struct undo_store undo_file_store(struct undo_file *file);
int undo_file_failed(const struct undo_file *file, const char *call, int64_t number, struct postern_error *error);

#endif
