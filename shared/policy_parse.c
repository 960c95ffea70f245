/*
 * policy_parse.c - reads a policy's JSON: MXC's one-shot config of versions 0.6 to 0.8, strictly. See policy.h;
 * docs/policy.md explains every member, docs/policy.schema.json has to say the same. Parent; a caller's text, and the
 * operator's.
 */
#include "shared/policy_parse.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shared/json.h"
#include "shared/text.h"

#define WINDOW "0.6 to 0.8"
#define ENV_MAX 65536 /* entries; the text is bounded anyway */

static void fail_memory(const struct json_member *member)
{
    if (member->document->status == 0)
        member->document->status = error_memory(member->document->error, "policy");
}

/* A path that path_canonical() has refused, and will again: where it stands is only looked up now that it matters. */
static void fail_path(const struct json_member *member, enum path_style style, const char *path)
{
    char where[JSON_MEMBER_WHERE_MAX], *canonical = NULL;

    if (member->document->status != 0)
        return;
    json_member_where(member, JSON_PART_VALUE, where, sizeof(where));
    member->document->status = path_canonical(style, path, where, &canonical, member->document->error);
    assert(member->document->status != 0);
    free(canonical);
}

void policy_parse_demand(const struct json_member *member, const char *capability, struct policy *policy)
{
    struct policy_demand *demand = &policy->demand[policy->demand_count];
    char path[128];

    if (member->document->status != 0)
        return;
    assert(policy->demand_count < POLICY_DEMANDS_MAX);
    json_member_path(member, path, sizeof(path));
    demand->capability = capability;
    demand->where = text_duplicate(path);
    if (demand->where == NULL)
        fail_memory(member);
    else
        policy->demand_count++;
}

/* ---- version ---- */

/* A number of a semantic version and the dot behind it; false when it is none. */
static bool read_number(const char **at, unsigned *out)
{
    const char *begin = *at;

    for (*out = 0; **at >= '0' && **at <= '9' && *at - begin < 9; (*at)++)
        *out = *out * 10 + (unsigned)(**at - '0');
    return *at > begin && (*begin != '0' || *at == begin + 1);
}

/* Identifiers separated by dots up to `end`, none of them empty. */
static bool read_identifiers(const char **at, const char *end)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

    do {
        size_t length = strspn(++*at, allowed);

        if (length == 0)
            return false;
        *at += length;
    } while (**at == '.');
    return **at == '\0' || strchr(end, **at) != NULL;
}

/* major.minor.patch[-pre.release][+build] */
static bool read_version(const char *at, unsigned number[3])
{
    for (size_t i = 0; i < 3; i++) {
        if (!read_number(&at, &number[i]))
            return false;
        if (i < 2 && *at++ != '.')
            return false;
    }
    if (*at == '-' && !read_identifiers(&at, "+"))
        return false;
    if (*at == '+' && !read_identifiers(&at, ""))
        return false;
    return *at == '\0';
}

/* The minor version; 0 when none is given. What comes behind the patch number does not count, as MXC has it. */
static unsigned parse_version(const struct json_member *top)
{
    struct json_member member = json_member_get(top, "version");
    const char *text = json_member_string(&member, "");
    char shown[48] = "";
    unsigned number[3];

    if (text[0] == '\0')
        return 0;
    text_escape(shown, sizeof(shown), text, strlen(text));
    if (!read_version(text, number)) {
        json_member_fail(&member, "is \"%s\", no version of the form 0.8.0; known are " WINDOW, shown);
        return 0;
    }
    if (number[0] != 0 || number[1] < 6 || number[1] > 8) {
        json_member_fail(&member, "is %s; known are " WINDOW, shown);
        return 0;
    }
    return number[1];
}

/* ---- process ---- */

static void parse_cwd(const struct json_member *member, struct policy *policy)
{
    const char *text = json_member_string(member, "");
    int status;

    if (text[0] == '\0')
        return;
    status = path_canonical(policy->rules.style, text, "", &policy->process.cwd, NULL);
    if (status == POSTERN_E_MEMORY)
        fail_memory(member);
    else if (status != POSTERN_OK)
        fail_path(member, policy->rules.style, text);
}

/* Values may be secrets: they are not shown. */
static void parse_env(const struct json_member *list, struct policy *policy)
{
    size_t count = json_member_count(list, ENV_MAX);

    for (size_t i = 0; i < count; i++) {
        struct json_member item = json_member_at(list, i);
        const char *entry = json_member_string(&item, NULL);

        if (entry == NULL)
            return;
        if (strchr(entry, '=') == NULL)
            json_member_fail(&item, "has no \"=\"; entries are NAME=value");
        else if (entry[0] == '=')
            json_member_fail(&item, "has no name; entries are NAME=value");
        else if (!strings_add(&policy->process.env, entry))
            fail_memory(list);
    }
}

static void parse_process(const struct json_member *process, struct policy *policy)
{
    static const char *const allowed[] = {"commandLine", "cwd", "env", "timeout", NULL};
    struct json_member command_line = json_member_get(process, "commandLine");
    struct json_member cwd = json_member_get(process, "cwd");
    struct json_member env = json_member_get(process, "env");
    struct json_member timeout = json_member_get(process, "timeout");
    const char *text = json_member_string(&command_line, NULL);

    if (!json_member_open(process, allowed))
        return;
    if (text != NULL) {
        if (text[0] == '\0')
            json_member_fail(&command_line, "is empty");
        policy->process.command_line = text_duplicate(text);
        if (policy->process.command_line == NULL)
            fail_memory(process);
    }
    parse_cwd(&cwd, policy);
    parse_env(&env, policy);
    policy->process.timeout = json_member_number(&timeout, 0, UINT32_MAX, 0);
}

/* ---- files ---- */

/* One list of paths. */
static void parse_paths(const struct json_member *filesystem, const char *key, enum policy_access access,
                        struct policy *policy)
{
    struct json_member list = json_member_get(filesystem, key);
    size_t count = json_member_count(&list, POLICY_RULES_MAX);

    for (size_t i = 0; i < count && list.document->status == 0; i++) {
        struct json_member item = json_member_at(&list, i);
        const char *path = json_member_string(&item, NULL);
        int status;

        if (path == NULL)
            return;
        /* What is wrong with a path is said again below: only here it is known where it stands. */
        status = policy_add_rule(&policy->rules, path, access, POLICY_FROM_FILE, NULL);
        if (status == POSTERN_E_MEMORY)
            fail_memory(&list);
        else if (status == POSTERN_E_LIMIT)
            json_member_fail(&item, "is one path too many: %d can be given", POLICY_RULES_MAX);
        else if (status != POSTERN_OK)
            fail_path(&item, policy->rules.style, path);
    }
}

static void parse_filesystem(const struct json_member *filesystem, struct policy *policy)
{
    static const char *const allowed[] = {"readwritePaths", "readonlyPaths", "deniedPaths", NULL};

    if (!json_member_open(filesystem, allowed))
        return;
    parse_paths(filesystem, "readwritePaths", POLICY_WRITE, policy);
    parse_paths(filesystem, "readonlyPaths", POLICY_READ, policy);
    parse_paths(filesystem, "deniedPaths", POLICY_DENIED, policy);
}

/* ---- limits ---- */

enum unit { UNIT_BYTES, UNIT_MILLISECONDS };

/* A number, or text with a unit; 0, as when it is absent: no limit. */
static uint64_t parse_limit(const struct json_member *limits, const char *key, enum unit unit)
{
    struct json_member member = json_member_get(limits, key);
    const char *text;
    uint64_t value = 0;
    bool good;

    if (!json_is_string(member.value))
        return json_member_number(&member, 0, INT64_MAX, 0);
    text = json_member_string(&member, NULL);
    if (text == NULL)
        return 0;
    if (unit == UNIT_BYTES)
        good = text_parse_size(text, &value);
    else /* a plain number would be seconds as text, but milliseconds as a number */
        good = text[0] != '\0' && strchr("smhd", text[strlen(text) - 1]) != NULL && text_parse_duration(text, &value);
    if (!good || value > INT64_MAX)
        json_member_fail(&member, unit == UNIT_BYTES ? "is no size such as \"512M\" (units K, M, G)"
                                                     : "is no time such as \"10s\" (units ms, s, m, h, d)");
    return value;
}

/* "experimental" is open, as in MXC: what others put there is not ours to refuse. Our own part of it is closed. */
static void parse_experimental(const struct json_member *experimental, struct policy *policy)
{
    static const char *const postern_allowed[] = {"limits", NULL};
    static const char *const limits_allowed[] = {"memory", "processes", "cpuTime", "fileSize", NULL};
    struct json_member postern = json_member_get(experimental, "postern");
    struct json_member limits = json_member_get(&postern, "limits");
    struct json_member processes = json_member_get(&limits, "processes");

    if (!json_member_is_object(experimental) || !json_member_open(&postern, postern_allowed) ||
        !json_member_open(&limits, limits_allowed))
        return;
    policy->limits.memory = parse_limit(&limits, "memory", UNIT_BYTES);
    policy->limits.processes = json_member_number(&processes, 0, UINT32_MAX, 0);
    policy->limits.cpu_ms = parse_limit(&limits, "cpuTime", UNIT_MILLISECONDS);
    policy->limits.file_size = parse_limit(&limits, "fileSize", UNIT_BYTES);
}

/* ---- the rest ---- */

static void parse_containment(const struct json_member *member, struct policy *policy)
{
    static const char *const names[] = {
        "process",           "bubblewrap", "processcontainer", "appcontainer", "vm",       "microvm",
        "windows_sandbox",   "lxc",        "hyperlight",       "wslc",         "seatbelt", "macos_sandbox",
        "isolation_session", NULL};
    static const enum policy_containment kinds[] = {POLICY_CONTAINMENT_PROCESS, POLICY_CONTAINMENT_BUBBLEWRAP,
                                                    POLICY_CONTAINMENT_PROCESSCONTAINER,
                                                    POLICY_CONTAINMENT_PROCESSCONTAINER};
    size_t index = json_member_choice(member, names, 0);

    policy->containment = index < sizeof(kinds) / sizeof(kinds[0]) ? kinds[index] : POLICY_CONTAINMENT_OTHER;
    if (member->value != NULL)
        text_copy(policy->containment_name, sizeof(policy->containment_name), names[index]);
}

/* A sandbox ends with its last command, and its policy with it. */
static void parse_lifecycle(const struct json_member *lifecycle, struct policy *policy)
{
    static const char *const allowed[] = {"destroyOnExit", "preservePolicy", NULL};
    struct json_member destroy = json_member_get(lifecycle, "destroyOnExit");
    struct json_member preserve = json_member_get(lifecycle, "preservePolicy");

    if (!json_member_open(lifecycle, allowed))
        return;
    if (!json_member_bool(&destroy, true))
        policy_parse_demand(&destroy, "lifecycle", policy);
    if (json_member_bool(&preserve, false))
        policy_parse_demand(&preserve, "lifecycle", policy);
}

static void parse_ui(const struct json_member *ui, struct policy *policy)
{
    static const char *const allowed[] = {"disable", "clipboard", "injection", NULL};
    static const char *const clipboards[] = {"none", "read", "write", "all", NULL}; /* as enum policy_clipboard */
    struct json_member disable = json_member_get(ui, "disable");
    struct json_member clipboard = json_member_get(ui, "clipboard");
    struct json_member injection = json_member_get(ui, "injection");

    if (!json_member_open(ui, allowed))
        return;
    policy->ui.said = true;
    policy->ui.disable = json_member_bool(&disable, true);
    policy->ui.clipboard = (enum policy_clipboard)json_member_choice(&clipboard, clipboards, POLICY_CLIPBOARD_NONE);
    policy->ui.injection = json_member_bool(&injection, false);
}

/* Members that are known, say nothing about what may be touched, and only have to be of the right type. */
static void check_ignored(const struct json_member *top)
{
    struct json_member schema = json_member_get(top, "$schema");
    struct json_member id = json_member_get(top, "containerId");

    json_member_string(&schema, NULL);
    json_member_string(&id, NULL);
}

/* On Windows rules for paths are entries in the host's access lists; elsewhere no such list is changed. */
static void parse_fallback(const struct json_member *fallback, struct policy *policy)
{
    static const char *const allowed[] = {"allowDaclMutation", NULL};
    struct json_member mutation = json_member_get(fallback, "allowDaclMutation");

    if (json_member_open(fallback, allowed) && !json_member_bool(&mutation, true) &&
        policy->rules.style == PATH_WINDOWS)
        policy_parse_demand(&mutation, "fallback", policy);
}

/* Members that MXC knows; here they may be null at most. "Not known" would be true for them, and no help. */
#define FOREIGN_SECTIONS 2
static const char *const foreign[] = {"lxc",   "seatbelt", /* FOREIGN_SECTIONS */
                                      "phase", "sandboxId", "correlationVector", NULL};

static void refuse_foreign(const struct json_member *top)
{
    for (size_t i = 0; foreign[i] != NULL; i++) {
        struct json_member member = json_member_get(top, foreign[i]);

        if (member.value == NULL)
            continue;
        json_member_fail_name(&member, i < FOREIGN_SECTIONS
                                           ? "belongs to another containment, which postern is not"
                                           : "belongs to configs with phases; a policy is of the one-shot form");
    }
}

static void parse_top(const struct json_member *top, struct policy *policy)
{
    static const char *const allowed[] = {
        "version",   "process",  "filesystem",    "network",     "ui",      "experimental",     "containment",
        "lifecycle", "fallback", "runtimeConfig", "containerId", "$schema", "processContainer", "appContainer",
        "_comment",  NULL};
    struct json_member process = json_member_get(top, "process");
    struct json_member containment = json_member_get(top, "containment");
    struct json_member lifecycle = json_member_get(top, "lifecycle");
    struct json_member filesystem = json_member_get(top, "filesystem");
    struct json_member fallback = json_member_get(top, "fallback");
    struct json_member ui = json_member_get(top, "ui");
    struct json_member experimental = json_member_get(top, "experimental");
    unsigned minor = parse_version(top);

    if (top->document->status != 0 || !json_member_open_also(top, allowed, foreign))
        return;
    refuse_foreign(top);
    check_ignored(top);
    parse_containment(&containment, policy);
    parse_process(&process, policy);
    parse_lifecycle(&lifecycle, policy);
    parse_fallback(&fallback, policy);
    parse_filesystem(&filesystem, policy);
    policy_parse_network(top, minor, policy);
    parse_ui(&ui, policy);
    policy_parse_container(top, policy);
    parse_experimental(&experimental, policy);
}

int policy_parse(const void *data, size_t size, const char *what, struct policy *policy, struct postern_error *error)
{
    struct json_document document = {
        .data = data, .size = size, .what = what, .code = POSTERN_E_POLICY, .stage = "policy", .error = error};
    struct json_member top = {.document = &document};
    char shown[JSON_MEMBER_WHAT_MAX] = "";
    json_t *root;

    text_escape(shown, sizeof(shown), what, strlen(what));
    if (size > POLICY_SIZE_MAX)
        return error_set(error, POSTERN_E_POLICY, "policy", "", "%s is larger than %u bytes", shown, POLICY_SIZE_MAX);
    root = json_read_with(data, size, JSON_ALLOW_NUL, shown, POSTERN_E_POLICY, "policy", error);
    if (root == NULL)
        return POSTERN_E_POLICY;
    top.value = root;
    policy->named = true; /* what a policy does not grant it forbids */
    if (json_member_is_object(&top))
        parse_top(&top, policy);
    json_decref(root);
    if (document.status != 0)
        policy_free(policy);
    return document.status;
}
