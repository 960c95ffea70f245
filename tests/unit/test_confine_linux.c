/*
 * What the runner's own confinement lets through and what not: plans, Landlock, limits. The system call filter has a
 * file of its own, test_confine_calls_linux.c.
 */
#include "runner/confine.h"
#include "runner/limits_linux.h"
#include "shared/process_linux.h"
#include "tests/support/confined_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- files ---- */

static void check_writing(void)
{
    CHECK(test_make_file(test_join(test_shut_path, "before"), 0644) == 0);
    test_confine();
    CHECK(test_make_file(test_join(test_open_path, "a"), 0644) == 0);
    CHECK(mkdir(test_join(test_open_path, "d"), 0755) == 0);
    CHECK(rename(test_join(test_open_path, "a"), test_join(test_open_path, "d/a")) == 0);
    CHECK(symlink("/etc", test_join(test_open_path, "l")) == 0);
    CHECK(mkfifo(test_join(test_open_path, "p"), 0600) == 0);
    REFUSED(test_make_file(test_join(test_shut_path, "after"), 0644), EACCES);
    REFUSED(open(test_join(test_shut_path, "before"), O_WRONLY), EACCES);
    REFUSED(truncate(test_join(test_shut_path, "before"), 0), EACCES);
    REFUSED(unlink(test_join(test_shut_path, "before")), EACCES);
    REFUSED(mkdir(test_join(test_shut_path, "d"), 0755), EACCES);
    REFUSED(rename(test_join(test_open_path, "d/a"), test_join(test_shut_path, "a")), EACCES);
    REFUSED(link(test_join(test_shut_path, "before"), test_join(test_open_path, "linked")),
            EXDEV); /* would widen what may be done */
    CHECK(access(test_join(test_shut_path, "before"), R_OK) == 0);
}

static void check_reading(void)
{
    test_plan_rest();
    test_add(ENFORCE_LANDLOCK_READ, test_open_path, 0);
    CHECK(test_make_file(test_join(test_open_path, "r"), 0644) == 0);
    CHECK(test_make_file(test_join(test_shut_path, "r"), 0644) == 0);
    test_confine_by_plan();
    CHECK(open(test_join(test_open_path, "r"), O_RDONLY) >= 0);
    REFUSED(open(test_join(test_open_path, "r"), O_WRONLY), EACCES);
    REFUSED(open(test_join(test_shut_path, "r"), O_RDONLY), EACCES);
    REFUSED(open("/etc/passwd", O_RDONLY), EACCES);
    REFUSED(execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL), EACCES);
}

static void check_set_id(void)
{
    char path[80];
    static const mode_t bits[] = {S_ISUID, S_ISGID, S_ISUID | S_ISGID};
    struct {
        uint64_t flags, mode, resolve;
    } how = {O_CREAT | O_WRONLY, 04755, 0};
    snprintf(path, sizeof(path), "%s/set-id", test_open_path);
    CHECK(test_make_file(path, 04755) == 0 && chmod(path, 04755) == 0);
    CHECK(chmod(path, 0755) == 0);
    test_confine();
    int file = open(path, O_RDWR | O_CLOEXEC);
    CHECK(file >= 0);
    CHECK(chmod(path, 0700) == 0 && fchmod(file, 0755) == 0 && fchmodat(AT_FDCWD, path, 01755, 0) == 0);
    for (size_t i = 0; i < 3; i++) {
        mode_t mode = 0755 | bits[i];
        REFUSED(syscall(SYS_fchmod, file, mode), EPERM);
        REFUSED(syscall(SYS_fchmodat, AT_FDCWD, path, mode), EPERM);
        REFUSED(syscall(452, AT_FDCWD, path, mode, 0), EPERM);
        REFUSED(syscall(SYS_openat, AT_FDCWD, test_join(test_open_path, "n"), O_CREAT | O_WRONLY, mode), EPERM);
        REFUSED(syscall(SYS_openat, AT_FDCWD, test_open_path, O_TMPFILE | O_WRONLY, mode), EPERM);
        REFUSED(syscall(SYS_mknodat, AT_FDCWD, test_join(test_open_path, "n"), S_IFREG | mode, 0), EPERM);
#ifdef SYS_chmod
        REFUSED(syscall(SYS_chmod, path, mode), EPERM);
        REFUSED(syscall(SYS_creat, test_join(test_open_path, "n"), mode), EPERM);
        REFUSED(syscall(SYS_open, test_join(test_open_path, "n"), O_CREAT | O_WRONLY, mode), EPERM);
        REFUSED(syscall(SYS_open, test_open_path, O_TMPFILE | O_WRONLY, mode), EPERM);
        REFUSED(syscall(SYS_mknod, test_join(test_open_path, "n"), S_IFREG | mode, 0), EPERM);
#endif
        /* the kernel looks at the low half of a mode only */
        REFUSED(syscall(SYS_fchmod, file, 0xffffffff00000000UL | mode), EPERM);
    }
    REFUSED(syscall(SYS_openat2, AT_FDCWD, test_join(test_open_path, "n"), &how, sizeof(how)), ENOSYS);
    REFUSED(syscall(469, AT_FDCWD, path, NULL, 0, 0), ENOSYS); /* file_setattr */
    REFUSED(syscall(SYS_io_uring_setup, 4, NULL), ENOSYS);
    CHECK(access(test_join(test_open_path, "n"), F_OK) != 0);
    /* what looks like such a mode where none is read */
    CHECK(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 04755) >= 0);
    CHECK(syscall(SYS_openat, AT_FDCWD, test_open_path, O_TMPFILE | O_WRONLY, 0644) >= 0);
    CHECK(syscall(SYS_mknodat, AT_FDCWD, test_join(test_open_path, "plain"), S_IFREG | 0644, 0) == 0);
}

static void check_devices(void)
{
    test_confine();
    REFUSED(syscall(SYS_mknodat, AT_FDCWD, test_join(test_open_path, "c"), S_IFCHR | 0666, 0x103), EPERM);
    REFUSED(syscall(SYS_mknodat, AT_FDCWD, test_join(test_open_path, "b"), S_IFBLK | 0666, 0x800), EPERM);
    CHECK(syscall(SYS_mknodat, AT_FDCWD, test_join(test_open_path, "fifo"), S_IFIFO | 0666, 0) == 0);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    CHECK(null >= 0 && write(null, "x", 1) == 1);
}

/* ---- other processes of the same user ---- */

static void check_outsiders(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                                 (size_t)snprintf(name.sun_path + 1, 60, "postern-test-%d", getpid()));
    int abi = test_landlock_abi();
    int ready[2];
    char byte;
    CHECK(pipe2(ready, O_CLOEXEC) == 0);
    pid_t outsider = fork();
    CHECK(outsider >= 0);
    if (outsider == 0) {
        int server = socket(AF_UNIX, SOCK_STREAM, 0);
        CHECK(bind(server, (struct sockaddr *)&name, size) == 0 && listen(server, 5) == 0);
        CHECK(write(ready[1], "x", 1) == 1);
        for (;;)
            pause();
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    int before = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(kill(outsider, 0) == 0);
    CHECK(connect(before, (struct sockaddr *)&name, size) == 0);
    test_confine();
    if (abi >= 6) {
        int after = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        REFUSED(connect(after, (struct sockaddr *)&name, size), EPERM);
        REFUSED(kill(outsider, SIGTERM), EPERM);
    }
    char memory[64];
    snprintf(memory, sizeof(memory), "/proc/%d/environ", (int)outsider);
    REFUSED(open(memory, O_RDONLY), EACCES);
    /* within the sandbox signals work */
    int status;
    pid_t insider = fork();
    CHECK(insider >= 0);
    if (insider == 0) {
        for (;;)
            pause();
    }
    CHECK(kill(insider, SIGKILL) == 0 && waitpid(insider, &status, 0) == insider);
}

static void after_outsiders(void)
{
    /* the outsider outlives the check, which may not signal it any more: it goes with its group */
    int status;
    pid_t group = fork();
    CHECK(group >= 0);
    if (group == 0) {
        setpgid(0, 0);
        check_outsiders();
        _exit(0);
    }
    CHECK(waitpid(group, &status, 0) == group);
    CHECK(kill(-group, SIGKILL) == 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- limits and rules ---- */

static void check_limits(void)
{
    struct rlimit core;
    bool raisable = getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max >= 1;
    core.rlim_cur = 0;
    CHECK(setrlimit(RLIMIT_CORE, &core) == 0);
    int children = 0;
    test_plan_usual();
    test_add(ENFORCE_RLIMIT_PROCESSES, NULL, 12);
    test_confine_by_plan();
    CHECK(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max <= 1);
    CHECK(!raisable || core.rlim_cur == 1); /* at 0 the host's program for cores would be started all the same */
    while (children < 40) {
        pid_t child = fork();
        if (child == 0) {
            for (;;)
                pause();
        }
        if (child < 0)
            break;
        children++;
    }
    CHECK(errno == EAGAIN && children > 0 && children < 12);
}

/* What a command would be, started as the reaper does; 0, or the signal that ended it, or 1000 and its status. */
static int run_limited(const char *program, const char *script)
{
    const char *const argv[] = {program, "-c", script, NULL};
    const char *const env[] = {NULL};
    struct process_linux_options options = {.signals = NULL};
    struct process_spec spec;
    struct process process = {OS_HANDLE_NONE, 0};
    struct process_exit end;
    struct postern_error error = {0};
    struct pollfd watched;
    options.limits = limits_of_commands(&options.limit_count);
    process_spec_init(&spec);
    spec.program = program;
    spec.argv = argv;
    spec.env = env;
    if (process_spawn_linux(&spec, &options, &process, &error) != 0)
        test_give_up(__LINE__, error.message, (int)error.os_error);
    watched = (struct pollfd){.fd = (int)process.handle, .events = POLLIN};
    CHECK(poll(&watched, 1, 15000) == 1 && process_collect(&process, &end));
    process_close(&process);
    return end.signal ? end.signal : end.exit_code ? 1000 + end.exit_code : 0;
}

#define FILL "x=0123456789abcdef; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do x=$x$x; done"

static void check_limits_of_commands(void)
{
    char write_file[200];
    struct rlimit mine;
    snprintf(write_file, sizeof(write_file), "head -c 20000 /dev/zero > %s", test_join(test_open_path, "big"));
    CHECK(run_limited("/bin/sh", write_file) == 0 && run_limited("/bin/sh", FILL) == 0);
    test_plan_usual();
    test_add(ENFORCE_RLIMIT_FILE_SIZE, NULL, 10000);
    test_add(ENFORCE_RLIMIT_MEMORY, NULL, 32 << 20);
    test_add(ENFORCE_RLIMIT_CPU, NULL, 900);
    test_confine_by_plan();
    CHECK(run_limited("/bin/sh", "ulimit -t; [ $(ulimit -t) = 1 ]") == 0);
    CHECK(run_limited("/bin/sh", write_file) != 0);
    CHECK(run_limited("/bin/sh", FILL) != 0);
    CHECK(run_limited("/bin/sh", "while :; do :; done") == SIGXCPU);
    CHECK(run_limited("/bin/sh", "trap '' XCPU; while :; do :; done") == SIGKILL);
    /* the runner's own work is not counted */
    CHECK(getrlimit(RLIMIT_CPU, &mine) == 0 && mine.rlim_max > 2);
    CHECK(getrlimit(RLIMIT_FSIZE, &mine) == 0 && mine.rlim_max > 10000);
    CHECK(getrlimit(RLIMIT_DATA, &mine) == 0 && mine.rlim_max > (32 << 20));
}

static void limits_in_a_group(void)
{
    int status;
    pid_t group = fork();
    CHECK(group >= 0);
    if (group == 0) {
        setpgid(0, 0);
        check_limits();
        _exit(0);
    }
    CHECK(waitpid(group, &status, 0) == group);
    CHECK(kill(-group, SIGKILL) == 0 || errno == ESRCH);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void check_none_applies_nothing(void)
{
    struct strings in_force = {0};
    CHECK(confine_self(POSTERN_LEVEL_NONE, &test_plan, NULL, &in_force, NULL) == 0 && in_force.count == 0);
    CHECK(test_make_file(test_join(test_shut_path, "none"), 0644) == 0);
    CHECK(test_try_socket(AF_INET) == 0);
    CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
}

/* Refused before anything is in force. */
static void plan_is_refused(enum postern_level level, const char *word)
{
    struct strings in_force = {0};
    struct postern_error error = {0};
    if (confine_self(level, &test_plan, NULL, &in_force, &error) != POSTERN_E_CONFINE || !strstr(error.message, word))
        test_give_up(__LINE__, error.message, (int)error.os_error);
    CHECK(in_force.count == 0);
    CHECK(test_try_socket(AF_INET) == 0);
    enforce_steps_free(&test_plan);
}

static void check_plans(void)
{
    test_plan_usual();
    test_add(ENFORCE_MASK, test_shut_path, 0);
    plan_is_refused(POSTERN_LEVEL_RESTRICTED, "fs.deny:mask-mount");
    CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
    plan_is_refused(POSTERN_LEVEL_RESTRICTED, "does not confine");
    test_add(ENFORCE_NO_NEW_PRIVS, NULL, 0);
    test_add(ENFORCE_SECCOMP, NULL, 0);
    plan_is_refused(POSTERN_LEVEL_ELEVATED, "does not confine");
    test_add(ENFORCE_SECCOMP, NULL, 0);
    test_add(ENFORCE_LANDLOCK_READ, "/", 0);
    plan_is_refused(POSTERN_LEVEL_RESTRICTED, "does not confine");
    test_add(ENFORCE_NO_NEW_PRIVS, NULL, 0);
    test_add(ENFORCE_LANDLOCK_READ, "/", 0);
    plan_is_refused(POSTERN_LEVEL_RESTRICTED, "does not confine");
    /* level none knows limits only */
    test_plan_usual();
    plan_is_refused(POSTERN_LEVEL_NONE, "level none");
    CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
}

static bool holds(const struct strings *list, const char *text)
{
    size_t found = 0;
    for (size_t i = 0; i < list->count; i++)
        found += strcmp(list->item[i], text) == 0;
    CHECK(found <= 1);
    return found == 1;
}

static void check_in_force(void)
{
    struct strings in_force = {0};
    char name[64];
    int abi = test_landlock_abi();
    test_plan_usual();
    test_add(ENFORCE_RLIMIT_CPU, NULL, 1000);
    CHECK(confine_self(POSTERN_LEVEL_RESTRICTED, &test_plan, NULL, &in_force, NULL) == 0);
    CHECK(holds(&in_force, "syscalls:seccomp") && holds(&in_force, "privileges:no_new_privs"));
    CHECK(holds(&in_force, "net.block:seccomp") && holds(&in_force, "core:rlimit") &&
          holds(&in_force, "limits.cpu:rlimit"));
    snprintf(name, sizeof(name), "fs.write:landlock-abi%d", abi);
    CHECK(holds(&in_force, name));
    CHECK(holds(&in_force, "signals:landlock-scope") == (abi >= 6));
    CHECK(!holds(&in_force, "sockets.local:seccomp"));
}

/* ---- paths that are not what they were ---- */

static void path_is_refused(const char *path, int number)
{
    struct strings in_force = {0};
    struct postern_error error = {0};
    test_plan_usual();
    test_add(ENFORCE_LANDLOCK_WRITE, path, 0);
    if (confine_self(POSTERN_LEVEL_RESTRICTED, &test_plan, NULL, &in_force, &error) != POSTERN_E_CONFINE ||
        error.os_error != number || !strstr(error.message, path))
        test_give_up(__LINE__, error.message, (int)error.os_error);
    CHECK(in_force.count == 0);
    enforce_steps_free(&test_plan);
}

static void check_paths(void)
{
    CHECK(mkdir(test_join(test_shut_path, "t"), 0755) == 0 && mkdir(test_join(test_shut_path, "t/in"), 0755) == 0);
    CHECK(symlink(test_join(test_shut_path, "t"), test_join(test_open_path, "link")) == 0);
    CHECK(access(test_join(test_open_path, "link/in"), W_OK) == 0);
    path_is_refused(test_join(test_open_path, "link"), ELOOP);
    path_is_refused(test_join(test_open_path, "link/in"), ELOOP);
    path_is_refused("/nonexistent/x", ENOENT);
    path_is_refused(test_join(test_shut_path, "t/in/gone"), ENOENT);
    CHECK(mkdir(test_join(test_shut_path, "closed"), 0) == 0);
    if (geteuid() != 0)
        path_is_refused(test_join(test_shut_path, "closed/x"), EACCES);
    test_plan_usual();
    test_add(ENFORCE_LANDLOCK_WRITE, test_join(test_shut_path, "t/in"), 0);
    test_confine_by_plan();
    CHECK(test_make_file(test_join(test_shut_path, "t/in/f"), 0644) == 0);
    REFUSED(test_make_file(test_join(test_shut_path, "t/f"), 0644), EACCES);
}

static void test_capabilities_are_refused(void **state)
{
    struct strings in_force = {0};
    struct postern_error error = {0};
    (void)state;
    if (geteuid() != 0)
        SKIP_BECAUSE("needs root");
    test_plan_usual();
    assert_int_equal(confine_self(POSTERN_LEVEL_RESTRICTED, &test_plan, NULL, &in_force, &error), POSTERN_E_CONFINE);
    enforce_steps_free(&test_plan);
    assert_int_equal(in_force.count, 0);
    assert_non_null(strstr(error.message, "capabilities"));
}

TEST(test_writing, check_writing)
TEST(test_reading, check_reading)
TEST(test_set_id, check_set_id)
TEST(test_devices, check_devices)
TEST(test_outsiders, after_outsiders)
TEST(test_limits, limits_in_a_group)
TEST(test_limits_of_commands, check_limits_of_commands)
TEST(test_none_applies_nothing, check_none_applies_nothing)
TEST(test_plans, check_plans)
TEST(test_in_force, check_in_force)
TEST(test_paths, check_paths)

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_writing),
                                       cmocka_unit_test(test_reading),
                                       cmocka_unit_test(test_set_id),
                                       cmocka_unit_test(test_devices),
                                       cmocka_unit_test(test_outsiders),
                                       cmocka_unit_test(test_limits),
                                       cmocka_unit_test(test_limits_of_commands),
                                       cmocka_unit_test(test_none_applies_nothing),
                                       cmocka_unit_test(test_plans),
                                       cmocka_unit_test(test_in_force),
                                       cmocka_unit_test(test_paths),
                                       cmocka_unit_test(test_capabilities_are_refused)};
    return cmocka_run_group_tests(tests, test_confine_set_up, test_confine_tear_down);
}
