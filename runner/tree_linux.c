/*
 * tree_linux.c - see the header. Every number read here may belong to somebody else a moment later: so a process is
 * signalled through a pidfd, and only if its parent is still one of the tree once that pidfd holds it.
 */
#include "runner/tree_linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PID_LIMIT 4194304 /* PID_MAX_LIMIT of 64-bit kernels; no kernel gives out more */
#define STOP_PASSES 16

/* /proc, as a place only (O_PATH): a read position would be shared with all who have inherited the descriptor. */
static int proc = -1;

struct tree_process {
    pid_t pid, parent;
    char state;
};

/* All processes at about one moment, and a bit for each that belongs to the tree. */
struct picture {
    struct tree_process *process;
    size_t count, capacity;
    unsigned char *member;
    const pid_t *spared;
    size_t spared_count;
    bool stop; /* whoever runs is stopped as soon as it is met */
    size_t stopped;
};

/* ---- reading /proc ---- */

/* "pid (comm) state ppid ...": comm is up to the command and may hold anything, parentheses, spaces and line ends
 * included; but after it there is none, so the last one ends it. */
static bool parse_stat(char *text, struct tree_process *process)
{
    char *end = strrchr(text, ')');
    long parent;

    if (end == NULL || end[1] != ' ' || end[2] == '\0' || end[3] != ' ') {
        return false;
    }
    parent = strtol(end + 4, NULL, 10);
    if (parent < 0 || parent >= PID_LIMIT) {
        return false;
    }
    process->state = end[2];
    process->parent = (pid_t)parent;
    return true;
}

static bool read_process(pid_t pid, struct tree_process *process)
{
    char path[32], text[256]; /* the part that matters ends by 100 */
    ssize_t size;
    int fd;

    (void)snprintf(path, sizeof(path), "%d/stat", (int)pid);
    fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    do {
        size = read(fd, text, sizeof(text) - 1);
    } while (size < 0 && errno == EINTR);
    (void)close(fd);
    if (size <= 0) {
        return false;
    }
    text[size] = '\0';
    process->pid = pid;
    return parse_stat(text, process);
}

/* 0 for what is not the directory of a process. */
static pid_t parse_name(const char *name)
{
    long pid = 0;

    for (; *name >= '0' && *name <= '9' && pid < PID_LIMIT; name++) {
        pid = pid * 10 + (*name - '0');
    }
    return *name == '\0' && pid < PID_LIMIT ? (pid_t)pid : 0;
}

/* ---- members, and signals to them ---- */

static bool is_member(const struct picture *picture, pid_t pid)
{
    return (picture->member[pid / 8] >> (pid % 8) & 1) != 0;
}

static void set_member(struct picture *picture, pid_t pid)
{
    picture->member[pid / 8] = (unsigned char)(picture->member[pid / 8] | 1u << (pid % 8));
}

static bool is_spared(const struct picture *picture, pid_t pid)
{
    for (size_t i = 0; i < picture->spared_count; i++) {
        if (picture->spared[i] == pid) {
            return true;
        }
    }
    return false;
}

static bool runs(char state)
{
    return strchr("TtZX", state) == NULL;
}

/* false: we are not allowed to. */
static bool signal_process(const struct picture *picture, pid_t pid, int number)
{
    struct tree_process now;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0u);
    bool allowed = true;

    if (fd < 0) {
        return true; /* ended */
    }
    /* If the number has been given away since, it was before the pidfd was opened: then the parent is another. */
    if (read_process(pid, &now) && is_member(picture, now.parent) &&
        syscall(SYS_pidfd_send_signal, fd, number, NULL, 0u) != 0) {
        allowed = errno != EPERM;
    }
    (void)close(fd);
    return allowed;
}

/* ---- all processes ---- */

static bool picture_add(struct picture *picture, const struct tree_process *process)
{
    if (picture->count == picture->capacity) {
        size_t capacity = picture->capacity == 0 ? 1024 : picture->capacity * 2;
        size_t old = picture->capacity * sizeof(*process), size = capacity * sizeof(*process);
        void *memory = old == 0 ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                : mremap(picture->process, old, size, MREMAP_MAYMOVE);

        if (memory == MAP_FAILED) {
            return false;
        }
        picture->process = memory;
        picture->capacity = capacity;
    }
    picture->process[picture->count++] = *process;
    return true;
}

/* In most cases the parent has been met before, as /proc is in order: then there is no need to wait for the whole
 * picture, which is old by the time it is complete. A process that is always forking on is only caught on sight. */
static void meet(struct picture *picture, struct tree_process *process)
{
    if (!is_member(picture, process->parent) || is_spared(picture, process->pid)) {
        return;
    }
    set_member(picture, process->pid);
    if (picture->stop && runs(process->state)) {
        if (signal_process(picture, process->pid, SIGSTOP)) {
            picture->stopped++;
        }
        process->state = 'T';
    }
}

static bool read_entries(const char *entries, size_t size, struct picture *picture)
{
    for (size_t at = 0; at < size;) {
        const struct dirent64 *entry = (const struct dirent64 *)(const void *)(entries + at);
        struct tree_process process;
        pid_t pid = parse_name(entry->d_name);

        if (pid > 0 && read_process(pid, &process)) {
            meet(picture, &process);
            if (!picture_add(picture, &process)) {
                return false;
            }
        }
        at += entry->d_reclen;
    }
    return true;
}

static bool read_directory(int directory, struct picture *picture)
{
    _Alignas(struct dirent64) char entries[4096];

    for (;;) {
        long size = syscall(SYS_getdents64, directory, entries, sizeof(entries));

        if (size == 0) {
            return true;
        }
        if (size < 0 || !read_entries(entries, (size_t)size, picture)) {
            return false;
        }
    }
}

static bool read_all(struct picture *picture)
{
    int directory = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = directory >= 0 && read_directory(directory, picture);

    if (directory >= 0) {
        (void)close(directory);
    }
    return done;
}

/* For children that were met before their parents. */
static void mark_rest(struct picture *picture)
{
    bool more = true;

    while (more) {
        more = false;
        for (size_t i = 0; i < picture->count; i++) {
            const struct tree_process *process = &picture->process[i];

            if (is_member(picture, process->parent) && !is_member(picture, process->pid) &&
                !is_spared(picture, process->pid)) {
                set_member(picture, process->pid);
                more = true;
            }
        }
    }
}

static void picture_free(struct picture *picture)
{
    if (picture->process != NULL) {
        (void)munmap(picture->process, picture->capacity * sizeof(*picture->process));
    }
    if (picture->member != NULL) {
        (void)munmap(picture->member, PID_LIMIT / 8);
    }
    memset(picture, 0, sizeof(*picture));
}

/* The bits take half a megabyte of addresses, of which only the pages written to become memory. */
static bool picture_take(pid_t ancestor, const pid_t *spared, size_t spared_count, bool stop, struct picture *picture)
{
    void *member =
        mmap(NULL, PID_LIMIT / 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    memset(picture, 0, sizeof(*picture));
    if (member == MAP_FAILED) {
        return false;
    }
    picture->member = member;
    picture->spared = spared;
    picture->spared_count = spared_count;
    picture->stop = stop;
    set_member(picture, ancestor);
    if (!read_all(picture)) {
        picture_free(picture);
        return false;
    }
    mark_rest(picture);
    return true;
}

/* ---- what is done to them ---- */

/* The ancestor itself is marked too, but none of its ancestors is. */
static bool is_target(const struct picture *picture, const struct tree_process *process)
{
    return is_member(picture, process->pid) && is_member(picture, process->parent);
}

static void signal_all(const struct picture *picture, int number, bool running_only, struct tree_count *count)
{
    memset(count, 0, sizeof(*count));
    for (size_t i = 0; i < picture->count; i++) {
        const struct tree_process *process = &picture->process[i];

        if (is_target(picture, process) && (!running_only || runs(process->state))) {
            if (signal_process(picture, process->pid, number)) {
                count->found++;
            } else {
                count->refused++;
            }
        }
    }
}

bool tree_kill(pid_t ancestor, const pid_t *spared, size_t spared_count, struct tree_count *count)
{
    struct picture picture;

    memset(count, 0, sizeof(*count));
    for (int pass = 0;; pass++) {
        if (!picture_take(ancestor, spared, spared_count, true, &picture)) {
            return false;
        }
        signal_all(&picture, SIGSTOP, true, count);
        if (picture.stopped + count->found == 0 || pass == STOP_PASSES) {
            break;
        }
        picture_free(&picture);
    }
    signal_all(&picture, SIGKILL, false, count);
    picture_free(&picture);
    return true;
}

void tree_terminate(pid_t ancestor)
{
    struct picture picture;
    struct tree_count count;

    if (!picture_take(ancestor, NULL, 0, false, &picture)) {
        return;
    }
    signal_all(&picture, SIGTERM, false, &count);
    signal_all(&picture, SIGCONT, false, &count);
    picture_free(&picture);
}

char tree_state(pid_t pid)
{
    struct tree_process process;

    return read_process(pid, &process) ? process.state : '\0';
}

/* ---- opening ---- */

static int check_proc(struct postern_error *error)
{
    struct tree_process first;
    struct statfs system;
    char self[16] = "", expected[16];

    if (fstatfs(proc, &system) != 0 || system.f_type != PROC_SUPER_MAGIC) {
        return error_set(error, POSTERN_E_CONFINE, "spawn", "fstatfs", "/proc is not a proc file system");
    }
    (void)snprintf(expected, sizeof(expected), "%d", (int)getpid());
    if (readlinkat(proc, "self", self, sizeof(self) - 1) < 0 || strcmp(self, expected) != 0) {
        return error_set(error, POSTERN_E_CONFINE, "spawn", "readlink", "/proc is that of another pid namespace");
    }
    /* The first process is there always, and mostly not ours: hidden is what mount option hidepid hides. */
    if (!read_process(1, &first)) {
        return error_os(error, POSTERN_E_CONFINE, "spawn", "open", errno, "/proc hides processes (hidepid)");
    }
    return 0;
}

int tree_open(struct postern_error *error)
{
    int result;

    if (proc >= 0) {
        return 0;
    }
    proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0) {
        return error_os(error, POSTERN_E_CONFINE, "spawn", "open", errno,
                        "cannot open /proc, without which a command's processes cannot be found");
    }
    result = check_proc(error);
    if (result != 0) {
        (void)close(proc);
        proc = -1;
    }
    return result;
}

os_handle tree_handle(void)
{
    return proc;
}

void tree_adopt(os_handle handle)
{
    proc = (int)handle;
}
