/*
 * What a command cannot do, at the levels that promise it, asked through the public interface. Beside each refusal
 * stands the control: the same program, where it may. The programs are copied into the workspace, which a command can
 * reach wherever the tree lies.
 * timeout: 200
 * serial: yes
 * (it makes processes without end, and the system has only so many numbers)
 */
#include "tests/support/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define UID_FIRST 60706u
#define UID_LAST 61183u
#define OWNER 12345 /* of the workspace at level elevated */

static char workspace[512], escape[600], report[600], stream[600], self_pid[24];

static enum postern_level level_of(void **state)
{
    return *(const enum postern_level *)*state;
}

/* ---- running things ---- */

struct outcome {
    int status;
    char out[16384];
};

static struct outcome finish(struct postern_session *session)
{
    struct outcome outcome;
    test_read_all(session, POSTERN_STDOUT, outcome.out, sizeof(outcome.out));
    outcome.status = test_wait(session).exit_code;
    postern_session_release(session);
    return outcome;
}

static struct outcome run_in(struct postern_sandbox *sandbox, const struct postern_command *base, const char *program,
                             const char *what, const char *argument)
{
    const char *const argv[] = {program, what, argument, NULL};
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    if (base)
        command = *base;
    command.argv = argv;
    MUST(postern_session_start(sandbox, &command, &session, &test_error));
    return finish(session);
}

static struct outcome run_shell(struct postern_sandbox *sandbox, const char *script)
{
    return run_in(sandbox, NULL, "/bin/sh", "-c", script);
}

static struct postern_sandbox *open_at(enum postern_level level)
{
    struct postern_sandbox_options options = test_options(level);
    options.workspace = workspace;
    test_need_level(level);
    assert_int_equal(chown(workspace, geteuid() == 0 && level == POSTERN_LEVEL_ELEVATED ? OWNER : geteuid(), getegid()),
                     0);
    return test_open_with(&options);
}

/* The control: without a boundary, as the same user as we. */
static struct postern_sandbox *open_control(void)
{
    struct postern_sandbox_options options = test_options(POSTERN_LEVEL_NONE);
    options.workspace = workspace;
    return test_open_with(&options);
}

/* The program must be refused in the sandbox, and must not be outside. */
static void is_refused(void **state, const struct postern_command *base, const char *what, const char *argument)
{
    struct postern_sandbox *sandbox = open_at(level_of(state)), *control = open_control();
    struct outcome outcome = run_in(control, base, escape, what, argument);
    if (outcome.status != 0)
        fail_msg("the control failed: %s", outcome.out);
    outcome = run_in(sandbox, base, escape, what, argument);
    if (outcome.status != 1)
        fail_msg("status %d: %s", outcome.status, outcome.out);
}

static bool enforces(struct postern_sandbox *sandbox, const char *capability)
{
    struct postern_sandbox_info info;
    postern_sandbox_get_info(sandbox, &info);
    for (size_t i = 0; info.capability && info.capability[i]; i++)
        if (strcmp(info.capability[i], capability) == 0)
            return true;
    return false;
}

static const char *own_pid(void)
{
    snprintf(self_pid, sizeof(self_pid), "%d", (int)getpid());
    return self_pid;
}

/* ---- nothing is left ---- */

static const char *new_mark(void)
{
    static char mark[64];
    static unsigned count;
    snprintf(mark, sizeof(mark), "mark-%d-%u", (int)getpid(), ++count);
    return mark;
}

static bool is_there(const char *mark)
{
    os_handle process = host_find_marked(mark, 0);
    bool found = process != OS_HANDLE_NONE;
    handle_close(&process);
    return found;
}

/* What was killed may take a moment to be collected; its arguments are gone before. */
static bool vanishes(const char *mark)
{
    uint64_t end = test_now_ms() + 5000;
    while (is_there(mark)) {
        if (test_now_ms() > end)
            return false;
        host_sleep(5);
    }
    return true;
}

static struct postern_session *start_marked(struct postern_sandbox *sandbox, const char *const *argv, const char *says)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    command.argv = argv;
    MUST(postern_session_start(sandbox, &command, &session, &test_error));
    test_expect(session, POSTERN_STDOUT, says);
    return session;
}

static void daemons_end_with_their_session(void **state)
{
    struct postern_sandbox *sandbox = open_at(level_of(state));
    const char *mark = new_mark();
    struct postern_session *session =
        start_marked(sandbox, (const char *const[]){escape, "daemon", mark, NULL}, "ready\n");
    assert_int_equal(test_wait(session).exit_code, 0);
    assert_true(vanishes(mark));
    postern_session_release(session);
    /* the control: where the caller wants it kept, it is, until the sandbox closes */
    struct postern_command keep = POSTERN_COMMAND_INIT;
    keep.on_exit = POSTERN_ON_EXIT_KEEP;
    mark = new_mark();
    struct outcome outcome = run_in(sandbox, &keep, escape, "daemon", mark);
    assert_string_equal(outcome.out, "ready\n");
    assert_true(is_there(mark));
    test_close(sandbox);
    assert_true(vanishes(mark));
}

static void what_nohup_protects_ends_too(void **state)
{
    struct postern_sandbox *sandbox = open_at(level_of(state));
    const char *mark = new_mark();
    char script[2048];
    snprintf(script, sizeof(script),
             "nohup setsid '%s' deaf %s </dev/null >/dev/null 2>&1 & "
             "until tr '\\0' ' ' </proc/$!/cmdline | grep -q 'deaf %s'; do :; done; echo started",
             stream, mark, mark);
    struct outcome outcome = run_shell(sandbox, script);
    assert_string_equal(outcome.out, "started\n");
    assert_int_equal(outcome.status, 0);
    assert_true(vanishes(mark));
}

/* It is never where one looks. */
static void processes_that_keep_moving_are_caught(void **state)
{
    struct postern_sandbox *sandbox = open_at(level_of(state));
    const char *mark = new_mark();
    struct postern_session *session =
        start_marked(sandbox, (const char *const[]){escape, "hydra", mark, NULL}, "ready\n");
    MUST(postern_session_terminate(session, 100, &test_error));
    assert_int_equal(test_wait(session).reason, POSTERN_REASON_TERMINATED);
    assert_true(vanishes(mark));
    postern_session_release(session);
    assert_int_equal(run_in(sandbox, NULL, stream, "exit", "4").status, 4); /* the sandbox goes on */
    session = start_marked(sandbox, (const char *const[]){escape, "hydra", mark, NULL}, "ready\n");
    test_close(sandbox);
    assert_true(vanishes(mark));
}

static void fork_bombs_meet_their_limit(void **state)
{
    struct postern_sandbox_options options = test_options(level_of(state));
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    const char *mark = new_mark();
    char text[64];
    if (level_of(state) != POSTERN_LEVEL_ELEVATED && geteuid() == 0)
        SKIP_BECAUSE("the kernel does not limit root's processes: the limit needs another user");
    options.workspace = workspace;
    options.max_processes = 60;
    struct postern_sandbox *sandbox = test_open_with(&options);
    command.argv = (const char *const[]){escape, "bomb", "300", mark, NULL};
    command.timeout = 10000;
    MUST(postern_session_start(sandbox, &command, &session, &test_error));
    size_t size = 0, got;
    do {
        MUST(postern_session_read(session, POSTERN_STDOUT, text + size, sizeof(text) - 1 - size, TEST_WAIT_MS, &got,
                                  &test_error));
        size += got;
        text[size] = '\0';
    } while (got > 0 && !strchr(text, '\n'));
    if (level_of(state) == POSTERN_LEVEL_ELEVATED) {
        assert_non_null(strstr(text, " refused\n"));
        assert_in_range(strtoul(text, NULL, 10), 20, 60);
    }
    MUST(postern_session_terminate(session, 0, &test_error));
    assert_int_equal(test_wait(session).reason, POSTERN_REASON_TERMINATED);
    assert_true(vanishes(mark));
    postern_session_release(session);
    assert_int_equal(run_in(sandbox, NULL, stream, "exit", "4").status, 4);
    test_close(sandbox);
    /* the control: the default leaves room for as many */
    sandbox = open_at(level_of(state));
    command.argv = (const char *const[]){escape, "bomb", "100", mark, NULL};
    MUST(postern_session_start(sandbox, &command, &session, &test_error));
    test_expect(session, POSTERN_STDOUT, "100 unlimited\n");
    test_close(sandbox);
    assert_true(vanishes(mark));
}

/* It may well kill its runner: then the sandbox is over, and that is all. */
static void killing_everybody_hurts_nobody_else(void **state)
{
    struct postern_sandbox *sandbox = open_at(level_of(state)), *other = open_at(level_of(state));
    char host[64] = "";
    const char *mark = new_mark();
    assert_true(readlink("/proc/self/ns/pid", host, sizeof(host) - 1) > 0);
    if (!enforces(sandbox, "processes:pid-namespace"))
        SKIP_BECAUSE("without a pid namespace of its own it would kill the user's other processes");
    struct postern_session *bystander =
        start_marked(other, (const char *const[]){stream, "deaf", mark, NULL}, "ready\n");
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    struct postern_result result;
    command.argv = (const char *const[]){escape, "killall", host, NULL};
    /* begun without waiting: the runner may be dead before it has said that the command runs */
    MUST(postern_session_begin(sandbox, &command, &session, &test_error));
    int status = postern_session_wait(session, TEST_WAIT_MS, &result, &test_error);
    if (status == 0) {
        assert_true(result.reason == POSTERN_REASON_EXITED || result.reason == POSTERN_REASON_RUNNER_DIED);
        assert_int_not_equal(result.exit_code, 2);
    } else {
        assert_int_equal(status, POSTERN_E_RUNNER_DIED);
    }
    assert_true(is_there(mark));
    assert_int_equal(postern_session_events(bystander) & POSTERN_EVENT_ENDED, 0);
}

/* A command that stops its runner holds up what the runner should do for the parent, its own timeout for one. */
static void a_frozen_runner_does_not_hold_the_parent(void **state)
{
    struct postern_sandbox *sandbox = open_at(level_of(state));
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL, *none = NULL;
    struct postern_result result;
    char host[64] = "";
    assert_true(readlink("/proc/self/ns/pid", host, sizeof(host) - 1) > 0);
    if (!enforces(sandbox, "processes:pid-namespace"))
        SKIP_BECAUSE("without a pid namespace of its own it would stop the user's other processes");
    const char *mark = new_mark();
    start_marked(sandbox, (const char *const[]){stream, "deaf", mark, NULL}, "ready\n");
    command.argv = (const char *const[]){escape, "freeze", host, NULL};
    command.timeout = 300;
    command.grace = command.drain_limit = 100;
    uint64_t start = test_now_ms();
    MUST(postern_session_begin(sandbox, &command, &session, &test_error));
    /* the runner may be stopped before it has said that the command runs; then the caller's own limit has to do */
    if (postern_session_wait_spawned(session, 5000, &test_error) != 0)
        MUST(postern_session_terminate(session, 0, &test_error));
    int status = postern_session_wait(session, -1, &result, &test_error);
    print_message("# %s, after %llu ms\n", status == 0 ? postern_reason_name(result.reason) : test_error.message,
                  (unsigned long long)(test_now_ms() - start));
    if (status == 0 && result.reason == POSTERN_REASON_TIMEOUT)
        return; /* it did not get at its runner: even better */
    if (status == 0)
        assert_int_equal(result.reason, POSTERN_REASON_RUNNER_DIED);
    else
        assert_int_equal(status, POSTERN_E_RUNNER_DIED);
    assert_in_range(test_now_ms() - start, 0, 30000);
    assert_true(vanishes(mark)); /* at once, not only when the sandbox is closed */
    MUST_FAIL(postern_session_start(sandbox, &command, &none, &test_error), POSTERN_E_RUNNER_DIED, NULL, "answer");
}

/* ---- nothing is inherited ---- */

static void descriptors_do_not_reach_the_command(void **state)
{
    struct postern_sandbox *sandbox;
    int file = open("/etc/hostname", O_RDONLY); /* without close-on-exec: that is the point */
    if (file < 0)
        file = open("/dev/zero", O_RDONLY);
    assert_true(dup2(file, 9) == 9 && dup2(file, 123) == 123);
    sandbox = open_at(level_of(state));
    struct outcome outcome = run_in(sandbox, NULL, report, "fds", NULL);
    char script[1024];
    snprintf(script, sizeof(script), "'%s' fds | grep -q '^9 '", report);
    int control = system(script); /* an ordinary child has it */
    close(9);
    close(123);
    close(file);
    assert_int_equal(control, 0);
    int lines = 0;
    for (const char *line = outcome.out; *line; line = strchr(line, '\n') + 1, lines++)
        assert_true(line[0] == "012"[lines] && line[1] == ' ');
    assert_int_equal(lines, 3);
}

static void the_environment_does_not_reach_the_command(void **state)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_sandbox *sandbox = open_at(level_of(state));
    setenv("POSTERN_TEST_SECRET", "do not tell", 1);
    struct outcome outcome = run_in(sandbox, NULL, report, "env", NULL);
    assert_null(strstr(outcome.out, "SECRET"));
    assert_non_null(strstr(outcome.out, "PATH="));
    command.inherit_env = true; /* the control: unless it is wanted */
    outcome = run_in(sandbox, &command, report, "env", NULL);
    unsetenv("POSTERN_TEST_SECRET");
    assert_non_null(strstr(outcome.out, "POSTERN_TEST_SECRET=do not tell\n"));
}

static void the_parents_memory_is_out_of_reach(void **state)
{
    is_refused(state, NULL, "memory", own_pid());
}

static void the_parent_cannot_be_traced(void **state)
{
    if (geteuid() != 0)
        SKIP_BECAUSE("needs root for the control: Yama may forbid to trace a process that is no descendant");
    is_refused(state, NULL, "seize", own_pid());
}

/* Runner, keeper and reaper: whoever could open them would be them. */
static void the_helpers_are_out_of_reach(void **state)
{
    struct postern_sandbox *sandbox = open_at(level_of(state)), *control = open_control();
    struct outcome outcome = run_in(sandbox, NULL, escape, "neighbours", NULL);
    if (outcome.status != 1)
        fail_msg("could be opened: %s", outcome.out);
    assert_null(strstr(outcome.out, "\n0 seen")); /* there were some to try */
    assert_int_equal(run_in(control, NULL, escape, "neighbours", NULL).status, 0);
}

static void nobody_types_into_the_terminal(void **state)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_sandbox *sandbox = open_at(level_of(state)), *control = open_control();
    command.tty = true;
    struct outcome outcome = run_in(sandbox, &command, escape, "type", NULL);
    if (outcome.status != 1)
        fail_msg("status %d: %s", outcome.status, outcome.out);
    assert_non_null(strstr(outcome.out, "not permitted"));
    if (run_in(control, &command, escape, "type", NULL).status != 0)
        print_message("# the kernel refuses TIOCSTI here to everybody: no control\n");
}

/* ---- who it is ---- */

static long status_number(const char *status, const char *name, int base)
{
    const char *line = strstr(status, name);
    assert_non_null(line);
    return strtol(line + strlen(name), NULL, base);
}

static void it_has_no_rights(void **state)
{
    static const char *const sets[] = {"CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"};
    struct postern_sandbox *sandbox = open_at(level_of(state));
    struct outcome outcome = run_in(sandbox, NULL, "/bin/cat", "/proc/self/status", NULL);
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
        assert_int_equal(status_number(outcome.out, sets[i], 16), 0);
    assert_int_equal(status_number(outcome.out, "NoNewPrivs:", 10), 1);
    assert_int_equal(status_number(outcome.out, "Seccomp:", 10), 2);
    if (level_of(state) == POSTERN_LEVEL_ELEVATED) {
        long uid = status_number(outcome.out, "\nUid:", 10), gid = status_number(outcome.out, "\nGid:", 10);
        assert_in_range(uid, UID_FIRST, UID_LAST);
        assert_in_range(gid, UID_FIRST, UID_LAST);
        assert_int_equal(strspn(strstr(outcome.out, "\nGroups:") + 8, "\t 0123456789"),
                         strcspn(strstr(outcome.out, "\nGroups:") + 8, "\n"));
        const char *groups = strstr(outcome.out, "\nGroups:") + 8;
        long group = strtol(groups, NULL, 10);
        assert_true(group == 0 || group == gid);
    }
    /* the control: this process has what the other lacks, or at least no filter */
    outcome = run_in(open_control(), NULL, "/bin/cat", "/proc/self/status", NULL);
    assert_int_equal(status_number(outcome.out, "NoNewPrivs:", 10), 0);
    if (geteuid() == 0)
        assert_int_not_equal(status_number(outcome.out, "CapEff:", 16), 0);
}

static void two_sandboxes_are_two_users(void **state)
{
    if (level_of(state) != POSTERN_LEVEL_ELEVATED)
        SKIP_BECAUSE("level restricted has the caller's user");
    struct postern_sandbox *one = open_at(level_of(state)), *other = open_at(level_of(state));
    struct outcome first = run_shell(one, "id -u"), again = run_shell(one, "id -u"), second = run_shell(other, "id -u");
    assert_string_equal(first.out, again.out);
    assert_string_not_equal(first.out, second.out);
}

static void the_user_has_a_name(void **state)
{
    if (level_of(state) != POSTERN_LEVEL_ELEVATED && !getpwuid(geteuid()))
        SKIP_BECAUSE("the caller has no name either");
    struct postern_sandbox *sandbox = open_at(level_of(state));
    struct outcome outcome = run_shell(sandbox, "id -un && grep -q \"^$(id -un):x:$(id -u):\" /etc/passwd && "
                                                "test \"$USER\" = \"$(id -un)\" && test -d \"$HOME\" && echo fits");
    assert_non_null(strstr(outcome.out, "fits"));
}

/* ---- files ---- */

static void files_belong_to_the_workspaces_owner(void **state)
{
    struct postern_sandbox *sandbox = open_at(level_of(state));
    char path[600];
    struct stat status;
    snprintf(path, sizeof(path), "%s/made", workspace);
    unlink(path);
    assert_int_equal(run_in(sandbox, NULL, escape, "make", path).status, 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_uid, level_of(state) == POSTERN_LEVEL_ELEVATED ? OWNER : geteuid());
    /* and inside they are one's own */
    struct outcome outcome = run_shell(sandbox, "touch mine && test -O mine && rm mine && echo own");
    assert_string_equal(outcome.out, "own\n");
    unlink(path);
}

static void only_the_workspace_can_be_written(void **state)
{
    static const char *const places[] = {"/", "/etc", "/usr", "/usr/bin", "/var", "/proc", "/dev", "/sys", "/root"};
    struct postern_sandbox *sandbox = open_at(level_of(state));
    char path[700];
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct stat status;
        snprintf(path, sizeof(path), "%s/made-by-a-test-%d", places[i], (int)getpid());
        struct outcome outcome = run_in(sandbox, NULL, escape, "make", path);
        bool there = stat(path, &status) == 0;
        if (there)
            unlink(path);
        if (outcome.status != 1 || there)
            fail_msg("status %d: %s", outcome.status, outcome.out);
    }
    snprintf(path, sizeof(path), "%s/made", workspace);
    assert_int_equal(run_in(sandbox, NULL, escape, "make", path).status, 0);
    unlink(path);
    assert_int_equal(run_shell(sandbox, "touch \"${TMPDIR:-/tmp}/made\"").status, 0);
}

static void temporary_files_are_private(void **state)
{
    struct postern_sandbox *sandbox = open_at(level_of(state)), *other = open_at(level_of(state));
    char path[128];
    if (!enforces(sandbox, "fs.private:tmpfs"))
        SKIP_BECAUSE("the host grants no mounts of the sandbox's own");
    snprintf(path, sizeof(path), "/tmp/made-by-a-test-%d", (int)getpid());
    assert_int_equal(run_in(sandbox, NULL, escape, "make", path).status, 0);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(run_shell(sandbox, "ls /tmp | grep -q made-by-a-test").status, 0);
    assert_int_not_equal(run_shell(other, "ls /tmp | grep -q made-by-a-test").status, 0);
    /* and the other way round */
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(file >= 0 && write(file, "x", 1) == 1);
    int status = run_in(other, NULL, escape, "read", path).status;
    close(file);
    unlink(path);
    assert_int_equal(status, 1);
}

static void roots_secrets_cannot_be_read(void **state)
{
    if (level_of(state) != POSTERN_LEVEL_ELEVATED)
        SKIP_BECAUSE("level restricted reads what its user may read");
    is_refused(state, NULL, "read", "/etc/shadow");
    /* the control of the control: what everybody may read, it may */
    assert_int_equal(run_in(open_at(level_of(state)), NULL, escape, "read", "/etc/passwd").status, 0);
}

static void nothing_with_more_rights_can_be_made(void **state)
{
    is_refused(state, NULL, "setid", workspace);
}

/* ---- the network ---- */

static int listen_on(int family, const struct sockaddr *address, socklen_t size)
{
    int file = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(file >= 0 && bind(file, address, size) == 0 && listen(file, 16) == 0);
    return file;
}

static void there_is_no_network(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    char port[16];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int file = listen_on(AF_INET, (const struct sockaddr *)&address, size);
    assert_int_equal(getsockname(file, (struct sockaddr *)&address, &size), 0);
    snprintf(port, sizeof(port), "%u", ntohs(address.sin_port));
    is_refused(state, NULL, "connect", port);
    /* a second control: the same level, with the network allowed */
    struct postern_sandbox_options options = test_options(level_of(state));
    options.workspace = workspace;
    options.network = true;
    struct outcome outcome = run_in(test_open_with(&options), NULL, escape, "connect", port);
    close(file);
    if (outcome.status != 0)
        fail_msg("with the network allowed: %s", outcome.out);
}

static void the_hosts_local_sockets_are_out_of_reach(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    int length = snprintf(name, sizeof(name), "postern-test-%d", (int)getpid());
    memcpy(address.sun_path + 1, name, (size_t)length);
    int file = listen_on(AF_UNIX, (const struct sockaddr *)&address,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length));
    is_refused(state, NULL, "abstract", name);
    close(file);
}

/* ---- */

static int set_up(void)
{
    const char *const programs[] = {"escape_linux", "report_linux", "stream"};
    char *const paths[] = {escape, report, stream};
    if (!host_make_directory(workspace, sizeof(workspace)))
        return 1;
    for (size_t i = 0; i < 3; i++) {
        snprintf(paths[i], sizeof(escape), "%s/%s", workspace, programs[i]);
        if (!host_copy_file(test_program_path(programs[i]), paths[i]))
            return 1;
    }
    return 0;
}

int main(void)
{
    static const enum postern_level levels[] = {POSTERN_LEVEL_ELEVATED, POSTERN_LEVEL_RESTRICTED};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(daemons_end_with_their_session),
        cmocka_unit_test(what_nohup_protects_ends_too),
        cmocka_unit_test(processes_that_keep_moving_are_caught),
        cmocka_unit_test(fork_bombs_meet_their_limit),
        cmocka_unit_test(killing_everybody_hurts_nobody_else),
        cmocka_unit_test(a_frozen_runner_does_not_hold_the_parent),
        cmocka_unit_test(descriptors_do_not_reach_the_command),
        cmocka_unit_test(the_environment_does_not_reach_the_command),
        cmocka_unit_test(the_parents_memory_is_out_of_reach),
        cmocka_unit_test(the_parent_cannot_be_traced),
        cmocka_unit_test(the_helpers_are_out_of_reach),
        cmocka_unit_test(nobody_types_into_the_terminal),
        cmocka_unit_test(it_has_no_rights),
        cmocka_unit_test(two_sandboxes_are_two_users),
        cmocka_unit_test(the_user_has_a_name),
        cmocka_unit_test(files_belong_to_the_workspaces_owner),
        cmocka_unit_test(only_the_workspace_can_be_written),
        cmocka_unit_test(temporary_files_are_private),
        cmocka_unit_test(roots_secrets_cannot_be_read),
        cmocka_unit_test(nothing_with_more_rights_can_be_made),
        cmocka_unit_test(there_is_no_network),
        cmocka_unit_test(the_hosts_local_sockets_are_out_of_reach),
    };
    int failed = set_up();
    if (failed == 0)
        failed = test_run_at_levels(levels, 2, tests, sizeof(tests) / sizeof(tests[0]));
    host_remove_directory(workspace);
    return failed;
}
