/*
 * probe.c - postern_probe(): what this host can do for this caller. Portable; Parent. The planner is asked what it
 * would do with small policies, so that what is told here is what would happen.
 */
#include "elevated/probe.h"

#include <stdlib.h>
#include <string.h>

#include "elevated/capabilities.h"
#include "elevated/options.h"
#include "shared/enforce.h"
#include "shared/text.h"

#define STAGE "probe"

/* ---- JSON ---- */

bool probe_put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0; /* takes the value in any case; fails for NULL */
}

json_t *probe_text(const char *text)
{
    char escaped[4 * sizeof(((struct postern_error *)0)->message)] = "";
    if (text_is_utf8(text, strlen(text)))
        return json_string(text);
    text_escape(escaped, sizeof(escaped), text, strlen(text));
    return json_string(escaped);
}

static bool put_reason(json_t *object, const char *message, const char *remedy)
{
    return probe_put(object, "message", probe_text(message)) && probe_put(object, "remedy", probe_text(remedy));
}

bool probe_add_helper(json_t *helpers, const char *name, const char *path, const struct postern_error *error)
{
    json_t *helper = json_object();
    bool fits = probe_put(helper, "name", json_string(name)) && probe_put(helper, "path", probe_text(path)) &&
                probe_put(helper, "usable", json_boolean(error->code == 0)) &&
                put_reason(helper, error->message, error->remedy);
    if (!fits) {
        json_decref(helper);
        return false;
    }
    return json_array_append_new(helpers, helper) == 0;
}

/* ---- questions to the planner ---- */

enum question {
    ASK_BASE, /* nothing is asked for by name */
    ASK_WRITE,
    ASK_PROTECT, /* a path that stays read-only in a writable directory */
    ASK_DENY,
    ASK_NETWORK,
    ASK_MEMORY,
    ASK_PROCESSES,
    ASK_CPU,
    ASK_FILE_SIZE,
    ASK_COUNT
};

/* The capability that a refusal is about. */
static const char *const asks_for[ASK_COUNT] = {
    NULL,         "fs.write",        "fs.write", "fs.deny", "net.block", "limits.memory", "limits.processes",
    "limits.cpu", "limits.file_size"};

/* Paths that need not exist: planning looks at nothing. */
static bool add_rule(struct policy *policy, bool elevated, const char *name, enum policy_access access)
{
    enum path_style style = policy->rules.style;
    char *path = path_join(style, style == PATH_WINDOWS ? "C:\\example" : "/example", name);
    bool fits = path && policy_add_rule(&policy->rules, path, access, POLICY_FROM_OPTION, NULL) == 0;
    if (fits) {
        struct policy_rule *rule = &policy->rules.item[policy->rules.count - 1];
        rule->directory = true;
        rule->delegated = elevated && access != POLICY_DENIED;
    }
    free(path);
    return fits;
}

static bool ask(enum question question, enum postern_level level, struct policy *policy)
{
    bool elevated = level == POSTERN_LEVEL_ELEVATED;
    policy_init(policy, path_style_here());
    policy->named = question == ASK_WRITE || question == ASK_PROTECT || question == ASK_DENY;
    switch (question) {
    case ASK_WRITE:
        return add_rule(policy, elevated, "write", POLICY_WRITE);
    case ASK_PROTECT:
        return add_rule(policy, elevated, "write", POLICY_WRITE) &&
               add_rule(policy, elevated, path_style_here() == PATH_WINDOWS ? "write\\keep" : "write/keep",
                        POLICY_READ);
    case ASK_DENY:
        return add_rule(policy, elevated, "deny", POLICY_DENIED);
    case ASK_NETWORK:
        policy->network = POLICY_NETWORK_BLOCK;
        return true;
    case ASK_MEMORY: /* a group that is made for it counts processes as well, if they are limited */
        policy->limits.memory = UINT64_C(1) << 30;
        policy->limits.processes = level != POSTERN_LEVEL_NONE ? 4096 : 0;
        return true;
    case ASK_PROCESSES:
        policy->limits.processes = 4096;
        return true;
    case ASK_CPU:
        policy->limits.cpu_ms = 1000;
        return true;
    case ASK_FILE_SIZE:
        policy->limits.file_size = UINT64_C(1) << 30;
        return true;
    default:
        return true;
    }
}

/* What came of all questions at one level. */
struct answers {
    bool used[ENFORCE_MECHANISM_COUNT];
    struct postern_error refused[ASK_COUNT]; /* code 0: it was not */
};

static int ask_all(const struct enforce_host *host, struct answers *answers, struct postern_error *error)
{
    *answers = (struct answers){0};
    for (int question = 0; question < ASK_COUNT; question++) {
        struct policy policy;
        struct enforce_steps steps = {0};
        struct postern_error *refused = &answers->refused[question];
        int status = ask((enum question)question, host->level, &policy) ? 0 : error_memory(error, STAGE);
        if (status == 0) {
            policy_settle(&policy.rules);
            enforce_plan(&policy, host, &steps, refused);
        }
        for (size_t i = 0; i < steps.count && refused->code == 0; i++)
            answers->used[steps.item[i].mechanism] = true;
        enforce_steps_free(&steps);
        policy_free(&policy);
        if (status != 0)
            return status;
    }
    return 0;
}

/* ---- what a level lacks ---- */

struct reason {
    const char *message, *remedy;
    bool needless; /* nothing is missing */
};

/* Why a capability has no mechanism at a level though nothing was refused. */
static struct reason explain(const char *capability, const struct capabilities *found)
{
    static const struct {
        const char *capability;
        struct reason reason;
    } known[] = {
        {"user", {"commands run as the caller", "for another user run as root (level elevated)", false}},
        {"fs.owner", {"files are the caller's own at this level", "", true}},
        {"sockets.local", {"the places of sockets are covered by private ones", "", true}},
        {"fs.deny", {"nothing is kept from commands that run as the caller", "choose another level", false}},
        {"signals", {"the kernel's Landlock cannot scope them", "use Linux 6.12 or later", false}},
        {"sockets.abstract", {"the kernel's Landlock cannot scope them", "use Linux 6.12 or later", false}},
    };
    if (found->host.level == POSTERN_LEVEL_NONE)
        return (struct reason){"level none enforces nothing but limits", "choose another level", false};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i].capability, capability) == 0)
            return known[i].reason;
    if (found->missing.code != 0)
        return (struct reason){found->missing.message, found->missing.remedy, false};
    return (struct reason){"nothing here enforces it", "see the message of the level", false};
}

/* {"mechanisms", and if there are none: "needed", "message", "remedy"; if they do not do for all: "except"} */
static json_t *describe_capability(const char *capability, const struct capabilities *found,
                                   const struct answers *answers)
{
    json_t *object = json_object(), *mechanisms = json_array();
    const struct postern_error *refused = NULL;
    bool fits = object && mechanisms;
    for (int i = 0; i < ENFORCE_MECHANISM_COUNT && fits; i++) {
        const struct enforce_mechanism_info *info = enforce_info((enum enforce_mechanism)i);
        if (answers->used[i] && strcmp(info->capability, capability) == 0)
            fits = json_array_append_new(mechanisms, json_string(info->mechanism)) == 0;
    }
    for (int i = 0; i < ASK_COUNT; i++)
        if (asks_for[i] && answers->refused[i].code != 0 && strcmp(asks_for[i], capability) == 0 && !refused)
            refused = &answers->refused[i];
    bool none = json_array_size(mechanisms) == 0;
    fits = probe_put(object, "mechanisms", mechanisms) && fits;
    if (none) {
        struct reason reason =
            refused ? (struct reason){refused->message, refused->remedy, false} : explain(capability, found);
        fits = fits && probe_put(object, "needed", json_boolean(!reason.needless)) &&
               put_reason(object, reason.message, reason.remedy);
    } else if (refused) {
        json_t *except = json_object();
        fits = fits && put_reason(except, refused->message, refused->remedy);
        fits = probe_put(object, "except", except) && fits;
    }
    if (!fits) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* ---- levels ---- */

static const enum postern_level levels[] = {POSTERN_LEVEL_ELEVATED, POSTERN_LEVEL_RESTRICTED, POSTERN_LEVEL_NONE};
enum { LEVEL_COUNT = sizeof(levels) / sizeof(levels[0]) };

struct found {
    bool offered;
    struct postern_error why; /* not offered; or, if it is, why with less than could be */
    struct capabilities capabilities;
    struct answers answers;
};

static int look(enum postern_level level, struct found *found, struct postern_error *error)
{
    int status = options_check_level(level, &found->why);
    if (status == 0)
        status = capabilities_find(level, &found->capabilities, &found->why);
    found->offered = status == 0;
    if (!found->offered)
        return status == POSTERN_E_MEMORY ? error_memory(error, STAGE) : 0;
    found->why = found->capabilities.missing;
    return ask_all(&found->capabilities.host, &found->answers, error);
}

static json_t *describe_level(enum postern_level level, const struct found *found)
{
    json_t *object = json_object();
    bool fits = probe_put(object, "name", json_string(postern_level_name(level))) &&
                probe_put(object, "offered", json_boolean(found->offered)) &&
                put_reason(object, found->why.message, found->why.remedy);
    if (!fits) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* Each of the table once, in its order. */
static bool is_first(enum enforce_mechanism mechanism)
{
    for (int i = 0; i < (int)mechanism; i++)
        if (strcmp(enforce_info((enum enforce_mechanism)i)->capability, enforce_info(mechanism)->capability) == 0)
            return false;
    return true;
}

static json_t *describe_capabilities(const struct found found[LEVEL_COUNT])
{
    json_t *array = json_array();
    bool fits = array != NULL;
    for (int i = 0; i < ENFORCE_MECHANISM_COUNT && fits; i++) {
        if (!is_first((enum enforce_mechanism)i))
            continue;
        const char *name = enforce_info((enum enforce_mechanism)i)->capability;
        json_t *object = json_object(), *by_level = json_object();
        for (int k = 0; k < LEVEL_COUNT && fits; k++)
            if (found[k].offered)
                fits = probe_put(by_level, postern_level_name(levels[k]),
                                 describe_capability(name, &found[k].capabilities, &found[k].answers));
        fits = probe_put(object, "name", json_string(name)) && fits;
        fits = probe_put(object, "levels", by_level) && fits;
        fits = json_array_append_new(array, object) == 0 && fits;
    }
    if (!fits) {
        json_decref(array);
        return NULL;
    }
    return array;
}

static json_t *describe_levels(const struct found found[LEVEL_COUNT])
{
    json_t *array = json_array();
    for (int k = 0; k < LEVEL_COUNT; k++) {
        if (json_array_append_new(array, describe_level(levels[k], &found[k])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* ---- the whole ---- */

static char *describe(const struct found found[LEVEL_COUNT], const char *libexec)
{
    json_t *object = json_object();
    bool fits = probe_put(object, "version", json_string(postern_version())) &&
                probe_put(object, "system", probe_system()) && probe_put(object, "levels", describe_levels(found)) &&
                probe_put(object, "capabilities", describe_capabilities(found)) &&
                probe_put(object, "helpers", probe_helpers(libexec));
    char *text = fits ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

int postern_probe(char **json, struct postern_error *error)
{
    struct found *found = calloc(LEVEL_COUNT, sizeof(*found));
    char *libexec = NULL;
    struct strings searched = {0};
    int status = found ? options_find_libexec(NULL, &libexec, &searched, error) : error_memory(error, STAGE);
    strings_free(&searched);
    for (int k = 0; k < LEVEL_COUNT && status == 0; k++)
        status = look(levels[k], &found[k], error);
    if (status == 0) {
        *json = describe(found, libexec);
        status = *json ? 0 : error_memory(error, STAGE);
    }
    for (int k = 0; found && k < LEVEL_COUNT; k++)
        capabilities_free(&found[k].capabilities);
    free(found);
    free(libexec);
    return status;
}
