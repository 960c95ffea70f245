/*
 * keeper_sweep_linux.c - the sweeper: postern-keeper as a process beside a sandbox, on the parent's side and outside of
 * every namespace, that removes the sandbox's control groups once all is over. Started by cgroup_linux.c with the
 * reading end of a pipe, the guard, at 3 and behind it the directories that the groups are in.
 *
 * Nobody writes to the guard. Its end comes when parent and keeper have both let go of it, however they went. What it
 * is told it does with no more rights than it takes to remove a directory.
 */
#include "elevated/keeper_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FD_GUARD = 3, FD_FIRST = 4, LIMIT_MS = 30000, PAUSE_MAX_MS = 100 };

/* The root of a hierarchy has mode 0555, so that even its owner needs one capability. */
static bool keep_one_capability(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3], kept[_LINUX_CAPABILITY_U32S_3];
    memset(kept, 0, sizeof(kept));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_capget, &header, data) != 0)
        return false;
    kept[CAP_TO_INDEX(CAP_DAC_OVERRIDE)].permitted = kept[CAP_TO_INDEX(CAP_DAC_OVERRIDE)].effective =
        data[CAP_TO_INDEX(CAP_DAC_OVERRIDE)].effective & CAP_TO_MASK(CAP_DAC_OVERRIDE);
    return syscall(SYS_capset, &header, kept) == 0;
}

static bool was_started_by_us(const char *name)
{
    struct stat guard;
    return strncmp(name, "postern-", 8) == 0 && !strchr(name, '/') && fstat(FD_GUARD, &guard) == 0 &&
           S_ISFIFO(guard.st_mode);
}

/* Of all that are left. false: one could not be removed yet. */
static bool sweep(const char *name)
{
    bool done = true;
    for (int parent = FD_FIRST; parent < FD_FIRST + PLAN_GROUPS; parent++) {
        if (unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT && errno != EBADF)
            done = false;
    }
    return done;
}

int keeper_sweep(const char *name)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE}; /* meant for the parent; then comes our work */
    int waited = 0;
    int pause = 1;
    char byte;
    ssize_t got;
    if (!was_started_by_us(name))
        return 2;
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || !keep_one_capability())
        return 1;
    do
        got = read(FD_GUARD, &byte, 1);
    while (got > 0 || (got < 0 && errno == EINTR));
    while (!sweep(name) && waited < LIMIT_MS) {
        poll(NULL, 0, pause);
        waited += pause;
        pause = pause < PAUSE_MAX_MS ? pause * 2 : pause;
    }
    return 0;
}
