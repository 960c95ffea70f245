/*
 * keeper_watch_linux.c - what the keeper does for the rest of its life: reap, and end when the runner or the parent
 * does. Called by keeper_main_linux.c.
 *
 * As the first process of a pid namespace it only has to exit: the kernel then kills everything in it and lets the
 * exit complete once all are gone. Without one it is a subreaper, so that orphans come to it, and kills by hand.
 */
#include "elevated/keeper_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { END_LIMIT_MS = 5000, END_ROUND_MS = 20 };

int keeper_watch_children(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool keeper_await_go(void)
{
    char go = 0;
    struct pollfd watched[] = {{.fd = KEEPER_FD_PARENT, .events = POLLIN}, {.fd = KEEPER_FD_STATUS, .events = POLLIN}};
    do {
        if (poll(watched, 2, -1) < 0 && errno != EINTR)
            return false;
        if (watched[0].revents)
            return false;
    } while (!watched[1].revents);
    return recv(KEEPER_FD_STATUS, &go, sizeof(go), MSG_DONTWAIT) == (ssize_t)sizeof(go);
}

/* One signal may stand for many children: the descriptor is emptied first, then everybody is asked. */
static void clear_signals(int children)
{
    struct signalfd_siginfo ignored;
    while (read(children, &ignored, sizeof(ignored)) > 0)
        continue;
}

static bool reap(int children, pid_t runner, int *wait_status)
{
    int status;
    pid_t pid;
    bool ended = false;
    clear_signals(children);
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == runner) {
            *wait_status = status;
            ended = true;
        }
    }
    return ended;
}

bool keeper_watch(int children, pid_t runner, int *wait_status)
{
    struct pollfd watched[] = {{.fd = children, .events = POLLIN},
                               {.fd = KEEPER_FD_PARENT, .events = POLLIN},
                               {.fd = KEEPER_FD_STATUS, .events = POLLIN}};
    for (;;) {
        if (poll(watched, 3, -1) < 0 && errno != EINTR)
            return false;
        if ((watched[0].revents & POLLIN) && reap(children, runner, wait_status))
            return true;
        /* anything on the status socket means "end", its closing most of all */
        if (watched[1].revents || watched[2].revents || (watched[0].revents & ~POLLIN))
            return false;
    }
}

/* ---- without a pid namespace ---- */

static void kill_children(void)
{
    char text[4096];
    size_t length = 0;
    ssize_t got;
    int file = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    /* a list longer than this is continued in the next round */
    while (length < sizeof(text) - 1 && (got = read(file, text + length, sizeof(text) - 1 - length)) > 0)
        length += (size_t)got;
    close(file);
    text[length] = 0;
    for (char *at = text, *end; *at; at = end) {
        long pid = strtol(at, &end, 10);
        if (end == at)
            break;
        /* only a number with the blank behind it is whole; it is our unreaped child, so it cannot be anybody else's */
        if (*end == ' ' && pid > 1)
            kill((pid_t)pid, SIGKILL);
        while (*end == ' ')
            end++;
    }
}

static long elapsed_ms(const struct timespec *since)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)(now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

void keeper_end_descendants(int children)
{
    struct timespec start;
    struct pollfd watched = {.fd = children, .events = POLLIN};
    clock_gettime(CLOCK_MONOTONIC, &start);
    /* each death may hand us the next generation; a fork bomb is faster than one round but not than its limit */
    while (elapsed_ms(&start) < END_LIMIT_MS) {
        kill_children();
        poll(&watched, 1, END_ROUND_MS);
        clear_signals(children);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
        if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
            return;
    }
}
