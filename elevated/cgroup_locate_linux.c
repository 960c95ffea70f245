/*
 * cgroup_locate_linux.c - where the directories of our own control groups are, from the texts in which the kernel says
 * so. Pure; see cgroup_linux.h. Parent. The texts are the kernel's, but the names in them can be anybody's.
 */
#include "elevated/cgroup_linux.h"

#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

/* A piece of a text, not terminated. */
struct piece {
    const char *at;
    size_t size;
};

/* Takes up to the next `separator` (or the end) from the front. false: nothing is left. */
static bool take(struct piece *from, char separator, struct piece *out)
{
    const char *end;
    if (!from->at)
        return false;
    end = memchr(from->at, separator, from->size);
    out->at = from->at;
    out->size = end ? (size_t)(end - from->at) : from->size;
    from->size -= out->size + (end ? 1 : 0);
    from->at = end ? end + 1 : NULL;
    return true;
}

static bool equals(struct piece piece, const char *text)
{
    return piece.size == strlen(text) && memcmp(piece.at, text, piece.size) == 0;
}

static bool list_has(struct piece list, const char *name)
{
    struct piece item;
    while (take(&list, ',', &item)) {
        if (equals(item, name))
            return true;
    }
    return false;
}

/* ---- what we are in ---- */

/* A line is "number:controllers:path"; version 2 is "0::path". A path may hold colons. */
static bool take_membership(struct piece *text, struct piece *controllers, struct piece *path)
{
    struct piece line, number;
    while (take(text, '\n', &line)) {
        if (take(&line, ':', &number) && take(&line, ':', controllers) && line.at && line.size > 0 &&
            line.at[0] == '/') {
            *path = line;
            return true;
        }
    }
    return false;
}

/* The path of our own group. A controller belongs to one hierarchy: if none of version 1 has it, version 2 may. */
static bool find_membership(const char *membership, const char *controller, struct piece *path, bool *unified)
{
    struct piece text = {membership, strlen(membership)}, controllers, at;
    bool found = false;
    while (take_membership(&text, &controllers, &at)) {
        if (controllers.size > 0 && list_has(controllers, controller)) {
            *path = at;
            *unified = false;
            return true;
        }
        if (controllers.size == 0 && !found) {
            *path = at;
            *unified = true;
            found = true;
        }
    }
    return found;
}

/* ---- where it is mounted ---- */

/* The kernel writes blanks, newlines, '#' and backslashes as three octal digits. Allocated; NULL: no memory. */
static char *decode(struct piece piece)
{
    char *out = malloc(piece.size + 1);
    size_t length = 0;
    for (size_t i = 0; out && i < piece.size; i++) {
        const char *at = piece.at + i;
        bool escaped = at[0] == '\\' && piece.size - i >= 4 && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' &&
                       at[2] <= '7' && at[3] >= '0' && at[3] <= '7';
        if (escaped) {
            out[length++] = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
            i += 3;
        } else {
            out[length++] = *at;
        }
    }
    if (out)
        out[length] = 0;
    return out;
}

struct mount {
    struct piece root, point;
};

/* "id parent major:minor root point options [tags...] - type source options" */
static bool parse_mount(struct piece line, const char *controller, bool unified, struct mount *out)
{
    struct piece field, options;
    for (int i = 0; i < 3; i++) {
        if (!take(&line, ' ', &field))
            return false;
    }
    if (!take(&line, ' ', &out->root) || !take(&line, ' ', &out->point) || !take(&line, ' ', &field))
        return false;
    do {
        if (!take(&line, ' ', &field))
            return false;
    } while (!equals(field, "-"));
    struct piece type;
    if (!take(&line, ' ', &type) || !take(&line, ' ', &field) || !take(&line, ' ', &options))
        return false;
    return unified ? equals(type, "cgroup2") : equals(type, "cgroup") && list_has(options, controller);
}

/* A ".." stands for what is outside of our cgroup namespace: where that is in this mount is nothing we can know. */
static bool climbs(const char *path)
{
    for (const char *at = strstr(path, "/.."); at; at = strstr(at + 1, "/..")) {
        if (at[3] == '/' || at[3] == 0)
            return true;
    }
    return false;
}

/* What follows `root` in `path`: "" or "/..."; NULL: it is not beneath it, and so not in this mount. */
static const char *beneath(const char *path, const char *root)
{
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(path, root, length) != 0 || (path[length] != 0 && path[length] != '/'))
        return NULL;
    return strcmp(path + length, "/") == 0 ? "" : path + length;
}

static bool fill(const struct mount *mount, const char *own, bool unified, struct cgroup_candidate *out)
{
    char *root = decode(mount->root);
    const char *rest = root && root[0] == '/' && !climbs(root) && !climbs(own) ? beneath(own, root) : NULL;
    *out = (struct cgroup_candidate){.unified = unified};
    if (rest) {
        out->top = decode(mount->point);
        out->path = out->top ? text_format("%s%s", out->top, rest) : NULL;
    }
    free(root);
    if (out->path && out->top[0] == '/')
        return true;
    cgroup_candidate_free(out);
    return false;
}

void cgroup_candidate_free(struct cgroup_candidate *candidate)
{
    free(candidate->path);
    free(candidate->top);
    *candidate = (struct cgroup_candidate){.path = NULL};
}

size_t cgroup_locate(const char *mounts, const char *membership, const char *controller, struct cgroup_candidate *out,
                     size_t maximum)
{
    struct piece text = {mounts, strlen(mounts)}, line, at;
    struct mount mount;
    size_t count = 0;
    bool unified;
    if (!find_membership(membership, controller, &at, &unified))
        return 0;
    char *own = text_format("%.*s", (int)at.size, at.at);
    while (own && count < maximum && take(&text, '\n', &line)) {
        if (parse_mount(line, controller, unified, &mount) && fill(&mount, own, unified, &out[count]))
            count++;
    }
    free(own);
    return count;
}
