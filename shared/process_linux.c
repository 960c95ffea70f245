/*
 * process_linux.c - starting one process. Called by the parent for the runner and by the reaper for the command.
 *
 * The child shares our memory until it executes (CLONE_VM, as vfork does), because copying the page tables of a large
 * agent takes ten milliseconds; it has a stack of its own and we stand still meanwhile. So it may only make system
 * calls and write to its struct birth, and no handler of ours may run in it: all signals stay blocked until every
 * disposition is back at its default.
 */
#include "shared/process_linux.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
/* Functions that were left by exec have not cleared their marks, which the next owner of these addresses would trip on.
 */
#include <sanitizer/asan_interface.h>
#define FORGET_FRAMES(memory, size) ASAN_UNPOISON_MEMORY_REGION(memory, size)
#else
#define FORGET_FRAMES(memory, size) (void)0
#endif

#define STACK_SIZE ((size_t)65536)
#define SIGNAL_COUNT 64
#define DESCRIPTORS_MAX 32 /* the standard three, those passed, the program; no heap in a forked process (reaper) */
#define NAMESPACES                                                                                                     \
    ((unsigned long)(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |      \
                     CLONE_NEWNET))

/* What the child needs and what it reports; in the parent's frame, which lives on while the child uses it. */
struct birth {
    const struct process_spec *spec;
    const struct process_linux_options *options;
    int source[DESCRIPTORS_MAX]; /* what becomes descriptor 0, 1, ...; the program's, if any, comes last */
    size_t count;
    char uid_map[40], gid_map[40];
    const char *failed; /* the step that did not work; NULL: none */
    int os_error;
};

void process_spec_init(struct process_spec *spec)
{
    memset(spec, 0, sizeof(*spec));
    spec->program_handle = spec->in = spec->out = spec->err = spec->terminal = spec->job = OS_HANDLE_NONE;
}

/* ---- in the child ---- */

/* The kernel's own calls: the C library's leave out the two signals that it uses itself. */
static int set_signal_mask(uint64_t mask, uint64_t *before)
{
    return (int)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, before, sizeof(mask));
}

/* exec resets handlers, but not what is ignored; and until then no handler may run. */
static void reset_signal(int number)
{
    static const unsigned long default_action[8]; /* struct sigaction of the kernel is at most half of this */

    (void)syscall(SYS_rt_sigaction, number, default_action, NULL, sizeof(uint64_t)); /* KILL and STOP refuse */
}

static void reset_signals(const int *changed)
{
    if (changed != NULL) {
        for (; *changed != 0; changed++) {
            reset_signal(*changed);
        }
        return;
    }
    for (int number = 1; number <= SIGNAL_COUNT; number++) {
        reset_signal(number);
    }
}

const char *process_arrange_descriptors(int *source, size_t count)
{
    int first_free = (int)count;

    /* First all that stand where another is to go, then the moves: no order of moves can lose one. */
    for (int i = 0; i < first_free; i++) {
        if (source[i] < first_free && source[i] != i) {
            source[i] = fcntl(source[i], F_DUPFD_CLOEXEC, first_free);
            if (source[i] < 0) {
                return "fcntl";
            }
        }
    }
    for (int i = 0; i < first_free; i++) {
        if (source[i] == i ? fcntl(i, F_SETFD, 0) < 0 : dup2(source[i], i) < 0) {
            return "dup2";
        }
    }
    return syscall(SYS_close_range, (unsigned)first_free, ~0u, 0u) < 0 ? "close_range" : NULL;
}

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    size_t size = strlen(text);
    bool done = fd >= 0 && write(fd, text, size) == (ssize_t)size;
    int saved = errno;

    if (fd >= 0) {
        (void)close(fd);
    }
    errno = saved;
    return done;
}

/* The identity maps let an unprivileged user keep its own ids; without them it would be "nobody" inside. */
static const char *map_self(const struct birth *birth)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2];

    if (!write_file("/proc/self/setgroups", "deny")) {
        return "setgroups";
    }
    if (!write_file("/proc/self/uid_map", birth->uid_map)) {
        return "uid_map";
    }
    if (!write_file("/proc/self/gid_map", birth->gid_map)) {
        return "gid_map";
    }
    if (syscall(SYS_capget, &header, data) != 0) {
        return "capget";
    }
    data[0].inheritable = data[0].permitted;
    data[1].inheritable = data[1].permitted;
    if (syscall(SYS_capset, &header, data) != 0) {
        return "capset";
    }
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) != 0) {
            return "PR_CAP_AMBIENT";
        }
    }
    return NULL;
}

static bool set_limits(const struct process_linux_options *options)
{
    for (size_t i = 0; i < options->limit_count; i++) {
        if (setrlimit((__rlimit_resource_t)options->limits[i].resource, &options->limits[i].value) != 0) {
            return false;
        }
    }
    return true;
}

/* Returns the step that failed; does not return otherwise. */
static const char *become(struct birth *birth)
{
    const struct process_spec *spec = birth->spec;
    const char *failed = NULL;
    int program = (int)birth->count - 1;

    reset_signals(birth->options->signals);
    if (birth->options->map_self) {
        failed = map_self(birth);
        if (failed != NULL) {
            return failed;
        }
    }
    if ((spec->new_session || spec->terminal != OS_HANDLE_NONE) && setsid() < 0) {
        return "setsid";
    }
    failed = process_arrange_descriptors(birth->source, birth->count);
    if (failed != NULL) {
        return failed;
    }
    if (spec->program_handle != OS_HANDLE_NONE && fcntl(program, F_SETFD, FD_CLOEXEC) < 0) {
        return "fcntl";
    }
    if (spec->terminal != OS_HANDLE_NONE && ioctl(0, TIOCSCTTY, 0) < 0) {
        return "TIOCSCTTY";
    }
    if (spec->cwd != NULL && chdir(spec->cwd) < 0) {
        return "chdir";
    }
    if (!set_limits(birth->options)) {
        return "setrlimit";
    }
    if (set_signal_mask(0, NULL) < 0) {
        return "sigprocmask";
    }
    if (spec->program_handle != OS_HANDLE_NONE) {
        (void)syscall(SYS_execveat, program, "", spec->argv, spec->env, AT_EMPTY_PATH);
        return "execveat";
    }
    (void)syscall(SYS_execve, spec->program, spec->argv, spec->env);
    return "execve";
}

static int child_main(void *argument)
{
    struct birth *birth = argument;
    const char *failed = become(birth);

    birth->os_error = errno;
    birth->failed = failed;
    (void)syscall(SYS_exit_group, 127);
    return 127;
}

/* ---- in the caller ---- */

static int open_null(int *null, struct postern_error *error)
{
    if (*null < 0) {
        *null = open("/dev/null", O_RDWR | O_CLOEXEC);
    }
    return *null >= 0 ? 0 : error_os(error, POSTERN_E_OS, "spawn", "open", errno, "cannot open /dev/null");
}

/* Fills birth->source; *null is opened when it is needed, and stays the caller's. */
static int choose_descriptors(struct birth *birth, int *null, struct postern_error *error)
{
    const struct process_spec *spec = birth->spec;
    const os_handle standard[3] = {spec->in, spec->out, spec->err};
    bool by_handle = spec->program_handle != OS_HANDLE_NONE;

    birth->count = 3 + spec->pass_count + (by_handle ? 1 : 0);
    if (birth->count > DESCRIPTORS_MAX) {
        return error_set(error, POSTERN_E_INVALID, "spawn", "", "too many handles to pass on");
    }
    for (size_t i = 0; i < 3; i++) {
        os_handle handle = spec->terminal != OS_HANDLE_NONE ? spec->terminal : standard[i];

        if (handle == OS_HANDLE_NONE) {
            if (open_null(null, error) != 0) {
                return POSTERN_E_OS;
            }
            handle = *null;
        }
        birth->source[i] = (int)handle;
    }
    for (size_t i = 0; i < spec->pass_count; i++) {
        birth->source[3 + i] = (int)spec->pass[i];
    }
    if (by_handle) {
        birth->source[birth->count - 1] = (int)spec->program_handle;
    }
    return 0;
}

/* Returns the pid or -errno. */
static pid_t give_birth(struct birth *birth, int *pidfd)
{
    int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD | (int)birth->options->namespaces;
    unsigned char *stack;
    uint64_t before = 0;
    pid_t pid;

    stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) {
        return -errno;
    }
    if (set_signal_mask(~(uint64_t)0, &before) < 0) {
        pid = -errno;
    } else {
        pid = clone(child_main, stack + STACK_SIZE, flags, birth, pidfd);
        if (pid < 0) {
            pid = -errno;
        }
        (void)set_signal_mask(before, NULL);
    }
    FORGET_FRAMES(stack, STACK_SIZE);
    (void)munmap(stack, STACK_SIZE);
    return pid;
}

static bool program_exists(const struct process_spec *spec)
{
    int directory = AT_FDCWD;
    bool exists;

    if (spec->program == NULL) {
        return true; /* by its descriptor */
    }
    if (spec->cwd != NULL && spec->program[0] != '/') {
        directory = open(spec->cwd, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) {
            return false;
        }
    }
    exists = faccessat(directory, spec->program, F_OK, 0) == 0;
    if (directory != AT_FDCWD) {
        (void)close(directory);
    }
    return exists;
}

static int describe_exec(const struct birth *birth, struct postern_error *error)
{
    const char *name = birth->spec->program != NULL ? birth->spec->program : birth->spec->argv[0];
    int number = birth->os_error;

    switch (number) {
    case ENOENT:
    case ENOTDIR:
        if (program_exists(birth->spec)) {
            return error_os(error, POSTERN_E_NOT_EXECUTABLE, "spawn", birth->failed, number,
                            "the interpreter or loader of \"%s\" was not found", name);
        }
        return error_os(error, POSTERN_E_NOT_FOUND, "spawn", birth->failed, number, "no program \"%s\"", name);
    case ELOOP:
    case ENAMETOOLONG:
        return error_os(error, POSTERN_E_NOT_FOUND, "spawn", birth->failed, number, "no program \"%s\"", name);
    case E2BIG:
        return error_os(error, POSTERN_E_LIMIT, "spawn", birth->failed, number,
                        "the arguments and environment of \"%s\" are too long", name);
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EIO:
        return error_os(error, POSTERN_E_OS, "spawn", birth->failed, number, "cannot execute \"%s\"", name);
    default:
        return error_os(error, POSTERN_E_NOT_EXECUTABLE, "spawn", birth->failed, number, "cannot execute \"%s\"", name);
    }
}

static int describe_failure(const struct birth *birth, struct postern_error *error)
{
    if (strcmp(birth->failed, "chdir") == 0) {
        return error_os(error, POSTERN_E_CWD, "spawn", birth->failed, birth->os_error, "cannot enter \"%s\"",
                        birth->spec->cwd);
    }
    if (strncmp(birth->failed, "execve", 6) == 0) {
        return describe_exec(birth, error);
    }
    return error_os(error, POSTERN_E_OS, "spawn", birth->failed, birth->os_error, "cannot prepare the new process");
}

static void reap(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

int process_spawn_linux(const struct process_spec *spec, const struct process_linux_options *options,
                        struct process *out, struct postern_error *error)
{
    struct birth birth = {.spec = spec, .options = options};
    int null = -1, pidfd = -1, result;
    pid_t pid;

    assert(spec->program != NULL || spec->program_handle != OS_HANDLE_NONE);
    assert(spec->argv != NULL && spec->argv[0] != NULL && spec->env != NULL);
    assert((options->namespaces & ~NAMESPACES) == 0);
    assert(!options->map_self || (options->namespaces & CLONE_NEWUSER) != 0);
    if (options->map_self) {
        (void)snprintf(birth.uid_map, sizeof(birth.uid_map), "%u %u 1", geteuid(), geteuid());
        (void)snprintf(birth.gid_map, sizeof(birth.gid_map), "%u %u 1", getegid(), getegid());
    }
    result = choose_descriptors(&birth, &null, error);
    if (result != 0) {
        goto out;
    }
    pid = give_birth(&birth, &pidfd);
    if (pid < 0) {
        result = error_os(error, POSTERN_E_OS, "spawn", "clone", -pid, "cannot start a process");
    } else if (birth.failed != NULL) {
        result = describe_failure(&birth, error);
        reap(pid);
    } else {
        out->handle = pidfd;
        out->pid = (uint32_t)pid;
        pidfd = -1;
    }
out:
    if (pidfd >= 0) {
        (void)close(pidfd);
    }
    if (null >= 0) {
        (void)close(null);
    }
    return result;
}

int process_spawn(const struct process_spec *spec, struct process *out, struct postern_error *error)
{
    const struct process_linux_options none = {.signals = NULL};

    return process_spawn_linux(spec, &none, out, error);
}
