/*
 * block_win32.c - the environment block of CreateProcessW, see block_win32.h. Both sides.
 */
#include "shared/block_win32.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#include "shared/error.h"
#include "shared/wide.h"

/* The longest value SetEnvironmentVariableW takes; what is longer can't be read by GetEnvironmentVariableW either. */
#define VALUE_LIMIT 32766u

/* The first character belongs to the name even if it is '=': "=C:=C:\dir" is how cmd.exe keeps a drive's directory. */
static int name_length(const wchar_t *entry)
{
    const wchar_t *equals = entry[0] == L'\0' ? NULL : wcschr(entry + 1, L'=');

    return (int)(equals == NULL ? wcslen(entry) : (size_t)(equals - entry));
}

static int compare(const void *a, const void *b)
{
    const wchar_t *left = *(const wchar_t *const *)a;
    const wchar_t *right = *(const wchar_t *const *)b;

    return CompareStringOrdinal(left, name_length(left), right, name_length(right), TRUE) - CSTR_EQUAL;
}

static void free_entries(wchar_t **entries, size_t count)
{
    for (size_t i = 0; entries != NULL && i < count; i++) {
        free(entries[i]);
    }
    free(entries);
}

static int convert_entries(const char *const *env, size_t count, wchar_t **entries, struct postern_error *error)
{
    for (size_t i = 0; i < count; i++) {
        int code = wide_convert(env[i], "spawn", "an environment variable", &entries[i], error);

        if (code != POSTERN_OK) {
            return code;
        }
        /* The name alone is shown: the value may be a secret. */
        if (wcslen(entries[i]) > VALUE_LIMIT) {
            return error_set(error, POSTERN_E_LIMIT, "spawn", "",
                             "the environment variable %.*s is longer than Windows allows (%u characters)",
                             (int)strcspn(env[i], "="), env[i], VALUE_LIMIT);
        }
    }
    return POSTERN_OK;
}

static wchar_t *join(wchar_t *const *entries, size_t count)
{
    size_t units = count == 0 ? 2 : 1;
    wchar_t *block, *at;

    for (size_t i = 0; i < count; i++) {
        units += wcslen(entries[i]) + 1;
    }
    block = calloc(units, sizeof(*block));
    at = block;
    for (size_t i = 0; block != NULL && i < count; i++) {
        size_t length = wcslen(entries[i]) + 1;

        memcpy(at, entries[i], length * sizeof(*at));
        at += length;
    }
    return block;
}

int block_create(const char *const *env, wchar_t **out, struct postern_error *error)
{
    size_t count = 0;
    wchar_t **entries;
    int code;

    while (env[count] != NULL) {
        count++;
    }
    entries = calloc(count + 1, sizeof(*entries));
    if (entries == NULL) {
        return error_memory(error, "spawn");
    }
    code = convert_entries(env, count, entries, error);
    if (code == POSTERN_OK) {
        qsort(entries, count, sizeof(*entries), compare);
        *out = join(entries, count);
        code = *out != NULL ? POSTERN_OK : error_memory(error, "spawn");
    }
    free_entries(entries, count);
    return code;
}
