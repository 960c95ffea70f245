/*
 * confine_win32.c - what commands are started with on Windows, see confine.h and confine_win32.h: a restricted token
 * (token_win32.h) or an app container (appcontainer_win32.h), a desktop of their own (desktop_win32.h), mitigations. A
 * real process tries it all before the first command (trial_win32.h). Called once by runner/runner.c.
 *
 * The runner itself stays what it is, the owner of pipes and consoles. So it is closed to its commands, who have the
 * same user: reading another process's memory is not writing, and a restricted token would not keep them from it.
 */
#include "runner/confine_win32.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "runner/confine.h"
#include "runner/desktop_win32.h"
#include "runner/trial_win32.h"
#include "shared/appcontainer.h"
#include "shared/security_win32.h"
#include "shared/text.h"
#include "shared/token_win32.h"

#define STAGE "confine"
#define SID_OWNER_RIGHTS "S-1-3-4"

/* Those that every program survives: no foreign libraries from the registry or window hooks, a process that ends when
 * its heap is found corrupt, addresses that are not known beforehand. docs/windows.md says why not the others. */
#define MITIGATIONS                                                                                                    \
    (PROCESS_CREATION_MITIGATION_POLICY_EXTENSION_POINT_DISABLE_ALWAYS_ON |                                            \
     PROCESS_CREATION_MITIGATION_POLICY_HEAP_TERMINATE_ALWAYS_ON |                                                     \
     PROCESS_CREATION_MITIGATION_POLICY_BOTTOM_UP_ASLR_ALWAYS_ON)

/* For the life of the process. */
static struct process_confinement commands = {.token = OS_HANDLE_NONE};
static bool ready;

const struct process_confinement *confine_of_commands(void)
{
    return ready ? &commands : NULL;
}

/* ---- the plan ---- */

static bool is_known(enum enforce_mechanism mechanism)
{
    switch (mechanism) {
    case ENFORCE_RESTRICTED_TOKEN:
    case ENFORCE_TOKEN_LOCK:
    case ENFORCE_APPCONTAINER:
    case ENFORCE_APPCONTAINER_FILES:
    case ENFORCE_APPCONTAINER_NET:
    case ENFORCE_DESKTOP:
    case ENFORCE_UI:
    case ENFORCE_MITIGATIONS:
        return true;
    default:
        return false;
    }
}

/* A token or a container, and a SID that is of its sort. */
static int check_whole(const struct enforce_steps *steps, const char *sid, struct postern_error *error)
{
    bool token = enforce_has(steps, ENFORCE_RESTRICTED_TOKEN), container = enforce_has(steps, ENFORCE_APPCONTAINER);

    if (token == container || !enforce_has(steps, ENFORCE_DESKTOP)) {
        return error_set(error, POSTERN_E_CONFINE, STAGE, "",
                         "a plan without either a restricted token or an app container, and a desktop, does not "
                         "confine");
    }
    if (sid == NULL || appcontainer_is_sid(sid) != container) {
        return error_set(error, POSTERN_E_CONFINE, STAGE, "", "%s takes a SID of the sandbox's",
                         container ? "an app container" : "a restricted token");
    }
    return POSTERN_OK;
}

/* Before anything is done: a plan that is not wholly ours is not begun. */
static int check_plan(enum postern_level level, const struct enforce_steps *steps, const char *sid,
                      struct postern_error *error)
{
    bool none = level == POSTERN_LEVEL_NONE;

    for (size_t i = 0; i < steps->count; i++) {
        enum enforce_mechanism mechanism = steps->item[i].mechanism;

        if (none || !is_known(mechanism)) {
            return error_set(error, POSTERN_E_CONFINE, STAGE, "", "%s is not for the runner to do at level %s",
                             enforce_info(mechanism)->id, postern_level_name(level));
        }
    }
    if (none) {
        return POSTERN_OK;
    }
    if (ready) {
        return error_set(error, POSTERN_E_CONFINE, STAGE, "", "commands are confined already");
    }
    return check_whole(steps, sid, error);
}

/* ---- the runner ---- */

/* `all`: every right there is to such an object. */
static int close_object(HANDLE object, DWORD all, const char *what, struct postern_error *error)
{
    /* Who owns an object may change who else may, unless the list says what owners may. */
    const struct sddl_ace list[] = {{.mask = all, .sid = SID_SYSTEM},
                                    {.mask = all, .sid = SID_ADMINISTRATORS},
                                    {.mask = READ_CONTROL, .sid = SID_OWNER_RIGHTS}};
    PSECURITY_DESCRIPTOR descriptor = NULL;
    int code = security_describe(list, sizeof(list) / sizeof(list[0]), &descriptor, error);

    if (code == POSTERN_OK && !SetKernelObjectSecurity(object, DACL_SECURITY_INFORMATION, descriptor)) {
        code = error_os(error, POSTERN_E_CONFINE, STAGE, "SetKernelObjectSecurity", (int64_t)GetLastError(),
                        "%s could not be closed to commands", what);
    }
    if (descriptor != NULL) {
        LocalFree(descriptor);
    }
    return code;
}

/* By the process commands would get at all the rest of it: its memory, handles and token. The parent has its handle
 * already. */
static int close_runner(struct postern_error *error)
{
    int code = close_object(GetCurrentProcess(), PROCESS_ALL_ACCESS, "the runner's process", error);

    if (code == POSTERN_OK) {
        code = close_object(GetCurrentThread(), THREAD_ALL_ACCESS, "the runner's thread", error);
    }
    return code;
}

/* ---- the commands ---- */

/* What is made for them, until it is known to hold. */
struct making {
    struct desktop *desktop;
    os_handle token;
    char *station; /* the one that may not be reached; NULL: nobody asked for that */
};

/* The user's station is ours, unless that is the same as the commands': then there is no other in this session. */
static int find_station(struct making *making, struct postern_error *error)
{
    char *here = desktop_here();
    char *theirs = desktop_station(desktop_name(making->desktop));
    int code = POSTERN_OK;

    making->station = here != NULL ? desktop_station(here) : NULL;
    if (making->station == NULL || theirs == NULL) {
        code = error_os(error, POSTERN_E_CONFINE, STAGE, "GetUserObjectInformationW", (int64_t)GetLastError(),
                        "the name of our own window station is not known");
    } else if (_stricmp(making->station, theirs) == 0) {
        code = error_set(error, POSTERN_E_CONFINE, STAGE, "",
                         "the commands' window station is the caller's own, since he is not at a console");
        error_remedy(error, "take \"ui\" out of the policy, or start postern where somebody is signed in");
    }
    free(theirs);
    free(here);
    return code;
}

/* The session opens the caller's screen to reading. Who runs as the caller reads all that he reads anyway, unless that
 * is to be kept away. */
static enum token_logon logon_for(enum postern_level level, const struct enforce_steps *steps)
{
    return level == POSTERN_LEVEL_ELEVATED || enforce_has(steps, ENFORCE_UI) ? TOKEN_LOGON_DENIED : TOKEN_LOGON_LEFT;
}

static int try_token(struct making *making, const char *sid, enum token_logon logon, uint64_t mitigations,
                     struct postern_error *error)
{
    struct process_confinement confinement = {.desktop = desktop_name(making->desktop), .mitigations = mitigations};
    int code = token_restrict(sid, logon, &making->token, error);

    if (code == POSTERN_OK) {
        code = token_try(making->token, sid, error);
    }
    if (code == POSTERN_OK) {
        confinement.token = making->token;
        code = trial_run(&confinement, sid, making->station, error);
    }
    if (code == POSTERN_OK) {
        commands = confinement;
    } else {
        handle_close(&making->token);
    }
    return code;
}

/* The system makes the token of each process, of ours. */
static int try_container(struct making *making, const char *sid, bool network, uint64_t mitigations,
                         struct postern_error *error)
{
    struct process_confinement confinement = {.token = OS_HANDLE_NONE,
                                              .desktop = desktop_name(making->desktop),
                                              .mitigations = mitigations,
                                              .package = sid,
                                              .package_network = network};
    int code = trial_run(&confinement, sid, making->station, error);

    if (code != POSTERN_OK) {
        return code;
    }
    commands = confinement;
    commands.package = text_duplicate(sid); /* for good */
    return commands.package != NULL ? POSTERN_OK : error_memory(error, STAGE);
}

static int make(enum postern_level level, const struct enforce_steps *steps, const char *sid,
                struct postern_error *error)
{
    struct making making = {.desktop = NULL, .token = OS_HANDLE_NONE};
    uint64_t mitigations = enforce_has(steps, ENFORCE_MITIGATIONS) ? MITIGATIONS : 0;
    int code = desktop_open(sid, &making.desktop, error);

    if (code == POSTERN_OK && enforce_has(steps, ENFORCE_UI)) {
        code = find_station(&making, error);
    }
    if (code == POSTERN_OK && enforce_has(steps, ENFORCE_APPCONTAINER)) {
        code = try_container(&making, sid, !enforce_has(steps, ENFORCE_APPCONTAINER_NET), mitigations, error);
    } else if (code == POSTERN_OK) {
        code = try_token(&making, sid, logon_for(level, steps), mitigations, error);
    }
    free(making.station);
    if (code == POSTERN_OK) {
        ready = true; /* token and desktop are kept for good */
    } else {
        desktop_close(making.desktop);
    }
    return code;
}

/* Each mechanism once, where it comes first. */
static bool tell(const struct enforce_steps *steps, struct strings *in_force)
{
    bool told[ENFORCE_MECHANISM_COUNT] = {false};
    bool added = true;

    for (size_t i = 0; added && i < steps->count; i++) {
        enum enforce_mechanism mechanism = steps->item[i].mechanism;

        added = told[mechanism] || strings_add(in_force, enforce_info(mechanism)->id);
        told[mechanism] = true;
    }
    return added;
}

/* The parts tell what went wrong by codes of their own; to who started us it is all one. */
static int as_confinement(int code, struct postern_error *error)
{
    if (code == POSTERN_OK || code == POSTERN_E_MEMORY) {
        return code;
    }
    if (error != NULL) {
        error->code = POSTERN_E_CONFINE;
    }
    return POSTERN_E_CONFINE;
}

int confine_self(enum postern_level level, const struct enforce_steps *steps, const char *sid, struct strings *in_force,
                 struct postern_error *error)
{
    int code = check_plan(level, steps, sid, error);

    if (code != POSTERN_OK || level == POSTERN_LEVEL_NONE) {
        return code;
    }
    code = close_runner(error);
    if (code == POSTERN_OK) {
        code = make(level, steps, sid, error);
    }
    if (code == POSTERN_OK && !tell(steps, in_force)) {
        code = error_memory(error, STAGE);
    }
    return as_confinement(code, error);
}
