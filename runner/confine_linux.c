/*
 * confine_linux.c - the runner gives up what neither it nor its commands need: Landlock for files and signals, a system
 * call filter, limits. Called once by runner/runner.c, after the handshake and before the first command; commands
 * inherit all of it, so a warm start pays nothing.
 *
 * This side of the boundary is not trusted by the parent: what must hold even if the runner is taken over before this
 * point (user, namespaces, mounts, capabilities) was done by the keeper.
 */
#include "runner/confine.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runner/seccomp_program.h"
#include "shared/text.h"

static const char STAGE[] = "confine";

/* ---- Landlock ---- */

/* Younger than the headers of Debian 12, with the ABI that brought them. */
enum {
    ABI_REFER = 2,
    ABI_TRUNCATE = 3,
    ABI_NETWORK = 4,
    ABI_IOCTL_DEV = 5,
    ABI_SCOPE = 6,
    ABI_KNOWN = 7 /* nothing newer is asked for */
};
#define FS_TRUNCATE (1ULL << 14)
#define FS_IOCTL_DEV (1ULL << 15)
#define NET_BIND_TCP (1ULL << 0)
#define NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)

/* struct landlock_ruleset_attr as of ABI 6; older kernels take a prefix of it. */
struct ruleset_attributes {
    uint64_t files, network, scoped;
};

#define READING (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* Devices are not among what may be made, anywhere. */
#define MAKING                                                                                                         \
    (LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |                    \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                       \
     LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)
#define DEVICES (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)
#define FOR_PLAIN_FILES                                                                                                \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE |         \
     FS_IOCTL_DEV)

static uint64_t rights_of_abi(int abi)
{
    uint64_t rights = READING | LANDLOCK_ACCESS_FS_WRITE_FILE | MAKING | DEVICES | FS_TRUNCATE | FS_IOCTL_DEV;
    if (abi < ABI_REFER)
        rights &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
    if (abi < ABI_TRUNCATE)
        rights &= ~FS_TRUNCATE;
    if (abi < ABI_IOCTL_DEV)
        rights &= ~FS_IOCTL_DEV;
    return rights;
}

static int landlock_abi(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

int confine_check(int *abi, struct postern_error *error)
{
    int found = landlock_abi();
    *abi = found < 0 ? 0 : found;
    if (found >= 1)
        return POSTERN_OK;
    return error_os(error, POSTERN_E_CONFINE, STAGE, "landlock_create_ruleset", errno, "Landlock is not to be had");
}

static int create_ruleset(const struct confinement *confinement, int abi, int *out, struct postern_error *error)
{
    struct ruleset_attributes attributes = {.files = rights_of_abi(abi)};
    size_t size = sizeof(attributes.files);
    if (abi >= ABI_NETWORK) {
        size += sizeof(attributes.network);
        if (!confinement->network)
            attributes.network = NET_BIND_TCP | NET_CONNECT_TCP;
    }
    if (abi >= ABI_SCOPE) {
        size += sizeof(attributes.scoped);
        attributes.scoped = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
    }
    *out = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    if (*out < 0)
        return error_os(error, POSTERN_E_CONFINE, STAGE, "landlock_create_ruleset", errno, "Landlock, ABI %d", abi);
    return POSTERN_OK;
}

static int add_path(int ruleset, const struct confine_path *path, int abi, struct postern_error *error)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = READING};
    struct stat status;
    int result = POSTERN_OK;
    rule.parent_fd = open(path->path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return error_os(error, POSTERN_E_CONFINE, STAGE, "open", errno, "the path %s of the policy", path->path);
    if (path->access & CONFINE_WRITE)
        rule.allowed_access |= LANDLOCK_ACCESS_FS_WRITE_FILE | MAKING | FS_TRUNCATE | FS_IOCTL_DEV;
    rule.allowed_access &= rights_of_abi(abi);
    if (fstat(rule.parent_fd, &status) != 0)
        result = error_os(error, POSTERN_E_CONFINE, STAGE, "fstat", errno, "the path %s of the policy", path->path);
    else if (!S_ISDIR(status.st_mode))
        rule.allowed_access &= FOR_PLAIN_FILES;
    if (result == POSTERN_OK && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        result = error_os(error, POSTERN_E_CONFINE, STAGE, "landlock_add_rule", errno, "the path %s of the policy",
                          path->path);
    close(rule.parent_fd);
    return result;
}

static int apply_landlock(const struct confinement *confinement, int *abi, struct postern_error *error)
{
    int ruleset = -1;
    int result = confine_check(abi, error);
    if (*abi > ABI_KNOWN)
        *abi = ABI_KNOWN;
    if (result == POSTERN_OK)
        result = create_ruleset(confinement, *abi, &ruleset, error);
    for (size_t i = 0; result == POSTERN_OK && i < confinement->path_count; i++)
        result = add_path(ruleset, &confinement->paths[i], *abi, error);
    if (result == POSTERN_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        result = error_os(error, POSTERN_E_CONFINE, STAGE, "landlock_restrict_self", errno, "Landlock, ABI %d", *abi);
    if (ruleset >= 0)
        close(ruleset);
    return result;
}

/* ---- system calls ---- */

static int apply_seccomp(const struct confinement *confinement, struct postern_error *error)
{
#define PROGRAM(array)                                                                                                 \
    {                                                                                                                  \
        (unsigned short)(sizeof(array) / sizeof((array)[0])), (struct sock_filter *)(array)                            \
    }
    static const struct sock_fprog programs[2][2] = {
        {PROGRAM(seccomp_network_off), PROGRAM(seccomp_network_off_no_local)},
        {PROGRAM(seccomp_network_on), PROGRAM(seccomp_network_on_no_local)}};
#undef PROGRAM
    const struct sock_fprog *program = &programs[confinement->network][confinement->no_local_sockets];
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) == 0)
        return POSTERN_OK;
    int result = error_os(error, POSTERN_E_CONFINE, STAGE, "seccomp", errno, "the system call filter");
    error_remedy(error, "use a kernel with CONFIG_SECCOMP_FILTER");
    return result;
}

/* ---- the rest ---- */

/* The keeper dropped them; a runner that has some was started by something else, and would be no sandbox. */
static int check_privileges(struct postern_error *error)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, data) != 0)
        return error_os(error, POSTERN_E_CONFINE, STAGE, "capget", errno, "the runner's capabilities");
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        if (data[i].effective || data[i].permitted || data[i].inheritable)
            return error_set(error, POSTERN_E_CONFINE, STAGE, "capget", "the runner still has capabilities");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return error_os(error, POSTERN_E_CONFINE, STAGE, "prctl", errno, "no_new_privs");
    return POSTERN_OK;
}

static int set_limit(__rlimit_resource_t resource, rlim_t value, const char *name, struct postern_error *error)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0)
        return error_os(error, POSTERN_E_CONFINE, STAGE, "getrlimit", errno, "%s", name);
    /* what is stricter already stays; without privileges a hard limit cannot be raised anyway */
    if (limit.rlim_max > value)
        limit.rlim_max = value;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(resource, &limit) != 0)
        return error_os(error, POSTERN_E_CONFINE, STAGE, "setrlimit", errno, "%s", name);
    return POSTERN_OK;
}

static int apply_limits(const struct confinement *confinement, struct postern_error *error)
{
    /* A core file would hold the command's secrets. One byte and not zero: too little for a file just as well, and
     * the only value at which the kernel does not start the host's core_pattern program either. */
    int result = set_limit(RLIMIT_CORE, 1, "RLIMIT_CORE", error);
    if (result == POSTERN_OK && confinement->max_processes > 0)
        result = set_limit(RLIMIT_NPROC, confinement->max_processes, "RLIMIT_NPROC", error);
    return result;
}

static bool tell(const struct confinement *confinement, int abi, struct strings *in_force)
{
    bool told = strings_add_owned(in_force, text_format("fs.read:landlock-abi%d", abi)) &&
                strings_add_owned(in_force, text_format("fs.write:landlock-abi%d", abi)) &&
                strings_add(in_force, "syscalls:seccomp") && strings_add(in_force, "privileges:no_new_privs");
    if (abi >= ABI_SCOPE)
        told = told && strings_add(in_force, "signals:landlock-scope") &&
               strings_add(in_force, "sockets.abstract:landlock-scope");
    if (!confinement->network)
        told = told && strings_add(in_force, "net.block:seccomp");
    if (!confinement->network && abi >= ABI_NETWORK)
        told = told && strings_add_owned(in_force, text_format("net.block:landlock-abi%d", abi));
    if (confinement->no_local_sockets)
        told = told && strings_add(in_force, "sockets.local:seccomp");
    if (confinement->max_processes > 0)
        told = told && strings_add(in_force, "processes.max:rlimit");
    return told;
}

int confine_self(const struct confinement *confinement, struct strings *in_force, struct postern_error *error)
{
    int abi = 0;
    if (confinement->level == POSTERN_LEVEL_NONE)
        return POSTERN_OK;
    assert(confinement->no_user_namespaces); /* the filter has no variant that lets them pass */
    int result = check_privileges(error);
    if (result == POSTERN_OK)
        result = apply_limits(confinement, error);
    if (result == POSTERN_OK)
        result = apply_landlock(confinement, &abi, error);
    if (result == POSTERN_OK)
        result = apply_seccomp(confinement, error);
    if (result == POSTERN_OK && !tell(confinement, abi, in_force))
        result = error_memory(error, STAGE);
    return result;
}
