/*
 * user_linux.c - a user id of one's own for each sandbox, by a lock on one byte of a file. Parent; see user_linux.h.
 *
 * Open-file-description locks: they belong to the descriptor, not the process, so the keeper can hold on to what the
 * parent has locked, and a dying holder of any kind releases it. One file and not one per id, so that nothing has to
 * be removed, which could not be done without a race.
 */
#include "elevated/user_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char STAGE[] = "user";
#define LOCK_DIRECTORY "/run/postern"
#define LOCK_FILE "users"

/* ---- passwd and group texts: NAME:x:ID:... ---- */

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : line + strlen(line);
}

bool user_text_has_id(const char *text, uint32_t id)
{
    for (const char *line = text; *line; line = next_line(line)) {
        const char *end = next_line(line);
        const char *field = memchr(line, ':', (size_t)(end - line));
        field = field ? memchr(field + 1, ':', (size_t)(end - field - 1)) : NULL;
        if (field && field[1] >= '0' && field[1] <= '9' && strtoul(field + 1, NULL, 10) == id)
            return true;
    }
    return false;
}

bool user_text_has_name(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = text; *line; line = next_line(line)) {
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            return true;
    }
    return false;
}

/* ---- the lock ---- */

static int refuse(const char *path, const char *why, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_CONFINE, STAGE, "", "%s %s", path, why);
    error_remedy(error, "remove it, as root; it is made anew");
    return code;
}

/* A directory that somebody else owns or may write could be exchanged under us: the lock would mean nothing. */
static int open_directory(int *out, struct postern_error *error)
{
    struct stat status;
    if (mkdir(LOCK_DIRECTORY, 0700) != 0 && errno != EEXIST)
        return error_os(error, POSTERN_E_CONFINE, STAGE, "mkdir", errno, LOCK_DIRECTORY);
    int directory = open(LOCK_DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0)
        return error_os(error, POSTERN_E_CONFINE, STAGE, "open", errno, LOCK_DIRECTORY);
    if (fstat(directory, &status) != 0 || status.st_uid != 0 || (status.st_mode & 0077) != 0) {
        close(directory);
        return refuse(LOCK_DIRECTORY, "is not root's alone", error);
    }
    *out = directory;
    return POSTERN_OK;
}

static int open_file(int *out, struct postern_error *error)
{
    const char *path = LOCK_DIRECTORY "/" LOCK_FILE;
    struct stat status;
    int directory = -1;
    int result = open_directory(&directory, error);
    if (result != POSTERN_OK)
        return result;
    int file = openat(directory, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    int number = errno;
    close(directory);
    if (file < 0)
        return error_os(error, POSTERN_E_CONFINE, STAGE, "open", number, "%s", path);
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != 0 || status.st_nlink != 1) {
        close(file);
        return refuse(path, "is not a plain file of root's", error);
    }
    *out = file;
    return POSTERN_OK;
}

/* 1: locked, 0: somebody holds it, negative errno. */
static int try_lock(int file, uint32_t uid)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)(uid - USER_FIRST), .l_len = 1};
    if (fcntl(file, F_OFD_SETLK, &lock) == 0)
        return 1;
    return errno == EAGAIN || errno == EACCES ? 0 : -errno;
}

static void unlock(int file, uint32_t uid)
{
    struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = (off_t)(uid - USER_FIRST), .l_len = 1};
    (void)fcntl(file, F_OFD_SETLK, &lock);
}

/* The kernel's own answer, without reading all of /proc: no process has the id as its real one. */
static bool has_processes(uint32_t uid)
{
    errno = 0;
    return getpriority(PRIO_USER, uid) != -1 || errno != ESRCH;
}

int user_acquire(const char *passwd, const char *group, struct user *out, struct postern_error *error)
{
    const uint32_t count = USER_LAST - USER_FIRST + 1;
    int file = -1;
    int result = open_file(&file, error);
    if (result != POSTERN_OK)
        return result;
    /* sandboxes that are started at the same time do not all begin with the same number */
    uint32_t start = (uint32_t)getpid() % count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t uid = USER_FIRST + (start + i) % count;
        if (user_text_has_id(passwd, uid) || user_text_has_id(group, uid))
            continue;
        int locked = try_lock(file, uid);
        if (locked < 0) {
            close(file);
            return error_os(error, POSTERN_E_CONFINE, STAGE, "fcntl", -locked, "the lock of user %u", uid);
        }
        if (locked && !has_processes(uid)) {
            *out = (struct user){.uid = uid, .lock = file};
            return POSTERN_OK;
        }
        if (locked)
            unlock(file, uid);
    }
    close(file);
    result = error_set(error, POSTERN_E_LIMIT, STAGE, "", "all %u user ids from %u to %u are taken", count, USER_FIRST,
                       USER_LAST);
    error_remedy(error, "close sandboxes, or end the processes of these users");
    return result;
}

void user_release(struct user *user)
{
    handle_close(&user->lock);
    user->uid = 0;
}
