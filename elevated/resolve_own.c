/*
 * resolve_own.c - keeps commands from what postern itself is started from; see resolve.h. Portable. Parent.
 *
 * Helpers and manifest vouch for each other, not for who wrote them. Where a project is postern's own build tree, or
 * holds the agent that uses it, its commands could exchange both, and would be the keeper of the next sandbox.
 */
#include "elevated/resolve_host.h"

#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

static const char STAGE[] = "policy";

static int refuse(const char *path, const char *why, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_POLICY, STAGE, "", "%s cannot be writable: %s", path, why);
    error_remedy(error,
                 "use a postern that is installed elsewhere (POSTERN_LIBEXEC names the directory of its helpers), "
                 "or make less writable");
    return code;
}

/* What a directory is to us, in the words of a refusal. */
struct use {
    const char *there, *missing, *remedy; /* NULL: that of refuse() */
};
static const struct use helpers = {"postern takes its helpers from there",
                                   "postern would take its helpers from there at its next start, if commands make some",
                                   NULL};
static const struct use records = {"postern keeps records there, and does what they say at its next start",
                                   "postern would do what records there say at its next start, if commands make some",
                                   "make less writable: name what commands have to change, and nothing else"};

static int refuse_use(const char *path, const struct use *use, bool missing, struct postern_error *error)
{
    int code = refuse(path, missing ? use->missing : use->there, error);
    if (use->remedy)
        error_remedy(error, use->remedy);
    return code;
}

/* Somebody names it himself. */
static bool is_named(const struct policy_rules *rules, const char *path)
{
    const struct policy_rule *rule = policy_deciding_rule(rules, path);
    return rule && path_compare(rules->style, rule->path, path) == 0;
}

/* Nothing is there now: what commands put there would be found at the next start. */
static int check_missing(const struct policy_rules *rules, const char *path, const struct use *use,
                         struct postern_error *error)
{
    struct policy_rule rule = {.access = POLICY_DENIED, .path = text_duplicate(path)};
    enum resolve_kind ignored;
    int status = rule.path ? resolve_rule(&rule, &ignored, NULL) : error_memory(error, STAGE);
    if (status == 0 && rule.missing && policy_access_of(rules, rule.path) == POLICY_WRITE)
        status = refuse_use(rule.path, use, true, error);
    else if (status == POSTERN_E_POLICY)
        status = 0; /* no path that a rule could make writable */
    free(rule.path);
    free(rule.said);
    return status;
}

static int keep_directory(struct policy_rules *rules, const char *path, const struct use *use, enum postern_level level,
                          struct postern_error *error)
{
    char *resolved = NULL;
    int64_t ignored;
    int status = 0;
    enum resolve_answer answer = resolve_follow(path, &resolved, &ignored);
    if (answer == RESOLVE_MISSING)
        return check_missing(rules, path, use, error);
    if (answer != RESOLVE_FOUND)
        return 0; /* nor can postern use it */
    if (policy_access_of(rules, resolved) == POLICY_WRITE) {
        status = is_named(rules, resolved) ? refuse_use(resolved, use, false, error)
                                           : resolve_add_protected(rules, resolved, level, error);
        policy_settle(rules);
    }
    free(resolved);
    return status;
}

/* A single file in the directory of the helpers that a rule names. */
static int check_files(const struct policy_rules *rules, const char *libexec, struct postern_error *error)
{
    char *resolved = NULL;
    int64_t ignored;
    int status = 0;
    if (resolve_follow(libexec, &resolved, &ignored) != RESOLVE_FOUND)
        return 0;
    for (size_t i = 0; status == 0 && i < rules->count; i++) {
        const struct policy_rule *rule = &rules->item[i];
        if (rule->access == POLICY_WRITE && !rule->directory && path_is_beneath(rules->style, rule->path, resolved))
            status = refuse(rule->path, "it lies where postern takes its helpers from", error);
    }
    free(resolved);
    return status;
}

static int check_way(const struct policy_rules *rules, const char *libexec, struct postern_error *error)
{
    char *link = NULL;
    int status = resolve_find_link(rules, libexec, &link, error);
    if (link)
        status = refuse(link, "it is a link that leads to postern's helpers", error);
    free(link);
    return status;
}

/* What is made writable in it by name. */
static int check_beneath(const struct policy_rules *rules, const char *place, struct postern_error *error)
{
    char *resolved = NULL;
    int64_t ignored;
    int status = 0;
    if (resolve_follow(place, &resolved, &ignored) != RESOLVE_FOUND)
        return 0;
    for (size_t i = 0; status == 0 && i < rules->count; i++)
        if (rules->item[i].access == POLICY_WRITE && path_is_beneath(rules->style, rules->item[i].path, resolved))
            status = refuse_use(rules->item[i].path, &records, false, error);
    free(resolved);
    return status;
}

static int keep_places(struct policy_rules *rules, enum postern_level level, struct postern_error *error)
{
    struct strings places = {0};
    int status = resolve_list_places(&places, error);
    for (size_t i = 0; status == 0 && i < places.count; i++) {
        status = check_beneath(rules, places.item[i], error);
        if (status == 0)
            status = keep_directory(rules, places.item[i], &records, level, error);
    }
    strings_free(&places);
    return status;
}

/* One that is named is the caller's to give away. */
static int keep_program(struct policy_rules *rules, enum postern_level level, struct postern_error *error)
{
    char *program = resolve_program();
    int status = 0;
    if (program && policy_access_of(rules, program) == POLICY_WRITE && !is_named(rules, program)) {
        status = resolve_add_protected(rules, program, level, error);
        policy_settle(rules);
    }
    free(program);
    return status;
}

int resolve_keep_own(struct policy *policy, const struct resolve_own *own, enum postern_level level,
                     struct postern_error *error)
{
    struct policy_rules *rules = &policy->rules;
    int status = check_way(rules, own->libexec, error);
    if (status == 0)
        status = check_files(rules, own->libexec, error);
    if (status == 0)
        status = keep_directory(rules, own->libexec, &helpers, level, error);
    for (size_t i = 0; status == 0 && i < own->searched->count; i++)
        status = keep_directory(rules, own->searched->item[i], &helpers, level, error);
    if (status == 0)
        status = keep_program(rules, level, error);
    if (status == 0)
        status = keep_places(rules, level, error);
    policy_settle(rules);
    return status;
}
