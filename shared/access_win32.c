/*
 * access_win32.c - what the holder of a token may do, see access_win32.h. Both sides.
 */
#include "shared/access_win32.h"

#include <stdlib.h>

#include "shared/security_win32.h"
#include "shared/text.h"

#define STAGE "token"

static int os_failure(struct postern_error *error, const char *operation, const char *what)
{
    return error_os(error, POSTERN_E_OS, STAGE, operation, (int64_t)GetLastError(), "%s", what);
}

/* A file of `user`, who may do everything; with an entry for `sid` unless it is to grant nothing. */
static char *describe_file(const char *user, const char *sid, DWORD granted)
{
    return granted == 0
               ? text_format("O:%sG:%sD:P(A;;FA;;;%s)", user, user, user)
               : text_format("O:%sG:%sD:P(A;;FA;;;%s)(A;;0x%lx;;;%s)", user, user, user, (unsigned long)granted, sid);
}

static int ask_one(HANDLE token, const char *file, DWORD right, bool *granted, struct postern_error *error)
{
    GENERIC_MAPPING mapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PRIVILEGE_SET privileges;
    DWORD size = sizeof(privileges), got = 0;
    BOOL allowed = FALSE;
    int code = security_read_sddl(file, &descriptor, NULL, error);

    if (code == POSTERN_OK && !AccessCheck(descriptor, token, right, &mapping, &privileges, &size, &got, &allowed)) {
        code = os_failure(error, "AccessCheck", "the system did not say what a token may do");
    }
    if (descriptor != NULL) {
        LocalFree(descriptor);
    }
    *granted = allowed && (got & right) == right;
    return code;
}

static int ask_all(HANDLE token, const char *user, const char *sid, const struct access_question *question,
                   size_t count, struct buffer *wrong, struct postern_error *error)
{
    int code = POSTERN_OK;

    for (size_t i = 0; code == POSTERN_OK && i < count; i++) {
        char *file = describe_file(user, sid, question[i].entry);
        bool granted = false;

        code = ask_one(token, file, question[i].right, &granted, error);
        free(file);
        if (code == POSTERN_OK && granted != question[i].granted &&
            !buffer_printf(wrong, "%s%s%s", buffer_length(wrong) > 0 ? ", " : "", granted ? "" : "not ",
                           question[i].name)) {
            code = error_memory(error, STAGE);
        }
    }
    return code;
}

int access_ask(os_handle token, const char *sid, const struct access_question *question, size_t count,
               struct buffer *wrong, struct postern_error *error)
{
    HANDLE copy = NULL;
    char *user = security_own_sid();
    int code;

    if (user == NULL) {
        return os_failure(error, "GetTokenInformation", "our own user could not be found out");
    }
    /* The system answers for tokens of threads only. */
    if (!DuplicateTokenEx((HANDLE)token, TOKEN_QUERY, NULL, SecurityIdentification, TokenImpersonation, &copy)) {
        code = os_failure(error, "DuplicateTokenEx", "a token could not be copied");
    } else {
        code = ask_all(copy, user, sid, question, count, wrong, error);
        CloseHandle(copy);
    }
    free(user);
    return code;
}
