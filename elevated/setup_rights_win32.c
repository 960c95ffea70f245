/*
 * setup_rights_win32.c - the logon rights of the group, kept by the Local Security Authority. See setup_win32.h.
 * Parent, as administrator. The group has them, so that an account has them by being in it.
 */
#include "elevated/setup_win32.h"

#include <stdlib.h>
#include <wchar.h>
#include <ntsecapi.h>

#include "shared/wide.h"

#define LSA_NOT_FOUND ((NTSTATUS)0xC0000034) /* STATUS_OBJECT_NAME_NOT_FOUND: it has no rights at all */

static int lsa_failed(const char *call, NTSTATUS number, const char *name, struct postern_error *error)
{
    return setup_fail(error, call, (int64_t)LsaNtStatusToWinError(number), "the right %s of the group %s", name,
                      SETUP_GROUP_NAME);
}

/* Opens the policy and finds the group; a group that does not exist has *sid NULL. */
static int begin(const char *name, LSA_HANDLE *policy, PSID *sid, struct postern_error *error)
{
    LSA_OBJECT_ATTRIBUTES none = {0};
    *policy = NULL;
    *sid = setup_sid_of(SETUP_GROUP_NAME);
    DWORD found = *sid ? ERROR_SUCCESS : GetLastError();
    if (found == ERROR_NONE_MAPPED)
        return 0;
    if (found != ERROR_SUCCESS)
        return setup_fail(error, "LookupAccountNameW", (int64_t)found, "the group %s", SETUP_GROUP_NAME);
    NTSTATUS number =
        LsaOpenPolicy(NULL, &none, POLICY_LOOKUP_NAMES | POLICY_CREATE_ACCOUNT | POLICY_VIEW_LOCAL_INFORMATION, policy);
    if (number == 0)
        return 0;
    free(*sid);
    *sid = NULL;
    return lsa_failed("LsaOpenPolicy", number, name, error);
}

static void end(LSA_HANDLE policy, PSID sid, wchar_t *right)
{
    if (policy)
        LsaClose(policy);
    free(sid);
    free(right);
}

static LSA_UNICODE_STRING as_string(wchar_t *text)
{
    USHORT bytes = (USHORT)(wcslen(text) * sizeof(*text));
    return (LSA_UNICODE_STRING){.Length = bytes, .MaximumLength = (USHORT)(bytes + sizeof(*text)), .Buffer = text};
}

/* The strings of the authority end where their length says, not with a NUL. */
static bool is_right(const LSA_UNICODE_STRING *right, const char *name)
{
    size_t units = right->Length / sizeof(wchar_t), i = 0;
    while (i < units && name[i] && right->Buffer[i] == (wchar_t)(unsigned char)name[i])
        i++;
    return i == units && name[i] == '\0';
}

int setup_right_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                     struct postern_error *error)
{
    LSA_HANDLE policy;
    PSID sid;
    LSA_UNICODE_STRING *list = NULL;
    ULONG count = 0;
    (void)windows;
    int status = begin(item->name, &policy, &sid, error);
    if (!sid)
        return status;
    NTSTATUS number = LsaEnumerateAccountRights(policy, sid, &list, &count);
    if (number != 0 && number != LSA_NOT_FOUND)
        status = lsa_failed("LsaEnumerateAccountRights", number, item->name, error);
    for (ULONG i = 0; number == 0 && i < count; i++)
        if (is_right(&list[i], item->name))
            out->standing = SETUP_AS_WANTED;
    out->ours = out->standing == SETUP_AS_WANTED; /* the group is */
    if (list)
        LsaFreeMemory(list);
    end(policy, sid, NULL);
    return status;
}

int setup_right_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error)
{
    LSA_HANDLE policy;
    PSID sid;
    (void)windows;
    int status = begin(item->name, &policy, &sid, error);
    if (!sid)
        return status ? status : setup_fail(error, "LookupAccountNameW", ERROR_NONE_MAPPED, "%s", SETUP_GROUP_NAME);
    wchar_t *right = wide_from_utf8(item->name);
    if (right) {
        LSA_UNICODE_STRING text = as_string(right);
        NTSTATUS number = LsaAddAccountRights(policy, sid, &text, 1);
        status = number == 0 ? 0 : lsa_failed("LsaAddAccountRights", number, item->name, error);
    } else {
        status = error_memory(error, SETUP_STAGE);
    }
    end(policy, sid, right);
    return status;
}

/* A right that the group does not have is no error. */
int setup_right_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                        struct postern_error *error)
{
    LSA_HANDLE policy;
    PSID sid;
    (void)windows, (void)before, (void)left;
    int status = begin(name, &policy, &sid, error);
    if (!sid)
        return status;
    wchar_t *right = wide_from_utf8(name);
    if (right) {
        LSA_UNICODE_STRING text = as_string(right);
        NTSTATUS number = LsaRemoveAccountRights(policy, sid, FALSE, &text, 1);
        status = number == 0 || number == LSA_NOT_FOUND ? 0 : lsa_failed("LsaRemoveAccountRights", number, name, error);
    } else {
        status = error_memory(error, SETUP_STAGE);
    }
    end(policy, sid, right);
    return status;
}
