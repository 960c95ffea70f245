/*
 * Arguments and standard streams on Windows; see arguments.h. Parent side, called by main() and `postern shell`.
 *
 * What main() gets was converted to the ANSI code page, with question marks for what it lacks; so the command line is
 * taken from the system.
 */
#include "cli/arguments.h"

#include <fcntl.h>
#include <io.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
#include <shellapi.h>

#include "shared/error.h"

#define STAGE "start"

/* Allocated; NULL with *os_error. Half a surrogate pair has no UTF-8 form and fails. */
static char *utf8_of(const wchar_t *wide, DWORD *os_error)
{
    int size = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, -1, NULL, 0, NULL, NULL);
    char *text = NULL;

    if (size <= 0) {
        *os_error = GetLastError();
        return NULL;
    }
    text = malloc((size_t)size);
    *os_error = ERROR_NOT_ENOUGH_MEMORY;
    if (text != NULL && WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, -1, text, size, NULL, NULL) != size) {
        *os_error = GetLastError();
        free(text);
        text = NULL;
    }
    return text;
}

/* The list lives as long as the process: nothing is freed on failure, which ends it. */
static int convert(wchar_t **wide, int count, char ***argv, struct postern_error *error)
{
    char **list = calloc((size_t)count + 1, sizeof(*list));

    if (list == NULL) {
        return error_memory(error, STAGE);
    }
    for (int i = 0; i < count; i++) {
        DWORD os_error = 0;
        list[i] = utf8_of(wide[i], &os_error);
        if (list[i] == NULL) {
            return error_os(error, POSTERN_E_INVALID, STAGE, "WideCharToMultiByte", os_error,
                            "argument %d is not valid UTF-16", i);
        }
    }
    *argv = list;
    return 0;
}

int arguments_get(int *argc, char ***argv, struct postern_error *error)
{
    int count = 0;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    int result;

    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
    if (wide == NULL) {
        return error_os(error, POSTERN_E_OS, STAGE, "CommandLineToArgvW", GetLastError(), "no command line");
    }
    result = convert(wide, count, argv, error);
    LocalFree(wide);
    if (result == 0) {
        *argc = count;
    }
    return result;
}

const char *arguments_shell(void)
{
    static char shell[3 * MAX_PATH + 1];
    wchar_t wide[MAX_PATH];
    DWORD length = GetEnvironmentVariableW(L"COMSPEC", wide, MAX_PATH);

    if (length == 0 || length >= MAX_PATH ||
        WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, -1, shell, (int)sizeof(shell), NULL, NULL) <= 0) {
        return "cmd.exe";
    }
    return shell;
}
