/*
 * host_linux.c - see host.h.
 */
#include "tests/support/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- standard streams ---- */

ptrdiff_t host_read_handle(os_handle handle, void *data, size_t size)
{
    ssize_t got;
    do
        got = read((int)handle, data, size);
    while (got < 0 && errno == EINTR);
    return got;
}

ptrdiff_t host_read(void *data, size_t size)
{
    return host_read_handle(STDIN_FILENO, data, size);
}

bool host_write(int stream, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t done = write(stream, at, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        at += done;
        size -= (size_t)done;
    }
    return true;
}

os_handle host_stream(int stream)
{
    return stream;
}

bool host_is_terminal(int stream)
{
    return isatty(stream) == 1;
}

char **host_arguments(int argc, char **argv)
{
    (void)argc;
    return argv;
}

/* ---- processes ---- */

bool host_kill(uint32_t pid)
{
    return pid > 1 && kill((pid_t)pid, SIGKILL) == 0;
}

os_handle host_open_process(uint32_t pid)
{
    return (os_handle)syscall(SYS_pidfd_open, (pid_t)pid, 0);
}

static bool readable_within(int descriptor, int milliseconds)
{
    struct pollfd entry = {.fd = descriptor, .events = POLLIN};
    return poll(&entry, 1, milliseconds) == 1;
}

bool host_ended_within(os_handle process, int milliseconds)
{
    return readable_within((int)process, milliseconds);
}

bool host_lives(uint32_t pid)
{
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

/* The whole of a small file of /proc, NULs as line ends. */
static size_t read_proc(const char *pid, const char *name, char *out, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file >= 0 ? read(file, out, size - 1) : 0;
    if (file >= 0)
        close(file);
    out[got > 0 ? got : 0] = '\0';
    return got > 0 ? (size_t)got : 0;
}

static bool is_marked(const char *pid, const char *mark)
{
    char line[4096];
    size_t length = read_proc(pid, "cmdline", line, sizeof(line));
    for (size_t at = 0; at < length; at += strlen(line + at) + 1)
        if (strcmp(line + at, mark) == 0)
            return true;
    return false;
}

os_handle host_find_marked(const char *mark, uint32_t pid)
{
    os_handle found = OS_HANDLE_NONE;
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    (void)pid;
    while (directory && found == OS_HANDLE_NONE && (entry = readdir(directory)))
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && is_marked(entry->d_name, mark))
            found = host_open_process((uint32_t)strtoul(entry->d_name, NULL, 10));
    if (directory)
        closedir(directory);
    return found;
}

uint32_t host_parent_of(uint32_t pid)
{
    char number[24], status[4096];
    snprintf(number, sizeof(number), "%lu", (unsigned long)pid);
    read_proc(number, "status", status, sizeof(status));
    const char *line = strstr(status, "\nPPid:");
    return line ? (uint32_t)strtoul(line + 6, NULL, 10) : 0;
}

bool host_pipe(os_handle *reader, os_handle *writer)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    *reader = ends[0];
    *writer = ends[1];
    return true;
}

void host_sleep(int milliseconds)
{
    poll(NULL, 0, milliseconds);
}

void host_sleep_forever(void)
{
    for (;;)
        pause();
}

uint64_t host_memory(void)
{
    unsigned long long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%llu %llu", &total, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

bool host_has_direct_streams(void)
{
    return false;
}

const char *host_slowness(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return "sanitizers";
#else
    return getenv("POSTERN_TEST_SMALL") ? "POSTERN_TEST_SMALL is set" : NULL;
#endif
}

bool host_is_wine(void)
{
    return false;
}

/* ---- files ---- */

bool host_make_directory(char *out, size_t size)
{
    const char *base = getenv("TMPDIR");
    int length = snprintf(out, size, "%s/postern-test-XXXXXX", base && base[0] == '/' ? base : "/tmp");
    return length > 0 && (size_t)length < size && mkdtemp(out) && chmod(out, 0755) == 0;
}

void host_remove_directory(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    while (directory && (entry = readdir(directory)))
        unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory)
        closedir(directory);
    rmdir(path);
}

bool host_change_directory(const char *path)
{
    return chdir(path) == 0;
}

bool host_copy_file(const char *from, const char *to)
{
    char block[65536];
    struct stat status;
    ssize_t got = -1;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = in >= 0 && fstat(in, &status) == 0
                  ? open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, status.st_mode & 0777)
                  : -1;
    while (out >= 0 && (got = read(in, block, sizeof(block))) > 0)
        if (!host_write(out, block, (size_t)got)) {
            got = -1;
            break;
        }
    if (in >= 0)
        close(in);
    if (out >= 0 && close(out) != 0)
        got = -1;
    return got == 0;
}

/* ---- waiting and threads ---- */

int host_wait_any(const intptr_t *handles, size_t count, int milliseconds)
{
    struct pollfd entries[16];
    if (count > sizeof(entries) / sizeof(entries[0]))
        return -1;
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct pollfd){.fd = (int)handles[i], .events = POLLIN};
    if (poll(entries, count, milliseconds) <= 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (entries[i].revents)
            return (int)i;
    return -1;
}

struct host_thread {
    pthread_t id;
    void (*run)(void *context);
    void *context;
};

static void *enter(void *argument)
{
    struct host_thread *thread = argument;
    thread->run(thread->context);
    return NULL;
}

struct host_thread *host_thread_start(void (*run)(void *context), void *context)
{
    struct host_thread *thread = calloc(1, sizeof(*thread));
    if (!thread)
        return NULL;
    thread->run = run;
    thread->context = context;
    if (pthread_create(&thread->id, NULL, enter, thread) != 0) {
        free(thread);
        return NULL;
    }
    return thread;
}

void host_thread_join(struct host_thread *thread)
{
    pthread_join(thread->id, NULL);
    free(thread);
}
