/*
 * A command that goes for other processes, for what processes share, and for the kernel. Every way is tried outside as
 * well, at level none, where it must work: see tests/support/attempt_linux.h.
 * timeout: 240
 */
#include "tests/support/attempt_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char PROCESS[] = "escape_process_linux", KERNEL[] = "escape_kernel_linux";
static struct place place;
static char own_pid[24], victim_pid[24], unique[64];

static enum postern_level level_of(void **state)
{
    return *(const enum postern_level *)*state;
}

static struct postern_sandbox *open_at(enum postern_level level)
{
    struct postern_sandbox_options options = test_options(level);
    options.workspace = place.work;
    return test_open_with(&options);
}

/* Without namespaces nothing keeps a command from what no right of a file guards. docs/security.md says so; here it is
 * taken out of what has to be refused, and the test counts as skipped as long as it works. */
static bool without_namespaces;

static bool is_gap(const char *line)
{
    static const char *const gaps[] = {"setpriority",     "sched_setaffinity",      "sched_setscheduler", "ioprio_set",
                                       "its description", "numbers of descriptors", "POSIX shared memory"};
    for (size_t i = 0; without_namespaces && i < sizeof(gaps) / sizeof(gaps[0]); i++)
        if (strncmp(line, gaps[i], strlen(gaps[i])) == 0 && line[strlen(gaps[i])] == '\t')
            return true;
    return false;
}

/* How many of them worked. */
static unsigned take_out_gaps(struct outcome *outcome)
{
    unsigned worked = 0;
    char *to = outcome->out;
    for (char *line = outcome->out; *line;) {
        size_t length = strcspn(line, "\n");
        length += line[length] == '\n';
        if (!is_gap(line)) {
            memmove(to, line, length);
            to += length;
        } else {
            worked += strncmp(strchr(line, '\t'), "\tworked", 7) == 0;
        }
        line += length;
    }
    *to = '\0';
    return worked;
}

static void expect_refused_but_gaps(struct outcome *control, struct outcome *inside)
{
    take_out_gaps(control);
    unsigned worked = take_out_gaps(inside);
    expect_refused(control, inside);
    if (worked > 0)
        SKIP_BECAUSE("KNOWN GAP: without namespaces a command reaches scheduling, key names and memory of its user");
}

/* The control first. `argv`: program, attempt and its arguments. */
static void try_with(void **state, const struct postern_command *command, const char *const *argv)
{
    test_need_level(level_of(state));
    struct outcome control = place_run(&place, open_at(POSTERN_LEVEL_NONE), command, argv);
    place_give(&place, level_of(state));
    struct outcome inside = place_run(&place, open_at(level_of(state)), command, argv);
    expect_refused_but_gaps(&control, &inside);
}

static void try_both(void **state, const char *program, const char *attempt, const char *argument)
{
    const char *const argv[] = {program, attempt, argument, NULL};
    try_with(state, NULL, argv);
}

/* ---- a process to go for: a child of the test, of the caller's user, in a session of its own ---- */

static volatile sig_atomic_t was_signalled;

static void on_signal(int signal_number)
{
    (void)signal_number;
    was_signalled = 1;
}

/* Says on `out` that it is ready, and a byte more when a SIGUSR1 has come. */
static void be_victim(int out)
{
    signal(SIGUSR1, on_signal);
    signal(SIGCHLD, SIG_IGN);
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 1);
    (void)!write(out, "r", 1);
    for (;;) {
        pause();
        if (was_signalled)
            (void)!write(out, "s", 1);
        was_signalled = 0;
    }
}

static pid_t victim;
static int victim_says;

static int start_victim(void **state)
{
    int ends[2];
    char byte;
    (void)state;
    if (pipe2(ends, O_CLOEXEC) != 0 || (victim = fork()) < 0)
        return -1;
    if (victim == 0)
        be_victim(ends[1]);
    close(ends[1]);
    victim_says = ends[0];
    snprintf(victim_pid, sizeof(victim_pid), "%d", (int)victim);
    return read(victim_says, &byte, 1) == 1 ? 0 : -1;
}

static int stop_victim(void **state)
{
    (void)state;
    close(victim_says);
    kill(victim, SIGKILL);
    return waitpid(victim, NULL, 0) == victim ? 0 : -1;
}

static void with_victim(void **state, void (*test)(void **state))
{
    assert_int_equal(start_victim(state), 0);
    test(state);
    assert_int_equal(stop_victim(state), 0);
}

static void proc_of_others(void **state)
{
    try_both(state, PROCESS, "proc", victim_pid);
}

static void the_proc_of_others_is_closed(void **state)
{
    with_victim(state, proc_of_others);
}

static void trace_others(void **state)
{
    try_both(state, PROCESS, "trace", victim_pid);
}

static void others_are_not_traced(void **state)
{
    with_victim(state, trace_others);
}

static void signal_others(void **state)
{
    try_both(state, PROCESS, "signal", victim_pid);
}

static void others_are_not_signalled(void **state)
{
    with_victim(state, signal_others);
}

/* The parent is not a victim like others: it is what holds the sandbox. Only looked at. */
static void the_parent_is_not_signalled(void **state)
{
    snprintf(own_pid, sizeof(own_pid), "%d", (int)getpid());
    signal(SIGCHLD, SIG_DFL);
    try_both(state, PROCESS, "signal", own_pid);
}

/* The end of the command makes the kernel send another, so until there are no more. */
static bool victim_heard(int milliseconds)
{
    struct pollfd says = {.fd = victim_says, .events = POLLIN};
    char byte;
    bool heard = false;
    while (poll(&says, 1, heard ? 200 : milliseconds) == 1 && read(victim_says, &byte, 1) == 1)
        heard = true;
    return heard;
}

static void signal_by_kernel(void **state)
{
    const char *const argv[] = {PROCESS, "sigio", victim_pid, NULL};
    test_need_level(level_of(state));
    place_run(&place, open_at(POSTERN_LEVEL_NONE), NULL, argv);
    bool control = victim_heard(5000);
    place_give(&place, level_of(state));
    place_run(&place, open_at(level_of(state)), NULL, argv);
    assert_false(victim_heard(200));
    assert_true(control);
}

static void the_kernel_signals_nobody_on_its_behalf(void **state)
{
    with_victim(state, signal_by_kernel);
}

/* ---- what processes share ---- */

static void abstract_sockets_are_out_of_reach(void **state)
{
    const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    const char *const names[] = {"stream", "datagram", "packets"};
    int files[3];
    for (size_t i = 0; i < 3; i++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int length = snprintf(address.sun_path + 1, 100, "%s-%s", unique, names[i]);
        socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
        files[i] = socket(AF_UNIX, types[i] | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(files[i], (struct sockaddr *)&address, size), 0);
        assert_true(types[i] == SOCK_DGRAM || listen(files[i], 4) == 0);
    }
    try_both(state, PROCESS, "abstract", unique);
    for (size_t i = 0; i < 3; i++)
        close(files[i]);
}

static void shared_memory_and_queues_are_out_of_reach(void **state)
{
    char key[24], queue[80], memory[100];
    key_t number = (key_t)(0x70000000 | getpid());
    snprintf(key, sizeof(key), "%d", (int)number);
    snprintf(queue, sizeof(queue), "/%s", unique);
    snprintf(memory, sizeof(memory), "/dev/shm/%s", unique);
    int segment = shmget(number, 4096, IPC_CREAT | 0666), semaphores = semget(number, 1, IPC_CREAT | 0666);
    int messages = msgget(number, IPC_CREAT | 0666), file = open(memory, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    mqd_t posix = mq_open(queue, O_RDWR | O_CREAT | O_CLOEXEC, 0666, NULL);
    if (file >= 0)
        assert_true(write(file, "x", 1) == 1 && fchmod(file, 0666) == 0);
    const char *const argv[] = {PROCESS, "ipc", key, unique, NULL};
    struct outcome control = {0}, inside = {0};
    if (postern_level_check(level_of(state), NULL) == 0) {
        control = place_run(&place, open_at(POSTERN_LEVEL_NONE), NULL, argv);
        place_give(&place, level_of(state));
        struct postern_sandbox *sandbox = open_at(level_of(state));
        inside = place_run(&place, sandbox, NULL, argv);
    }
    shmctl(segment, IPC_RMID, NULL);
    semctl(semaphores, 0, IPC_RMID);
    msgctl(messages, IPC_RMID, NULL);
    close(file);
    unlink(memory);
    if (posix != (mqd_t)-1) {
        mq_close(posix);
        mq_unlink(queue);
    }
    test_need_level(level_of(state));
    expect_refused_but_gaps(&control, &inside);
}

static void keys_are_out_of_reach(void **state)
{
    long key = syscall(SYS_add_key, "user", unique, "secret", 6, KEY_SPEC_USER_KEYRING);
    try_both(state, PROCESS, "keys", unique);
    if (key >= 0)
        syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING);
}

/* ---- rights ---- */

/* As somebody who would gain by it. */
static struct outcome run_as_somebody(const char *program)
{
    struct outcome outcome = {0};
    int ends[2], status;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        if (setresgid(PLACE_USER, PLACE_USER, PLACE_USER) != 0 || setresuid(PLACE_USER, PLACE_USER, PLACE_USER) != 0 ||
            dup2(ends[1], 1) < 0)
            _exit(2);
        execl(program, program, "euid", (char *)NULL);
        _exit(3);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], outcome.out, sizeof(outcome.out) - 1);
    outcome.out[got > 0 ? got : 0] = '\0';
    close(ends[0]);
    waitpid(child, &status, 0);
    return outcome;
}

/* For level elevated: at restricted the user is mapped, and root is who one was. */
static void setuid_programs_give_nothing(void **state)
{
    const char *program = place_path(place.bin, "setuid");
    char wanted[40];
    test_need_level(level_of(state));
    if (geteuid() != 0)
        SKIP_BECAUSE("needs root to make a set-user-id program");
    assert_true(host_copy_file(place_path(place.bin, PROCESS), program));
    /* of a third user: neither root nor who runs it */
    assert_true(chown(program, PLACE_OWNER, PLACE_OWNER) == 0 && chmod(program, 06755) == 0);
    struct outcome control = run_as_somebody(program);
    place_give(&place, level_of(state));
    struct postern_sandbox *sandbox = open_at(level_of(state));
    struct outcome plain = place_run(&place, sandbox, NULL, (const char *const[]){PROCESS, "euid", NULL});
    struct outcome inside = place_run(&place, sandbox, NULL, (const char *const[]){PROCESS, "setuid", program, NULL});
    unlink(program);
    snprintf(wanted, sizeof(wanted), "euid %d\n", PLACE_OWNER);
    assert_string_equal(inside.out, plain.out);
    assert_string_not_equal(inside.out, wanted);
    if (strcmp(control.out, wanted) != 0)
        SKIP_BECAUSE("set-user-id programs do not work in this place for anybody");
}

/* Off in the sandbox, whatever the caller's limit. */
static void crashes_leave_nothing(void **state)
{
    const char *const argv[] = {PROCESS, "core", NULL};
    struct rlimit before, unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_CORE, &before), 0);
    if (setrlimit(RLIMIT_CORE, &unlimited) != 0 && before.rlim_max < 1 << 20)
        SKIP_BECAUSE("the limit of core files is too low for a control");
    try_with(state, NULL, argv);
    setrlimit(RLIMIT_CORE, &before);
}

static void limits_are_not_raised(void **state)
{
    try_both(state, KERNEL, "limits", NULL);
}

/* ---- the kernel ---- */

static void there_are_no_namespaces_to_be_had(void **state)
{
    try_both(state, KERNEL, "namespaces", NULL);
}

static void calls_are_refused(void **state)
{
    try_both(state, KERNEL, "calls", NULL);
}

static void sockets_are_of_few_families(void **state)
{
    try_both(state, KERNEL, "sockets", NULL);
}

static void devices_are_closed(void **state)
{
    try_both(state, KERNEL, "devices", NULL);
}

static void the_kernels_files_are_closed(void **state)
{
    try_both(state, KERNEL, "kernel", NULL);
}

static void nobody_types_for_others(void **state)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    const char *const argv[] = {KERNEL, "terminal", NULL};
    command.tty = true;
    try_with(state, &command, argv);
}

static int run_all(const enum postern_level *levels, size_t level_count)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_proc_of_others_is_closed),
        cmocka_unit_test(others_are_not_traced),
        cmocka_unit_test(others_are_not_signalled),
        cmocka_unit_test(the_parent_is_not_signalled),
        cmocka_unit_test(the_kernel_signals_nobody_on_its_behalf),
        cmocka_unit_test(abstract_sockets_are_out_of_reach),
        cmocka_unit_test(shared_memory_and_queues_are_out_of_reach),
        cmocka_unit_test(keys_are_out_of_reach),
        cmocka_unit_test(setuid_programs_give_nothing),
        cmocka_unit_test(crashes_leave_nothing),
        cmocka_unit_test(limits_are_not_raised),
        cmocka_unit_test(there_are_no_namespaces_to_be_had),
        cmocka_unit_test(calls_are_refused),
        cmocka_unit_test(sockets_are_of_few_families),
        cmocka_unit_test(devices_are_closed),
        cmocka_unit_test(the_kernels_files_are_closed),
        cmocka_unit_test(nobody_types_for_others),
    };
    snprintf(unique, sizeof(unique), "postern-test-%d", (int)getpid());
    place_make(&place, (const char *const[]){PROCESS, KERNEL, NULL});
    int failed = test_run_at_levels(levels, level_count, tests, sizeof(tests) / sizeof(tests[0]));
    place_remove(&place);
    return failed;
}

int main(void)
{
    return attempt_run_everywhere(run_all, &without_namespaces);
}
