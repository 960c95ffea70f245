/*
 * trial_win32.c - trying a confinement with a process, both sides of it; see trial_win32.h. Runs in the runner, and as
 * a command would.
 */
#include "runner/trial_win32.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "runner/again_win32.h"
#include "runner/desktop_win32.h"
#include "shared/appcontainer_win32.h"
#include "shared/pipe_win32.h"
#include "shared/strings.h"
#include "shared/token_win32.h"
#include "shared/wide.h"

#define STAGE "confine"

/* ---- in the runner ---- */

static int judge(uint32_t exit_code, struct postern_error *error)
{
    static const struct {
        uint32_t exit_code;
        const char *message;
    } verdicts[] = {
        {TRIAL_ON_OTHER_DESKTOP, "a process that was to be on the commands' desktop was on another one"},
        {TRIAL_NOT_RESTRICTED, "a process that was to hold the commands' token held another one"},
        {TRIAL_REACHES_STATION, "a process confined as commands are was let onto the user's window station"},
    };

    if (exit_code == TRIAL_PASSED) {
        return POSTERN_OK;
    }
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        if (verdicts[i].exit_code == exit_code) {
            error_set(error, POSTERN_E_CONFINE, STAGE, "trial", "%s", verdicts[i].message);
            if (exit_code == TRIAL_REACHES_STATION) {
                error_remedy(error, "take \"ui\" out of the policy");
            }
            return POSTERN_E_CONFINE;
        }
    }
    /* NTSTATUS values have texts and known causes. */
    if ((exit_code & 0xC0000000u) == 0xC0000000u) {
        return error_os(error, POSTERN_E_CONFINE, STAGE, "trial", (int64_t)exit_code,
                        "a process confined as commands are was ended by the system");
    }
    return error_set(error, POSTERN_E_CONFINE, STAGE, "trial",
                     "a process confined as commands are ended with exit status %u", (unsigned)exit_code);
}

static int await(struct process *process, struct postern_error *error)
{
    struct process_exit status;
    DWORD waited = WaitForSingleObject((HANDLE)process->handle, TRIAL_WAIT_MS);

    if (waited == WAIT_FAILED) {
        return error_os(error, POSTERN_E_CONFINE, STAGE, "WaitForSingleObject", (int64_t)GetLastError(),
                        "a process confined as commands are could not be waited for");
    }
    if (waited != WAIT_OBJECT_0 || !process_collect(process, &status)) {
        return error_set(error, POSTERN_E_CONFINE, STAGE, "trial",
                         "a process confined as commands are did not end within %u ms", TRIAL_WAIT_MS);
    }
    return judge((uint32_t)status.exit_code, error);
}

static int run(const struct process_confinement *confinement, const char *sid, const char *station,
               struct postern_error *error)
{
    const char *const argv[] = {"postern-runner", TRIAL_OPTION, confinement->desktop, sid, station, NULL};
    struct process process = {OS_HANDLE_NONE, 0};
    os_handle ours = OS_HANDLE_NONE, theirs = OS_HANDLE_NONE;
    bool contained = confinement->package != NULL;
    int code = contained ? pipe_create(false, &ours, &theirs, error) : POSTERN_OK;

    if (code == POSTERN_OK) {
        code = again_start(argv, theirs, PROCESS_CONSOLE_OWN, confinement, &process, error);
    }
    handle_close(&theirs);
    if (code == POSTERN_OK && contained) {
        code = appcontainer_try(process.handle, sid, confinement->package_network, error);
    }
    handle_close(&ours); /* as long as that was open it was there to be looked at */
    if (code == POSTERN_OK) {
        code = await(&process, error);
    }
    process_close(&process);
    return code;
}

int trial_run(const struct process_confinement *confinement, const char *sid, const char *station,
              struct postern_error *error)
{
    int code = run(confinement, sid, station, error);

    if (code == POSTERN_OK || code == POSTERN_E_MEMORY) {
        return code;
    }
    if (error != NULL) {
        error->code = POSTERN_E_CONFINE; /* no fault of the program's */
    }
    return POSTERN_E_CONFINE;
}

/* ---- as a command ---- */

static bool is_here(const char *desktop)
{
    char *here = desktop_here();
    bool same = here != NULL && _stricmp(here, desktop) == 0; /* such names know no case */

    free(here);
    return same;
}

/* Input ends when the runner has seen enough. */
static void await_end(void)
{
    char byte;
    DWORD got = 0;

    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), &byte, 1, &got, NULL) && got > 0) {
    }
}

static bool holds_token(const char *sid)
{
    if (!appcontainer_is_sid(sid)) {
        return token_is_restricted_to(sid);
    }
    await_end();
    return true;
}

int trial_main(void)
{
    struct strings arguments = {0};
    int verdict = TRIAL_PASSED;

    if (wide_arguments(&arguments, NULL) != POSTERN_OK || arguments.count < 4 || arguments.count > 5) {
        verdict = TRIAL_MISUSED;
    } else if (!is_here(arguments.item[2])) {
        verdict = TRIAL_ON_OTHER_DESKTOP;
    } else if (!holds_token(arguments.item[3])) {
        verdict = TRIAL_NOT_RESTRICTED;
    } else if (arguments.count == 5 && desktop_reaches(arguments.item[4])) {
        verdict = TRIAL_REACHES_STATION;
    }
    strings_free(&arguments);
    return verdict;
}
