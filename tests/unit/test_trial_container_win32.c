/*
 * runner/trial_win32.c for an app container: the process is there while it is looked at, and ends by itself after that.
 * This program is its own trial. What Wine does not know, the attribute and the look at the token, is answered by the
 * test there; elsewhere the runner itself does all of it at every start.
 * wraps: attributes_add appcontainer_try
 */
#include "tests/support/test.h"

#include <string.h>
#include <windows.h>

#include "runner/desktop_win32.h"
#include "runner/startup.h"
#include "runner/trial_win32.h"
#include "shared/appcontainer_win32.h"
#include "shared/attributes_win32.h"
#include "tests/support/run_win32.h"

#define PACKAGE "S-1-15-2-1-2-3-4-5-6-7"

bool __real_attributes_add(struct attributes *attributes, DWORD_PTR attribute, void *value, size_t size);
bool __wrap_attributes_add(struct attributes *attributes, DWORD_PTR attribute, void *value, size_t size);
int __wrap_appcontainer_try(os_handle process, const char *sid, bool network, struct postern_error *error);

static int containers, looks, verdict;

bool __wrap_attributes_add(struct attributes *attributes, DWORD_PTR attribute, void *value, size_t size)
{
    if (attribute != PROC_THREAD_ATTRIBUTE_SECURITY_CAPABILITIES) {
        return __real_attributes_add(attributes, attribute, value, size);
    }
    assert_int_equal(((SECURITY_CAPABILITIES *)value)->CapabilityCount, APPCONTAINER_CAPABILITIES);
    assert_int_equal(size, sizeof(SECURITY_CAPABILITIES));
    containers++;
    return true;
}

int __wrap_appcontainer_try(os_handle process, const char *sid, bool network, struct postern_error *error)
{
    assert_string_equal(sid, PACKAGE);
    assert_true(network);
    assert_false(run_is_signalled(process)); /* it waits for us */
    looks++;
    return verdict == 0 ? 0 : error_set(error, verdict, "appcontainer", "", "refused by the test");
}

static int run_trial(struct postern_error *error)
{
    struct process_confinement confinement = {.token = OS_HANDLE_NONE, .package = PACKAGE, .package_network = true};
    struct desktop *desktop = NULL;
    int code;

    assert_int_equal(desktop_open(PACKAGE, &desktop, NULL), 0);
    confinement.desktop = desktop_name(desktop);
    code = trial_run(&confinement, PACKAGE, NULL, error);
    desktop_close(desktop);
    return code;
}

static void it_is_there_while_it_is_looked_at(void **state)
{
    struct postern_error error = {0};

    (void)state;
    if (!run_under_wine()) {
        skip();
    }
    verdict = 0;
    if (run_trial(&error) != 0) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(containers, 1);
    assert_int_equal(looks, 1);
    verdict = POSTERN_E_CONFINE;
    assert_int_equal(run_trial(&error), POSTERN_E_CONFINE);
    assert_string_equal(error.message, "refused by the test");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_there_while_it_is_looked_at),
    };

    if (argc > 1 && strcmp(argv[1], TRIAL_OPTION) == 0) {
        return trial_main();
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
