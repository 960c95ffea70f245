/*
 * What the host is said to give, and that finding out changes nothing. The hosts that give less are made here: by a
 * filter that refuses user namespaces, by a /proc that is partly covered.
 * serial: yes (it compares the host before and after)
 */
#include "elevated/capabilities_linux.h"
#include "elevated/launch.h"
#include "tests/support/lesser_host_linux.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void find(enum postern_level level, struct capabilities *out)
{
    struct postern_error error = {0};
    if (capabilities_find(level, out, &error) != 0)
        fail_msg("%s", error.message);
}

static bool has_place(const struct capabilities *capabilities, const char *path, bool writable)
{
    const struct enforce_host *host = &capabilities->host;
    for (size_t i = 0; i < host->place_count; i++) {
        if (strcmp(host->place[i].path, path) == 0)
            return host->place[i].writable == writable;
    }
    return false;
}

static bool has_device(const struct capabilities *capabilities, const char *path)
{
    for (size_t i = 0; i < capabilities->device.count; i++) {
        if (strcmp(capabilities->device.item[i], path) == 0)
            return true;
    }
    return false;
}

static void test_elevated(void **state)
{
    struct capabilities found;
    struct postern_error error = {0};
    (void)state;
    if (geteuid() != 0) {
        assert_int_equal(capabilities_find(POSTERN_LEVEL_ELEVATED, &found, &error), POSTERN_E_LEVEL);
        assert_non_null(strstr(error.remedy, "root"));
        capabilities_free(&found);
        return;
    }
    find(POSTERN_LEVEL_ELEVATED, &found);
    const struct enforce_host *host = &found.host;
    assert_true(host->level == POSTERN_LEVEL_ELEVATED && host->other_user && host->own_files && host->own_proc);
    assert_true(host->own_pids && host->own_ipc && host->seccomp && host->landlock_abi >= 1);
    assert_true(has_place(&found, "/tmp", true) && has_place(&found, "/dev", true) && has_place(&found, "/run", false));
    assert_true(has_place(&found, "/home", true) || access("/home", F_OK) != 0);
    assert_true(has_device(&found, "/proc") && has_device(&found, "/dev/null"));
    for (size_t i = 1; i < host->place_count; i++)
        assert_true(path_compare(PATH_POSIX, host->place[i - 1].path, host->place[i].path) < 0);
    assert_int_equal(found.missing.code, 0);
    capabilities_free(&found);
}

static void test_restricted(void **state)
{
    struct capabilities found;
    (void)state;
    find(POSTERN_LEVEL_RESTRICTED, &found);
    assert_false(found.host.other_user);
    assert_false(has_place(&found, "/home", true));
    assert_false(has_device(&found, "/proc"));
    if (found.missing.code != 0)
        SKIP_BECAUSE("this host gives less than the best");
    assert_true(found.host.own_files && found.host.own_proc && found.host.own_pids);
    capabilities_free(&found);
}

static void test_none(void **state)
{
    struct capabilities found;
    (void)state;
    find(POSTERN_LEVEL_NONE, &found);
    assert_false(found.host.own_files || found.host.other_user || found.host.own_pids || found.host.cgroup_memory);
    assert_int_equal(found.host.place_count, 0);
    capabilities_free(&found);
}

static void expect_part(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_without_user_namespaces(void **state)
{
    (void)state;
    pid_t child = lesser_host_fork();
    if (child == 0) {
        struct capabilities found;
        assert_true(lesser_host_change_user(61803));
        assert_true(lesser_host_refuse_namespaces());
        find(POSTERN_LEVEL_RESTRICTED, &found);
        assert_false(found.host.own_files || found.host.own_proc || found.host.own_pids || found.host.own_network);
        assert_int_equal(found.host.place_count, 0);
        assert_true(has_device(&found, "/dev/null") && found.host.landlock_abi >= 3);
        assert_int_equal(found.missing.os_error, EPERM);
        assert_string_equal(found.missing.operation, "clone");
        assert_true(found.missing.remedy[0] != 0);
        _exit(0);
    }
    expect_part(child);
}

static void test_with_the_hosts_proc(void **state)
{
    (void)state;
    if (geteuid() != 0)
        SKIP_BECAUSE("needs root");
    pid_t child = lesser_host_fork();
    if (child == 0) {
        struct capabilities found;
        assert_true(lesser_host_cover_proc() && lesser_host_change_user(61804));
        find(POSTERN_LEVEL_RESTRICTED, &found);
        assert_true(found.host.own_files && found.host.own_pids);
        assert_false(found.host.own_proc);
        assert_int_equal(found.missing.os_error, EPERM);
        _exit(0);
    }
    expect_part(child);
}

static volatile sig_atomic_t signals;
static void count_signal(int number)
{
    (void)number;
    signals++;
}

/* A caller has children of its own, and may wait for any of them. */
static void test_the_trial_is_not_noticed(void **state)
{
    struct postern_error refused;
    char before[64] = "", after[64] = "";
    (void)state;
    void (*previous)(int) = signal(SIGCHLD, count_signal);
    assert_true(readlink("/proc/self/ns/mnt", before, sizeof(before) - 1) > 0);
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(close(next), 0);
    for (int i = 0; i < 3; i++)
        capabilities_try(&refused);
    assert_int_equal(signals, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG | (int)__WALL), -1);
    assert_int_equal(errno, ECHILD);
    assert_true(readlink("/proc/self/ns/mnt", after, sizeof(after) - 1) > 0);
    assert_string_equal(before, after);
    int again = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(again, next); /* no descriptor is left */
    close(again);
    /* and it works whatever becomes of its children */
    signal(SIGCHLD, SIG_IGN);
    enum capabilities_grade grade = capabilities_try(&refused);
    signal(SIGCHLD, previous);
    assert_int_equal(grade, capabilities_try(&refused));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_elevated),
                                       cmocka_unit_test(test_restricted),
                                       cmocka_unit_test(test_none),
                                       cmocka_unit_test(test_without_user_namespaces),
                                       cmocka_unit_test(test_with_the_hosts_proc),
                                       cmocka_unit_test(test_the_trial_is_not_noticed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
