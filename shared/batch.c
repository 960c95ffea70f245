/*
 * batch.c - command lines for .bat and .cmd files, see batch.h. Both sides.
 */
#include "shared/batch.h"

#include <string.h>

#include "shared/buffer.h"
#include "shared/error.h"
#include "shared/text.h"

#define STAGE "spawn"
#define UNIT_BYTES 3u /* of UTF-8 for a unit of UTF-16, at most */

static bool has_end(const char *text, size_t length, const char *end)
{
    size_t count = strlen(end);

    if (length <= count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        char c = text[length - count + i];

        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != end[i]) {
            return false;
        }
    }
    return true;
}

bool batch_is_script(const char *program)
{
    size_t length = strlen(program);

    while (length > 0 && (program[length - 1] == '.' || program[length - 1] == ' ')) {
        length--;
    }
    return has_end(program, length, ".bat") || has_end(program, length, ".cmd");
}

static size_t count_units(const char *text)
{
    size_t units = 0;

    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        units += (byte & 0xc0) == 0x80 ? 0 : byte >= 0xf0 ? 2 : 1;
    }
    return units;
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
        return error_set(error, POSTERN_E_INVALID, STAGE, "",
                         "an argument with a line break cannot be given to a .bat or .cmd file");
    }
    return POSTERN_OK;
}

/* Without the "\\?\" before a drive. */
static const char *plain(const char *path)
{
    bool usual = strncmp(path, "\\\\?\\", 4) == 0 && path[4] != '\0' && path[5] == ':' && path[6] == '\\';

    return usual ? path + 4 : path;
}

/* Device paths ("\\?\", "\\.\") mean nothing to cmd.exe. *script: without the "\\?\" where the rest is a usual path. */
static int check_script(const char **script, struct postern_error *error)
{
    const char *path = *script;
    int code;

    path = plain(path);
    if (strchr(path, '"') != NULL || strpbrk(path, "\r\n") != NULL) {
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "'%s' cannot be the name of a file", path);
    }
    if (strncmp(path, "\\\\?\\", 4) == 0 || strncmp(path, "\\\\.\\", 4) == 0) {
        return error_set(error, POSTERN_E_INVALID, STAGE, "",
                         "cmd.exe cannot read the script '%s': it is a device path", path);
    }
    if (count_units(path) > BATCH_PATH_LIMIT) {
        code = error_set(error, POSTERN_E_LIMIT, STAGE, "", "cmd.exe cannot read '%s': its path is longer than %u",
                         path, BATCH_PATH_LIMIT);
        error_remedy(error, "put the script into a directory with a shorter path");
        return code;
    }
    *script = path;
    return POSTERN_OK;
}

int batch_check_directory(const char *cwd, struct postern_error *error)
{
    int code;

    cwd = cwd != NULL ? plain(cwd) : ""; /* as process_win32.c gives it */
    if ((cwd[0] != '\\' && cwd[0] != '/') || (cwd[1] != '\\' && cwd[1] != '/')) {
        return POSTERN_OK;
    }
    code = error_set(error, POSTERN_E_CWD, STAGE, "",
                     "cmd.exe cannot work in '%s', a share or device path, and would go to the Windows directory", cwd);
    error_remedy(error, "name a directory with a drive letter to run .bat and .cmd files in");
    return code;
}

static int put_line(struct buffer *line, const char *script, const char *const *argv, struct postern_error *error)
{
    /* /d no AutoRun, /e:on extensions (for the percent trick), /v:off no "!" variables, /s /c "..." takes exactly the
     * outer quotes off. */
    bool ok = buffer_printf(line, "cmd.exe /d /e:on /v:off /s /c \"") && put_quoted(line, script);

    for (size_t i = 1; ok && argv[0] != NULL && argv[i] != NULL; i++) {
        int code = check_argument(argv[i], error);

        if (code != POSTERN_OK) {
            return code;
        }
        ok = buffer_append(line, " ", 1) && put_quoted(line, argv[i]);
    }
    ok = ok && buffer_append(line, "\"", 2);
    if (!ok || count_units((const char *)buffer_data(line)) > BATCH_LIMIT) {
        return error_set(error, POSTERN_E_LIMIT, STAGE, "",
                         "the command line for '%s' is longer than cmd.exe takes (%u characters)", script, BATCH_LIMIT);
    }
    return POSTERN_OK;
}

int batch_quote(const char *script, const char *const *argv, char **line, struct postern_error *error)
{
    struct buffer text;
    int code = check_script(&script, error);

    if (code != POSTERN_OK) {
        return code;
    }
    buffer_init(&text, BATCH_LIMIT * UNIT_BYTES + 1);
    code = put_line(&text, script, argv, error);
    if (code == POSTERN_OK) {
        *line = text_duplicate((const char *)buffer_data(&text));
        code = *line != NULL ? POSTERN_OK : error_memory(error, STAGE);
    }
    buffer_free(&text);
    return code;
}
