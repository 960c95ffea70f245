/*
 * probe_windows.c - facts of a Windows host in words, see probe_windows.h. Portable, pure; Parent.
 */
#include "elevated/probe_windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elevated/probe.h"
#include "shared/find_windows.h"
#include "shared/text.h"

#define AGAIN "run `postern setup` again, as administrator"
#define BUILD_CLOSE_RETURNS 26100u /* Windows 11 24H2 */

static bool put_reason(json_t *object, const char *message, const char *remedy)
{
    return probe_put(object, "message", probe_text(message)) && probe_put(object, "remedy", probe_text(remedy));
}

/* `object` where all of it could be put in, else NULL. Takes it. */
static json_t *finish(json_t *object, bool fits)
{
    if (fits)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *describe_failure(const struct postern_error *failure)
{
    json_t *object = json_object();
    bool fits = probe_put(object, "known", json_false()) && put_reason(object, failure->message, failure->remedy);
    return finish(object, fits);
}

/* ---- accounts ---- */

const char *probe_account_problem(const struct probe_account *account, const char **remedy)
{
    *remedy = AGAIN;
    if (!account->ours) {
        *remedy = "see who made it; rename or remove it, then " AGAIN;
        return "postern has not made the account of this name";
    }
    if (account->administrator) {
        *remedy = "take it out of the group of administrators: commands would have all rights";
        return "somebody has made it an administrator";
    }
    if (account->locked) {
        *remedy = "wait until the lockout is over, or " AGAIN "; see who tries to sign in with it";
        return "it is locked out after failed logons";
    }
    if (account->disabled)
        return "it is disabled";
    if (account->expired)
        return "the account has expired";
    *remedy = "";
    return NULL;
}

const char *probe_password_problem(const struct probe_account *account, const char **remedy)
{
    *remedy = AGAIN;
    if (account->secret == PROBE_SECRET_MISSING)
        return "its password is not stored";
    if (account->secret == PROBE_SECRET_OTHERS) {
        *remedy = AGAIN " and as this user: the one who ran it last may read the passwords";
        return "its password may not be read by this user";
    }
    if (account->password_expired)
        return "its password has expired or has to be changed first";
    if (account->password_expires)
        return "its password will expire";
    *remedy = "";
    return NULL;
}

static const char *secret_name(enum probe_secret secret)
{
    return secret == PROBE_SECRET_STORED ? "stored" : secret == PROBE_SECRET_OTHERS ? "for another user" : "missing";
}

static json_t *describe_password(const struct probe_account *account)
{
    const char *remedy, *problem = probe_password_problem(account, &remedy);
    json_t *object = json_object();
    bool fits = probe_put(object, "state", json_string(secret_name(account->secret))) &&
                probe_put(object, "days", json_integer((json_int_t)account->password_days)) &&
                put_reason(object, problem ? problem : "", remedy);
    return finish(object, fits);
}

/* A password that will expire some day does not keep an account from being used today. */
static bool is_usable(const struct probe_account *account)
{
    struct probe_account today = *account;
    const char *ignored;
    today.password_expires = false;
    return !probe_account_problem(&today, &ignored) && !probe_password_problem(&today, &ignored);
}

static json_t *describe_account(const struct probe_account *account)
{
    const char *remedy, *problem = probe_account_problem(account, &remedy);
    json_t *object = json_object();
    bool fits = probe_put(object, "name", probe_text(account->name)) &&
                probe_put(object, "online", json_boolean(account->online)) &&
                probe_put(object, "usable", json_boolean(is_usable(account))) &&
                probe_put(object, "hidden", json_boolean(account->hidden)) &&
                put_reason(object, problem ? problem : "", remedy) &&
                probe_put(object, "password", describe_password(account));
    return finish(object, fits);
}

static json_t *describe_rights(const struct probe_setup *setup)
{
    json_t *object = json_object(), *missing = json_array();
    bool known = setup->rights_failure.code == 0, fits = missing != NULL;
    char text[SETUP_TEXT_MAX] = "";
    for (size_t i = 0; i < setup->rights_missing && fits; i++) {
        fits = json_array_append_new(missing, json_string(setup->right_missing[i])) == 0;
        text_copy(text, sizeof(text), "the group " SETUP_GROUP_NAME " lacks a logon right, see `missing`");
    }
    fits = probe_put(object, "known", json_boolean(known)) && fits;
    fits = probe_put(object, "missing", missing) && fits;
    fits = fits && (known ? put_reason(object, text, text[0] ? AGAIN : "")
                          : put_reason(object, setup->rights_failure.message,
                                       "only administrators may see them: postern setup --check"));
    return finish(object, fits);
}

static size_t count_usable(const struct probe_setup *setup, bool online)
{
    size_t count = 0;
    for (size_t i = 0; i < setup->count; i++)
        count += setup->account[i].online == online && is_usable(&setup->account[i]);
    return count;
}

/* Whether level elevated can start a sandbox of each sort at all; what else is wrong is told with the accounts. */
static bool put_standing(json_t *object, const struct probe_setup *setup)
{
    const char *sorts[] = {"offline", "online"};
    const char *remedy = "", *problem;
    char text[SETUP_TEXT_MAX + SETUP_NAME_MAX] = "";
    if (setup->count == 0)
        return put_reason(object, "no sandbox accounts are set up",
                          "for level elevated: run `postern setup` once, as administrator");
    for (size_t sort = 0; sort < 2 && text[0] == '\0'; sort++)
        for (size_t i = 0; i < setup->count && text[0] == '\0' && count_usable(setup, sort == 1) == 0; i++) {
            const struct probe_account *account = &setup->account[i];
            if (account->online != (sort == 1))
                continue;
            problem = probe_account_problem(account, &remedy);
            if (!problem)
                problem = probe_password_problem(account, &remedy);
            snprintf(text, sizeof(text), "no %s account can be used; %s: %s", sorts[sort], account->name, problem);
        }
    return put_reason(object, text, text[0] ? remedy : "");
}

json_t *probe_describe_setup(const struct probe_setup *setup)
{
    json_t *object, *accounts = json_array();
    bool fits = accounts != NULL;
    if (setup->failure.code != 0) {
        json_decref(accounts);
        return describe_failure(&setup->failure);
    }
    object = json_object();
    for (size_t i = 0; i < setup->count && fits; i++)
        fits = json_array_append_new(accounts, describe_account(&setup->account[i])) == 0;
    fits = probe_put(object, "known", json_true()) && fits;
    fits = probe_put(object, "done", json_boolean(setup->count > 0)) && fits;
    fits = probe_put(object, "online", json_integer((json_int_t)count_usable(setup, true))) && fits;
    fits = probe_put(object, "offline", json_integer((json_int_t)count_usable(setup, false))) && fits;
    fits = probe_put(object, "accounts", accounts) && fits;
    fits = probe_put(object, "logon_rights", setup->count > 0 ? describe_rights(setup) : json_null()) && fits;
    return finish(object, fits && put_standing(object, setup));
}

/* ---- firewall ---- */

static const char *const profile_names[PROBE_PROFILES] = {"domain", "private", "public"};

struct reason {
    const char *message, *remedy;
};

/* The first thing that keeps the rule from being in force. A profile that is off counts though no such network is
 * connected now: the next one may be. */
static struct reason judge_firewall(const struct probe_firewall *firewall, char *text, size_t size)
{
    const char *off = NULL;
    for (int i = 0; i < PROBE_PROFILES; i++)
        if (!firewall->on[i] && !off)
            off = profile_names[i];
    if (!firewall->rule_found)
        return (struct reason){"there is no rule for offline accounts", "for level elevated: run `postern setup` once, "
                                                                        "as administrator"};
    if (firewall->rule_problem[0]) {
        snprintf(text, size, "the rule for offline accounts: %s", firewall->rule_problem);
        return (struct reason){text, AGAIN};
    }
    if (off) {
        snprintf(text, size, "it is off for %s networks", off);
        return (struct reason){text,
                               "turn it on for all kinds of networks: netsh advfirewall set allprofiles state on"};
    }
    if (firewall->overridden)
        return (struct reason){"a group policy keeps rules of this host from having an effect",
                               "have the policy apply local firewall rules, or have it contain this one"};
    return (struct reason){"", ""};
}

json_t *probe_describe_firewall(const struct probe_firewall *firewall)
{
    char text[2 * SETUP_TEXT_MAX] = "";
    if (firewall->failure.code != 0)
        return describe_failure(&firewall->failure);
    struct reason reason = judge_firewall(firewall, text, sizeof(text));
    json_t *object = json_object(), *profiles = json_object(), *active = json_array();
    bool fits = active != NULL;
    for (int i = 0; i < PROBE_PROFILES && fits; i++)
        fits = probe_put(profiles, profile_names[i], json_boolean(firewall->on[i])) &&
               (!firewall->active[i] || json_array_append_new(active, json_string(profile_names[i])) == 0);
    fits = probe_put(object, "known", json_true()) && fits;
    fits = probe_put(object, "in_force", json_boolean(reason.message[0] == '\0')) && fits;
    fits = probe_put(object, "rule", json_boolean(firewall->rule_found)) && fits;
    fits = probe_put(object, "rule_problem", probe_text(firewall->rule_problem)) && fits;
    fits = probe_put(object, "local_rules_apply", json_boolean(!firewall->overridden)) && fits;
    fits = probe_put(object, "inbound_blocked", json_boolean(firewall->blocks_inbound)) && fits;
    fits = probe_put(object, "on", profiles) && fits;
    fits = probe_put(object, "active", active) && fits;
    return finish(object, fits && put_reason(object, reason.message, reason.remedy));
}

/* ---- network filters ---- */

json_t *probe_describe_filters(const struct probe_filters *filters)
{
    const char *message = filters->there ? filters->problem : "there are no network filters for offline accounts";
    const char *remedy = !filters->there       ? "for level elevated: run `postern setup` once, as administrator"
                         : filters->problem[0] ? AGAIN
                                               : "";
    if (filters->failure.code != 0)
        return describe_failure(&filters->failure);
    json_t *object = json_object();
    bool fits = probe_put(object, "known", json_true()) &&
                probe_put(object, "in_force", json_boolean(message[0] == '\0')) && put_reason(object, message, remedy);
    return finish(object, fits);
}

/* ---- console ---- */

json_t *probe_describe_console(const struct probe_console *console)
{
    json_t *object = json_object();
    bool present = console->create && console->resize;
    bool fits = probe_put(object, "present", json_boolean(present)) &&
                probe_put(object, "release", json_boolean(console->release)) &&
                probe_put(object, "close_waits", json_boolean(console->build < BUILD_CLOSE_RETURNS)) &&
                probe_put(object, "flags", json_string("none")) &&
                put_reason(object, present ? "" : "this Windows has no pseudo consoles: commands run on pipes only",
                           present ? "" : "use Windows 10 version 1809 or later");
    return finish(object, fits);
}

/* ---- session ---- */

static struct reason judge_station(const struct probe_station *station)
{
    if (station->system)
        return (struct reason){"this process is the system itself, which may not start processes as other accounts",
                               "for level elevated: run postern as an account of its own"};
    if (station->session == 0 || !station->visible)
        return (struct reason){"this session has no screen, as those of services and of ssh: programs with windows "
                               "run, but nobody sees them",
                               "run postern in a session that somebody has signed in to, if that matters"};
    return (struct reason){"", ""};
}

json_t *probe_describe_station(const struct probe_station *station)
{
    if (station->failure.code != 0)
        return describe_failure(&station->failure);
    struct reason reason = judge_station(station);
    json_t *object = json_object();
    bool fits = probe_put(object, "known", json_true()) && probe_put(object, "name", probe_text(station->name)) &&
                probe_put(object, "desktop", probe_text(station->desktop)) &&
                probe_put(object, "visible", json_boolean(station->visible)) &&
                probe_put(object, "session", json_integer((json_int_t)station->session)) &&
                put_reason(object, reason.message, reason.remedy);
    return finish(object, fits);
}

/* ---- programs ---- */

void probe_aliases_free(struct probe_aliases *aliases)
{
    for (size_t i = 0; i < aliases->count; i++) {
        free(aliases->item[i].name);
        free(aliases->item[i].alias);
        free(aliases->item[i].program);
    }
    aliases->count = 0;
}

static json_t *describe_alias(const struct probe_alias *alias)
{
    json_t *object = json_object();
    bool fits = probe_put(object, "name", probe_text(alias->name)) &&
                probe_put(object, "alias", probe_text(alias->alias)) &&
                probe_put(object, "program", alias->program ? probe_text(alias->program) : json_null()) &&
                probe_put(object, "message",
                          json_string(alias->program ? "an alias comes first; the program further on is taken"
                                                     : "only an alias: commands cannot start it"));
    return finish(object, fits);
}

/* Names the first few that cannot be started; a desktop of Windows comes with a dozen. */
static void name_unusable(const struct probe_aliases *aliases, char *text, size_t size)
{
    enum { NAMED = 5 };
    size_t count = 0;
    char names[256] = "";
    for (size_t i = 0; i < aliases->count; i++) {
        if (aliases->item[i].program)
            continue;
        if (count < NAMED)
            snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", count ? ", " : "",
                     aliases->item[i].name);
        count++;
    }
    if (count > NAMED)
        snprintf(text, size, "on PATH only as aliases of the Store: %s and %zu more", names, count - NAMED);
    else if (count > 0)
        snprintf(text, size, "on PATH only as aliases of the Store: %s", names);
}

json_t *probe_describe_aliases(const struct probe_aliases *aliases)
{
    json_t *object = json_object(), *list = json_array();
    char text[2 * SETUP_TEXT_MAX] = "";
    bool fits = list != NULL;
    for (size_t i = 0; i < aliases->count && fits; i++)
        fits = json_array_append_new(list, describe_alias(&aliases->item[i])) == 0;
    name_unusable(aliases, text, sizeof(text));
    fits = probe_put(object, "first", list) && fits;
    return finish(object, fits && put_reason(object, text, text[0] ? find_windows_app_remedy() : ""));
}
