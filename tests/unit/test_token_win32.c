/*
 * shared/token_win32.h: what a write-restricted token keeps its holder from, as the system itself answers. Nothing
 * is written to anywhere.
 */
#include "tests/support/test.h"

#include <string.h>
#include <windows.h>

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
    if (token_restrict(sid, &token, &error) != 0) {
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

static void a_sid_that_is_none_is_refused(void **state)
{
    struct postern_error error = {0};
    os_handle token = OS_HANDLE_NONE;

    (void)state;
    assert_int_equal(token_restrict("S-1-x", &token, &error), POSTERN_E_OS);
    assert_true(token == OS_HANDLE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sids_are_nobodys),
        cmocka_unit_test(an_ordinary_token_is_found_out),
        cmocka_unit_test(a_restricted_token_keeps_from_writing),
        cmocka_unit_test(a_sid_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
