/*
 * test_startup_linux.c - the start record as the runner reads it: up to its limit, not beyond.
 */
#include "runner/startup.h"

#include "tests/support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LIMIT 65536u

static int read_record(size_t size, struct buffer *out, struct postern_error *error)
{
    static unsigned char bytes[LIMIT + 1];
    char argument[16];
    int file = memfd_create("record", MFD_CLOEXEC);
    memset(bytes, 'x', sizeof(bytes));
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), size);
    assert_int_equal(lseek(file, 0, SEEK_SET), 0);
    snprintf(argument, sizeof(argument), "fd:%d", file);
    int status = startup_read_bootstrap(argument, out, error);
    assert_int_equal(fcntl(file, F_GETFD), -1); /* closed in any case */
    return status;
}

static void records_fit_up_to_the_limit(void **state)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, LIMIT - 4095, LIMIT - 1, LIMIT};
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct buffer out;
        buffer_init(&out, LIMIT);
        assert_int_equal(read_record(sizes[i], &out, NULL), 0);
        assert_int_equal(buffer_length(&out), sizes[i]);
        buffer_free(&out);
    }
}

static void longer_ones_are_refused(void **state)
{
    struct buffer out;
    struct postern_error error = {0};
    (void)state;
    buffer_init(&out, LIMIT);
    assert_int_equal(read_record(LIMIT + 1, &out, &error), POSTERN_E_OS);
    assert_non_null(strstr(error.message, "start record"));
    buffer_free(&out);
}

static void handles_are_named_exactly(void **state)
{
    os_handle handle = OS_HANDLE_NONE;
    (void)state;
    assert_int_equal(startup_adopt_handle("fd:0", &handle, NULL), 0); /* the control case */
    assert_int_equal(handle, 0);
    static const char *const bad[] = {"", "0", "fd:", "fd:-1", "fd:x", "fd:0x", "handle:0", "fd:999", "fd:99999999999"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(startup_adopt_handle(bad[i], &handle, NULL), POSTERN_E_INVALID);
}

static void there_are_no_numbers_in_the_record(void **state)
{
    os_handle handle = 5;
    (void)state;
    assert_int_equal(startup_adopt_number(0, &handle, NULL), 0);
    assert_int_equal(handle, OS_HANDLE_NONE);
    assert_int_equal(startup_adopt_number(1, &handle, NULL), POSTERN_E_INVALID);
    assert_int_equal(handle, OS_HANDLE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_fit_up_to_the_limit),
        cmocka_unit_test(longer_ones_are_refused),
        cmocka_unit_test(handles_are_named_exactly),
        cmocka_unit_test(there_are_no_numbers_in_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
