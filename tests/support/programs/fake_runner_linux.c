/*
 * fake_runner_linux.c - stands in for postern-runner in tests of the launcher, and in tests of runners that misbehave.
 *
 * It does what the parent writes on the channel, a line a request, and answers "STATUS LENGTH\n" and LENGTH bytes:
 *   sh SCRIPT        runs it; its exit status and output
 *   descriptors      numbers of all open descriptors
 *   regain           tries to become root in every way; status 0 if none worked
 *   daemon           leaves a process behind that has left the session; its pid
 *   exit NUMBER      exits; no answer
 *   signal NUMBER    kills itself; no answer
 * If the current directory has a file "fake-runner-mode", its first word is obeyed instead: "silent" says nothing for
 * ever, "exit" exits with status 3, "garbage" sends nonsense, "partial" half a greeting, "flood" without end.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_LIMIT = 256 * 1024 };

static int channel = -1;
static char output[OUTPUT_LIMIT];
static size_t output_length;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = vsnprintf(output + output_length, sizeof(output) - output_length, format, list);
    va_end(list);
    if (length > 0 && (size_t)length < sizeof(output) - output_length)
        output_length += (size_t)length;
}

static void send_all(const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t written = write(channel, at, size);
        if (written <= 0)
            exit(4);
        at += written;
        size -= (size_t)written;
    }
}

static void answer(int status)
{
    char head[64];
    int length = snprintf(head, sizeof(head), "%d %zu\n", status, output_length);
    send_all(head, (size_t)length);
    send_all(output, output_length);
}

static int run_shell(const char *script)
{
    int ends[2];
    int status = -1;
    ssize_t got;
    if (pipe(ends) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        close(channel);
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    while ((got = read(ends[0], output + output_length, sizeof(output) - output_length)) > 0)
        output_length += (size_t)got;
    close(ends[0]);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int list_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;
    while (directory && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(directory))
            say("%s ", entry->d_name);
    }
    if (directory)
        closedir(directory);
    return directory ? 0 : errno;
}

/* 0 if the kernel refuses all of them. */
static int regain(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2] = {{.permitted = ~0u, .effective = ~0u}, {.permitted = 0, .effective = 0}};
    gid_t group = 0;
    const struct {
        const char *name;
        int result;
    } tries[] = {{"setuid", setuid(0)},
                 {"seteuid", seteuid(0)},
                 {"setresuid", setresuid(0, 0, 0)},
                 {"setgid", setgid(0)},
                 {"setgroups", setgroups(1, &group)},
                 {"capset", (int)syscall(SYS_capset, &header, data)},
                 {"chroot", chroot("/")},
                 {"securebits", prctl(PR_SET_SECUREBITS, 0, 0, 0, 0)},
                 {"ambient", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0)},
                 {"no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0)}};
    int worked = 0;
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        if (tries[i].result == 0) {
            say("%s ", tries[i].name);
            worked++;
        }
    }
    return worked;
}

static int leave_daemon(void)
{
    int ends[2];
    pid_t grandchild = -1;
    if (pipe(ends) != 0)
        return errno;
    pid_t child = fork();
    if (child == 0) {
        setsid();
        grandchild = fork();
        if (grandchild == 0) {
            signal(SIGTERM, SIG_IGN);
            signal(SIGHUP, SIG_IGN);
            for (;;)
                pause();
        }
        _exit(write(ends[1], &grandchild, sizeof(grandchild)) != (ssize_t)sizeof(grandchild));
    }
    if (read(ends[0], &grandchild, sizeof(grandchild)) != (ssize_t)sizeof(grandchild))
        grandchild = -1;
    close(ends[0]);
    close(ends[1]);
    waitpid(child, NULL, 0);
    say("%d", (int)grandchild);
    return 0;
}

static void obey(char *line)
{
    output_length = 0;
    char *rest = strchr(line, ' ');
    if (rest)
        *rest++ = 0;
    else
        rest = line + strlen(line);
    if (strcmp(line, "sh") == 0)
        answer(run_shell(rest));
    else if (strcmp(line, "descriptors") == 0)
        answer(list_descriptors());
    else if (strcmp(line, "regain") == 0)
        answer(regain());
    else if (strcmp(line, "daemon") == 0)
        answer(leave_daemon());
    else if (strcmp(line, "exit") == 0)
        exit(atoi(rest));
    else if (strcmp(line, "signal") == 0)
        raise(atoi(rest));
    else
        answer(-1);
}

static void serve(void)
{
    static char line[65536];
    size_t length = 0;
    while (length < sizeof(line) - 1 && read(channel, line + length, 1) == 1) {
        if (line[length] != '\n') {
            length++;
            continue;
        }
        line[length] = 0;
        length = 0;
        obey(line);
    }
}

static void misbehave(const char *mode)
{
    static const char nonsense[4096] = "GET / HTTP/1.0\r\n\r\n";
    if (strcmp(mode, "exit") == 0)
        exit(3);
    if (strcmp(mode, "garbage") == 0)
        send_all(nonsense, 64);
    if (strcmp(mode, "partial") == 0)
        send_all("PSTN\1", 5);
    while (strcmp(mode, "flood") == 0)
        send_all(nonsense, sizeof(nonsense));
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    char mode[32] = "";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--endpoint") == 0 && strncmp(argv[i + 1], "fd:", 3) == 0)
            channel = atoi(argv[i + 1] + 3);
    }
    if (channel < 0)
        return 2;
    FILE *file = fopen("fake-runner-mode", "re");
    if (file && fscanf(file, "%31s", mode) == 1)
        misbehave(mode);
    serve();
    return 0;
}
