/*
 * batch_win32.c - command lines for .bat and .cmd files, see batch_win32.h. Both sides.
 */
#include "shared/batch_win32.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#include "shared/buffer.h"
#include "shared/error.h"
#include "shared/quote.h"
#include "shared/text.h"

/* What cmd.exe reads at most (Microsoft, "Command prompt line string limitation"). */
#define BATCH_LIMIT 8191u

bool batch_is_script(const char *program)
{
    size_t length = strlen(program);

    while (length > 0 && (program[length - 1] == '.' || program[length - 1] == ' ')) {
        length--;
    }
    return length > 4 &&
           (_strnicmp(program + length - 4, ".bat", 4) == 0 || _strnicmp(program + length - 4, ".cmd", 4) == 0);
}

/* Between quotes cmd.exe leaves everything alone but the quote and the percent sign. A quote is doubled. A percent sign
 * that starts a variable can't be escaped on a command line; "%cd:~,%" is the first no characters of a variable that
 * always exists, so "%%cd:~,%" comes out as one percent sign. Backslashes before a quote are doubled for the program
 * that the script may hand the argument on to. */
static bool put_quoted(struct buffer *line, const char *text)
{
    size_t slashes = 0;
    bool ok = buffer_append(line, "\"", 1);

    for (; ok && *text != '\0'; text++) {
        if (*text == '"') {
            for (; ok && slashes > 0; slashes--) {
                ok = buffer_append(line, "\\", 1);
            }
            ok = ok && buffer_append(line, "\"\"", 2);
        } else if (*text == '%') {
            ok = buffer_append(line, "%%cd:~,%", 8);
        } else {
            ok = buffer_append(line, text, 1);
        }
        slashes = *text == '\\' ? slashes + 1 : 0;
    }
    for (; ok && slashes > 0; slashes--) {
        ok = buffer_append(line, "\\", 1);
    }
    return ok && buffer_append(line, "\"", 1);
}

static int check_argument(const char *argument, struct postern_error *error)
{
    if (strpbrk(argument, "\r\n") != NULL) {
        return error_set(error, POSTERN_E_INVALID, "spawn", "",
                         "an argument with a line break cannot be given to a .bat or .cmd file");
    }
    return POSTERN_OK;
}

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
    struct buffer text;
    bool ok;
    int code = check_argument(script, error);

    buffer_init(&text, BATCH_LIMIT);
    /* /d no AutoRun, /e:on extensions (for the percent trick), /v:off no "!" variables, /s /c "..." takes exactly the
     * outer quotes off. */
    ok = buffer_printf(&text, "cmd.exe /d /e:on /v:off /s /c \"") && put_quoted(&text, script);
    for (size_t i = 1; code == POSTERN_OK && ok && argv[0] != NULL && argv[i] != NULL; i++) {
        code = check_argument(argv[i], error);
        ok = buffer_append(&text, " ", 1) && put_quoted(&text, argv[i]);
    }
    ok = ok && buffer_append(&text, "\"", 2);
    if (code == POSTERN_OK && !ok) {
        code = error_set(error, POSTERN_E_LIMIT, "spawn", "",
                         "the command line for '%s' is longer than cmd.exe takes (%u bytes)", script, BATCH_LIMIT);
    }
    if (code == POSTERN_OK) {
        *line = text_duplicate((const char *)buffer_data(&text));
        *program = command_interpreter();
        code = *line != NULL && *program != NULL ? POSTERN_OK : error_memory(error, "spawn");
    }
    buffer_free(&text);
    return code;
}
