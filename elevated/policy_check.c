/*
 * policy_check.c - postern_policy_check(): goes the way of opening a sandbox up to where the first process would be
 * started, and tells what it found. Portable. Parent.
 */
#include <stdlib.h>

#include "elevated/capabilities.h"
#include "elevated/options.h"
#include "elevated/policy_report.h"

#define STAGE "policy"

/* The one plan there is, or why there is none. */
static int plan(const struct grants *grants, enum postern_level level, struct capabilities *capabilities,
                struct enforce_steps *steps, struct postern_error *error)
{
    int status = capabilities_find(level, capabilities, error);
    return status == 0 ? enforce_plan(&grants->policy, &capabilities->host, steps, error) : status;
}

static int collect(const struct postern_sandbox_options *options, enum postern_level level, struct grants *grants,
                   struct postern_error *error)
{
    struct strings searched = {0};
    char *libexec = NULL;
    int status = options_find_libexec(options->libexec, &libexec, &searched, error);
    if (status == 0) {
        const struct resolve_own own = {libexec, &searched};
        status = grants_collect(options, level, &own, grants, error);
    }
    strings_free(&searched);
    free(libexec);
    return status;
}

static bool is_refusal(int status)
{
    return status == POSTERN_E_POLICY || status == POSTERN_E_LEVEL;
}

/* Takes the report. */
static int write_report(json_t *value, char **out, struct postern_error *error)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    if (!text)
        return error_memory(error, STAGE);
    *out = text;
    return 0;
}

int postern_policy_check(const struct postern_sandbox_options *options, char **json, struct postern_error *error)
{
    struct postern_sandbox_options all;
    struct grants grants = {0};
    struct capabilities capabilities = {0};
    struct enforce_steps steps = {0};
    struct postern_error refused = {0};
    enum postern_level level = POSTERN_LEVEL_STRONGEST;
    int status = options_complete(options, &all, error);
    if (status != 0)
        return status;
    status = options_choose_level(all.level, &level, &refused);
    if (status == 0)
        status = collect(&all, level, &grants, &refused);
    bool collected = status == 0; /* else what was found until then is not what would be granted */
    if (collected)
        status = plan(&grants, level, &capabilities, &steps, &refused);
    if (status != 0 && !is_refusal(status) && error)
        *error = refused;
    if (status == 0 || is_refusal(status))
        status = write_report(collected ? policy_report_make(&grants, level, &steps, &refused)
                                        : policy_report_refusal(level, &refused),
                              json, error);
    enforce_steps_free(&steps);
    capabilities_free(&capabilities);
    grants_free(&grants);
    return status;
}

void postern_free(void *memory)
{
    free(memory);
}
