/*
 * doctor_system.c - the system itself, as doctor tells it; see doctor_system.h. Parent side.
 */
#include "cli/doctor_system.h"

#include <stdio.h>
#include <string.h>

#include "shared/exit_code.h"

#define NOT_SET_UP "not checked because no sandbox accounts are set up"
#define SEE_LOG "look at what else has failed; report it with `postern probe --json`"

static const char *get(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* A row from an object with "message" and "remedy": fine, or `otherwise`. */
static void tell(struct doctor_table *table, const char *check, json_t *object, enum doctor_result otherwise)
{
    bool fine = *get(object, "message") == '\0';
    doctor_table_add(table, check, fine ? DOCTOR_OK : otherwise, get(object, "message"), get(object, "remedy"));
}

/* ---- accounts ---- */

/* The first with something to say; `inner` NULL: about the account itself. */
static json_t *first_flaw(json_t *accounts, const char *inner, const char **name)
{
    json_t *account;
    size_t index;
    json_array_foreach(accounts, index, account)
    {
        json_t *object = inner ? json_object_get(account, inner) : account;
        *name = get(account, "name");
        if (*get(object, "message"))
            return object;
    }
    return NULL;
}

static void tell_accounts(struct doctor_table *table, const char *check, json_t *setup, const char *inner)
{
    const char *name = "";
    json_t *flaw = first_flaw(json_object_get(setup, "accounts"), inner, &name);
    if (flaw)
        doctor_fail(table, check, get(flaw, "remedy"), "%s: %s", name, get(flaw, "message"));
    else
        doctor_ok(table, check);
}

static void tell_setup(struct doctor_table *table, json_t *setup, json_t *system)
{
    static const char *const rest[] = {"passwords", "logon rights", "network filters", "firewall rule"};
    if (json_is_true(json_object_get(setup, "done"))) {
        json_t *rights = json_object_get(setup, "logon_rights");
        bool known = json_is_true(json_object_get(rights, "known"));
        tell_accounts(table, "accounts", setup, NULL);
        tell_accounts(table, "passwords", setup, "password");
        tell(table, "logon rights", rights, known ? DOCTOR_FAILED : DOCTOR_SKIPPED);
        tell(table, "network filters", json_object_get(system, "network_filters"), DOCTOR_FAILED);
        tell(table, "firewall rule", json_object_get(system, "firewall"), DOCTOR_FAILED);
        return;
    }
    /* Not to be set up is no fault: level restricted needs none of it. */
    tell(table, "accounts", setup, DOCTOR_SKIPPED);
    for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
        doctor_skip(table, rest[i], NOT_SET_UP);
}

/* ---- all of it ---- */

void doctor_tell_system(struct doctor_table *table, json_t *system, bool elevated)
{
    static const struct {
        const char *member, *check;
        enum doctor_result otherwise;
    } rows[] = {
        {"conpty", "pseudo console", DOCTOR_FAILED},
        {"window_station", "window station", DOCTOR_OK}, /* told, and no fault */
        {"aliases", "programs on PATH", DOCTOR_OK},
    };
    json_t *setup = json_object_get(system, "setup");
    if (setup && elevated)
        tell_setup(table, setup, system);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *member = json_object_get(system, rows[i].member);
        if (member)
            tell(table, rows[i].check, member, rows[i].otherwise);
    }
}

const char *doctor_network_stays(json_t *probe, const char *level)
{
    json_t *capability;
    size_t index;
    json_array_foreach(json_object_get(probe, "capabilities"), index, capability)
    {
        json_t *found = json_object_get(json_object_get(capability, "levels"), level);
        if (strcmp(get(capability, "name"), "net.block") == 0 && found)
            return json_array_size(json_object_get(found, "mechanisms")) > 0 ? NULL : get(found, "message");
    }
    return NULL;
}

/* ---- trials ---- */

void doctor_judge_helper(struct doctor_table *table, int exit_code)
{
    static const char check[] = "helper loads";
    struct exit_code_words words;
    if (exit_code == DOCTOR_HELPER_STATUS)
        doctor_ok(table, check);
    else if (exit_code_explain(exit_code, &words))
        doctor_fail(table, check, words.remedy, "the runner ended with %s, %s: %s", words.number, words.name,
                    words.cause);
    else
        doctor_fail(table, check, "reinstall postern: the file may not be the runner that belongs to this program",
                    "the runner ended with %d instead of %d", exit_code, DOCTOR_HELPER_STATUS);
}

bool doctor_judge_command(struct doctor_table *table, const char *check, const char *what, int exit_code)
{
    struct exit_code_words words;
    if (!exit_code_explain(exit_code, &words))
        return false;
    doctor_fail(table, check, words.remedy, "%s: the command ended with %s, %s: %s", what, words.number, words.name,
                words.cause);
    return true;
}

void doctor_judge_lists(struct doctor_table *table, const char *directory, const struct doctor_lists *lists)
{
    static const char check[] = "this directory";
    char cause[sizeof(((struct postern_error *)0)->message)];
    const char *action;
    if (lists->os_error != 0) {
        struct postern_error error = {0};
        error_os(&error, POSTERN_E_OS, "doctor", lists->operation, lists->os_error, "%s", directory);
        doctor_table_add(table, check, DOCTOR_SKIPPED, error.message, error.remedy);
        return;
    }
    if (lists->has_lists && lists->may_change) {
        doctor_ok(table, check);
        return;
    }
    if (!lists->has_lists) {
        action = "work in a directory on NTFS or ReFS";
        snprintf(cause, sizeof(cause),
                 "%s cannot be a workspace at a level with a boundary: its file system, %s, has "
                 "no access lists",
                 directory, lists->file_system[0] ? lists->file_system : "of unknown kind");
    } else {
        action = "work in a directory of your own, or have the right to change its permissions given to you";
        snprintf(cause, sizeof(cause),
                 "%s cannot be a workspace at a level with a boundary: it belongs to %s, and you may not change its "
                 "access list",
                 directory, lists->owner[0] ? lists->owner : "somebody else");
    }
    /* Nobody has said that this directory is to be one. */
    doctor_table_add(table, check, DOCTOR_SKIPPED, cause, action);
}

void doctor_judge_desktop(struct doctor_table *table, const char *ours, const char *theirs, bool opened, bool promised)
{
    static const char check[] = "desktop";
    char cause[sizeof(((struct postern_error *)0)->message)];
    size_t length = strcspn(theirs, "\r\n");
    if (length == 0)
        doctor_fail(table, check, SEE_LOG, "the command could not tell which desktop it is on");
    else if (length == strlen(ours) && strncmp(ours, theirs, length) == 0)
        doctor_fail(table, check, SEE_LOG, "commands are on the caller's own desktop, %s", ours);
    else if (opened && promised)
        doctor_fail(table, check, "do not use this level, and report it with `postern probe --json`",
                    "a command on %.*s could open the caller's window station", (int)length, theirs);
    else if (opened) {
        snprintf(cause, sizeof(cause),
                 "commands are on %.*s, but can open the caller's window station: this host needs the logon session "
                 "in their token, so `ui` is not held",
                 (int)length, theirs);
        doctor_skip(table, check, cause);
    } else {
        doctor_ok(table, check);
    }
}
