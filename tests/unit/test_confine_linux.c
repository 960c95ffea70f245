/*
 * What the runner's own confinement lets through and what not: Landlock, the system call filters, limits. Every test
 * runs in a process of its own, as an unprivileged user (root takes a spare id), which first shows that the thing
 * works unconfined, so that a denial is the confinement's.
 */
#include "runner/confine.h"
#include "runner/limits_linux.h"
#include "shared/process_linux.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char base[] = "/tmp/postern-confine-XXXXXX";
static char open_path[64], shut_path[64];
static uid_t test_uid;

/* ---- running a check in a process of its own ---- */

static int verdict = -1; /* where the child says what went wrong */

static void give_up(int line, const char *what, int number)
{
    char text[256];
    int length = snprintf(text, sizeof(text), "line %d: %s (errno %d, %s)", line, what, number, strerror(number));
    if (write(verdict, text, (size_t)length) != length)
        _exit(3);
    _exit(1);
}
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            give_up(__LINE__, #condition, errno);                                                                      \
    } while (0)
/* The call is refused, and for this reason. */
#define REFUSED(call, number)                                                                                          \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        if ((long)(call) != -1 || errno != (number))                                                                   \
            give_up(__LINE__, #call, errno);                                                                           \
    } while (0)

static void become_plain_user(void)
{
    if (geteuid() == 0)
        CHECK(setgroups(0, NULL) == 0 && setresgid(test_uid, test_uid, test_uid) == 0 &&
              setresuid(test_uid, test_uid, test_uid) == 0);
    CHECK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0); /* changing the user closed /proc/self */
    alarm(20);
}

static void run(void (*check)(void))
{
    int ends[2];
    char text[300] = "";
    size_t length = 0;
    ssize_t got;
    int status;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        verdict = ends[1];
        become_plain_user();
        check();
        _exit(0);
    }
    close(ends[1]);
    while (length < sizeof(text) - 1 && (got = read(ends[0], text + length, sizeof(text) - 1 - length)) > 0)
        length += (size_t)got;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("%s (wait status %d)", text, status);
}

static struct enforce_steps plan; /* the one under test; each runs in a process of its own */

static void add(enum enforce_mechanism mechanism, const char *path, uint64_t number)
{
    struct enforce_step step = {.mechanism = mechanism, .path = (char *)path, .number = number};
    CHECK(enforce_add(&plan, &step));
}

static int landlock_abi(void)
{
    int abi = 0;
    CHECK(confine_check(&abi, NULL) == 0 && abi >= 1);
    return abi;
}

/* What every plan has, but for the paths and the network. */
static void plan_rest(void)
{
    add(ENFORCE_NO_NEW_PRIVS, NULL, 0);
    add(ENFORCE_SECCOMP, NULL, 0);
    add(ENFORCE_NO_CORE, NULL, 0);
    if (landlock_abi() >= 6) {
        add(ENFORCE_SCOPE_SIGNALS, NULL, 0);
        add(ENFORCE_SCOPE_SOCKETS, NULL, 0);
    }
}

static void plan_with_network(void)
{
    plan_rest();
    add(ENFORCE_LANDLOCK_READ, "/", 0);
    add(ENFORCE_LANDLOCK_WRITE, open_path, 0);
    add(ENFORCE_LANDLOCK_WRITE, "/dev", 0);
}

static void plan_usual(void)
{
    plan_with_network();
    add(ENFORCE_NET_SECCOMP, NULL, 0);
    if (landlock_abi() >= 4)
        add(ENFORCE_NET_LANDLOCK, NULL, 0);
}

static void confine_by_plan(void)
{
    struct strings in_force = {0};
    struct postern_error error = {0};
    if (confine_self(POSTERN_LEVEL_RESTRICTED, &plan, &in_force, &error) != 0)
        give_up(__LINE__, error.message, (int)error.os_error);
    CHECK(in_force.count > 0);
    strings_free(&in_force);
}

static void confine(void)
{
    plan_usual();
    confine_by_plan();
}

static const char *in(const char *directory, const char *name)
{
    static char path[4][128];
    static int next;
    char *out = path[next++ % 4];
    snprintf(out, sizeof(path[0]), "%s/%s", directory, name);
    return out;
}

static int make_file(const char *path, mode_t mode)
{
    int file = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, mode);
    if (file >= 0)
        close(file);
    return file >= 0 ? 0 : -1;
}

/* ---- files ---- */

static void check_writing(void)
{
    CHECK(make_file(in(shut_path, "before"), 0644) == 0);
    confine();
    CHECK(make_file(in(open_path, "a"), 0644) == 0);
    CHECK(mkdir(in(open_path, "d"), 0755) == 0);
    CHECK(rename(in(open_path, "a"), in(open_path, "d/a")) == 0);
    CHECK(symlink("/etc", in(open_path, "l")) == 0);
    CHECK(mkfifo(in(open_path, "p"), 0600) == 0);
    REFUSED(make_file(in(shut_path, "after"), 0644), EACCES);
    REFUSED(open(in(shut_path, "before"), O_WRONLY), EACCES);
    REFUSED(truncate(in(shut_path, "before"), 0), EACCES);
    REFUSED(unlink(in(shut_path, "before")), EACCES);
    REFUSED(mkdir(in(shut_path, "d"), 0755), EACCES);
    REFUSED(rename(in(open_path, "d/a"), in(shut_path, "a")), EACCES);
    REFUSED(link(in(shut_path, "before"), in(open_path, "linked")), EXDEV); /* would widen what may be done */
    CHECK(access(in(shut_path, "before"), R_OK) == 0);
}

static void check_reading(void)
{
    plan_rest();
    add(ENFORCE_LANDLOCK_READ, open_path, 0);
    CHECK(make_file(in(open_path, "r"), 0644) == 0);
    CHECK(make_file(in(shut_path, "r"), 0644) == 0);
    confine_by_plan();
    CHECK(open(in(open_path, "r"), O_RDONLY) >= 0);
    REFUSED(open(in(open_path, "r"), O_WRONLY), EACCES);
    REFUSED(open(in(shut_path, "r"), O_RDONLY), EACCES);
    REFUSED(open("/etc/passwd", O_RDONLY), EACCES);
    REFUSED(execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL), EACCES);
}

static void check_set_id(void)
{
    char path[80];
    static const mode_t bits[] = {S_ISUID, S_ISGID, S_ISUID | S_ISGID};
    struct {
        uint64_t flags, mode, resolve;
    } how = {O_CREAT | O_WRONLY, 04755, 0};
    snprintf(path, sizeof(path), "%s/set-id", open_path);
    CHECK(make_file(path, 04755) == 0 && chmod(path, 04755) == 0);
    CHECK(chmod(path, 0755) == 0);
    confine();
    int file = open(path, O_RDWR | O_CLOEXEC);
    CHECK(file >= 0);
    CHECK(chmod(path, 0700) == 0 && fchmod(file, 0755) == 0 && fchmodat(AT_FDCWD, path, 01755, 0) == 0);
    for (size_t i = 0; i < 3; i++) {
        mode_t mode = 0755 | bits[i];
        REFUSED(syscall(SYS_fchmod, file, mode), EPERM);
        REFUSED(syscall(SYS_fchmodat, AT_FDCWD, path, mode), EPERM);
        REFUSED(syscall(452, AT_FDCWD, path, mode, 0), EPERM);
        REFUSED(syscall(SYS_openat, AT_FDCWD, in(open_path, "n"), O_CREAT | O_WRONLY, mode), EPERM);
        REFUSED(syscall(SYS_openat, AT_FDCWD, open_path, O_TMPFILE | O_WRONLY, mode), EPERM);
        REFUSED(syscall(SYS_mknodat, AT_FDCWD, in(open_path, "n"), S_IFREG | mode, 0), EPERM);
#ifdef SYS_chmod
        REFUSED(syscall(SYS_chmod, path, mode), EPERM);
        REFUSED(syscall(SYS_creat, in(open_path, "n"), mode), EPERM);
        REFUSED(syscall(SYS_open, in(open_path, "n"), O_CREAT | O_WRONLY, mode), EPERM);
        REFUSED(syscall(SYS_open, open_path, O_TMPFILE | O_WRONLY, mode), EPERM);
        REFUSED(syscall(SYS_mknod, in(open_path, "n"), S_IFREG | mode, 0), EPERM);
#endif
        /* the kernel looks at the low half of a mode only */
        REFUSED(syscall(SYS_fchmod, file, 0xffffffff00000000UL | mode), EPERM);
    }
    REFUSED(syscall(SYS_openat2, AT_FDCWD, in(open_path, "n"), &how, sizeof(how)), ENOSYS);
    REFUSED(syscall(469, AT_FDCWD, path, NULL, 0, 0), ENOSYS); /* file_setattr */
    REFUSED(syscall(SYS_io_uring_setup, 4, NULL), ENOSYS);
    CHECK(access(in(open_path, "n"), F_OK) != 0);
    /* what looks like such a mode where none is read */
    CHECK(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 04755) >= 0);
    CHECK(syscall(SYS_openat, AT_FDCWD, open_path, O_TMPFILE | O_WRONLY, 0644) >= 0);
    CHECK(syscall(SYS_mknodat, AT_FDCWD, in(open_path, "plain"), S_IFREG | 0644, 0) == 0);
}

static void check_devices(void)
{
    confine();
    REFUSED(syscall(SYS_mknodat, AT_FDCWD, in(open_path, "c"), S_IFCHR | 0666, 0x103), EPERM);
    REFUSED(syscall(SYS_mknodat, AT_FDCWD, in(open_path, "b"), S_IFBLK | 0666, 0x800), EPERM);
    CHECK(syscall(SYS_mknodat, AT_FDCWD, in(open_path, "fifo"), S_IFIFO | 0666, 0) == 0);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    CHECK(null >= 0 && write(null, "x", 1) == 1);
}

/* ---- system calls ---- */

static void check_refused_calls(void)
{
    const unsigned for_anybody = 0x200; /* FAN_REPORT_FID */
    CHECK(syscall(SYS_fanotify_init, for_anybody, 0) >= 0 || errno == ENOSYS);
    confine();
    REFUSED(syscall(SYS_mount, "x", "/tmp", "tmpfs", 0, NULL), EPERM);
    REFUSED(syscall(SYS_umount2, "/proc", 0), EPERM);
    REFUSED(syscall(SYS_pivot_root, ".", "."), EPERM);
    REFUSED(chroot("/"), EPERM);
    REFUSED(syscall(SYS_open_tree, AT_FDCWD, "/", 0), EPERM);
    REFUSED(syscall(SYS_move_mount, -1, "", -1, "", 0), EPERM);
    REFUSED(syscall(SYS_fsopen, "tmpfs", 0), EPERM);
    REFUSED(syscall(SYS_fsmount, -1, 0, 0), EPERM);
    REFUSED(syscall(SYS_fsconfig, -1, 0, NULL, NULL, 0), EPERM);
    REFUSED(syscall(SYS_fspick, -1, "", 0), EPERM);
    REFUSED(syscall(SYS_mount_setattr, -1, "", 0, NULL, 0), EPERM);
    REFUSED(syscall(467, -1, "", 0, NULL, 0), ENOSYS); /* open_tree_attr: newer than anybody has looked at */
    REFUSED(syscall(100000), ENOSYS);
    REFUSED(syscall(SYS_setns, -1, 0), EPERM);
    REFUSED(syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0), EPERM);
    REFUSED(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0), EPERM);
    REFUSED(syscall(SYS_process_vm_writev, getpid(), NULL, 0, NULL, 0, 0), EPERM);
    REFUSED(syscall(SYS_pidfd_getfd, -1, 0, 0), EPERM);
    REFUSED(syscall(SYS_fanotify_init, for_anybody, 0), EPERM);
    REFUSED(syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0), EPERM);
    REFUSED(syscall(SYS_keyctl, 0, 0), EPERM);
    REFUSED(syscall(SYS_add_key, "user", "a", "b", 1, 0), EPERM);
    REFUSED(syscall(SYS_request_key, "user", "a", NULL, 0), EPERM);
    REFUSED(syscall(SYS_bpf, 0, NULL, 0), EPERM);
    REFUSED(syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0), EPERM);
    REFUSED(syscall(SYS_userfaultfd, 0), EPERM);
    REFUSED(syscall(SYS_init_module, NULL, 0, NULL), EPERM);
    REFUSED(syscall(SYS_reboot, 0, 0, 0, NULL), EPERM);
    REFUSED(syscall(SYS_swapon, "/x", 0), EPERM);
    REFUSED(syscall(SYS_acct, NULL), EPERM);
    REFUSED(syscall(SYS_quotactl, 0, "", 0, NULL), EPERM);
    REFUSED(syscall(SYS_clock_settime, CLOCK_REALTIME, NULL), EPERM);
    REFUSED(syscall(SYS_syslog, 3, NULL, 0), EPERM);
    REFUSED(syscall(SYS_name_to_handle_at, -1, "", NULL, NULL, 0), EPERM);
    REFUSED(syscall(SYS_open_by_handle_at, -1, NULL, 0), EPERM);
    REFUSED(syscall(SYS_personality, 0x0400000), EPERM); /* READ_IMPLIES_EXEC */
    REFUSED(syscall(SYS_personality, 0x0100000), EPERM); /* MMAP_PAGE_ZERO */
    CHECK(syscall(SYS_personality, 0xffffffff) >= 0);
    CHECK(syscall(SYS_personality, 0x0040000) >= 0); /* ADDR_NO_RANDOMIZE */
    CHECK(syscall(SYS_getpid) > 0);
}

static void *in_thread(void *argument)
{
    *(int *)argument = 7;
    return NULL;
}

static void check_processes(void)
{
    static const int namespaces[] = {CLONE_NEWNS,  CLONE_NEWUTS, CLONE_NEWIPC,   CLONE_NEWUSER,
                                     CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP};
    struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    pthread_t thread;
    int value = 0;
    confine();
    for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
        REFUSED(syscall(SYS_clone, namespaces[i] | SIGCHLD, NULL, NULL, NULL, NULL), EPERM);
        REFUSED(unshare(namespaces[i]), EPERM);
    }
    REFUSED(syscall(SYS_clone3, &arguments, sizeof(arguments)), ENOSYS);
    /* what programs do all day goes on */
    CHECK(pthread_create(&thread, NULL, in_thread, &value) == 0 && pthread_join(thread, NULL) == 0 && value == 7);
    CHECK(system("exit 5") == 5 << 8);
}

static void check_foreign_numbers(void)
{
#ifdef __x86_64__
    confine();
    REFUSED(syscall(0x40000000 | SYS_getpid), ENOSYS); /* x32 */
    int status;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        long result = 20; /* getpid of i386 */
        __asm__ volatile("int $0x80" : "+a"(result)::"memory", "r8", "r9", "r10", "r11");
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
#endif
}

static void check_terminal(void)
{
    char slave[64];
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, slave, 64) == 0);
    CHECK(setsid() > 0);
    int terminal = open(slave, O_RDWR | O_CLOEXEC);
    CHECK(terminal >= 0);
    struct winsize size;
    int discipline = 0;
    CHECK(ioctl(terminal, TIOCSETD, &discipline) == 0);
    confine();
    CHECK(ioctl(terminal, TIOCGWINSZ, &size) == 0);
    REFUSED(syscall(SYS_ioctl, terminal, TIOCSTI, "x"), EPERM);
    REFUSED(syscall(SYS_ioctl, terminal, 0xffffffff00000000UL | TIOCSTI, "x"), EPERM);
    REFUSED(syscall(SYS_ioctl, terminal, 0x541C, "x"), EPERM); /* TIOCLINUX */
    REFUSED(ioctl(terminal, TIOCSETD, &discipline), EPERM);
    CHECK(ioctl(terminal, TIOCGETD, &discipline) == 0 && discipline == 0);
}

/* ---- what processes of one user share ---- */

/* Ends with us, who may not signal it once confined; nor may the kernel in our name, so a death signal would not do. */
static pid_t sleeper(void)
{
    int ends[2];
    char byte;
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(ends[0]);
    return child;
}

static void check_limits_of_others(void)
{
    struct rlimit limit = {5, 5}, now;
    pid_t child = sleeper();
    CHECK(prlimit(child, RLIMIT_NOFILE, &limit, NULL) == 0); /* of the same user, that is all it takes */
    confine();
    REFUSED(prlimit(child, RLIMIT_CPU, &limit, NULL), EPERM);
    REFUSED(prlimit(getppid(), RLIMIT_CPU, &limit, NULL), EPERM);
    CHECK(prlimit(child, RLIMIT_NOFILE, NULL, &now) == 0 && now.rlim_max == 5);
    limit.rlim_cur = limit.rlim_max = 100;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0 && prlimit(0, RLIMIT_NOFILE, &limit, NULL) == 0);
}

static void check_shared_by_name(void)
{
    const long flags = IPC_CREAT | 0600;
    int segment = shmget(IPC_PRIVATE, 4096, 0600);
    CHECK(segment >= 0 && shmctl(segment, IPC_RMID, NULL) == 0);
    segment = shmget(IPC_PRIVATE, 4096, 0600);
    CHECK(segment >= 0);
    void *memory = shmat(segment, NULL, 0);
    CHECK(memory != (void *)-1 && shmctl(segment, IPC_RMID, NULL) == 0);
    plan_usual();
    add(ENFORCE_NO_LOCAL_SOCKETS, NULL, 0);
    confine_by_plan();
    REFUSED(shmget(IPC_PRIVATE, 4096, 0600), ENOSYS);
    REFUSED(syscall(SYS_shmat, segment, NULL, 0), ENOSYS);
    REFUSED(syscall(SYS_shmctl, segment, IPC_STAT, NULL), ENOSYS);
    REFUSED(syscall(SYS_semget, 1, 1, flags), ENOSYS);
    REFUSED(syscall(SYS_semop, 0, NULL, 0), ENOSYS);
    REFUSED(syscall(SYS_semtimedop, 0, NULL, 0, NULL), ENOSYS);
    REFUSED(syscall(SYS_semctl, 0, 0, 0, 0), ENOSYS);
    REFUSED(syscall(SYS_msgget, 1, flags), ENOSYS);
    REFUSED(syscall(SYS_msgsnd, 0, NULL, 0, 0), ENOSYS);
    REFUSED(syscall(SYS_msgrcv, 0, NULL, 0, 0, 0), ENOSYS);
    REFUSED(syscall(SYS_msgctl, 0, 0, NULL), ENOSYS);
    REFUSED(syscall(SYS_mq_open, "postern", O_RDONLY, 0, NULL), ENOSYS);
    REFUSED(syscall(SYS_mq_unlink, "postern"), ENOSYS);
}

/* Where a namespace keeps them apart they are as useful as ever. */
static void check_shared_in_a_namespace(void)
{
    confine();
    int segment = shmget(IPC_PRIVATE, 4096, 0600);
    CHECK(segment >= 0 && shmctl(segment, IPC_RMID, NULL) == 0);
}

/* ---- sockets ---- */

static int try_socket(int family)
{
    int made = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made >= 0)
        close(made);
    return made >= 0 ? 0 : -1;
}

static void check_network_off(void)
{
    int ends[2];
    CHECK(try_socket(AF_INET) == 0);
    confine();
    REFUSED(try_socket(AF_INET), EACCES);
    REFUSED(try_socket(AF_INET6), EACCES);
    REFUSED(socket(AF_NETLINK, SOCK_RAW, 0), EACCES);
    REFUSED(try_socket(40), EACCES); /* vsock */
    REFUSED(syscall(SYS_socket, 0x100000000UL | AF_INET, SOCK_STREAM, 0), EACCES);
    CHECK(try_socket(AF_UNIX) == 0);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
}

static void check_network_on(void)
{
    plan_with_network();
    confine_by_plan();
    CHECK(try_socket(AF_INET) == 0);
    CHECK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0);
    CHECK(try_socket(AF_UNIX) == 0);
    REFUSED(socket(AF_PACKET, SOCK_RAW, 0), EACCES);
    REFUSED(try_socket(40), EACCES);
    REFUSED(socket(38, SOCK_SEQPACKET, 0), EACCES); /* crypto of the kernel */
    REFUSED(syscall(SYS_socket, 0x100000000UL | 38, SOCK_SEQPACKET, 0), EACCES);
}

static void check_no_local_sockets(void)
{
    int ends[2];
    plan_usual();
    add(ENFORCE_NO_LOCAL_SOCKETS, NULL, 0);
    confine_by_plan();
    REFUSED(try_socket(AF_UNIX), EACCES);
    REFUSED(try_socket(AF_INET), EACCES);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
}

/* ---- other processes of the same user ---- */

static void check_outsiders(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                                 (size_t)snprintf(name.sun_path + 1, 60, "postern-test-%d", getpid()));
    int abi = 0;
    int ready[2];
    char byte;
    CHECK(confine_check(&abi, NULL) == 0 && pipe2(ready, O_CLOEXEC) == 0);
    pid_t outsider = fork();
    CHECK(outsider >= 0);
    if (outsider == 0) {
        int server = socket(AF_UNIX, SOCK_STREAM, 0);
        CHECK(bind(server, (struct sockaddr *)&name, size) == 0 && listen(server, 5) == 0);
        CHECK(write(ready[1], "x", 1) == 1);
        for (;;)
            pause();
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    int before = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(kill(outsider, 0) == 0);
    CHECK(connect(before, (struct sockaddr *)&name, size) == 0);
    confine();
    if (abi >= 6) {
        int after = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        REFUSED(connect(after, (struct sockaddr *)&name, size), EPERM);
        REFUSED(kill(outsider, SIGTERM), EPERM);
    }
    char memory[64];
    snprintf(memory, sizeof(memory), "/proc/%d/environ", (int)outsider);
    REFUSED(open(memory, O_RDONLY), EACCES);
    /* within the sandbox signals work */
    int status;
    pid_t insider = fork();
    CHECK(insider >= 0);
    if (insider == 0) {
        for (;;)
            pause();
    }
    CHECK(kill(insider, SIGKILL) == 0 && waitpid(insider, &status, 0) == insider);
}

static void after_outsiders(void)
{
    /* the outsider outlives the check, which may not signal it any more: it goes with its group */
    int status;
    pid_t group = fork();
    CHECK(group >= 0);
    if (group == 0) {
        setpgid(0, 0);
        check_outsiders();
        _exit(0);
    }
    CHECK(waitpid(group, &status, 0) == group);
    CHECK(kill(-group, SIGKILL) == 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- limits and rules ---- */

static void check_limits(void)
{
    struct rlimit core;
    int children = 0;
    plan_usual();
    add(ENFORCE_RLIMIT_PROCESSES, NULL, 12);
    confine_by_plan();
    CHECK(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max <= 1);
    while (children < 40) {
        pid_t child = fork();
        if (child == 0) {
            for (;;)
                pause();
        }
        if (child < 0)
            break;
        children++;
    }
    CHECK(errno == EAGAIN && children > 0 && children < 12);
}

/* What a command would be, started as the reaper does; 0, or the signal that ended it, or 1000 and its status. */
static int run_limited(const char *program, const char *script)
{
    const char *const argv[] = {program, "-c", script, NULL};
    const char *const env[] = {NULL};
    struct process_linux_options options = {.signals = NULL};
    struct process_spec spec;
    struct process process = {OS_HANDLE_NONE, 0};
    struct process_exit end;
    struct postern_error error = {0};
    struct pollfd watched;
    options.limits = limits_of_commands(&options.limit_count);
    process_spec_init(&spec);
    spec.program = program;
    spec.argv = argv;
    spec.env = env;
    if (process_spawn_linux(&spec, &options, &process, &error) != 0)
        give_up(__LINE__, error.message, (int)error.os_error);
    watched = (struct pollfd){.fd = (int)process.handle, .events = POLLIN};
    CHECK(poll(&watched, 1, 15000) == 1 && process_collect(&process, &end));
    process_close(&process);
    return end.signal ? end.signal : end.exit_code ? 1000 + end.exit_code : 0;
}

#define FILL "x=0123456789abcdef; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do x=$x$x; done"

static void check_limits_of_commands(void)
{
    char write_file[200];
    struct rlimit mine;
    snprintf(write_file, sizeof(write_file), "head -c 20000 /dev/zero > %s", in(open_path, "big"));
    CHECK(run_limited("/bin/sh", write_file) == 0 && run_limited("/bin/sh", FILL) == 0);
    plan_usual();
    add(ENFORCE_RLIMIT_FILE_SIZE, NULL, 10000);
    add(ENFORCE_RLIMIT_MEMORY, NULL, 32 << 20);
    add(ENFORCE_RLIMIT_CPU, NULL, 900);
    confine_by_plan();
    CHECK(run_limited("/bin/sh", "ulimit -t; [ $(ulimit -t) = 1 ]") == 0);
    CHECK(run_limited("/bin/sh", write_file) != 0);
    CHECK(run_limited("/bin/sh", FILL) != 0);
    CHECK(run_limited("/bin/sh", "while :; do :; done") == SIGXCPU);
    CHECK(run_limited("/bin/sh", "trap '' XCPU; while :; do :; done") == SIGKILL);
    /* the runner's own work is not counted */
    CHECK(getrlimit(RLIMIT_CPU, &mine) == 0 && mine.rlim_max > 2);
    CHECK(getrlimit(RLIMIT_FSIZE, &mine) == 0 && mine.rlim_max > 10000);
    CHECK(getrlimit(RLIMIT_DATA, &mine) == 0 && mine.rlim_max > (32 << 20));
}

static void limits_in_a_group(void)
{
    int status;
    pid_t group = fork();
    CHECK(group >= 0);
    if (group == 0) {
        setpgid(0, 0);
        check_limits();
        _exit(0);
    }
    CHECK(waitpid(group, &status, 0) == group);
    CHECK(kill(-group, SIGKILL) == 0 || errno == ESRCH);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void check_none_applies_nothing(void)
{
    struct strings in_force = {0};
    CHECK(confine_self(POSTERN_LEVEL_NONE, &plan, &in_force, NULL) == 0 && in_force.count == 0);
    CHECK(make_file(in(shut_path, "none"), 0644) == 0);
    CHECK(try_socket(AF_INET) == 0);
    CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
}

/* Refused before anything is in force. */
static void plan_is_refused(enum postern_level level, const char *word)
{
    struct strings in_force = {0};
    struct postern_error error = {0};
    if (confine_self(level, &plan, &in_force, &error) != POSTERN_E_CONFINE || !strstr(error.message, word))
        give_up(__LINE__, error.message, (int)error.os_error);
    CHECK(in_force.count == 0);
    CHECK(try_socket(AF_INET) == 0);
    enforce_steps_free(&plan);
}

static void check_plans(void)
{
    plan_usual();
    add(ENFORCE_MASK, shut_path, 0);
    plan_is_refused(POSTERN_LEVEL_RESTRICTED, "fs.deny:mask-mount");
    CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
    plan_is_refused(POSTERN_LEVEL_RESTRICTED, "does not confine");
    add(ENFORCE_NO_NEW_PRIVS, NULL, 0);
    add(ENFORCE_SECCOMP, NULL, 0);
    plan_is_refused(POSTERN_LEVEL_ELEVATED, "does not confine");
    add(ENFORCE_SECCOMP, NULL, 0);
    add(ENFORCE_LANDLOCK_READ, "/", 0);
    plan_is_refused(POSTERN_LEVEL_RESTRICTED, "does not confine");
    add(ENFORCE_NO_NEW_PRIVS, NULL, 0);
    add(ENFORCE_LANDLOCK_READ, "/", 0);
    plan_is_refused(POSTERN_LEVEL_RESTRICTED, "does not confine");
    /* level none knows limits only */
    plan_usual();
    plan_is_refused(POSTERN_LEVEL_NONE, "level none");
    CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
}

static bool holds(const struct strings *list, const char *text)
{
    size_t found = 0;
    for (size_t i = 0; i < list->count; i++)
        found += strcmp(list->item[i], text) == 0;
    CHECK(found <= 1);
    return found == 1;
}

static void check_in_force(void)
{
    struct strings in_force = {0};
    char name[64];
    int abi = landlock_abi();
    plan_usual();
    add(ENFORCE_RLIMIT_CPU, NULL, 1000);
    CHECK(confine_self(POSTERN_LEVEL_RESTRICTED, &plan, &in_force, NULL) == 0);
    CHECK(holds(&in_force, "syscalls:seccomp") && holds(&in_force, "privileges:no_new_privs"));
    CHECK(holds(&in_force, "net.block:seccomp") && holds(&in_force, "core:rlimit") &&
          holds(&in_force, "limits.cpu:rlimit"));
    snprintf(name, sizeof(name), "fs.write:landlock-abi%d", abi);
    CHECK(holds(&in_force, name));
    CHECK(holds(&in_force, "signals:landlock-scope") == (abi >= 6));
    CHECK(!holds(&in_force, "sockets.local:seccomp"));
}

/* ---- paths that are not what they were ---- */

static void path_is_refused(const char *path, int number)
{
    struct strings in_force = {0};
    struct postern_error error = {0};
    plan_usual();
    add(ENFORCE_LANDLOCK_WRITE, path, 0);
    if (confine_self(POSTERN_LEVEL_RESTRICTED, &plan, &in_force, &error) != POSTERN_E_CONFINE ||
        error.os_error != number || !strstr(error.message, path))
        give_up(__LINE__, error.message, (int)error.os_error);
    CHECK(in_force.count == 0);
    enforce_steps_free(&plan);
}

static void check_paths(void)
{
    CHECK(mkdir(in(shut_path, "t"), 0755) == 0 && mkdir(in(shut_path, "t/in"), 0755) == 0);
    CHECK(symlink(in(shut_path, "t"), in(open_path, "link")) == 0);
    CHECK(access(in(open_path, "link/in"), W_OK) == 0);
    path_is_refused(in(open_path, "link"), ELOOP);
    path_is_refused(in(open_path, "link/in"), ELOOP);
    path_is_refused("/nonexistent/x", ENOENT);
    path_is_refused(in(shut_path, "t/in/gone"), ENOENT);
    CHECK(mkdir(in(shut_path, "closed"), 0) == 0);
    if (geteuid() != 0)
        path_is_refused(in(shut_path, "closed/x"), EACCES);
    plan_usual();
    add(ENFORCE_LANDLOCK_WRITE, in(shut_path, "t/in"), 0);
    confine_by_plan();
    CHECK(make_file(in(shut_path, "t/in/f"), 0644) == 0);
    REFUSED(make_file(in(shut_path, "t/f"), 0644), EACCES);
}

static void test_capabilities_are_refused(void **state)
{
    struct strings in_force = {0};
    struct postern_error error = {0};
    (void)state;
    if (geteuid() != 0)
        SKIP_BECAUSE("needs root");
    plan_usual();
    assert_int_equal(confine_self(POSTERN_LEVEL_RESTRICTED, &plan, &in_force, &error), POSTERN_E_CONFINE);
    enforce_steps_free(&plan);
    assert_int_equal(in_force.count, 0);
    assert_non_null(strstr(error.message, "capabilities"));
}

#define TEST(name, check)                                                                                              \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        run(check);                                                                                                    \
    }
TEST(test_writing, check_writing)
TEST(test_reading, check_reading)
TEST(test_set_id, check_set_id)
TEST(test_devices, check_devices)
TEST(test_refused_calls, check_refused_calls)
TEST(test_processes, check_processes)
TEST(test_foreign_numbers, check_foreign_numbers)
TEST(test_terminal, check_terminal)
TEST(test_network_off, check_network_off)
TEST(test_network_on, check_network_on)
TEST(test_no_local_sockets, check_no_local_sockets)
TEST(test_outsiders, after_outsiders)
TEST(test_limits, limits_in_a_group)
TEST(test_none_applies_nothing, check_none_applies_nothing)
TEST(test_plans, check_plans)
TEST(test_in_force, check_in_force)
TEST(test_paths, check_paths)
TEST(test_limits_of_others, check_limits_of_others)
TEST(test_shared_by_name, check_shared_by_name)
TEST(test_shared_in_a_namespace, check_shared_in_a_namespace)
TEST(test_limits_of_commands, check_limits_of_commands)

static int set_up(void **state)
{
    (void)state;
    test_uid = geteuid() == 0 ? 61300 + (uid_t)getpid() % 1000 : geteuid();
    if (!mkdtemp(base) || chmod(base, 0755) != 0)
        return -1;
    snprintf(open_path, sizeof(open_path), "%s/open", base);
    snprintf(shut_path, sizeof(shut_path), "%s/shut", base);
    umask(022);
    if (mkdir(open_path, 0755) != 0 || mkdir(shut_path, 0755) != 0)
        return -1;
    return geteuid() != 0 || (chown(open_path, test_uid, test_uid) == 0 && chown(shut_path, test_uid, test_uid) == 0)
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", base);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_writing),
                                       cmocka_unit_test(test_reading),
                                       cmocka_unit_test(test_set_id),
                                       cmocka_unit_test(test_devices),
                                       cmocka_unit_test(test_refused_calls),
                                       cmocka_unit_test(test_processes),
                                       cmocka_unit_test(test_foreign_numbers),
                                       cmocka_unit_test(test_terminal),
                                       cmocka_unit_test(test_network_off),
                                       cmocka_unit_test(test_network_on),
                                       cmocka_unit_test(test_no_local_sockets),
                                       cmocka_unit_test(test_outsiders),
                                       cmocka_unit_test(test_limits),
                                       cmocka_unit_test(test_none_applies_nothing),
                                       cmocka_unit_test(test_plans),
                                       cmocka_unit_test(test_in_force),
                                       cmocka_unit_test(test_paths),
                                       cmocka_unit_test(test_limits_of_others),
                                       cmocka_unit_test(test_shared_by_name),
                                       cmocka_unit_test(test_shared_in_a_namespace),
                                       cmocka_unit_test(test_limits_of_commands),
                                       cmocka_unit_test(test_capabilities_are_refused)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
