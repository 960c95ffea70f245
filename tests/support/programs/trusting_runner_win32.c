/*
 * trusting_runner_win32.c - the real runner, but on Wine it believes that the system restricts what it does not: so
 * that tests can show there all that is around it. Elsewhere it is the real one in everything.
 *
 * wraps: token_try token_is_restricted_to desktop_reaches
 */
#include "runner/desktop_win32.h"
#include "shared/token_win32.h"
#include "tests/support/wraps_win32.h"
#include "shared/wine_win32.h"

int __wrap_token_try(os_handle token, const char *sid, struct postern_error *error)
{
    return wine_is_here() ? POSTERN_OK : __real_token_try(token, sid, error);
}

bool __wrap_token_is_restricted_to(const char *sid)
{
    return wine_is_here() || __real_token_is_restricted_to(sid);
}

bool __wrap_desktop_reaches(const char *station)
{
    return !wine_is_here() && __real_desktop_reaches(station);
}

#include "runner/main.c"
