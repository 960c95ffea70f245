/*
 * shared/token_win32.h: what a write-restricted token keeps its holder from, as the system itself answers. Nothing
 * is written to anywhere.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <sddl.h>

#include "shared/security_win32.h"
#include "shared/token_win32.h"
#include "tests/support/run_win32.h"

static void sids_are_nobodys(void **state)
{
    char one[TOKEN_SID_SIZE], other[TOKEN_SID_SIZE];

    (void)state;
    assert_int_equal(token_make_sid(one, NULL), 0);
    assert_int_equal(token_make_sid(other, NULL), 0);
    assert_memory_equal(one, "S-1-5-21-", 9);
    assert_string_not_equal(one, other);
}

/* The control: the same questions about a token that holds its holder from nothing. */
static void an_ordinary_token_is_found_out(void **state)
{
    char sid[TOKEN_SID_SIZE];
    struct postern_error error = {0};
    HANDLE own = NULL;

    (void)state;
    assert_int_equal(token_make_sid(sid, NULL), 0);
    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &own));
    assert_int_equal(token_try((os_handle)own, sid, &error), POSTERN_E_LEVEL);
    assert_non_null(strstr(error.message, ": write, append, "));
    assert_non_null(strstr(error.message, "change the owner"));
    assert_null(strstr(error.message, "not ")); /* what it has to be granted it was */
    assert_true(error.remedy[0] != 0);
    CloseHandle(own);
}

static void a_restricted_token_keeps_from_writing(void **state)
{
    char sid[TOKEN_SID_SIZE];
    struct postern_error error = {0};
    os_handle token = OS_HANDLE_NONE;
    int code;

    (void)state;
    assert_int_equal(token_make_sid(sid, NULL), 0);
    if (token_restrict(sid, TOKEN_LOGON_LEFT, &token, &error) != 0) {
        fail_msg("%s", error.message);
    }
    code = token_try(token, sid, &error);
    handle_close(&token);
    if (run_under_wine()) {
        assert_int_equal(code, POSTERN_E_LEVEL); /* canary: Wine has learned it, so test it there */
        SKIP_BECAUSE("Wine takes restricted tokens for ordinary ones");
    }
    if (code != 0) {
        fail_msg("%s", error.message);
    }
}

static void *information_of(os_handle token, TOKEN_INFORMATION_CLASS what)
{
    DWORD size = 0;
    void *information;

    GetTokenInformation((HANDLE)token, what, NULL, 0, &size);
    information = malloc(size);
    assert_true(information != NULL && GetTokenInformation((HANDLE)token, what, information, size, &size));
    return information;
}

static PSID sid_from(const char *text)
{
    PSID sid = NULL;

    assert_true(ConvertStringSidToSidA(text, &sid));
    return sid;
}

/* The rights that a list grants to a SID. */
static DWORD granted(const ACL *list, const char *text)
{
    PSID sid = sid_from(text);
    DWORD mask = 0;

    for (DWORD i = 0; i < list->AceCount; i++) {
        ACCESS_ALLOWED_ACE *entry;

        assert_true(GetAce((ACL *)list, i, (void **)&entry));
        assert_int_equal(entry->Header.AceType, ACCESS_ALLOWED_ACE_TYPE);
        if (EqualSid(&entry->SidStart, sid)) {
            mask |= entry->Mask;
        }
    }
    LocalFree(sid);
    return mask;
}

static void what_its_holder_makes_is_open_to_the_sandbox(void **state)
{
    char sid[TOKEN_SID_SIZE];
    char *user = security_own_sid();
    os_handle token = OS_HANDLE_NONE;
    TOKEN_DEFAULT_DACL *access;

    (void)state;
    assert_non_null(user);
    assert_int_equal(token_make_sid(sid, NULL), 0);
    assert_int_equal(token_restrict(sid, TOKEN_LOGON_LEFT, &token, NULL), 0);
    access = information_of(token, TokenDefaultDacl);
    assert_int_equal(access->DefaultDacl->AceCount, 3);
    assert_int_equal(granted(access->DefaultDacl, sid), GENERIC_ALL);
    assert_int_equal(granted(access->DefaultDacl, user), GENERIC_ALL);
    assert_int_equal(granted(access->DefaultDacl, SID_SYSTEM), GENERIC_ALL);
    free(access);
    free(user);
    handle_close(&token);
}

static void directories_are_passed(void **state)
{
    char sid[TOKEN_SID_SIZE];
    os_handle token = OS_HANDLE_NONE;
    TOKEN_PRIVILEGES *privileges;
    LUID passing;
    DWORD enabled = 0, others = 0;

    (void)state;
    assert_int_equal(token_make_sid(sid, NULL), 0);
    assert_int_equal(token_restrict(sid, TOKEN_LOGON_LEFT, &token, NULL), 0);
    privileges = information_of(token, TokenPrivileges);
    assert_true(LookupPrivilegeValueA(NULL, "SeChangeNotifyPrivilege", &passing));
    for (DWORD i = 0; i < privileges->PrivilegeCount; i++) {
        const LUID_AND_ATTRIBUTES *one = &privileges->Privileges[i];
        bool is_passing = one->Luid.LowPart == passing.LowPart && one->Luid.HighPart == passing.HighPart;

        *(is_passing ? &enabled : &others) += (one->Attributes & SE_PRIVILEGE_ENABLED) != 0 || !is_passing;
    }
    free(privileges);
    handle_close(&token);
    assert_int_equal(enabled, 1);
    if (run_under_wine()) {
        assert_true(others > 0); /* canary */
        SKIP_BECAUSE("Wine leaves a restricted token its privileges");
    }
    assert_int_equal(others, 0);
}

static bool lists(const TOKEN_GROUPS *groups, const char *text)
{
    PSID sid = sid_from(text);
    bool found = false;

    for (DWORD i = 0; i < groups->GroupCount; i++) {
        found = found || EqualSid(groups->Groups[i].Sid, sid);
    }
    LocalFree(sid);
    return found;
}

/* Of a token's groups; 0: it has none. */
static DWORD logon_attributes(const TOKEN_GROUPS *groups)
{
    for (DWORD i = 0; i < groups->GroupCount; i++) {
        if ((groups->Groups[i].Attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID) {
            return groups->Groups[i].Attributes;
        }
    }
    return 0;
}

static void the_logon_session_is_as_asked_for(void **state)
{
    static const struct {
        enum token_logon logon;
        DWORD attribute;
    } rows[] = {{TOKEN_LOGON_LEFT, SE_GROUP_ENABLED}, {TOKEN_LOGON_DENIED, SE_GROUP_USE_FOR_DENY_ONLY}};
    char sid[TOKEN_SID_SIZE];

    (void)state;
    assert_int_equal(token_make_sid(sid, NULL), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        os_handle token = OS_HANDLE_NONE;
        TOKEN_GROUPS *groups;
        DWORD attributes;

        assert_int_equal(token_restrict(sid, rows[i].logon, &token, NULL), 0);
        groups = information_of(token, TokenGroups);
        attributes = logon_attributes(groups);
        free(groups);
        if (attributes != 0) {
            assert_int_equal(attributes & (SE_GROUP_ENABLED | SE_GROUP_USE_FOR_DENY_ONLY), rows[i].attribute);
        }
        if (run_under_wine()) {
            union {
                TOKEN_GROUPS groups;
                unsigned char space[1024];
            } told = {.space = {0}};
            DWORD size;

            /* canary */
            assert_true(!GetTokenInformation((HANDLE)token, TokenRestrictedSids, &told, sizeof(told), &size) ||
                        told.groups.GroupCount == 0);
        } else {
            groups = information_of(token, TokenRestrictedSids);
            assert_int_equal(groups->GroupCount, 3); /* not the session */
            assert_true(lists(groups, sid) && lists(groups, "S-1-1-0") && lists(groups, SID_COMMANDS));
            free(groups);
        }
        handle_close(&token);
    }
    assert_false(token_is_restricted_to(sid)); /* we are not */
    if (run_under_wine()) {
        SKIP_BECAUSE("Wine does not tell restricting SIDs");
    }
}

static void a_sid_that_is_none_is_refused(void **state)
{
    struct postern_error error = {0};
    os_handle token = OS_HANDLE_NONE;

    (void)state;
    assert_int_equal(token_restrict("S-1-x", TOKEN_LOGON_LEFT, &token, &error), POSTERN_E_OS);
    assert_true(token == OS_HANDLE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sids_are_nobodys),
        cmocka_unit_test(an_ordinary_token_is_found_out),
        cmocka_unit_test(a_restricted_token_keeps_from_writing),
        cmocka_unit_test(what_its_holder_makes_is_open_to_the_sandbox),
        cmocka_unit_test(directories_are_passed),
        cmocka_unit_test(the_logon_session_is_as_asked_for),
        cmocka_unit_test(a_sid_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
