/*
 * token_try_win32.c - whether the system keeps who holds a restricted token from writing; see token_win32.h. Both
 * sides.
 */
#include "shared/token_win32.h"

#include <stdlib.h>
#include <windows.h>
#include <sddl.h>

#include "shared/buffer.h"
#include "shared/security_win32.h"
#include "shared/text.h"
#include "shared/wide.h"

#define STAGE "token"

static int os_failure(struct postern_error *error, const char *operation, const char *what)
{
    return error_os(error, POSTERN_E_OS, STAGE, operation, (int64_t)GetLastError(), "%s", what);
}

/* What commands get where they may write: all but changing whose it is and who may, and removing what is in a
 * directory by the right to the directory. */
#define ENTRY_RIGHTS (FILE_GENERIC_READ | FILE_GENERIC_WRITE | FILE_GENERIC_EXECUTE | DELETE)

enum file { FILE_OF_USER, FILE_WITH_ENTRY, FILE_COUNT };

/* Each right by itself: asked for together the first that is missing would hide the others. */
static const struct question {
    enum file file;
    DWORD right;
    const char *name;
    bool granted;
} questions[] = {
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

/* Freed with LocalFree(). */
static int describe_file(enum file file, const char *user, const char *sid, PSECURITY_DESCRIPTOR *out,
                         struct postern_error *error)
{
    char *text = file == FILE_OF_USER ? text_format("O:%sG:%sD:P(A;;FA;;;%s)", user, user, user)
                                      : text_format("O:%sG:%sD:P(A;;FA;;;%s)(A;;0x%lx;;;%s)", user, user, user,
                                                    (unsigned long)ENTRY_RIGHTS, sid);
    wchar_t *wide = text != NULL ? wide_from_utf8(text) : NULL;
    int code = POSTERN_OK;

    if (wide == NULL) {
        code = error_memory(error, STAGE);
    } else if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(wide, SDDL_REVISION_1, out, NULL)) {
        code = os_failure(error, "ConvertStringSecurityDescriptorToSecurityDescriptorW",
                          "the security descriptor of a trial was not accepted");
    }
    free(wide);
    free(text);
    return code;
}

static int ask(HANDLE token, PSECURITY_DESCRIPTOR descriptor, DWORD right, bool *granted, struct postern_error *error)
{
    GENERIC_MAPPING mapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
    PRIVILEGE_SET privileges;
    DWORD size = sizeof(privileges), got = 0;
    BOOL allowed = FALSE;

    if (!AccessCheck(descriptor, token, right, &mapping, &privileges, &size, &got, &allowed)) {
        return os_failure(error, "AccessCheck", "the system did not say what a token may do");
    }
    *granted = allowed && (got & right) == right;
    return POSTERN_OK;
}

static int ask_all(HANDLE token, PSECURITY_DESCRIPTOR descriptor[FILE_COUNT], struct buffer *wrong,
                   struct postern_error *error)
{
    int code = POSTERN_OK;

    for (size_t i = 0; code == POSTERN_OK && i < sizeof(questions) / sizeof(questions[0]); i++) {
        const struct question *question = &questions[i];
        bool granted = false;

        code = ask(token, descriptor[question->file], question->right, &granted, error);
        if (code == POSTERN_OK && granted != question->granted &&
            !buffer_printf(wrong, "%s%s%s", buffer_length(wrong) > 0 ? ", " : "", granted ? "" : "not ",
                           question->name)) {
            code = error_memory(error, STAGE);
        }
    }
    return code;
}

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
    PSECURITY_DESCRIPTOR descriptor[FILE_COUNT] = {NULL};
    char *user = security_own_sid();
    HANDLE copy = NULL;
    struct buffer wrong;
    int code = POSTERN_OK;

    buffer_init(&wrong, 1024);
    if (user == NULL) {
        code = os_failure(error, "GetTokenInformation", "our own user could not be found out");
    }
    for (int file = 0; code == POSTERN_OK && file < FILE_COUNT; file++) {
        code = describe_file((enum file)file, user, sid, &descriptor[file], error);
    }
    /* The system answers for tokens of threads only. */
    if (code == POSTERN_OK &&
        !DuplicateTokenEx((HANDLE)token, TOKEN_QUERY, NULL, SecurityIdentification, TokenImpersonation, &copy)) {
        code = os_failure(error, "DuplicateTokenEx", "a token could not be copied");
    }
    if (code == POSTERN_OK) {
        code = ask_all(copy, descriptor, &wrong, error);
    }
    if (code == POSTERN_OK) {
        code = judge(&wrong, error);
    }
    for (int file = 0; file < FILE_COUNT; file++) {
        if (descriptor[file] != NULL) {
            LocalFree(descriptor[file]);
        }
    }
    if (copy != NULL) {
        CloseHandle(copy);
    }
    buffer_free(&wrong);
    free(user);
    return code;
}
