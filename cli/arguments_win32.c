/*
 * Arguments and standard streams on Windows; see arguments.h. Parent side, called by main() and `postern shell`.
 *
 * What main() gets was converted to the ANSI code page, with question marks for what it lacks; so the command line is
 * taken from the system.
 */
#include "cli/arguments.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include "shared/error.h"
#include "shared/strings.h"
#include "shared/wide.h"

static UINT page_before; /* of the console's output; 0: not changed */

static void restore_page(void)
{
    SetConsoleOutputCP(page_before);
}

/* What we write is UTF-8, the command's output most probably too. The code page belongs to the console, so whoever
 * uses it after us gets it back. */
static void use_utf8(void)
{
    page_before = GetConsoleOutputCP(); /* 0 without a console */
    if (page_before != 0 && page_before != CP_UTF8 && atexit(restore_page) == 0) {
        SetConsoleOutputCP(CP_UTF8);
    }
}

int arguments_get(int *argc, char ***argv, struct postern_error *error)
{
    static struct strings list; /* lives as long as the process */
    int result;

    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
    use_utf8();
    result = wide_arguments(&list, error);
    if (result == 0) {
        *argv = strings_array(&list);
        *argc = (int)list.count;
        result = *argv != NULL ? 0 : error_memory(error, "arguments");
    }
    return result;
}

const char *arguments_shell(void)
{
    static char *shell; /* lives as long as the process */
    wchar_t *wide = wide_variable(L"COMSPEC");

    if (shell == NULL && wide != NULL) {
        shell = wide_to_utf8(wide);
    }
    free(wide);
    return shell != NULL && shell[0] != '\0' ? shell : "cmd.exe";
}

const char *const *arguments_command_shell(void)
{
    static const char *const words[] = {"cmd.exe", "/c"};

    return words;
}
