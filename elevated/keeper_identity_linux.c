/*
 * keeper_identity_linux.c - giving up privileges, and making sure that they are gone. Called by the keeper for the
 * process that becomes the runner, and for itself once it needs none any more.
 *
 * Raw system calls throughout: the caller may share its memory with its parent (vfork), and the wrappers of setuid(2)
 * and its kin keep books about threads there.
 */
#include "elevated/keeper_linux.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HIGHEST_CAPABILITY = 63 };

/* An exec by user 0 grants nothing, nothing can be kept across a change of user or raised into the ambient set; and
 * none of that can be changed back. */
#define FIXED_BITS (SECBIT_NOROOT | SECBIT_NO_CAP_AMBIENT_RAISE | SECURE_ALL_LOCKS)

struct capability_sets {
    struct __user_cap_data_struct half[_LINUX_CAPABILITY_U32S_3];
};

static long capability_call(long number, struct capability_sets *sets)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    return syscall(number, &header, sets->half);
}

static bool may_change_bounds(bool *may, struct keeper_failure *failure)
{
    struct capability_sets sets;
    if (capability_call(SYS_capget, &sets) != 0)
        return keeper_failed(failure, "capget", "");
    *may = (sets.half[CAP_TO_INDEX(CAP_SETPCAP)].effective & CAP_TO_MASK(CAP_SETPCAP)) != 0;
    return true;
}

static bool drop_bounding_set(struct keeper_failure *failure)
{
    for (unsigned long capability = 0; capability <= HIGHEST_CAPABILITY; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
            if (errno == EINVAL && capability > CAP_SETPCAP)
                break; /* beyond the last one that this kernel knows */
            return keeper_failed(failure, "prctl", "PR_CAPBSET_DROP");
        }
    }
    if (prctl(PR_SET_SECUREBITS, FIXED_BITS, 0, 0, 0) != 0)
        return keeper_failed(failure, "prctl", "PR_SET_SECUREBITS");
    return true;
}

static bool change_user(const struct plan_header *user, struct keeper_failure *failure)
{
    if (syscall(SYS_setgroups, 0, NULL) != 0)
        return keeper_failed(failure, "setgroups", "");
    if (syscall(SYS_setresgid, user->gid, user->gid, user->gid) != 0)
        return keeper_failed(failure, "setresgid", "");
    if (syscall(SYS_setresuid, user->uid, user->uid, user->uid) != 0)
        return keeper_failed(failure, "setresuid", "");
    return true;
}

static bool wrong(struct keeper_failure *failure, const char *what)
{
    errno = 0;
    return keeper_failed(failure, "verify", what);
}

static bool verify_user(const struct plan_header *user, struct keeper_failure *failure)
{
    uid_t uids[3];
    gid_t gids[3];
    if (syscall(SYS_getresuid, &uids[0], &uids[1], &uids[2]) != 0 ||
        syscall(SYS_getresgid, &gids[0], &gids[1], &gids[2]) != 0)
        return keeper_failed(failure, "getresuid", "");
    for (size_t i = 0; i < 3; i++) {
        if (uids[i] != user->uid || gids[i] != user->gid)
            return wrong(failure, "a user or group id was not changed");
    }
    /* an invalid id changes nothing and returns what is in force */
    if ((uid_t)syscall(SYS_setfsuid, -1) != user->uid || (gid_t)syscall(SYS_setfsgid, -1) != user->gid)
        return wrong(failure, "a file system id was not changed");
    if (syscall(SYS_getgroups, 0, NULL) != 0)
        return wrong(failure, "supplementary groups were kept");
    if (syscall(SYS_setresuid, -1, 0, -1) == 0 || syscall(SYS_setresuid, 0, 0, 0) == 0 ||
        syscall(SYS_setresgid, 0, 0, 0) == 0 || syscall(SYS_setgroups, 0, NULL) == 0)
        return wrong(failure, "the user could be changed back");
    return true;
}

static bool verify_capabilities(bool barred, struct keeper_failure *failure)
{
    struct capability_sets sets;
    if (capability_call(SYS_capget, &sets) != 0)
        return keeper_failed(failure, "capget", "");
    /* the ambient set needs no look of its own: it never holds what is not both permitted and inheritable */
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        if (sets.half[i].effective || sets.half[i].permitted || sets.half[i].inheritable)
            return wrong(failure, "a capability was kept");
    }
    for (unsigned long capability = 0; barred && capability <= HIGHEST_CAPABILITY; capability++) {
        int bounding = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
        if (bounding < 0 && errno == EINVAL)
            break;
        if (bounding != 0)
            return wrong(failure, "a capability is left in the bounding set");
    }
    memset(&sets, 0, sizeof(sets));
    sets.half[CAP_TO_INDEX(CAP_SETUID)].permitted = CAP_TO_MASK(CAP_SETUID);
    if (capability_call(SYS_capset, &sets) == 0)
        return wrong(failure, "a capability could be taken back");
    if (barred && prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) != FIXED_BITS)
        return wrong(failure, "the secure bits were not set");
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return wrong(failure, "no_new_privs was not set");
    return true;
}

bool keeper_bar_privileges(bool *barred, struct keeper_failure *failure)
{
    failure->where = REPORT_PHASE_IDENTITY;
    /* who has no CAP_SETPCAP has no capabilities to regain by an exec either, thanks to no_new_privs */
    if (!may_change_bounds(barred, failure) || (*barred && !drop_bounding_set(failure)))
        return false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return keeper_failed(failure, "prctl", "PR_SET_NO_NEW_PRIVS");
    return true;
}

bool keeper_drop_privileges(const struct plan_header *other_user, bool barred, struct keeper_failure *failure)
{
    struct capability_sets sets;
    failure->where = REPORT_PHASE_IDENTITY;
    if (other_user && !change_user(other_user, failure))
        return false;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
        return keeper_failed(failure, "prctl", "PR_CAP_AMBIENT");
    memset(&sets, 0, sizeof(sets));
    if (capability_call(SYS_capset, &sets) != 0)
        return keeper_failed(failure, "capset", "");
    return (!other_user || verify_user(other_user, failure)) && verify_capabilities(barred, failure);
}
