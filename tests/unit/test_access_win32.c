/*
 * shared/access_win32.c: the system's own answers about files that do not exist. Also the control for the trials of
 * tokens and app containers: what our own user may do comes out as granted.
 */
#include "tests/support/test.h"

#include <windows.h>

#include "shared/access_win32.h"
#include "shared/sddl.h"

static HANDLE own_token(void)
{
    HANDLE own = NULL;

    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &own));
    return own;
}

/* A bit that no entry of these files has. */
#define NO_RIGHT 0x200

/* What the answers are not is named. */
static void wrong_answers_are_named(void **state)
{
    static const struct access_question question[] = {
        {0, FILE_READ_DATA, "read", true}, {0, FILE_WRITE_DATA, "write", true},
        {0, DELETE, "delete", false},      {FILE_GENERIC_READ, WRITE_DAC, "reassign", true},
        {0, NO_RIGHT, "fly", true},
    };
    HANDLE own = own_token();
    struct buffer wrong;

    (void)state;
    buffer_init(&wrong, 256);
    assert_int_equal(access_ask((os_handle)own, SID_SYSTEM, question, 5, &wrong, NULL), POSTERN_OK);
    assert_true(buffer_append(&wrong, "", 1));
    assert_string_equal((const char *)buffer_data(&wrong), "delete, not fly");
    buffer_free(&wrong);
    CloseHandle(own);
}

static void what_cannot_be_asked_fails(void **state)
{
    static const struct access_question question = {FILE_GENERIC_READ, FILE_READ_DATA, "read", true};
    struct postern_error error = {0};
    HANDLE own = own_token();
    struct buffer wrong;

    (void)state;
    buffer_init(&wrong, 256);
    assert_int_equal(access_ask((os_handle)own, "nobody", &question, 1, &wrong, &error), POSTERN_E_OS);
    assert_int_equal(access_ask(OS_HANDLE_NONE, SID_SYSTEM, &question, 1, &wrong, &error), POSTERN_E_OS);
    assert_string_equal(error.operation, "DuplicateTokenEx");
    assert_int_equal(buffer_length(&wrong), 0);
    buffer_free(&wrong);
    CloseHandle(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_answers_are_named),
        cmocka_unit_test(what_cannot_be_asked_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
