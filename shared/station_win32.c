/*
 * station_win32.c - names of window stations and desktops, see station_win32.h. Both sides.
 */
#include "shared/station_win32.h"

#include "shared/wide.h"

#define NAME_UNITS 256

char *station_object_name(HANDLE object)
{
    wchar_t name[NAME_UNITS] = L"";
    DWORD size = 0;

    return GetUserObjectInformationW(object, UOI_NAME, name, sizeof(name), &size) ? wide_to_utf8(name) : NULL;
}
