/*
 * escape_process_linux.c - a command that goes for other processes and for what processes share. For
 * test_escape_process_linux.c and test_two_sandboxes_linux.c.
 * usage: escape_process_linux ATTEMPT [ARGUMENT...]. PID is a process outside, of the user who calls postern.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/host.h"
#include "tests/support/host_attempt_linux.h"

HOST_RUNS_CONFINED

#define AT attempt_path

static pid_t number(const char *text)
{
    return (pid_t)strtol(text, NULL, 10);
}

/* ---- another process ---- */

/* proc PID */
static void try_proc(char **argv)
{
    const char *directory = AT("/proc", argv[0]);
    const char *const files[] = {"environ", "maps", "auxv", "stack", "syscall"};
    char name[256];
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        attempt_tell(files[i], attempt_reads(AT(directory, files[i])));
    attempt_tell_file("mem to read", open(AT(directory, "mem"), O_RDONLY | O_CLOEXEC));
    attempt_tell_file("mem to write", open(AT(directory, "mem"), O_RDWR | O_CLOEXEC));
    attempt_tell_file("root", open(AT(directory, "root"), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    attempt_tell_file("cwd", open(AT(directory, "cwd"), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    attempt_tell_file("numbers of descriptors", open(AT(directory, "fd"), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    attempt_tell_result("what a descriptor is", readlink(AT(directory, "fd/1"), name, sizeof(name)));
    attempt_tell_file("exe", open(AT(directory, "exe"), O_RDONLY | O_CLOEXEC));
    attempt_tell_file("oom_score_adj", open(AT(directory, "oom_score_adj"), O_WRONLY | O_CLOEXEC));
    attempt_tell_file("comm", open(AT(directory, "comm"), O_WRONLY | O_CLOEXEC));
    attempt_tell("through its root", attempt_reads(AT(AT(directory, "root"), "/etc/passwd")));
    attempt_tell_result("its name space", readlink(AT(directory, "ns/mnt"), name, sizeof(name)));
}

/* trace PID */
static void try_tracing(char **argv)
{
    pid_t pid = number(argv[0]);
    char byte = 0;
    struct iovec here = {&byte, 1}, there = {&byte, 1};
    /* the address is as good as any: what counts is who may ask */
    attempt_tell_reached("process_vm_readv", process_vm_readv(pid, &here, 1, &there, 1, 0));
    attempt_tell_reached("process_vm_writev", process_vm_writev(pid, &here, 1, &(struct iovec){(void *)8, 1}, 1, 0));
    attempt_tell_reached("kcmp", syscall(SYS_kcmp, getpid(), pid, 0, 0, 0));
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    attempt_tell("pidfd_getfd", process >= 0 && syscall(SYS_pidfd_getfd, process, 0, 0) >= 0);
    attempt_tell_reached("process_madvise", syscall(SYS_process_madvise, process, &there, 1, 20, 0));
    attempt_tell("setns", process >= 0 && (setns(process, CLONE_NEWUTS) == 0 || errno == EINVAL));
    if (process >= 0)
        close(process);
    bool seized = ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0;
    attempt_tell("ptrace", seized);
    /* a tracer of one's own child is a tracer as well */
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    attempt_tell_result("ptrace of its child", ptrace(PTRACE_SEIZE, child, NULL, NULL));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* signal PID: none that would do anything */
static void try_signals(char **argv)
{
    pid_t pid = number(argv[0]);
    siginfo_t information = {.si_code = SI_QUEUE};
    attempt_tell_result("kill", kill(pid, 0));
    attempt_tell_result("kill with a signal", kill(pid, SIGCHLD));
    attempt_tell_result("its group", kill(-pid, SIGCHLD));
    attempt_tell_result("tkill", syscall(SYS_tkill, pid, SIGCHLD));
    attempt_tell_result("tgkill", syscall(SYS_tgkill, pid, pid, SIGCHLD));
    attempt_tell_result("rt_sigqueueinfo", syscall(SYS_rt_sigqueueinfo, pid, SIGCHLD, &information));
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    attempt_tell("pidfd_send_signal", process >= 0 && syscall(SYS_pidfd_send_signal, process, SIGCHLD, NULL, 0) == 0);
    if (process >= 0)
        close(process);
    attempt_tell_result("setpriority", setpriority(PRIO_PROCESS, (id_t)pid, 0));
    cpu_set_t all;
    memset(&all, 0xff, sizeof(all));
    attempt_tell_result("sched_setaffinity", sched_setaffinity(pid, sizeof(all), &all));
    attempt_tell_result("sched_setscheduler", sched_setscheduler(pid, SCHED_OTHER, &(struct sched_param){0}));
    attempt_tell_result("ioprio_set", syscall(SYS_ioprio_set, 1, pid, 4 | 2 << 13));
    struct rlimit limit; /* as it is, once more */
    bool known = prlimit(pid, RLIMIT_NICE, NULL, &limit) == 0;
    attempt_tell_result("prlimit", prlimit(pid, RLIMIT_NICE, known ? &limit : &(struct rlimit){0, 0}, NULL));
}

/* sigio PID: the kernel sends a signal on our behalf. PID says whether it came, by a change of this file. */
static void try_signal_by_kernel(char **argv)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        if (pipe2(ends, O_CLOEXEC) != 0)
            return;
    }
    bool asked = fcntl(ends[0], F_SETSIG, SIGUSR1) == 0 && fcntl(ends[0], F_SETOWN, number(argv[0])) == 0 &&
                 fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK) == 0;
    (void)!write(ends[1], "x", 1);
    printf("asked\t%s\n", asked ? "yes" : "no");
}

/* ---- what processes share ---- */

/* abstract NAME: connects to it */
static void try_abstract(char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(argv[0]);
    const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    const char *const ways[] = {"stream", "datagram", "packets"};
    for (size_t i = 0; i < 3; i++) {
        char name[100];
        int size = snprintf(name, sizeof(name), "%.*s-%s", (int)length, argv[0], ways[i]);
        memcpy(address.sun_path + 1, name, (size_t)size);
        int file = socket(AF_UNIX, types[i] | SOCK_CLOEXEC, 0);
        socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size);
        attempt_tell_result(ways[i], file >= 0 ? connect(file, (struct sockaddr *)&address, bytes) : -1);
        if (file >= 0)
            close(file);
    }
}

/* ipc KEY NAME: System V by key, POSIX by name */
static void try_ipc(char **argv)
{
    key_t key = (key_t)strtol(argv[0], NULL, 10);
    char queue[128], memory[128];
    attempt_tell_result("shared memory", shmget(key, 0, 0));
    attempt_tell_result("semaphores", semget(key, 0, 0));
    attempt_tell_result("messages", msgget(key, 0));
    /* by number, which needs no key */
    struct shmid_ds status;
    bool found = false;
    for (int id = 0; id < 64 && !found; id++)
        found = shmctl(id, SHM_STAT, &status) >= 0;
    attempt_tell("any shared memory by number", found);
    snprintf(queue, sizeof(queue), "/%s", argv[1]);
    snprintf(memory, sizeof(memory), "/dev/shm/%s", argv[1]);
    mqd_t opened = mq_open(queue, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    attempt_tell_result("POSIX messages", (long)opened);
    if (opened != (mqd_t)-1)
        mq_close(opened);
    attempt_tell("POSIX shared memory", attempt_reads(memory));
}

static bool is_in(const char *path, const char *word)
{
    char line[1024];
    bool found = false;
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof(line), file))
        found = strstr(line, word) != NULL;
    if (file)
        fclose(file);
    errno = file ? ENODATA : errno;
    return found;
}

/* keys DESCRIPTION */
static void try_keys(char **argv)
{
    attempt_tell_result("search", syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", argv[0], 0));
    attempt_tell_result("request", syscall(SYS_request_key, "user", argv[0], NULL, 0));
    attempt_tell_result("add", syscall(SYS_add_key, "user", "postern-of-a-command", "x", 1, KEY_SPEC_PROCESS_KEYRING));
    attempt_tell_result("join", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0));
    attempt_tell("its description", is_in("/proc/keys", argv[0]));
}

/* listing PID */
static void try_listing(char **argv)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%s/cmdline", argv[0]);
    attempt_tell("its command line", attempt_reads(path));
    attempt_tell("its status", attempt_reads(AT(AT("/proc", argv[0]), "status")));
    attempt_tell("its descriptors", access(AT(AT("/proc", argv[0]), "fd/0"), F_OK) == 0);
}

/* ---- rights ---- */

/* euid: whose rights this program has */
static void tell_rights(char **argv)
{
    (void)argv;
    printf("euid %u\n", (unsigned)geteuid());
}

/* setuid PROGRAM */
static void try_setuid(char **argv)
{
    fflush(stdout);
    execl(argv[0], argv[0], "euid", (char *)NULL);
    printf("refused %s\n", strerror(errno));
}

static int dump(void *context)
{
    struct rlimit limit;
    (void)context;
    getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_CORE, &limit);
    (void)raise(SIGSEGV);
    return 0;
}

/* core: what a crash leaves behind in the working directory. The status says "dumped" where the kernel did. */
static void try_core(char **argv)
{
    int status = 0;
    struct rlimit limit = {0};
    (void)argv;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        _exit(dump(NULL));
    }
    waitpid(child, &status, 0);
    getrlimit(RLIMIT_CORE, &limit);
    char own[32];
    snprintf(own, sizeof(own), "core.%d", (int)child);
    errno = EPERM;
    attempt_tell("a core file", access("core", F_OK) == 0 || access(own, F_OK) == 0);
    errno = EPERM;
    attempt_tell("more than a byte for one", limit.rlim_max > 1);
    unlink("core");
    unlink(own);
}

int main(int argc, char **argv)
{
    static const struct attempt attempts[] = {
        {"proc", 1, try_proc},         {"trace", 1, try_tracing},
        {"signal", 1, try_signals},    {"sigio", 1, try_signal_by_kernel},
        {"abstract", 1, try_abstract}, {"ipc", 2, try_ipc},
        {"keys", 1, try_keys},         {"listing", 1, try_listing},
        {"euid", 0, tell_rights},      {"setuid", 1, try_setuid},
        {"core", 0, try_core},
    };
    return attempt_main(argc, argv, attempts, sizeof(attempts) / sizeof(attempts[0]));
}
