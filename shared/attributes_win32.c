/*
 * attributes_win32.c - the attribute list of a STARTUPINFOEX, see attributes_win32.h. Both sides.
 */
#include "shared/attributes_win32.h"

#include <stdlib.h>

bool attributes_init(struct attributes *attributes, DWORD count)
{
    SIZE_T size = 0;

    attributes->list = NULL;
    /* Documented to fail and to tell the size. */
    InitializeProcThreadAttributeList(NULL, count, 0, &size);
    if (size == 0) {
        return false;
    }
    attributes->list = malloc(size);
    if (attributes->list == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return false;
    }
    if (!InitializeProcThreadAttributeList(attributes->list, count, 0, &size)) {
        free(attributes->list);
        attributes->list = NULL;
        return false;
    }
    return true;
}

bool attributes_add(struct attributes *attributes, DWORD_PTR attribute, void *value, size_t size)
{
    return UpdateProcThreadAttribute(attributes->list, 0, attribute, value, size, NULL, NULL) != FALSE;
}

void attributes_free(struct attributes *attributes)
{
    if (attributes->list != NULL) {
        DeleteProcThreadAttributeList(attributes->list);
        free(attributes->list);
        attributes->list = NULL;
    }
}
