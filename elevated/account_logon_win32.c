/*
 * account_logon_win32.c - CreateProcessWithLogonW, as documented, and the profile that comes with it: see
 * account_win32.h. Parent.
 *
 * The Secondary Logon service starts the program, with the account's own environment and none of our handles, and in a
 * console of its own, always: hence hidden. The error mode is the system's default. The program may be on our window
 * station and desktop, because its token bears the SID of our logon session besides that of its own user (see
 * docs/security.md): lpDesktop stays NULL, and nobody is added to their access lists.
 */
#include "elevated/account_win32.h"

#include <stdlib.h>

#include "shared/text.h"
#include "shared/wide.h"

#define PROFILES "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList\\"

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

/* It has an entry from the first logon on. */
DWORD account_profile(const char *sid, char **out)
{
    char *text = text_format(PROFILES "%s", sid);
    wchar_t *key = text != NULL ? wide_from_utf8(text) : NULL;
    wchar_t path[MAX_PATH + 1];
    DWORD size = sizeof(path);
    LSTATUS number = ERROR_NOT_ENOUGH_MEMORY;

    if (key != NULL) {
        number = RegGetValueW(HKEY_LOCAL_MACHINE, key, L"ProfileImagePath", RRF_RT_REG_SZ, NULL, path, &size);
    }
    if (number == ERROR_SUCCESS && (*out = wide_to_utf8(path)) == NULL) {
        number = (LSTATUS)GetLastError();
    }
    free(key);
    free(text);
    return (DWORD)number;
}
