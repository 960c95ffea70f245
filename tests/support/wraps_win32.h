/*
 * wraps_win32.h - the calls that ask whether the system confines, as the linker names them where a "wraps:" line says
 * so. Whoever includes this defines those that it wraps.
 */
#ifndef POSTERN_TESTS_SUPPORT_WRAPS_WIN32_H
#define POSTERN_TESTS_SUPPORT_WRAPS_WIN32_H

#include <stdbool.h>

#include "shared/error.h"
#include "shared/handle.h"

int __real_token_try(os_handle token, const char *sid, struct postern_error *error);
int __wrap_token_try(os_handle token, const char *sid, struct postern_error *error);
bool __real_token_is_restricted_to(const char *sid);
bool __wrap_token_is_restricted_to(const char *sid);
bool __real_desktop_reaches(const char *station);
bool __wrap_desktop_reaches(const char *station);

#endif
