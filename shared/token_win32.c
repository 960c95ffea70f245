/*
 * token_win32.c - write-restricted tokens: making them, finding out whether we hold one; see token_win32.h. Both sides.
 */
#include "shared/token_win32.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "shared/crypto.h"
#include "shared/security_win32.h"

#ifndef WRITE_RESTRICTED
#define WRITE_RESTRICTED 0x8
#endif

#define STAGE "token"

static int os_failure(struct postern_error *error, const char *operation, const char *what)
{
    return error_os(error, POSTERN_E_OS, STAGE, operation, (int64_t)GetLastError(), "%s", what);
}

/* ---- SIDs ---- */

int token_make_sid(char out[TOKEN_SID_SIZE], struct postern_error *error)
{
    uint32_t part[4];

    if (!crypto_random(part, sizeof(part))) {
        return error_set(error, POSTERN_E_OS, STAGE, "BCryptGenRandom", "the system gave no random numbers");
    }
    /* Of the form that accounts have: 128 random bits are nobody's. */
    snprintf(out, TOKEN_SID_SIZE, "S-1-5-21-%lu-%lu-%lu-%lu", (unsigned long)part[0], (unsigned long)part[1],
             (unsigned long)part[2], (unsigned long)part[3]);
    return POSTERN_OK;
}

/* Of logon sessions: as a rule one, none in the tokens of some services, and should there be two, both. Room for all
 * groups. */
static DWORD list_logon_sids(const TOKEN_GROUPS *groups, SID_AND_ATTRIBUTES *out)
{
    DWORD count = 0;

    for (DWORD i = 0; i < groups->GroupCount; i++) {
        if ((groups->Groups[i].Attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID) {
            out[count].Sid = groups->Groups[i].Sid;
            out[count++].Attributes = 0; /* has to be */
        }
    }
    return count;
}

/* ---- making one ---- */

enum { SID_OF_SANDBOX, SID_OF_STATION, SID_COUNT };

static int filter(HANDLE own, PSID sids[SID_COUNT], enum token_logon logon, HANDLE *out, struct postern_error *error)
{
    unsigned char everyone[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof(everyone), count = 0, sessions = 0;
    TOKEN_GROUPS *groups = security_ask_token(own, TokenGroups);
    SID_AND_ATTRIBUTES restricting[SID_COUNT + 1], *denied = NULL;
    int code = POSTERN_OK;

    memset(restricting, 0, sizeof(restricting)); /* the attributes have to be 0 */
    if (groups == NULL) {
        return os_failure(error, "GetTokenInformation", "the groups of this process could not be found out");
    }
    denied = calloc(groups->GroupCount + 1, sizeof(*denied));
    if (denied == NULL) {
        code = error_memory(error, STAGE);
    } else if (logon == TOKEN_LOGON_DENIED) {
        sessions = list_logon_sids(groups, denied);
    }
    while (count < SID_COUNT) {
        restricting[count].Sid = sids[count];
        count++;
    }
    if (code == POSTERN_OK && !CreateWellKnownSid(WinWorldSid, NULL, everyone, &size)) {
        code = os_failure(error, "CreateWellKnownSid", "the SID of everybody could not be made");
    }
    restricting[count++].Sid = everyone;
    if (code == POSTERN_OK && !CreateRestrictedToken(own, DISABLE_MAX_PRIVILEGE | LUA_TOKEN | WRITE_RESTRICTED,
                                                     sessions, denied, 0, NULL, count, restricting, out)) {
        code = os_failure(error, "CreateRestrictedToken", "a restricted token could not be made");
    }
    free(denied);
    free(groups);
    return code;
}

/* Who may do what with the objects that the holder makes. Without the sandbox's SID in it he could not write to them
 * himself: neither to his own pipes, nor to the processes he starts. */
static int set_default_access(HANDLE token, const char *sid, struct postern_error *error)
{
    char *user = security_own_sid();
    const struct sddl_ace list[] = {{.mask = GENERIC_ALL, .sid = user},
                                    {.mask = GENERIC_ALL, .sid = SID_SYSTEM},
                                    {.mask = GENERIC_ALL, .sid = sid}};
    PSECURITY_DESCRIPTOR descriptor = NULL;
    TOKEN_DEFAULT_DACL access = {NULL};
    BOOL present = FALSE, defaulted = FALSE;
    int code;

    if (user == NULL) {
        return os_failure(error, "GetTokenInformation", "our own user could not be found out");
    }
    code = security_describe(list, sizeof(list) / sizeof(list[0]), &descriptor, error);
    if (code == POSTERN_OK && (!GetSecurityDescriptorDacl(descriptor, &present, &access.DefaultDacl, &defaulted) ||
                               !SetTokenInformation(token, TokenDefaultDacl, &access, sizeof(access)))) {
        code = os_failure(error, "SetTokenInformation", "the default access list of a token could not be set");
    }
    if (descriptor != NULL) {
        LocalFree(descriptor);
    }
    free(user);
    return code;
}

/* Without it every directory on the way to a file would be asked. Not an error if the user does not have it either. */
static int enable_passing(HANDLE token, struct postern_error *error)
{
    TOKEN_PRIVILEGES privileges = {.PrivilegeCount = 1, .Privileges = {{.Attributes = SE_PRIVILEGE_ENABLED}}};

    if (!LookupPrivilegeValueW(NULL, SE_CHANGE_NOTIFY_NAME, &privileges.Privileges[0].Luid) ||
        !AdjustTokenPrivileges(token, FALSE, &privileges, 0, NULL, NULL)) {
        return os_failure(error, "AdjustTokenPrivileges", "a privilege of a token could not be enabled");
    }
    return POSTERN_OK;
}

/* A restricted token's handle has the rights of the one that it was made by. */
#define TOKEN_RIGHTS                                                                                                   \
    (TOKEN_DUPLICATE | TOKEN_QUERY | TOKEN_ASSIGN_PRIMARY | TOKEN_ADJUST_DEFAULT | TOKEN_ADJUST_PRIVILEGES)

int token_restrict(const char *sid, enum token_logon logon, os_handle *out, struct postern_error *error)
{
    PSID sids[SID_COUNT] = {NULL};
    HANDLE own = NULL, token = NULL;
    int code = security_read_sid(sid, &sids[SID_OF_SANDBOX], error);

    if (code == POSTERN_OK) {
        code = security_read_sid(SID_COMMANDS, &sids[SID_OF_STATION], error);
    }
    if (code == POSTERN_OK && !OpenProcessToken(GetCurrentProcess(), TOKEN_RIGHTS, &own)) {
        code = os_failure(error, "OpenProcessToken", "the token of this process could not be opened");
    }
    if (code == POSTERN_OK) {
        code = filter(own, sids, logon, &token, error);
    }
    if (code == POSTERN_OK) {
        code = set_default_access(token, sid, error);
    }
    if (code == POSTERN_OK) {
        code = enable_passing(token, error);
    }
    if (own != NULL) {
        CloseHandle(own);
    }
    if (code == POSTERN_OK) {
        *out = (os_handle)token;
    } else if (token != NULL) {
        CloseHandle(token);
    }
    for (int i = 0; i < SID_COUNT; i++) {
        if (sids[i] != NULL) {
            LocalFree(sids[i]);
        }
    }
    return code;
}

/* ---- holding one ---- */

bool token_is_restricted_to(const char *sid)
{
    PSID wanted = NULL;
    HANDLE own = NULL;
    TOKEN_GROUPS *restricting = NULL;
    bool found = false;

    if (security_read_sid(sid, &wanted, NULL) == POSTERN_OK &&
        OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &own)) {
        restricting = security_ask_token(own, TokenRestrictedSids);
    }
    for (DWORD i = 0; restricting != NULL && i < restricting->GroupCount; i++) {
        found = found || EqualSid(restricting->Groups[i].Sid, wanted);
    }
    free(restricting);
    if (own != NULL) {
        CloseHandle(own);
    }
    if (wanted != NULL) {
        LocalFree(wanted);
    }
    return found;
}
