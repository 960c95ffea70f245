/*
 * batch_win32.c - the interpreter of .bat and .cmd files, see batch_win32.h. Both sides.
 */
#include "shared/batch_win32.h"

#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

#include "shared/error.h"

static wchar_t *command_interpreter(void)
{
    wchar_t path[MAX_PATH + 1];
    UINT length = GetSystemDirectoryW(path, MAX_PATH + 1);
    wchar_t *out;

    /* Not %ComSpec%: that is the caller's word, and this must be cmd.exe for the quoting to hold. */
    if (length == 0 || length + wcslen(L"\\cmd.exe") > MAX_PATH) {
        return NULL;
    }
    wcscat(path, L"\\cmd.exe");
    out = malloc((wcslen(path) + 1) * sizeof(*out));
    return out == NULL ? NULL : wcscpy(out, path);
}

int batch_command_line(const char *script, const char *const *argv, char **line, wchar_t **program,
                       struct postern_error *error)
{
    int code = batch_quote(script, argv, line, error);

    if (code != POSTERN_OK) {
        return code;
    }
    *program = command_interpreter();
    if (*program == NULL) {
        free(*line);
        *line = NULL;
        return error_memory(error, "spawn");
    }
    return POSTERN_OK;
}
