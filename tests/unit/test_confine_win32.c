/*
 * runner/confine.h on Windows: plans that are refused, what commands are started with, the trial of it. This program is
 * its own trial: see main(). What only the system can enforce is answered here by the test itself where that is Wine.
 * wraps: token_try token_is_restricted_to desktop_reaches trial_run
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <aclapi.h>
#include <sddl.h>

#include "runner/confine.h"
#include "runner/confine_win32.h"
#include "runner/desktop_win32.h"
#include "runner/startup.h"
#include "runner/trial_win32.h"
#include "shared/environment.h"
#include "shared/security_win32.h"
#include "shared/system.h"
#include "shared/text.h"
#include "shared/token_win32.h"
#include "tests/support/run_win32.h"
#include "tests/support/wraps_win32.h"

/* ---- what Wine does not do ---- */

int __real_trial_run(const struct process_confinement *confinement, const char *sid, const char *station,
                     struct postern_error *error);
int __wrap_trial_run(const struct process_confinement *confinement, const char *sid, const char *station,
                     struct postern_error *error);

/* Passed on to trials, which are processes of their own. */
#define TELLS L"POSTERN_TEST_TELLS"

static bool told(const wchar_t *what)
{
    wchar_t value[64];

    return GetEnvironmentVariableW(TELLS, value, 64) > 0 && wcscmp(value, what) == 0;
}

int __wrap_token_try(os_handle token, const char *sid, struct postern_error *error)
{
    if (told(L"no restriction")) {
        return error_set(error, POSTERN_E_LEVEL, "token", "", "tokens restrict nobody");
    }
    return run_under_wine() ? POSTERN_OK : __real_token_try(token, sid, error);
}

bool __wrap_token_is_restricted_to(const char *sid)
{
    return !told(L"no token") && (run_under_wine() || __real_token_is_restricted_to(sid));
}

bool __wrap_desktop_reaches(const char *station)
{
    return told(L"open station") || (!run_under_wine() && __real_desktop_reaches(station));
}

static int trials, failing_trials; /* so many fail, then the real one is run */
static bool asked_for_station;

int __wrap_trial_run(const struct process_confinement *confinement, const char *sid, const char *station,
                     struct postern_error *error)
{
    trials++;
    asked_for_station = station != NULL;
    if (trials <= failing_trials) {
        return error_set(error, POSTERN_E_CONFINE, "confine", "trial", "failed for the test");
    }
    return __real_trial_run(confinement, sid, station, error);
}

/* ---- plans ---- */

static char sid[TOKEN_SID_SIZE];
static struct enforce_steps plan;
static struct strings in_force;

static int confine(enum postern_level level, const enum enforce_mechanism *mechanism, size_t count, const char *its_sid,
                   struct postern_error *error)
{
    enforce_steps_free(&plan);
    strings_free(&in_force);
    for (size_t i = 0; i < count; i++) {
        struct enforce_step step = {.mechanism = mechanism[i]};

        assert_true(enforce_add(&plan, &step));
    }
    return confine_self(level, &plan, its_sid, &in_force, error);
}

static void refused(enum postern_level level, const enum enforce_mechanism *mechanism, size_t count,
                    const char *its_sid, const char *word)
{
    struct postern_error error = {0};

    assert_int_equal(confine(level, mechanism, count, its_sid, &error), POSTERN_E_CONFINE);
    if (strstr(error.message, word) == NULL) {
        fail_msg("'%s' is not in: %s", word, error.message);
    }
    assert_int_equal(in_force.count, 0);
    assert_null(confine_of_commands());
}

static const enum enforce_mechanism usual[] = {ENFORCE_RESTRICTED_TOKEN, ENFORCE_TOKEN_LOCK, ENFORCE_DESKTOP,
                                               ENFORCE_MITIGATIONS};
static const enum enforce_mechanism with_ui[] = {ENFORCE_UI, ENFORCE_DESKTOP, ENFORCE_TOKEN_LOCK,
                                                 ENFORCE_RESTRICTED_TOKEN};

static void level_none_confines_nothing(void **state)
{
    struct postern_error error = {0};

    (void)state;
    assert_int_equal(confine(POSTERN_LEVEL_NONE, NULL, 0, NULL, &error), 0);
    assert_null(confine_of_commands());
    refused(POSTERN_LEVEL_NONE, usual, 1, sid, "level none");
}

static void plans_that_do_not_confine_are_refused(void **state)
{
    static const enum enforce_mechanism no_desktop[] = {ENFORCE_RESTRICTED_TOKEN, ENFORCE_TOKEN_LOCK};
    static const enum enforce_mechanism no_token[] = {ENFORCE_DESKTOP, ENFORCE_TOKEN_LOCK, ENFORCE_UI};
    static const enum enforce_mechanism launchers[] = {ENFORCE_RESTRICTED_TOKEN, ENFORCE_DESKTOP, ENFORCE_JOB_MEMORY};
    static const enum enforce_mechanism linux_step[] = {ENFORCE_SECCOMP, ENFORCE_RESTRICTED_TOKEN, ENFORCE_DESKTOP};
    static const enum enforce_mechanism package[] = {ENFORCE_APPCONTAINER, ENFORCE_DESKTOP};

    (void)state;
    refused(POSTERN_LEVEL_RESTRICTED, NULL, 0, sid, "does not confine");
    refused(POSTERN_LEVEL_RESTRICTED, no_desktop, 2, sid, "does not confine");
    refused(POSTERN_LEVEL_ELEVATED, no_token, 3, sid, "does not confine");
    refused(POSTERN_LEVEL_RESTRICTED, launchers, 3, sid, "limits.memory:job");
    refused(POSTERN_LEVEL_RESTRICTED, linux_step, 3, sid, "syscalls:seccomp");
    refused(POSTERN_LEVEL_RESTRICTED, package, 2, sid, "an app container takes a SID"); /* sid is no package */
    refused(POSTERN_LEVEL_RESTRICTED, usual, 4, NULL, "SID");
    assert_int_equal(trials, 0); /* a plan that is not wholly ours is not begun */
}

/* Nothing holds it on Wine but the answers above; without them it must fail there. */
static void a_system_that_restricts_nobody_is_refused(void **state)
{
    struct postern_error error = {0};

    (void)state;
    SetEnvironmentVariableW(TELLS, L"no restriction");
    assert_int_equal(confine(POSTERN_LEVEL_RESTRICTED, usual, 4, sid, &error), POSTERN_E_CONFINE);
    assert_string_equal(error.message, "tokens restrict nobody");
    SetEnvironmentVariableW(TELLS, NULL);
    assert_int_equal(trials, 0);
    assert_null(confine_of_commands());
}

static void a_trial_that_fails_is_told_in_words(void **state)
{
    (void)state;
    SetEnvironmentVariableW(TELLS, L"no token");
    refused(POSTERN_LEVEL_RESTRICTED, usual, 4, sid, "held another one");
    assert_int_equal(trials, 1); /* there is no second choice */
    SetEnvironmentVariableW(TELLS, L"open station");
    refused(POSTERN_LEVEL_RESTRICTED, with_ui, 4, sid, "user's window station");
    assert_int_equal(trials, 2);
    assert_true(asked_for_station);
    SetEnvironmentVariableW(TELLS, NULL);
}

/* ---- trials ---- */

static int run_trial(const char *const *argv, const char *desktop)
{
    struct process_confinement confinement = {.token = OS_HANDLE_NONE, .desktop = desktop};
    struct process_spec spec;
    struct process process = {OS_HANDLE_NONE, 0};
    struct process_exit status;
    char *program = system_program_path();

    process_spec_init(&spec);
    assert_non_null(program);
    spec.program = program;
    spec.argv = argv;
    spec.env = run_environment();
    assert_int_equal(process_spawn_win32(&spec, PROCESS_CONSOLE_OWN, &confinement, &process, NULL), 0);
    assert_true(run_wait(process.handle));
    assert_true(process_collect(&process, &status));
    process_close(&process);
    free(program);
    return status.exit_code;
}

static void a_trial_knows_where_it_is(void **state)
{
    struct postern_error error = {0};
    struct desktop *desktop = NULL;
    char *here = desktop_here(), *after;

    (void)state;
    if (desktop_open(sid, &desktop, &error) != 0) {
        fail_msg("%s", error.message);
    }
    after = desktop_here();
    assert_non_null(here);
    assert_string_equal(here, after); /* we ourselves are where we were */
    {
        const char *there = desktop_name(desktop);
        const char *right[] = {"t", TRIAL_OPTION, there, sid, NULL}, *wrong[] = {"t", TRIAL_OPTION, here, sid, NULL};
        const char *few[] = {"t", TRIAL_OPTION, there, NULL}, *many[] = {"t", TRIAL_OPTION, there, sid, "a", "b", NULL};

        assert_string_not_equal(here, there);
        assert_int_equal(run_trial(right, there), run_under_wine() ? TRIAL_PASSED : TRIAL_NOT_RESTRICTED);
        assert_int_equal(run_trial(wrong, there), TRIAL_ON_OTHER_DESKTOP);
        assert_int_equal(run_trial(right, NULL), TRIAL_ON_OTHER_DESKTOP);
        assert_int_equal(run_trial(few, there), TRIAL_MISUSED);
        assert_int_equal(run_trial(many, there), TRIAL_MISUSED);
    }
    desktop_close(desktop);
    free(here);
    free(after);
}

/* The rights that a list grants to a SID; all of the list's entries grant something. */
static DWORD granted(PSECURITY_DESCRIPTOR descriptor, const char *text)
{
    BOOL present = FALSE, defaulted = FALSE;
    ACL *list = NULL;
    PSID wanted = NULL;
    DWORD mask = 0;

    assert_true(GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted) && present && list != NULL);
    assert_true(ConvertStringSidToSidA(text, &wanted));
    for (DWORD i = 0; i < list->AceCount; i++) {
        ACCESS_ALLOWED_ACE *entry;

        assert_true(GetAce(list, i, (void **)&entry));
        assert_int_equal(entry->Header.AceType, ACCESS_ALLOWED_ACE_TYPE);
        mask |= EqualSid(&entry->SidStart, wanted) ? entry->Mask : 0;
    }
    LocalFree(wanted);
    return mask;
}

static bool has_list(HANDLE object)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    ACL *list = NULL;

    assert_int_equal(
        GetSecurityInfo(object, SE_WINDOW_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &list, NULL, &descriptor),
        ERROR_SUCCESS);
    LocalFree(descriptor);
    return list != NULL;
}

static DWORD granted_on(HANDLE object, const char *text)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    DWORD mask;

    assert_int_equal(
        GetSecurityInfo(object, SE_WINDOW_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, NULL, NULL, &descriptor),
        ERROR_SUCCESS);
    mask = granted(descriptor, text);
    LocalFree(descriptor);
    return mask;
}

static void each_is_for_whom_it_is_meant(void **state)
{
    struct desktop *desktop = NULL;
    HWINSTA before = GetProcessWindowStation(), station;
    char *name;
    HDESK opened;

    (void)state;
    assert_int_equal(desktop_open(sid, &desktop, NULL), 0);
    name = desktop_station(desktop_name(desktop));
    assert_non_null(name);
    station = OpenWindowStationA(name, FALSE, READ_CONTROL | WINSTA_ENUMDESKTOPS);
    assert_non_null(station);
    assert_true(SetProcessWindowStation(station));
    opened = OpenDesktopA(desktop_name(desktop) + strlen(name) + 1, 0, FALSE, READ_CONTROL | DESKTOP_READOBJECTS);
    assert_true(SetProcessWindowStation(before));
    assert_non_null(opened);
    if (run_under_wine()) {
        assert_false(has_list(station) || has_list(opened)); /* canary */
        SKIP_BECAUSE("Wine gives window stations and desktops no access lists when they are made");
    }
    assert_int_equal(granted_on(station, SID_COMMANDS) & WINSTA_ALL_ACCESS, WINSTA_ALL_ACCESS);
    assert_int_equal(granted_on(station, SID_COMMANDS) & (WRITE_DAC | WRITE_OWNER), 0);
    assert_int_equal(granted_on(station, sid), 0); /* it may be shared */
    assert_int_equal(granted_on(station, "S-1-1-0"), 0);
    assert_int_equal(granted_on(opened, sid) & (DESKTOP_CREATEWINDOW | DESKTOP_WRITEOBJECTS),
                     DESKTOP_CREATEWINDOW | DESKTOP_WRITEOBJECTS);
    assert_int_equal(granted_on(opened, sid) & (WRITE_DAC | WRITE_OWNER), 0);
    assert_int_equal(granted_on(opened, SID_COMMANDS), 0); /* it is not */
    assert_int_equal(granted_on(opened, "S-1-1-0"), 0);
    CloseDesktop(opened);
    CloseWindowStation(station);
    desktop_close(desktop);
    free(name);
}

/* As one that another program of the session has made: its entries stay, ours are added, once. */
static void a_station_of_others_is_opened_up(void **state)
{
    const char *const sids[] = {"S-1-5-21-1-2-3-4", SID_COMMANDS};
    char *user = security_own_sid();
    const struct sddl_ace others[] = {{.mask = WINSTA_ALL_ACCESS | READ_CONTROL | WRITE_DAC, .sid = user}};
    HWINSTA station = CreateWindowStationW(run_under_wine() ? L"postern-test" : NULL, 0,
                                           WINSTA_READATTRIBUTES | READ_CONTROL | WRITE_DAC, NULL);
    PSECURITY_DESCRIPTOR descriptor = NULL;
    struct postern_error error = {0};
    BOOL present, defaulted;
    ACL *list = NULL;

    (void)state;
    assert_non_null(station);
    assert_int_equal(security_describe(others, 1, &descriptor, NULL), 0);
    assert_true(GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted));
    assert_int_equal(SetSecurityInfo(station, SE_WINDOW_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, list, NULL),
                     ERROR_SUCCESS);
    LocalFree(descriptor);
    for (int i = 0; i < 2; i++) {
        if (security_admit(station, sids[0], WINSTA_ALL_ACCESS, &error) != 0 ||
            security_admit(station, sids[1], WINSTA_ALL_ACCESS, &error) != 0) {
            fail_msg("%s", error.message);
        }
    }
    assert_int_equal(granted_on(station, user), others[0].mask);
    assert_int_equal(granted_on(station, sids[0]), WINSTA_ALL_ACCESS);
    assert_int_equal(granted_on(station, sids[1]), WINSTA_ALL_ACCESS);
    assert_int_equal(
        GetSecurityInfo(station, SE_WINDOW_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &list, NULL, &descriptor),
        ERROR_SUCCESS);
    assert_int_equal(list->AceCount, 3);
    LocalFree(descriptor);
    CloseWindowStation(station);
    free(user);
}

static void desktops_are_each_ones_own(void **state)
{
    struct desktop *one = NULL, *other = NULL;

    (void)state;
    assert_int_equal(desktop_open(sid, &one, NULL), 0);
    assert_int_equal(desktop_open(sid, &other, NULL), 0); /* where the station is the session's, on the same one */
    assert_string_not_equal(desktop_name(one), desktop_name(other));
    desktop_close(one);
    desktop_close(other);
}

static void a_trial_that_does_not_come_about_fails(void **state)
{
    struct process_confinement confinement = {.token = OS_HANDLE_NONE, .desktop = "no\\where", .package = "S-1-15-2-1"};
    struct postern_error error = {0};

    (void)state;
    assert_int_equal(__real_trial_run(&confinement, sid, NULL, &error), POSTERN_E_CONFINE);
    assert_non_null(strstr(error.message, "app container"));
}

/* ---- that it is used ---- */

static bool is_in_force(const char *id)
{
    for (size_t i = 0; i < in_force.count; i++) {
        if (strcmp(in_force.item[i], id) == 0) {
            return true;
        }
    }
    return false;
}

static DWORD handle_count(void)
{
    DWORD count = 0;

    assert_true(GetProcessHandleCount(GetCurrentProcess(), &count));
    return count;
}

static void failures_leave_nothing(void **state)
{
    struct postern_error error = {0};
    DWORD before;

    (void)state;
    failing_trials = trials + 100;
    assert_int_equal(confine(POSTERN_LEVEL_RESTRICTED, usual, 4, sid, &error), POSTERN_E_CONFINE); /* what opens once */
    before = handle_count();
    for (int i = 0; i < 5; i++) {
        assert_int_equal(confine(POSTERN_LEVEL_RESTRICTED, usual, 4, sid, &error), POSTERN_E_CONFINE);
    }
    assert_int_equal(handle_count(), before);
    failing_trials = 0;
}

static void start_child(const char *const *argv, struct run *run)
{
    struct process_spec spec;

    process_spec_init(&spec);
    run_confined(&spec, confine_of_commands(), argv, run);
}

/* The caller's screen is not for an account's commands to read. */
static void assert_session_is_denied(os_handle token)
{
    union {
        TOKEN_GROUPS groups;
        unsigned char space[8192];
    } told;
    DWORD size;
    unsigned sessions = 0;

    assert_true(GetTokenInformation((HANDLE)token, TokenGroups, &told, sizeof(told), &size));
    for (DWORD i = 0; i < told.groups.GroupCount; i++) {
        if ((told.groups.Groups[i].Attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID) {
            sessions++;
            assert_true(told.groups.Groups[i].Attributes & SE_GROUP_USE_FOR_DENY_ONLY);
        }
    }
    assert_int_equal(sessions, 1);
}

/* The order of the plan is nobody's concern, and what comes twice counts once. */
static void commands_are_started_with_it(void **state)
{
    static const enum enforce_mechanism hostile[] = {ENFORCE_MITIGATIONS, ENFORCE_DESKTOP,          ENFORCE_TOKEN_LOCK,
                                                     ENFORCE_TOKEN_LOCK,  ENFORCE_RESTRICTED_TOKEN, ENFORCE_DESKTOP};
    const char *argv[] = {"child", "desktop", NULL};
    struct postern_error error = {0};
    struct run run;
    char *expected;

    (void)state;
    trials = 0;
    if (confine(POSTERN_LEVEL_ELEVATED, hostile, 6, sid, &error) != 0) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(trials, 1);
    assert_false(asked_for_station);
    assert_int_equal(in_force.count, 4);
    assert_true(is_in_force("desktop:private-desktop") && is_in_force("mitigations:process-mitigations"));
    assert_true(is_in_force("privileges:restricted-token") && is_in_force("fs.write:restricted-token"));
    assert_non_null(confine_of_commands());
    assert_true(confine_of_commands()->token != OS_HANDLE_NONE);
    assert_session_is_denied(confine_of_commands()->token);
    start_child(argv, &run);
    expected = text_format("%s\n", confine_of_commands()->desktop);
    assert_string_equal(run.text, expected);
    free(expected);
    /* Once only. */
    assert_int_equal(confine(POSTERN_LEVEL_RESTRICTED, usual, 4, sid, &error), POSTERN_E_CONFINE);
    assert_non_null(strstr(error.message, "already"));
}

/* The owner may look who may, and no more. We are one; an administrator would be let in all the same. */
static void the_runner_is_closed_to_its_commands(void **state)
{
    DWORD_PTR space[256];
    DWORD size = 0;
    char *user = security_own_sid();
    char number[16];
    const char *argv[] = {"child", "open-process", number, NULL};
    struct run run;

    (void)state;
    assert_true(GetKernelObjectSecurity(GetCurrentProcess(), DACL_SECURITY_INFORMATION, space, sizeof(space), &size));
    assert_int_equal(granted(space, SID_SYSTEM), PROCESS_ALL_ACCESS);
    assert_int_equal(granted(space, SID_ADMINISTRATORS), PROCESS_ALL_ACCESS);
    assert_int_equal(granted(space, "S-1-3-4"), READ_CONTROL);
    assert_int_equal(granted(space, user), 0);
    assert_int_equal(granted(space, "S-1-1-0"), 0);
    free(user);
    snprintf(number, sizeof(number), "%lu", GetCurrentProcessId());
    start_child(argv, &run);
    if (run_under_wine()) {
        assert_non_null(strstr(run.text, "let in")); /* canary */
        SKIP_BECAUSE("Wine does not ask the access list of a process");
    }
    assert_string_equal(run.text, "kept out\n");
}

/* An ordinary process of the user's, that no list protects: by the token alone. */
static void other_processes_cannot_be_taken_over(void **state)
{
    const char *waiting[] = {"child", "wait", NULL};
    char number[16];
    const char *argv[] = {"child", "take-process", number, NULL};
    struct process_spec spec;
    struct process process = {OS_HANDLE_NONE, 0};
    struct run run;

    (void)state;
    process_spec_init(&spec);
    spec.program = run_child_path();
    spec.argv = waiting;
    spec.env = run_environment();
    assert_int_equal(process_spawn(&spec, &process, NULL), 0);
    snprintf(number, sizeof(number), "%u", (unsigned)process.pid);
    start_child(argv, &run);
    process_close(&process);
    if (run_under_wine()) {
        assert_non_null(strstr(run.text, "let in")); /* canary */
        SKIP_BECAUSE("Wine takes restricted tokens for ordinary ones");
    }
    assert_string_equal(run.text, "kept out\n");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(level_none_confines_nothing),
        cmocka_unit_test(plans_that_do_not_confine_are_refused),
        cmocka_unit_test(a_system_that_restricts_nobody_is_refused),
        cmocka_unit_test(a_trial_that_fails_is_told_in_words),
        cmocka_unit_test(a_trial_knows_where_it_is),
        cmocka_unit_test(each_is_for_whom_it_is_meant),
        cmocka_unit_test(a_station_of_others_is_opened_up),
        cmocka_unit_test(desktops_are_each_ones_own),
        cmocka_unit_test(a_trial_that_does_not_come_about_fails),
        cmocka_unit_test(failures_leave_nothing),
        cmocka_unit_test(commands_are_started_with_it),
        cmocka_unit_test(the_runner_is_closed_to_its_commands),
        cmocka_unit_test(other_processes_cannot_be_taken_over),
    };
    int status = 0;

    if (startup_hidden_mode(argc, argv, &status)) {
        return status;
    }
    assert_int_equal(token_make_sid(sid, NULL), 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
