/*
 * sharing_linux.c - a command that holds whatever processes can share, and one that comes to visit. For
 * test_two_sandboxes_linux.c.
 * usage: sharing_linux hold NAME            says "PID PORT FILE" once it holds all of it, and stays
 *        sharing_linux ATTEMPT NAME PID PORT FILE
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/host.h"
#include "tests/support/host_attempt_linux.h"

HOST_RUNS_CONFINED

#define AT attempt_path
enum { KEY = 0x70017001 };

static socklen_t abstract_address(struct sockaddr_un *address, const char *name)
{
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    int length = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "%s", name);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

static const char *temporary(void)
{
    const char *directory = getenv("TMPDIR");
    return directory ? directory : "/tmp";
}

static void hold_sockets(const char *name, unsigned *port)
{
    struct sockaddr_un local;
    struct sockaddr_in loopback = {.sin_family = AF_INET};
    socklen_t size = abstract_address(&local, name);
    int file = socket(AF_UNIX, SOCK_STREAM, 0);
    if (file >= 0 && bind(file, (struct sockaddr *)&local, size) == 0)
        listen(file, 8);
    snprintf(local.sun_path, sizeof(local.sun_path), "%s/%s.socket", temporary(), name);
    local.sun_family = AF_UNIX;
    file = socket(AF_UNIX, SOCK_STREAM, 0);
    if (file >= 0 && bind(file, (struct sockaddr *)&local, sizeof(local)) == 0)
        listen(file, 8);
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size = sizeof(loopback);
    file = socket(AF_INET, SOCK_STREAM, 0);
    if (file >= 0 && bind(file, (struct sockaddr *)&loopback, size) == 0 && listen(file, 8) == 0 &&
        getsockname(file, (struct sockaddr *)&loopback, &size) == 0)
        *port = ntohs(loopback.sin_port);
}

/* hold NAME. Everything for everybody, as far as modes go; what cannot be had is left out. */
static void hold(char **argv)
{
    char path[200], line[400];
    unsigned port = 0;
    umask(0);
    hold_sockets(argv[0], &port);
    shmget(KEY, 4096, IPC_CREAT | 0666);
    semget(KEY, 1, IPC_CREAT | 0666);
    msgget(KEY, IPC_CREAT | 0666);
    snprintf(path, sizeof(path), "/%s", argv[0]);
    mq_open(path, O_RDWR | O_CREAT, 0666, NULL);
    snprintf(path, sizeof(path), "/dev/shm/%s", argv[0]);
    (void)!write(open(path, O_WRONLY | O_CREAT, 0666), "x", 1);
    snprintf(path, sizeof(path), "/var/tmp/%s", argv[0]);
    (void)!write(open(path, O_WRONLY | O_CREAT, 0666), "x", 1);
    snprintf(path, sizeof(path), "%s/%s", temporary(), argv[0]);
    (void)!write(open(path, O_WRONLY | O_CREAT, 0666), "x", 1);
    int length = snprintf(line, sizeof(line), "%d %u %s\n", (int)getpid(), port, path);
    (void)!write(1, line, (size_t)length);
    for (;;)
        pause();
}

/* ---- the visitor. argv: NAME PID PORT FILE. The number is the other's only if the process has the name, too. ---- */

static bool is_it(const char *pid, const char *name)
{
    char line[4096];
    int file = open(AT(AT("/proc", pid), "cmdline"), O_RDONLY | O_CLOEXEC);
    ssize_t got = file >= 0 ? read(file, line, sizeof(line)) : -1;
    if (file >= 0)
        close(file);
    errno = ESRCH;
    return got > 0 && memmem(line, (size_t)got, "hold", 4) && memmem(line, (size_t)got, name, strlen(name));
}

static bool is_anywhere(const char *name)
{
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    bool found = false;
    while (directory && !found && (entry = readdir(directory)) != NULL)
        found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_it(entry->d_name, name);
    if (directory)
        closedir(directory);
    errno = ESRCH;
    return found;
}

static void visit_seen(char **argv)
{
    attempt_tell("by its number", is_it(argv[1], argv[0]));
    attempt_tell("anywhere", is_anywhere(argv[0]));
}

/* Only where the number is its own: else it would be one of ours that is asked. */
static void visit_touched(char **argv)
{
    pid_t pid = is_it(argv[1], argv[0]) ? (pid_t)strtol(argv[1], NULL, 10) : 0;
    if (pid == 0) {
        const char *const ways[] = {"signal", "process descriptor", "limits", "priority"};
        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
            errno = ESRCH;
            attempt_tell(ways[i], false);
        }
        return;
    }
    struct rlimit limit;
    attempt_tell_result("signal", kill(pid, 0));
    attempt_tell_file("process descriptor", (int)syscall(SYS_pidfd_open, pid, 0));
    attempt_tell_result("limits", prlimit(pid, RLIMIT_NOFILE, NULL, &limit));
    attempt_tell_result("priority", setpriority(PRIO_PROCESS, (id_t)pid, 0));
}

static void visit_sockets(char **argv)
{
    struct sockaddr_un local;
    struct sockaddr_in loopback = {.sin_family = AF_INET};
    socklen_t size = abstract_address(&local, argv[0]);
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    attempt_tell_result("abstract", file >= 0 ? connect(file, (struct sockaddr *)&local, size) : -1);
    close(file);
    memset(&local, 0, sizeof(local));
    local.sun_family = AF_UNIX;
    snprintf(local.sun_path, sizeof(local.sun_path), "%s.socket", argv[3]);
    file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    attempt_tell_result("named", file >= 0 ? connect(file, (struct sockaddr *)&local, sizeof(local)) : -1);
    close(file);
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    loopback.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    attempt_tell_result("loopback", file >= 0 ? connect(file, (struct sockaddr *)&loopback, sizeof(loopback)) : -1);
    close(file);
}

static void visit_ipc(char **argv)
{
    char name[128];
    attempt_tell_result("shared memory", shmget(KEY, 0, 0));
    attempt_tell_result("semaphores", semget(KEY, 0, 0));
    attempt_tell_result("messages", msgget(KEY, 0));
    snprintf(name, sizeof(name), "/%s", argv[0]);
    attempt_tell_file("POSIX messages", (int)mq_open(name, O_RDONLY | O_NONBLOCK));
    attempt_tell("POSIX shared memory", attempt_reads(AT("/dev/shm", argv[0])));
}

static void visit_files(char **argv)
{
    attempt_tell("the temporary directory", attempt_reads(argv[3]));
    attempt_tell("/tmp", attempt_reads(AT("/tmp", argv[0])));
    attempt_tell("/var/tmp", attempt_reads(AT("/var/tmp", argv[0])));
}

int main(int argc, char **argv)
{
    static const struct attempt attempts[] = {
        {"hold", 1, hold},     {"seen", 4, visit_seen},   {"touched", 4, visit_touched}, {"sockets", 4, visit_sockets},
        {"ipc", 4, visit_ipc}, {"files", 4, visit_files},
    };
    return attempt_main(argc, argv, attempts, sizeof(attempts) / sizeof(attempts[0]));
}
