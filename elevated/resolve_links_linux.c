/*
 * resolve_links_linux.c - refuses rules whose path leads over a symbolic link that commands could exchange; see
 * resolve.h. Parent. The links may be the work of commands of an earlier sandbox: a rule that follows one of those
 * would give them what the caller never meant, or take its protection off what he did mean.
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

int resolve_find_link(const struct policy_rules *rules, const char *path, char **out, struct postern_error *error)
{
    struct way way;
    int status = find_way(path, &way, error);
    *out = NULL;
    for (size_t i = 0; status == 0 && !*out && i < way.links.count; i++) {
        if (policy_access_of(rules, way.links.item[i]) == POLICY_WRITE && !(*out = text_duplicate(way.links.item[i])))
            status = error_memory(error, STAGE);
    }
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

/* ---- the rules ---- */

/* Settled copies of rules, to ask for the access to a path. */
static int add_copy(struct policy_rules *copies, const struct policy_rule *rule, struct postern_error *error)
{
    return policy_add_rule(copies, rule->path, rule->access, rule->source, error);
}

static int copy_all(const struct policy_rules *rules, struct policy_rules *out, struct postern_error *error)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < rules->count; i++)
        status = add_copy(out, &rules->item[i], error);
    policy_settle(out);
    return status;
}

static int refuse(const struct policy_rule *rule, const char *link, struct postern_error *error)
{
    char remedy[PATH_MAX + 80];
    error_set(error, POSTERN_E_POLICY, STAGE, "",
              "%s (%s) leads over the link %s, which commands could make lead elsewhere", resolve_said(rule),
              policy_access_name(rule->access), link);
    text_copy(remedy, sizeof(remedy), "name what it is to lead to, if that is what you mean: ");
    text_copy(remedy + strlen(remedy), sizeof(remedy) - strlen(remedy), rule->path);
    error_remedy(error, remedy);
    return POSTERN_E_POLICY;
}

/* `sure` gets the rules that no such link is part of. What those make writable, a link may lead to as well. */
static int check(const struct policy_rules *rules, const struct policy_rules *all, struct policy_rules *sure,
                 char **links, struct postern_error *error)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < rules->count; i++) {
        if (rules->item[i].said)
            status = resolve_find_link(all, rules->item[i].said, &links[i], error);
        if (status == 0 && !links[i])
            status = add_copy(sure, &rules->item[i], error);
    }
    policy_settle(sure);
    for (size_t i = 0; status == 0 && i < rules->count; i++) {
        const struct policy_rule *rule = &rules->item[i];
        if (links[i] && (rule->access != POLICY_WRITE || policy_access_of(sure, rule->path) != POLICY_WRITE))
            status = refuse(rule, links[i], error);
    }
    return status;
}

int resolve_check_links(const struct policy_rules *rules, struct postern_error *error)
{
    struct policy_rules all, sure;
    policy_rules_init(&all, rules->style, rules->base);
    policy_rules_init(&sure, rules->style, rules->base);
    char **links = calloc(rules->count + 1, sizeof(*links));
    int status = links ? copy_all(rules, &all, error) : error_memory(error, STAGE);
    if (status == 0)
        status = check(rules, &all, &sure, links, error);
    for (size_t i = 0; links && i < rules->count; i++)
        free(links[i]);
    free(links);
    policy_rules_free(&all);
    policy_rules_free(&sure);
    return status;
}
