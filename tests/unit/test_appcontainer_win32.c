/*
 * shared/appcontainer_win32.c: app containers where the system has them; nothing is left behind.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <sddl.h>

#include "shared/appcontainer_win32.h"
#include "shared/process_win32.h"
#include "tests/support/run_win32.h"

#define PACKAGE "S-1-15-2-1-2-3-4-5-6-7"

/* Where there are none the test is skipped; on Wine that is its canary. */
static void need_containers(void)
{
    struct postern_error error = {0};
    int code = appcontainer_check(&error);

    if (run_under_wine()) {
        assert_int_equal(code, POSTERN_E_LEVEL);
        SKIP_BECAUSE("Wine has no app containers");
    }
    if (code != 0) {
        fail_msg("%s", error.message);
    }
}

static void a_system_without_says_so(void **state)
{
    struct postern_error error = {0};
    char *sid = NULL;

    (void)state;
    if (!run_under_wine()) {
        skip();
    }
    assert_int_equal(appcontainer_check(&error), POSTERN_E_LEVEL);
    assert_int_equal(error.code, POSTERN_E_LEVEL);
    assert_string_equal(error.stage, "appcontainer");
    assert_non_null(strstr(error.remedy, "\"process\""));
    assert_int_equal(appcontainer_create("postern.x", &sid, &error), POSTERN_E_CONFINE);
    assert_null(sid);
    assert_int_equal(appcontainer_find_sid("postern.x", &sid, &error), POSTERN_E_CONFINE);
    assert_int_equal(appcontainer_delete("postern.x", &error), POSTERN_E_OS);
}

static void a_profile_comes_and_goes(void **state)
{
    char name[APPCONTAINER_NAME_SIZE], *made = NULL, *found = NULL, *again = NULL;
    struct postern_error error = {0};

    (void)state;
    need_containers();
    assert_int_equal(appcontainer_make_name(name, NULL), 0);
    if (appcontainer_create(name, &made, &error) != 0) {
        fail_msg("%s", error.message);
    }
    assert_true(appcontainer_is_sid(made));
    assert_int_equal(appcontainer_find_sid(name, &found, NULL), 0);
    assert_string_equal(made, found);
    assert_int_equal(appcontainer_create(name, &again, &error), POSTERN_E_CONFINE);
    assert_null(again);
    assert_int_equal(appcontainer_delete(name, NULL), 0);
    assert_int_equal(appcontainer_delete(name, NULL), 0); /* as a second try after a crash */
    assert_int_equal(appcontainer_create(name, &again, NULL), 0);
    assert_int_equal(appcontainer_delete(name, NULL), 0);
    free(made);
    free(found);
    free(again);
}

static char *text_of(PSID sid)
{
    char *text = NULL;

    assert_true(ConvertSidToStringSidA(sid, &text));
    return text;
}

static void a_place_without_a_network_has_no_capabilities(void **state)
{
    struct appcontainer_place place = APPCONTAINER_PLACE_NONE;
    char *text;

    (void)state;
    assert_int_equal(appcontainer_place_init(PACKAGE, false, &place, NULL), 0);
    text = text_of(place.value.AppContainerSid);
    assert_string_equal(text, PACKAGE);
    LocalFree(text);
    assert_int_equal(place.value.CapabilityCount, 0);
    assert_null(place.value.Capabilities);
    appcontainer_place_free(&place);
    assert_null(place.value.AppContainerSid);
}

static void a_place_with_a_network_has_three(void **state)
{
    static const char *const wanted[] = {"S-1-15-3-1", "S-1-15-3-2", "S-1-15-3-3"};
    struct appcontainer_place place = APPCONTAINER_PLACE_NONE;

    (void)state;
    assert_int_equal(appcontainer_place_init(PACKAGE, true, &place, NULL), 0);
    assert_int_equal(place.value.CapabilityCount, 3);
    for (size_t i = 0; i < 3; i++) {
        char *text = text_of(place.value.Capabilities[i].Sid);

        assert_string_equal(text, wanted[i]);
        assert_int_equal(place.value.Capabilities[i].Attributes, SE_GROUP_ENABLED);
        LocalFree(text);
    }
    appcontainer_place_free(&place);
}

/* An entry, or a process, for all containers at once would be everybody's. */
static void a_place_is_of_one_container(void **state)
{
    static const char *const others[] = {"S-1-15-2-1", "S-1-1-0", "S-1-x", ""};
    struct appcontainer_place place = APPCONTAINER_PLACE_NONE;
    struct postern_error error = {0};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(appcontainer_place_init(others[i], true, &place, &error), POSTERN_E_CONFINE);
        assert_null(place.value.AppContainerSid);
        assert_null(place.capability[0].Sid);
    }
}

/* ---- processes ---- */

/* The system's own, which every container may read. */
static int start_in(const char *package, bool network, struct process *out, struct postern_error *error)
{
    static const char *const argv[] = {"cmd.exe", "/d", "/c", "exit 7", NULL};
    const struct process_confinement confinement = {
        .token = OS_HANDLE_NONE, .package = package, .package_network = network};
    struct process_spec spec;
    char program[MAX_PATH], directory[MAX_PATH];

    assert_in_range(GetSystemDirectoryA(directory, sizeof(directory)), 1, MAX_PATH - 20);
    snprintf(program, sizeof(program), "%s\\cmd.exe", directory);
    process_spec_init(&spec);
    spec.program = program;
    spec.argv = argv;
    spec.env = run_environment();
    spec.cwd = directory;
    return process_spawn_win32(&spec, PROCESS_CONSOLE_OWN, &confinement, out, error);
}

static void try_in(bool network)
{
    char name[APPCONTAINER_NAME_SIZE], *sid = NULL;
    struct postern_error error = {0};
    struct process process = {.handle = OS_HANDLE_NONE};
    struct process_exit status = {0};
    int spawned, tried;

    assert_int_equal(appcontainer_make_name(name, NULL), 0);
    assert_int_equal(appcontainer_create(name, &sid, NULL), 0);
    spawned = start_in(sid, network, &process, &error);
    tried = spawned == 0 ? appcontainer_try(process.handle, sid, network, &error) : -1;
    if (spawned == 0) {
        assert_true(run_wait(process.handle));
        assert_true(process_collect(&process, &status));
        process_close(&process);
    }
    assert_int_equal(appcontainer_delete(name, NULL), 0);
    free(sid);
    if (spawned != 0 || tried != 0) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(status.exit_code, 7);
}

static void a_process_is_in_its_container(void **state)
{
    (void)state;
    need_containers();
    try_in(false);
    try_in(true);
}

/* Where the system knows none it does not start without. */
static void no_container_no_process(void **state)
{
    struct process process = {.handle = OS_HANDLE_NONE};
    struct postern_error error = {0};

    (void)state;
    if (!run_under_wine()) {
        skip();
    }
    assert_int_equal(start_in(PACKAGE, false, &process, &error), POSTERN_E_OS);
    assert_string_equal(error.operation, "UpdateProcThreadAttribute");
    assert_int_equal(start_in("S-1-1-0", false, &process, &error), POSTERN_E_CONFINE);
    assert_true(process.handle == OS_HANDLE_NONE);
}

/* The control: a process that is in none, this one. */
static void an_ordinary_process_is_found_out(void **state)
{
    struct postern_error error = {0};

    (void)state;
    assert_int_equal(appcontainer_try((os_handle)GetCurrentProcess(), PACKAGE, false, &error), POSTERN_E_CONFINE);
    assert_string_equal(error.stage, "appcontainer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_system_without_says_so),
        cmocka_unit_test(a_profile_comes_and_goes),
        cmocka_unit_test(a_place_without_a_network_has_no_capabilities),
        cmocka_unit_test(a_place_with_a_network_has_three),
        cmocka_unit_test(a_place_is_of_one_container),
        cmocka_unit_test(a_process_is_in_its_container),
        cmocka_unit_test(no_container_no_process),
        cmocka_unit_test(an_ordinary_process_is_found_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
