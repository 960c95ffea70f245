/*
 * escape_linux.c - a command that wants out: each mode tries one thing and says on stdout how it went. For
 * test_isolation_linux.c, which runs it confined, and as a control unconfined.
 * usage: escape_linux WHAT [ARGUMENT...]. Most exit with 0 if it worked, 1 if the system refused.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tests/support/host.h"

HOST_RUNS_CONFINED

static int outcome(const char *what, long result)
{
    if (result >= 0)
        printf("%s: worked\n", what);
    else
        printf("%s: %s\n", what, strerror(errno));
    return result >= 0 ? 0 : 1;
}

/* ---- outliving the session ---- */

static void ignore_all(void)
{
    for (int number = 1; number < 32; number++)
        signal(number, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
}

/* daemon MARK: the classic: fork, setsid, fork, close everything. Says "ready" once the daemon runs. */
static int do_daemon(char **argv)
{
    int ends[2];
    char byte = 0;
    (void)argv;
    if (pipe(ends) != 0)
        return 2;
    if (fork() == 0) {
        setsid();
        if (fork() != 0)
            _exit(0);
        ignore_all();
        for (int fd = 0; fd < 1024; fd++)
            if (fd != ends[1])
                close(fd);
        if (chdir("/") == 0 && write(ends[1], "r", 1) == 1)
            close(ends[1]);
        for (;;)
            pause();
    }
    close(ends[1]);
    if (read(ends[0], &byte, 1) != 1)
        return 2;
    printf("ready\n");
    return 0;
}

/* hydra MARK: twenty lines of processes, each of which only ever forks once and exits, in a session of its own: whoever
 * is seen is gone already. Says "ready" when all run, and stays. */
static int do_hydra(char **argv)
{
    int ends[2];
    (void)argv;
    if (pipe(ends) != 0)
        return 2;
    for (int line = 0; line < 20; line++) {
        if (fork() != 0)
            continue;
        ignore_all();
        signal(SIGCHLD, SIG_IGN);
        for (long generation = 0;; generation++) {
            pid_t child = fork();
            if (child > 0)
                _exit(0);
            setsid();
            if (generation == 3 && write(ends[1], "r", 1) != 1)
                _exit(1);
        }
    }
    for (int line = 0; line < 20; line++) {
        char byte;
        if (read(ends[0], &byte, 1) != 1)
            return 2;
    }
    printf("ready\n");
    fflush(stdout);
    for (;;)
        pause();
}

/* bomb LIMIT MARK: forks until the system refuses, or until there are LIMIT. Says "COUNT refused" or "COUNT unlimited",
 * and all of them stay. */
static int do_bomb(char **argv)
{
    unsigned limit = argv[0] ? (unsigned)strtoul(argv[0], NULL, 10) : 100;
    unsigned *count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (count == MAP_FAILED)
        return 2;
    for (;;) {
        if (__atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST) > limit) {
            printf("%u unlimited\n", limit);
            break;
        }
        pid_t child = fork();
        if (child < 0) {
            printf("%u refused\n", __atomic_load_n(count, __ATOMIC_SEQ_CST));
            break;
        }
        if (child == 0 && __atomic_load_n(count, __ATOMIC_SEQ_CST) % 2 == 0)
            setsid();
        if (child > 0) /* the child goes on forking, we stay */
            for (;;)
                pause();
    }
    fflush(stdout);
    for (;;)
        pause();
}

/* killall NAMESPACE: SIGKILL to everybody we may, unless that is the given pid namespace: the host's. */
static int do_killall(char **argv)
{
    char own[64] = "";
    if (!argv[0] || readlink("/proc/self/ns/pid", own, sizeof(own) - 1) <= 0 || strcmp(own, argv[0]) == 0)
        return 2;
    return outcome("kill", kill(-1, SIGKILL));
}

/* freeze NAMESPACE: SIGSTOP to everybody we may, and stays; unless that is the host's pid namespace. */
static int do_freeze(char **argv)
{
    char own[64] = "";
    if (!argv[0] || readlink("/proc/self/ns/pid", own, sizeof(own) - 1) <= 0 || strcmp(own, argv[0]) == 0)
        return 2;
    kill(-1, SIGSTOP);
    for (;;)
        pause();
}

/* ---- other processes ---- */

/* seize PID: to trace it; ends by itself with us. */
static int do_seize(char **argv)
{
    pid_t pid = (pid_t)strtol(argv[0], NULL, 10);
    return outcome("ptrace", ptrace(PTRACE_SEIZE, pid, NULL, NULL));
}

static int try_open(const char *pid, const char *name, int flags)
{
    char path[300], byte;
    snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
    int file = open(path, flags);
    /* the right is checked at the first use of some of them */
    bool opened = file >= 0 && (strcmp(name, "environ") != 0 || read(file, &byte, 1) >= 0);
    if (opened)
        printf("%s\n", path);
    if (file >= 0)
        close(file);
    return opened ? 1 : 0;
}

/* memory PID: its memory, environment, descriptors and root. Exits with 0 if any could be had. */
static int do_memory(char **argv)
{
    static const struct {
        const char *name;
        int flags;
    } files[] = {{"mem", O_RDWR},     {"mem", O_RDONLY},     {"environ", O_RDONLY}, {"maps", O_RDONLY},
                 {"fd", O_DIRECTORY}, {"root", O_DIRECTORY}, {"cwd", O_DIRECTORY},  {"fdinfo", O_DIRECTORY}};
    int opened = 0;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        opened += try_open(argv[0], files[i].name, files[i].flags);
    return opened > 0 ? 0 : 1;
}

/* neighbours: the same for every process but ourselves; prints what could be had. */
static int do_neighbours(char **argv)
{
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    int opened = 0, seen = 0;
    (void)argv;
    while (directory && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || atoi(entry->d_name) == getpid())
            continue;
        seen++;
        opened += try_open(entry->d_name, "mem", O_RDWR) + try_open(entry->d_name, "environ", O_RDONLY);
    }
    printf("%d seen\n", seen);
    return opened > 0 ? 0 : 1;
}

/* ---- the terminal ---- */

/* type: puts characters into the input of our own terminal, in the ways there are. The request is 32 bits wide for the
 * kernel, but a register has 64: what a filter compares must be what the kernel uses. */
static int do_type(char **argv)
{
    static const unsigned long requests[] = {TIOCSTI, TIOCSTI | 0x100000000ul, TIOCSTI | 0xffffffff00000000ul};
    int worked = 0;
    (void)argv;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        worked += outcome("TIOCSTI", syscall(SYS_ioctl, 0, requests[i], "x")) == 0;
    return worked > 0 ? 0 : 1;
}

/* ---- files ---- */

/* make PATH */
static int do_make(char **argv)
{
    return outcome(argv[0], open(argv[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

/* read PATH */
static int do_read(char **argv)
{
    char byte;
    int file = open(argv[0], O_RDONLY | O_CLOEXEC);
    return outcome(argv[0], file >= 0 ? read(file, &byte, 1) : -1);
}

/* setid DIRECTORY: a file with a set-user-id bit, in every way there is. Exits with 0 if one got it. */
static int do_setid(char **argv)
{
    char path[300];
    struct stat status;
    int worked = 0, file;
    snprintf(path, sizeof(path), "%s/setid-%d", argv[0], (int)getpid());
    file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 04755);
    worked += outcome("open", file) == 0 && fstat(file, &status) == 0 && (status.st_mode & S_ISUID);
    if (file >= 0)
        close(file);
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0755);
    worked += outcome("chmod", chmod(path, 04755)) == 0;
    worked += outcome("fchmod", fchmod(file, 02755)) == 0;
    worked += outcome("fchmodat", fchmodat(AT_FDCWD, path, 06755, 0)) == 0;
    worked += outcome("fchmodat2", syscall(452, AT_FDCWD, path, 04755, 0)) == 0;
    unlink(path);
    worked += outcome("mknod", mknod(path, S_IFREG | 04755, 0)) == 0 && stat(path, &status) == 0 &&
              (status.st_mode & S_ISUID);
    unlink(path);
    worked += outcome("a device", mknod(path, S_IFCHR | 0666, 0x103)) == 0;
    unlink(path);
    return worked > 0 ? 0 : 1;
}

/* ---- the network ---- */

/* connect PORT: to the loopback interface. */
static int do_connect(char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(argv[0], NULL, 10))};
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return outcome("connect", file >= 0 ? connect(file, (struct sockaddr *)&address, sizeof(address)) : -1);
}

/* abstract NAME: to a socket of the kernel's own name space. */
static int do_abstract(char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t length = strlen(argv[0]);
    memcpy(address.sun_path + 1, argv[0], length);
    return outcome("connect", file >= 0 ? connect(file, (struct sockaddr *)&address,
                                                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length))
                                        : -1);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int arguments;
        int (*run)(char **argv);
    } modes[] = {{"daemon", 1, do_daemon},   {"hydra", 1, do_hydra},
                 {"bomb", 2, do_bomb},       {"killall", 1, do_killall},
                 {"freeze", 1, do_freeze},   {"seize", 1, do_seize},
                 {"memory", 1, do_memory},   {"neighbours", 0, do_neighbours},
                 {"type", 0, do_type},       {"make", 1, do_make},
                 {"read", 1, do_read},       {"setid", 1, do_setid},
                 {"connect", 1, do_connect}, {"abstract", 1, do_abstract}};
    for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++)
        if (strcmp(argv[1], modes[i].name) == 0 && argc == 2 + modes[i].arguments)
            return modes[i].run(argv + 2);
    fprintf(stderr, "escape_linux: it is not known what to do\n");
    return 98;
}
