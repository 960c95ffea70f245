/*
 * Fuzzes shared/path.c: the first byte chooses the style, the rest is two paths (or lists) separated by NUL.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/path.h"

static void check(bool good)
{
    if (!good)
        abort();
}

/* What is canonical stays as it is, and names nothing above. NULL: refused. */
static char *canonical(enum path_style style, const char *text)
{
    struct postern_error error = {0};
    char *path, *again;

    if (path_canonical(style, text, "fuzz", &path, &error) != POSTERN_OK) {
        check(error.code == POSTERN_E_POLICY && error.message[0] != '\0' && path == NULL);
        return NULL;
    }
    check(strlen(path) <= strlen(text) + 1);
    check(path_canonical(style, path, "fuzz", &again, NULL) == POSTERN_OK && strcmp(path, again) == 0);
    check(path_compare(style, path, path) == 0 && path_is_beneath(style, path, path));
    check(strstr(path, style == PATH_WINDOWS ? "\\..\\" : "/../") == NULL);
    free(again);
    return path;
}

static void check_pair(enum path_style style, const char *a, const char *b)
{
    int order = path_compare(style, a, b);

    check(order == -path_compare(style, b, a));
    check((order == 0) == (path_is_beneath(style, a, b) && path_is_beneath(style, b, a)));
    if (path_is_beneath(style, a, b))
        check(order >= 0);
}

static void check_list(enum path_style style, const char *text)
{
    struct strings list = {NULL, 0};

    check(path_split_list(style, text, &list));
    for (size_t i = 0; i < list.count; i++) {
        char *path = canonical(style, list.item[i]);
        char *joined = path != NULL ? path_join(style, path, "a") : NULL;

        if (path != NULL)
            check(joined != NULL && path_is_beneath(style, joined, path) && path_compare(style, path, joined) < 0);
        free(path);
        free(joined);
    }
    strings_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum path_style style = size > 0 && data[0] % 2 != 0 ? PATH_WINDOWS : PATH_POSIX;
    char *text = calloc(1, size + 2), *a, *b;
    size_t length;

    check(text != NULL);
    if (size > 1)
        memcpy(text, data + 1, size - 1);
    length = strlen(text);
    a = canonical(style, text);
    b = canonical(style, length + 1 < size ? text + length + 1 : "");
    if (a != NULL && b != NULL)
        check_pair(style, a, b);
    check_list(style, text);
    free(a);
    free(b);
    free(text);
    return 0;
}
