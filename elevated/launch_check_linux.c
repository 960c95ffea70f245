/*
 * launch_check_linux.c - can this host give this caller a level? Looks only. Parent; called before every start and by
 * postern_level_check().
 */
#include "elevated/launch.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "elevated/capabilities_linux.h"

static const char STAGE[] = "level";

static int check_landlock(struct postern_error *error)
{
    if (capabilities_landlock_abi() >= 1)
        return POSTERN_OK;
    return error_os(error, POSTERN_E_LEVEL, STAGE, "landlock_create_ruleset", errno, "Landlock is not to be had");
}

static int check_seccomp(struct postern_error *error)
{
    const uint32_t action = SECCOMP_RET_ERRNO;
    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
        return POSTERN_OK;
    int number = errno;
    error_os(error, POSTERN_E_LEVEL, STAGE, "seccomp", number, "system call filters are not to be had");
    error_remedy(error, "use a kernel with CONFIG_SECCOMP_FILTER");
    return POSTERN_E_LEVEL;
}

/* The capabilities that making a sandbox takes; a container's root often lacks some. */
static int check_capabilities(struct postern_error *error)
{
    static const struct {
        unsigned number;
        const char *name;
    } needed[] = {{CAP_SYS_ADMIN, "CAP_SYS_ADMIN"}, {CAP_SETUID, "CAP_SETUID"}, {CAP_SETGID, "CAP_SETGID"},
                  {CAP_SETPCAP, "CAP_SETPCAP"},     {CAP_CHOWN, "CAP_CHOWN"},   {CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE"}};
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, data) != 0)
        return error_os(error, POSTERN_E_LEVEL, STAGE, "capget", errno, "the capabilities of this process");
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (data[CAP_TO_INDEX(needed[i].number)].effective & CAP_TO_MASK(needed[i].number))
            continue;
        error_set(error, POSTERN_E_LEVEL, STAGE, "capget", "the caller is root, but without %s", needed[i].name);
        error_remedy(error, "give the container the capability, or use --level restricted");
        return POSTERN_E_LEVEL;
    }
    return POSTERN_OK;
}

/* Calls with arguments that no kernel accepts: ENOSYS says that there is no such call. */
static int check_kernel(struct postern_error *error)
{
    static const struct {
        long number;
        const char *name, *since;
    } needed[] = {{SYS_mount_setattr, "mount_setattr", "5.12"},
                  {SYS_openat2, "openat2", "5.6"},
                  {SYS_open_tree, "open_tree", "5.2"}};
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (syscall(needed[i].number, -1, NULL, -1, NULL, 0) >= 0 || errno != ENOSYS)
            continue;
        error_os(error, POSTERN_E_LEVEL, STAGE, needed[i].name, ENOSYS,
                 "the kernel, or a filter around this process, does not know the call (Linux %s has it)",
                 needed[i].since);
        return POSTERN_E_LEVEL;
    }
    return POSTERN_OK;
}

static int check_elevated(struct postern_error *error)
{
    if (geteuid() != 0) {
        error_set(error, POSTERN_E_LEVEL, STAGE, "geteuid", "commands can run as another user only if root asks");
        error_remedy(error, "run as root (sudo), or use --level restricted");
        return POSTERN_E_LEVEL;
    }
    int result = check_capabilities(error);
    return result == POSTERN_OK ? check_kernel(error) : result;
}

int launch_check_level(enum postern_level level, struct postern_error *error)
{
    int result = POSTERN_OK;
    if (level == POSTERN_LEVEL_NONE)
        return POSTERN_OK;
    if (level != POSTERN_LEVEL_ELEVATED && level != POSTERN_LEVEL_RESTRICTED)
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "%d is not one level", (int)level);
    if (level == POSTERN_LEVEL_ELEVATED)
        result = check_elevated(error);
    if (result == POSTERN_OK)
        result = check_landlock(error);
    return result == POSTERN_OK ? check_seccomp(error) : result;
}
