/*
 * keeper_mount_linux.c - the keeper takes the steps of its plan: what the sandbox sees of the file system, its host
 * name, its loopback. Called by keeper_main_linux.c, as root or as root of a user namespace.
 *
 * The host goes on while this runs, and part of it may be hostile: a directory above what is handed over or hidden can
 * be renamed or replaced by a link at any moment. So every path is opened once, without following any link, and
 * everything after that is done to the descriptor.
 */
#include "elevated/keeper_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Everything that names, reads or makes mounts here exists since Linux 5.2; changing their flags since 5.12. */

bool keeper_failed(struct keeper_failure *failure, const char *call, const char *item)
{
    failure->os_error = errno;
    failure->call = call;
    failure->item = item;
    return false;
}

void keeper_mounts_init(struct keeper_mounts *mounts, const struct plan_header *header)
{
    mounts->header = header;
    mounts->proc = mounts->map = -1;
    for (size_t i = 0; i < PLAN_SLOTS; i++)
        mounts->slots[i] = -1;
}

void keeper_mounts_free(struct keeper_mounts *mounts)
{
    for (size_t i = 0; i < PLAN_SLOTS; i++) {
        if (mounts->slots[i] >= 0)
            close(mounts->slots[i]);
    }
    if (mounts->map >= 0)
        close(mounts->map);
    keeper_mounts_init(mounts, mounts->header);
}

static void fill_slot(struct keeper_mounts *mounts, uint32_t slot, int descriptor)
{
    if (mounts->slots[slot] >= 0)
        close(mounts->slots[slot]);
    mounts->slots[slot] = descriptor;
}

static uint64_t mount_flags(uint32_t flags)
{
    return (flags & PLAN_READ_ONLY ? (uint64_t)MOUNT_ATTR_RDONLY : 0) |
           (flags & PLAN_NO_SUID ? (uint64_t)MOUNT_ATTR_NOSUID : 0) |
           (flags & PLAN_NO_DEV ? (uint64_t)MOUNT_ATTR_NODEV : 0) |
           (flags & PLAN_NO_EXEC ? (uint64_t)MOUNT_ATTR_NOEXEC : 0);
}

static int open_in_place(const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

/* ---- new file systems ---- */

struct option {
    const char *key, *value;
};

static int new_file_system(const char *type, const struct option *options, size_t count, uint32_t flags,
                           struct keeper_failure *failure)
{
    int mount = -1;
    int context = fsopen(type, FSOPEN_CLOEXEC);
    if (context < 0) {
        keeper_failed(failure, "fsopen", type);
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        if (fsconfig(context, FSCONFIG_SET_STRING, options[i].key, options[i].value, 0) != 0) {
            keeper_failed(failure, "fsconfig", options[i].key);
            goto out;
        }
    }
    if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0) {
        keeper_failed(failure, "fsconfig", type);
        goto out;
    }
    mount = fsmount(context, FSMOUNT_CLOEXEC, (unsigned)mount_flags(flags));
    if (mount < 0)
        keeper_failed(failure, "fsmount", type);
out:
    close(context);
    return mount;
}

static bool step_new(struct keeper_mounts *mounts, const struct plan_step *step, struct keeper_failure *failure)
{
    const struct option tmpfs[] = {{"size", step->text}, {"mode", "0755"}};
    static const struct option devpts[] = {{"mode", "0600"}, {"ptmxmode", "0666"}};
    int made = -1;
    if (step->operation == PLAN_NEW_PROC) {
        made = new_file_system("proc", NULL, 0, step->flags, failure);
        mounts->proc = (int)step->slot;
    } else if (step->operation == PLAN_NEW_TMPFS) {
        made = new_file_system("tmpfs", tmpfs, 2, step->flags, failure);
    } else {
        made = new_file_system("devpts", devpts, 2, step->flags, failure);
    }
    fill_slot(mounts, step->slot, made);
    return made >= 0;
}

/* ---- mounts there are ---- */

static bool step_root(const struct plan_step *step, struct keeper_failure *failure)
{
    struct mount_attr change = {0};
    if (step->operation == PLAN_PRIVATE_ROOT)
        change.propagation = MS_PRIVATE;
    else
        change.attr_set = mount_flags(step->flags);
    /* not the name of the call: EINVAL has another cause here than for the workspace */
    if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &change, sizeof(change)) != 0)
        return keeper_failed(failure, "change_root_mounts", "/");
    return true;
}

/* Opens the file of a step, without following a link anywhere in its path. With SAME_FILE the parent looked at it
 * before it decided what becomes of it: another one in its place is refused. -1: errno. */
static int open_checked(const struct plan_step *step)
{
    struct stat now;
    int file = open_in_place(step->path);
    if (file < 0 || !(step->flags & PLAN_SAME_FILE))
        return file;
    int failed = fstat(file, &now) != 0 ? errno : 0;
    if (!failed && (now.st_dev != step->device || now.st_ino != step->inode))
        failed = ESTALE;
    if (failed) {
        close(file);
        errno = failed;
        return -1;
    }
    return file;
}

static bool step_copy(struct keeper_mounts *mounts, const struct plan_step *step, struct keeper_failure *failure)
{
    unsigned how = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
    int original = open_checked(step);
    if (original < 0)
        return keeper_failed(failure, "openat2", step->path);
    int copy = open_tree(original, "", how | (step->flags & PLAN_RECURSIVE ? AT_RECURSIVE : 0));
    if (copy < 0)
        keeper_failed(failure, "open_tree", step->path);
    close(original);
    fill_slot(mounts, step->slot, copy);
    return copy >= 0;
}

static bool step_set_flags(struct keeper_mounts *mounts, const struct plan_step *step, struct keeper_failure *failure)
{
    struct mount_attr change = {.attr_set = mount_flags(step->flags)};
    unsigned how = AT_EMPTY_PATH | (step->flags & PLAN_RECURSIVE ? AT_RECURSIVE : 0);
    if (mount_setattr(mounts->slots[step->slot], "", how, &change, sizeof(change)) != 0)
        return keeper_failed(failure, "set_mount_flags", step->path);
    return true;
}

static bool step_place(struct keeper_mounts *mounts, const struct plan_step *step, struct keeper_failure *failure)
{
    bool placed = true;
    int target = open_checked(step);
    if (target < 0) {
        bool gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
        if (!gone || !(step->flags & PLAN_MAY_BE_GONE))
            placed = keeper_failed(failure, "openat2", step->path);
    } else {
        if (move_mount(mounts->slots[step->slot], "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
            placed = keeper_failed(failure, "move_mount", step->path);
        close(target);
    }
    fill_slot(mounts, step->slot, -1);
    return placed;
}

/* ---- the owner of what is handed over appears as the sandbox user ---- */

static bool find_map(struct keeper_mounts *mounts, const struct plan_step *step, struct keeper_failure *failure)
{
    if (mounts->map >= 0 && mounts->map_uid == step->uid && mounts->map_gid == step->gid)
        return true;
    if (mounts->map >= 0)
        close(mounts->map);
    mounts->map = keeper_open_map(mounts->proc >= 0 ? mounts->slots[mounts->proc] : -1, step, mounts->header, failure);
    mounts->map_uid = step->uid;
    mounts->map_gid = step->gid;
    return mounts->map >= 0;
}

static bool step_map_owner(struct keeper_mounts *mounts, const struct plan_step *step, struct keeper_failure *failure)
{
    struct statvfs original;
    int copy = mounts->slots[step->slot];
    if (!find_map(mounts, step, failure))
        return false;
    struct mount_attr mapped = {.attr_set = mount_flags(step->flags) | MOUNT_ATTR_IDMAP,
                                .userns_fd = (unsigned)mounts->map};
    if (mount_setattr(copy, "", AT_EMPTY_PATH | AT_RECURSIVE, &mapped, sizeof(mapped)) == 0)
        return true;
    int number = errno;
    if (fstatvfs(copy, &original) != 0)
        return keeper_failed(failure, "fstatvfs", step->path);
    /* A file system mounted beneath may not know id maps. It stays, read-only; the one at the top has to be mapped or
     * nothing is, unless it is such a part of something else. What was read-only before stays so, too. */
    struct mount_attr beneath = {.attr_set = mount_flags(step->flags | PLAN_READ_ONLY)};
    if (!((step->flags & PLAN_READ_ONLY) || (original.f_flag & ST_RDONLY)))
        mapped.attr_clr = MOUNT_ATTR_RDONLY;
    if (mount_setattr(copy, "", AT_EMPTY_PATH | AT_RECURSIVE, &beneath, sizeof(beneath)) != 0)
        return keeper_failed(failure, "mount_setattr", step->path);
    if (mount_setattr(copy, "", AT_EMPTY_PATH, &mapped, sizeof(mapped)) == 0)
        return true;
    if ((step->flags & PLAN_MAY_STAY) && (step->flags & PLAN_READ_ONLY) && (number == EINVAL || number == EPERM))
        return true;
    return keeper_failed(failure, "mount_setattr", step->path);
}

/* ---- files of the private file system ---- */

static bool step_directory(struct keeper_mounts *mounts, const struct plan_step *step, struct keeper_failure *failure)
{
    /* the ways to several files may share a directory */
    if (mkdir(step->path, (mode_t)step->mode) != 0 && errno != EEXIST)
        return keeper_failed(failure, "mkdir", step->path);
    if (mounts->header->other_user && step->uid != 0 && lchown(step->path, step->uid, step->gid) != 0)
        return keeper_failed(failure, "lchown", step->path);
    return true;
}

static bool step_file(const struct plan_step *step, struct keeper_failure *failure)
{
    size_t left = strlen(step->text);
    const char *at = step->text;
    /* what only is to be mounted on, or mounted, may be wanted more than once */
    if (left == 0)
        return mknod(step->path, S_IFREG | (mode_t)step->mode, 0) == 0 || errno == EEXIST ||
               keeper_failed(failure, "mknod", step->path);
    int file = open(step->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)step->mode);
    if (file < 0)
        return keeper_failed(failure, "open", step->path);
    while (left > 0) {
        ssize_t written = write(file, at, left);
        if (written < 0) {
            keeper_failed(failure, "write", step->path);
            close(file);
            return false;
        }
        at += written;
        left -= (size_t)written;
    }
    close(file);
    return true;
}

bool keeper_take_step(struct keeper_mounts *mounts, const struct plan_step *step, struct keeper_failure *failure)
{
    failure->where = (uint32_t)step->operation;
    switch (step->operation) {
    case PLAN_PRIVATE_ROOT:
    case PLAN_LOCK_ROOT:
        return step_root(step, failure);
    case PLAN_HOST_NAME:
        return sethostname(step->text, strlen(step->text)) == 0 || keeper_failed(failure, "sethostname", step->text);
    case PLAN_NEW_PROC:
    case PLAN_NEW_TMPFS:
    case PLAN_NEW_DEVPTS:
        return step_new(mounts, step, failure);
    case PLAN_COPY:
        return step_copy(mounts, step, failure);
    case PLAN_MAP_OWNER:
        return step_map_owner(mounts, step, failure);
    case PLAN_SET_FLAGS:
        return step_set_flags(mounts, step, failure);
    case PLAN_PLACE:
        return step_place(mounts, step, failure);
    case PLAN_DIRECTORY:
        return step_directory(mounts, step, failure);
    case PLAN_FILE:
        return step_file(step, failure);
    case PLAN_LINK:
        return symlink(step->text, step->path) == 0 || keeper_failed(failure, "symlink", step->path);
    default:
        errno = EINVAL;
        return keeper_failed(failure, "", step->path);
    }
}
