/*
 * elevated/launch_helper_linux.c: which files are executed as helpers, and that it is these very bytes; then the same
 * through launch_start(), with the real helpers. What is refused stands beside what works.
 * serial: yes (it compares the children of the system before and after)
 */
#include "elevated/launch.h"
#include "elevated/launch_helper_linux.h"
#include "shared/process.h"
#include "shared/system.h"
#include "tests/support/host.h"
#include "tests/support/manifest.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNNER "postern-runner"
#define KEEPER "postern-keeper"

static char folder[512];
static struct postern_error failure;

static const char *in_folder(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const void *data, size_t size, int flags)
{
    int file = open(in_folder(name), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0755);
    assert_true(file >= 0);
    assert_int_equal(write(file, data, size), (ssize_t)size);
    assert_int_equal(close(file), 0);
}

static void put_text(const char *name, const char *text)
{
    put(name, text, strlen(text), O_TRUNC);
}

/* The same inode, other bytes: as somebody who may write the file changes it. */
static void overwrite(const char *name, const char *from)
{
    static char bytes[4 << 20];
    int file = open(from, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(file, bytes, sizeof(bytes));
    assert_true(file >= 0 && size > 0 && (size_t)size < sizeof(bytes));
    close(file);
    put(name, bytes, (size_t)size, O_TRUNC);
}

/* The last byte is part of no segment: the program runs as before, but is another. */
static void flip_a_byte(const char *name)
{
    unsigned char byte;
    int file = open(in_folder(name), O_RDWR | O_CLOEXEC);
    off_t last = lseek(file, -1, SEEK_END);
    assert_true(file >= 0 && last > 0);
    assert_int_equal(pread(file, &byte, 1, last), 1);
    byte ^= 1;
    assert_int_equal(pwrite(file, &byte, 1, last), 1);
    close(file);
}

static int set_up(void **state)
{
    (void)state;
    return host_make_directory(folder, sizeof(folder)) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    rmdir(in_folder("directory"));
    host_remove_directory(folder);
    return 0;
}

/* ---- one helper ---- */

static int open_helper(struct helper *helper)
{
    struct helper_directory directory;
    memset(&failure, 0, sizeof(failure));
    helper_init(helper);
    int result = helper_directory_open(&directory, folder, &failure);
    if (result == 0)
        result = helper_open(&directory, HELPER_RUNNER, helper, &failure);
    helper_directory_close(&directory);
    return result;
}

static void must_open(struct helper *helper)
{
    if (open_helper(helper) != 0)
        fail_msg("%s - %s", failure.message, failure.remedy);
}

static void must_pin(struct helper *helper)
{
    if (helper_pin(helper, &failure) != 0)
        fail_msg("%s - %s", failure.message, failure.remedy);
}

static void expect_refused(int code, const char *word)
{
    struct helper helper;
    int result = open_helper(&helper);
    if (result == 0)
        result = helper_pin(&helper, &failure);
    helper_close(&helper);
    if (result != code || !strstr(failure.message, word) || !failure.remedy[0])
        fail_msg("%d: \"%s\" has no \"%s\"", result, failure.message, word);
}

/* The exit status of the helper's program. */
static int execute(const struct helper *helper)
{
    static const char *const argv[] = {RUNNER, NULL};
    static const char *const env[] = {NULL};
    struct process_spec spec;
    struct process process;
    struct process_exit status;
    process_spec_init(&spec);
    spec.program_handle = helper->program;
    spec.argv = argv;
    spec.env = env;
    if (process_spawn(&spec, &process, &failure) != 0)
        fail_msg("%s", failure.message);
    assert_true(host_ended_within(process.handle, 10000));
    assert_true(process_collect(&process, &status));
    process_close(&process);
    return status.exit_code;
}

/* /bin/true and /bin/false stand for the right one and another. */
static void install_true(void)
{
    unlink(in_folder(RUNNER));
    assert_true(host_copy_file("/bin/true", in_folder(RUNNER)));
    assert_true(manifest_write(folder));
}

static void what_was_checked_is_executed(void **state)
{
    struct helper helper;
    (void)state;
    install_true();
    must_open(&helper);
    must_pin(&helper);
    assert_int_equal(execute(&helper), 0);
    helper_close(&helper);
    /* the control: the other one, with its own hash */
    overwrite(RUNNER, "/bin/false");
    assert_true(manifest_write(folder));
    must_open(&helper);
    must_pin(&helper);
    assert_int_equal(execute(&helper), 1);
    helper_close(&helper);
}

static void exchanging_it_after_the_check_changes_nothing(void **state)
{
    struct helper helper;
    (void)state;
    for (int renamed = 0; renamed < 2; renamed++) {
        install_true();
        must_open(&helper);
        must_pin(&helper);
        if (renamed) {
            assert_true(host_copy_file("/bin/false", in_folder("new")));
            char from[1024];
            snprintf(from, sizeof(from), "%s", in_folder("new"));
            assert_int_equal(rename(from, in_folder(RUNNER)), 0);
        } else {
            overwrite(RUNNER, "/bin/false");
        }
        assert_int_equal(execute(&helper), 0);
        helper_close(&helper);
        expect_refused(POSTERN_E_RUNNER_START, "SHA-256"); /* from then on */
    }
}

static void exchanging_it_before_the_check_is_noticed(void **state)
{
    struct helper helper;
    (void)state;
    install_true();
    must_open(&helper);
    if (helper.pinned)
        fail_msg("a new file was believed to be an old one");
    overwrite(RUNNER, "/bin/false");
    assert_int_equal(helper_pin(&helper, &failure), POSTERN_E_RUNNER_START);
    helper_close(&helper);
    /* by another name it is not the file that was opened: that one is executed */
    install_true();
    must_open(&helper);
    unlink(in_folder(RUNNER));
    assert_true(host_copy_file("/bin/false", in_folder(RUNNER)));
    must_pin(&helper);
    assert_int_equal(execute(&helper), 0);
    helper_close(&helper);
    /* shorter than it was */
    install_true();
    must_open(&helper);
    assert_int_equal(truncate(in_folder(RUNNER), 100), 0);
    assert_int_equal(helper_pin(&helper, &failure), POSTERN_E_RUNNER_START);
    helper_close(&helper);
}

static void the_copy_cannot_be_written(void **state)
{
    struct helper helper;
    char path[64];
    (void)state;
    install_true();
    must_open(&helper);
    must_pin(&helper);
    assert_int_equal(pwrite((int)helper.program, "x", 1, 0), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate((int)helper.program, 0), -1);
    assert_int_equal(fcntl((int)helper.program, F_ADD_SEALS, 0), -1);
    assert_true(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, (int)helper.program, 0) == MAP_FAILED);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", (int)helper.program);
    int again = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pwrite(again, "x", 1, 0), -1);
    close(again);
    helper_close(&helper);
}

/* ---- what is refused ---- */

static void a_file_that_is_another_is_refused(void **state)
{
    (void)state;
    install_true();
    flip_a_byte(RUNNER);
    expect_refused(POSTERN_E_RUNNER_START, RUNNER);
    flip_a_byte(RUNNER);
    struct helper helper;
    must_open(&helper);
    must_pin(&helper);
    helper_close(&helper);
    put(RUNNER, "", 0, O_TRUNC);
    expect_refused(POSTERN_E_RUNNER_START, RUNNER);
    unlink(in_folder(RUNNER));
    expect_refused(POSTERN_E_RUNNER_MISSING, RUNNER);
}

static void a_manifest_that_does_not_vouch_for_it_is_refused(void **state)
{
    static char large[HELPER_MANIFEST_LIMIT + 2];
    static const char other[] = "0000000000000000000000000000000000000000000000000000000000000000  " RUNNER "\n";
    char *line;
    (void)state;
    install_true();
    line = manifest_line(folder, RUNNER);
    assert_non_null(line);
    unlink(in_folder(HELPER_MANIFEST));
    expect_refused(POSTERN_E_RUNNER_MISSING, HELPER_MANIFEST);
    put_text(HELPER_MANIFEST, "");
    expect_refused(POSTERN_E_RUNNER_MISSING, RUNNER);
    put_text(HELPER_MANIFEST, "garbage\n");
    expect_refused(POSTERN_E_RUNNER_MISSING, HELPER_MANIFEST);
    put_text(HELPER_MANIFEST, other);
    expect_refused(POSTERN_E_RUNNER_START, RUNNER);
    put_text(HELPER_MANIFEST, line);
    put(HELPER_MANIFEST, other, sizeof(other) - 1, O_APPEND);
    expect_refused(POSTERN_E_RUNNER_MISSING, "two lines");
    memset(large, '\n', sizeof(large) - 1);
    put_text(HELPER_MANIFEST, line);
    put(HELPER_MANIFEST, large, sizeof(large) - 1, O_APPEND);
    expect_refused(POSTERN_E_RUNNER_MISSING, "too long");
    line[64 + 2 + 8] = 'k'; /* another name */
    put_text(HELPER_MANIFEST, line);
    expect_refused(POSTERN_E_RUNNER_MISSING, RUNNER);
    assert_true(manifest_write(folder));
    struct helper helper;
    must_open(&helper);
    helper_close(&helper);
    free(line);
}

static void what_anybody_may_write_is_refused(void **state)
{
    static const char *const names[] = {RUNNER, HELPER_MANIFEST, ""};
    struct helper helper;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct stat status;
        install_true();
        assert_int_equal(stat(in_folder(names[i]), &status), 0);
        assert_int_equal(chmod(in_folder(names[i]), status.st_mode | S_IWOTH), 0);
        expect_refused(POSTERN_E_RUNNER_START, folder);
        assert_int_equal(chmod(in_folder(names[i]), status.st_mode), 0);
        must_open(&helper);
        helper_close(&helper);
    }
}

/* A FIFO must not hold us up either. */
static void only_regular_files_are_taken(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *name = i ? HELPER_MANIFEST : RUNNER;
        install_true();
        unlink(in_folder(name));
        assert_int_equal(mkfifo(in_folder(name), 0755), 0);
        expect_refused(POSTERN_E_RUNNER_START, name);
        unlink(in_folder(name));
        assert_int_equal(mkdir(in_folder(name), 0755), 0);
        expect_refused(POSTERN_E_RUNNER_START, name);
        rmdir(in_folder(name));
        assert_int_equal(symlink("/dev/zero", in_folder(name)), 0);
        expect_refused(POSTERN_E_RUNNER_START, name);
        unlink(in_folder(name));
    }
}

/* The bytes count, wherever they are; packagers link. */
static void a_link_to_the_right_file_is_taken(void **state)
{
    struct helper helper;
    (void)state;
    install_true();
    unlink(in_folder(RUNNER));
    assert_int_equal(symlink("/bin/true", in_folder(RUNNER)), 0);
    must_open(&helper);
    must_pin(&helper);
    assert_int_equal(execute(&helper), 0);
    helper_close(&helper);
    unlink(in_folder(RUNNER));
    assert_int_equal(symlink("/bin/false", in_folder(RUNNER)), 0);
    expect_refused(POSTERN_E_RUNNER_START, RUNNER);
    unlink(in_folder(RUNNER));
}

static void what_may_not_be_executed_is_not(void **state)
{
    (void)state;
    install_true();
    assert_int_equal(chmod(in_folder(RUNNER), 0644), 0);
    expect_refused(POSTERN_E_RUNNER_START, "executed");
    assert_int_equal(chmod(in_folder(RUNNER), 0755), 0);
    struct helper helper;
    must_open(&helper);
    helper_close(&helper);
}

/* A child in namespaces of its own; it must not go back to the runner of the tests. */
static void in_child(int namespaces, int (*run)(void))
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (setenv("CMOCKA_TEST_ABORT", "1", 1) != 0 || unshare(namespaces) != 0)
            _exit(9);
        pid_t inner = fork();
        if (inner == 0)
            _exit(run());
        if (inner < 0 || waitpid(inner, &status, 0) != inner)
            _exit(8);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 7);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void need_root(void)
{
    if (geteuid() != 0 || prctl(PR_CAPBSET_READ, 21 /* CAP_SYS_ADMIN */, 0, 0, 0) != 1)
        SKIP_BECAUSE("needs root with CAP_SYS_ADMIN");
}

static int try_noexec_mount(void)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount(folder, folder, NULL, MS_BIND, NULL) != 0 ||
        mount(NULL, folder, NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL) != 0)
        return 2;
    expect_refused(POSTERN_E_RUNNER_START, "executed");
    return strstr(failure.remedy, "noexec") ? 0 : 3;
}

static void a_mount_without_programs_holds_for_helpers(void **state)
{
    (void)state;
    need_root();
    install_true();
    in_child(CLONE_NEWNS, try_noexec_mount);
}

/* The setting is the pid namespace's: that of the host stays as it is. */
static int forbid_programs_in_memory(void)
{
    int file = open("/proc/sys/vm/memfd_noexec", O_WRONLY | O_CLOEXEC);
    if (getpid() != 1 || file < 0 || write(file, "2", 1) != 1)
        return 2;
    expect_refused(POSTERN_E_RUNNER_START, "memory");
    return strstr(failure.remedy, "vm.memfd_noexec") ? 0 : 3;
}

static void a_host_without_programs_in_memory_is_told_so(void **state)
{
    (void)state;
    need_root();
    if (access("/proc/sys/vm/memfd_noexec", W_OK) != 0)
        SKIP_BECAUSE("the kernel cannot forbid programs in memory");
    install_true();
    in_child(CLONE_NEWPID, forbid_programs_in_memory);
}

/* ---- copies that are kept ---- */

static bool opens_pinned(void)
{
    struct helper helper;
    must_open(&helper);
    bool pinned = helper.pinned;
    must_pin(&helper);
    assert_int_equal(execute(&helper), 0);
    helper_close(&helper);
    return pinned;
}

static void it_is_checked_once(void **state)
{
    struct timespec times[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
    (void)state;
    install_true();
    assert_false(opens_pinned());
    assert_true(opens_pinned());
    assert_true(opens_pinned());
    /* anything about the file that has changed makes it another */
    assert_int_equal(utimensat(AT_FDCWD, in_folder(RUNNER), times, 0), 0);
    assert_false(opens_pinned());
    assert_true(opens_pinned());
    install_true();
    assert_false(opens_pinned());
    assert_true(opens_pinned());
    /* and so does the manifest */
    put_text(HELPER_MANIFEST, "");
    expect_refused(POSTERN_E_RUNNER_MISSING, RUNNER);
    put_text(HELPER_MANIFEST, "0000000000000000000000000000000000000000000000000000000000000000  " RUNNER "\n");
    expect_refused(POSTERN_E_RUNNER_START, RUNNER);
}

/* As daemons do; the numbers are other files' then. */
static void closing_all_descriptors_does_no_harm(void **state)
{
    int status;
    (void)state;
    install_true();
    assert_false(opens_pinned());
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (setenv("CMOCKA_TEST_ABORT", "1", 1) != 0)
            _exit(9);
        struct stat before, after;
        int others[64];
        syscall(SYS_close_range, 3, ~0u, 0);
        for (size_t i = 0; i < 64; i++) {
            others[i] = open("/bin/false", O_RDONLY | O_CLOEXEC);
            if (others[i] < 0 || fstat(others[i], &before) != 0)
                _exit(8);
        }
        if (opens_pinned() || !opens_pinned())
            _exit(7);
        for (size_t i = 0; i < 64; i++) {
            if (fstat(others[i], &after) != 0 || after.st_ino != before.st_ino)
                _exit(6); /* was closed, though not ours */
        }
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* ---- whole starts ---- */

static const unsigned char key[CRYPTO_KEY_SIZE] = {1, 2, 3};

static int start(enum postern_level level)
{
    struct policy policy;
    policy_init(&policy, PATH_POSIX);
    policy_settle(&policy.rules);
    policy.limits.processes = level != POSTERN_LEVEL_NONE ? 200 : 0;
    struct launch_options options = {.level = level,
                                     .policy = &policy,
                                     .libexec = folder,
                                     .key = key,
                                     .log_file = in_folder("log"),
                                     .deadline_us = system_now_us() + 15000000};
    struct launch *launch = NULL;
    memset(&failure, 0, sizeof(failure));
    int result = launch_start(&options, &launch, &failure);
    if (result == 0) {
        /* the runner notes in its log that we have gone */
        os_handle channel = launch_take_channel(launch);
        handle_close(&channel);
        assert_true(host_ended_within(launch_wait_handle(launch), 10000));
    }
    launch_end(launch);
    policy_free(&policy);
    return result;
}

/* What our children that have ended took: whether there have been any. */
static long children_faults(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
    return usage.ru_minflt;
}

static void starts(enum postern_level level)
{
    long before = children_faults();
    if (start(level) != 0)
        fail_msg("%s: %s", postern_level_name(level), failure.message);
    assert_true(children_faults() > before);
}

static void install_helpers(void)
{
    static const char *const names[] = {RUNNER, KEEPER};
    for (size_t i = 0; i < 2; i++) {
        unlink(in_folder(names[i]));
        assert_true(host_copy_file(test_bin_path(names[i]), in_folder(names[i])));
    }
    assert_true(manifest_write(folder));
}

static void check_level(enum postern_level level)
{
    install_helpers();
    starts(level);
    flip_a_byte(RUNNER);
    long before = children_faults();
    assert_int_equal(start(level), POSTERN_E_RUNNER_START);
    assert_non_null(strstr(failure.message, RUNNER));
    if (level == POSTERN_LEVEL_NONE)
        assert_true(children_faults() == before);
    assert_true(manifest_write(folder));
    starts(level); /* it was the manifest, and nothing else, that kept it from starting */
    if (level == POSTERN_LEVEL_NONE)
        return;
    flip_a_byte(KEEPER);
    before = children_faults();
    assert_int_equal(start(level), POSTERN_E_RUNNER_START);
    assert_non_null(strstr(failure.message, KEEPER));
    assert_true(children_faults() == before);
    assert_true(manifest_write(folder));
    starts(level);
    assert_int_equal(unlink(in_folder(HELPER_MANIFEST)), 0);
    before = children_faults();
    assert_int_equal(start(level), POSTERN_E_RUNNER_MISSING);
    assert_true(children_faults() == before);
}

static void nothing_starts_that_is_not_pinned(void **state)
{
    static const enum postern_level levels[] = {POSTERN_LEVEL_NONE, POSTERN_LEVEL_RESTRICTED, POSTERN_LEVEL_ELEVATED};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        if (launch_check_level(levels[i], NULL) == 0)
            check_level(levels[i]);
        else
            print_message("# level %s is not to be had here\n", postern_level_name(levels[i]));
    }
}

static off_t log_size(void)
{
    struct stat log;
    assert_int_equal(stat(in_folder("log"), &log), 0);
    assert_int_equal(unlink(in_folder("log")), 0);
    return log.st_size;
}

/* The keeper has been started by the time the runner is checked; that the runner never was, its log shows. */
static void a_keeper_starts_no_other_runner(void **state)
{
    static const enum postern_level levels[] = {POSTERN_LEVEL_RESTRICTED, POSTERN_LEVEL_ELEVATED};
    (void)state;
    unlink(in_folder("log"));
    for (size_t i = 0; i < 2; i++) {
        if (launch_check_level(levels[i], NULL) != 0)
            continue;
        install_helpers();
        flip_a_byte(RUNNER);
        assert_int_equal(start(levels[i]), POSTERN_E_RUNNER_START);
        assert_int_equal(log_size(), 0);
        flip_a_byte(RUNNER);
        assert_int_equal(start(levels[i]), 0);
        assert_true(log_size() > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_checked_is_executed),
        cmocka_unit_test(exchanging_it_after_the_check_changes_nothing),
        cmocka_unit_test(exchanging_it_before_the_check_is_noticed),
        cmocka_unit_test(the_copy_cannot_be_written),
        cmocka_unit_test(a_file_that_is_another_is_refused),
        cmocka_unit_test(a_manifest_that_does_not_vouch_for_it_is_refused),
        cmocka_unit_test(what_anybody_may_write_is_refused),
        cmocka_unit_test(only_regular_files_are_taken),
        cmocka_unit_test(a_link_to_the_right_file_is_taken),
        cmocka_unit_test(what_may_not_be_executed_is_not),
        cmocka_unit_test(a_mount_without_programs_holds_for_helpers),
        cmocka_unit_test(a_host_without_programs_in_memory_is_told_so),
        cmocka_unit_test(it_is_checked_once),
        cmocka_unit_test(closing_all_descriptors_does_no_harm),
        cmocka_unit_test(nothing_starts_that_is_not_pinned),
        cmocka_unit_test(a_keeper_starts_no_other_runner),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
