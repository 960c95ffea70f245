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
#include "shared/text.h"

static HANDLE own_token(void)
{
    HANDLE own = NULL;

    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &own));
    return own;
}

/* Asks with the owner's rights to read only; what the answers are not is named. */
static void wrong_answers_are_named(void **state)
{
    char *user = security_own_sid();
    char *text = text_format("O:%sG:%sD:P(A;;0x120089;;;%s)", user, user, user);
    struct access_question question[] = {
        {text, FILE_READ_DATA, "read", true},   {text, FILE_WRITE_DATA, "write", false},
        {text, FILE_READ_DATA, "look", false},  {text, FILE_WRITE_DATA, "change", true},
        {text, FILE_EXECUTE, "execute", false}, {text, FILE_READ_EA, "read attributes", false},
    };
    HANDLE own = own_token();
    struct buffer wrong;

    (void)state;
    buffer_init(&wrong, 256);
    assert_int_equal(access_ask((os_handle)own, question, 6, &wrong, NULL), POSTERN_OK);
    assert_true(buffer_append(&wrong, "", 1));
    assert_string_equal((const char *)buffer_data(&wrong), "look, not change, read attributes");
    buffer_free(&wrong);
    CloseHandle(own);
    free(text);
    free(user);
}

static void what_cannot_be_asked_fails(void **state)
{
    const struct access_question question = {"O:nobody", FILE_READ_DATA, "read", true};
    struct postern_error error = {0};
    HANDLE own = own_token();
    struct buffer wrong;

    (void)state;
    buffer_init(&wrong, 256);
    assert_int_equal(access_ask((os_handle)own, &question, 1, &wrong, &error), POSTERN_E_OS);
    assert_int_equal(access_ask(OS_HANDLE_NONE, &question, 1, &wrong, &error), POSTERN_E_OS);
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
