/*
 * keeper_idmap_linux.c - the table by which the owner of a directory appears as the sandbox user, and files that this
 * user makes belong to the owner. The keeper, as root; called by keeper_mount_linux.c.
 */
#include "elevated/keeper_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Runs in the keeper's memory, while it waits: the next one has the same stack. */
static int end_at_once(void *unused)
{
    (void)unused;
    syscall(SYS_exit_group, 0);
    return 0;
}

/* Lines "ID-ON-DISK ID-SEEN COUNT". The owner appears as the sandbox user and the other way round, everybody else as
 * himself. An id without any place in the map would be simpler, but then even asking for it, as `cp -p` does with files
 * of root, fails in a way that programs do not expect. */
static int format_map(char *out, size_t size, uint32_t owner, uint32_t user)
{
    const uint32_t low = owner < user ? owner : user;
    const uint32_t high = owner < user ? user : owner;
    const struct {
        uint32_t first, seen, count;
    } ranges[] = {{0, 0, low},
                  {low, high, 1},
                  {low + 1, low + 1, high > low ? high - low - 1 : 0},
                  {high, low, high > low ? 1 : 0},
                  {high + 1, high + 1, UINT32_MAX - high - 1}};
    int length = 0;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (ranges[i].count > 0)
            length += snprintf(out + length, size - (size_t)length, "%u %u %u\n", ranges[i].first, ranges[i].seen,
                               ranges[i].count);
    }
    return length;
}

static bool write_map(int proc, pid_t holder, const char *name, uint32_t owner, uint32_t user,
                      struct keeper_failure *failure)
{
    char path[48];
    char lines[192];
    snprintf(path, sizeof(path), "%d/%s", (int)holder, name);
    int length = format_map(lines, sizeof(lines), owner, user);
    int file = openat(proc, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    bool written = file >= 0 && write(file, lines, (size_t)length) == length;
    if (file >= 0 && !written && errno == EPERM) {
        /* root of a container, who has not got all ids to give */
        length = snprintf(lines, sizeof(lines), "%u %u 1\n", owner, user);
        written = write(file, lines, (size_t)length) == length;
    }
    if (!written)
        keeper_failed(failure, name, "the user namespace of the id map");
    if (file >= 0)
        close(file);
    return written;
}

/* A user namespace serves as the table of the map, nothing ever runs in it. Its holder ends at once, but is not reaped
 * before the keeper has nothing better to do; until then /proc has a name for its namespace. */
int keeper_open_map(int proc, const struct plan_step *step, const struct plan_header *header,
                    struct keeper_failure *failure)
{
    static char stack[4096] __attribute__((aligned(16)));
    char path[48];
    int map = -1;
    pid_t holder = clone(end_at_once, stack + sizeof(stack), CLONE_NEWUSER | CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    if (holder < 0) {
        keeper_failed(failure, "clone", "the user namespace of the id map");
        return -1;
    }
    if (write_map(proc, holder, "uid_map", step->uid, header->uid, failure) &&
        write_map(proc, holder, "gid_map", step->gid, header->gid, failure)) {
        snprintf(path, sizeof(path), "%d/ns/user", (int)holder);
        map = openat(proc, path, O_RDONLY | O_CLOEXEC);
        if (map < 0)
            keeper_failed(failure, "open", "the user namespace of the id map");
    }
    return map;
}
