/*
 * shared/access_win32.c: the system's own answers about files that do not exist. Also the control for the trials of
 * tokens and app containers: what our own user may do comes out as granted.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "shared/access_win32.h"
#include "shared/security_win32.h"

static HANDLE own_token(void)
{
    HANDLE own = NULL;

    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &own));
    return own;
}

enum { FILE_OF_USER, FILE_TO_READ };

/* What the answers are not is named. */
static void wrong_answers_are_named(void **state)
{
    static const struct access_question question[] = {
        {FILE_OF_USER, FILE_READ_DATA, "read", true},    {FILE_OF_USER, FILE_WRITE_DATA, "write", true},
        {FILE_OF_USER, DELETE, "delete", false},         {FILE_TO_READ, FILE_READ_DATA, "look", true},
        {FILE_TO_READ, FILE_WRITE_DATA, "change", true}, {FILE_TO_READ, FILE_EXECUTE, "execute", false},
    };
    char *user = security_own_sid();
    char *file[] = {access_describe_file(user, NULL, 0), access_describe_file("S-1-5-18", user, FILE_GENERIC_READ)};
    HANDLE own = own_token();
    struct buffer wrong;

    (void)state;
    buffer_init(&wrong, 256);
    assert_int_equal(access_ask((os_handle)own, file, question, 6, &wrong, NULL), POSTERN_OK);
    assert_true(buffer_append(&wrong, "", 1));
    assert_string_equal((const char *)buffer_data(&wrong), "delete, not change");
    buffer_free(&wrong);
    CloseHandle(own);
    free(file[0]);
    free(file[1]);
    free(user);
}

static void what_cannot_be_asked_fails(void **state)
{
    static const struct access_question question = {0, FILE_READ_DATA, "read", true};
    char text[] = "O:nobody", *file[] = {text};
    struct postern_error error = {0};
    HANDLE own = own_token();
    struct buffer wrong;

    (void)state;
    buffer_init(&wrong, 256);
    assert_int_equal(access_ask((os_handle)own, file, &question, 1, &wrong, &error), POSTERN_E_OS);
    assert_int_equal(access_ask(OS_HANDLE_NONE, file, &question, 1, &wrong, &error), POSTERN_E_OS);
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
