/*
 * account_logon_win32.c - CreateProcessWithLogonW, as documented: see account_win32.h. Parent.
 *
 * The Secondary Logon service starts the program, with the account's own environment and none of our handles, and in a
 * console of its own, always: hence hidden. The error mode is the system's default. The program may be on our window
 * station and desktop, because its token bears the SID of our logon session besides that of its own user (see
 * docs/security.md): lpDesktop stays NULL, and nobody is added to their access lists.
 */
#include "elevated/account_win32.h"

DWORD account_logon(const struct account_call *call, PROCESS_INFORMATION *out)
{
    STARTUPINFOW startup;

    ZeroMemory(&startup, sizeof(startup));
    ZeroMemory(out, sizeof(*out));
    startup.cb = sizeof(startup);
    startup.dwFlags = STARTF_USESHOWWINDOW;
    startup.wShowWindow = SW_HIDE;
    /* "." is the database of this computer's own accounts. */
    return CreateProcessWithLogonW(call->name, L".", call->password, LOGON_WITH_PROFILE, call->program, call->line,
                                   CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT, NULL, call->cwd, &startup, out)
               ? ERROR_SUCCESS
               : GetLastError();
}
