/*
 * cli/policy_options.c: what the options of a policy come to for the API: paths, files, lists of the environment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor_host.h"
#include "cli/file.h"
#include "cli/policy_options.h"
#include "shared/path.h"
#include "shared/policy.h"
#include "shared/system.h"
#include "shared/text.h"
#include "tests/support/test.h"

static char *here, *base; /* the current directory, and one of our own */

static int set_up(void **state)
{
    struct postern_error error = {0};
    (void)state;
    here = system_current_directory();
    base = doctor_host_make_scratch(&error);
    return here && base ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    bool gone = doctor_host_remove(base);
    free(here);
    free(base);
    return gone ? 0 : -1;
}

static void absolute_is(const char *path, const char *wanted)
{
    char *absolute = policy_absolute_path(base, path);
    assert_non_null(absolute);
    assert_string_equal(absolute, wanted);
    free(absolute);
}

static void relative_paths_are_made_absolute_by_their_text(void **state)
{
    char *missing = path_join(path_style_here(), base, "not there");
    (void)state;
    assert_non_null(missing);
    absolute_is("not there", missing);
    absolute_is(missing, missing);
    absolute_is("", ""); /* for the library to refuse */
    free(missing);
}

/* Where "up" would lead by the text is not where the system goes when there is a link on the way. */
static void parent_directories_are_the_systems_to_find(void **state)
{
    char *above = text_format("%s/..", here), *missing = text_format("%s/../not there", here);
    int64_t os_error = 0;
    char *resolved = system_absolute_path(above, &os_error);
    char *wanted = resolved ? path_join(path_style_here(), resolved, "not there") : NULL;
    (void)state;
    assert_non_null(wanted);
    absolute_is("..", resolved);
    absolute_is("../not there", wanted);
    free(above);
    free(missing);
    free(resolved);
    free(wanted);
}

static void half_of_a_windows_path_is_left_to_be_refused(void **state)
{
    (void)state;
    if (path_style_here() != PATH_WINDOWS)
        return;
    absolute_is("\\dir", "\\dir");
    absolute_is("c:dir", "c:dir");
}

static void a_request_says_what_the_options_said(void **state)
{
    struct policy_options options;
    struct policy_request request;
    struct postern_error error = {0};
    (void)state;
    policy_options_init(&options);
    options.level = POSTERN_LEVEL_RESTRICTED;
    options.preset = POSTERN_PRESET_READ_ONLY;
    options.network = 0;
    options.cwd = base;
    options.memory = 1;
    options.processes = 2;
    options.cpu_time = 3;
    options.file_size = 4;
    assert_true(strings_add(&options.read_write, base));
    assert_int_equal(policy_request_make(&options, &request, &error), 0);
    assert_int_equal(request.sandbox.level, POSTERN_LEVEL_RESTRICTED);
    assert_int_equal(request.sandbox.preset, POSTERN_PRESET_READ_ONLY);
    assert_true(request.sandbox.no_network);
    assert_false(request.sandbox.network);
    assert_string_equal(request.sandbox.workspace, base);
    assert_int_equal(request.sandbox.max_memory, 1);
    assert_int_equal(request.sandbox.max_processes, 2);
    assert_int_equal(request.sandbox.max_cpu_time, 3);
    assert_int_equal(request.sandbox.max_file_size, 4);
    assert_string_equal(request.sandbox.read_write[0], base);
    assert_null(request.sandbox.policy);
    policy_request_free(&request);

    options.network = NETWORK_UNSAID;
    assert_int_equal(policy_request_make(&options, &request, &error), 0);
    assert_false(request.sandbox.no_network);
    assert_false(request.sandbox.network);
    policy_request_free(&request);

    options.processes = UINT64_C(1) << 32;
    assert_int_equal(policy_request_make(&options, &request, &error), POSTERN_E_INVALID);
    assert_non_null(strstr(error.message, "--pids"));
    policy_request_free(&request);
    policy_options_free(&options);
}

static void lists_of_the_environment_are_added(void **state)
{
    struct policy_options options;
    struct policy_request request;
    struct postern_error error = {0};
    bool windows = path_style_here() == PATH_WINDOWS;
    (void)state;
    assert_true(doctor_host_set_variable("POSTERN_READWRITE_PATHS", windows ? "C:\\x;D:\\y" : "/x::/y"));
    policy_options_init(&options);
    assert_true(strings_add(&options.read_write, base));
    assert_int_equal(policy_request_make(&options, &request, &error), 0);
    assert_int_equal(request.read_write.count, 3);
    assert_string_equal(request.sandbox.read_write[1], windows ? "C:\\x" : "/x");
    assert_string_equal(request.sandbox.read_write[2], windows ? "D:\\y" : "/y");
    policy_request_free(&request);
    /* relative to what, nobody could tell */
    assert_true(doctor_host_set_variable("POSTERN_DENIED_PATHS", windows ? "C:\\x;relative" : "/x:relative"));
    assert_int_equal(policy_request_make(&options, &request, &error), POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, "POSTERN_DENIED_PATHS: the path \"relative\" is relative"));
    assert_true(doctor_host_set_variable("POSTERN_READWRITE_PATHS", ""));
    assert_true(doctor_host_set_variable("POSTERN_DENIED_PATHS", ""));
    policy_request_free(&request);
    policy_options_free(&options);
}

/* What reading a policy of these bytes comes to. */
static int read_bytes(const char *bytes, size_t size, struct policy_request *request, struct postern_error *error)
{
    struct policy_options options;
    int64_t os_error = 0;
    char *path = path_join(path_style_here(), base, "policy.json");
    FILE *file = path ? file_create(path, &os_error) : NULL;
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    policy_options_init(&options);
    options.policy = path;
    int result = policy_request_make(&options, request, error);
    assert_true(doctor_host_remove(path));
    policy_options_free(&options);
    free(path);
    return result;
}

static void a_policy_is_read_whole_or_refused(void **state)
{
    struct policy_request request;
    struct postern_error error = {0};
    char *large = malloc(POLICY_SIZE_MAX + 1);
    (void)state;
    assert_non_null(large);
    memset(large, ' ', POLICY_SIZE_MAX + 1);
    assert_int_equal(read_bytes("{}", 2, &request, &error), 0);
    assert_string_equal(request.sandbox.policy, "{}");
    assert_non_null(strstr(request.sandbox.policy_name, "policy.json"));
    policy_request_free(&request);
    assert_int_equal(read_bytes(large, POLICY_SIZE_MAX, &request, &error), 0);
    assert_int_equal(strlen(request.sandbox.policy), POLICY_SIZE_MAX);
    policy_request_free(&request);
    assert_int_equal(read_bytes(large, POLICY_SIZE_MAX + 1, &request, &error), POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, "larger than"));
    policy_request_free(&request);
    assert_int_equal(read_bytes("{}\0{", 4, &request, &error), POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, "NUL"));
    policy_request_free(&request);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relative_paths_are_made_absolute_by_their_text),
        cmocka_unit_test(parent_directories_are_the_systems_to_find),
        cmocka_unit_test(half_of_a_windows_path_is_left_to_be_refused),
        cmocka_unit_test(a_request_says_what_the_options_said),
        cmocka_unit_test(lists_of_the_environment_are_added),
        cmocka_unit_test(a_policy_is_read_whole_or_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
