/*
 * resolve_links_linux.c - the symbolic links that a path leads over, and whose they are; see resolve_host.h. Parent.
 * What rules make of them is resolve_links.c.
 */
#include "elevated/resolve_host.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/text.h"

static const char STAGE[] = "policy";
enum { LINKS_MAX = 40 }; /* as many as the kernel follows */

/* ---- the links on a way ---- */

/* Where the links themselves lie, without links, and whose they are. */
struct way {
    struct strings links;
    uint32_t owner[LINKS_MAX];
    char end[2 * PATH_MAX]; /* what it leads to, as far as it exists; then as it was said */
};

/* Takes the first name off `todo`; it stays valid until `todo` changes. */
static const char *take_name(char *todo, char name[NAME_MAX + 1])
{
    size_t blank = strspn(todo, "/"), length = strcspn(todo + blank, "/");
    if (length == 0 || length > NAME_MAX)
        return NULL;
    memcpy(name, todo + blank, length);
    name[length] = 0;
    memmove(todo, todo + blank + length, strlen(todo + blank + length) + 1);
    return name;
}

/* Puts what a link says in front of what is left. false: too long. */
static bool follow(struct way *way, const char *link, char *todo, size_t size)
{
    char target[2 * PATH_MAX];
    ssize_t length = readlink(link, target, PATH_MAX);
    if (length <= 0 || (size_t)length + strlen(todo) + 2 > size)
        return false;
    memcpy(target + length, todo, strlen(todo) + 1);
    memcpy(todo, target, strlen(target) + 1);
    if (todo[0] == '/')
        way->end[0] = 0;
    return true;
}

static bool add_link(struct way *way, const char *link, uint32_t owner)
{
    way->owner[way->links.count] = owner;
    return strings_add(&way->links, link);
}

/* As the kernel would go, but by names, so that each link is seen. What it comes to is compared by who believes it. */
static bool walk(struct way *way, char *todo, size_t size)
{
    char name[NAME_MAX + 1], next[3 * PATH_MAX];
    struct stat status;
    while (take_name(todo, name)) {
        char *last = strrchr(way->end, '/');
        if (strcmp(name, "..") == 0 && last)
            *last = 0;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        snprintf(next, sizeof(next), "%s/%s", way->end, name);
        if (strlen(next) >= PATH_MAX)
            return true;
        if (lstat(next, &status) != 0 || !S_ISLNK(status.st_mode)) {
            text_copy(way->end, sizeof(way->end), next);
            continue;
        }
        if (way->links.count == LINKS_MAX)
            return true;
        if (!add_link(way, next, status.st_uid))
            return false;
        if (!follow(way, next, todo, size))
            return true; /* gone meanwhile */
    }
    return true;
}

/* `path` is of any form. */
static int find_way(const char *path, struct way *way, struct postern_error *error)
{
    char todo[3 * PATH_MAX];
    char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);
    bool fits = (size_t)snprintf(todo, sizeof(todo), "%s/%s", here ? here : "", path) < sizeof(todo);
    *way = (struct way){.end = ""};
    bool walked = !fits || walk(way, todo, sizeof(todo));
    free(here);
    return walked ? 0 : error_memory(error, STAGE);
}

int resolve_list_links(const char *path, struct strings *out, struct postern_error *error)
{
    struct way way;
    int status = find_way(path, &way, error);
    if (status == 0 && !strings_copy(out, (const char *const *)way.links.item))
        status = error_memory(error, STAGE);
    strings_free(&way.links);
    return status;
}

/* ---- whose links ---- */

static int refuse_owner(const struct policy_rule *rule, const struct way *way, size_t link, struct postern_error *error)
{
    error_set(error, POSTERN_E_POLICY, STAGE, "", "%s (%s) leads over the link %s of user %u to %s, which is not his",
              resolve_said(rule), policy_access_name(rule->access), way->links.item[link], way->owner[link],
              rule->path);
    error_remedy(error, "name what it leads to, if that is what you mean");
    return POSTERN_E_POLICY;
}

int resolve_check_owners(const struct policy_rule *rule, struct postern_error *error)
{
    struct way way;
    if (!rule->said || rule->missing || rule->access == POLICY_DENIED)
        return 0;
    int status = find_way(rule->said, &way, error);
    if (status == 0 && strcmp(way.end[0] ? way.end : "/", rule->path) != 0)
        status = error_set(error, POSTERN_E_POLICY, STAGE, "", "%s led elsewhere while it was looked at", rule->said);
    for (size_t i = 0; status == 0 && i < way.links.count; i++) {
        if (way.owner[i] != 0 && way.owner[i] != geteuid() && way.owner[i] != rule->uid)
            status = refuse_owner(rule, &way, i, error);
    }
    strings_free(&way.links);
    return status;
}
