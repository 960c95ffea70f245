/*
 * doctor_host_linux.c - what the checks of `postern doctor` take on Linux; see doctor_host.h.
 */
#include "cli/doctor_host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/error.h"
#include "shared/text.h"

#define STAGE "doctor"

/* ---- files ---- */

char *doctor_host_make_scratch(struct postern_error *error)
{
    const char *place = getenv("TMPDIR");
    char *pattern = text_format("%s/postern-doctor-XXXXXX", place && place[0] == '/' ? place : "/tmp");
    char *path = NULL;
    if (!pattern)
        error_memory(error, STAGE);
    else if (!mkdtemp(pattern) || !(path = realpath(pattern, NULL)))
        error_os(error, POSTERN_E_OS, STAGE, "mkdtemp", errno, "a directory to work in, %s", pattern);
    free(pattern);
    return path;
}

int64_t doctor_host_make_directory(const char *path)
{
    /* chmod: whatever the umask is, nothing but the sandbox shall be what refuses */
    return mkdir(path, 0700) == 0 && chmod(path, 0777) == 0 ? 0 : errno;
}

bool doctor_host_remove(const char *path)
{
    return unlink(path) == 0 || errno == ENOENT || rmdir(path) == 0 || errno == ENOENT;
}

bool doctor_host_exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

/* The names of our scratch directories hold no character that the kernel would escape. */
bool doctor_host_is_mounted(const char *path)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    while (mounts && !found && getline(&line, &size, mounts) > 0)
        found = strstr(line, path) != NULL;
    free(line);
    if (mounts)
        fclose(mounts);
    return found;
}

const char *doctor_host_program_name(void)
{
    return "postern";
}

/* 0 or the error number. */
static int copy(int from, int to)
{
    char bytes[65536];
    ssize_t got;
    while ((got = read(from, bytes, sizeof(bytes))) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        for (ssize_t done = 0; done < got;) {
            ssize_t written = write(to, bytes + done, (size_t)(got - done));
            if (written < 0 && errno != EINTR)
                return errno;
            done += written > 0 ? written : 0;
        }
    }
    return 0;
}

int doctor_host_copy_program(const char *to, struct postern_error *error)
{
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int file = from < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    int number = file < 0 ? errno : copy(from, file);
    if (number == 0 && fchmod(file, 0755) != 0)
        number = errno;
    if (from >= 0)
        close(from);
    if (file >= 0 && close(file) != 0 && number == 0)
        number = errno;
    return number == 0 ? 0 : error_os(error, POSTERN_E_OS, STAGE, "write", number, "a copy of this program, %s", to);
}

os_handle doctor_host_leak(const char *path, uint64_t *number)
{
    int file = open(path, O_RDONLY); /* NOLINT(android-cloexec-open): this one is meant to be inherited */
    *number = (uint64_t)file;
    return file < 0 ? OS_HANDLE_NONE : file;
}

bool doctor_host_has_handle(uint64_t number)
{
    /* Any above the standard ones: a leak that got another number is one, too. */
    for (int fd = 3; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            return true;
    return fcntl((int)number, F_GETFD) >= 0;
}

/* ---- what there is on Windows only ---- */

/* Its end tells nothing that its start in a sandbox does not. */
int doctor_host_try_helper(const char *path, bool *tried, int *exit_code, struct postern_error *error)
{
    (void)path, (void)exit_code, (void)error;
    *tried = false;
    return 0;
}

bool doctor_host_look_at_lists(const char *directory, struct doctor_lists *out)
{
    (void)directory, (void)out;
    return false;
}

bool doctor_host_desktop(char *text, size_t size, char *station, size_t station_size)
{
    (void)text, (void)size, (void)station, (void)station_size;
    return false;
}

int64_t doctor_host_open_station(const char *name)
{
    (void)name;
    return ENOSYS;
}

/* ---- the network ---- */

int doctor_host_listen(os_handle *out, uint16_t *port, struct postern_error *error)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 4) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        int number = errno;
        if (listener >= 0)
            close(listener);
        return error_os(error, POSTERN_E_OS, STAGE, "listen", number, "a listener on the loopback address");
    }
    *out = listener;
    *port = ntohs(address.sin_port);
    return 0;
}

bool doctor_host_was_reached(os_handle listener)
{
    int connection;
    do {
        connection = accept4((int)listener, NULL, NULL, SOCK_CLOEXEC);
    } while (connection < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (connection >= 0)
        close(connection);
    return connection >= 0;
}

void doctor_host_close_socket(os_handle *listener)
{
    handle_close(listener);
}

int64_t doctor_host_connect(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0)
        return errno;
    int number = connect(connection, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
    close(connection);
    return number;
}

/* ---- processes ---- */

bool doctor_host_set_variable(const char *name, const char *value)
{
    return setenv(name, value, 1) == 0;
}

bool doctor_host_is_held(const char *path)
{
    int file = open(path, O_RDWR | O_CLOEXEC);
    bool held = file >= 0 && flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (file >= 0)
        close(file);
    return held;
}

bool doctor_host_is_running(uint32_t pid)
{
    return kill((pid_t)pid, 0) == 0 || errno == EPERM;
}

bool doctor_host_has_children(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* What a tree kill must not miss: another session, another parent, deaf to what can be ignored. */
static void hold(const char *path, int tell)
{
    int file = open(path, O_RDWR | O_CLOEXEC);
    setsid();
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (file < 0 || flock(file, LOCK_EX) != 0 || write(tell, "h", 1) != 1)
        _exit(1);
    for (int fd = 0; fd <= 2; fd++)
        close(fd); /* so that it is not the open output that gives it away */
    close(tell);
    for (;;)
        pause();
}

bool doctor_host_start_holder(const char *path)
{
    int ends[2];
    char byte;
    ssize_t got;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t middle = fork();
    if (middle == 0) {
        pid_t holder = fork();
        if (holder == 0)
            hold(path, ends[1]);
        _exit(holder < 0);
    }
    close(ends[1]);
    do {
        got = read(ends[0], &byte, 1);
    } while (got < 0 && errno == EINTR);
    close(ends[0]);
    if (middle > 0)
        waitpid(middle, NULL, 0);
    return got == 1;
}

void doctor_host_be_holder(const char *path, uint64_t number)
{
    (void)number;
    hold(path, STDOUT_FILENO);
}
