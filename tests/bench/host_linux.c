/*
 * host_linux.c - clock, processors and plain commands on Linux. See host.h. The floors start processes the way a
 * careful program without postern would: posix_spawn (vfork inside), pipes as large as the runner's.
 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIPE_SIZE (1024 * 1024)

extern char **environ;

double host_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int host_pin(bool one)
{
    static cpu_set_t all;
    static bool known;
    cpu_set_t set;
    size_t last = 0;
    if (!known && sched_getaffinity(0, sizeof(all), &all) != 0)
        return -1;
    known = true;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &all))
            last = cpu; /* the first one serves most interrupts */
    CPU_ZERO(&set);
    CPU_SET(last, &set);
    return sched_setaffinity(0, sizeof(set), one ? &set : &all) == 0 ? (int)last : -1;
}

const char *host_self(void)
{
    static char path[4096];
    ssize_t length = path[0] ? 0 : readlink("/proc/self/exe", path, sizeof(path) - 1);
    return length >= 0 ? path : "bench";
}

/* ---- plain commands ---- */

static void close_end(long *end)
{
    if (*end >= 0)
        close((int)*end);
    *end = -1;
}

/* Two pipes: child[0] and child[1] are what the command gets as stdin and stdout. */
static bool open_pipes(struct direct *direct, int child[2])
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0)
        return false;
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return false;
    }
    (void)fcntl(out[1], F_SETPIPE_SZ, PIPE_SIZE);
    child[0] = in[0];
    child[1] = out[1];
    direct->in = in[1];
    direct->out = out[0];
    return true;
}

static bool open_terminal(struct direct *direct, char *slave, size_t size)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0)
        return false;
    direct->out = master;
    direct->in = fcntl(master, F_DUPFD_CLOEXEC, 0);
    return grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, slave, size) == 0;
}

static int spawn(const char *const *argv, const struct direct *direct, const int child[2], const char *slave,
                 pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    if (direct->kind == DIRECT_TERMINAL) {
        /* The first terminal a session leader opens becomes its controlling one. */
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
        posix_spawn_file_actions_addopen(&actions, 0, slave, O_RDWR, 0);
        posix_spawn_file_actions_adddup2(&actions, 0, 1);
        posix_spawn_file_actions_adddup2(&actions, 0, 2);
    } else if (direct->kind == DIRECT_PIPES) {
        posix_spawn_file_actions_adddup2(&actions, child[0], 0);
        posix_spawn_file_actions_adddup2(&actions, child[1], 1);
    } else {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
        posix_spawn_file_actions_adddup2(&actions, 0, 1);
        posix_spawn_file_actions_adddup2(&actions, 0, 2);
    }
    int status = posix_spawnp(pid, argv[0], &actions, &attributes, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return status;
}

bool direct_start(const char *const *argv, enum direct_kind kind, struct direct *out)
{
    int child[2] = {-1, -1};
    char slave[64] = "";
    pid_t pid = 0;
    *out = (struct direct){.kind = kind, .in = -1, .out = -1};
    bool good = kind == DIRECT_PIPES      ? open_pipes(out, child)
                : kind == DIRECT_TERMINAL ? open_terminal(out, slave, sizeof(slave))
                                          : true;
    int status = good ? spawn(argv, out, child, slave, &pid) : errno;
    if (kind == DIRECT_PIPES && good) {
        close(child[0]);
        close(child[1]);
    }
    if (status != 0) {
        fprintf(stderr, "bench: %s could not be started: %s\n", argv[0], strerror(status));
        close_end(&out->in);
        close_end(&out->out);
        return false;
    }
    out->process = pid;
    return true;
}

size_t direct_read(struct direct *direct, void *data, size_t size)
{
    ssize_t got;
    do {
        got = read((int)direct->out, data, size);
    } while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}

bool direct_write(struct direct *direct, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t put = write((int)direct->in, at, size);
        if (put < 0 && errno != EINTR)
            return false;
        at += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

bool direct_finish(struct direct *direct)
{
    int status = -1;
    close_end(&direct->in);
    close_end(&direct->out);
    while (direct->process > 0 && waitpid((pid_t)direct->process, &status, 0) < 0 && errno == EINTR) {
    }
    direct->process = 0;
    return status == 0;
}

void direct_kill(struct direct *direct)
{
    if (direct->process > 0)
        kill((pid_t)direct->process, SIGKILL);
    (void)direct_finish(direct);
}
