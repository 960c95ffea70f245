/*
 * elevated/launch_steps_win32.c and acl_profile_win32.c: a sandbox in an app container, from its name to its end, and
 * what a crash leaves of it. The system's calls about containers are the test's own: what they do shows only where
 * there are any (test_appcontainer_win32.c).
 *
 * wraps: token_try appcontainer_check appcontainer_find_sid appcontainer_create appcontainer_delete
 */
#include "tests/support/test.h"
#include "tests/support/wraps_win32.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elevated/acl_win32.h"
#include "elevated/launch_parts_win32.h"
#include "shared/job_win32.h"
#include "shared/text.h"
#include "shared/wide.h"

/* Of one sandbox: what an earlier run has left must not be taken for it. */
static char package[APPCONTAINER_SID_SIZE];

int __wrap_appcontainer_check(struct postern_error *error);
int __wrap_appcontainer_find_sid(const char *name, char **sid, struct postern_error *error);
int __wrap_appcontainer_create(const char *name, char **sid, struct postern_error *error);
int __wrap_appcontainer_delete(const char *name, struct postern_error *error);

static bool none;             /* the system has no containers */
static const char *given_sid; /* what a profile that is made has */
static char made[APPCONTAINER_NAME_SIZE], removed[APPCONTAINER_NAME_SIZE];
static int creations, deletions, create_code, delete_code;

int __wrap_token_try(os_handle token, const char *sid, struct postern_error *error)
{
    (void)token, (void)sid, (void)error;
    return POSTERN_OK;
}

int __wrap_appcontainer_check(struct postern_error *error)
{
    return none ? error_set(error, POSTERN_E_LEVEL, "appcontainer", "", "none") : POSTERN_OK;
}

int __wrap_appcontainer_find_sid(const char *name, char **sid, struct postern_error *error)
{
    assert_true(appcontainer_is_ours(name));
    *sid = text_duplicate(package);
    return *sid != NULL ? POSTERN_OK : error_memory(error, "appcontainer");
}

int __wrap_appcontainer_create(const char *name, char **sid, struct postern_error *error)
{
    creations++;
    text_copy(made, sizeof(made), name);
    if (create_code != 0) {
        return error_set(error, create_code, "appcontainer", "CreateAppContainerProfile", "refused by the test");
    }
    *sid = text_duplicate(given_sid);
    return *sid != NULL ? POSTERN_OK : error_memory(error, "appcontainer");
}

int __wrap_appcontainer_delete(const char *name, struct postern_error *error)
{
    if (strcmp(name, made) != 0) {
        return POSTERN_OK; /* another run's */
    }
    deletions++;
    text_copy(removed, sizeof(removed), name);
    return delete_code == 0 ? POSTERN_OK
                            : error_set(error, delete_code, "appcontainer", "DeleteAppContainerProfile", "in use");
}

static int forget(void **state)
{
    static unsigned count;

    (void)state;
    none = false;
    snprintf(package, sizeof(package), "S-1-15-2-%lu-%u-3-4-5-6-7", (unsigned long)GetCurrentProcessId(), count++);
    given_sid = package;
    creations = deletions = create_code = delete_code = 0;
    made[0] = removed[0] = '\0';
    return 0;
}

/* ---- a sandbox ---- */

struct sandbox {
    struct policy policy;
    struct launch launch;
    struct launch_start start;
    struct postern_error error;
};

static int take_steps(struct sandbox *sandbox)
{
    struct launch_options options = {.level = POSTERN_LEVEL_RESTRICTED, .policy = &sandbox->policy};

    memset(sandbox, 0, sizeof(*sandbox));
    policy_init(&sandbox->policy, PATH_WINDOWS);
    sandbox->policy.containment = POLICY_CONTAINMENT_PROCESSCONTAINER;
    sandbox->launch.job = sandbox->launch.channel = sandbox->launch.runner.handle = OS_HANDLE_NONE;
    assert_int_equal(launch_user_find(NULL, &sandbox->launch.user, NULL), 0);
    return launch_take_steps(&options, &sandbox->launch, &sandbox->start, &sandbox->error);
}

static int end(struct sandbox *sandbox, struct postern_error *error)
{
    int code = acl_close(sandbox->launch.grant, error);

    handle_close(&sandbox->launch.job);
    strings_free(&sandbox->launch.in_force);
    launch_user_free(&sandbox->launch.user);
    bootstrap_free(&sandbox->start.bootstrap);
    policy_free(&sandbox->policy);
    return code;
}

static bool is_there(const char *path)
{
    wchar_t *wide = wide_path(path);
    bool there = wide != NULL && GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;

    free(wide);
    return there;
}

static void from_its_name_to_its_end(void **state)
{
    struct sandbox sandbox;
    char *temp;

    (void)state;
    if (take_steps(&sandbox) != 0) {
        fail_msg("%s", sandbox.error.message);
    }
    assert_string_equal(sandbox.launch.sid, package);
    assert_true(appcontainer_is_ours(sandbox.launch.container));
    assert_int_equal(creations, 1);
    assert_string_equal(made, sandbox.launch.container);
    assert_true(enforce_has(&sandbox.start.bootstrap.steps, ENFORCE_APPCONTAINER));
    assert_true(enforce_has(&sandbox.start.bootstrap.steps, ENFORCE_APPCONTAINER_NET));
    assert_false(enforce_has(&sandbox.start.bootstrap.steps, ENFORCE_RESTRICTED_TOKEN));
    temp = text_duplicate(sandbox.launch.user.temp);
    assert_true(is_there(temp));
    assert_string_equal(temp, acl_temp(sandbox.launch.grant));
    assert_int_equal(deletions, 0);
    assert_int_equal(end(&sandbox, NULL), 0);
    assert_int_equal(deletions, 1);
    assert_string_equal(removed, made);
    assert_false(is_there(temp));
    free(temp);
}

static void each_has_its_own(void **state)
{
    char first[APPCONTAINER_NAME_SIZE];
    struct sandbox sandbox;

    (void)state;
    assert_int_equal(take_steps(&sandbox), 0);
    assert_int_equal(end(&sandbox, NULL), 0);
    memcpy(first, made, sizeof(first));
    assert_int_equal(take_steps(&sandbox), 0);
    assert_int_equal(end(&sandbox, NULL), 0);
    assert_string_not_equal(first, made);
}

/* One that could not be made may be there in part. */
static void one_that_fails_is_taken_back(void **state)
{
    struct sandbox sandbox;

    (void)state;
    create_code = POSTERN_E_CONFINE;
    assert_int_equal(take_steps(&sandbox), POSTERN_E_CONFINE);
    assert_string_equal(sandbox.error.message, "refused by the test");
    assert_int_equal(end(&sandbox, NULL), 0);
    assert_int_equal(deletions, 1);
    assert_string_equal(removed, made);
    forget(NULL);
    given_sid = "S-1-15-2-7-6-5-4-3-2-1"; /* the entries are for another */
    assert_int_equal(take_steps(&sandbox), POSTERN_E_CONFINE);
    assert_non_null(strstr(sandbox.error.message, "another SID"));
    assert_int_equal(end(&sandbox, NULL), 0);
    assert_string_equal(removed, made);
}

static void a_system_without_is_told_so(void **state)
{
    struct sandbox sandbox;

    (void)state;
    none = true;
    assert_int_equal(take_steps(&sandbox), POSTERN_E_POLICY);
    assert_non_null(strstr(sandbox.error.message, "containment: "));
    assert_int_equal(creations, 0);
    assert_int_equal(end(&sandbox, NULL), 0);
}

/* ---- records ---- */

static void what_cannot_go_yet_goes_later(void **state)
{
    char *place = text_format("%s\\postern-container-%lu", getenv("TEMP"), (unsigned long)GetCurrentProcessId());
    const struct acl_sids sids = {.account = package};
    const struct enforce_steps no_steps = {0};
    struct acl_grant *grant = NULL;
    struct postern_error error = {0};
    char name[APPCONTAINER_NAME_SIZE];
    size_t left = 0;

    (void)state;
    assert_int_equal(appcontainer_make_name(name, NULL), 0);
    assert_int_equal(acl_open_at(place, &no_steps, &sids, NULL, &grant, &error), 0);
    assert_int_equal(acl_make_profile(grant, name, package, &error), 0);
    delete_code = POSTERN_E_OS;
    assert_int_not_equal(acl_close(grant, &error), 0);
    assert_string_equal(error.operation, "DeleteAppContainerProfile");
    delete_code = 0;
    removed[0] = '\0';
    assert_int_equal(acl_recover_at(place, &left, &error), 0); /* as after a crash */
    assert_int_equal(left, 0);
    assert_string_equal(removed, name);
    assert_int_equal(deletions, 2);
    assert_int_equal(acl_recover_at(place, &left, &error), 0);
    assert_int_equal(deletions, 2);
    char *lock = text_format("%s\\lock", place);
    DeleteFileA(lock);
    assert_true(RemoveDirectoryA(place));
    free(lock);
    free(place);
}

/* A record is a file that something else may have written to. */
static void containers_of_others_stay(void **state)
{
    struct postern_error error = {0};

    (void)state;
    assert_int_equal(acl_profile_restore(NULL, "Microsoft.WindowsTerminal_8wekyb3d8bbwe", &error), POSTERN_E_STATE);
    assert_int_equal(acl_profile_restore(NULL, "postern.", &error), POSTERN_E_STATE);
    assert_int_equal(deletions, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(from_its_name_to_its_end, forget),
        cmocka_unit_test_setup(each_has_its_own, forget),
        cmocka_unit_test_setup(one_that_fails_is_taken_back, forget),
        cmocka_unit_test_setup(a_system_without_is_told_so, forget),
        cmocka_unit_test_setup(what_cannot_go_yet_goes_later, forget),
        cmocka_unit_test_setup(containers_of_others_stay, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
