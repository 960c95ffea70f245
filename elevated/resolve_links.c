/*
 * resolve_links.c - refuses rules whose path leads over a link that commands could exchange; see resolve.h. Portable.
 * Parent. The links may be the work of commands of an earlier sandbox: a rule that follows one of those would give them
 * what the caller never meant, or take its protection off what he did mean. On Windows that takes no right at all:
 * everybody may make junctions where he may write.
 */
#include "elevated/resolve_host.h"

#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

static const char STAGE[] = "policy";

int resolve_find_link(const struct policy_rules *rules, const char *path, char **out, struct postern_error *error)
{
    struct strings links = {0};
    int status = resolve_list_links(path, &links, error);
    *out = NULL;
    for (size_t i = 0; status == 0 && !*out && i < links.count; i++) {
        if (policy_access_of(rules, links.item[i]) == POLICY_WRITE && !(*out = text_duplicate(links.item[i])))
            status = error_memory(error, STAGE);
    }
    strings_free(&links);
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
    char remedy[PATH_SIZE_MAX + 80];
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
