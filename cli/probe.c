/*
 * `postern probe`: what this host can do, printed from the JSON of postern_probe(), which is all that is known here.
 * Parent side.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/report.h"
#include "cli/show.h"
#include "cli/status.h"
#include "cli/verb.h"
#include "shared/error.h"
#include "shared/json.h"
#include "shared/text.h"

#define STAGE "probe"

enum { NAME = 18, LEVEL = 12, INDENT = NAME + LEVEL, ENTRY = 20 };

struct probe_options {
    bool json, help;
};

static const struct option_row rows[] = {
    {"json", 0, OPTION_FLAG, offsetof(struct probe_options, json), NULL},
    {"help", 'h', OPTION_FLAG, offsetof(struct probe_options, help), NULL},
};

static const char *get(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* "message" and, on a line of its own, "-> remedy". */
static void tell_reason(size_t column, size_t indent, json_t *reason)
{
    show_wrapped(column, indent, get(reason, "message"));
    if (!*get(reason, "remedy"))
        return;
    printf("%*s-> ", (int)indent, "");
    show_wrapped(indent + 3, indent + 3, get(reason, "remedy"));
}

/* ---- versions ---- */

/* "restricted token" of "restricted_token" */
static void show_key(const char *key, size_t width)
{
    char *name = text_duplicate(key);
    for (char *at = name; at && *at; at++)
        if (*at == '_')
            *at = ' ';
    show_cell(name ? name : key, width);
    free(name);
}

static void show_value(json_t *value)
{
    if (json_is_string(value))
        show_text(json_string_value(value));
    else if (json_is_integer(value))
        printf("%lld", (long long)json_integer_value(value));
    else if (json_is_null(value))
        fputs("none", stdout);
    else
        fputs(json_is_true(value) ? "yes" : "no", stdout);
}

static void tell_member(const char *key, json_t *value)
{
    show_key(key, NAME);
    show_value(value);
    putchar('\n');
}

/* Limits that hold for all processes of a sandbox together need a group of them. */
static void tell_cgroup(json_t *cgroup)
{
    static const struct {
        const char *key, *label;
    } kinds[] = {{"memory", "memory group in"}, {"processes", "process group in"}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const char *path = get(cgroup, kinds[i].key);
        size_t column = show_cell(kinds[i].label, NAME);
        if (*path)
            show_wrapped(column, NAME, path);
        else
            puts("none");
    }
    if (*get(cgroup, "message"))
        tell_reason(show_cell("", NAME), NAME, cgroup);
}

/* One of a list: its name, and what is not as it should be. */
static void tell_entry(json_t *entry)
{
    json_t *password = json_object_get(entry, "password");
    json_t *reason = *get(entry, "message") || !*get(password, "message") ? entry : password;
    size_t column = show_cell("", NAME) + show_cell(get(entry, "name"), ENTRY);
    if (*get(reason, "message"))
        tell_reason(column, NAME + ENTRY, reason);
    else
        puts("ok");
}

static bool is_plain(const char *name, json_t *value)
{
    static const char *const apart[] = {"known", "message", "remedy"};
    for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++)
        if (strcmp(name, apart[i]) == 0)
            return false;
    return !json_is_object(value) && !json_is_array(value) && (!json_is_string(value) || *json_string_value(value));
}

/* What an object says of the host: plain members in one line, lists beneath, then what is not as it should be. */
static void tell_facts(const char *key, json_t *facts)
{
    json_t *value, *entry;
    const char *name;
    size_t index, count = 0;
    show_key(key, NAME);
    json_object_foreach(facts, name, value)
    {
        if (!is_plain(name, value))
            continue;
        if (count++)
            fputs(", ", stdout);
        show_key(name, 0);
        show_value(value);
    }
    if (count == 0)
        fputs(json_is_false(json_object_get(facts, "known")) ? "not known" : "ok", stdout);
    putchar('\n');
    json_object_foreach(facts, name, value)
    {
        json_array_foreach(value, index, entry)
        {
            if (json_is_object(entry))
                tell_entry(entry);
        }
    }
    if (*get(facts, "message"))
        tell_reason(show_cell("", NAME), NAME, facts);
}

static void tell_system(json_t *probe)
{
    json_t *value, *system = json_object_get(probe, "system");
    const char *key;
    tell_member("postern", json_object_get(probe, "version"));
    json_object_foreach(system, key, value)
    {
        if (strcmp(key, "cgroup") == 0)
            tell_cgroup(value);
        else if (json_is_object(value))
            tell_facts(key, value);
        else
            tell_member(key, value);
    }
}

/* ---- levels, capabilities, helpers ---- */

static void tell_levels(json_t *levels)
{
    json_t *level;
    size_t index;
    printf("\nLEVELS\n");
    json_array_foreach(levels, index, level)
    {
        bool offered = json_is_true(json_object_get(level, "offered"));
        size_t column = show_cell(get(level, "name"), NAME);
        printf("%s\n", offered ? "offered" : "not offered");
        if (*get(level, "message")) {
            column = show_cell("", NAME);
            tell_reason(column, NAME, level);
        }
    }
}

/* "elevated    mount, landlock" or why not. */
static void tell_mechanisms(const char *level, json_t *found)
{
    json_t *mechanisms = json_object_get(found, "mechanisms"), *except = json_object_get(found, "except"), *mechanism;
    size_t index, column = NAME + show_cell(level, LEVEL);
    if (json_array_size(mechanisms) == 0) {
        bool needed = !json_is_false(json_object_get(found, "needed"));
        fputs(needed ? "NOT ENFORCED: " : "not needed: ", stdout);
        tell_reason(column + (needed ? 14 : 12), INDENT, found);
        return;
    }
    json_array_foreach(mechanisms, index, mechanism)
    {
        fputs(index ? ", " : "", stdout);
        show_text(json_string_value(mechanism));
    }
    putchar('\n');
    if (except) {
        printf("%*sbut: ", INDENT, "");
        tell_reason(INDENT + 5, INDENT, except);
    }
}

static bool has_mechanisms(json_t *found)
{
    return json_array_size(json_object_get(found, "mechanisms")) > 0;
}

static void tell_capabilities(json_t *capabilities)
{
    json_t *capability, *found;
    const char *level;
    size_t index;
    bool any = false;
    printf("\nCAPABILITIES (level none has only those that name it)\n");
    json_array_foreach(capabilities, index, capability)
    {
        const char *name = get(capability, "name");
        json_object_foreach(json_object_get(capability, "levels"), level, found)
        {
            if (strcmp(level, "none") == 0 && !has_mechanisms(found))
                continue;
            show_cell(name, NAME);
            tell_mechanisms(level, found);
            name = "";
            any = true;
        }
    }
    if (!any)
        puts("none");
}

static void tell_helpers(json_t *helpers)
{
    json_t *helper;
    size_t index;
    printf("\nHELPERS\n");
    json_array_foreach(helpers, index, helper)
    {
        bool usable = json_is_true(json_object_get(helper, "usable"));
        show_cell(get(helper, "name"), NAME);
        fputs(usable ? "as installed: " : "cannot be used: ", stdout);
        show_text(get(helper, "path"));
        putchar('\n');
        if (!usable)
            tell_reason(show_cell("", NAME), NAME, helper);
    }
}

/* ---- the verb ---- */

static int tell(bool json, struct postern_error *error)
{
    char *text = NULL;
    int result = postern_probe(&text, error);
    if (result != 0)
        return result;
    json_t *probe = json_read(text, strlen(text), "the probe", STAGE, error);
    if (probe && json) {
        puts(text);
    } else if (probe) {
        tell_system(probe);
        tell_levels(json_object_get(probe, "levels"));
        tell_helpers(json_object_get(probe, "helpers"));
        tell_capabilities(json_object_get(probe, "capabilities"));
    }
    postern_free(text);
    json_decref(probe);
    return probe ? 0 : POSTERN_E_INTERNAL;
}

int probe_main(int argc, char **argv)
{
    struct probe_options options = {.json = false};
    struct postern_error error = {0};
    int rest = argc;
    int result = options_parse(rows, sizeof(rows) / sizeof(rows[0]), argc, argv, &options, &rest, &error);
    if (result == 0 && !options.help && argv[rest])
        result = error_set(&error, POSTERN_E_INVALID, "options", "", "unexpected argument \"%s\"", argv[rest]);
    if (result == 0 && options.help)
        fputs(help_probe, stdout);
    else if (result == 0)
        result = tell(options.json, &error);
    if (result != 0)
        report_failure(&error, options.json);
    return result == 0 ? STATUS_OK : STATUS_FAILED;
}
