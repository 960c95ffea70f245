/*
 * policy_text.c - what a policy comes to, for people; see policy_text.h. Parent side.
 */
#include "cli/policy_text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"
#include "shared/error.h"
#include "shared/json.h"
#include "shared/text.h"

#define STAGE "policy"
#define LABEL 11u /* columns of what stands before a text */

static const char *get(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool has_items(json_t *report, const char *key)
{
    return json_array_size(json_object_get(report, key)) > 0;
}

/* "label      text", wrapped. */
static void tell(const char *label, const char *text)
{
    show_wrapped(show_cell(label, LABEL), LABEL, text);
}

/* ---- what is granted ---- */

static const char *base_text(const char *base)
{
    if (strcmp(base, "read") == 0)
        return "may be read as far as the sandbox user's own rights go";
    return strcmp(base, "write") == 0 ? "may be written as far as the sandbox user's own rights go" : "is denied";
}

static void tell_grants(json_t *report)
{
    json_t *grant;
    size_t index;
    char *text = NULL;
    if (has_items(report, "grants")) {
        printf("\n%-8s %-10s %s\n", "ACCESS", "FROM", "PATH");
        json_array_foreach(json_object_get(report, "grants"), index, grant)
        {
            show_cell(get(grant, "access"), 9);
            show_cell(get(grant, "source"), 11);
            show_text(get(grant, "path"));
            if (*get(grant, "said")) {
                fputs("  (said as ", stdout);
                show_text(get(grant, "said"));
                putchar(')');
            }
            putchar('\n');
        }
        putchar('\n');
    }
    text = text_format("what is not named %s", base_text(get(report, "base")));
    if (text)
        tell("all else", text);
    free(text);
}

/* The strings of an array as one text, behind a label. */
static void tell_list(const char *label, json_t *array, const char *after)
{
    struct buffer text;
    json_t *item;
    size_t index;
    bool fits = true;
    buffer_init(&text, 64u * 1024u);
    if (json_array_size(array) == 0)
        return;
    json_array_foreach(array, index, item) fits =
        fits && buffer_printf(&text, "%s%s", index ? ", " : "", json_string_value(item));
    fits = fits && buffer_printf(&text, "%s", after) && buffer_append(&text, "", 1);
    tell(label, fits ? (const char *)buffer_data(&text) : "(more than can be shown)");
    buffer_free(&text);
}

/* As it is written on the command line: "512M", "90s". `limit` is a capability's name. */
static void show_amount(const char *limit, json_int_t amount)
{
    static const struct {
        const char *unit;
        json_int_t size;
    } bytes[] = {{"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"", 1}}, times[] = {{"s", 1000}, {"ms", 1}};
    size_t i = 0;
    if (strcmp(limit, "limits.cpu") == 0) {
        while (amount % times[i].size != 0)
            i++;
        printf(" %lld%s", (long long)(amount / times[i].size), times[i].unit);
    } else if (strcmp(limit, "limits.processes") == 0) {
        printf(" %lld", (long long)amount);
    } else {
        while (amount % bytes[i].size != 0)
            i++;
        printf(" %lld%s", (long long)(amount / bytes[i].size), bytes[i].unit);
    }
}

static void tell_limits(json_t *limits)
{
    static const struct {
        const char *key, *capability;
    } all[] = {{"memory", "limits.memory"},
               {"processes", "limits.processes"},
               {"cpu_ms", "limits.cpu"},
               {"file_size", "limits.file_size"}};
    const char *between = "";
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        json_int_t amount = json_integer_value(json_object_get(limits, all[i].key));
        if (amount == 0)
            continue;
        if (!*between)
            show_cell("limits", LABEL);
        printf("%s%s", between, strchr(all[i].capability, '.') + 1);
        show_amount(all[i].capability, amount);
        between = ", ";
    }
    if (*between)
        putchar('\n');
}

static void tell_cuts(json_t *cuts)
{
    json_t *cut;
    size_t index;
    json_array_foreach(cuts, index, cut)
    {
        char *text = text_format("%s: %s instead of %s: %s", get(cut, "item"), get(cut, "left"), get(cut, "asked"),
                                 get(cut, "because"));
        tell(index == 0 ? "ceiling" : "", text ? text : get(cut, "item"));
        free(text);
    }
}

/* ---- what enforces it ---- */

static bool same_mechanism(json_t *a, json_t *b)
{
    return strcmp(get(a, "capability"), get(b, "capability")) == 0 &&
           strcmp(get(a, "mechanism"), get(b, "mechanism")) == 0;
}

/* One line for a mechanism, however many paths it is used on. */
static void tell_mechanism(json_t *enforced, size_t at)
{
    json_t *first = json_array_get(enforced, at), *step;
    json_t *number = json_object_get(first, "number");
    size_t index, paths = 0;
    for (size_t i = 0; i < at; i++)
        if (same_mechanism(json_array_get(enforced, i), first))
            return;
    json_array_foreach(enforced, index, step) paths +=
        same_mechanism(step, first) && json_is_string(json_object_get(step, "path"));
    fputs("  ", stdout);
    show_cell(get(first, "capability"), 18);
    show_text(get(first, "mechanism"));
    if (json_is_integer(number))
        show_amount(get(first, "capability"), json_integer_value(number));
    if (paths == 1) {
        putchar(' ');
        show_text(get(first, "path"));
    } else if (paths > 1) {
        printf(" on %zu paths", paths);
    }
    putchar('\n');
}

static void tell_mechanisms(json_t *enforced)
{
    if (json_array_size(enforced) == 0)
        return;
    puts("\nenforced by");
    for (size_t i = 0; i < json_array_size(enforced); i++)
        tell_mechanism(enforced, i);
}

/* ---- the whole ---- */

static void tell_refusal(json_t *refused)
{
    char *text = text_format("%s%s%s (%s)", get(refused, "stage"), *get(refused, "stage") ? ": " : "",
                             get(refused, "message"), get(refused, "code"));
    tell("REFUSED", text ? text : get(refused, "message"));
    free(text);
    if (*get(refused, "remedy"))
        tell("  hint:", get(refused, "remedy"));
}

static void tell_report(json_t *report, bool granted)
{
    if (!granted) {
        tell_refusal(json_object_get(report, "refused"));
        puts(has_items(report, "grants") ? "\nThis is what was asked for:" : "");
    }
    if (*get(report, "level"))
        tell("level", get(report, "level"));
    if (*get(report, "network") && (granted || has_items(report, "grants")))
        tell("network", strcmp(get(report, "network"), "allow") == 0 ? "allowed, as the host has it" : "blocked");
    if (granted || has_items(report, "grants"))
        tell_grants(report);
    tell_list("private", json_object_get(report, "private"), ": fresh in every sandbox, gone with it");
    tell_list("unguarded", json_object_get(report, "unprotected"),
              ": not there yet, so nothing keeps commands from making them");
    tell_limits(json_object_get(report, "limits"));
    tell_cuts(json_object_get(report, "cuts"));
    tell_mechanisms(json_object_get(report, "enforced"));
}

int policy_text_tell(const struct postern_sandbox_options *options, bool json, bool *granted,
                     struct postern_error *error)
{
    char *text = NULL;
    json_t *report = NULL;
    int result = postern_policy_check(options, &text, error);
    if (result != 0)
        return result;
    report = json_read(text, strlen(text), "the report", STAGE, error);
    if (report) {
        *granted = json_is_null(json_object_get(report, "refused"));
        if (json)
            puts(text);
        else
            tell_report(report, *granted);
    }
    json_decref(report);
    postern_free(text);
    if (!report)
        return POSTERN_E_INTERNAL;
    return fflush(stdout) == 0 ? 0 : error_set(error, POSTERN_E_OS, STAGE, "", "standard output cannot be written");
}

/* ---- helpers ---- */

int policy_text_check_helpers(struct postern_error *error)
{
    char *text = NULL;
    json_t *probe = NULL, *helper;
    size_t index;
    int result = postern_probe(&text, error);
    if (result != 0)
        return result;
    probe = json_read(text, strlen(text), "the probe", STAGE, error);
    if (!probe)
        result = POSTERN_E_INTERNAL;
    json_array_foreach(json_object_get(probe, "helpers"), index, helper)
    {
        if (result != 0 || json_is_true(json_object_get(helper, "usable")))
            continue;
        result = error_set(error, POSTERN_E_RUNNER_MISSING, "helpers", "", "%s", get(helper, "message"));
        error_remedy(error, get(helper, "remedy"));
    }
    json_decref(probe);
    postern_free(text);
    return result;
}
