/*
 * snapshot_linux.c - see snapshot_linux.h. Linked to every test program on Linux.
 */
#include "tests/support/snapshot_linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "shared/text.h"
#include "tests/support/sandbox.h"

#define USERS "/run/postern/users" /* stays, with its directory: it is what sandbox users are locked by */
enum { USER_FIRST = 60706, USER_LAST = 61183 };

static const char *const fresh_places[] = {"/tmp", "/var/tmp", "/run", "/dev/shm", NULL};

/* ---- a world of one's own ---- */

static int be_init(int (*body)(void))
{
    int status = 0, result = 1;
    pid_t gone, child;
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0 || (child = fork()) < 0)
        return 1;
    if (child == 0) {
        result = body();
        fflush(NULL);
        _exit(result);
    }
    while ((gone = waitpid(-1, &status, 0)) > 0 || errno == EINTR)
        if (gone == child) {
            result = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
            break;
        }
    return result;
}

/* A tree that was built beneath one of the places has to stay in sight: its directory, taken before and put back. */
static bool cover_places(void)
{
    char *built = realpath(test_bin_dir(), NULL);
    int tree = built ? open_tree(AT_FDCWD, built, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC) : -1;
    bool covered = tree >= 0;
    for (size_t i = 0; covered && fresh_places[i]; i++)
        covered = access(fresh_places[i], F_OK) != 0 ||
                  mount("fresh", fresh_places[i], "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") == 0;
    covered = covered && chmod("/run", 0755) == 0;
    if (covered && access(built, F_OK) != 0) {
        for (char *slash = strchr(built + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
            *slash = '\0';
            mkdir(built, 0755);
            *slash = '/';
        }
        covered = mkdir(built, 0755) == 0 && move_mount(tree, "", AT_FDCWD, built, MOVE_MOUNT_F_EMPTY_PATH) == 0;
    }
    if (tree >= 0)
        close(tree);
    free(built);
    return covered;
}

int snapshot_isolate(int (*body)(void))
{
    int status = 0;
    if (geteuid() != 0)
        return -1;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        bool alone = unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC) == 0 &&
                     mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
        alone = alone && cover_places();
        pid_t init = alone ? fork() : -1;
        if (init == 0)
            _exit(be_init(body));
        if (init < 0 || waitpid(init, &status, 0) != init)
            _exit(100);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return 1;
    return WEXITSTATUS(status) == 100 ? -1 : WEXITSTATUS(status);
}

/* ---- the lines ---- */

static struct strings *lines; /* nftw() takes no context */

static void add(char *line)
{
    assert_true(strings_add_owned(lines, line));
}

/* Lines of a file that hold `word`; all with NULL. */
static void add_lines(const char *path, const char *word)
{
    char line[4096];
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (!word || strstr(line, word))
            add(text_format("%s: %s", path, line));
    }
    if (file)
        fclose(file);
}

static int add_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    char attributes[256] = "";
    (void)type;
    (void)ftw;
    if (strcmp(path, "/run/postern") == 0 || strcmp(path, USERS) == 0)
        return 0;
    ssize_t size = llistxattr(path, attributes, sizeof(attributes));
    /* a directory's size and times change when something comes and goes in it; a file's tell that it was touched */
    bool file = S_ISREG(status->st_mode);
    add(text_format("entry %s: mode %o, owner %u:%u, size %lld, links %lu, time %lld.%09ld, attributes %zd %s", path,
                    status->st_mode, status->st_uid, status->st_gid, file ? (long long)status->st_size : 0,
                    file ? (unsigned long)status->st_nlink : 0, file ? (long long)status->st_mtim.tv_sec : 0,
                    file ? status->st_mtim.tv_nsec : 0, size, attributes));
    return 0;
}

static int add_group(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    if (type == FTW_D && strncmp(path + ftw->base, "postern-", 8) == 0)
        add(text_format("control group %s", path));
    return 0;
}

/* A process by what it runs, so that one that ends is not missed for one that starts, and its namespaces. */
static void add_process(const char *pid)
{
    static const char *const kinds[] = {"mnt", "pid", "ipc", "net", "user", "uts", "cgroup"};
    char path[64], name[64] = "", text[512];
    snprintf(path, sizeof(path), "/proc/%s/comm", pid);
    FILE *file = fopen(path, "re");
    if (!file || !fgets(name, sizeof(name), file))
        snprintf(name, sizeof(name), "?");
    if (file)
        fclose(file);
    name[strcspn(name, "\n")] = '\0';
    int length = snprintf(text, sizeof(text), "process %s %s:", pid, name);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, kinds[i]);
        ssize_t got = readlink(path, name, sizeof(name) - 1);
        name[got > 0 ? got : 0] = '\0';
        length += snprintf(text + length, sizeof(text) - (size_t)length, " %s", name);
    }
    add(text_duplicate(text));
}

static void add_processes(void)
{
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    while (directory && (entry = readdir(directory)))
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
            add_process(entry->d_name);
    if (directory)
        closedir(directory);
}

static void add_descriptors(void)
{
    char path[64], target[256];
    for (int fd = 0; fd < 256; fd++) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        ssize_t got = readlink(path, target, sizeof(target) - 1);
        if (got > 0) {
            target[got] = '\0';
            add(text_format("descriptor %d %s", fd, target));
        }
    }
}

static void add_locks(void)
{
    struct stat status;
    char inode[32];
    if (stat(USERS, &status) != 0)
        return;
    snprintf(inode, sizeof(inode), ":%lu ", (unsigned long)status.st_ino);
    add_lines("/proc/locks", inode);
}

static void add_keys_of_sandbox_users(void)
{
    char line[256];
    FILE *file = fopen("/proc/key-users", "re");
    while (file && fgets(line, sizeof(line), file)) {
        unsigned long user = strtoul(line, NULL, 10);
        if (user >= USER_FIRST && user <= USER_LAST)
            add(text_format("keys of %lu", user));
    }
    if (file)
        fclose(file);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void snapshot_take(const char *const *directories, struct strings *out)
{
    lines = out;
    add_lines("/proc/self/mountinfo", NULL);
    add_lines("/proc/sysvipc/shm", NULL);
    add_lines("/proc/sysvipc/sem", NULL);
    add_lines("/proc/sysvipc/msg", NULL);
    add_lines("/etc/passwd", NULL);
    add_lines("/etc/group", NULL);
    add_lines("/proc/sys/kernel/hostname", NULL);
    add_locks();
    add_keys_of_sandbox_users();
    add_processes();
    add_descriptors();
    nftw("/sys/fs/cgroup", add_group, 16, FTW_PHYS);
    for (size_t i = 0; fresh_places[i]; i++)
        nftw(fresh_places[i], add_entry, 16, FTW_PHYS | FTW_MOUNT);
    for (; *directories; directories++)
        nftw(*directories, add_entry, 16, FTW_PHYS);
    qsort(out->item, out->count, sizeof(out->item[0]), by_text);
}

/* Prints what only one of the two sorted lists has; how many lines that are. */
static size_t compare(const struct strings *before, const struct strings *after, bool print)
{
    size_t i = 0, k = 0, differences = 0;
    while (i < before->count || k < after->count) {
        int order = i == before->count ? 1 : k == after->count ? -1 : strcmp(before->item[i], after->item[k]);
        if (order != 0) {
            differences++;
            if (print)
                print_error("%c %s\n", order < 0 ? '-' : '+', order < 0 ? before->item[i] : after->item[k]);
        }
        i += order <= 0;
        k += order >= 0;
    }
    return differences;
}

void snapshot_expect(const char *const *directories, struct strings *before, const char *when)
{
    enum { WAIT_MS = 6000 };
    uint64_t end = test_now_ms() + WAIT_MS;
    for (;;) {
        struct strings after = {0};
        snapshot_take(directories, &after);
        bool late = test_now_ms() > end;
        size_t differences = compare(before, &after, late);
        strings_free(&after);
        if (differences == 0)
            return;
        if (late)
            fail_msg("%zu lines differ after: %s", differences, when);
        host_sleep(5);
    }
}
