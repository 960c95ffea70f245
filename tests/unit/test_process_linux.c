/*
 * shared/process.h on Linux: exactly what a child gets, how failures are told, how its end is told; process_find().
 */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/process_linux.h"

static const char *const no_env[] = {NULL};
static char directory[] = "/tmp/postern-test-XXXXXX";
static char report[4096];

/* Spawns with a pipe as stdout and returns all that was written to it; the process has ended then. */
static const char *output_of(struct process_spec *spec, const struct process_linux_options *options,
                             struct process_exit *exit)
{
    static char text[65536];
    const struct process_linux_options none = {.namespaces = 0};
    struct process process = {OS_HANDLE_NONE, 0};
    struct postern_error error = {0};
    size_t size = 0;
    ssize_t got;
    int ends[2], result;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    spec->out = ends[1];
    result = process_spawn_linux(spec, options != NULL ? options : &none, &process, &error);
    (void)close(ends[1]);
    if (result != 0) {
        fail_msg("%s: %s", error.operation, error.message);
    }
    while ((got = read(ends[0], text + size, sizeof(text) - 1 - size)) > 0) {
        size += (size_t)got;
    }
    text[size] = '\0';
    (void)close(ends[0]);
    assert_int_equal(poll(&(struct pollfd){.fd = (int)process.handle, .events = POLLIN}, 1, 10000), 1);
    assert_true(process_collect(&process, exit));
    process_close(&process);
    assert_true(process.handle == OS_HANDLE_NONE);
    return text;
}

static struct process_spec spec_for(const char *const *argv)
{
    struct process_spec spec;

    process_spec_init(&spec);
    spec.program = argv[0];
    spec.argv = argv;
    spec.env = no_env;
    return spec;
}

static unsigned long inode(int fd)
{
    struct stat status;

    assert_int_equal(fstat(fd, &status), 0);
    return (unsigned long)status.st_ino;
}

static int high_copy(int fd, int at_least)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, at_least);

    assert_true(copy >= 0);
    return copy;
}

/* Descriptors that are open in the caller, inheritable even, are not in the child; the null device fills the gaps. */
static void child_gets_three_descriptors(void **state)
{
    const char *const argv[] = {report, "fds", NULL};
    struct process_spec spec = spec_for(argv);
    struct process_exit exit;
    int stray = fcntl(0, F_DUPFD, 57), line = 0;
    const char *text = output_of(&spec, NULL, &exit);

    (void)state;
    assert_true(stray >= 57);
    assert_int_equal(sscanf(text, "0 device %*d\n1 pipe %*d\n2 device %*d\n%n", &line), 0);
    assert_true(line > 0);
    assert_string_equal(text + line, "");
    (void)close(stray);
}

static void passed_descriptors_are_three_and_up(void **state)
{
    const char *const argv[] = {report, "fds", NULL};
    struct process_spec spec = spec_for(argv);
    struct process_exit exit;
    char expected[256];
    int pipes[3][2];
    os_handle pass[3];
    const char *text;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pipe2(pipes[i], O_CLOEXEC), 0);
        pass[i] = pipes[i][0];
    }
    spec.in = pipes[2][0]; /* one descriptor twice */
    spec.err = pipes[0][1];
    spec.pass = pass;
    spec.pass_count = 3;
    text = output_of(&spec, NULL, &exit);
    (void)snprintf(expected, sizeof(expected), "2 pipe %lu\n3 pipe %lu\n4 pipe %lu\n5 pipe %lu\n", inode(pipes[0][1]),
                   inode(pipes[0][0]), inode(pipes[1][0]), inode(pipes[2][0]));
    assert_non_null(strstr(text, expected));
    assert_string_equal(strstr(text, expected) + strlen(expected), "");
    (void)snprintf(expected, sizeof(expected), "0 pipe %lu\n", inode(pipes[2][0]));
    assert_memory_equal(text, expected, strlen(expected));
    for (int i = 0; i < 3; i++) {
        (void)close(pipes[i][0]);
        (void)close(pipes[i][1]);
    }
}

/* Every way in which four descriptors can stand on one another's targets: all arrangements of sources 0-5. Done in a
 * forked child, whose low descriptors may be used up. */
static int arrange_one(unsigned code)
{
    unsigned long id[6], want[4];
    int source[4];

    for (int fd = 0; fd < 6; fd++) {
        int ends[2];

        if (pipe(ends) != 0 || dup2(ends[0], 40) != 40 || close(ends[0]) != 0 || close(ends[1]) != 0 ||
            dup2(40, 20 + fd) != 20 + fd) {
            return 10;
        }
    }
    for (int fd = 0; fd < 6; fd++) {
        struct stat status;

        if (dup2(20 + fd, fd) != fd || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fstat(fd, &status) != 0) {
            return 11;
        }
        id[fd] = (unsigned long)status.st_ino;
    }
    for (int i = 0; i < 4; i++, code /= 6) {
        source[i] = (int)(code % 6);
        want[i] = id[source[i]];
    }
    if (process_arrange_descriptors(source, 4) != NULL) {
        return 12;
    }
    for (int fd = 0; fd < 50; fd++) {
        struct stat status;
        int open = fstat(fd, &status) == 0;

        if (open != (fd < 4) || (open && (unsigned long)status.st_ino != want[fd]) ||
            (open && fcntl(fd, F_GETFD) != 0)) {
            return 13;
        }
    }
    return 0;
}

static void any_overlap_of_descriptors_is_arranged(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 6 * 6 * 6 * 6; code++) {
        pid_t child = fork();
        int status = 0;

        if (child == 0) {
            _exit(arrange_one(code));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        if (status != 0) {
            fail_msg("arrangement %u: status %#x", code, (unsigned)status);
        }
    }
}

static void environment_is_exactly_what_was_given(void **state)
{
    const char *const argv[] = {report, "env", NULL};
    const char *const env[] = {"B=2", "A=1", "EMPTY=", "B=3", NULL};
    struct process_spec spec = spec_for(argv);
    struct process_exit exit;

    (void)state;
    assert_int_equal(setenv("POSTERN_LEAK", "1", 1), 0);
    assert_string_equal(output_of(&spec, NULL, &exit), "");
    spec.env = env;
    assert_string_equal(output_of(&spec, NULL, &exit), "B=2\nA=1\nEMPTY=\nB=3\n");
    assert_int_equal(unsetenv("POSTERN_LEAK"), 0);
}

static void on_signal(int number)
{
    (void)number;
}

static void signals_start_afresh(void **state)
{
    const char *const argv[] = {report, "signals", NULL};
    struct process_spec spec = spec_for(argv);
    struct process_exit exit;
    struct sigaction handler = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN}, before[3];
    sigset_t blocked, mask_before, mask_after;

    (void)state;
    assert_int_equal(sigaction(SIGUSR1, &handler, &before[0]), 0);
    assert_int_equal(sigaction(SIGPIPE, &ignore, &before[1]), 0);
    assert_int_equal(sigaction(SIGRTMIN + 3, &ignore, &before[2]), 0);
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    (void)sigaddset(&blocked, SIGRTMIN);
    assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &mask_before), 0);
    assert_string_equal(output_of(&spec, NULL, &exit), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    /* And ours are as they were. */
    assert_int_equal(sigprocmask(SIG_SETMASK, &mask_before, &mask_after), 0);
    assert_int_equal(sigismember(&mask_after, SIGTERM), 1);
    assert_int_equal(sigismember(&mask_after, SIGHUP), 0);
    assert_int_equal(sigaction(SIGUSR1, &before[0], &handler), 0);
    assert_ptr_equal(handler.sa_handler, on_signal);
    assert_int_equal(sigaction(SIGPIPE, &before[1], NULL), 0);
    assert_int_equal(sigaction(SIGRTMIN + 3, &before[2], NULL), 0);
}

static void named_signals_are_enough(void **state)
{
    static const int changed[] = {SIGPIPE, 0};
    const struct process_linux_options options = {.signals = changed};
    const char *const argv[] = {report, "signals", NULL};
    struct process_spec spec = spec_for(argv);
    struct process_exit exit;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before[2];

    (void)state;
    assert_int_equal(sigaction(SIGUSR1, &ignore, &before[0]), 0);
    assert_int_equal(sigaction(SIGPIPE, &ignore, &before[1]), 0);
    assert_string_equal(output_of(&spec, &options, &exit), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000200\n");
    assert_int_equal(sigaction(SIGUSR1, &before[0], NULL), 0);
    assert_int_equal(sigaction(SIGPIPE, &before[1], NULL), 0);
}

static void session_only_when_asked_for(void **state)
{
    const char *const argv[] = {report, "session", NULL};
    struct process_spec spec = spec_for(argv);
    struct process_exit exit;

    (void)state;
    assert_memory_equal(output_of(&spec, NULL, &exit), "leader 0 group 0", 16);
    spec.new_session = true;
    assert_memory_equal(output_of(&spec, NULL, &exit), "leader 1 group 1 terminal 0", 27);
}

static void directory_and_arguments(void **state)
{
    const char *const argv[] = {"zero", "args", "", "a b", "cwd", NULL};
    struct process_spec spec = spec_for(argv);
    struct process_exit exit;
    char expected[256];

    (void)state;
    spec.program = report;
    spec.cwd = directory;
    (void)snprintf(expected, sizeof(expected), "[zero][args][][a b][cwd]\n%s\n", directory);
    assert_string_equal(output_of(&spec, NULL, &exit), expected);
}

static void program_by_descriptor(void **state)
{
    const char *const argv[] = {"by-handle", "args", "fds", NULL};
    struct process_spec spec = spec_for(argv);
    struct process_exit exit;
    int file = open(report, O_RDONLY | O_CLOEXEC), low = high_copy(file, 0);
    os_handle pass[2] = {file, low};
    const char *text;

    (void)state;
    for (int round = 0; round < 2; round++) {
        spec.program = NULL;
        spec.program_handle = round == 0 ? file : low;
        spec.pass = pass;
        spec.pass_count = round == 0 ? 0 : 2;
        text = output_of(&spec, NULL, &exit);
        assert_memory_equal(text, "[by-handle][args][fds]\n", 23);
        assert_null(strstr(text, round == 0 ? "\n3 " : "\n5 ")); /* the program itself is not passed on */
        assert_null(strstr(text, "cloexec"));
    }
    (void)close(file);
    (void)close(low);
}

static int spawn_error(struct process_spec *spec, const char *operation, int os_error)
{
    struct process process = {OS_HANDLE_NONE, 0};
    struct postern_error error = {0};
    int result = process_spawn(spec, &process, &error);

    assert_true(process.handle == OS_HANDLE_NONE && process.pid == 0);
    assert_int_equal(error.code, result);
    assert_string_equal(error.stage, "spawn");
    assert_string_equal(error.operation, operation);
    assert_int_equal(error.os_error, os_error);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left of it */
    assert_int_equal(errno, ECHILD);
    return result;
}

static void write_program(const char *name, const char *text, mode_t mode)
{
    char path[256];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}

static void failures_name_step_and_number(void **state)
{
    const char *const argv[] = {"x", NULL};
    struct process_spec spec = spec_for(argv);
    char path[256];

    (void)state;
    spec.program = "/nonexistent/program";
    assert_int_equal(spawn_error(&spec, "execve", ENOENT), POSTERN_E_NOT_FOUND);
    spec.program = "/dev/null/program";
    assert_int_equal(spawn_error(&spec, "execve", ENOTDIR), POSTERN_E_NOT_FOUND);
    spec.program = "/tmp";
    assert_int_equal(spawn_error(&spec, "execve", EACCES), POSTERN_E_NOT_EXECUTABLE);
    spec.program = path;
    (void)snprintf(path, sizeof(path), "%s/plain", directory);
    assert_int_equal(spawn_error(&spec, "execve", EACCES), POSTERN_E_NOT_EXECUTABLE);
    (void)snprintf(path, sizeof(path), "%s/no-format", directory);
    assert_int_equal(spawn_error(&spec, "execve", ENOEXEC), POSTERN_E_NOT_EXECUTABLE);
    (void)snprintf(path, sizeof(path), "%s/no-interpreter", directory);
    assert_int_equal(spawn_error(&spec, "execve", ENOENT), POSTERN_E_NOT_EXECUTABLE);
    spec.cwd = directory;
    spec.program = "./no-interpreter";
    assert_int_equal(spawn_error(&spec, "execve", ENOENT), POSTERN_E_NOT_EXECUTABLE);
    spec.program = report;
    spec.cwd = "/nonexistent";
    assert_int_equal(spawn_error(&spec, "chdir", ENOENT), POSTERN_E_CWD);
    spec.cwd = report;
    assert_int_equal(spawn_error(&spec, "chdir", ENOTDIR), POSTERN_E_CWD);
}

static void arguments_that_are_too_long(void **state)
{
    char *huge = test_malloc(200 * 1024);
    const char *const argv[] = {report, huge, NULL};
    struct process_spec spec = spec_for(argv);

    (void)state;
    memset(huge, 'x', 200 * 1024 - 1);
    huge[200 * 1024 - 1] = '\0';
    assert_int_equal(spawn_error(&spec, "execve", E2BIG), POSTERN_E_LIMIT);
    test_free(huge);
}

static void bad_descriptor_is_an_error(void **state)
{
    const char *const argv[] = {report, NULL};
    struct process_spec spec = spec_for(argv);

    (void)state;
    spec.in = 9999;
    assert_int_equal(spawn_error(&spec, "dup2", EBADF), POSTERN_E_OS);
}

static void exits_are_told_apart(void **state)
{
    const char *const exits[] = {report, "exit", "7", NULL}, *const sleeps[] = {report, "sleep", NULL};
    struct process_spec spec = spec_for(exits);
    struct process process = {OS_HANDLE_NONE, 0};
    struct process_exit exit;

    (void)state;
    (void)output_of(&spec, NULL, &exit);
    assert_int_equal(exit.exit_code, 7);
    assert_int_equal(exit.signal, 0);
    assert_true(exit.peak_memory > 0);
    spec.argv = sleeps;
    spec.out = OS_HANDLE_NONE;
    assert_int_equal(process_spawn(&spec, &process, NULL), 0);
    assert_false(process_collect(&process, &exit));
    process_kill(&process);
    assert_int_equal(poll(&(struct pollfd){.fd = (int)process.handle, .events = POLLIN}, 1, 10000), 1);
    assert_true(process_collect(&process, &exit));
    assert_int_equal(exit.exit_code, 0);
    assert_int_equal(exit.signal, SIGKILL);
    process_kill(&process); /* gone: nothing happens */
    process_close(&process);
    assert_int_equal(process_spawn(&spec, &process, NULL), 0);
    process_close(&process); /* still running: killed and collected */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

/* In a child of the test, without cmocka: exit status 77 when there are no user namespaces here. */
static int check_own_user_namespace(void)
{
    static const char script[] = "set -e; uid=$(id -u) gid=$(id -g)\n"
                                 "test \"$(echo $(cat /proc/self/uid_map))\" = \"$uid $uid 1\"\n"
                                 "test \"$(echo $(cat /proc/self/gid_map))\" = \"$gid $gid 1\"\n"
                                 "test $uid = 60999 && test $gid = 60999 && test $$ = 1\n"
                                 "test \"$(cat /proc/self/setgroups)\" = deny\n"
                                 "grep -q 'CapAmb:.*[1-9a-f]' /proc/self/status\n";
    const char *const argv[] = {"/bin/sh", "-c", script, NULL}, *const env[] = {"PATH=/bin:/usr/bin", NULL};
    const struct process_linux_options options = {.namespaces = CLONE_NEWUSER | CLONE_NEWPID, .map_self = true};
    struct process_spec spec = spec_for(argv);
    struct process process = {OS_HANDLE_NONE, 0};
    struct process_exit exit = {0};

    /* A change of ids makes us undumpable, and /proc/self root's: undo that, an ordinary user's parent is not. */
    if (setresgid(60999, 60999, 60999) != 0 || setresuid(60999, 60999, 60999) != 0 || prctl(PR_SET_DUMPABLE, 1) != 0) {
        return 1;
    }
    spec.env = env;
    spec.err = 2;
    if (process_spawn_linux(&spec, &options, &process, NULL) != 0) {
        return unshare(CLONE_NEWUSER) != 0 ? 77 : 2;
    }
    if (poll(&(struct pollfd){.fd = (int)process.handle, .events = POLLIN}, 1, 10000) != 1 ||
        !process_collect(&process, &exit)) {
        return 3;
    }
    return exit.exit_code == 0 && exit.signal == 0 ? 0 : 4;
}

static void own_user_namespace_keeps_the_ids(void **state)
{
    pid_t child;
    int status = 0;

    (void)state;
    if (geteuid() != 0) {
        SKIP_BECAUSE("needs root, to be another user");
    }
    child = fork();
    if (child == 0) {
        _exit(check_own_user_namespace());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status == 77 << 8) {
        SKIP_BECAUSE("no user namespaces for ordinary users here");
    }
    assert_int_equal(status, 0);
}

static void finds_programs_as_a_shell_does(void **state)
{
    char path[512];
    char *found = NULL;

    (void)state;
    (void)snprintf(path, sizeof(path), "/nonexistent:%s:/bin:/usr/bin", directory);
    assert_int_equal(process_find("sh", path, NULL, NULL, &found, NULL), 0);
    assert_string_equal(found, "/bin/sh");
    free(found);
    assert_int_equal(process_find("sh", NULL, NULL, NULL, &found, NULL), 0);
    free(found);
    assert_int_equal(process_find("no-such-program", path, NULL, NULL, &found, NULL), POSTERN_E_NOT_FOUND);
    assert_null(found);
    assert_int_equal(process_find("", path, NULL, NULL, &found, NULL), POSTERN_E_NOT_FOUND);
    assert_int_equal(process_find("sh", "", NULL, directory, &found, NULL), POSTERN_E_NOT_FOUND);
    /* With a slash the PATH does not matter; relative names start at the command's directory. */
    assert_int_equal(process_find("./script", "", NULL, directory, &found, NULL), 0);
    assert_string_equal(found, "./script");
    free(found);
    assert_int_equal(process_find("./script", "", NULL, "/nonexistent", &found, NULL), POSTERN_E_NOT_FOUND);
    assert_int_equal(process_find("./sh", "/bin", NULL, directory, &found, NULL), POSTERN_E_NOT_FOUND);
    assert_int_equal(process_find("/tmp", path, NULL, NULL, &found, NULL), POSTERN_E_NOT_EXECUTABLE);
    assert_int_equal(process_find("/dev/null", path, NULL, NULL, &found, NULL), POSTERN_E_NOT_EXECUTABLE);
    /* An empty or relative entry is meant from there too. */
    assert_int_equal(process_find("script", ":/bin", NULL, directory, &found, NULL), 0);
    assert_string_equal(found, "./script");
    free(found);
}

static void files_without_permission_are_skipped_but_mentioned(void **state)
{
    char path[512];
    char *found = NULL;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s:/bin", directory);
    assert_int_equal(process_find("cat", path, NULL, NULL, &found, NULL), 0);
    assert_string_equal(found, "/bin/cat");
    free(found);
    assert_int_equal(process_find("plain", path, NULL, NULL, &found, NULL), POSTERN_E_NOT_EXECUTABLE);
}

static int make_files(void **state)
{
    (void)state;
    (void)snprintf(report, sizeof(report), "%s", test_program_path("report_linux"));
    if (mkdtemp(directory) == NULL || chmod(directory, 0755) != 0) {
        return -1;
    }
    write_program("plain", "text", 0644);
    write_program("cat", "text", 0644);
    write_program("no-format", "neither ELF nor script\n", 0755);
    write_program("no-interpreter", "#!/nonexistent/interpreter\n", 0755);
    write_program("script", "#!/bin/sh\n", 0755);
    return 0;
}

static int remove_files(void **state)
{
    static const char *const names[] = {"plain", "cat", "no-format", "no-interpreter", "script"};
    char path[256];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        (void)unlink(path);
    }
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_gets_three_descriptors),
        cmocka_unit_test(passed_descriptors_are_three_and_up),
        cmocka_unit_test(any_overlap_of_descriptors_is_arranged),
        cmocka_unit_test(environment_is_exactly_what_was_given),
        cmocka_unit_test(signals_start_afresh),
        cmocka_unit_test(named_signals_are_enough),
        cmocka_unit_test(session_only_when_asked_for),
        cmocka_unit_test(directory_and_arguments),
        cmocka_unit_test(program_by_descriptor),
        cmocka_unit_test(failures_name_step_and_number),
        cmocka_unit_test(arguments_that_are_too_long),
        cmocka_unit_test(bad_descriptor_is_an_error),
        cmocka_unit_test(exits_are_told_apart),
        cmocka_unit_test(own_user_namespace_keeps_the_ids),
        cmocka_unit_test(finds_programs_as_a_shell_does),
        cmocka_unit_test(files_without_permission_are_skipped_but_mentioned),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
