/*
 * launch_steps_win32.c - a plan, executed as far as it is the launcher's: account, access lists, job. See
 * launch_parts_win32.h; called by launch_win32.c. Parent. Nothing here decides, and nothing starts if a step is not
 * taken.
 */
#include "elevated/launch_parts_win32.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "elevated/capabilities.h"
#include "elevated/setup_win32.h"
#include "shared/job_win32.h"
#include "shared/text.h"

/* What a plan comes to, put in order. */
struct work {
    bool account, offline, container;
    bool entries, temp;
    struct job_limits limits;
};

static int make_plan(const struct launch_options *options, struct enforce_steps *steps, struct postern_error *error)
{
    struct capabilities capabilities = {0};
    int code = capabilities_find(options->level, &capabilities, error);

    if (code == POSTERN_OK) {
        code = enforce_plan(options->policy, &capabilities.host, steps, error);
        /* Why the host has no such account says more than that it has none. */
        if (code == POSTERN_E_LEVEL && capabilities.missing.code != 0 && error != NULL) {
            *error = capabilities.missing;
            code = error->code;
        }
    }
    capabilities_free(&capabilities);
    return code;
}

static bool add_once(struct strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->item[i], text) == 0) {
            return true;
        }
    }
    return strings_add(list, text);
}

static int sort_step(const struct enforce_step *step, struct work *work, struct launch_start *start,
                     struct postern_error *error)
{
    const struct enforce_mechanism_info *info = enforce_info(step->mechanism);

    if (info->executor == ENFORCE_BY_RUNNER) {
        work->container = work->container || step->mechanism == ENFORCE_APPCONTAINER;
        return enforce_add(&start->bootstrap.steps, step) ? POSTERN_OK : error_memory(error, LAUNCH_STAGE);
    }
    switch (step->mechanism) {
    case ENFORCE_LIFETIME_JOB:
        break; /* what every job here does */
    case ENFORCE_ACCOUNT:
        work->account = true;
        break;
    case ENFORCE_ACCOUNT_OFFLINE:
        work->account = work->offline = true;
        break;
    case ENFORCE_ENTRY:
    case ENFORCE_NO_ENTRY:
    case ENFORCE_READ_ENTRY:
    case ENFORCE_DENY_ENTRY:
        work->entries = true;
        break;
    case ENFORCE_PRIVATE_DIRECTORY:
        work->temp = true;
        break;
    case ENFORCE_JOB_MEMORY:
        work->limits.memory = step->number;
        break;
    case ENFORCE_JOB_PROCESSES:
        work->limits.processes = step->number;
        break;
    default:
        return error_set(error, POSTERN_E_CONFINE, LAUNCH_STAGE, "", "%s cannot be put in force here", info->id);
    }
    return POSTERN_OK;
}

static int sort_steps(const struct enforce_steps *steps, struct launch *launch, struct launch_start *start,
                      struct work *work, struct postern_error *error)
{
    int code = POSTERN_OK;

    for (size_t i = 0; code == POSTERN_OK && i < steps->count; i++) {
        const struct enforce_mechanism_info *info = enforce_info(steps->item[i].mechanism);

        code = sort_step(&steps->item[i], work, start, error);
        if (code == POSTERN_OK && info->executor == ENFORCE_BY_LAUNCHER && !add_once(&launch->in_force, info->id)) {
            code = error_memory(error, LAUNCH_STAGE);
        }
    }
    return code;
}

/* Beneath which the sandbox's temporary directory is made. The caller's own is no place for another user: it lies in
 * his profile. */
static int temp_place(const struct launch *launch, char **out, struct postern_error *error)
{
    struct setup_windows windows = {.journal = {.handle = INVALID_HANDLE_VALUE}};
    int code = launch->account != NULL ? setup_place_find(&windows, error) : POSTERN_OK;

    if (code == POSTERN_OK) {
        *out = text_duplicate(launch->account != NULL ? windows.run : launch->user.temp);
        code = *out != NULL ? POSTERN_OK : error_memory(error, LAUNCH_STAGE);
    }
    setup_place_free(&windows);
    return code;
}

/* The SID of an app container comes from its name; there is no profile before there is a record to put it in. */
static int make_sid(struct launch *launch, bool container, struct postern_error *error)
{
    char *sid = NULL;
    int code;

    if (!container) {
        return token_make_sid(launch->sid, error);
    }
    code = appcontainer_make_name(launch->container, error);
    if (code == POSTERN_OK) {
        code = appcontainer_find_sid(launch->container, &sid, error);
    }
    if (code == POSTERN_OK && (!appcontainer_is_sid(sid) || !text_copy(launch->sid, sizeof(launch->sid), sid))) {
        code = error_set(error, POSTERN_E_CONFINE, LAUNCH_STAGE, "DeriveAppContainerSidFromAppContainerName",
                         "the SID %s is not that of an app container", sid);
    }
    free(sid);
    return code;
}

/* Who has to be let in: an account and its token, our own user and his, or the app container. */
static struct acl_sids sids_of(const struct launch *launch)
{
    if (launch->container[0] != '\0') {
        return (struct acl_sids){.account = launch->sid};
    }
    return (struct acl_sids){.account = launch->account != NULL ? account_sid(launch->account) : NULL,
                             .capability = launch->sid};
}

/* What a command may miss later, and nobody would know why. */
static void log_outcome(struct launch *launch)
{
    const struct acl_outcome *outcome = acl_tell(launch->grant);

    log_line(launch->log, "access lists: %zu files and directories given entries", outcome->counts.objects);
    if (outcome->left_out + outcome->counts.refused + outcome->counts.shared + outcome->counts.open > 0) {
        log_line(
            launch->log,
            "access lists: left as they are: %zu paths to be read, %zu files and directories, since only others may "
            "change them, and %zu without a list; %zu files of several names may only be read",
            outcome->left_out, outcome->counts.refused, outcome->counts.open, outcome->counts.shared);
    }
    if (outcome->nul_closed) {
        log_line(launch->log, "commands cannot write to NUL: that takes an administrator to change");
    }
}

static int change_lists(struct launch *launch, const struct enforce_steps *steps, const struct work *work,
                        struct postern_error *error)
{
    const struct acl_sids sids = sids_of(launch);
    char *temp = NULL;
    int code = work->temp ? temp_place(launch, &temp, error) : POSTERN_OK;

    if (code == POSTERN_OK && (work->entries || work->temp)) {
        code = acl_open(steps, &sids, temp, &launch->grant, error);
    }
    if (launch->grant != NULL) {
        log_outcome(launch);
    }
    if (code == POSTERN_OK && work->container) {
        code = launch->grant != NULL ? acl_make_profile(launch->grant, launch->container, launch->sid, error)
                                     : error_set(error, POSTERN_E_CONFINE, LAUNCH_STAGE, "",
                                                 "a plan for an app container without a directory of its own");
    }
    if (code == POSTERN_OK && work->temp && !launch_user_set_temp(&launch->user, acl_temp(launch->grant))) {
        code = error_memory(error, LAUNCH_STAGE);
    }
    free(temp);
    return code;
}

int launch_take_steps(const struct launch_options *options, struct launch *launch, struct launch_start *start,
                      struct postern_error *error)
{
    struct enforce_steps steps = {0};
    struct work work = {0};
    int code = make_plan(options, &steps, error);

    if (code == POSTERN_OK) {
        code = sort_steps(&steps, launch, start, &work, error);
    }
    if (code == POSTERN_OK && options->level != POSTERN_LEVEL_NONE) {
        code = make_sid(launch, work.container, error);
    }
    if (code == POSTERN_OK && work.account) {
        code = account_take(work.offline, &launch->account, error);
    }
    if (code == POSTERN_OK) {
        code = change_lists(launch, &steps, &work, error);
    }
    if (code == POSTERN_OK) {
        code = job_create(&work.limits, &launch->job, error);
    }
    enforce_steps_free(&steps);
    return code;
}
