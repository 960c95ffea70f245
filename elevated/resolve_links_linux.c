/*
 * resolve_links_linux.c - refuses rules whose path leads over a symbolic link that commands could exchange; see
 * resolve.h. Parent. The links may be the work of commands of an earlier sandbox: a rule that follows one of those
 * would give them what the caller never meant, or take its protection off what he did mean.
 */
#include "elevated/resolve_host.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/text.h"

static const char STAGE[] = "policy";
enum { DEPTH_MAX = 40 }; /* as many links as the kernel follows */

/* ---- the links on a way ---- */

/* Where the link itself lies: the directory without links, and its name. NULL: gone meanwhile, or memory is out. */
static char *locate(const char *link)
{
    const char *slash = strrchr(link, '/');
    char *directory = slash == link ? text_duplicate("/")
                      : slash       ? text_format("%.*s", (int)(slash - link), link)
                                    : text_duplicate(".");
    char *resolved = directory ? realpath(directory, NULL) : NULL;
    char *location = resolved ? path_join(PATH_POSIX, resolved, slash ? slash + 1 : link) : NULL;
    free(directory);
    free(resolved);
    return location;
}

static bool collect(const char *path, int depth, struct strings *out);

static bool follow(const char *link, int depth, struct strings *out)
{
    char target[PATH_MAX];
    const char *slash = strrchr(link, '/');
    ssize_t length = readlink(link, target, sizeof(target) - 1);
    if (length <= 0)
        return true; /* gone meanwhile: whatever is there now is compared again before it is mounted */
    target[length] = 0;
    if (!strings_add_owned(out, locate(link)))
        return false;
    if (target[0] == '/' || !slash)
        return collect(target, depth + 1, out);
    char *next = text_format("%.*s/%s", (int)(slash - link), link, target);
    bool collected = next && collect(next, depth + 1, out);
    free(next);
    return collected;
}

/* All links that looking up `path` follows, those that links lead over included, as far as it exists. */
static bool collect(const char *path, int depth, struct strings *out)
{
    char *way = text_duplicate(path);
    bool collected = way != NULL;
    struct stat status;
    size_t at = 0;
    while (collected && depth < DEPTH_MAX) {
        at += strspn(path + at, "/");
        if (!path[at])
            break;
        at += strcspn(path + at, "/");
        way[at] = 0;
        if (lstat(way, &status) != 0)
            break;
        if (S_ISLNK(status.st_mode))
            collected = follow(way, depth, out);
        way[at] = path[at];
    }
    free(way);
    return collected;
}

int resolve_find_link(const struct policy_rules *rules, const char *path, char **out, struct postern_error *error)
{
    struct strings links = {0};
    bool collected = collect(path, 0, &links);
    *out = NULL;
    for (size_t i = 0; collected && !*out && i < links.count; i++) {
        if (policy_access_of(rules, links.item[i]) == POLICY_WRITE)
            collected = (*out = text_duplicate(links.item[i])) != NULL;
    }
    strings_free(&links);
    return collected ? 0 : error_memory(error, STAGE);
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
