/*
 * escape_kernel_linux.c - a command that asks the kernel for what it never needs: namespaces, mounts, devices, the
 * machine. For test_escape_process_linux.c. Calls that would do harm where they are allowed get arguments that can do
 * none, and what counts is whether the kernel looked at them.
 * usage: escape_kernel_linux ATTEMPT [ARGUMENT...]
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tests/support/host.h"
#include "tests/support/host_attempt_linux.h"

HOST_RUNS_CONFINED

#define AT attempt_path

static int unshare_it(void *context)
{
    return unshare(*(int *)context) == 0 ? 0 : errno;
}

static int clone_it(void *context)
{
    long child = syscall(SYS_clone, (unsigned long)*(int *)context | SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        _exit(0);
    return child > 0 ? 0 : errno;
}

static int clone3_it(void *context)
{
    struct clone_args arguments = {.flags = (unsigned)*(int *)context, .exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &arguments, sizeof(arguments));
    if (child == 0)
        _exit(0);
    return child > 0 ? 0 : errno;
}

static void try_namespaces(char **argv)
{
    static const struct {
        const char *name;
        int flag;
    } kinds[] = {{"user", CLONE_NEWUSER}, {"user and mount", CLONE_NEWUSER | CLONE_NEWNS},
                 {"mount", CLONE_NEWNS},  {"pid", CLONE_NEWPID},
                 {"net", CLONE_NEWNET},   {"ipc", CLONE_NEWIPC},
                 {"uts", CLONE_NEWUTS},   {"cgroup", CLONE_NEWCGROUP}};
    char way[64];
    (void)argv;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        int flag = kinds[i].flag;
        snprintf(way, sizeof(way), "unshare %s", kinds[i].name);
        attempt_tell(way, attempt_in_child(unshare_it, &flag));
        snprintf(way, sizeof(way), "clone %s", kinds[i].name);
        attempt_tell(way, attempt_in_child(clone_it, &flag));
        snprintf(way, sizeof(way), "clone3 %s", kinds[i].name);
        attempt_tell(way, attempt_in_child(clone3_it, &flag));
    }
}

/* mounts BASE RIGHTS: what lies over what. With RIGHTS "own" in namespaces and with masks of our own: the control. */
static bool make_own_masks(const char *base)
{
    bool done = (unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
                mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                mount("none", AT(base, "work/no"), "tmpfs", 0, NULL) == 0 &&
                mount(AT(base, "work/ro"), AT(base, "work/ro"), NULL, MS_BIND, NULL) == 0;
    return done && mount(NULL, AT(base, "work/ro"), NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0;
}

static void try_mounts(char **argv)
{
    const char *no = AT(argv[0], "work/no"), *ro = AT(argv[0], "work/ro");
    if (strcmp(argv[1], "own") == 0 && !make_own_masks(argv[0])) {
        attempt_untried("all", strerror(errno));
        return;
    }
    /* recursive copies would take the masks with them */
    attempt_tell_result("a copy without what lies over it", syscall(SYS_open_tree, AT_FDCWD, argv[0], 1));
    attempt_tell_result("a new file system", syscall(SYS_fsopen, "tmpfs", 0));
    attempt_tell_reached("move_mount", syscall(SYS_move_mount, -1, "", -1, "", 0));
    attempt_tell_reached("mount_setattr", syscall(SYS_mount_setattr, -1, "", 0, NULL, 0));
    attempt_tell_result("cover what is read-only", mount("none", AT(argv[0], "work/over"), "tmpfs", 0, NULL));
    bool again = mount(NULL, ro, NULL, MS_REMOUNT | MS_BIND, NULL) == 0;
    attempt_tell("writable again", again && attempt_changes(AT(ro, "file")));
    bool bound = mount(AT(argv[0], "outside"), AT(argv[0], "work/over"), NULL, MS_BIND, NULL) == 0;
    attempt_tell("bind what is outside", bound && attempt_changes(AT(argv[0], "work/over/open")));
    bool gone = umount2(no, MNT_DETACH) == 0;
    attempt_tell("uncover what is denied", gone && attempt_reads(AT(no, "file")));
    attempt_tell_result("uncover what is read-only", umount2(ro, MNT_DETACH));
    bool changed = chmod(no, 0755) == 0;
    attempt_tell("make the mask a directory of one's own", changed && attempt_makes(AT(no, "new")));
    attempt_tell_reached("pivot_root", syscall(SYS_pivot_root, "/nowhere", "/nowhere"));
    attempt_tell("chroot", chroot(AT(argv[0], "outside")) == 0 && attempt_changes("/open"));
}

static void try_system_calls(char **argv)
{
    char nothing[64] = "";
    (void)argv;
    attempt_tell_reached("bpf", syscall(SYS_bpf, 0, nothing, 8));
    attempt_tell_reached("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
    attempt_tell_reached("userfaultfd", syscall(SYS_userfaultfd, 0));
    attempt_tell_reached("userfaultfd, user mode", syscall(SYS_userfaultfd, 1));
    attempt_tell_reached("io_uring_setup", syscall(SYS_io_uring_setup, 1, NULL));
    attempt_tell_reached("io_uring_enter", syscall(SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0));
    attempt_tell_reached("kexec_load", syscall(SYS_kexec_load, 0, 99, NULL, 0));
    attempt_tell_reached("kexec_file_load", syscall(SYS_kexec_file_load, -1, -1, 0, NULL, 99));
    attempt_tell_reached("init_module", syscall(SYS_init_module, NULL, 0, NULL));
    attempt_tell_reached("finit_module", syscall(SYS_finit_module, -1, "", 0));
    attempt_tell_reached("delete_module", syscall(SYS_delete_module, "postern-none", O_NONBLOCK));
    attempt_tell_reached("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
    attempt_tell_reached("swapon", swapon("/nowhere", 0));
    attempt_tell_reached("swapoff", swapoff("/nowhere"));
    attempt_tell_reached("acct", syscall(SYS_acct, "/nowhere"));
    attempt_tell_reached("quotactl", syscall(SYS_quotactl, -1, "/nowhere", 0, NULL));
    attempt_tell_reached("syslog", syscall(SYS_syslog, 10, NULL, 0));
    attempt_tell_reached("settimeofday", syscall(SYS_settimeofday, &(struct timeval){-1, -1}, NULL));
    attempt_tell_reached("sethostname", syscall(SYS_sethostname, NULL, (size_t)-1));
    attempt_tell_reached("iopl", syscall(SYS_iopl, 9));
    attempt_tell_reached("fanotify_init", syscall(SYS_fanotify_init, 0x80000000u, 0));
    /* younger than the headers, and than the filter's list */
    attempt_tell_reached("open_tree_attr", syscall(467, -1, NULL, 0, NULL, 0));
    attempt_tell_reached("file_setattr", syscall(469, -1, NULL, NULL, 0, 0));
}

static void try_sockets(char **argv)
{
    static const struct {
        const char *name;
        int family, type, protocol;
    } kinds[] = {{"raw", AF_INET, SOCK_RAW, 1},
                 {"packet", AF_PACKET, SOCK_RAW, 0},
                 {"IPv4", AF_INET, SOCK_STREAM, 0},
                 {"IPv6", AF_INET6, SOCK_DGRAM, 0},
                 {"netlink", AF_NETLINK, SOCK_RAW, 0},
                 {"vsock", AF_VSOCK, SOCK_STREAM, 0},
                 {"algorithms", AF_ALG, SOCK_SEQPACKET, 0},
                 {"bluetooth", AF_BLUETOOTH, SOCK_RAW, 1}};
    (void)argv;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        attempt_tell_file(kinds[i].name, socket(kinds[i].family, kinds[i].type | SOCK_CLOEXEC, kinds[i].protocol));
}

static void try_limits(char **argv)
{
    static const struct {
        const char *name;
        __rlimit_resource_t which;
    } limits[] = {{"core", RLIMIT_CORE}, {"descriptors", RLIMIT_NOFILE}};
    char way[64];
    (void)argv;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct rlimit limit = {0}, more;
        getrlimit(limits[i].which, &limit);
        more = (struct rlimit){limit.rlim_cur, limit.rlim_max + 1};
        snprintf(way, sizeof(way), "more %s", limits[i].name);
        if (limit.rlim_max == RLIM_INFINITY)
            attempt_tell(way, true);
        else
            attempt_tell_result(way, setrlimit(limits[i].which, &more));
        setrlimit(limits[i].which, &limit);
    }
    attempt_tell_result("a higher priority", setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) - 1));
    struct sched_param real_time = {.sched_priority = 1};
    attempt_tell_result("real time", sched_setscheduler(0, SCHED_FIFO, &real_time));
    sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){0});
    attempt_tell_result("READ_IMPLIES_EXEC", personality(READ_IMPLIES_EXEC));
    attempt_tell_result("MMAP_PAGE_ZERO", personality(MMAP_PAGE_ZERO));
    personality(0);
    attempt_tell("another user", setresuid(12321, 12321, 0) == 0 && setresuid(0, 0, 0) == 0);
}

/* ---- devices and the kernel's files ---- */

static bool is_harmless(const char *name)
{
    static const char *const names[] = {"null", "zero", "full", "random", "urandom", "tty", "ptmx"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Every node of /dev but those of every program, for writing; only opened. */
static void try_devices(char **argv)
{
    static const char *const all[] = {"mem",         "kmsg",  "port",         "vda",  "vdb",      "sda",
                                      "nvme0n1",     "loop0", "loop-control", "fuse", "kvm",      "net/tun",
                                      "vhost-vsock", "hwrng", "console",      "tty0", "tty1",     "ttyS0",
                                      "rtc0",        "vsock", "userfaultfd",  "vcs",  "snapshot", "cpu_dma_latency"};
    DIR *directory = opendir("/dev");
    struct dirent *entry;
    char found[256] = "";
    struct stat status;
    (void)argv;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        attempt_tell_file(all[i], open(AT("/dev", all[i]), O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    while (directory && (entry = readdir(directory)) != NULL) {
        const char *path = AT("/dev", entry->d_name);
        if (is_harmless(entry->d_name) || lstat(path, &status) != 0 ||
            (!S_ISBLK(status.st_mode) && !S_ISCHR(status.st_mode)) || access(path, W_OK) != 0)
            continue;
        int file = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (file >= 0 && strlen(found) + strlen(entry->d_name) + 2 < sizeof(found))
            strcat(strcat(found, " "), entry->d_name);
        if (file >= 0)
            close(file);
    }
    if (directory)
        closedir(directory);
    printf("# other devices:%s\n", found);
    errno = ENOENT;
    attempt_tell("any other device", found[0] != '\0');
}

/* The value it has, once more: some let themselves be opened and look at the rights later. */
static bool writes_back(const char *path)
{
    char value[1024];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file >= 0 ? read(file, value, sizeof(value)) : -1;
    if (file >= 0)
        close(file);
    if ((file = open(path, O_WRONLY | O_CLOEXEC)) < 0)
        return false;
    bool worked = got <= 0 || write(file, value, (size_t)got) == got;
    int number = errno;
    close(file);
    errno = number;
    return worked;
}

static void try_kernel_files(char **argv)
{
    static const char *const files[] = {"/proc/sys/kernel/core_pattern",
                                        "/proc/sys/kernel/hostname",
                                        "/proc/sys/vm/drop_caches",
                                        "/proc/sys/kernel/modprobe",
                                        "/proc/sys/net/ipv4/ip_forward",
                                        "/proc/sys/user/max_user_namespaces",
                                        "/proc/sysrq-trigger",
                                        "/proc/sys/fs/binfmt_misc/register",
                                        "/proc/sys/kernel/ns_last_pid",
                                        "/proc/sys/kernel/msgmax",
                                        "/sys/power/state",
                                        "/sys/fs/cgroup/cgroup.procs",
                                        "/sys/kernel/uevent_helper",
                                        "/sys/class/block/vda/uevent",
                                        "/proc/1/oom_score_adj",
                                        "/proc/irq/default_smp_affinity"};
    (void)argv;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        attempt_tell(files[i], writes_back(files[i]));
    attempt_tell("/proc/kcore", attempt_reads("/proc/kcore"));
    attempt_tell_file("/proc/kmsg", open("/proc/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

/* On a terminal of its own. TIOCLINUX is hidden by the headers. */
static void try_terminal(char **argv)
{
    static const unsigned long requests[] = {TIOCSTI, 0x541C};
    static const char *const names[] = {"TIOCSTI", "TIOCLINUX"};
    char way[64];
    struct termios terminal;
    (void)argv;
    if (tcgetattr(0, &terminal) == 0) { /* what is typed must not show among what is said */
        terminal.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(0, TCSANOW, &terminal);
    }
    for (size_t i = 0; i < 2; i++) {
        const unsigned long above[] = {0, 0x100000000ul, 0xffffffff00000000ul};
        for (size_t k = 0; k < 3; k++) {
            char argument[8] = "\x0a";
            snprintf(way, sizeof(way), "%s, %zu", names[i], k);
            attempt_tell_reached(way, syscall(SYS_ioctl, 0, requests[i] | above[k], argument));
        }
    }
}

int main(int argc, char **argv)
{
    static const struct attempt attempts[] = {
        {"namespaces", 0, try_namespaces}, {"mounts", 2, try_mounts},     {"calls", 0, try_system_calls},
        {"sockets", 0, try_sockets},       {"limits", 0, try_limits},     {"devices", 0, try_devices},
        {"kernel", 0, try_kernel_files},   {"terminal", 0, try_terminal},
    };
    return attempt_main(argc, argv, attempts, sizeof(attempts) / sizeof(attempts[0]));
}
