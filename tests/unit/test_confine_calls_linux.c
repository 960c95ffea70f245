/*
 * What the system call filter of the runner refuses to every command, and what it has to leave alone.
 */
#include "tests/support/confined_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- system calls ---- */

static void check_refused_calls(void)
{
    const unsigned for_anybody = 0x200; /* FAN_REPORT_FID */
    CHECK(syscall(SYS_fanotify_init, for_anybody, 0) >= 0 || errno == ENOSYS);
    test_confine();
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
    test_confine();
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
    test_confine();
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
    test_confine();
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
    test_confine();
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
    test_plan_usual();
    test_add(ENFORCE_NO_LOCAL_SOCKETS, NULL, 0);
    test_confine_by_plan();
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
    test_confine();
    int segment = shmget(IPC_PRIVATE, 4096, 0600);
    CHECK(segment >= 0 && shmctl(segment, IPC_RMID, NULL) == 0);
}

/* ---- sockets ---- */

static void check_network_off(void)
{
    int ends[2];
    CHECK(test_try_socket(AF_INET) == 0);
    test_confine();
    REFUSED(test_try_socket(AF_INET), EACCES);
    REFUSED(test_try_socket(AF_INET6), EACCES);
    REFUSED(socket(AF_NETLINK, SOCK_RAW, 0), EACCES);
    REFUSED(test_try_socket(40), EACCES); /* vsock */
    REFUSED(syscall(SYS_socket, 0x100000000UL | AF_INET, SOCK_STREAM, 0), EACCES);
    CHECK(test_try_socket(AF_UNIX) == 0);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
}

static void check_network_on(void)
{
    test_plan_with_network();
    test_confine_by_plan();
    CHECK(test_try_socket(AF_INET) == 0);
    CHECK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0);
    CHECK(test_try_socket(AF_UNIX) == 0);
    REFUSED(socket(AF_PACKET, SOCK_RAW, 0), EACCES);
    REFUSED(test_try_socket(40), EACCES);
    REFUSED(socket(38, SOCK_SEQPACKET, 0), EACCES); /* crypto of the kernel */
    REFUSED(syscall(SYS_socket, 0x100000000UL | 38, SOCK_SEQPACKET, 0), EACCES);
}

static void check_no_local_sockets(void)
{
    int ends[2];
    test_plan_usual();
    test_add(ENFORCE_NO_LOCAL_SOCKETS, NULL, 0);
    test_confine_by_plan();
    REFUSED(test_try_socket(AF_UNIX), EACCES);
    REFUSED(test_try_socket(AF_INET), EACCES);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
}

TEST(test_refused_calls, check_refused_calls)
TEST(test_processes, check_processes)
TEST(test_foreign_numbers, check_foreign_numbers)
TEST(test_terminal, check_terminal)
TEST(test_limits_of_others, check_limits_of_others)
TEST(test_shared_by_name, check_shared_by_name)
TEST(test_shared_in_a_namespace, check_shared_in_a_namespace)
TEST(test_network_off, check_network_off)
TEST(test_network_on, check_network_on)
TEST(test_no_local_sockets, check_no_local_sockets)

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused_calls),
                                       cmocka_unit_test(test_processes),
                                       cmocka_unit_test(test_foreign_numbers),
                                       cmocka_unit_test(test_terminal),
                                       cmocka_unit_test(test_limits_of_others),
                                       cmocka_unit_test(test_shared_by_name),
                                       cmocka_unit_test(test_shared_in_a_namespace),
                                       cmocka_unit_test(test_network_off),
                                       cmocka_unit_test(test_network_on),
                                       cmocka_unit_test(test_no_local_sockets)};
    return cmocka_run_group_tests(tests, test_confine_set_up, test_confine_tear_down);
}
