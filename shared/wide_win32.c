/*
 * wide_win32.c - UTF-8 to and from UTF-16, see wide.h. Both sides.
 */
#include "shared/wide.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>
#include <shellapi.h>

#include "shared/error.h"
#include "shared/strings.h"
#include "shared/text.h"

wchar_t *wide_from_utf8(const char *text)
{
    size_t length = strlen(text) + 1;
    wchar_t *out;

    if (length > INT_MAX) {
        SetLastError(ERROR_ARITHMETIC_OVERFLOW);
        return NULL;
    }
    /* Our own check, because MultiByteToWideChar has let surrogates through in some versions of Windows and Wine. */
    if (!text_is_utf8(text, length)) {
        SetLastError(ERROR_NO_UNICODE_TRANSLATION);
        return NULL;
    }
    /* UTF-16 never has more units than UTF-8 has bytes. */
    out = malloc(length * sizeof(*out));
    if (out == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, (int)length, out, (int)length) == 0) {
        free(out);
        return NULL;
    }
    return out;
}

/* Shorter than what a directory's name may have without the form below, so that a file in it fits too. */
#define PLAIN_LIMIT 248u

/* "\\?\C:\dir", "\\?\UNC\server\share": the path in this form must be whole, since nothing is made of it any more. */
static wchar_t *long_form(const wchar_t *path)
{
    DWORD size = GetFullPathNameW(path, 0, NULL, NULL), length;
    wchar_t *full = malloc(size * sizeof(*full) + 1), *out = malloc((size + 8) * sizeof(*out));
    bool share;

    length = full == NULL || size == 0 ? 0 : GetFullPathNameW(path, size, full, NULL);
    if (out == NULL || length == 0 || length >= size) {
        free(full);
        free(out);
        return NULL;
    }
    share = full[0] == L'\\' && full[1] == L'\\';
    wcscpy(out, share ? L"\\\\?\\UNC" : L"\\\\?\\");
    wcscat(out, share ? full + 1 : full);
    free(full);
    return out;
}

wchar_t *wide_lengthen(wchar_t *path)
{
    wchar_t *out;

    if (path == NULL || wcslen(path) < PLAIN_LIMIT || wcsncmp(path, L"\\\\?\\", 4) == 0 ||
        wcsncmp(path, L"\\\\.\\", 4) == 0) {
        return path;
    }
    out = long_form(path);
    free(path);
    return out;
}

wchar_t *wide_path(const char *path)
{
    return wide_lengthen(wide_from_utf8(path));
}

/* Every surrogate is half of a pair. */
static bool wide_is_valid(const wchar_t *text)
{
    for (; *text != L'\0'; text++) {
        if (*text < 0xD800 || *text > 0xDFFF) {
            continue;
        }
        if (*text > 0xDBFF || text[1] < 0xDC00 || text[1] > 0xDFFF) {
            return false;
        }
        text++;
    }
    return true;
}

char *wide_to_utf8(const wchar_t *text)
{
    size_t length = wcslen(text) + 1;
    char *out;

    /* At most three bytes for a unit. */
    if (length > INT_MAX / 3) {
        SetLastError(ERROR_ARITHMETIC_OVERFLOW);
        return NULL;
    }
    if (!wide_is_valid(text)) {
        SetLastError(ERROR_NO_UNICODE_TRANSLATION);
        return NULL;
    }
    out = malloc(length * 3);
    if (out == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    if (WideCharToMultiByte(CP_UTF8, 0, text, (int)length, out, (int)(length * 3), NULL, NULL) == 0) {
        free(out);
        return NULL;
    }
    return out;
}

int wide_convert(const char *text, const char *stage, const char *item, wchar_t **out, struct postern_error *error)
{
    *out = wide_from_utf8(text);
    if (*out != NULL) {
        return POSTERN_OK;
    }
    if (GetLastError() == ERROR_NOT_ENOUGH_MEMORY) {
        return error_memory(error, stage);
    }
    return error_set(error, POSTERN_E_INVALID, stage, "", "%s is not valid UTF-8, or too long", item);
}

wchar_t *wide_variable(const wchar_t *name)
{
    DWORD size = 256;

    /* It may grow between the two calls, when the program has other threads. */
    for (;;) {
        wchar_t *value = malloc(size * sizeof(*value));
        DWORD got;

        if (value == NULL) {
            return NULL;
        }
        SetLastError(ERROR_SUCCESS);
        got = GetEnvironmentVariableW(name, value, size);
        if (got < size && (got > 0 || GetLastError() == ERROR_SUCCESS)) {
            return value;
        }
        free(value);
        if (got == 0) {
            return NULL;
        }
        size = got + 1;
    }
}

int wide_arguments(struct strings *out, struct postern_error *error)
{
    int count = 0;
    int code = POSTERN_OK;
    LPWSTR *list = CommandLineToArgvW(GetCommandLineW(), &count);

    if (list == NULL) {
        return error_os(error, POSTERN_E_OS, "arguments", "CommandLineToArgvW", (int64_t)GetLastError(),
                        "the command line could not be read");
    }
    for (int i = 0; i < count && code == POSTERN_OK; i++) {
        char *text = wide_to_utf8(list[i]);

        if (text == NULL && GetLastError() != ERROR_NOT_ENOUGH_MEMORY) {
            code = error_set(error, POSTERN_E_INVALID, "arguments", "", "argument %d is not valid Unicode", i);
        } else if (!strings_add_owned(out, text))
            code = error_memory(error, "arguments");
    }
    LocalFree(list);
    return code;
}
