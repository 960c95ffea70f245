/*
 * access_win32.c - what the holder of a token may do, see access_win32.h. Both sides.
 */
#include "shared/access_win32.h"

#include <stdlib.h>
#include <sddl.h>

#include "shared/text.h"
#include "shared/wide.h"

#define STAGE "token"

static int os_failure(struct postern_error *error, const char *operation, const char *what)
{
    return error_os(error, POSTERN_E_OS, STAGE, operation, (int64_t)GetLastError(), "%s", what);
}

/* Freed with LocalFree(). */
static int read_descriptor(const char *text, PSECURITY_DESCRIPTOR *out, struct postern_error *error)
{
    wchar_t *wide = wide_from_utf8(text);
    int code = POSTERN_OK;

    if (wide == NULL) {
        code = error_memory(error, STAGE);
    } else if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(wide, SDDL_REVISION_1, out, NULL)) {
        code = os_failure(error, "ConvertStringSecurityDescriptorToSecurityDescriptorW",
                          "the security descriptor of a trial was not accepted");
    }
    free(wide);
    return code;
}

static int ask_one(HANDLE token, const char *file, DWORD right, bool *granted, struct postern_error *error)
{
    GENERIC_MAPPING mapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PRIVILEGE_SET privileges;
    DWORD size = sizeof(privileges), got = 0;
    BOOL allowed = FALSE;
    int code = read_descriptor(file, &descriptor, error);

    if (code == POSTERN_OK && !AccessCheck(descriptor, token, right, &mapping, &privileges, &size, &got, &allowed)) {
        code = os_failure(error, "AccessCheck", "the system did not say what a token may do");
    }
    if (descriptor != NULL) {
        LocalFree(descriptor);
    }
    *granted = allowed && (got & right) == right;
    return code;
}

char *access_describe_file(const char *user, const char *sid, DWORD rights)
{
    return rights == 0
               ? text_format("O:%sG:%sD:P(A;;FA;;;%s)", user, user, user)
               : text_format("O:%sG:%sD:P(A;;FA;;;%s)(A;;0x%lx;;;%s)", user, user, user, (unsigned long)rights, sid);
}

int access_ask(os_handle token, char *const *descriptor, const struct access_question *question, size_t count,
               struct buffer *wrong, struct postern_error *error)
{
    HANDLE copy = NULL;
    int code = POSTERN_OK;

    /* The system answers for tokens of threads only. */
    if (!DuplicateTokenEx((HANDLE)token, TOKEN_QUERY, NULL, SecurityIdentification, TokenImpersonation, &copy)) {
        return os_failure(error, "DuplicateTokenEx", "a token could not be copied");
    }
    for (size_t i = 0; code == POSTERN_OK && i < count; i++) {
        bool granted = false;

        code = ask_one(copy, descriptor[question[i].file], question[i].right, &granted, error);
        if (code == POSTERN_OK && granted != question[i].granted &&
            !buffer_printf(wrong, "%s%s%s", buffer_length(wrong) > 0 ? ", " : "", granted ? "" : "not ",
                           question[i].name)) {
            code = error_memory(error, STAGE);
        }
    }
    CloseHandle(copy);
    return code;
}
