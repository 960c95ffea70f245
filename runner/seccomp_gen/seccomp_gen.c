/*
 * seccomp_gen.c - writes seccomp_program.h: the runner's system call filters as finished instructions. Runs while
 * postern is built, on the machine that builds, and is the only user of libseccomp; runner/confine_linux.c includes
 * what it prints. What is refused here is refused to every command of a confined sandbox.
 *
 * A list of what is forbidden, not of what is allowed: commands are compilers, package managers, whole test suites.
 * The list is kept honest from above: numbers newer than LAST_KNOWN do not exist for commands until somebody has
 * looked at them and raised it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NR_FCHMODAT2 = 452, /* younger than the libseccomp of Debian 12; one number on all architectures */
    LAST_KNOWN = 462,   /* mseal. 467 is open_tree_attr, 469 file_setattr: neither may slip through */
    INSTRUCTION_LIMIT = 4096
};

#define REFUSE SCMP_ACT_ERRNO(EPERM)
#define MISSING SCMP_ACT_ERRNO(ENOSYS)
#define NO_FAMILY SCMP_ACT_ERRNO(EACCES)
#define CREATES_UNNAMED ((scmp_datum_t)(O_TMPFILE & ~O_DIRECTORY))

struct variant {
    bool network;       /* false: AF_UNIX is the only family */
    bool local_sockets; /* false: not even that; and nothing of System V or POSIX that has no file to guard it */
};

/* Refused whatever the arguments. Without capabilities most of them fail anyway; but each is a door into code of the
 * kernel that a command has no business in, and "without capabilities" is a promise of another mechanism. */
static const int refused[] = {
    /* the view of files: mounts and roots */
    SCMP_SYS(mount), SCMP_SYS(umount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(open_tree),
    SCMP_SYS(move_mount), SCMP_SYS(fsopen), SCMP_SYS(fsmount), SCMP_SYS(fsconfig), SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr), SCMP_SYS(name_to_handle_at), SCMP_SYS(open_by_handle_at),
    /* namespaces; clone's flags are looked at below */
    SCMP_SYS(setns), SCMP_SYS(unshare), SCMP_SYS(sethostname), SCMP_SYS(setdomainname),
    /* other processes */
    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise),
    SCMP_SYS(kcmp), SCMP_SYS(pidfd_getfd), SCMP_SYS(fanotify_init),
    /* keys of the user, which no file permission guards */
    SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key),
    /* the machine */
    SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load),
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(create_module), SCMP_SYS(reboot),
    SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(quotactl), SCMP_SYS(quotactl_fd),
    SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(clock_settime64), SCMP_SYS(stime), SCMP_SYS(vhangup),
    SCMP_SYS(lookup_dcookie), SCMP_SYS(syslog), SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(nfsservctl),
    SCMP_SYS(uselib)};

/* "Not there" rather than "not allowed", because callers then use something older that can be looked into: libc goes
 * from clone3 to clone, whose flags are in a register. openat2's mode and io_uring's requests are in memory, too. */
static const int missing[] = {SCMP_SYS(clone3), SCMP_SYS(openat2), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
                              SCMP_SYS(io_uring_register)};

/* PER_LINUX, PER_LINUX32, the same with UNAME26, without address randomisation (debuggers, emulators), and the
 * question 0xffffffff. All others change how memory is laid out or made executable. */
static const unsigned harmless_personalities[] = {0x0, 0x8, 0x20000, 0x20008, 0x40000, 0x40008, 0xffffffff};

/* Shared memory, semaphores and queues that all processes of a user can find: refused where no namespace of its own
 * keeps them apart, as a kernel that was built without them would. */
static const int shared_by_name[] = {SCMP_SYS(shmget),  SCMP_SYS(shmat),    SCMP_SYS(shmctl),     SCMP_SYS(semget),
                                     SCMP_SYS(semop),   SCMP_SYS(semctl),   SCMP_SYS(semtimedop), SCMP_SYS(msgget),
                                     SCMP_SYS(msgsnd),  SCMP_SYS(msgrcv),   SCMP_SYS(msgctl),     SCMP_SYS(ipc),
                                     SCMP_SYS(mq_open), SCMP_SYS(mq_unlink)};

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "seccomp_gen: %s: error %d\n", what, -result);
        exit(1);
    }
}

static void add(scmp_filter_ctx filter, uint32_t action, int number, unsigned count, const struct scmp_arg_cmp *tests)
{
    int result = seccomp_rule_add_array(filter, action, number, count, tests);
    /* -EDOM: this architecture has no such call */
    if (result != -EDOM)
        check(result, "seccomp_rule_add_array");
}

/* Refuses `number` where all bits of `bits` are set in argument `argument`. */
static void add_bits(scmp_filter_ctx filter, int number, unsigned argument, scmp_datum_t bits)
{
    struct scmp_arg_cmp test = SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, bits, bits);
    add(filter, REFUSE, number, 1, &test);
}

/* Files made in the workspace may belong to root outside: a set-id bit on one would hand root out. Every call that
 * can put one on a file is here; mkdir ignores these bits, and what a file had before is dropped on writing. */
static void add_set_id_rules(scmp_filter_ctx filter)
{
    static const struct {
        int number;
        unsigned mode;
    } setters[] = {{SCMP_SYS(chmod), 1}, {SCMP_SYS(fchmod), 1},  {SCMP_SYS(fchmodat), 2}, {NR_FCHMODAT2, 2},
                   {SCMP_SYS(mknod), 1}, {SCMP_SYS(mknodat), 2}, {SCMP_SYS(creat), 1}};
    static const struct {
        int number;
        unsigned flags;
    } openers[] = {{SCMP_SYS(open), 1}, {SCMP_SYS(openat), 2}};
    static const scmp_datum_t bits[] = {S_ISUID, S_ISGID};

    for (size_t b = 0; b < 2; b++) {
        for (size_t i = 0; i < sizeof(setters) / sizeof(setters[0]); i++)
            add_bits(filter, setters[i].number, setters[i].mode, bits[b]);
        for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++) {
            /* the mode means something only where a file may be made; elsewhere its register holds leftovers */
            static const scmp_datum_t creates[] = {O_CREAT, CREATES_UNNAMED};
            for (size_t c = 0; c < 2; c++) {
                struct scmp_arg_cmp tests[] = {SCMP_CMP(openers[i].flags, SCMP_CMP_MASKED_EQ, creates[c], creates[c]),
                                               SCMP_CMP(openers[i].flags + 1, SCMP_CMP_MASKED_EQ, bits[b], bits[b])};
                add(filter, REFUSE, openers[i].number, 2, tests);
            }
        }
    }
}

static void add_device_rules(scmp_filter_ctx filter)
{
    static const scmp_datum_t types[] = {S_IFCHR, S_IFBLK};
    for (size_t i = 0; i < 2; i++) {
        struct scmp_arg_cmp plain = SCMP_CMP(1, SCMP_CMP_MASKED_EQ, S_IFMT, types[i]);
        struct scmp_arg_cmp at = SCMP_CMP(2, SCMP_CMP_MASKED_EQ, S_IFMT, types[i]);
        add(filter, REFUSE, SCMP_SYS(mknod), 1, &plain);
        add(filter, REFUSE, SCMP_SYS(mknodat), 1, &at);
    }
}

static void add_clone_rules(scmp_filter_ctx filter)
{
    static const scmp_datum_t namespaces[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                              CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};
    for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++)
        add_bits(filter, SCMP_SYS(clone), 0, namespaces[i]);
}

/* Typing into somebody's terminal, and line disciplines, which are drivers that a terminal loads. The kernel looks at
 * the low 32 bits of the command only, and so do we. */
static void add_ioctl_rules(scmp_filter_ctx filter)
{
    enum { TERMINAL_LINUX = 0x541C }; /* TIOCLINUX; the libc header hides it */
    static const scmp_datum_t commands[] = {TIOCSTI, TERMINAL_LINUX, TIOCSETD};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        struct scmp_arg_cmp test = SCMP_CMP(1, SCMP_CMP_MASKED_EQ, 0xffffffff, commands[i]);
        add(filter, REFUSE, SCMP_SYS(ioctl), 1, &test);
    }
}

/* Limits of another process of the same user: one of a second of processor time kills it as well as a signal does. */
static void add_limit_rules(scmp_filter_ctx filter)
{
    struct scmp_arg_cmp tests[] = {SCMP_CMP(0, SCMP_CMP_NE, 0, 0), SCMP_CMP(2, SCMP_CMP_NE, 0, 0)};
    add(filter, REFUSE, SCMP_SYS(prlimit64), 2, tests);
}

/* Also with the network on only the families that programs use to reach it: the others are rarely looked after, and
 * vsock reaches the host of a virtual machine. Comparisons are of all 64 bits: garbage above them is refused. */
static void add_socket_rules(scmp_filter_ctx filter, const struct variant *variant)
{
    struct scmp_arg_cmp not_local = SCMP_CMP(0, SCMP_CMP_NE, AF_UNIX, 0);
    add(filter, NO_FAMILY, SCMP_SYS(socketpair), 1, &not_local);
    if (!variant->network) {
        add(filter, NO_FAMILY, SCMP_SYS(socket), variant->local_sockets ? 1 : 0, &not_local);
        return;
    }
    for (scmp_datum_t family = 0; family <= AF_NETLINK; family++) {
        if (family == AF_INET || family == AF_INET6 || family == AF_NETLINK ||
            (family == AF_UNIX && variant->local_sockets))
            continue;
        struct scmp_arg_cmp same = SCMP_CMP(0, SCMP_CMP_EQ, family, 0);
        add(filter, NO_FAMILY, SCMP_SYS(socket), 1, &same);
    }
    struct scmp_arg_cmp above = SCMP_CMP(0, SCMP_CMP_GT, AF_NETLINK, 0);
    add(filter, NO_FAMILY, SCMP_SYS(socket), 1, &above);
}

static scmp_filter_ctx build(const struct variant *variant)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter)
        check(-ENOMEM, "seccomp_init");
    check(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "bad architecture");
    check(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), "binary tree");
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        add(filter, REFUSE, refused[i], 0, NULL);
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
        add(filter, MISSING, missing[i], 0, NULL);
    add_set_id_rules(filter);
    add_device_rules(filter);
    add_clone_rules(filter);
    add_ioctl_rules(filter);
    add_limit_rules(filter);
    add_socket_rules(filter, variant);
    for (size_t i = 0; !variant->local_sockets && i < sizeof(shared_by_name) / sizeof(shared_by_name[0]); i++)
        add(filter, MISSING, shared_by_name[i], 0, NULL);
    return filter;
}

static size_t read_program(scmp_filter_ctx filter, struct sock_filter *program, size_t capacity)
{
    FILE *file = tmpfile();
    if (!file)
        check(-errno, "tmpfile");
    check(seccomp_export_bpf(filter, fileno(file)), "seccomp_export_bpf");
    rewind(file);
    size_t count = fread(program, sizeof(*program), capacity, file);
    fclose(file);
    if (count == 0 || count == capacity)
        check(-E2BIG, "reading the program back");
    return count;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "write_front() loads the low half of an argument");

/* What libseccomp cannot say, in front of what it made. Its own first instruction loads the architecture anew, so
 * falling through is as if nothing had been in front. x32 numbers have bit 30 set and are thus above LAST_KNOWN. */
static size_t write_front(struct sock_filter *out)
{
    const unsigned char allowed = sizeof(harmless_personalities) / sizeof(harmless_personalities[0]);
    size_t n = 0;
    out[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    out[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LAST_KNOWN, 0, 1);
    out[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, MISSING);
    out[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)SCMP_SYS(personality), 0,
                                            (unsigned char)(allowed + 2));
    out[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args));
    for (unsigned char i = 0; i < allowed; i++)
        out[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, harmless_personalities[i],
                                                (unsigned char)(allowed - i), 0);
    out[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, REFUSE);
    return n;
}

static void print_program(const char *name, const struct variant *variant)
{
    static struct sock_filter program[INSTRUCTION_LIMIT];
    scmp_filter_ctx filter = build(variant);
    size_t count = write_front(program);
    count += read_program(filter, program + count, INSTRUCTION_LIMIT - count);
    seccomp_release(filter);
    printf("static const struct sock_filter %s[] = {\n", name);
    for (size_t i = 0; i < count; i++)
        printf("    {0x%02x, %u, %u, 0x%08x},\n", program[i].code, program[i].jt, program[i].jf, program[i].k);
    printf("};\n\n");
}

int main(void)
{
    static const struct {
        const char *name;
        struct variant variant;
    } programs[] = {{"seccomp_network_off", {false, true}},
                    {"seccomp_network_on", {true, true}},
                    {"seccomp_network_off_no_local", {false, false}},
                    {"seccomp_network_on_no_local", {true, false}}};
    printf("/* Made by runner/seccomp_gen/seccomp_gen.c while building; included by runner/confine_linux.c. */\n"
           "#include <linux/filter.h>\n\n");
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        print_program(programs[i].name, &programs[i].variant);
    return fflush(stdout) != 0 || ferror(stdout);
}
