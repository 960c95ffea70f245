/*
 * environment.c - lists of NAME=value. Called by the CLI and the parent (what the user asks for) and by the runner
 * (what the command gets); both sides.
 */
#include "shared/environment.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shared/error.h"
#include "shared/text.h"

/* Length of the name in front of the '='; 0 when there is no '=' or no name. With `fold` a leading '=' belongs to the
 * name: Windows keeps the current directory of each drive in entries such as "=C:=C:\dir". */
static size_t name_length(const char *entry, bool fold)
{
    const char *from = fold && entry[0] == '=' ? entry + 1 : entry;
    const char *equals = strchr(from, '=');

    if (equals == NULL || equals == from) {
        return 0;
    }
    return (size_t)(equals - entry);
}

static int fold_case(char c)
{
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : (unsigned char)c;
}

/* Whether `entry` has the name name[0, length). */
static bool has_name(const char *entry, const char *name, size_t length, bool fold)
{
    if (name_length(entry, fold) != length) {
        return false;
    }
    if (!fold) {
        return memcmp(entry, name, length) == 0;
    }
    for (size_t i = 0; i < length; i++) {
        if (fold_case(entry[i]) != fold_case(name[i])) {
            return false;
        }
    }
    return true;
}

static size_t find(const struct strings *list, size_t from, const char *name, size_t length, bool fold)
{
    while (from < list->count && !has_name(list->item[from], name, length, fold)) {
        from++;
    }
    return from;
}

int environment_check(const char *entry, bool fold, struct postern_error *error)
{
    size_t length = name_length(entry, fold);
    char shown[128] = "";

    /* Only what stands before the '=' is shown: the value may be a secret. */
    text_escape(shown, sizeof(shown), entry, length > 0 ? length : strcspn(entry, "="));
    if (length == 0) {
        return error_set(error, POSTERN_E_INVALID, "environment", "",
                         strchr(entry, '=') == NULL ? "environment entry \"%s\" has no '='"
                                                    : "environment entry \"%s=...\" has no name",
                         shown);
    }
    if (!text_is_utf8(entry, strlen(entry))) {
        return error_set(error, POSTERN_E_INVALID, "environment", "", "environment entry \"%s\" is not valid UTF-8",
                         shown);
    }
    return POSTERN_OK;
}

/* Takes `entry`, whose name has `length` bytes. A list may hold a name twice (that of a process does when somebody
 * made it so); afterwards it holds this one once. */
static bool put_owned(struct strings *list, char *entry, size_t length, bool fold)
{
    size_t at;

    if (entry == NULL) {
        return false;
    }
    at = find(list, 0, entry, length, fold);
    if (at == list->count) {
        return strings_add_owned(list, entry);
    }
    free(list->item[at]);
    list->item[at] = entry;
    for (at = find(list, at + 1, entry, length, fold); at < list->count; at = find(list, at, entry, length, fold)) {
        strings_remove(list, at);
    }
    return true;
}

bool environment_set(struct strings *list, const char *name, const char *value, bool fold)
{
    return put_owned(list, text_format("%s=%s", name, value), strlen(name), fold);
}

bool environment_put(struct strings *list, const char *entry, bool fold)
{
    size_t length = name_length(entry, fold);

    assert(length > 0);
    return put_owned(list, text_duplicate(entry), length, fold);
}

const char *environment_get(const struct strings *list, const char *name, bool fold)
{
    size_t length = strlen(name);
    size_t at = find(list, 0, name, length, fold);

    return length > 0 && at < list->count ? list->item[at] + length + 1 : NULL;
}
