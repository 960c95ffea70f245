/*
 * security_win32.c - SIDs, tokens' answers and security descriptors, see security_win32.h. Both sides.
 */
#include "shared/security_win32.h"

#include <stdbool.h>
#include <stdlib.h>
#include <windows.h>
#include <aclapi.h>
#include <sddl.h>

#include "shared/error.h"
#include "shared/wide.h"

#define STAGE "security"

_Static_assert(ACE_PIPE_CLIENT == SECURITY_PIPE_CLIENT, "what a client asks for is what it is let in for");

void *security_ask_token(HANDLE token, TOKEN_INFORMATION_CLASS what)
{
    DWORD size = 0;
    void *told;

    GetTokenInformation(token, what, NULL, 0, &size); /* tells the size */
    told = size > 0 ? malloc(size) : NULL;
    if (told != NULL && !GetTokenInformation(token, what, told, size, &size)) {
        free(told);
        told = NULL;
    }
    return told;
}

char *security_sid_text(PSID sid)
{
    LPWSTR wide = NULL;
    char *text;

    if (!ConvertSidToStringSidW(sid, &wide)) {
        return NULL;
    }
    text = wide_to_utf8(wide);
    LocalFree(wide);
    return text;
}

char *security_own_sid(void)
{
    HANDLE token = NULL;
    TOKEN_USER *user = NULL;
    char *sid = NULL;

    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        user = security_ask_token(token, TokenUser);
        CloseHandle(token);
    }
    if (user != NULL) {
        sid = security_sid_text(user->User.Sid);
    }
    free(user);
    return sid;
}

int security_read_sid(const char *text, PSID *out, struct postern_error *error)
{
    wchar_t *wide = NULL;
    int code = wide_convert(text, STAGE, "a SID", &wide, error);

    if (code == POSTERN_OK && !ConvertStringSidToSidW(wide, out)) {
        *out = NULL;
        code = error_os(error, POSTERN_E_OS, STAGE, "ConvertStringSidToSidW", (int64_t)GetLastError(),
                        "a SID was not accepted");
    }
    free(wide);
    return code;
}

int security_read_sddl(const char *sddl, PSECURITY_DESCRIPTOR *out, ULONG *size, struct postern_error *error)
{
    wchar_t *wide = sddl == NULL ? NULL : wide_from_utf8(sddl);
    int code = POSTERN_OK;

    if (wide == NULL) {
        code = error_memory(error, STAGE);
    } else if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(wide, SDDL_REVISION_1, out, size)) {
        code = error_os(error, POSTERN_E_OS, STAGE, "ConvertStringSecurityDescriptorToSecurityDescriptorW",
                        (int64_t)GetLastError(), "the security descriptor %s was not accepted", sddl);
    }
    free(wide);
    return code;
}

int security_describe(const struct sddl_ace *list, size_t count, PSECURITY_DESCRIPTOR *out, struct postern_error *error)
{
    char *sddl;
    int code;

    for (size_t i = 0; i < count; i++) {
        if (!sddl_is_sid(list[i].sid)) {
            return error_set(error, POSTERN_E_INVALID, STAGE, "", "'%s' is not a SID", list[i].sid);
        }
    }
    sddl = sddl_make(list, count);
    code = security_read_sddl(sddl, out, NULL, error);
    free(sddl);
    return code;
}

int security_for_pipe(const char *client_sid, SECURITY_ATTRIBUTES *out, struct postern_error *error)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    char *own_sid = NULL, *sddl = NULL;
    int code;

    if (client_sid != NULL && !sddl_is_sid(client_sid)) {
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "'%s' is not a SID", client_sid);
    }
    own_sid = security_own_sid();
    if (own_sid == NULL) {
        return error_os(error, POSTERN_E_OS, STAGE, "GetTokenInformation", (int64_t)GetLastError(),
                        "our own user could not be found out");
    }
    sddl = sddl_for_pipe(own_sid, client_sid);
    code = security_read_sddl(sddl, &descriptor, NULL, error);
    if (code == POSTERN_OK) {
        *out = (SECURITY_ATTRIBUTES){.nLength = sizeof(*out), .lpSecurityDescriptor = descriptor};
    }
    free(sddl);
    free(own_sid);
    return code;
}

static int admit_failure(struct postern_error *error, const char *operation, DWORD failure)
{
    return error_os(error, POSTERN_E_OS, STAGE, operation, (int64_t)failure,
                    "a window station could not be opened to others");
}

static bool has_entry(PACL list, PSID sid, ACCESS_MASK rights)
{
    for (DWORD i = 0; i < list->AceCount; i++) {
        ACCESS_ALLOWED_ACE *entry = NULL;

        if (GetAce(list, i, (void **)&entry) && entry->Header.AceType == ACCESS_ALLOWED_ACE_TYPE &&
            EqualSid(&entry->SidStart, sid) && (entry->Mask & rights) == rights) {
            return true;
        }
    }
    return false;
}

static int add_entry(HANDLE object, PACL list, PSID sid, ACCESS_MASK rights, struct postern_error *error)
{
    EXPLICIT_ACCESS_W entry = {.grfAccessPermissions = rights,
                               .grfAccessMode = GRANT_ACCESS,
                               .Trustee = {.TrusteeForm = TRUSTEE_IS_SID, .ptstrName = (LPWSTR)sid}};
    PACL longer = NULL;
    DWORD failure = SetEntriesInAclW(1, &entry, list, &longer);
    int code = POSTERN_OK;

    if (failure != ERROR_SUCCESS) {
        return admit_failure(error, "SetEntriesInAclW", failure);
    }
    failure = SetSecurityInfo(object, SE_WINDOW_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, longer, NULL);
    if (failure != ERROR_SUCCESS) {
        code = admit_failure(error, "SetSecurityInfo", failure);
    }
    LocalFree(longer);
    return code;
}

int security_admit(HANDLE object, const char *sid, ACCESS_MASK rights, struct postern_error *error)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PACL list = NULL; /* lies in the descriptor */
    PSID converted = NULL;
    DWORD failure;
    int code = security_read_sid(sid, &converted, error);

    if (code != POSTERN_OK) {
        return code;
    }
    failure =
        GetSecurityInfo(object, SE_WINDOW_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &list, NULL, &descriptor);
    if (failure != ERROR_SUCCESS) {
        code = admit_failure(error, "GetSecurityInfo", failure);
    } else if (list != NULL && !has_entry(list, converted, rights)) {
        code = add_entry(object, list, converted, rights, error);
    }
    if (descriptor != NULL) {
        LocalFree(descriptor);
    }
    LocalFree(converted);
    return code;
}

void security_free(SECURITY_ATTRIBUTES *attributes)
{
    LocalFree(attributes->lpSecurityDescriptor);
    attributes->lpSecurityDescriptor = NULL;
}

bool security_lets_others(PACL list, DWORD rights, bool (*trusted)(PSID sid, const char *own), const char *own)
{
    if (list == NULL) {
        return true;
    }
    for (DWORD i = 0; i < list->AceCount; i++) {
        ACE_HEADER *entry = NULL;
        ACCESS_ALLOWED_ACE *allowed;

        if (!GetAce(list, i, (LPVOID *)&entry)) {
            return true;
        }
        if ((entry->AceFlags & INHERIT_ONLY_ACE) || entry->AceType == ACCESS_DENIED_ACE_TYPE) {
            continue;
        }
        allowed = (ACCESS_ALLOWED_ACE *)entry;
        if (entry->AceType != ACCESS_ALLOWED_ACE_TYPE ||
            ((allowed->Mask & (rights | GENERIC_ALL)) && !trusted(&allowed->SidStart, own))) {
            return true;
        }
    }
    return false;
}
