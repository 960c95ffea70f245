/*
 * environment_win32.c - the environment of this process as UTF-8, see environment.h. Both sides.
 */
#include "shared/environment.h"

#include <wchar.h>
#include <windows.h>

#include "shared/wide.h"

bool environment_folds(void)
{
    return true;
}

bool environment_of_process(struct strings *list)
{
    wchar_t *block = GetEnvironmentStringsW();
    bool ok = block != NULL;

    for (const wchar_t *entry = block; ok && *entry != L'\0'; entry += wcslen(entry) + 1) {
        char *text = wide_to_utf8(entry);

        /* A lone surrogate can't be said in UTF-8; such an entry is left out rather than changed into another. */
        if (text == NULL && GetLastError() == ERROR_NO_UNICODE_TRANSLATION) {
            continue;
        }
        ok = strings_add_owned(list, text);
    }
    if (block != NULL) {
        FreeEnvironmentStringsW(block);
    }
    return ok;
}
