/*
 * resolve_ceiling_linux.c - reads an operator's ceiling; see resolve.h. Parent. Whoever could change the file could
 * lift the ceiling, so one that others can write is none, and an error.
 */
#include "elevated/resolve_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char STAGE[] = "ceiling";

const char *resolve_system_ceiling(void)
{
    return "/etc/postern/ceiling.json";
}

static int refuse(const char *file, const char *why, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_POLICY, STAGE, "", "the ceiling %s %s", file, why);
    error_remedy(error, "make it a regular file of root's, or of the caller's, that nobody else can write");
    return code;
}

static int check_file(int descriptor, const char *file, size_t *size, struct postern_error *error)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return error_os(error, POSTERN_E_POLICY, STAGE, "fstat", errno, "the ceiling %s", file);
    if (!S_ISREG(status.st_mode))
        return refuse(file, "is no regular file", error);
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return refuse(file, "belongs to another user", error);
    if (status.st_mode & (S_IWGRP | S_IWOTH))
        return refuse(file, "can be written by other users", error);
    if ((uint64_t)status.st_size > POLICY_SIZE_MAX)
        return error_set(error, POSTERN_E_POLICY, STAGE, "", "the ceiling %s is larger than %u bytes", file,
                         POLICY_SIZE_MAX);
    *size = (size_t)status.st_size;
    return 0;
}

static int read_all(int descriptor, const char *file, char *data, size_t size, struct postern_error *error)
{
    size_t length = 0;
    while (length < size) {
        ssize_t got = read(descriptor, data + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_os(error, POSTERN_E_POLICY, STAGE, "read", errno, "the ceiling %s", file);
        if (got == 0)
            return error_set(error, POSTERN_E_POLICY, STAGE, "", "the ceiling %s was cut while it was read", file);
        length += (size_t)got;
    }
    return 0;
}

static int read_policy(int descriptor, const char *file, struct policy *out, struct postern_error *error)
{
    size_t size = 0;
    int status = check_file(descriptor, file, &size, error);
    if (status != 0)
        return status;
    char *data = malloc(size + 1);
    status = data ? read_all(descriptor, file, data, size, error) : error_memory(error, STAGE);
    if (status == 0)
        status = policy_parse(data, size, file, out, error);
    free(data);
    return status;
}

/* Links are followed, as in the policy that it narrows; what does not exist yet is none of its mistakes. */
static int resolve_rules(struct policy_rules *rules, struct postern_error *error)
{
    bool file;
    int status = 0;
    for (size_t i = 0; status == 0 && i < rules->count; i++) {
        struct policy_rule *rule = &rules->item[i];
        rule->source = POLICY_FROM_CEILING;
        status = resolve_rule(rule, &file, error);
        /* a place that cannot be looked at cannot be granted either, but must not be left out when it is denied */
        if (status == POSTERN_E_POLICY && rule->access != POLICY_DENIED) {
            rule->missing = true;
            status = 0;
        }
    }
    return status;
}

int resolve_ceiling(const char *file, bool required, struct policy *out, bool *present, struct postern_error *error)
{
    *present = false;
    int descriptor = open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0 && errno == ENOENT && !required)
        return 0;
    if (descriptor < 0)
        return error_os(error, POSTERN_E_POLICY, STAGE, "open", errno, "the ceiling %s", file);
    int status = read_policy(descriptor, file, out, error);
    close(descriptor);
    if (status == 0)
        status = resolve_rules(&out->rules, error);
    if (status == 0)
        policy_settle(&out->rules);
    *present = status == 0;
    return status;
}
