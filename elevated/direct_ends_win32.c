/*
 * direct_ends_win32.c - a command's pipes, made here, with its ends put into the runner. See direct.h. Parent.
 *
 * The pipes admit our own user only, at every level: nobody opens them by name, the runner's copies have the rights of
 * our handles, and their one instance is taken from the start. We hold the runner's process with all rights since its
 * creation.
 */
#include "elevated/direct.h"

#include <windows.h>

#include "elevated/launch_parts_win32.h"
#include "shared/pipe_win32.h"

/* Moves the handle, whatever comes of it. */
static int hand_over(const struct launch *launch, os_handle *end, uint32_t *number, struct postern_error *error)
{
    HANDLE copy = NULL;
    int code = POSTERN_OK;

    if (!DuplicateHandle(GetCurrentProcess(), (HANDLE)*end, (HANDLE)launch->runner.handle, &copy, 0, FALSE,
                         DUPLICATE_SAME_ACCESS)) {
        code = launch_os_failure(error, "DuplicateHandle", "a stream could not be handed to the runner");
    }
    handle_close(end);
    *number = (uint32_t)(uintptr_t)copy; /* handles have 32 significant bits */
    return code;
}

int direct_ends_make(const struct launch *launch, bool with_stdin, struct direct_ends *ends,
                     struct postern_error *error)
{
    int code = POSTERN_OK;

    for (int i = with_stdin ? MESSAGE_STDIN : MESSAGE_STDOUT; i <= MESSAGE_STDERR && code == POSTERN_OK; i++) {
        os_handle theirs = OS_HANDLE_NONE;

        code = pipe_create(i != MESSAGE_STDIN, &ends->ours[i], &theirs, error);
        if (code == POSTERN_OK) {
            code = hand_over(launch, &theirs, &ends->theirs[i], error);
        }
    }
    return code;
}

void direct_ends_take_back(const struct launch *launch, const uint32_t theirs[3])
{
    for (int i = 0; i < 3; i++) {
        HANDLE copy = NULL;

        if (theirs[i] != 0 &&
            DuplicateHandle((HANDLE)launch->runner.handle, (HANDLE)(uintptr_t)theirs[i], GetCurrentProcess(), &copy, 0,
                            FALSE, DUPLICATE_CLOSE_SOURCE | DUPLICATE_SAME_ACCESS)) {
            CloseHandle(copy);
        }
    }
}
