/*
 * shared/system_linux.c and handle_linux.c: clock, directories, descriptors.
 */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/handle.h"
#include "shared/system.h"

static void clock_goes_forward(void **state)
{
    uint64_t before = system_now_us(), after = system_now_us();

    (void)state;
    assert_true(before > 0);
    assert_true(after >= before);
    assert_int_equal(system_process_id(), getpid());
}

/* That of the program, wherever the current directory is. */
static void program_directory_is_that_of_the_file(void **state)
{
    char *expected = realpath("/proc/self/exe", NULL), *directory = system_program_directory();
    char *current = system_current_directory(), *program = system_program_path();

    (void)state;
    assert_non_null(program);
    assert_non_null(expected);
    assert_string_equal(program, expected);
    free(program);
    *strrchr(expected, '/') = '\0';
    assert_string_equal(directory, expected);
    free(directory);
    assert_non_null(current);
    assert_int_equal(chdir("/"), 0);
    directory = system_program_directory();
    assert_int_equal(chdir(current), 0);
    assert_string_equal(directory, expected);
    free(directory);
    free(current);
    free(expected);
}

static void current_directory_is_absolute(void **state)
{
    char *before = system_current_directory(), *root;

    (void)state;
    assert_non_null(before);
    assert_int_equal(before[0], '/');
    assert_int_equal(chdir("/"), 0);
    root = system_current_directory();
    assert_int_equal(chdir(before), 0);
    assert_string_equal(root, "/");
    free(root);
    free(before);
}

static void absolute_paths_are_resolved(void **state)
{
    int64_t os_error = 0;
    char *path = system_absolute_path("/usr/./../usr/", &os_error);

    (void)state;
    assert_string_equal(path, "/usr");
    assert_int_equal(os_error, 0);
    free(path);
    assert_null(system_absolute_path("/no/such/thing", &os_error));
    assert_int_equal(os_error, ENOENT);
    assert_null(system_absolute_path("", &os_error));
    assert_int_equal(os_error, ENOENT);
}

static void handles_are_closed_once(void **state)
{
    os_handle handle = open("/dev/null", O_RDONLY | O_CLOEXEC), none = OS_HANDLE_NONE, taken;
    int number = (int)handle;

    (void)state;
    assert_true(number >= 0);
    taken = handle_take(&handle);
    assert_true(handle == OS_HANDLE_NONE);
    assert_int_equal(taken, number);
    assert_true(fcntl(number, F_GETFD) >= 0);
    errno = 77;
    handle_close(&taken);
    handle_close(&taken);
    handle_close(&none);
    assert_int_equal(errno, 77);
    assert_true(taken == OS_HANDLE_NONE);
    assert_int_equal(fcntl(number, F_GETFD), -1);
    taken = 1000000; /* not open: nothing to see, errno included */
    errno = 77;
    handle_close(&taken);
    assert_int_equal(errno, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_goes_forward),
        cmocka_unit_test(program_directory_is_that_of_the_file),
        cmocka_unit_test(current_directory_is_absolute),
        cmocka_unit_test(absolute_paths_are_resolved),
        cmocka_unit_test(handles_are_closed_once),
    };

    return cmocka_run_group_tests_name("system_linux", tests, NULL, NULL);
}
