/*
 * report_linux.c - tells its stdout what it was started with. The tests run it as the command.
 * usage: report_linux WHAT...   (fds, env, args, signals, cwd, session), or exit N, or sleep; or something hostile:
 * kill-parent, misname, daemon, bomb (forks as long as it is let), runaway (is a new process all the time)
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* "N type inode" of every open descriptor. */
static void report_fds(void)
{
    struct stat status;

    for (int fd = 0; fd < 65536; fd++) {
        if (fstat(fd, &status) == 0) {
            printf("%d %s %lu%s\n", fd,
                   S_ISFIFO(status.st_mode)   ? "pipe"
                   : S_ISSOCK(status.st_mode) ? "socket"
                   : S_ISCHR(status.st_mode)  ? "device"
                                              : "other",
                   (unsigned long)status.st_ino, (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 ? " cloexec" : "");
        }
    }
}

static void report_env(void)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        printf("%s\n", *entry);
    }
}

static void report_signals(void)
{
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");

    while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
        /* Not what is caught: no handler can be inherited, and sanitizers set some. */
        if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0) {
            fputs(line, stdout);
        }
    }
}

static void report_session(void)
{
    printf("leader %d group %d terminal %d\n", getsid(0) == getpid(), getpgrp() == getpid(),
           open("/dev/tty", O_RDWR | O_NOCTTY) >= 0);
    printf("foreground %d\n", tcgetpgrp(0) == getpgrp());
}

static void report_cwd(void)
{
    char path[4096];

    printf("%s\n", getcwd(path, sizeof(path)) != NULL ? path : "?");
}

/* The rest is done by a process that has left session and parent; it says who it is. */
static void become_daemon(void)
{
    if (fork() != 0) {
        _exit(0);
    }
    setsid();
    if (fork() != 0) {
        _exit(0);
    }
    printf("daemon %d\n", (int)getpid());
    fflush(stdout);
}

/* Every process forks on, for a while; a line says that no more can be had. */
static void bomb(void)
{
    for (time_t end = time(NULL) + 20; time(NULL) < end;) {
        if (fork() < 0 && errno == EAGAIN) {
            (void)!write(1, "full\n", 5);
        }
    }
}

/* Until its parent has left a child waits, so that there is exactly one living process at any time. Not for ever: a
 * test that fails must not leave such a thing on the machine, nor fill it with zombies. */
static void run_away(void)
{
    (void)setsid();
    for (int i = 0; i < 20000; i++) { /* many seconds: it must be caught, not be quick */
        pid_t parent = getpid(), child = fork();

        if (child > 0) {
            _exit(0);
        }
        while (child == 0 && getppid() == parent) {
        }
    }
    (void)!write(1, "got away\n", 9);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "fds") == 0) {
            report_fds();
        } else if (strcmp(argv[i], "env") == 0) {
            report_env();
        } else if (strcmp(argv[i], "signals") == 0) {
            report_signals();
        } else if (strcmp(argv[i], "session") == 0) {
            report_session();
        } else if (strcmp(argv[i], "cwd") == 0) {
            report_cwd();
        } else if (strcmp(argv[i], "args") == 0) {
            for (int k = 0; k < argc; k++) {
                printf("[%s]", argv[k]);
            }
            printf("\n");
        } else if (strcmp(argv[i], "exit") == 0 && i + 1 < argc) {
            fflush(stdout);
            return atoi(argv[i + 1]);
        } else if (strcmp(argv[i], "kill-parent") == 0) {
            kill(getppid(), SIGKILL);
        } else if (strcmp(argv[i], "misname") == 0) {
            prctl(PR_SET_NAME, ") Z 1 1 (\n) R 1", 0, 0, 0);
        } else if (strcmp(argv[i], "daemon") == 0) {
            become_daemon();
        } else if (strcmp(argv[i], "bomb") == 0) {
            bomb();
        } else if (strcmp(argv[i], "runaway") == 0) {
            run_away();
        } else if (strcmp(argv[i], "sleep") == 0) {
            fflush(stdout);
            pause();
        }
    }
    fflush(stdout);
    return 0;
}
