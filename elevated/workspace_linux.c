/*
 * workspace_linux.c - may this directory be a workspace, who owns it, and can the sandbox user get there? Parent; see
 * workspace_linux.h.
 */
#include "elevated/workspace_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "elevated/plan_layout_linux.h"
#include "shared/text.h"

static const char STAGE[] = "workspace";

/* Never a workspace, and nothing beneath them either. */
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

static int refuse(const char *path, const char *why, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_POLICY, STAGE, "", "%s cannot be the workspace: %s", path, why);
    error_remedy(error, "name a directory that holds the project and nothing else");
    return code;
}

int workspace_check_path(const char *path, const char *home, struct postern_error *error)
{
    if (path[0] != '/')
        return refuse(path, "it is not an absolute path", error);
    if (path[1] == 0)
        return refuse(path, "commands could write everywhere", error);
    if (home && home[0] == '/' && home[1] && layout_is_beneath(home, path))
        return refuse(path, "it holds the caller's home directory, with its keys and start-up files", error);
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        if (layout_is_beneath(path, closed[i]) || layout_is_beneath(closed[i], path))
            return refuse(path, "it belongs to the system", error);
    }
    for (size_t i = 0; i < sizeof(shared_by_all) / sizeof(shared_by_all[0]); i++) {
        if (layout_is_beneath(shared_by_all[i], path))
            return refuse(path, "it belongs to the system and is shared by all users", error);
    }
    return POSTERN_OK;
}

int workspace_inspect(const char *path, struct workspace *out, struct postern_error *error)
{
    struct stat status;
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int directory = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
    if (directory < 0)
        return error_os(error, POSTERN_E_POLICY, STAGE, "openat2", errno, "the workspace %s", path);
    int result = fstat(directory, &status);
    int number = errno;
    close(directory);
    if (result != 0)
        return error_os(error, POSTERN_E_POLICY, STAGE, "fstat", number, "the workspace %s", path);
    out->device = status.st_dev;
    out->inode = status.st_ino;
    out->uid = status.st_uid;
    out->gid = status.st_gid;
    return POSTERN_OK;
}

int workspace_barrier(const char *path, char *out, size_t size, struct postern_error *error)
{
    struct stat status;
    if (size == 0 || strlen(path) >= size)
        return error_set(error, POSTERN_E_LIMIT, STAGE, "", "the workspace's path is too long");
    for (const char *slash = path; slash; slash = strchr(slash + 1, '/')) {
        size_t length = slash == path ? 1 : (size_t)(slash - path);
        memcpy(out, path, length);
        out[length] = 0;
        if (lstat(out, &status) != 0)
            return error_os(error, POSTERN_E_POLICY, STAGE, "lstat", errno, "%s above the workspace", out);
        if ((status.st_mode & S_IXOTH) == 0)
            return length > 1 ? POSTERN_OK : refuse("/", "the root directory is closed to other users", error);
    }
    out[0] = 0;
    return POSTERN_OK;
}
