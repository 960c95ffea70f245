/*
 * resolve_linux.c - what resolving asks of Linux; see resolve_host.h. Parent.
 */
#include "elevated/resolve_host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elevated/host_linux.h"
#include "elevated/host_path_linux.h"
#include "shared/text.h"

static const char STAGE[] = "policy";
static const char CEILING[] = "ceiling";

/* ---- looking ---- */

static enum resolve_answer answer(int number, int64_t *os_error)
{
    *os_error = number;
    if (number == ENOENT || number == ENOTDIR)
        return RESOLVE_MISSING;
    return number == EACCES ? RESOLVE_CLOSED : RESOLVE_FAILED;
}

static enum resolve_kind kind_of(uint32_t mode)
{
    if (S_ISDIR(mode))
        return RESOLVE_DIRECTORY;
    if (S_ISLNK(mode))
        return RESOLVE_LINK;
    return S_ISREG(mode) ? RESOLVE_FILE : RESOLVE_OTHER;
}

enum resolve_answer resolve_follow(const char *path, char **out, int64_t *os_error)
{
    *out = realpath(path, NULL);
    return *out ? RESOLVE_FOUND : answer(errno, os_error);
}

enum resolve_answer resolve_look(const char *path, enum resolve_kind *kind, int64_t *os_error)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return answer(errno, os_error);
    *kind = kind_of(status.st_mode);
    return RESOLVE_FOUND;
}

int resolve_facts(struct policy_rule *rule, enum resolve_kind *kind, struct postern_error *error)
{
    struct host_path found;
    int status = host_path_inspect(rule->path, &found, error);
    if (status != 0)
        return status;
    *kind = kind_of(found.mode);
    rule->directory = *kind == RESOLVE_DIRECTORY;
    rule->device = found.device;
    rule->inode = found.inode;
    rule->uid = found.uid;
    rule->gid = found.gid;
    return 0;
}

/* ---- who asks, and what is handed on ---- */

static char *without_links(const char *path)
{
    char *resolved = realpath(path, NULL);
    return resolved ? resolved : text_duplicate(path);
}

/* As the account file has it, and as the environment has it: a caller who is root by sudo has two. */
int resolve_find_caller(struct resolve_caller *out, struct postern_error *error)
{
    struct host_accounts accounts;
    const char *variable = getenv("HOME");
    char *name = NULL, *home = NULL;
    int status = host_read_accounts(&accounts, error);
    if (status != 0)
        return status;
    status = host_caller(&accounts, geteuid(), &name, &home, error);
    host_accounts_free(&accounts);
    if (status != 0)
        return status;
    out->home[0] = without_links(home);
    out->home[1] = without_links(variable && variable[0] == '/' ? variable : home);
    free(name);
    free(home);
    return out->home[0] && out->home[1] ? 0 : error_memory(error, STAGE);
}

const char *resolve_objection(const char *path, const struct resolve_caller *caller)
{
    const char *why = host_path_objection(path, caller->home[0]);
    return why ? why : host_path_objection(path, caller->home[1]);
}

/* Another user gets the owner's rights only to what was named; what all users share it reads with its own. To hand on
 * the rights to a socket or a device would be more than reading. */
static bool is_delegated(const struct policy_rule *rule, enum resolve_kind kind)
{
    bool named = rule->source != POLICY_PROTECTED && rule->source != POLICY_FROM_CEILING;
    bool content = kind == RESOLVE_FILE || kind == RESOLVE_DIRECTORY;
    if (rule->access == POLICY_WRITE)
        return true;
    return rule->access == POLICY_READ && named && content && !host_path_is_system(rule->path);
}

int resolve_rights(struct policy_rule *rule, enum resolve_kind kind, enum postern_level level,
                   struct postern_error *error)
{
    char barrier[PATH_MAX];
    rule->delegated = level == POSTERN_LEVEL_ELEVATED && is_delegated(rule, kind);
    if (!rule->delegated)
        return 0;
    free(rule->barrier);
    rule->barrier = NULL;
    int status = host_path_barrier(rule->path, barrier, sizeof(barrier), error);
    if (status == 0 && barrier[0] && !(rule->barrier = text_duplicate(barrier)))
        return error_memory(error, STAGE);
    return status;
}

char *resolve_program(void)
{
    return realpath("/proc/self/exe", NULL);
}

/* None: the keeper keeps nothing that outlives it. */
int resolve_list_places(struct strings *out, struct postern_error *error)
{
    (void)out, (void)error;
    return 0;
}

/* ---- reading ---- */

/* Until `size` bytes or the end of the file. */
static bool read_fully(int file, char *data, size_t size, size_t *length)
{
    *length = 0;
    while (*length < size) {
        ssize_t got = read(file, data + *length, size - *length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        *length += (size_t)got;
    }
    return true;
}

static int open_file(const char *path)
{
    return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int resolve_read_hint(const char *path, char *text, size_t size, size_t *length, struct postern_error *error)
{
    struct stat status;
    int result = 0, file = open_file(path);
    *length = 0;
    if (file < 0 && errno != ENOENT)
        result = error_os(error, POSTERN_E_POLICY, STAGE, "open", errno, "%s", path);
    else if (file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
             !read_fully(file, text, size - 1, length))
        result = error_os(error, POSTERN_E_POLICY, STAGE, "read", errno, "%s", path);
    if (file >= 0)
        close(file);
    text[*length] = 0;
    return result;
}

const char *resolve_system_ceiling(void)
{
    return "/etc/postern/ceiling.json";
}

static int refuse_ceiling(const char *file, const char *why, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_POLICY, CEILING, "", "the ceiling %s %s", file, why);
    error_remedy(error, "make it a regular file of root's, or of the caller's, that nobody else can write");
    return code;
}

/* Whoever could change the file could lift the ceiling. */
static int check_ceiling(int descriptor, const char *file, size_t *size, struct postern_error *error)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return error_os(error, POSTERN_E_POLICY, CEILING, "fstat", errno, "the ceiling %s", file);
    if (!S_ISREG(status.st_mode))
        return refuse_ceiling(file, "is no regular file", error);
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return refuse_ceiling(file, "belongs to another user", error);
    if (status.st_mode & (S_IWGRP | S_IWOTH))
        return refuse_ceiling(file, "can be written by other users", error);
    if ((uint64_t)status.st_size > POLICY_SIZE_MAX)
        return error_set(error, POSTERN_E_POLICY, CEILING, "", "the ceiling %s is larger than %u bytes", file,
                         POLICY_SIZE_MAX);
    *size = (size_t)status.st_size;
    return 0;
}

static int cannot_open_ceiling(const char *file, int number, struct postern_error *error)
{
    error_os(error, POSTERN_E_POLICY, CEILING, "open", number, "the ceiling %s", file);
    if (number == EACCES)
        error_remedy(error, "let everybody read it who is to use postern");
    return POSTERN_E_POLICY;
}

int resolve_read_ceiling(const char *file, char **data, size_t *size, struct postern_error *error)
{
    size_t length = 0;
    int descriptor = open_file(file);
    if (descriptor < 0)
        return errno == ENOENT ? 0 : cannot_open_ceiling(file, errno, error);
    int status = check_ceiling(descriptor, file, size, error);
    char *read = status == 0 ? malloc(*size + 1) : NULL;
    if (status == 0 && !read)
        status = error_memory(error, CEILING);
    if (status == 0 && !read_fully(descriptor, read, *size, &length))
        status = error_os(error, POSTERN_E_POLICY, CEILING, "read", errno, "the ceiling %s", file);
    else if (status == 0 && length != *size)
        status = refuse_ceiling(file, "changed while it was read", error);
    close(descriptor);
    if (status == 0)
        *data = read;
    else
        free(read);
    return status;
}
