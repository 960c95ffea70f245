/*
 * capabilities_trial_linux.c - whether the host gives this caller namespaces, which no file tells for sure: a child is
 * born in them, maps itself, changes its mounts, makes a /proc that it mounts nowhere, and is gone. Nothing of it
 * touches the host. Parent; see capabilities_linux.h.
 *
 * The child shares our memory and we stand still meanwhile, as in shared/process_linux.c: copying the page tables of a
 * large agent would take longer than everything else here. It may only make system calls.
 */
#include "elevated/capabilities_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char STAGE[] = "level";
#define STACK_SIZE ((size_t)65536)

struct trial {
    char uid_map[40], gid_map[40];
    enum capabilities_grade grade;
    const char *failed; /* call; NULL: none */
    int os_error;
};

/* ---- in the child ---- */

static bool write_text(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    bool done = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
    int number = errno;
    if (file >= 0)
        close(file);
    errno = number;
    return done;
}

static const char *try_proc(void)
{
    const char *failed = "fsopen";
    int context = fsopen("proc", FSOPEN_CLOEXEC);
    if (context < 0)
        return failed;
    if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0)
        failed = "fsconfig";
    else
        failed = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY) < 0 ? "fsmount" : NULL;
    return failed; /* descriptors end with the child */
}

static const char *try_all(struct trial *trial)
{
    struct mount_attr private = {.propagation = MS_PRIVATE};
    if (!write_text("/proc/self/setgroups", "deny"))
        return "setgroups";
    if (!write_text("/proc/self/uid_map", trial->uid_map))
        return "uid_map";
    if (!write_text("/proc/self/gid_map", trial->gid_map))
        return "gid_map";
    if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)) != 0)
        return "change_root_mounts";
    trial->grade = GRADE_HOST_PROC;
    const char *failed = try_proc();
    if (!failed)
        trial->grade = GRADE_FULL;
    return failed;
}

static int child_main(void *argument)
{
    struct trial *trial = argument;
    trial->failed = try_all(trial);
    trial->os_error = errno;
    return 0; /* which ends it */
}

/* ---- in the caller ---- */

/* The kernel's own calls: the C library's leave out the two signals that it uses itself. */
static int set_signal_mask(uint64_t mask, uint64_t *before)
{
    return (int)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, before, sizeof(mask));
}

static void run(struct trial *trial)
{
    /* no signal at its end: it is nobody's business but ours, and no handler of the caller's shall hear of it */
    const int flags = CLONE_VM | CLONE_VFORK | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC |
                      CLONE_NEWUTS | (access("/proc/self/ns/net", F_OK) == 0 ? CLONE_NEWNET : 0);
    uint64_t before = 0;
    unsigned char *stack =
        mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    pid_t child = -1;
    trial->failed = "clone";
    trial->os_error = errno;
    if (stack == MAP_FAILED)
        return;
    if (set_signal_mask(~(uint64_t)0, &before) == 0) {
        child = clone(child_main, stack + STACK_SIZE, flags, trial);
        if (child < 0)
            trial->os_error = errno;
        (void)set_signal_mask(before, NULL);
    }
    while (child > 0 && waitpid(child, NULL, (int)__WCLONE) < 0 && errno == EINTR)
        continue;
    munmap(stack, STACK_SIZE);
}

enum capabilities_grade capabilities_try(struct postern_error *refused)
{
    struct trial trial = {.grade = GRADE_LANDLOCK_ONLY};
    snprintf(trial.uid_map, sizeof(trial.uid_map), "%u %u 1", geteuid(), geteuid());
    snprintf(trial.gid_map, sizeof(trial.gid_map), "%u %u 1", getegid(), getegid());
    run(&trial);
    memset(refused, 0, sizeof(*refused));
    if (trial.failed)
        error_os(refused, POSTERN_E_LEVEL, STAGE, trial.failed, trial.os_error,
                 trial.grade == GRADE_LANDLOCK_ONLY ? "no namespaces" : "no /proc of the sandbox's own");
    return trial.grade;
}
