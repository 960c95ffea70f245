/*
 * policy_report.c - what a policy comes to, as JSON; the shape is in policy_report.h. Portable. Parent. Paths and names
 * are the caller's and are told as they are: whoever shows them on a terminal escapes them.
 */
#include "elevated/policy_report.h"

#include <string.h>

#include "elevated/resolve.h"
#include "shared/json.h"
#include "shared/text.h"

/* ---- small values; all take what they are given, and NULL makes the whole NULL ---- */

static bool put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

static bool append(json_t *array, json_t *value)
{
    return json_array_append_new(array, value) == 0;
}

/* Messages quote what the system says, which need not be UTF-8. */
static json_t *text(const char *bytes)
{
    char escaped[2048] = "";
    size_t size = strlen(bytes);
    if (text_is_utf8(bytes, size))
        return json_string(bytes);
    text_escape(escaped, sizeof(escaped), bytes, size);
    return json_string(escaped);
}

static json_t *number(uint64_t value)
{
    return json_integer(value <= INT64_MAX ? (json_int_t)value : INT64_MAX);
}

static json_t *finish(json_t *value, bool complete)
{
    if (complete)
        return value;
    json_decref(value);
    return NULL;
}

/* ---- what is granted ---- */

static json_t *grant(const struct policy_rule *rule)
{
    json_t *out = json_object();
    bool complete = put(out, "path", text(rule->path)) &&
                    put(out, "access", json_string(policy_access_name(rule->access))) &&
                    put(out, "source", json_string(policy_source_name(rule->source)));
    if (complete && rule->said && strcmp(rule->said, rule->path) != 0)
        complete = put(out, "said", text(rule->said));
    return finish(out, complete);
}

static json_t *grants_of(const struct policy_rules *rules)
{
    json_t *out = json_array();
    bool complete = out != NULL;
    for (size_t i = 0; complete && i < rules->count; i++)
        complete = append(out, grant(&rules->item[i]));
    return finish(out, complete);
}

/* Takes what `paths` holds. */
json_t *policy_report_paths(struct strings *paths)
{
    json_t *out = json_array();
    bool complete = out != NULL;
    for (size_t i = 0; complete && i < paths->count; i++)
        complete = append(out, text(paths->item[i]));
    strings_free(paths);
    return finish(out, complete);
}

static json_t *unprotected(const struct policy_rules *rules)
{
    struct strings paths = {0};
    bool complete = resolve_unprotected(rules, &paths, NULL) == 0;
    return finish(policy_report_paths(&paths), complete);
}

static json_t *limits_of(const struct policy_limits *limits)
{
    const struct {
        const char *key;
        uint64_t value;
    } known[] = {{"memory", limits->memory},
                 {"processes", limits->processes},
                 {"cpu_ms", limits->cpu_ms},
                 {"file_size", limits->file_size}};
    json_t *out = json_object();
    bool complete = out != NULL;
    for (size_t i = 0; complete && i < sizeof(known) / sizeof(known[0]); i++)
        complete = known[i].value == 0 || put(out, known[i].key, number(known[i].value));
    return finish(out, complete);
}

json_t *policy_report_cuts(const struct policy_cuts *cuts)
{
    json_t *out = json_array();
    bool complete = out != NULL;
    for (size_t i = 0; complete && i < cuts->count; i++) {
        const struct policy_cut *cut = &cuts->item[i];
        json_t *object = json_object();
        bool filled = put(object, "item", text(cut->item)) && put(object, "asked", text(cut->asked)) &&
                      put(object, "left", text(cut->left)) && put(object, "because", text(cut->because));
        complete = append(out, finish(object, filled));
    }
    return finish(out, complete);
}

/* ---- by what ---- */

static json_t *step_of(const struct enforce_step *step)
{
    const struct enforce_mechanism_info *info = enforce_info(step->mechanism);
    json_t *out = json_object();
    bool complete =
        put(out, "capability", json_string(info->capability)) && put(out, "mechanism", json_string(info->mechanism));
    if (complete && step->path)
        complete = put(out, "path", text(step->path));
    if (complete && info->argument == ENFORCE_TAKES_NUMBER)
        complete = put(out, "number", number(step->number));
    return finish(out, complete);
}

static json_t *enforced(const struct enforce_steps *steps)
{
    json_t *out = json_array();
    bool complete = out != NULL;
    for (size_t i = 0; complete && i < steps->count; i++)
        complete = append(out, step_of(&steps->item[i]));
    return finish(out, complete);
}

static json_t *private_places(const struct enforce_steps *steps)
{
    json_t *out = json_array();
    bool complete = out != NULL;
    for (size_t i = 0; complete && i < steps->count; i++)
        if (steps->item[i].mechanism == ENFORCE_PRIVATE)
            complete = append(out, text(steps->item[i].path));
    return finish(out, complete);
}

static json_t *refusal(const struct postern_error *refused)
{
    if (!refused || refused->code == 0)
        return json_null();
    json_t *out = json_object();
    bool complete = put(out, "code", json_string(postern_code_name(refused->code))) &&
                    put(out, "stage", text(refused->stage)) && put(out, "message", text(refused->message)) &&
                    put(out, "remedy", text(refused->remedy));
    return finish(out, complete);
}

json_t *policy_report_refusal(enum postern_level level, const struct postern_error *refused)
{
    static const char *const unknown[] = {"network", "grants", "base",     "unprotected", "private",
                                          "limits",  "cuts",   "enforced", NULL};
    json_t *out = json_object();
    bool complete = put(out, "level", json_string(postern_level_name(level)));
    for (size_t i = 0; complete && unknown[i]; i++)
        complete = put(out, unknown[i], json_null());
    return finish(out, complete && put(out, "refused", refusal(refused)));
}

json_t *policy_report_make(const struct grants *grants, enum postern_level level, const struct enforce_steps *steps,
                           const struct postern_error *refused)
{
    const struct policy *policy = &grants->policy;
    /* where nothing is kept from commands, saying what the policy leaves unsaid would be a lie */
    bool unbounded = level == POSTERN_LEVEL_NONE && (!refused || refused->code == 0);
    bool network = unbounded || policy->network == POLICY_NETWORK_ALLOW;
    json_t *out = json_object();
    bool complete = put(out, "level", json_string(postern_level_name(level))) &&
                    put(out, "network", json_string(network ? "allow" : "block")) &&
                    put(out, "grants", grants_of(&policy->rules)) &&
                    put(out, "base", json_string(policy_access_name(unbounded ? POLICY_WRITE : policy->rules.base))) &&
                    put(out, "unprotected", unprotected(&policy->rules)) &&
                    put(out, "private", private_places(steps)) && put(out, "limits", limits_of(&policy->limits)) &&
                    put(out, "cuts", policy_report_cuts(&grants->cuts)) && put(out, "enforced", enforced(steps)) &&
                    put(out, "refused", refusal(refused));
    return finish(out, complete);
}
