/*
 * wine_win32.c - whether this is Wine, see wine_win32.h. Both sides.
 */
#include "shared/wine_win32.h"

#include <windows.h>

bool wine_is_here(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");

    return ntdll != NULL && GetProcAddress(ntdll, "wine_get_version") != NULL;
}
