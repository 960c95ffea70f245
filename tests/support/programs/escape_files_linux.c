/*
 * escape_files_linux.c - a command that goes for files it was not given. For test_escape_files_linux.c.
 * usage: escape_files_linux ATTEMPT BASE. Of what is beneath BASE (see that test) `work` is where it may write, but for
 * work/ro, work/deep/ro and work/.git; so is `tree`, whose .git points to tree/meta/git; `outside` everybody may write
 * and a sandbox may not; `secret`, `secret.txt`, work/no, work/deep/no and work/no.txt are denied, but work/no/yes is
 * not.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/support/host.h"
#include "tests/support/host_attempt_linux.h"

HOST_RUNS_CONFINED

#define AT attempt_path

static void tell_both(const char *way, bool worked, const char *leftover)
{
    attempt_tell(way, worked);
    unlink(leftover);
}

static void point(const char *target, const char *link)
{
    if (symlink(target, link) != 0)
        exit(97); /* in the workspace that has to work anywhere */
}

/* What is to be got at, by its own name. */
static void try_plainly(char **argv)
{
    const char *const written[] = {"outside/open",     "work/ro/file", "work/deep/ro/file",
                                   "work/.git/config", "tree/.git",    "tree/meta/git/config"};
    const char *const read[] = {"secret/file", "secret.txt", "work/no/file", "work/deep/no/file", "work/no.txt"};
    const char *const made[] = {"outside/new", "work/ro/new",      "work/.git/hooks/new",
                                "work/no/new", "work/deep/no/new", "secret/new"};
    char way[128];
    for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
        snprintf(way, sizeof(way), "write %s", written[i]);
        attempt_tell(way, attempt_changes(AT(argv[0], written[i])));
        snprintf(way, sizeof(way), "truncate %s", written[i]);
        attempt_tell_result(way, truncate(AT(argv[0], written[i]), 1));
    }
    for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++) {
        snprintf(way, sizeof(way), "read %s", read[i]);
        attempt_tell(way, attempt_reads(AT(argv[0], read[i])));
    }
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        snprintf(way, sizeof(way), "make %s", made[i]);
        attempt_tell(way, attempt_makes(AT(argv[0], made[i])));
    }
}

static void try_dots(char **argv)
{
    attempt_tell("relative", attempt_changes("../outside/open"));
    attempt_tell("absolute", attempt_changes(AT(argv[0], "work/../outside/open")));
    attempt_tell("through what is given", attempt_changes(AT(argv[0], "work/no/yes/../../../outside/open")));
    attempt_tell("to what is denied", attempt_reads(AT(argv[0], "work/no/yes/../file")));
    attempt_tell("to what is read-only", attempt_changes(AT(argv[0], "work/no/yes/../../ro/file")));
    attempt_tell("of a descriptor", attempt_changes("/proc/self/cwd/../outside/open"));
    int directory = open(AT(argv[0], "work/no/yes"), O_PATH | O_DIRECTORY | O_CLOEXEC);
    attempt_tell_file("openat", openat(directory, "../file", O_RDONLY | O_CLOEXEC));
    close(directory);
}

static void try_symlinks(char **argv)
{
    const char *link = AT(argv[0], "work/link");
    point(AT(argv[0], "outside/open"), link);
    tell_both("to a file", attempt_changes(link), link);
    point("../outside", link);
    attempt_tell("to a directory", attempt_makes(AT(argv[0], "work/link/new")));
    tell_both("to a directory, truncate", truncate(AT(argv[0], "work/link/open"), 1) == 0, link);
    point("ro/file", link);
    tell_both("to a read-only file", attempt_changes(link), link);
    point(".git/config", link);
    tell_both("to a protected file", attempt_changes(link), link);
    point(AT(argv[0], "secret/file"), link);
    tell_both("to a denied file", attempt_reads(link), link);
    point("no", link);
    tell_both("to a denied directory", attempt_reads(AT(argv[0], "work/link/file")), link);
    point("/proc/self/root", link);
    char path[1100];
    snprintf(path, sizeof(path), "%s%s", link, AT(argv[0], "outside/open"));
    tell_both("to a root", attempt_changes(path), link);
}

/* Makes a second name in the workspace, and does through it what the first does not allow. */
static void link_and(const char *way, const char *from, const char *to, bool write)
{
    bool worked = link(from, to) == 0 && (write ? attempt_changes(to) : attempt_reads(to));
    tell_both(way, worked, to);
}

static void try_hardlinks(char **argv)
{
    const char *to = AT(argv[0], "work/link");
    char path[64];
    link_and("of a file outside", AT(argv[0], "outside/open"), to, true);
    link_and("of a read-only file", AT(argv[0], "work/ro/file"), to, true);
    link_and("of a deep read-only file", AT(argv[0], "work/deep/ro/file"), AT(argv[0], "work/deep/link"), true);
    link_and("of a protected file", AT(argv[0], "work/.git/config"), to, true);
    link_and("of a denied file", AT(argv[0], "work/no/file"), to, false);
    link_and("of a masked file", AT(argv[0], "work/no.txt"), to, false);
    link_and("of a secret", AT(argv[0], "secret.txt"), to, false);
    int file = open(AT(argv[0], "work/ro/file"), O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    bool linked = linkat(AT_FDCWD, path, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0;
    tell_both("of a descriptor", linked && attempt_changes(to), to);
    close(file);
    linked = link(AT(argv[0], "work/mine"), AT(argv[0], "outside/link")) == 0;
    tell_both("into a directory outside", linked, AT(argv[0], "outside/link"));
    linked = link(AT(argv[0], "work/mine"), AT(argv[0], "work/.git/hooks/link")) == 0;
    tell_both("into a protected directory", linked, AT(argv[0], "work/.git/hooks/link"));
    file = open(AT(argv[0], "work"), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    linked = linkat(AT_FDCWD, path, AT_FDCWD, AT(argv[0], "outside/link"), AT_SYMLINK_FOLLOW) == 0;
    tell_both("of a file without a name", linked, AT(argv[0], "outside/link"));
    close(file);
}

/* Moves, and back again where it worked. */
static void move(const char *way, const char *from, const char *to, unsigned flags)
{
    bool worked = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags) == 0;
    attempt_tell(way, worked);
    if (worked)
        syscall(SYS_renameat2, AT_FDCWD, to, AT_FDCWD, from, flags);
}

static void try_renames(char **argv)
{
    const char *mine = AT(argv[0], "work/mine"), *folder = AT(argv[0], "work/folder"), *to = AT(argv[0], "work/moved");
    move("out of the workspace", mine, AT(argv[0], "outside/moved"), 0);
    move("into the workspace", AT(argv[0], "outside/open"), to, 0);
    move("a directory out", folder, AT(argv[0], "outside/moved"), 0);
    move("a directory in", AT(argv[0], "outside/folder"), to, 0);
    move("exchanged with one outside", mine, AT(argv[0], "outside/open"), RENAME_EXCHANGE);
    to = AT(argv[0], "work/moved");
    move("a read-only directory", AT(argv[0], "work/ro"), to, 0);
    move("a read-only directory, exchanged", AT(argv[0], "work/ro"), folder, RENAME_EXCHANGE);
    move("a file of it", AT(argv[0], "work/ro/file"), to, 0);
    move("a protected directory", AT(argv[0], "work/.git"), to, 0);
    move("a protected directory, exchanged", AT(argv[0], "work/.git"), folder, RENAME_EXCHANGE);
    move("a file of it, exchanged", AT(argv[0], "work/.git/config"), AT(argv[0], "work/mine"), RENAME_EXCHANGE);
    to = AT(argv[0], "work/moved");
    move("a denied directory", AT(argv[0], "work/no"), to, 0);
    move("a denied file", AT(argv[0], "work/no.txt"), to, 0);
    move("a denied file, exchanged", AT(argv[0], "work/no.txt"), AT(argv[0], "work/mine"), RENAME_EXCHANGE);
    move("the workspace", AT(argv[0], "work"), AT(argv[0], "moved"), 0);
    move("onto a read-only file", AT(argv[0], "work/mine"), AT(argv[0], "work/ro/file2"), 0);
}

/* The way to what must stay as it is: whoever moves a directory above it can put another one in its place. */
static void try_renames_above(char **argv)
{
    const char *deep = AT(argv[0], "work/deep"), *away = AT(argv[0], "work/away");
    bool moved = rename(deep, away) == 0;
    attempt_tell("a directory that leads to a read-only one", moved);
    attempt_tell("what is denied, by its new name", attempt_reads(AT(argv[0], "work/away/no/file")));
    attempt_tell("what is read-only, by its new name", attempt_changes(AT(argv[0], "work/away/ro/file")));
    if (moved)
        (void)!rename(away, deep);
    move("a directory that leads to where .git points", AT(argv[0], "tree/meta"), AT(argv[0], "tree/away"), 0);
    move("the same, exchanged", AT(argv[0], "tree/meta"), AT(argv[0], "tree/other"), RENAME_EXCHANGE);
}

static void try_removing(char **argv)
{
    const char *const directories[] = {"work/ro", "work/.git", "work/no", "work/no/yes", "work/deep/ro"};
    char way[128];
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        snprintf(way, sizeof(way), "remove %s", directories[i]);
        /* a directory that is not empty cannot be removed by anybody: that is far enough */
        attempt_tell(way, rmdir(AT(argv[0], directories[i])) == 0 || errno == ENOTEMPTY);
    }
    attempt_tell_result("unlink work/ro/file2", unlink(AT(argv[0], "work/ro/file2")));
    attempt_tell_result("unlink work/.git/hooks/old", unlink(AT(argv[0], "work/.git/hooks/old")));
    attempt_tell_result("unlink work/no/file2", unlink(AT(argv[0], "work/no/file2")));
    attempt_tell_result("unlink outside/file2", unlink(AT(argv[0], "outside/file2")));
}

/* Modes, owners, times and attributes are changed without opening anything. */
static void try_metadata(char **argv)
{
    const char *const files[] = {"outside/own", "work/ro/file", "work/.git/config", "work/.git/hooks", "work/no"};
    char way[128];
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        const char *path = AT(argv[0], files[i]);
        struct stat status = {0};
        stat(path, &status);
        snprintf(way, sizeof(way), "mode of %s", files[i]);
        attempt_tell_result(way, chmod(path, S_ISDIR(status.st_mode) ? 0755 : 0644));
        snprintf(way, sizeof(way), "times of %s", files[i]);
        attempt_tell_result(way, utimensat(AT_FDCWD, path, NULL, 0));
        snprintf(way, sizeof(way), "owner of %s", files[i]);
        attempt_tell_result(way, lchown(path, (uid_t)-1, status.st_gid));
        snprintf(way, sizeof(way), "attribute of %s", files[i]);
        attempt_tell_result(way, setxattr(path, "user.postern", "x", 1, 0));
        int file = open(path, O_RDONLY | O_CLOEXEC), flags = 0;
        snprintf(way, sizeof(way), "flags of %s", files[i]);
        bool known = file >= 0 && ioctl(file, FS_IOC_GETFLAGS, &flags) == 0;
        attempt_tell(way, known && ioctl(file, FS_IOC_SETFLAGS, &flags) == 0);
        if (file >= 0)
            close(file);
    }
}

/* A descriptor with few rights as the way to one with more. */
static void try_descriptors(char **argv)
{
    const char *const files[] = {"outside/open", "work/ro/file", "work/.git/config"};
    char way[128], path[64];
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        for (int only_path = 0; only_path < 2; only_path++) {
            int file = open(AT(argv[0], files[i]), (only_path ? O_PATH : O_RDONLY) | O_CLOEXEC);
            snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
            snprintf(way, sizeof(way), "%s by %s", files[i], only_path ? "path" : "reading");
            attempt_tell(way, file >= 0 && attempt_changes(path));
            close(file);
        }
    }
    int directory = open(AT(argv[0], "outside"), O_PATH | O_DIRECTORY | O_CLOEXEC);
    attempt_tell("fchdir", fchdir(directory) == 0 && attempt_changes("open"));
    attempt_tell("fchdir, make", attempt_makes("new"));
    close(directory);
    directory = open(AT(argv[0], "work/no"), O_PATH | O_DIRECTORY | O_CLOEXEC);
    attempt_tell("fchdir to what is denied", fchdir(directory) == 0 && attempt_reads("file"));
    attempt_tell_file("openat of what is denied", openat(directory, "file", O_RDONLY | O_CLOEXEC));
    close(directory);
    attempt_tell("/proc/self/root", attempt_changes(AT("/proc/self/root", AT(argv[0], "outside/open"))));
    attempt_tell("/proc/self/root/..", attempt_changes(AT("/proc/self/root/..", AT(argv[0], "outside/open"))));
    attempt_tell("/proc/thread-self/root", attempt_reads(AT("/proc/thread-self/root", AT(argv[0], "secret.txt"))));
    (void)!chdir(AT(argv[0], "work"));
}

static void try_handles(char **argv)
{
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } file = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
    int mount_id, here = open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int named = name_to_handle_at(AT_FDCWD, AT(argv[0], "outside/open"), &file.handle, &mount_id, 0);
    attempt_tell_result("name_to_handle_at", named);
    if (named != 0) /* a made-up one: how far it gets tells as much */
        file.handle = (struct file_handle){.handle_bytes = 8, .handle_type = 1};
    int opened = open_by_handle_at(here, &file.handle, O_WRONLY | O_CLOEXEC);
    attempt_tell_reached("open_by_handle_at", opened);
    if (opened >= 0)
        close(opened);
    close(here);
}

/* With both ends, or there would have to be a reader. */
static bool changes_fifo(const char *path)
{
    int fifo = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    bool worked = fifo >= 0 && attempt_changes_file(fifo);
    int number = errno;
    if (fifo >= 0)
        close(fifo);
    errno = number;
    return worked;
}

static void try_fifo(char **argv)
{
    attempt_tell("a FIFO in a read-only directory", changes_fifo(AT(argv[0], "work/ro/fifo")));
}

/* What is no file to the kernel's read-only mounts. */
static void try_special(char **argv)
{
    const char *node = AT(argv[0], "work/node");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    attempt_tell("a FIFO outside", changes_fifo(AT(argv[0], "outside/fifo")));
    attempt_tell_result("making a FIFO outside", mkfifo(AT(argv[0], "outside/new"), 0600));
    unlink(AT(argv[0], "outside/new"));
    attempt_tell("a block device", mknod(node, S_IFBLK | 0666, makedev(254, 0)) == 0);
    unlink(node);
    attempt_tell("a character device", mknod(node, S_IFCHR | 0666, makedev(1, 1)) == 0);
    unlink(node);
    attempt_tell("a socket outside", mknod(AT(argv[0], "outside/new"), S_IFSOCK | 0666, 0) == 0);
    unlink(AT(argv[0], "outside/new"));
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", AT(argv[0], "outside/socket"));
    attempt_tell_result("a service outside",
                        file >= 0 ? connect(file, (struct sockaddr *)&address, sizeof(address)) : -1);
    if (file >= 0)
        close(file);
}

static int be_racer(void *context)
{
    const char *base = context;
    char away[1024], link[1024], name[1024];
    snprintf(name, sizeof(name), "%s/work/swap", base);
    snprintf(away, sizeof(away), "%s/work/swap-away", base);
    snprintf(link, sizeof(link), "%s/work/swap-link", base);
    for (;;)
        if (syscall(SYS_renameat2, AT_FDCWD, name, AT_FDCWD, link, RENAME_EXCHANGE) != 0)
            return errno;
}

/* A directory that is a link every other moment, to what may not be written. */
static void try_race(char **argv)
{
    enum { ROUNDS = 30000 };
    const char *const targets[] = {"../outside", "ro"};
    char way[128];
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        const char *target = i == 0 ? "outside/raced" : "work/ro/raced";
        bool worked = false;
        mkdir(AT(argv[0], "work/swap"), 0755);
        point(targets[i], AT(argv[0], "work/swap-link"));
        pid_t racer = fork();
        if (racer == 0)
            _exit(be_racer(argv[0]));
        for (int round = 0; round < ROUNDS && !worked; round++) {
            int file = open(AT(argv[0], "work/swap/raced"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
            if (file >= 0)
                close(file);
            worked = access(AT(argv[0], target), F_OK) == 0;
        }
        kill(racer, SIGKILL);
        waitpid(racer, NULL, 0);
        errno = EACCES;
        snprintf(way, sizeof(way), "to %s", target);
        attempt_tell(way, worked);
        unlink(AT(argv[0], "work/swap/raced"));
        unlink(AT(argv[0], "work/swap-link/raced"));
        unlink(AT(argv[0], target));
        unlink(AT(argv[0], "work/swap-link"));
        unlink(AT(argv[0], "work/swap"));
        rmdir(AT(argv[0], "work/swap-link"));
        rmdir(AT(argv[0], "work/swap"));
    }
}

/* What comes out of a program that has no name to go by. */
static void try_nameless_program(char **argv)
{
    static char block[65536];
    int program = memfd_create("program", MFD_CLOEXEC), self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    for (ssize_t got; self >= 0 && (got = read(self, block, sizeof(block))) > 0;)
        if (write(program, block, (size_t)got) != got)
            break;
    char *const arguments[] = {"nameless", "plain", argv[0], NULL}, *const environment[] = {NULL};
    pid_t child = fork();
    if (child == 0) {
        syscall(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
        attempt_tell("to run it", false);
        _exit(1);
    }
    waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
    static const struct attempt attempts[] = {
        {"plain", 1, try_plainly},
        {"dots", 1, try_dots},
        {"symlinks", 1, try_symlinks},
        {"hardlinks", 1, try_hardlinks},
        {"renames", 1, try_renames},
        {"above", 1, try_renames_above},
        {"removing", 1, try_removing},
        {"metadata", 1, try_metadata},
        {"descriptors", 1, try_descriptors},
        {"handles", 1, try_handles},
        {"special", 1, try_special},
        {"fifo", 1, try_fifo},
        {"race", 1, try_race},
        {"nameless", 1, try_nameless_program},
    };
    return attempt_main(argc, argv, attempts, sizeof(attempts) / sizeof(attempts[0]));
}
