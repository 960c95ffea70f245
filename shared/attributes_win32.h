/*
 * attributes_win32.h - the attribute list of a STARTUPINFOEX: which handles, which jobs, which pseudo console. Callers:
 * shared/process_win32.c and those who start processes by other calls.
 */
#ifndef POSTERN_SHARED_ATTRIBUTES_WIN32_H
#define POSTERN_SHARED_ATTRIBUTES_WIN32_H

#include <stdbool.h>
#include <windows.h>

struct attributes {
    LPPROC_THREAD_ATTRIBUTE_LIST list; /* NULL: none */
};

/* For `count` attributes, at least one. false: see GetLastError(). */
bool attributes_init(struct attributes *attributes, DWORD count);

/* Borrows the value until attributes_free(): the list holds a pointer to it. */
bool attributes_add(struct attributes *attributes, DWORD_PTR attribute, void *value, size_t size);

void attributes_free(struct attributes *attributes);

#endif
