/*
 * runner/confine_win32.c where the plan is an app container: what commands are started with, and plans that are none.
 * Whether a process can live with it is asked of nobody here: the trial is the test's own.
 * wraps: trial_run
 */
#include "tests/support/test.h"

#include <string.h>

#include "runner/confine.h"
#include "runner/confine_win32.h"
#include "runner/trial_win32.h"

#define PACKAGE "S-1-15-2-1-2-3-4-5-6-7"
#define ORDINARY "S-1-5-21-1-2-3-4"

static int trials, trial_code;
static struct process_confinement tried;
static bool tried_station;

int __wrap_trial_run(const struct process_confinement *confinement, const char *sid, const char *station,
                     struct postern_error *error);
int __wrap_trial_run(const struct process_confinement *confinement, const char *sid, const char *station,
                     struct postern_error *error)
{
    assert_string_equal(sid, PACKAGE);
    trials++;
    tried = *confinement;
    tried_station = station != NULL;
    return trial_code == 0 ? 0 : error_set(error, trial_code, "confine", "trial", "refused by the test");
}

static int confine(const enum enforce_mechanism *list, size_t count, const char *sid, struct strings *in_force,
                   struct postern_error *error)
{
    struct enforce_steps steps = {0};
    int code;

    for (size_t i = 0; i < count; i++) {
        const struct enforce_step step = {.mechanism = list[i]};

        assert_true(enforce_add(&steps, &step));
    }
    code = confine_self(POSTERN_LEVEL_RESTRICTED, &steps, sid, in_force, error);
    enforce_steps_free(&steps);
    return code;
}

static const enum enforce_mechanism blocked[] = {ENFORCE_APPCONTAINER, ENFORCE_APPCONTAINER_FILES,
                                                 ENFORCE_APPCONTAINER_NET, ENFORCE_DESKTOP, ENFORCE_MITIGATIONS};

static void half_a_plan_is_refused(void **state)
{
    static const enum enforce_mechanism no_desktop[] = {ENFORCE_APPCONTAINER, ENFORCE_MITIGATIONS};
    static const enum enforce_mechanism both[] = {ENFORCE_APPCONTAINER, ENFORCE_RESTRICTED_TOKEN, ENFORCE_DESKTOP};
    static const enum enforce_mechanism token[] = {ENFORCE_RESTRICTED_TOKEN, ENFORCE_DESKTOP};
    struct strings in_force = {0};
    struct postern_error error = {0};

    (void)state;
    assert_int_equal(confine(no_desktop, 2, PACKAGE, &in_force, &error), POSTERN_E_CONFINE);
    assert_int_equal(confine(both, 3, PACKAGE, &in_force, &error), POSTERN_E_CONFINE);
    assert_int_equal(confine(blocked, 5, NULL, &in_force, &error), POSTERN_E_CONFINE);
    assert_int_equal(confine(blocked, 5, ORDINARY, &in_force, &error), POSTERN_E_CONFINE);
    assert_int_equal(confine(blocked, 5, "S-1-15-2-1", &in_force, &error), POSTERN_E_CONFINE); /* everybody's */
    assert_int_equal(confine(token, 2, PACKAGE, &in_force, &error), POSTERN_E_CONFINE);
    assert_int_equal(trials, 0);
    assert_int_equal(in_force.count, 0);
    assert_null(confine_of_commands());
}

static void without_a_trial_that_passes_nothing_starts(void **state)
{
    struct strings in_force = {0};
    struct postern_error error = {0};

    (void)state;
    trial_code = POSTERN_E_CONFINE;
    assert_int_equal(confine(blocked, 5, PACKAGE, &in_force, &error), POSTERN_E_CONFINE);
    assert_int_equal(trials, 1); /* there is no second best */
    assert_string_equal(error.message, "refused by the test");
    assert_int_equal(in_force.count, 0);
    assert_null(confine_of_commands());
}

static void commands_are_started_in_the_container(void **state)
{
    const struct process_confinement *commands;
    struct strings in_force = {0};
    struct postern_error error = {0};
    char sid[] = PACKAGE;

    (void)state;
    trial_code = 0;
    if (confine(blocked, 5, sid, &in_force, &error) != 0) {
        fail_msg("%s", error.message);
    }
    memset(sid, 'x', sizeof(sid) - 1); /* it was copied */
    commands = confine_of_commands();
    assert_non_null(commands);
    assert_string_equal(commands->package, PACKAGE);
    assert_false(commands->package_network);
    assert_true(commands->token == OS_HANDLE_NONE);
    assert_non_null(strchr(commands->desktop, '\\'));
    assert_true(commands->mitigations != 0);
    assert_true(tried.mitigations == commands->mitigations);
    assert_string_equal(tried.desktop, commands->desktop);
    assert_false(tried_station);
    assert_int_equal(in_force.count, 5);
    assert_string_equal(in_force.item[0], "privileges:appcontainer");
    assert_string_equal(in_force.item[2], "net.block:appcontainer");
    strings_free(&in_force);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_a_plan_is_refused),
        cmocka_unit_test(without_a_trial_that_passes_nothing_starts),
        cmocka_unit_test(commands_are_started_in_the_container),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
