/*
 * resolve_way_windows.c - see resolve_way_windows.h. Parent.
 */
#include "elevated/resolve_way_windows.h"

#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

enum { LINKS_MAX = 63 }; /* as many as the system follows */

struct way {
    char *end;   /* what has been walked: "C:\a", without a separator at its end, and without links */
    char *todo;  /* what has not */
    size_t root; /* length of the part of `end` that ".." stays within */
};

static bool is_separator(char character)
{
    return character == '\\' || character == '/';
}

static bool is_drive(const char *path)
{
    return ((path[0] >= 'A' && path[0] <= 'Z') || (path[0] >= 'a' && path[0] <= 'z')) && path[1] == ':';
}

/* Takes the text, which may be NULL. */
static bool set(char **field, char *text)
{
    free(*field);
    *field = text;
    return text != NULL;
}

/* ---- roots ---- */

static size_t name_length(const char *path)
{
    size_t length = 0;

    while (path[length] != '\0' && !is_separator(path[length])) {
        length++;
    }
    return length;
}

/* Behind "\\?\" or "\??\"; *share: it is "UNC\server\share". */
static const char *without_prefix(const char *path, bool *share)
{
    bool prefixed = strncmp(path, "\\\\?\\", 4) == 0 || strncmp(path, "\\??\\", 4) == 0;

    path += prefixed ? 4 : 0;
    *share = prefixed && (strncmp(path, "UNC\\", 4) == 0 || strncmp(path, "unc\\", 4) == 0);
    return *share ? path + 4 : path;
}

/* Goes to the root of an absolute path, with all behind it to do, and `rest` behind that. *rooted: it has one. */
static bool start(struct way *way, const char *path, const char *rest, bool *rooted)
{
    bool share = false;
    const char *at = without_prefix(path, &share);
    size_t server, volume;

    *rooted = true;
    if (is_drive(at)) {
        if (!set(&way->end, text_format("%.2s", at)) || !set(&way->todo, text_format("%s\\%s", at + 2, rest))) {
            return false;
        }
    } else if (share || (at == path && is_separator(at[0]) && is_separator(at[1]))) {
        at += share ? 0 : 2;
        server = name_length(at);
        volume = at[server] == '\0' ? 0 : name_length(at + server + 1);
        *rooted = server > 0 && volume > 0;
        if (*rooted && (!set(&way->end, text_format("\\\\%.*s\\%.*s", (int)server, at, (int)volume, at + server + 1)) ||
                        !set(&way->todo, text_format("%s\\%s", at + server + 1 + volume, rest)))) {
            return false;
        }
    } else {
        *rooted = false;
        return true;
    }
    way->root = *rooted ? strlen(way->end) : way->root;
    return true;
}

/* ---- walking ---- */

/* Takes the next name off; it stays valid until `todo` changes. NULL: none is left. */
static const char *take_name(struct way *way, size_t *length)
{
    while (is_separator(*way->todo)) {
        memmove(way->todo, way->todo + 1, strlen(way->todo));
    }
    *length = name_length(way->todo);
    return *length > 0 ? way->todo : NULL;
}

static void drop_name(struct way *way, size_t length)
{
    memmove(way->todo, way->todo + length, strlen(way->todo + length) + 1);
}

static void go_up(struct way *way)
{
    char *last = strrchr(way->end, '\\');

    if (last != NULL && (size_t)(last - way->end) >= way->root) {
        *last = '\0';
    }
}

/* On from a link: to its target, or past it where that is no path. Takes both. */
static bool follow(struct way *way, char *link, char *target)
{
    bool rooted = false;
    bool ok = target == NULL || start(way, target, way->todo, &rooted);

    if (ok && !rooted && (target == NULL || strncmp(target, "\\??\\", 4) == 0)) {
        ok = set(&way->end, link); /* a volume: what is on it has its names beneath the link's */
        link = NULL;
    } else if (ok && !rooted) {
        if (is_separator(target[0])) {
            way->end[way->root] = '\0';
        }
        ok = set(&way->todo, text_format("%s\\%s", target, way->todo));
    }
    free(target);
    free(link);
    return ok;
}

/* ".." is taken off as the text has it: what it comes to where a link was on the way is the link's to say, and by then
 * that has been followed. */
static bool step(struct way *way, const char *name, size_t length, resolve_way_look *look, void *context,
                 struct strings *links)
{
    bool here = length == 1 && name[0] == '.', up = length == 2 && memcmp(name, "..", 2) == 0;
    char *next = here || up ? NULL : text_format("%s\\%.*s", way->end, (int)length, name), *target = NULL;

    drop_name(way, length);
    if (up) {
        go_up(way);
    }
    if (here || up) {
        return true;
    }
    if (next == NULL || !look(context, next, &target)) {
        return set(&way->end, next);
    }
    if (!strings_add(links, next)) {
        free(target);
        free(next);
        return false;
    }
    return follow(way, next, target);
}

bool resolve_way_windows(const char *path, resolve_way_look *look, void *context, struct strings *links)
{
    struct way way = {NULL, NULL, 0};
    size_t before = links->count, length;
    const char *name;
    bool rooted = false;
    bool ok = start(&way, path, "", &rooted);

    while (ok && rooted && links->count - before < LINKS_MAX && (name = take_name(&way, &length)) != NULL) {
        ok = step(&way, name, length, look, context, links);
    }
    free(way.end);
    free(way.todo);
    return ok;
}

/* ---- what a link says ---- */

static size_t number(const unsigned char *data)
{
    return (size_t)data[0] | (size_t)data[1] << 8;
}

/* REPARSE_DATA_BUFFER: the tag (4 bytes), the length of what follows the header (2), 2 bytes; offset and length of the
 * name that is meant, offset and length of the one that is shown; a symbolic link's flags (4); the names. */
bool resolve_way_target(const unsigned char *data, size_t size, size_t *at, size_t *length)
{
    static const unsigned char junction[4] = {0x03, 0x00, 0x00, 0xA0}, link[4] = {0x0C, 0x00, 0x00, 0xA0};
    size_t header = 16, end;

    if (size < header || (memcmp(data, junction, 4) != 0 && memcmp(data, link, 4) != 0)) {
        return false;
    }
    header += memcmp(data, link, 4) == 0 ? 4 : 0;
    end = 8 + number(data + 4);
    if (end > size || header > end) {
        return false;
    }
    *at = header + number(data + 8);
    *length = number(data + 10);
    return *at <= end && *length <= end - *at && *length % 2 == 0;
}
