/*
 * runner/startup.h on Windows: handles by name and number, and the start record from a file: read once, gone
 * afterwards.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "runner/startup.h"
#include "shared/text.h"
#include "tests/support/run_win32.h"

#define LIMIT 65536u

static char path[MAX_PATH + 64], argument[MAX_PATH + 80];

static int make_path(void **state)
{
    char temp[MAX_PATH];

    (void)state;
    assert_true(GetTempPathA(MAX_PATH, temp) > 0);
    snprintf(path, sizeof(path), "%spostern-record-%lu", temp, GetCurrentProcessId());
    snprintf(argument, sizeof(argument), "file:%s", path);
    return 0;
}

static bool exists(const char *name)
{
    return GetFileAttributesA(name) != INVALID_FILE_ATTRIBUTES;
}

static void write_record(const char *name, size_t size)
{
    static char bytes[LIMIT + 1];
    FILE *file = fopen(name, "wb");

    memset(bytes, 'x', sizeof(bytes));
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void files_are_read_once(void **state)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, LIMIT - 1, LIMIT};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct postern_error error = {0};
        struct buffer out;

        buffer_init(&out, LIMIT);
        write_record(path, sizes[i]);
        if (startup_read_bootstrap(argument, &out, &error) != 0) {
            fail_msg("%s", error.message);
        }
        assert_int_equal(buffer_length(&out), sizes[i]);
        assert_false(exists(path));
        assert_int_equal(startup_read_bootstrap(argument, &out, &error), POSTERN_E_OS);
        assert_int_equal(error.os_error, ERROR_FILE_NOT_FOUND);
        buffer_free(&out);
    }
}

static void longer_ones_are_refused_and_gone(void **state)
{
    struct postern_error error = {0};
    struct buffer out;

    (void)state;
    buffer_init(&out, LIMIT);
    write_record(path, LIMIT + 1);
    assert_int_equal(startup_read_bootstrap(argument, &out, &error), POSTERN_E_LIMIT);
    assert_non_null(strstr(error.message, "too long"));
    assert_false(exists(path));
    buffer_free(&out);
}

/* Somebody has it open: he could still be writing, or read along. */
static void what_others_have_open_is_refused(void **state)
{
    struct postern_error error = {0};
    struct buffer out;
    HANDLE other;

    (void)state;
    buffer_init(&out, LIMIT);
    write_record(path, 10);
    other = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                        0, NULL);
    assert_true(other != INVALID_HANDLE_VALUE);
    assert_int_equal(startup_read_bootstrap(argument, &out, &error), POSTERN_E_OS);
    assert_int_equal(error.os_error, ERROR_SHARING_VIOLATION);
    assert_true(exists(path));
    CloseHandle(other);
    assert_true(DeleteFileA(path));
    buffer_free(&out);
}

static void what_is_no_file_is_refused(void **state)
{
    struct buffer out;

    (void)state;
    buffer_init(&out, LIMIT);
    assert_int_equal(startup_read_bootstrap("file:", &out, NULL), POSTERN_E_OS);
    assert_int_equal(startup_read_bootstrap("file:\xff", &out, NULL), POSTERN_E_OS);
    assert_int_not_equal(startup_read_bootstrap("file:NUL", &out, NULL), POSTERN_OK);
    assert_true(CreateDirectoryA(path, NULL));
    assert_int_not_equal(startup_read_bootstrap(argument, &out, NULL), POSTERN_OK);
    assert_true(RemoveDirectoryA(path));
    assert_int_equal(buffer_length(&out), 0);
    buffer_free(&out);
}

static void links_are_not_followed(void **state)
{
    char target[sizeof(path) + 8];
    struct postern_error error = {0};
    struct buffer out;
    BOOLEAN linked;

    (void)state;
    snprintf(target, sizeof(target), "%s-target", path);
    write_record(target, 10);
    linked = CreateSymbolicLinkA(path, target, 0);
    if (!linked || !exists(path)) {
        bool wine = run_under_wine();

        assert_true(DeleteFileA(target));
        if (wine) {
            assert_true(linked); /* canary: says that it has made one */
            SKIP_BECAUSE("Wine makes no symbolic links");
        }
        SKIP_BECAUSE("this user may not make symbolic links");
    }
    buffer_init(&out, LIMIT);
    assert_int_equal(startup_read_bootstrap(argument, &out, &error), POSTERN_E_INVALID);
    assert_non_null(strstr(error.message, "no ordinary file"));
    assert_int_equal(buffer_length(&out), 0);
    assert_true(exists(target)); /* only the link is gone */
    assert_true(DeleteFileA(target));
    buffer_free(&out);
}

static void handles_are_named_exactly(void **state)
{
    static const char *const bad[] = {"",
                                      "0",
                                      "handle:",
                                      "handle:-1",
                                      "handle:x",
                                      "handle:0x",
                                      "handle:0",
                                      "fd:4",
                                      "handle:2147483648",
                                      "handle:999999",
                                      "handle: 4",
                                      "file:4",
                                      "handle:4294967295"};
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    os_handle handle = OS_HANDLE_NONE;
    DWORD flags = HANDLE_FLAG_INHERIT;
    char *text = text_format("handle:%llu", (unsigned long long)(uintptr_t)event);

    (void)state;
    assert_true(SetHandleInformation(event, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT));
    assert_int_equal(startup_adopt_handle(text, &handle, NULL), 0); /* the control case */
    assert_true(handle == (os_handle)event);
    assert_true(GetHandleInformation(event, &flags));
    assert_int_equal(flags & HANDLE_FLAG_INHERIT, 0); /* commands don't get it */
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(startup_adopt_handle(bad[i], &handle, NULL), POSTERN_E_INVALID);
    }
    free(text);
    CloseHandle(event);
}

static void handles_come_by_number_too(void **state)
{
    static const os_handle bad[] = {-1, -2, 999999, (os_handle)INT32_MAX + 1};
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    os_handle handle = 5;
    DWORD flags = HANDLE_FLAG_INHERIT;

    (void)state;
    assert_int_equal(startup_adopt_number(0, &handle, NULL), 0);
    assert_true(handle == OS_HANDLE_NONE);
    assert_true(SetHandleInformation(event, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT));
    assert_int_equal(startup_adopt_number((os_handle)event, &handle, NULL), 0);
    assert_true(handle == (os_handle)event);
    assert_true(GetHandleInformation(event, &flags));
    assert_int_equal(flags & HANDLE_FLAG_INHERIT, 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(startup_adopt_number(bad[i], &handle, NULL), POSTERN_E_INVALID);
        assert_true(handle == OS_HANDLE_NONE);
    }
    CloseHandle(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_once),
        cmocka_unit_test(longer_ones_are_refused_and_gone),
        cmocka_unit_test(what_others_have_open_is_refused),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(links_are_not_followed),
        cmocka_unit_test(handles_are_named_exactly),
        cmocka_unit_test(handles_come_by_number_too),
    };

    return cmocka_run_group_tests(tests, make_path, NULL);
}
