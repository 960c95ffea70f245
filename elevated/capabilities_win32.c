/*
 * capabilities_win32.c - what a sandbox can have on Windows, see capabilities.h: level none, which has no mechanism but
 * the job that its processes are in, and the planner knows that one. Parent.
 */
#include "elevated/capabilities.h"

#include "elevated/launch.h"

int capabilities_find(enum postern_level level, struct capabilities *out, struct postern_error *error)
{
    *out = (struct capabilities){.host = {.level = level}};
    return launch_check_level(level, error);
}

void capabilities_free(struct capabilities *capabilities)
{
    strings_free(&capabilities->device);
    strings_free(&capabilities->owned);
    *capabilities = (struct capabilities){.host = {.level = POSTERN_LEVEL_NONE}};
}
