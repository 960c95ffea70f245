/*
 * token_try_win32.c - whether the system keeps who holds a restricted token from writing; see token_win32.h. Both
 * sides.
 */
#include "shared/token_win32.h"

#include <stdlib.h>
#include <windows.h>

#include "shared/access_win32.h"
#include "shared/security_win32.h"

#define STAGE "token"

static int os_failure(struct postern_error *error, const char *operation, const char *what)
{
    return error_os(error, POSTERN_E_OS, STAGE, operation, (int64_t)GetLastError(), "%s", what);
}

enum file { FILE_OF_USER, FILE_WITH_ENTRY, FILE_COUNT };

static const struct access_question questions[] = {
    {FILE_OF_USER, FILE_READ_DATA, "read", true},
    {FILE_OF_USER, FILE_EXECUTE, "execute", true},
    {FILE_OF_USER, FILE_WRITE_DATA, "write", false},
    {FILE_OF_USER, FILE_APPEND_DATA, "append", false},
    {FILE_OF_USER, FILE_WRITE_EA, "write extended attributes", false},
    {FILE_OF_USER, FILE_WRITE_ATTRIBUTES, "write attributes", false},
    {FILE_OF_USER, FILE_DELETE_CHILD, "delete what is in it", false},
    {FILE_OF_USER, DELETE, "delete", false},
    {FILE_OF_USER, WRITE_DAC, "change who may", false}, /* owners have it without an entry */
    {FILE_OF_USER, WRITE_OWNER, "change the owner", false},
    {FILE_WITH_ENTRY, FILE_WRITE_DATA, "write with an entry", true},
    {FILE_WITH_ENTRY, DELETE, "delete with an entry", true},
    {FILE_WITH_ENTRY, WRITE_DAC, "change who may with an entry", false},
    {FILE_WITH_ENTRY, FILE_DELETE_CHILD, "delete what is in it with an entry", false},
};

static int judge(struct buffer *wrong, struct postern_error *error)
{
    if (buffer_length(wrong) == 0) {
        return POSTERN_OK;
    }
    error_set(error, POSTERN_E_LEVEL, STAGE, "AccessCheck", "with a restricted token the system lets its holder: %.*s",
              (int)buffer_length(wrong), (const char *)buffer_data(wrong));
    error_remedy(error, "use --level none if the command may do all that you may do");
    return POSTERN_E_LEVEL;
}

int token_try(os_handle token, const char *sid, struct postern_error *error)
{
    char *descriptor[FILE_COUNT] = {NULL};
    char *user = security_own_sid();
    struct buffer wrong;
    int code = POSTERN_OK;

    buffer_init(&wrong, 1024);
    if (user == NULL) {
        code = os_failure(error, "GetTokenInformation", "our own user could not be found out");
    } else {
        descriptor[FILE_OF_USER] = access_describe_file(user, sid, 0);
        descriptor[FILE_WITH_ENTRY] = access_describe_file(user, sid, ACCESS_CHANGE);
        if (descriptor[FILE_OF_USER] == NULL || descriptor[FILE_WITH_ENTRY] == NULL) {
            code = error_memory(error, STAGE);
        }
    }
    if (code == POSTERN_OK) {
        code = access_ask(token, descriptor, questions, sizeof(questions) / sizeof(questions[0]), &wrong, error);
    }
    if (code == POSTERN_OK) {
        code = judge(&wrong, error);
    }
    free(descriptor[FILE_OF_USER]);
    free(descriptor[FILE_WITH_ENTRY]);
    buffer_free(&wrong);
    free(user);
    return code;
}
