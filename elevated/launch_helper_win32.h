/*
 * launch_helper_win32.h - the runner's file is checked and held until it is executed: see helper.h. Private to
 * elevated/launch_win32.c. Parent.
 */
#ifndef POSTERN_ELEVATED_LAUNCH_HELPER_WIN32_H
#define POSTERN_ELEVATED_LAUNCH_HELPER_WIN32_H

#include "elevated/helper.h"
#include "shared/handle.h"

/* Opens "directory\name" and checks it against the manifest beside it. While *out is open the file can be read and
 * executed, but neither written nor renamed nor removed; caller closes it after CreateProcess.
 * POSTERN_E_RUNNER_MISSING, POSTERN_E_RUNNER_START. */
int helper_hold(const char *directory, const char *name, os_handle *out, struct postern_error *error);

#endif
