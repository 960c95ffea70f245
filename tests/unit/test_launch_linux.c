/*
 * The launcher and the keeper, with a runner that does as the test tells it (support/programs/fake_runner_linux.c), so
 * that what holds is the keeper's work and not the runner's own confinement. Mostly as root; what must be denied stands
 * beside what must work.
 * timeout: 120
 * serial: yes (it compares the host before and after)
 */
#include "elevated/user_linux.h"
#include "shared/system.h"
#include "tests/support/box_linux.h"
#include "tests/support/lesser_host_linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
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

enum { MOST_PROCESSES = 64 };

static char closed_home[] = "/root/postern-launch-XXXXXX"; /* mode 0700 above the workspace */
static char workspace[128];                                /* beneath closed_home */
static char shared_workspace[128];                         /* beneath /tmp, which is hidden */

/* ---- a sandbox ---- */

/* With a policy that lasts until the next one. */
static struct launch_options options_with(enum postern_level level, const char *directory, bool network)
{
    static struct policy policy;
    policy_free(&policy);
    box_policy_begin(&policy, directory);
    policy.network = network ? POLICY_NETWORK_ALLOW : POLICY_NETWORK_UNSAID;
    box_policy_end(&policy, level);
    return box_options(level, &policy, directory);
}

static struct launch_options options_for(enum postern_level level, const char *directory)
{
    return options_with(level, directory, false);
}

static void expect_part(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void need_root(void)
{
    if (geteuid() != 0 || prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 1)
        SKIP_BECAUSE("needs root with CAP_SYS_ADMIN");
}

/* ---- set-up ---- */

static int set_up(void **state)
{
    (void)state;
    if (!box_set_up())
        return -1;
    snprintf(shared_workspace, sizeof(shared_workspace), "%s/work", box_libexec);
    if (mkdir(shared_workspace, 0755) != 0)
        return -1;
    if (geteuid() == 0) {
        if (!mkdtemp(closed_home))
            return -1;
        snprintf(workspace, sizeof(workspace), "%s/deep/work", closed_home);
        char parent[128];
        snprintf(parent, sizeof(parent), "%s/deep", closed_home);
        if (mkdir(parent, 0700) != 0 || mkdir(workspace, 0755) != 0)
            return -1;
    } else {
        snprintf(workspace, sizeof(workspace), "%s", shared_workspace);
    }
    return 0;
}

static int tear_down(void **state)
{
    char command[256];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", closed_home);
    return (strstr(closed_home, "XXXXXX") || system(command) == 0) && box_tear_down() ? 0 : -1;
}

/* ---- elevated: who it is ---- */

static void test_identity(void **state)
{
    struct box box;
    const gid_t groups[] = {0, 4, 27};
    (void)state;
    need_root();
    assert_int_equal(setgroups(3, groups), 0); /* so that there are some to drop */
    box_open(&box, POSTERN_LEVEL_ELEVATED, workspace);
    assert_int_equal(setgroups(0, NULL), 0);
    unsigned uid = (unsigned)strtoul(box_ask(&box, "sh id -u"), NULL, 10);
    assert_in_range(uid, USER_FIRST, USER_LAST);
    char expected[256];
    snprintf(expected, sizeof(expected), "%u %u %u %u", uid, uid, uid, uid);
    assert_string_equal(box_ask(&box, "sh awk '/^Uid/ {print $2, $3, $4, $5}' /proc/self/status"), expected);
    assert_string_equal(box_ask(&box, "sh awk '/^Gid/ {print $2, $3, $4, $5}' /proc/self/status"), expected);
    assert_string_equal(box_ask(&box, "sh awk '/^Groups/ {print NF}' /proc/self/status"), "1");
    assert_string_equal(box_ask(&box, "sh awk '/^Cap/ {print $2}' /proc/self/status | sort -u"), "0000000000000000");
    assert_string_equal(box_ask(&box, "sh awk '/^NoNewPrivs/ {print $2}' /proc/self/status"), "1");
    box_ask(&box, "regain");
    if (box.status != 0)
        fail_msg("regained by %s", box.text);
    /* control: the test itself has what is missing inside */
    assert_int_equal(geteuid(), 0);
    box_close(&box);
}

static void test_account_names_the_user(void **state)
{
    struct box box;
    (void)state;
    need_root();
    box_open(&box, POSTERN_LEVEL_ELEVATED, workspace);
    assert_string_equal(box_ask(&box, "sh id -un"), launch_user(box.launch));
    assert_string_equal(box_ask(&box, "sh id -gn"), launch_user(box.launch));
    WORKS(&box, "test \"$(awk -F: -v u=$(id -u) '$3 == u {print $6}' /etc/passwd)\" = %s", launch_home(box.launch));
    WORKS(&box, "grep -q ^root: /etc/passwd");
    DENIED(&box, "grep postern /etc/shadow");
    DENIED(&box, "echo x >> /etc/passwd");
    assert_string_equal(box_ask(&box, "sh hostname || uname -n"), "postern");
    box_close(&box);
}

static void test_exact_descriptors(void **state)
{
    struct box box;
    struct launch_options options = options_for(POSTERN_LEVEL_ELEVATED, workspace);
    char log_file[160];
    (void)state;
    need_root();
    int leak = fcntl(0, F_DUPFD, 40); /* inheritable, as a careless program has them */
    box_open_with(&box, &options);
    assert_string_equal(box_ask(&box, "descriptors"), "0 1 2 3 4 5 ");
    box_close(&box);
    snprintf(log_file, sizeof(log_file), "%s/log", box_libexec);
    options.log_file = log_file;
    options.deadline_us = system_now_us() + BOX_LIMIT_MS * 1000;
    box_open_with(&box, &options);
    assert_string_equal(box_ask(&box, "descriptors"), "0 1 2 3 4 5 6 ");
    box_close(&box);
    close(leak);
    assert_int_equal(unlink(log_file), 0);
}

/* ---- elevated: what it sees ---- */

static void check_workspace(const char *directory, uid_t owner)
{
    struct box box;
    struct stat status;
    char path[256];
    assert_int_equal(chown(directory, owner, owner), 0);
    box_open(&box, POSTERN_LEVEL_ELEVATED, directory);
    assert_string_equal(launch_default_directory(box.launch), directory);
    WORKS(&box, "cd '%s' && echo made > file && mkdir sub && echo x > sub/y && test \"$(pwd -P)\" = '%s'", directory,
          directory);
    assert_string_equal(box_ask(&box, "sh stat -c %%u '%s/file'", directory), box_ask(&box, "sh id -u"));
    box_close(&box);
    snprintf(path, sizeof(path), "%s/file", directory);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_uid, owner);
    assert_int_equal(status.st_gid, owner);
    snprintf(path, sizeof(path), "rm -rf '%s/file' '%s/sub'", directory, directory);
    assert_int_equal(system(path), 0);
    assert_int_equal(chown(directory, 0, 0), 0);
}

static void test_files_belong_to_the_owner(void **state)
{
    (void)state;
    need_root();
    check_workspace(workspace, 0); /* beneath a home that is closed to others */
    check_workspace(workspace, 1234);
    check_workspace(shared_workspace, 0); /* beneath /tmp, which is hidden */
}

/* Whoever owns files in the workspace besides its owner is seen as he is, and keeps them to himself. */
static void test_other_owners_in_the_workspace(void **state)
{
    struct box box;
    char path[192];
    (void)state;
    need_root();
    snprintf(path, sizeof(path), "%s/theirs", workspace);
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    assert_true(file >= 0 && fchown(file, 1234, 1235) == 0);
    close(file);
    box_open(&box, POSTERN_LEVEL_ELEVATED, workspace);
    assert_string_equal(box_ask(&box, "sh stat -c '%%u %%g' '%s'", path), "1234 1235");
    DENIED(&box, "echo x >> '%s'", path);
    DENIED(&box, "chown $(id -u) '%s'", path);
    /* asking for an owner one may not give is refused as everywhere, which `cp -p` relies on */
    WORKS(&box, "cp -p /etc/passwd '%s/copy' && test -O '%s/copy' && rm '%s/copy'", workspace, workspace, workspace);
    DENIED(&box, "touch '%s/mine' && chown root '%s/mine'", workspace, workspace);
    DENIED(&box, "chgrp root '%s/mine'", workspace);
    WORKS(&box, "rm '%s/mine'", workspace);
    box_close(&box);
    assert_int_equal(unlink(path), 0);
}

static void test_rest_is_read_only_or_hidden(void **state)
{
    struct box box;
    char secret[160];
    (void)state;
    need_root();
    snprintf(secret, sizeof(secret), "%s/secret", closed_home);
    int file = open(secret, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    assert_true(file >= 0);
    close(file);
    box_open(&box, POSTERN_LEVEL_ELEVATED, workspace);
    WORKS(&box, "cat /etc/hostname > /dev/null || cat /etc/passwd > /dev/null");
    DENIED(&box, "touch /etc/x");
    DENIED(&box, "touch /usr/x");
    DENIED(&box, "touch /x");
    DENIED(&box, "touch /var/x");
    DENIED(&box, "cat /etc/shadow");           /* root's alone */
    DENIED(&box, "touch '%s/x'", closed_home); /* the way to the workspace */
    DENIED(&box, "cat '%s'", secret);          /* beside it */
    DENIED(&box, "touch /root/x");
    DENIED(&box, "ls '%s'", box_libexec); /* the host's /tmp */
    assert_string_equal(box_ask(&box, "sh ls -A /tmp /var/tmp /dev/shm"), "/dev/shm:\n\n/tmp:\n\n/var/tmp:");
    WORKS(&box, "echo a > /tmp/a && echo b > /var/tmp/b && echo c > /dev/shm/c && echo d > %s/d && cat /tmp/a",
          launch_home(box.launch));
    assert_string_equal(box_ask(&box, "sh ls -A /home"), launch_user(box.launch));
    assert_string_equal(box_ask(&box, "sh ls -A /run"), "");
    DENIED(&box, "touch /run/x");
    box_close(&box);
    assert_int_not_equal(access("/tmp/a", F_OK), 0);
    assert_int_equal(unlink(secret), 0);
}

static void test_dev_and_proc_are_its_own(void **state)
{
    struct box box;
    (void)state;
    need_root();
    box_open(&box, POSTERN_LEVEL_ELEVATED, workspace);
    WORKS(&box, "echo x > /dev/null && head -c 4 /dev/urandom > /tmp/r && test -c /dev/zero && test -e /dev/ptmx");
    assert_string_equal(box_ask(&box, "sh ls -A /dev/pts"), "ptmx");
    DENIED(&box, "touch /dev/x");
    DENIED(&box, "ls /dev/kmsg || ls /dev/mem");
    /* pid 1 is the keeper, and nobody else but us is there */
    assert_string_equal(box_ask(&box, "sh cat /proc/1/comm"), "postern-keeper");
    WORKS(&box, "test $(ls -d /proc/[0-9]* | wc -l) -le 8");
    DENIED(&box, "ls /proc/%d", getpid());
    DENIED(&box, "cat /proc/1/environ");
    DENIED(&box, "readlink /proc/1/exe");
    DENIED(&box, "ls /proc/1/fd");
    DENIED(&box, "kill -9 1");
    DENIED(&box, "echo 1 > /proc/sys/vm/drop_caches");
    box_close(&box);
}

static void test_network_is_its_own(void **state)
{
    struct box box;
    struct launch_options options = options_for(POSTERN_LEVEL_ELEVATED, workspace);
    char outside[64] = "";
    (void)state;
    need_root();
    assert_true(readlink("/proc/self/ns/net", outside, sizeof(outside) - 1) > 0);
    box_open_with(&box, &options);
    assert_string_not_equal(box_ask(&box, "sh readlink /proc/self/ns/net"), outside);
    assert_string_equal(box_ask(&box, "sh awk 'NR > 2 {print $1}' /proc/net/dev"), "lo:");
    box_close(&box);
    options = options_with(POSTERN_LEVEL_ELEVATED, workspace, true);
    box_open_with(&box, &options);
    assert_string_equal(box_ask(&box, "sh readlink /proc/self/ns/net"), outside);
    WORKS(&box, "cat /etc/resolv.conf > /dev/null");
    box_close(&box);
}

static void test_set_id_and_devices_have_no_effect(void **state)
{
    struct box box;
    char path[600];
    (void)state;
    need_root();
    /* even one that is there already, and root's: the workspace is mounted nosuid and nodev */
    snprintf(path, sizeof(path), "cp /usr/bin/id '%s/set-id' && chmod 4755 '%s/set-id' && mknod -m 666 '%s/null' c 1 3",
             workspace, workspace, workspace);
    assert_int_equal(system(path), 0);
    box_open(&box, POSTERN_LEVEL_ELEVATED, workspace);
    WORKS(&box, "test \"$('%s/set-id' -u)\" = \"$(id -u)\"", workspace);
    DENIED(&box, "cat '%s/null'", workspace);
    WORKS(&box, "cat /dev/null");
    /* no_new_privs alone would do for the first; the mounts are the second bolt */
    assert_string_equal(box_ask(&box,
                                "sh awk '$5 != \"/dev\" && $5 !~ \"^/dev/\" && ($6 !~ /nosuid/ || $6 !~ /nodev/)' "
                                "/proc/self/mountinfo"),
                        "");
    DENIED(&box, "mknod '%s/made' c 1 3", workspace);
    WORKS(&box, "mknod '%s/made' p && rm '%s/made'", workspace, workspace);
    DENIED(&box,
           "setcap cap_sys_admin+ep '%s/set-id' 2>/dev/null || /sbin/setcap cap_sys_admin+ep '%s/set-id' || exit 1",
           workspace, workspace);
    box_close(&box);
    snprintf(path, sizeof(path), "rm '%s/set-id' '%s/null'", workspace, workspace);
    assert_int_equal(system(path), 0);
}

static void test_two_sandboxes_are_strangers(void **state)
{
    struct box one;
    struct box two;
    char first[32];
    (void)state;
    need_root();
    box_open(&one, POSTERN_LEVEL_ELEVATED, workspace);
    box_open(&two, POSTERN_LEVEL_ELEVATED, shared_workspace);
    snprintf(first, sizeof(first), "%s", box_ask(&one, "sh id -u"));
    assert_string_not_equal(box_ask(&two, "sh id -u"), first);
    WORKS(&one, "echo secret > /tmp/x");
    DENIED(&two, "cat /tmp/x");
    box_close(&one);
    WORKS(&two, "true");
    box_close(&two);
}

/* ---- sockets of the host's services ---- */

static void test_sockets_of_services_are_covered(void **state)
{
    char outside[64];
    char inside[192];
    struct box box;
    (void)state;
    need_root();
    snprintf(outside, sizeof(outside), "/var/lib/postern-test-%d.sock", getpid());
    snprintf(inside, sizeof(inside), "%s/own.sock", workspace);
    int server = box_listen(outside);
    int own = box_listen(inside);
    box_open(&box, POSTERN_LEVEL_ELEVATED, workspace);
    WORKS(&box, "test -S '%s'", inside); /* the workspace is shared with all that is in it */
    WORKS(&box, "test -f '%s' && test ! -s '%s'", outside, outside);
    box_close(&box);
    box_open(&box, POSTERN_LEVEL_RESTRICTED, workspace);
    WORKS(&box, "test -f '%s'", outside);
    box_close(&box);
    close(server);
    close(own);
    assert_int_equal(unlink(outside), 0);
    assert_int_equal(unlink(inside), 0);
}

/* ---- refusals ---- */

static void test_refusals_name_cause_and_remedy(void **state)
{
    struct launch_options options = options_for(POSTERN_LEVEL_ELEVATED, workspace);
    struct postern_error error = {0};
    (void)state;
    need_root();
    options.libexec = "/nonexistent";
    assert_int_equal(box_start_code(&options, &error), POSTERN_E_RUNNER_MISSING);
    assert_non_null(strstr(error.message, "/nonexistent"));
}

/* sysfs knows no id maps, and no other way to hand it over may be taken. */
static void test_a_file_system_without_id_maps_is_refused(void **state)
{
    char command[256];
    struct postern_error error = {0};
    (void)state;
    need_root();
    pid_t child = lesser_host_fork();
    if (child == 0) {
        snprintf(command, sizeof(command), "mount --make-rprivate / && mount -t ramfs none '%s'", shared_workspace);
        if (unshare(CLONE_NEWNS) != 0 || system(command) != 0)
            _exit(2);
        struct launch_options options = options_for(POSTERN_LEVEL_ELEVATED, shared_workspace);
        bool right = box_start_code(&options, &error) == POSTERN_E_CONFINE && error.os_error == EINVAL &&
                     strstr(error.message, "id-map") && strstr(error.remedy, "restricted");
        if (!right)
            fprintf(stderr, "%d %s - %s\n", error.code, error.message, error.remedy);
        _exit(right ? 0 : 1);
    }
    expect_part(child);
}

/* A file system beneath the workspace that knows none stays visible, but read-only. */
static void test_mounts_beneath_the_workspace(void **state)
{
    char command[512];
    (void)state;
    need_root();
    pid_t child = lesser_host_fork();
    if (child == 0) {
        struct box box;
        snprintf(command, sizeof(command), "mount --make-rprivate / && mkdir '%s/sub' && mount -t sysfs none '%s/sub'",
                 shared_workspace, shared_workspace);
        if (unshare(CLONE_NEWNS) != 0 || system(command) != 0)
            _exit(2);
        box_open(&box, POSTERN_LEVEL_ELEVATED, shared_workspace);
        WORKS(&box, "touch '%s/x' && rm '%s/x' && ls '%s/sub/kernel'", shared_workspace, shared_workspace,
              shared_workspace);
        DENIED(&box, "touch '%s/sub/x'", shared_workspace);
        box_close(&box);
        _exit(0);
    }
    expect_part(child);
    snprintf(command, sizeof(command), "%s/sub", shared_workspace);
    rmdir(command);
}

static void test_a_read_only_workspace_stays_read_only(void **state)
{
    char command[512];
    (void)state;
    need_root();
    pid_t child = lesser_host_fork();
    if (child == 0) {
        struct box box;
        snprintf(command, sizeof(command),
                 "mount --make-rprivate / && mount --bind '%s' '%s' && mount -o remount,bind,ro '%s'", shared_workspace,
                 shared_workspace, shared_workspace);
        if (unshare(CLONE_NEWNS) != 0 || system(command) != 0)
            _exit(2);
        box_open(&box, POSTERN_LEVEL_ELEVATED, shared_workspace);
        WORKS(&box, "ls '%s'", shared_workspace);
        DENIED(&box, "touch '%s/x'", shared_workspace);
        box_close(&box);
        _exit(0);
    }
    expect_part(child);
}

/* ---- ends ---- */

/* Processes of a user on the host, as descriptors that say when they are gone. */
static size_t watch_user(uid_t uid, struct pollfd *watched, size_t capacity)
{
    size_t count = 0;
    struct dirent *entry;
    struct stat status;
    DIR *directory = opendir("/proc");
    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL && count < capacity) {
        char path[300];
        snprintf(path, sizeof(path), "/proc/%s", entry->d_name);
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || stat(path, &status) != 0)
            continue;
        int pidfd = status.st_uid == uid ? (int)syscall(SYS_pidfd_open, atoi(entry->d_name), 0) : -1;
        if (pidfd >= 0)
            watched[count++] = (struct pollfd){.fd = pidfd, .events = POLLIN};
    }
    closedir(directory);
    return count;
}

static void expect_all_gone(struct pollfd *watched, size_t count)
{
    uint64_t deadline = system_now_us() + 5 * 1000 * 1000;
    for (size_t i = 0; i < count; i++) {
        uint64_t now = system_now_us();
        int left = now < deadline ? (int)((deadline - now) / 1000) + 1 : 0;
        if (poll(&watched[i], 1, left) != 1)
            fail_msg("process %zu of %zu is still there", i, count);
        close(watched[i].fd);
    }
}

static void test_end_leaves_nothing(void **state)
{
    struct box box;
    struct pollfd watched[MOST_PROCESSES];
    (void)state;
    need_root();
    box_open(&box, POSTERN_LEVEL_ELEVATED, workspace);
    uid_t uid = (uid_t)strtoul(box_ask(&box, "sh id -u"), NULL, 10);
    for (int i = 0; i < 3; i++)
        box_ask(&box, "daemon");
    size_t count = watch_user(uid, watched, MOST_PROCESSES);
    assert_int_equal(count, 4); /* the runner and three that left its session */
    for (size_t i = 0; i < count; i++)
        assert_int_equal(poll(&watched[i], 1, 0), 0);
    box_close(&box);
    /* no waiting here: launch_end() has waited */
    for (size_t i = 0; i < count; i++)
        assert_int_equal(poll(&watched[i], 1, 0), 1);
    expect_all_gone(watched, count);
    errno = 0;
    assert_true(getpriority(PRIO_USER, uid) == -1 && errno == ESRCH);
}

static void test_killed_parent_takes_all_along(void **state)
{
    struct pollfd watched[MOST_PROCESSES];
    int ends[2];
    uid_t uid = 0;
    int status;
    (void)state;
    need_root();
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t agent = lesser_host_fork();
    if (agent == 0) {
        struct box box;
        box_open(&box, POSTERN_LEVEL_ELEVATED, workspace);
        uid = (uid_t)strtoul(box_ask(&box, "sh id -u"), NULL, 10);
        box_ask(&box, "daemon");
        /* a child that keeps all our descriptors open must not keep the sandbox alive */
        pid_t heir = fork();
        if (heir == 0) {
            alarm(20);
            for (;;)
                pause();
        }
        if (write(ends[1], &uid, sizeof(uid)) != (ssize_t)sizeof(uid) ||
            write(ends[1], &heir, sizeof(heir)) != (ssize_t)sizeof(heir))
            _exit(1);
        for (;;)
            pause();
    }
    pid_t heir = -1;
    close(ends[1]); /* an agent that fails must read as the end */
    assert_int_equal(read(ends[0], &uid, sizeof(uid)), sizeof(uid));
    assert_int_equal(read(ends[0], &heir, sizeof(heir)), sizeof(heir));
    size_t count = watch_user(uid, watched, MOST_PROCESSES);
    assert_int_equal(count, 2);
    assert_int_equal(kill(agent, SIGKILL), 0);
    assert_int_equal(waitpid(agent, &status, 0), agent);
    expect_all_gone(watched, count);
    assert_int_equal(kill(heir, SIGKILL), 0);
    close(ends[0]);
}

static void expect_end(struct box *box, const char *words)
{
    struct postern_error error = {0};
    struct pollfd watched = {.fd = (int)launch_wait_handle(box->launch), .events = POLLIN};
    assert_int_equal(poll(&watched, 1, BOX_LIMIT_MS), 1);
    launch_describe_end(box->launch, &error);
    assert_int_equal(error.code, POSTERN_E_RUNNER_DIED);
    if (!strstr(error.message, words))
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    launch_describe_end(box->launch, &error); /* and again */
    assert_non_null(strstr(error.message, words));
    box_close(box);
}

static void test_runner_end_is_told(void **state)
{
    struct box box;
    enum postern_level levels[] = {POSTERN_LEVEL_ELEVATED, POSTERN_LEVEL_RESTRICTED, POSTERN_LEVEL_NONE};
    (void)state;
    need_root();
    for (size_t i = 0; i < 3; i++) {
        box_open(&box, levels[i], workspace);
        box_tell(&box, "exit 37");
        expect_end(&box, "status 37");
        box_open(&box, levels[i], workspace);
        box_tell(&box, "signal 9");
        expect_end(&box, "signal 9");
        box_open(&box, levels[i], workspace);
        assert_int_equal(kill((pid_t)launch_runner_pid(box.launch), SIGTERM), 0);
        expect_end(&box, "signal 15");
    }
}

static void test_a_keeper_that_is_killed_is_told(void **state)
{
    struct box box;
    struct pollfd watched[MOST_PROCESSES];
    (void)state;
    need_root();
    box_open(&box, POSTERN_LEVEL_ELEVATED, workspace);
    uid_t uid = (uid_t)strtoul(box_ask(&box, "sh id -u"), NULL, 10);
    size_t count = watch_user(uid, watched, MOST_PROCESSES);
    assert_int_equal(syscall(SYS_pidfd_send_signal, (int)launch_wait_handle(box.launch), SIGKILL, NULL, 0), 0);
    expect_all_gone(watched, count);
    expect_end(&box, "signal 9");
}

static void test_stopping_the_keeper_stops_nothing_for_good(void **state)
{
    struct box box;
    (void)state;
    need_root();
    box_open(&box, POSTERN_LEVEL_ELEVATED, workspace);
    DENIED(&box, "kill -STOP 1");
    DENIED(&box, "kill -TERM 1");
    WORKS(&box, "true");
    box_close(&box);
}

/* ---- the host stays as it was ---- */

static char *read_file(const char *path)
{
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

static size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void test_host_is_left_as_found(void **state)
{
    struct box box;
    (void)state;
    need_root();
    char *mounts = read_file("/proc/self/mountinfo");
    size_t descriptors = open_descriptors();
    for (int i = 0; i < 3; i++) {
        box_open(&box, POSTERN_LEVEL_ELEVATED, workspace);
        box_ask(&box, "sh id -u");
        uint32_t uid = (uint32_t)strtoul(box.text, NULL, 10);
        struct user other;
        /* while it lives its user is taken, also for those who ask the file */
        assert_int_equal(user_acquire("", "", &other, NULL), 0);
        assert_int_not_equal(other.uid, uid);
        user_release(&other);
        box_close(&box);
    }
    assert_int_equal(open_descriptors(), descriptors);
    char *after = read_file("/proc/self/mountinfo");
    assert_string_equal(mounts, after);
    free(mounts);
    free(after);
}

static void test_lock_outlives_the_parents_copy(void **state)
{
    struct user user;
    struct user next;
    int status;
    (void)state;
    need_root();
    assert_int_equal(user_acquire("", "", &user, NULL), 0);
    uint32_t held = user.uid;
    pid_t holder = fork(); /* as the keeper: inherits the descriptor */
    if (holder == 0) {
        alarm(20);
        for (;;)
            pause();
    }
    user_release(&user);
    assert_int_equal(user_acquire("", "", &next, NULL), 0);
    assert_int_not_equal(next.uid, held);
    user_release(&next);
    assert_int_equal(kill(holder, SIGKILL), 0);
    assert_int_equal(waitpid(holder, &status, 0), holder);
    assert_int_equal(user_acquire("", "", &next, NULL), 0);
    assert_int_equal(next.uid, held); /* control: it is the first choice again */
    user_release(&next);
}

/* ---- restricted ---- */

static void check_restricted(const char *directory)
{
    struct box box;
    char script[160];
    box_open(&box, POSTERN_LEVEL_RESTRICTED, directory);
    snprintf(script, sizeof(script), "%u", geteuid());
    assert_string_equal(box_ask(&box, "sh id -u"), script);
    assert_string_equal(box_ask(&box, "sh awk '/^Cap/ {print $2}' /proc/self/status | sort -u"), "0000000000000000");
    assert_string_equal(box_ask(&box, "sh awk '/^NoNewPrivs/ {print $2}' /proc/self/status"), "1");
    WORKS(&box, "cd '%s' && echo x > file && rm file", directory);
    assert_string_equal(box_ask(&box, "sh cat /proc/1/comm"), "postern-keeper");
    DENIED(&box, "touch /etc/x");
    DENIED(&box, "ls '%s/postern-keeper'", box_libexec); /* the host's /tmp */
    WORKS(&box, "echo x > /tmp/x && echo y > /dev/null");
    DENIED(&box, "ls /proc/%d", getpid());
    DENIED(&box, "echo 1 > /proc/sys/vm/drop_caches");
    DENIED(&box, "cat /proc/keys");
    DENIED(&box, "touch /run/x");
    WORKS(&box, "kill -TERM 1 || true; kill -KILL 1 || true; cat /proc/1/comm"); /* pid 1 has no ear for it */
    DENIED(&box, "cat /proc/1/environ");
    DENIED(&box, "readlink /proc/1/fd/3");
    box_close(&box);
}

static void test_restricted_as_root(void **state)
{
    (void)state;
    need_root();
    check_restricted(shared_workspace);
    check_restricted(workspace);
}

static void test_restricted_as_anybody(void **state)
{
    (void)state;
    uid_t uid = 61800;
    if (geteuid() != 0) {
        check_restricted(shared_workspace);
        return;
    }
    assert_int_equal(chown(shared_workspace, uid, uid), 0);
    pid_t child = lesser_host_fork();
    if (child == 0) {
        if (!lesser_host_change_user(uid))
            _exit(2);
        check_restricted(shared_workspace);
        struct postern_error error = {0};
        if (launch_check_level(POSTERN_LEVEL_ELEVATED, &error) != POSTERN_E_LEVEL || !strstr(error.remedy, "root"))
            _exit(3);
        _exit(launch_check_level(POSTERN_LEVEL_RESTRICTED, NULL) == 0 ? 0 : 4);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(chown(shared_workspace, 0, 0), 0);
    assert_int_equal(status, 0);
}

static bool is_in_force(const struct box *box, const char *what)
{
    const struct strings *list = launch_in_force(box->launch);
    for (size_t i = 0; i < list->count; i++) {
        if (strncmp(list->item[i], what, strlen(what)) == 0)
            return true;
    }
    return false;
}

static void test_restricted_without_namespaces(void **state)
{
    struct pollfd watched[MOST_PROCESSES];
    uid_t uid = geteuid() == 0 ? 61801 : geteuid();
    (void)state;
    pid_t child = lesser_host_fork();
    if (child == 0) {
        struct box box;
        char temporary[64];
        assert_true(lesser_host_change_user(uid));
        assert_true(lesser_host_refuse_namespaces());
        box_open(&box, POSTERN_LEVEL_RESTRICTED, shared_workspace);
        assert_true(is_in_force(&box, "lifetime:keeper-subreaper"));
        assert_false(is_in_force(&box, "fs.write:read-only-mounts"));
        snprintf(temporary, sizeof(temporary), "%s", launch_temp(box.launch));
        WORKS(&box, "touch %s/x && mkdir -p %s/a/b/c && ln -s /etc %s/a/l && touch %s/a/b/c/d && chmod 0 %s/a/b",
              temporary, temporary, temporary, temporary, temporary);
        pid_t left = (pid_t)strtol(box_ask(&box, "daemon"), NULL, 10);
        watched[0] = (struct pollfd){.fd = (int)syscall(SYS_pidfd_open, left, 0), .events = POLLIN};
        assert_int_equal(poll(watched, 1, 0), 0);
        box_close(&box);
        expect_all_gone(watched, 1);
        assert_int_not_equal(access(temporary, F_OK), 0);
        assert_int_equal(access("/etc/passwd", F_OK), 0);
        _exit(0);
    }
    expect_part(child);
}

/* A policy that only mounts hold is refused where there are none, with the reason for that too. */
static void test_refused_for_want_of_namespaces(void **state)
{
    (void)state;
    pid_t child = lesser_host_fork();
    if (child == 0) {
        char path[160];
        struct policy policy;
        struct postern_error error = {0};
        assert_true(lesser_host_change_user(61801));
        snprintf(path, sizeof(path), "%s/postern-keeper", box_libexec);
        box_policy_begin(&policy, NULL);
        box_policy_add(&policy, path, POLICY_DENIED);
        box_policy_end(&policy, POSTERN_LEVEL_RESTRICTED);
        struct launch_options options = box_options(POSTERN_LEVEL_RESTRICTED, &policy, NULL);
        struct box box;
        box_open_with(&box, &options); /* the control: with namespaces it is held */
        box_close(&box);
        assert_true(lesser_host_refuse_namespaces());
        assert_int_equal(box_start_code(&options, &error), POSTERN_E_POLICY);
        assert_non_null(strstr(error.message, "fs.deny"));
        assert_non_null(strstr(error.message, path));
        assert_non_null(strstr(error.message, "the host gives no more"));
        assert_non_null(strstr(error.remedy, "namespaces"));
        _exit(0);
    }
    expect_part(child);
}

static void test_restricted_with_the_hosts_proc(void **state)
{
    const uid_t uid = 61802;
    (void)state;
    need_root();
    pid_t child = lesser_host_fork();
    if (child == 0) {
        struct box box;
        assert_true(lesser_host_cover_proc() && lesser_host_change_user(uid));
        box_open(&box, POSTERN_LEVEL_RESTRICTED, shared_workspace);
        assert_true(is_in_force(&box, "lifetime:keeper-pid-namespace"));
        assert_false(is_in_force(&box, "processes:pid-namespace"));
        DENIED(&box, "cat /proc/%d/environ", getpid()); /* same user, dumpable, and still out of reach */
        DENIED(&box, "ls -l /proc/%d/fd/0", getpid());
        DENIED(&box, "touch /etc/x");
        WORKS(&box, "cat /proc/self/environ > /dev/null && touch /tmp/x");
        box_close(&box);
        _exit(0);
    }
    expect_part(child);
}

/* ---- control groups ---- */

static void test_memory_is_limited_for_all(void **state)
{
    static const enum postern_level both[] = {POSTERN_LEVEL_ELEVATED, POSTERN_LEVEL_RESTRICTED};
    (void)state;
    need_root();
    for (size_t i = 0; i < 2; i++) {
        char group[300] = "";
        struct box box;
        struct policy policy;
        box_policy_begin(&policy, NULL);
        policy.limits.memory = 48 * 1024 * 1024;
        box_policy_end(&policy, both[i]);
        struct launch_options options = box_options(both[i], &policy, NULL);
        box_open_with(&box, &options);
        if (!is_in_force(&box, "limits.memory:cgroup")) {
            box_close(&box);
            SKIP_BECAUSE("no control group for memory can be made here");
        }
        WORKS(&box, "head -c 8000000 /dev/zero | tail -c 8000000 | wc -c");
        box_ask(&box, "sh grep -E 'memory|^0:' /proc/self/cgroup | head -n 1 | sed 's/.*://'");
        snprintf(group, sizeof(group), "%s", strrchr(box.text, '/'));
        assert_true(strlen(group) > 1);
        /* tail keeps all that comes without a line end in memory */
        DENIED(&box, "set -o pipefail 2>/dev/null; head -c 200000000 /dev/zero | tail -n 1 > /dev/null; test $? = 0 && "
                     "test $(head -c 200000000 /dev/zero | tail -n 1 | wc -c) = 200000000");
        box_close(&box);
        char command[400];
        snprintf(command, sizeof(command), "test -z \"$(find /sys/fs/cgroup -type d -name '%s')\"", group + 1);
        assert_int_equal(system(command), 0);
        policy_free(&policy);
    }
}

/* ---- none ---- */

static void test_none_is_the_caller(void **state)
{
    struct box box;
    char expected[32];
    (void)state;
    box_open(&box, POSTERN_LEVEL_NONE, shared_workspace);
    snprintf(expected, sizeof(expected), "%u", geteuid());
    assert_string_equal(box_ask(&box, "sh id -u"), expected);
    assert_string_equal(box_ask(&box, "descriptors"), "0 1 2 3 4 5 ");
    assert_int_equal(launch_in_force(box.launch)->count, 0);
    snprintf(expected, sizeof(expected), "%u", launch_runner_pid(box.launch));
    assert_string_equal(box_ask(&box, "sh echo $PPID"), expected);
    box_close(&box);
}

static void test_runner_pid_is_the_parents_number(void **state)
{
    struct box box;
    char path[64];
    (void)state;
    need_root();
    box_open(&box, POSTERN_LEVEL_ELEVATED, workspace);
    WORKS(&box, "true"); /* the number is known before the exec, the name only after */
    snprintf(path, sizeof(path), "/proc/%u/cmdline", launch_runner_pid(box.launch));
    char *text = read_file(path);
    assert_string_equal(text, "postern-runner");
    free(text);
    box_close(&box);
}

static void test_levels_can_be_had(void **state)
{
    struct postern_error error = {0};
    (void)state;
    need_root();
    assert_int_equal(launch_check_level(POSTERN_LEVEL_ELEVATED, &error), 0);
    assert_int_equal(launch_check_level(POSTERN_LEVEL_RESTRICTED, &error), 0);
    assert_int_equal(launch_check_level(POSTERN_LEVEL_NONE, &error), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels_can_be_had),
                                       cmocka_unit_test(test_identity),
                                       cmocka_unit_test(test_account_names_the_user),
                                       cmocka_unit_test(test_exact_descriptors),
                                       cmocka_unit_test(test_files_belong_to_the_owner),
                                       cmocka_unit_test(test_other_owners_in_the_workspace),
                                       cmocka_unit_test(test_rest_is_read_only_or_hidden),
                                       cmocka_unit_test(test_dev_and_proc_are_its_own),
                                       cmocka_unit_test(test_network_is_its_own),
                                       cmocka_unit_test(test_set_id_and_devices_have_no_effect),
                                       cmocka_unit_test(test_two_sandboxes_are_strangers),
                                       cmocka_unit_test(test_sockets_of_services_are_covered),
                                       cmocka_unit_test(test_refusals_name_cause_and_remedy),
                                       cmocka_unit_test(test_a_file_system_without_id_maps_is_refused),
                                       cmocka_unit_test(test_mounts_beneath_the_workspace),
                                       cmocka_unit_test(test_a_read_only_workspace_stays_read_only),
                                       cmocka_unit_test(test_end_leaves_nothing),
                                       cmocka_unit_test(test_killed_parent_takes_all_along),
                                       cmocka_unit_test(test_runner_end_is_told),
                                       cmocka_unit_test(test_a_keeper_that_is_killed_is_told),
                                       cmocka_unit_test(test_stopping_the_keeper_stops_nothing_for_good),
                                       cmocka_unit_test(test_host_is_left_as_found),
                                       cmocka_unit_test(test_lock_outlives_the_parents_copy),
                                       cmocka_unit_test(test_restricted_as_root),
                                       cmocka_unit_test(test_restricted_as_anybody),
                                       cmocka_unit_test(test_restricted_without_namespaces),
                                       cmocka_unit_test(test_refused_for_want_of_namespaces),
                                       cmocka_unit_test(test_restricted_with_the_hosts_proc),
                                       cmocka_unit_test(test_memory_is_limited_for_all),
                                       cmocka_unit_test(test_none_is_the_caller),
                                       cmocka_unit_test(test_runner_pid_is_the_parents_number)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
