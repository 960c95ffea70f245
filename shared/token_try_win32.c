/*
 * token_try_win32.c - whether the system keeps who holds a restricted token from writing; see token_win32.h. Both
 * sides.
 */
#include "shared/token_win32.h"

#include <windows.h>

#include "shared/access_win32.h"

#define STAGE "token"

#define NO_ENTRY 0

static const struct access_question questions[] = {
    {NO_ENTRY, FILE_READ_DATA, "read", true},
    {NO_ENTRY, FILE_EXECUTE, "execute", true},
    {NO_ENTRY, FILE_WRITE_DATA, "write", false},
    {NO_ENTRY, FILE_APPEND_DATA, "append", false},
    {NO_ENTRY, FILE_WRITE_EA, "write extended attributes", false},
    {NO_ENTRY, FILE_WRITE_ATTRIBUTES, "write attributes", false},
    {NO_ENTRY, FILE_DELETE_CHILD, "delete what is in it", false},
    {NO_ENTRY, DELETE, "delete", false},
    {NO_ENTRY, WRITE_DAC, "change who may", false}, /* owners have it without an entry */
    {NO_ENTRY, WRITE_OWNER, "change the owner", false},
    {ACCESS_CHANGE, FILE_WRITE_DATA, "write with an entry", true},
    {ACCESS_CHANGE, DELETE, "delete with an entry", true},
    {ACCESS_CHANGE, WRITE_DAC, "change who may with an entry", false},
    {ACCESS_CHANGE, FILE_DELETE_CHILD, "delete what is in it with an entry", false},
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
    struct buffer wrong;
    int code;

    buffer_init(&wrong, 1024);
    code = access_ask(token, sid, questions, sizeof(questions) / sizeof(questions[0]), &wrong, error);
    if (code == POSTERN_OK) {
        code = judge(&wrong, error);
    }
    buffer_free(&wrong);
    return code;
}
