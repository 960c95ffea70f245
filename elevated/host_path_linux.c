/*
 * host_path_linux.c - may this be handed to commands, who owns it, and can the sandbox user get there? Parent; see
 * host_path_linux.h.
 */
#include "elevated/host_path_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/path.h"

static const char STAGE[] = "policy";

/* Never written, and nothing beneath them either. */
static const char *const closed[] = {"/bin",           "/boot",          "/dev",           "/etc",      "/lib",
                                     "/lib32",         "/lib64",         "/libx32",        "/proc",     "/sbin",
                                     "/sys",           "/usr/bin",       "/usr/include",   "/usr/lib",  "/usr/lib32",
                                     "/usr/lib64",     "/usr/libexec",   "/usr/libx32",    "/usr/sbin", "/usr/share",
                                     "/usr/local/bin", "/usr/local/lib", "/usr/local/sbin"};
/* Not themselves; directories beneath them can be. */
static const char *const shared_by_all[] = {"/home",      "/media",    "/mnt",       "/opt",       "/root",
                                            "/run",       "/run/user", "/srv",       "/tmp",       "/usr",
                                            "/usr/local", "/usr/src",  "/var",       "/var/cache", "/var/lib",
                                            "/var/log",   "/var/run",  "/var/spool", "/var/tmp"};

static const char everywhere[] = "commands could write everywhere";
static const char of_system[] = "it belongs to the system";
static const char of_all[] = "it belongs to the system and is shared by all users";

static bool is_beneath(const char *path, const char *directory)
{
    return path_is_beneath(PATH_POSIX, path, directory);
}

static const char *system_objection(const char *path)
{
    if (path[1] == 0)
        return everywhere;
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        if (is_beneath(path, closed[i]) || is_beneath(closed[i], path))
            return of_system;
    }
    for (size_t i = 0; i < sizeof(shared_by_all) / sizeof(shared_by_all[0]); i++) {
        if (is_beneath(shared_by_all[i], path))
            return of_all;
    }
    return NULL;
}

bool host_path_is_system(const char *path)
{
    return system_objection(path) != NULL;
}

const char *host_path_objection(const char *path, const char *home)
{
    if (path[1] != 0 && home && home[0] == '/' && home[1] && is_beneath(home, path))
        return "it holds the caller's home directory, with its keys and start-up files";
    return system_objection(path);
}

/* One name after the other, each looked up in the directory found before: openat2() would do it in one call, but is
 * what filters of containers know least. */
static int open_without_links(const char *path)
{
    char name[NAME_MAX + 1];
    int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (const char *from = path + 1, *end; at >= 0 && *from; from = *end ? end + 1 : end) {
        end = strchrnul(from, '/');
        size_t length = (size_t)(end - from);
        int next = -1;
        errno = ENAMETOOLONG;
        if (length < sizeof(name)) {
            memcpy(name, from, length);
            name[length] = 0;
            next = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | (*end ? O_DIRECTORY : 0));
        }
        int number = errno;
        close(at);
        errno = number;
        at = next;
    }
    return at;
}

int host_path_inspect(const char *path, struct host_path *out, struct postern_error *error)
{
    struct stat status;
    int file = open_without_links(path);
    if (file < 0)
        return error_os(error, POSTERN_E_POLICY, STAGE, "openat", errno, "%s", path);
    int result = fstat(file, &status);
    int number = errno;
    close(file);
    if (result != 0)
        return error_os(error, POSTERN_E_POLICY, STAGE, "fstat", number, "%s", path);
    if (S_ISLNK(status.st_mode))
        return error_set(error, POSTERN_E_POLICY, STAGE, "", "%s became a symbolic link while it was looked at", path);
    out->device = status.st_dev;
    out->inode = status.st_ino;
    out->uid = status.st_uid;
    out->gid = status.st_gid;
    out->mode = status.st_mode;
    return POSTERN_OK;
}

int host_path_barrier(const char *path, char *out, size_t size, struct postern_error *error)
{
    struct stat status;
    if (size == 0 || strlen(path) >= size)
        return error_set(error, POSTERN_E_LIMIT, STAGE, "", "the path %s is too long", path);
    for (const char *slash = path; slash; slash = strchr(slash + 1, '/')) {
        size_t length = slash == path ? 1 : (size_t)(slash - path);
        memcpy(out, path, length);
        out[length] = 0;
        if (lstat(out, &status) != 0)
            return error_os(error, POSTERN_E_POLICY, STAGE, "lstat", errno, "%s above %s", out, path);
        if ((status.st_mode & S_IXOTH) != 0)
            continue;
        if (length == 1)
            return error_set(error, POSTERN_E_POLICY, STAGE, "", "the root directory is closed to other users");
        return POSTERN_OK;
    }
    out[0] = 0;
    return POSTERN_OK;
}
