/*
 * serial: yes
 * Control groups: finding our own from what the kernel writes, and on hosts that have them and let us, limits that hold
 * and groups that are gone afterwards, whoever was killed.
 */
#include "elevated/cgroup_linux.h"
#include "tests/support/groups_linux.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- finding ---- */

#define V1 "32 31 0:29 / /sys/fs/cgroup/memory rw,relatime shared:9 master:2 - cgroup cgroup rw,memory\n"
#define V1_BOTH "32 31 0:29 / /cg/mem rw - cgroup none rw,pids,memory,name=x\n"
#define V2 "41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n"

static void check_found(const char *mounts, const char *membership, const char *path, bool unified)
{
    struct cgroup_candidate found[2];
    size_t count = cgroup_locate(mounts, membership, "memory", found, 2);
    if (!path) {
        if (count != 0)
            fail_msg("%s%s gives %s", mounts, membership, found[0].path);
        return;
    }
    if (count == 0)
        fail_msg("%s%s gives nothing", mounts, membership);
    assert_string_equal(found[0].path, path);
    assert_int_equal(found[0].unified, unified);
    for (size_t i = 0; i < count; i++)
        cgroup_candidate_free(&found[i]);
}

static void test_locate(void **state)
{
    (void)state;
    check_found(V1, "4:memory:/a/b\n0::/\n", "/sys/fs/cgroup/memory/a/b", false);
    check_found(V1, "4:memory:/\n", "/sys/fs/cgroup/memory", false);
    check_found(V1, "4:cpu,memory:/a:b\n", "/sys/fs/cgroup/memory/a:b", false);
    check_found(V1_BOTH, "4:memory,pids:/a", "/cg/mem/a", false);
    check_found(V2, "0::/user.slice/x\n", "/sys/fs/cgroup/user.slice/x", true);
    check_found(V2, "0::/\n", "/sys/fs/cgroup", true);
    /* hybrid: the controller's own hierarchy, wherever it comes in the list */
    check_found(V2 V1, "0::/two\n4:memory:/one\n", "/sys/fs/cgroup/memory/one", false);
    check_found(V1 V2, "4:memory:/one\n0::/two\n", "/sys/fs/cgroup/memory/one", false);
    check_found(V1 V2, "4:cpu:/one\n0::/two\n", "/sys/fs/cgroup/two", true);
    /* only a part of the hierarchy is mounted */
    check_found("1 2 0:1 /a /cg rw - cgroup2 c rw\n", "0::/a/b\n", "/cg/b", true);
    check_found("1 2 0:1 /a /cg rw - cgroup2 c rw\n", "0::/a\n", "/cg", true);
    check_found("1 2 0:1 /a /cg rw - cgroup2 c rw\n" V2, "0::/b\n", "/sys/fs/cgroup/b", true);
    /* escapes of the kernel */
    check_found("1 2 0:1 /a\\040b /c\\011\\134\\043d rw - cgroup2 c rw\n", "0::/a b/x y\n", "/c\t\\#d/x y", true);
    check_found("1 2 0:1 / /c\\ rw - cgroup2 c rw\n", "0::/a\n", "/c\\/a", true);
    check_found("1 2 0:1 / /c\\04 rw - cgroup2 c rw\n", "0::/a\n", "/c\\04/a", true);
}

static void test_locate_nothing(void **state)
{
    static const char *const memberships[] = {"",     "\n",     "0",     "0:",      "0::",          "::/\n",
                                              "4:/a", "0::a\n", "1:\n:", "4:cpu:/", "4:memoryx:/\n"};
    static const char *const mounts[] = {"",
                                         "\n",
                                         "32",
                                         "32 31 0:29 / /m rw",
                                         "32 31 0:29 / /m rw - cgroup2",
                                         "32 31 0:29 / /m rw - cgroup2 x",
                                         "32 31 0:29 / /m rw shared:9 cgroup2 x rw\n",
                                         "32 31 0:29 / m rw - cgroup2 x rw\n",
                                         "32 31 0:29 m /m rw - cgroup2 x rw\n",
                                         "32 31 0:29 / /m rw - cgroup x rw,memoryx\n",
                                         "32 31 0:29 / /m rw - tmpfs x rw,memory\n"};
    (void)state;
    for (size_t i = 0; i < sizeof(memberships) / sizeof(memberships[0]); i++) {
        if (strcmp(memberships[i], "::/\n") != 0) /* version 2 is known by having no controllers */
            check_found(V1 V2, memberships[i], NULL, false);
    }
    for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
        check_found(mounts[i], "0::/\n", NULL, false);
    check_found(V1, "0::/\n", NULL, false);
    check_found(V2, "4:memory:/\n", NULL, false);
    /* not in what is mounted; a name is not a prefix */
    check_found("1 2 0:1 /a /cg rw - cgroup2 c rw\n", "0::/ab\n", NULL, false);
    check_found("1 2 0:1 /a /cg rw - cgroup2 c rw\n", "0::/\n", NULL, false);
    /* outside of our cgroup namespace */
    check_found(V2, "0::/..\n", NULL, false);
    check_found(V2, "0::/../x\n", NULL, false);
    check_found("1 2 0:1 /.. /cg rw - cgroup2 c rw\n", "0::/\n", NULL, false);
    check_found("1 2 0:1 /../.. /cg rw - cgroup2 c rw\n", "0::/\n", NULL, false);
    check_found("1 2 0:1 /../../a /cg rw - cgroup2 c rw\n", "0::/../../a/b\n", NULL, false);
    check_found(V2, "0::/..x/y..\n", "/sys/fs/cgroup/..x/y..", true);
}

/* Every beginning of a text, as a reader that is cut short would have it. */
static void test_locate_cut(void **state)
{
    static const char mounts[] = V1 V2 "1 2 0:1 /a\\040b /c\\011\\134d rw - cgroup2 c rw\n";
    static const char membership[] = "4:memory:/a\\040b\n0::/a b/c\n";
    (void)state;
    for (size_t m = 0; m <= sizeof(mounts); m++) {
        char *cut_mounts = strndup(mounts, m);
        for (size_t n = 0; n <= sizeof(membership); n++) {
            char *cut = strndup(membership, n);
            struct cgroup_candidate found[4];
            size_t count = cgroup_locate(cut_mounts, cut, "memory", found, 4);
            for (size_t i = 0; i < count; i++)
                cgroup_candidate_free(&found[i]);
            free(cut);
        }
        free(cut_mounts);
    }
}

/* ---- beside our own ---- */

/* Looks at a group with one file of this text. */
static int check_beside(const char *name, const char *text, struct postern_error *error)
{
    char directory[] = "/tmp/postern-cgroup-XXXXXX", file[64];
    assert_non_null(mkdtemp(directory));
    snprintf(file, sizeof(file), "%s/%s", directory, name);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
    int result = cgroup_check_beside(directory, error);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(directory), 0);
    return result;
}

static void test_no_limit_is_left_behind(void **state)
{
    static const struct {
        const char *name, *text;
        bool limited;
    } cases[] = {{"memory.max", "max\n", false},
                 {"memory.max", "1073741824\n", true},
                 {"memory.max", "0\n", true},
                 {"memory.high", "4096\n", true},
                 {"pids.max", "max\n", false},
                 {"pids.max", "100\n", true},
                 {"cpu.max", "max 100000\n", false},
                 {"cpu.max", "50000 100000\n", true},
                 {"cpuset.cpus", "\n", false},
                 {"cpuset.cpus", "0-1\n", true},
                 {"io.max", "", false},
                 {"io.max", "8:0 rbps=1024 wbps=max\n", true},
                 {"memory.current", "4096\n", false},
                 {"cpu.weight", "100\n", false}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct postern_error error = {0};
        int result = check_beside(cases[i].name, cases[i].text, &error);
        if (result != (cases[i].limited ? POSTERN_E_UNSUPPORTED : POSTERN_OK))
            fail_msg("%s %s: %d", cases[i].name, cases[i].text, result);
        if (cases[i].limited && !strstr(error.message, cases[i].name))
            fail_msg("%s: %s", cases[i].name, error.message);
    }
    struct postern_error error = {0};
    assert_int_equal(cgroup_check_beside("/tmp/postern-no-such-group", &error), POSTERN_E_UNSUPPORTED);
}

/* ---- real ones ---- */

static struct cgroup_host host;
static os_handle keeper = OS_HANDLE_NONE;

static void need_groups(bool processes)
{
    struct postern_error error = {0};
    cgroup_host_free(&host);
    if (cgroup_find(&host, &error) != 0)
        SKIP_BECAUSE(error.message);
    if (processes && !host.processes.path)
        SKIP_BECAUSE("no control groups for processes");
    if (keeper == OS_HANDLE_NONE)
        keeper = open(test_bin_path("postern-keeper"), O_PATH | O_CLOEXEC);
    assert_true(keeper >= 0);
}

static struct cgroup *create(uint64_t memory, uint64_t processes)
{
    struct cgroup *cgroup = NULL;
    struct postern_error error = {0};
    if (cgroup_create(&host, memory, processes, keeper, &cgroup, &error) != 0)
        fail_msg("%s", error.message);
    return cgroup;
}

static void enter(const struct cgroup *cgroup)
{
    os_handle files[CGROUP_FILES_MAX];
    size_t count = cgroup_files(cgroup, files);
    for (size_t i = 0; i < count; i++) {
        if (write((int)files[i], "0", 1) != 1)
            _exit(99);
    }
}

/* Wait status of a process in the group that does `work`. */
static int run_in(const struct cgroup *cgroup, void (*work)(void))
{
    int status = -1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(20);
        enter(cgroup);
        work();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void take_64_megabytes(void)
{
    size_t size = 64 << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t at = 0; memory != MAP_FAILED && at < size; at += 4096)
        memory[at] = 1;
    if (memory == MAP_FAILED)
        _exit(5);
}

static void test_memory(void **state)
{
    (void)state;
    need_groups(false);
    struct cgroup *small = create(32 << 20, 0);
    struct cgroup *large = create(256 << 20, 0);
    assert_int_equal(groups_of(getpid()), 2);
    int killed = run_in(small, take_64_megabytes);
    assert_true(WIFSIGNALED(killed) && WTERMSIG(killed) == SIGKILL);
    assert_int_equal(run_in(large, take_64_megabytes), 0);
    cgroup_remove(small);
    cgroup_remove(large);
    assert_int_equal(groups_of(getpid()), 0);
}

static int forked; /* how many the child could have */

static void fork_ten(void)
{
    int ends[2];
    if (pipe(ends) != 0)
        _exit(98);
    for (forked = 0; forked < 10; forked++) {
        pid_t child = fork();
        if (child == 0) {
            char byte;
            close(ends[1]);
            _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
        }
        if (child < 0)
            break;
    }
    close(ends[1]);
    while (wait(NULL) > 0)
        continue;
    _exit(forked);
}

static void test_processes(void **state)
{
    (void)state;
    need_groups(true);
    struct cgroup *cgroup = create(128 << 20, 5);
    int status = run_in(cgroup, fork_ten);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 4);
    cgroup_remove(cgroup);
    cgroup = create(128 << 20, 50);
    status = run_in(cgroup, fork_ten);
    assert_int_equal(WEXITSTATUS(status), 10);
    cgroup_remove(cgroup);
    assert_int_equal(groups_of(getpid()), 0);
}

static void test_groups_that_cannot_be_made(void **state)
{
    struct cgroup *cgroup = NULL;
    struct postern_error error = {0};
    (void)state;
    need_groups(false);
    struct cgroup_host gone = {.memory = {"/nonexistent", host.memory.unified}};
    assert_int_equal(cgroup_create(&gone, 1 << 20, 0, keeper, &cgroup, &error), POSTERN_E_CONFINE);
    assert_int_equal(error.os_error, ENOENT);
    gone.memory.path = "/tmp";
    assert_int_equal(cgroup_create(&gone, 1 << 20, 0, keeper, &cgroup, &error), POSTERN_E_CONFINE);
    /* no sweeper, no group */
    os_handle no_program = open("/dev/null", O_PATH | O_CLOEXEC);
    assert_int_not_equal(cgroup_create(&host, 1 << 20, 0, no_program, &cgroup, &error), 0);
    close((int)no_program);
    assert_int_equal(groups_of(getpid()), 0);
    assert_null(cgroup);
}

/* The parent and its keeper, which has the guard, as processes of a test. */
static pid_t start_parent(int *ready)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        setpgid(0, 0);
        struct cgroup *cgroup = create(64 << 20, 0);
        pid_t runner = fork();
        if (runner == 0) {
            enter(cgroup);
            if (write(ends[1], "r", 1) != 1)
                _exit(97);
            for (;;)
                pause();
        }
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    *ready = ends[0];
    return parent;
}

static void test_removed_after_a_kill(void **state)
{
    int ready, status;
    (void)state;
    need_groups(false);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    pid_t parent = start_parent(&ready);
    assert_int_equal(groups_of(parent), 1);
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_int_equal(groups_of(parent), 1); /* somebody is in it */
    assert_int_equal(kill(-parent, SIGKILL), 0);
    /* runner and sweeper come to us */
    alarm(40);
    while (waitpid(-1, &status, 0) > 0)
        continue;
    alarm(0);
    assert_int_equal(groups_of(parent), 0);
    close(ready);
}

static int tear_down(void **state)
{
    (void)state;
    cgroup_host_free(&host);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_locate),
                                       cmocka_unit_test(test_locate_nothing),
                                       cmocka_unit_test(test_locate_cut),
                                       cmocka_unit_test(test_no_limit_is_left_behind),
                                       cmocka_unit_test(test_memory),
                                       cmocka_unit_test(test_processes),
                                       cmocka_unit_test(test_groups_that_cannot_be_made),
                                       cmocka_unit_test(test_removed_after_a_kill)};
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
