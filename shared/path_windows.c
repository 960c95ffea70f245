/*
 * path_windows.c - the paths of Windows as text: drives, UNC, \\?\, and the names that do not mean what they say. See
 * path_windows.h. Portable, so that its rules are tested everywhere; both sides. What only a file system knows (links,
 * mount points, short names that do not look it, shares that lead to a local drive) resolving finds out.
 */
#include "shared/path_windows.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* ---- case ---- */

/* Windows compares names by a table of single characters; these are the letters of it that have a case. What is
 * missing (Georgian, extended Latin and Greek beyond these, the letters whose capital is disputed: U+0131, U+017F,
 * U+00B5) counts as different though it may be the same. That can only hide that two rules are about one path, and
 * does so only for paths that do not exist: resolving gives existing ones the spelling they have on disk, and a denied
 * path that does not exist is refused within a writable one. */
enum fold_kind {
    FOLD_BY,         /* capital = letter - distance */
    FOLD_EVEN_UPPER, /* pairs: capitals are even, */
    FOLD_ODD_UPPER   /* or odd */
};
static const struct fold {
    uint32_t first, last;
    enum fold_kind kind;
    int32_t distance;
} folds[] = {
    {0x00e0, 0x00f6, FOLD_BY, 32},        /* Latin-1, */
    {0x00f8, 0x00fe, FOLD_BY, 32},        /* without the division sign */
    {0x00ff, 0x00ff, FOLD_BY, -121},      /* y with diaeresis */
    {0x0100, 0x012f, FOLD_EVEN_UPPER, 0}, /* Latin Extended-A */
    {0x0132, 0x0137, FOLD_EVEN_UPPER, 0}, {0x0139, 0x0148, FOLD_ODD_UPPER, 0},
    {0x014a, 0x0177, FOLD_EVEN_UPPER, 0}, {0x0179, 0x017e, FOLD_ODD_UPPER, 0},
    {0x01cd, 0x01dc, FOLD_ODD_UPPER, 0},  {0x01de, 0x01ef, FOLD_EVEN_UPPER, 0},
    {0x03ac, 0x03ac, FOLD_BY, 38}, /* Greek */
    {0x03ad, 0x03af, FOLD_BY, 37},        {0x03b1, 0x03c1, FOLD_BY, 32},
    {0x03c2, 0x03c2, FOLD_BY, 31},        {0x03c3, 0x03cb, FOLD_BY, 32},
    {0x03cc, 0x03cc, FOLD_BY, 64},        {0x03cd, 0x03ce, FOLD_BY, 63},
    {0x0430, 0x044f, FOLD_BY, 32}, /* Cyrillic */
    {0x0450, 0x045f, FOLD_BY, 80},        {0x0460, 0x0481, FOLD_EVEN_UPPER, 0},
    {0x048a, 0x04bf, FOLD_EVEN_UPPER, 0}, {0x04c1, 0x04ce, FOLD_ODD_UPPER, 0},
    {0x04d0, 0x0513, FOLD_EVEN_UPPER, 0}, {0x0561, 0x0586, FOLD_BY, 48}, /* Armenian */
    {0x1e00, 0x1e95, FOLD_EVEN_UPPER, 0}, /* Latin Extended Additional: Vietnamese and others */
    {0x1ea0, 0x1ef9, FOLD_EVEN_UPPER, 0}, {0x2170, 0x217f, FOLD_BY, 16}, /* Roman numerals */
    {0x24d0, 0x24e9, FOLD_BY, 26},                                       /* circled letters */
    {0xff41, 0xff5a, FOLD_BY, 32},                                       /* full width */
};

static uint32_t fold_character(uint32_t c)
{
    for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]) && folds[i].first <= c; i++) {
        if (c > folds[i].last)
            continue;
        if (folds[i].kind == FOLD_BY)
            return (uint32_t)((int32_t)c - folds[i].distance);
        return (c % 2 == 0) == (folds[i].kind == FOLD_EVEN_UPPER) ? c : c - 1;
    }
    return c;
}

uint32_t path_windows_next(const char **at)
{
    const unsigned char *p = (const unsigned char *)*at;
    uint32_t c = p[0];
    size_t length = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    if (c == 0)
        return 0;
    if (c < 0x80) {
        (*at)++;
        return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
    }
    if (length > 1)
        c &= 0x7fu >> length;
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) { /* not UTF-8, so not canonical: only memory is looked after here */
            length = i;
            break;
        }
        c = c << 6 | (p[i] & 0x3fu);
    }
    *at += length;
    return fold_character(c);
}

/* Whether name[0, length) is `wanted`, which is ASCII in capitals. */
static bool name_is(const char *name, size_t length, const char *wanted)
{
    const char *end = name + length;

    for (; name < end && *wanted != '\0'; wanted++) {
        if (path_windows_next(&name) != (unsigned char)*wanted)
            return false;
    }
    return name == end && *wanted == '\0';
}

/* ---- names ---- */

/* Devices are found in every directory, whatever comes behind a dot. COM and LPT count with the digits 0 to 9 and the
 * superscripts 1 to 3, as Windows does. */
static bool is_device(const char *name, size_t length)
{
    static const char *const devices[] = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"};
    static const char *const superscripts[] = {"\xc2\xb9", "\xc2\xb2", "\xc2\xb3"};
    const char *dot = memchr(name, '.', length);

    if (dot != NULL)
        length = (size_t)(dot - name);
    while (length > 0 && name[length - 1] == ' ')
        length--;
    if (length < 3 || length > 7) /* all others are shorter or longer */
        return false;
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        if (name_is(name, length, devices[i]))
            return true;
    }
    if (length < 4 || !(name_is(name, 3, "COM") || name_is(name, 3, "LPT")))
        return false;
    if (length == 4)
        return name[3] >= '0' && name[3] <= '9';
    for (size_t i = 0; i < sizeof(superscripts) / sizeof(superscripts[0]); i++) {
        if (length == 5 && memcmp(name + 3, superscripts[i], 2) == 0)
            return true;
    }
    return false;
}

static size_t count_characters(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

/* 8.3 with "~" and digits at the end of the first part: what Windows makes for a longer name. */
static bool is_short(const char *name, size_t length)
{
    const char *dot = memchr(name, '.', length);
    size_t base = dot != NULL ? (size_t)(dot - name) : length;
    size_t extension = dot != NULL ? length - base - 1 : 0;
    size_t digits = 0;

    if (dot != NULL && memchr(dot + 1, '.', extension) != NULL)
        return false;
    if (count_characters(name, base) > 8 || (dot != NULL && count_characters(dot + 1, extension) > 3))
        return false;
    while (digits < base && name[base - digits - 1] >= '0' && name[base - digits - 1] <= '9')
        digits++;
    return digits > 0 && digits < base && name[base - digits - 1] == '~';
}

static const char *character_problem(char c)
{
    switch (c) {
    case ':':
        return "names an alternate stream, or has a colon where no drive is";
    case '<':
    case '>':
    case '"':
    case '|':
    case '?':
    case '*':
    case '/': /* as "\\?\" has it */
        return "holds a character that names cannot have (<>\"|?*)";
    default:
        return NULL;
    }
}

static const char *name_problem(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const char *problem = character_problem(name[i]);

        if (problem != NULL)
            return problem;
    }
    if (length == 2 && memcmp(name, "..", 2) == 0)
        return PATH_PROBLEM_PARENT;
    if (name[length - 1] == '.' || name[length - 1] == ' ')
        return "has a name that ends in a dot or a blank, which Windows leaves out";
    if (is_device(name, length))
        return "names a device";
    if (is_short(name, length))
        return "has a name that may be short for another; write the long one";
    return NULL;
}

/* ---- paths ---- */

struct walk {
    const char *at;
    bool verbatim; /* "\\?\" was written: "/" does not separate */
    char *out;
    size_t used;
};

static bool is_separator(const struct walk *walk, char c)
{
    return c == '\\' || (c == '/' && !walk->verbatim);
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The name at walk->at, past separators; false: there is none. */
static bool next_name(struct walk *walk, const char **name, size_t *length)
{
    while (is_separator(walk, *walk->at))
        walk->at++;
    *name = walk->at;
    while (*walk->at != '\0' && !is_separator(walk, *walk->at))
        walk->at++;
    *length = (size_t)(walk->at - *name);
    return *length > 0;
}

static void put(struct walk *walk, const char *text, size_t length)
{
    memcpy(walk->out + walk->used, text, length);
    walk->used += length;
}

/* Names behind a root, which ends in a separator. */
static const char *put_names(struct walk *walk)
{
    const char *name;
    size_t length;
    bool first = true;

    while (next_name(walk, &name, &length)) {
        const char *problem;

        if (length == 1 && name[0] == '.')
            continue;
        problem = name_problem(name, length);
        if (problem != NULL)
            return problem;
        if (!first)
            put(walk, "\\", 1);
        first = false;
        put(walk, name, length);
    }
    return NULL;
}

/* walk->at is behind the two separators. */
static const char *put_share(struct walk *walk)
{
    put(walk, "\\", 1);
    for (int part = 0; part < 2; part++) {
        const char *name, *problem;
        size_t length;

        if (part == 0 && (*walk->at == '\0' || is_separator(walk, *walk->at)))
            return "has no server";
        if (!next_name(walk, &name, &length))
            return "names a server, but no share of it";
        problem = name_problem(name, length);
        if (problem != NULL)
            return problem;
        put(walk, "\\", 1);
        put(walk, name, length);
    }
    put(walk, "\\", 1);
    return put_names(walk);
}

/* walk->at is at the letter. */
static const char *put_drive(struct walk *walk)
{
    char root[3] = {walk->at[0], ':', '\\'};

    if (root[0] >= 'a')
        root[0] = (char)(root[0] - 'a' + 'A');
    put(walk, root, sizeof(root));
    walk->at += 2;
    return put_names(walk);
}

/* walk->at is behind "\\?\". Anything else that can stand here is a name of the object manager, or a volume by its
 * number, which would be the same directory as another path. */
static const char *put_prefixed(struct walk *walk)
{
    const char *at = walk->at;

    if (name_is(at, 3, "UNC") && is_separator(walk, at[3])) {
        walk->at += 4;
        return put_share(walk);
    }
    if (is_letter(at[0]) && at[1] == ':' && is_separator(walk, at[2]))
        return put_drive(walk);
    return "begins with \\\\?\\, but no drive or \\\\?\\UNC\\ follows";
}

static const char *put_path(struct walk *walk)
{
    const char *at = walk->at;

    if (is_letter(at[0]) && at[1] == ':')
        return is_separator(walk, at[2]) ? put_drive(walk)
                                         : "is relative to the current directory of a drive; write it from its root";
    if (!is_separator(walk, at[0]))
        return "is relative; write it from a drive or a share";
    if (!is_separator(walk, at[1]))
        return "is relative to the current drive; write it from a drive or a share";
    if ((at[2] == '.' || at[2] == '?') && (at[3] == '\0' || is_separator(walk, at[3]))) {
        if (at[2] == '.')
            return "names a device";
        walk->at += at[3] == '\0' ? 3 : 4;
        return put_prefixed(walk);
    }
    walk->at += 2;
    return put_share(walk);
}

const char *path_windows_canonical(const char *text, char *out)
{
    struct walk walk = {.at = text, .verbatim = strncmp(text, "\\\\?\\", 4) == 0, .out = out};
    const char *problem = put_path(&walk);

    out[walk.used] = '\0';
    return problem;
}
