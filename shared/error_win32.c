/*
 * error_win32.c - the text of a Windows error number: Win32, HRESULT or NTSTATUS. Both sides.
 */
#include "shared/error.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "shared/text.h"

/* What ends processes and what ConPTY answers, by the name people search for. FormatMessage has no text for most of
 * them, or one with holes for arguments in it. */
static const struct {
    uint32_t number;
    const char *name;
} names[] = {
    {0x80004001u, "E_NOTIMPL"},
    {0x80004005u, "E_FAIL"},
    {0x80070005u, "E_ACCESSDENIED"},
    {0x8007000Eu, "E_OUTOFMEMORY"},
    {0x80070057u, "E_INVALIDARG"},
    {0x80000003u, "STATUS_BREAKPOINT"},
    {0xC0000005u, "STATUS_ACCESS_VIOLATION"},
    {0xC0000017u, "STATUS_NO_MEMORY"},
    {0xC000001Du, "STATUS_ILLEGAL_INSTRUCTION"},
    {0xC0000022u, "STATUS_ACCESS_DENIED"},
    {0xC00000FDu, "STATUS_STACK_OVERFLOW"},
    {0xC0000135u, "STATUS_DLL_NOT_FOUND"},
    {0xC0000138u, "STATUS_ORDINAL_NOT_FOUND"},
    {0xC0000139u, "STATUS_ENTRYPOINT_NOT_FOUND"},
    {0xC000013Au, "STATUS_CONTROL_C_EXIT"},
    {0xC0000142u, "STATUS_DLL_INIT_FAILED"},
    {0xC0000374u, "STATUS_HEAP_CORRUPTION"},
    {0xC0000409u, "STATUS_STACK_BUFFER_OVERRUN"},
    {0xC0000602u, "STATUS_FAIL_FAST_EXCEPTION"},
};

enum error_system error_this_system(void)
{
    return ERROR_SYSTEM_WINDOWS;
}

static const char *find_name(uint32_t number)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].number == number)
            return names[i].name;
    }
    return NULL;
}

/* English first, because that is what can be searched for; a system without English texts answers in its own. */
static DWORD find_text(uint32_t number, wchar_t *wide, DWORD units)
{
    static const DWORD languages[] = {MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), 0};
    DWORD source = FORMAT_MESSAGE_FROM_SYSTEM;
    HMODULE module = NULL;
    DWORD length = 0;

    if ((number & 0xF0000000u) == 0xC0000000u) {
        source = FORMAT_MESSAGE_FROM_HMODULE;
        module = GetModuleHandleW(L"ntdll.dll");
    }
    for (size_t i = 0; length == 0 && i < sizeof(languages) / sizeof(languages[0]); i++) {
        length = FormatMessageW(source | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK, module, number,
                                languages[i], wide, units, NULL);
    }
    while (length > 0 && (wide[length - 1] <= L' ' || wide[length - 1] == L'.')) {
        length--;
    }
    return length;
}

/* Some texts leave a hole for the name of a file, which the message around them has already. */
static void fill_hole(const char *from, char *text, size_t size)
{
    const char *hole = strstr(from, "%1");

    if (hole == NULL) {
        text_copy(text, size, from);
    } else {
        snprintf(text, size, "%.*sthe file%s", (int)(hole - from), from, hole + 2);
    }
}

void error_os_text(int64_t os_error, char *text, size_t size)
{
    /* HRESULTs come as negative 32-bit numbers from some callers and as large positive ones from others. */
    uint32_t number = (uint32_t)(os_error & 0xFFFFFFFF);
    const char *name = find_name(number);
    wchar_t wide[256];
    char utf8[sizeof(wide) / sizeof(wide[0]) * 3 + 1];
    DWORD length;
    int bytes;

    if (name != NULL) {
        text_copy(text, size, name);
        return;
    }
    length = find_text(number, wide, sizeof(wide) / sizeof(wide[0]));
    bytes =
        length == 0 ? 0 : WideCharToMultiByte(CP_UTF8, 0, wide, (int)length, utf8, (int)sizeof(utf8) - 1, NULL, NULL);
    if (bytes > 0) {
        utf8[bytes] = '\0';
    } else {
        snprintf(utf8, sizeof(utf8), number > 0xFFFF ? "error 0x%08X" : "error %u", (unsigned)number);
    }
    fill_hole(utf8, text, size);
}
