/*
 * path.c - absolute paths: their one form, how they compare, lists of them. See path.h. Called by the policy model and
 * whoever fills it; both sides. Texts come from policies and options: anybody's.
 */
#include "shared/path.h"

#include <stdlib.h>
#include <string.h>

#include "shared/path_windows.h"
#include "shared/text.h"

static char separator(enum path_style style)
{
    return style == PATH_WINDOWS ? '\\' : '/';
}

/* ---- the one form ---- */

/* What no path of either style may be; NULL: all is well. Policies have many paths: only those that hold more than
 * printable ASCII are looked at closely. */
static const char *text_problem(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    bool odd = false;
    size_t length;

    for (; *p != '\0'; p++)
        odd = odd || *p < 0x20 || *p >= 0x7f;
    length = (size_t)(p - (const unsigned char *)text);
    if (length >= PATH_SIZE_MAX)
        return "is too long for a path";
    if (strspn(text, " \t\r\n") == length)
        return "is blank";
    if (!odd)
        return NULL;
    if (!text_is_utf8(text, length))
        return "is not valid UTF-8";
    for (p = (const unsigned char *)text; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0))
            return "holds a control character";
    }
    return NULL;
}

/* `out` has room for the text and two bytes more. */
static const char *posix_canonical(const char *text, char *out)
{
    size_t used = 0;

    if (text[0] != '/')
        return "is relative; write it from the root";
    for (;;) {
        const char *name;
        size_t length;

        while (*text == '/')
            text++;
        if (*text == '\0')
            break;
        name = text;
        while (*text != '\0' && *text != '/')
            text++;
        length = (size_t)(text - name);
        if (length == 2 && name[0] == '.' && name[1] == '.')
            return PATH_PROBLEM_PARENT;
        if (length == 1 && name[0] == '.')
            continue;
        out[used++] = '/';
        memcpy(out + used, name, length);
        used += length;
    }
    if (used == 0)
        out[used++] = '/';
    out[used] = '\0';
    return NULL;
}

/* Most paths are written as they are kept. The length of one that surely is, found in one pass over its bytes; 0: to be
 * looked at closely. A name that begins with a dot may be a "..". */
static size_t plain_posix_length(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned char before = '\0';

    for (; *p > 0x20 && *p < 0x7f; before = *p++) {
        if (before == '/' ? *p == '/' || *p == '.' : before == '\0' && *p != '/')
            return 0;
    }
    return *p == '\0' && before != '/' && p - (const unsigned char *)text < PATH_SIZE_MAX
               ? (size_t)(p - (const unsigned char *)text)
               : 0;
}

int path_canonical(enum path_style style, const char *text, const char *what, char **out, struct postern_error *error)
{
    size_t plain = style == PATH_POSIX ? plain_posix_length(text) : 0;
    const char *problem = plain > 0 ? NULL : text_problem(text);
    char shown[200] = "";
    char *path;

    *out = NULL;
    if (plain > 0) {
        *out = malloc(plain + 1);
        if (*out == NULL)
            return error_memory(error, "policy");
        memcpy(*out, text, plain + 1);
        return POSTERN_OK;
    }
    if (problem == NULL) {
        path = malloc(strlen(text) + 2);
        if (path == NULL)
            return error_memory(error, "policy");
        problem = style == PATH_WINDOWS ? path_windows_canonical(text, path) : posix_canonical(text, path);
        if (problem == NULL) {
            *out = path;
            return POSTERN_OK;
        }
        free(path);
    }
    text_escape(shown, sizeof(shown), text, strlen(text));
    return error_set(error, POSTERN_E_POLICY, "policy", "", "%s: the path \"%s\" %s", what, shown, problem);
}

/* ---- comparing ---- */

/* The next character as paths are ordered: 0 is the end, 1 a separator, which so sorts before all that a name may
 * hold. Canonical paths have no control characters. */
static uint32_t next_posix(const char **at)
{
    unsigned char c = (unsigned char)**at;

    if (c != '\0')
        (*at)++;
    return c == '/' ? 1 : c;
}

static uint32_t next_windows(const char **at)
{
    uint32_t c = path_windows_next(at);

    return c == '\\' ? 1 : c;
}

static uint32_t next(enum path_style style, const char **at)
{
    return style == PATH_WINDOWS ? next_windows(at) : next_posix(at);
}

/* Moves both to where they first differ, byte for byte, or to their common end: most paths of a policy begin alike. */
static void skip_common(const char **a, const char **b)
{
    size_t at = 0;

    while ((*a)[at] == (*b)[at] && (*a)[at] != '\0')
        at++;
    while (at > 0 && ((unsigned char)(*a)[at] & 0xc0) == 0x80) /* to the first byte of the character, of both */
        at--;
    *a += at;
    *b += at;
}

int path_compare(enum path_style style, const char *a, const char *b)
{
    skip_common(&a, &b);
    for (;;) {
        uint32_t left = next(style, &a), right = next(style, &b);

        if (left != right)
            return left < right ? -1 : 1;
        if (left == 0)
            return 0;
    }
}

bool path_is_beneath(enum path_style style, const char *path, const char *directory)
{
    const char *begin = directory;

    skip_common(&path, &directory);
    while (*directory != '\0') {
        if (next(style, &directory) != next(style, &path))
            return false;
    }
    /* a root ends in the separator that others are followed by */
    return *path == '\0' || *path == separator(style) || (directory > begin && directory[-1] == separator(style));
}

/* ---- joining and splitting ---- */

char *path_join(enum path_style style, const char *directory, const char *name)
{
    size_t length = strlen(directory);
    bool root = length > 0 && directory[length - 1] == separator(style);
    char between[2] = {separator(style), '\0'};

    return text_format("%s%s%s", directory, root ? "" : between, name);
}

bool path_split_list(enum path_style style, const char *text, struct strings *out)
{
    const char *between = style == PATH_WINDOWS ? ";" : ":";

    while (*text != '\0') {
        size_t length = strcspn(text, between);

        if (length > 0) {
            char *item = malloc(length + 1);

            if (item == NULL)
                return false;
            memcpy(item, text, length);
            item[length] = '\0';
            if (!strings_add_owned(out, item))
                return false;
        }
        text += length;
        text += strspn(text, between);
    }
    return true;
}
