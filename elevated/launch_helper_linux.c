/*
 * launch_helper_linux.c - opening and pinning the helper programs. Parent; called by launch_spawn_linux.c, see
 * launch_helper_linux.h.
 *
 * What is executed is not the installed file but a copy of it in memory, which is sealed first and hashed then: nobody,
 * we included, can change it any more, so there is no time between check and execution in which it could become
 * another. Rejected: to hash the installed file and execute that same descriptor. It costs no copy, but somebody may
 * hold the file open for writing while we read; the kernel keeps writers out only once the file is executed (Linux 6.11
 * and 6.12 not even then), a file server need not do so at all; and to ask afterwards for the time of the last change
 * says nothing of a change within the same tick of the file system's clock, nor of one through a mapping.
 *
 * The copy also escapes a mount option that would have kept the installed file from being executed, so that is asked
 * for. A symbolic link is followed: what counts are the bytes.
 */
#include "elevated/launch_helper_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/text.h"

static const char STAGE[] = "launch";

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static const char *const names[HELPER_KINDS] = {"postern-runner", "postern-keeper"};

/* ---- copies that are kept ---- */

/* The last copy of each helper stays for the sandboxes that this process opens later, which saves them copying and
 * hashing. It is used only if the manifest still gives its hash and the file looks as it did; were that a mistake, what
 * is executed would still be what the manifest says. */
struct kept {
    os_handle program;
    unsigned char hash[HELPER_HASH_SIZE];
    struct stat source; /* the installed file */
    struct stat memory; /* the copy itself */
};

/* A thread that wants one takes it out for a moment; others who come then make their own. */
static _Atomic(struct kept *) kept[HELPER_KINDS];

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mode == b->st_mode &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* A program around us may have closed all descriptors, as daemons do, and the number may be another file's by now. */
static bool still_is(os_handle handle, const struct stat *memory)
{
    struct stat status;
    int seals = fcntl((int)handle, F_GET_SEALS);
    return seals >= 0 && (seals & SEALS) == SEALS && fstat((int)handle, &status) == 0 &&
           status.st_dev == memory->st_dev && status.st_ino == memory->st_ino;
}

static void kept_free(struct kept *old)
{
    if (old && still_is(old->program, &old->memory))
        handle_close(&old->program);
    free(old);
}

static void take_kept(struct helper *helper)
{
    struct kept *one = atomic_exchange(&kept[helper->kind], NULL);
    if (!one)
        return;
    if (memcmp(one->hash, helper->hash, HELPER_HASH_SIZE) != 0 || !same_file(&one->source, &helper->status)) {
        kept_free(one);
        return;
    }
    helper->program = fcntl((int)one->program, F_DUPFD_CLOEXEC, 0);
    if (helper->program != OS_HANDLE_NONE && !still_is(helper->program, &one->memory))
        handle_close(&helper->program);
    helper->pinned = helper->program != OS_HANDLE_NONE;
    if (helper->pinned)
        kept_free(atomic_exchange(&kept[helper->kind], one));
    else
        kept_free(one);
}

/* Not being able to is no failure: the next sandbox makes its own. */
static void keep(const struct helper *helper)
{
    struct kept *one = calloc(1, sizeof(*one));
    if (!one)
        return;
    one->source = helper->status;
    memcpy(one->hash, helper->hash, HELPER_HASH_SIZE);
    one->program = fcntl((int)helper->program, F_DUPFD_CLOEXEC, 0);
    if (one->program == OS_HANDLE_NONE || fstat((int)one->program, &one->memory) != 0) {
        handle_close(&one->program);
        free(one);
        return;
    }
    kept_free(atomic_exchange(&kept[helper->kind], one));
}

/* ---- directory and manifest ---- */

int helper_directory_open(struct helper_directory *directory, const char *path, struct postern_error *error)
{
    struct stat status;
    directory->path = path;
    directory->handle = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory->handle == OS_HANDLE_NONE || fstat((int)directory->handle, &status) != 0) {
        int result =
            error_os(error, POSTERN_E_RUNNER_MISSING, STAGE, "open", errno, "the directory of the helpers, %s", path);
        error_remedy(error, "reinstall postern, or set POSTERN_LIBEXEC to the directory of its helpers");
        return result;
    }
    /* who may exchange both a helper and its manifest passes every other check */
    if (status.st_mode & S_IWOTH) {
        error_set(error, POSTERN_E_RUNNER_START, STAGE, "", "anybody may write to the directory of the helpers, %s",
                  path);
        error_remedy(error, "chmod o-w it, or reinstall postern");
        return POSTERN_E_RUNNER_START;
    }
    return POSTERN_OK;
}

void helper_directory_close(struct helper_directory *directory)
{
    handle_close(&directory->handle);
}

static int missing(struct postern_error *error, const char *operation, const char *path)
{
    int result = error_os(error, POSTERN_E_RUNNER_MISSING, STAGE, operation, errno, "the helper %s", path);
    error_remedy(error, "reinstall postern, or set POSTERN_LIBEXEC to the directory of its helpers");
    return result;
}

/* A regular file that not everybody may write. NONBLOCK: a FIFO must not hold us up. */
static int open_file(const struct helper_directory *directory, const char *name, const char *path, os_handle *out,
                     struct stat *status, struct postern_error *error)
{
    *out = openat((int)directory->handle, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*out == OS_HANDLE_NONE || fstat((int)*out, status) != 0)
        return missing(error, "open", path);
    if (S_ISREG(status->st_mode) && !(status->st_mode & S_IWOTH))
        return POSTERN_OK;
    error_set(error, POSTERN_E_RUNNER_START, STAGE, "", "the helper %s is not a file that only its owner can change",
              path);
    error_remedy(error, "chmod o-w it, or reinstall postern");
    return POSTERN_E_RUNNER_START;
}

/* Whole, or as much as is one byte over the limit. Negative: errno. */
static ssize_t read_text(os_handle file, char *text, size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t got = read((int)file, text + have, size - have);
        if (got == 0)
            break;
        if (got > 0)
            have += (size_t)got;
        else if (errno != EINTR)
            return -1;
    }
    return (ssize_t)have;
}

static int read_manifest(const struct helper_directory *directory, struct helper *helper, struct postern_error *error)
{
    char text[HELPER_MANIFEST_LIMIT + 1];
    struct stat status;
    os_handle file = OS_HANDLE_NONE;
    char *path = text_format("%s/" HELPER_MANIFEST, directory->path);
    int result = path ? open_file(directory, HELPER_MANIFEST, path, &file, &status, error) : error_memory(error, STAGE);
    if (result == POSTERN_OK) {
        ssize_t size = read_text(file, text, sizeof(text));
        if (size < 0)
            result = missing(error, "read", path);
        else if (size > HELPER_MANIFEST_LIMIT)
            result = error_set(error, POSTERN_E_RUNNER_MISSING, STAGE, "", "%s is too long for a manifest", path);
        else
            result = helper_find_hash(path, text, (size_t)size, names[helper->kind], helper->hash, error);
    }
    handle_close(&file);
    free(path);
    return result;
}

/* ---- the file in memory ---- */

static int create_memory(struct helper *helper, struct postern_error *error)
{
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    helper->program = memfd_create(names[helper->kind], flags | MFD_EXEC);
    if (helper->program == OS_HANDLE_NONE && errno == EINVAL)
        helper->program = memfd_create(names[helper->kind], flags); /* before Linux 6.3 */
    if (helper->program != OS_HANDLE_NONE)
        return POSTERN_OK;
    bool forbidden = errno == EACCES;
    error_os(error, POSTERN_E_RUNNER_START, STAGE, "memfd_create", errno, "a file in memory for the helper %s",
             helper->path);
    if (forbidden)
        error_remedy(error, "this system forbids programs in memory, where helpers are checked: sysctl "
                            "vm.memfd_noexec=1 (or 0) allows them");
    return POSTERN_E_RUNNER_START;
}

bool helper_memory_fits(size_t size)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || size <= limit.rlim_cur)
        return true;
    errno = EFBIG;
    return false;
}

/* Exactly the size that the file had when it was opened. */
static bool copy(const struct helper *helper)
{
    size_t left = (size_t)helper->status.st_size;
    if (!helper_memory_fits(left))
        return false;
    while (left > 0) {
        ssize_t sent = sendfile((int)helper->program, (int)helper->file, NULL, left);
        if (sent == 0) {
            errno = ESTALE; /* it has become shorter */
            return false;
        }
        if (sent > 0)
            left -= (size_t)sent;
        else if (errno != EINTR)
            return false;
    }
    return true;
}

/* It can't shrink any more, so reading the mapping can't fail. */
static int check(const struct helper *helper, struct postern_error *error)
{
    size_t size = (size_t)helper->status.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, (int)helper->program, 0);
    if (bytes == MAP_FAILED)
        return error_os(error, POSTERN_E_RUNNER_START, STAGE, "mmap", errno, "the helper %s", helper->path);
    int result = helper_check(helper->path, bytes, size, helper->hash, error);
    munmap(bytes, size);
    return result;
}

int helper_pin(struct helper *helper, struct postern_error *error)
{
    if (helper->pinned)
        return POSTERN_OK;
    if (!copy(helper))
        return error_os(error, POSTERN_E_RUNNER_START, STAGE, "sendfile", errno, "the helper %s", helper->path);
    if (fcntl((int)helper->program, F_ADD_SEALS, SEALS) != 0)
        return error_os(error, POSTERN_E_RUNNER_START, STAGE, "F_ADD_SEALS", errno, "the helper %s", helper->path);
    int result = check(helper, error);
    if (result != POSTERN_OK)
        return result;
    helper->pinned = true;
    keep(helper);
    return POSTERN_OK;
}

/* ---- helpers ---- */

void helper_init(struct helper *helper)
{
    memset(helper, 0, sizeof(*helper));
    helper->file = helper->program = OS_HANDLE_NONE;
}

void helper_close(struct helper *helper)
{
    handle_close(&helper->file);
    handle_close(&helper->program);
    free(helper->path);
    helper_init(helper);
}

/* As the kernel would, had it been told to execute the file itself: mode bits, and "noexec" of its mount. */
static int check_executable(const struct helper *helper, struct postern_error *error)
{
    if (helper->status.st_size <= 0 || (size_t)helper->status.st_size > HELPER_SIZE_LIMIT)
        return error_set(error, POSTERN_E_RUNNER_START, STAGE, "", "the helper %s has the wrong size", helper->path);
    if (syscall(SYS_faccessat2, (int)helper->file, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) == 0)
        return POSTERN_OK;
    error_os(error, POSTERN_E_RUNNER_START, STAGE, "faccessat2", errno, "the helper %s may not be executed",
             helper->path);
    error_remedy(error, "chmod a+x it, or install postern on a file system that is not mounted noexec");
    return POSTERN_E_RUNNER_START;
}

int helper_open(const struct helper_directory *directory, enum helper_kind kind, struct helper *helper,
                struct postern_error *error)
{
    helper->kind = kind;
    helper->path = text_format("%s/%s", directory->path, names[kind]);
    if (!helper->path)
        return error_memory(error, STAGE);
    int result = open_file(directory, names[kind], helper->path, &helper->file, &helper->status, error);
    if (result == POSTERN_OK)
        result = check_executable(helper, error);
    if (result == POSTERN_OK)
        result = read_manifest(directory, helper, error);
    if (result != POSTERN_OK)
        return result;
    take_kept(helper);
    return helper->pinned ? POSTERN_OK : create_memory(helper, error);
}
