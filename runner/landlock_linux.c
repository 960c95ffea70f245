/*
 * landlock_linux.c - see the header. Runs in the runner, before its first command.
 */
#include "runner/landlock_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char STAGE[] = "confine";

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

int landlock_find_abi(struct postern_error *error)
{
    long found = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (found >= 1)
        return found < ABI_KNOWN ? (int)found : ABI_KNOWN;
    error_os(error, POSTERN_E_CONFINE, STAGE, "landlock_create_ruleset", errno, "Landlock is not to be had");
    return 0;
}

/* ---- the ruleset ---- */

static int too_old(const char *id, int abi, struct postern_error *error)
{
    error_set(error, POSTERN_E_CONFINE, STAGE, "landlock_create_ruleset",
              "the plan has %s, which this kernel's Landlock (ABI %d) cannot do", id, abi);
    error_remedy(error, "report it: the plan was made for another kernel");
    return POSTERN_E_CONFINE;
}

static int collect(const struct enforce_steps *steps, int abi, struct ruleset_attributes *out,
                   struct postern_error *error)
{
    static const struct {
        enum enforce_mechanism mechanism;
        int abi;
        struct ruleset_attributes attributes;
    } known[] = {{ENFORCE_NET_LANDLOCK, ABI_NETWORK, {.network = NET_BIND_TCP | NET_CONNECT_TCP}},
                 {ENFORCE_SCOPE_SIGNALS, ABI_SCOPE, {.scoped = SCOPE_SIGNAL}},
                 {ENFORCE_SCOPE_SOCKETS, ABI_SCOPE, {.scoped = SCOPE_ABSTRACT_SOCKET}}};
    *out = (struct ruleset_attributes){.files = rights_of_abi(abi)};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!enforce_has(steps, known[i].mechanism))
            continue;
        if (abi < known[i].abi)
            return too_old(enforce_info(known[i].mechanism)->id, abi, error);
        out->network |= known[i].attributes.network;
        out->scoped |= known[i].attributes.scoped;
    }
    return POSTERN_OK;
}

static int create_ruleset(const struct enforce_steps *steps, int abi, int *out, struct postern_error *error)
{
    struct ruleset_attributes attributes;
    int result = collect(steps, abi, &attributes, error);
    if (result != POSTERN_OK)
        return result;
    size_t size = abi >= ABI_SCOPE     ? sizeof(attributes)
                  : abi >= ABI_NETWORK ? offsetof(struct ruleset_attributes, scoped)
                                       : offsetof(struct ruleset_attributes, network);
    *out = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    if (*out < 0)
        return error_os(error, POSTERN_E_CONFINE, STAGE, "landlock_create_ruleset", errno, "Landlock, ABI %d", abi);
    return POSTERN_OK;
}

/* ---- paths ---- */

/*
 * Opens a path that was free of links when the plan was made, one name at a time: if another sandbox has put a link
 * somewhere into it since, a rule for what that leads to would give away what nobody granted. Not openat2(), which a
 * sandbox around us, like our own, may keep from us. -1: errno, ELOOP for a link.
 */
static int open_path(const char *path)
{
    char name[NAME_MAX + 1];
    struct stat status;
    int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (at >= 0) {
        path += strspn(path, "/");
        size_t length = strcspn(path, "/");
        if (length == 0)
            return at;
        int next = -1;
        errno = ENAMETOOLONG;
        if (length < sizeof(name)) {
            memcpy(name, path, length);
            name[length] = 0;
            next = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        }
        if (next >= 0 && (fstat(next, &status) != 0 || S_ISLNK(status.st_mode))) {
            close(next);
            next = -1;
            errno = ELOOP;
        }
        int saved = errno;
        close(at);
        errno = saved;
        at = next;
        path += length;
    }
    return -1;
}

static int fail_path(const char *call, const char *path, struct postern_error *error)
{
    int number = errno;
    error_os(error, POSTERN_E_CONFINE, STAGE, call, number, "the path %s of the policy", path);
    if (number == ENOENT || number == ENOTDIR || number == ELOOP)
        error_remedy(error, "it was removed or replaced while the sandbox was started: make sure who may do that, "
                            "try again");
    return POSTERN_E_CONFINE;
}

static int add_path(int ruleset, const struct enforce_step *step, int abi, struct postern_error *error)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = READING, .parent_fd = open_path(step->path)};
    struct stat status;
    int result = POSTERN_OK;
    if (rule.parent_fd < 0)
        return fail_path("open", step->path, error);
    if (step->mechanism == ENFORCE_LANDLOCK_WRITE)
        rule.allowed_access |= LANDLOCK_ACCESS_FS_WRITE_FILE | MAKING | FS_TRUNCATE | FS_IOCTL_DEV;
    rule.allowed_access &= rights_of_abi(abi);
    if (fstat(rule.parent_fd, &status) != 0)
        result = fail_path("fstat", step->path, error);
    else if (!S_ISDIR(status.st_mode))
        rule.allowed_access &= FOR_PLAIN_FILES;
    if (result == POSTERN_OK && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        result = fail_path("landlock_add_rule", step->path, error);
    close(rule.parent_fd);
    return result;
}

int landlock_apply(const struct enforce_steps *steps, int *abi, struct postern_error *error)
{
    int ruleset = -1;
    *abi = landlock_find_abi(error);
    if (*abi == 0)
        return POSTERN_E_CONFINE;
    int result = create_ruleset(steps, *abi, &ruleset, error);
    for (size_t i = 0; result == POSTERN_OK && i < steps->count; i++) {
        const struct enforce_step *step = &steps->item[i];
        if (step->mechanism == ENFORCE_LANDLOCK_READ || step->mechanism == ENFORCE_LANDLOCK_WRITE)
            result = add_path(ruleset, step, *abi, error);
    }
    if (result == POSTERN_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        result = error_os(error, POSTERN_E_CONFINE, STAGE, "landlock_restrict_self", errno, "Landlock, ABI %d", *abi);
    if (ruleset >= 0)
        close(ruleset);
    return result;
}
