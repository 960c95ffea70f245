/*
 * shared/log_linux.c: which files are opened as a log, and how.
 */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/log.h"
#include "shared/log_file.h"

static char directory[] = "/tmp/postern-log-XXXXXX";
static char path[sizeof(directory) + 16], other[sizeof(directory) + 16];

static int make_directory(void **state)
{
    (void)state;
    memset(directory + strlen(directory) - 6, 'X', 6); /* again after the first test */
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/log", directory);
    snprintf(other, sizeof(other), "%s/other", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path);
    unlink(other);
    return rmdir(directory);
}

static void is_created_private(void **state)
{
    struct log *log = NULL;
    struct stat status;
    mode_t mask = umask(0);

    (void)state;
    assert_int_equal(log_open(path, "w", &log, NULL), POSTERN_OK);
    umask(mask);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    log_close(log);
}

static void symbolic_links_are_not_followed(void **state)
{
    struct postern_error error = {0};
    struct log *log = NULL;
    int file = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    (void)state;
    assert_true(file >= 0);
    close(file);
    assert_int_equal(symlink(other, path), 0);
    assert_int_equal(log_open(path, "w", &log, &error), POSTERN_E_OS);
    assert_int_equal(error.os_error, ELOOP);
    assert_non_null(strstr(error.message, "symbolic link"));
    assert_int_equal(log_open(other, "w", &log, &error), POSTERN_OK); /* the control */
    log_close(log);
}

/* A fifo without a reader must neither hang nor be used, nor one with a reader. */
static void other_kinds_of_files_are_refused(void **state)
{
    struct postern_error error = {0};
    struct log *log = NULL;
    int reader;

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(log_open(path, "w", &log, &error), POSTERN_E_OS);
    assert_int_equal(error.os_error, ENXIO);
    reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    assert_int_equal(log_open(path, "w", &log, &error), POSTERN_E_INVALID);
    assert_non_null(strstr(error.message, "not a regular file"));
    close(reader);
    assert_int_equal(log_open(directory, "w", &log, &error), POSTERN_E_OS);
    assert_int_equal(error.os_error, EISDIR);
    assert_null(log);
}

static void adopted_handles_are_taken_and_kept_private(void **state)
{
    os_handle file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    int number = (int)file;
    struct log *log = NULL;
    struct stat status;

    (void)state;
    assert_true(number >= 0);
    assert_int_equal(fcntl(number, F_GETFD) & FD_CLOEXEC, 0);
    assert_int_equal(log_adopt(&file, "w", &log, NULL), POSTERN_OK);
    assert_true(file == OS_HANDLE_NONE);
    assert_int_equal(fcntl(number, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    errno = 77;
    log_line(log, "line");
    assert_int_equal(errno, 77);
    assert_int_equal(fstat(number, &status), 0);
    assert_true(status.st_size > 30);
    log_close(log);
    assert_int_equal(fcntl(number, F_GETFD), -1);
}

/* A full disk loses lines and nothing else. */
static void failing_writes_are_ignored(void **state)
{
    os_handle file = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct log *log = NULL;

    (void)state;
    assert_true(file != OS_HANDLE_NONE);
    assert_int_equal(log_adopt(&file, "w", &log, NULL), POSTERN_OK);
    errno = 77;
    log_line(log, "lost");
    assert_int_equal(errno, 77);
    log_close(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_created_private, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(symbolic_links_are_not_followed, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(other_kinds_of_files_are_refused, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(adopted_handles_are_taken_and_kept_private, make_directory, remove_directory),
        cmocka_unit_test(failing_writes_are_ignored),
    };

    return cmocka_run_group_tests_name("log_linux", tests, NULL, NULL);
}
