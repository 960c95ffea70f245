/*
 * host_linux.c - looks at the host for the layout of a sandbox. Parent; see host_linux.h.
 */
#include "elevated/host_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/text.h"

static const char STAGE[] = "launch";

/* ---- account files ---- */

enum { ACCOUNTS_LIMIT = 1024 * 1024 };

static char *read_whole(int file, size_t size)
{
    char *text = malloc(size + 1);
    size_t length = 0;
    while (text && length < size) {
        ssize_t got = read(file, text + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    if (text)
        text[length] = 0;
    return text;
}

/* An account file that is missing, huge or not for everybody counts as empty: inside, only the sandbox user has a
 * name then. NULL: memory is out. */
static char *read_accounts(const char *name, char **path)
{
    struct stat status;
    char *text = NULL;
    *path = realpath(name, NULL);
    int file = *path ? open(*path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    if (file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & S_IROTH) &&
        status.st_size <= ACCOUNTS_LIMIT) {
        text = read_whole(file, (size_t)status.st_size);
        /* a NUL byte would end the text for some readers and not for others */
        if (text && strlen(text) != (size_t)status.st_size)
            text[0] = 0;
    } else {
        text = text_duplicate("");
    }
    if (file >= 0)
        close(file);
    return text;
}

int host_read_accounts(struct host_accounts *out, struct postern_error *error)
{
    memset(out, 0, sizeof(*out));
    out->passwd = read_accounts("/etc/passwd", &out->passwd_path);
    out->group = read_accounts("/etc/group", &out->group_path);
    if (out->passwd && out->group)
        return POSTERN_OK;
    host_accounts_free(out);
    return error_memory(error, STAGE);
}

void host_accounts_free(struct host_accounts *accounts)
{
    free(accounts->passwd);
    free(accounts->group);
    free(accounts->passwd_path);
    free(accounts->group_path);
    memset(accounts, 0, sizeof(*accounts));
}

/* Field `index` of a line that ends at `end`: its start, and its length in *length. NULL: there is no such field. */
static const char *field(const char *line, const char *end, unsigned index, size_t *length)
{
    for (unsigned i = 0;; i++) {
        const char *colon = memchr(line, ':', (size_t)(end - line));
        if (i == index) {
            *length = (size_t)((colon ? colon : end) - line);
            return line;
        }
        if (!colon)
            return NULL;
        line = colon + 1;
    }
}

int host_caller(const struct host_accounts *accounts, uint32_t uid, char **name, char **home,
                struct postern_error *error)
{
    const char *environment_home = getenv("HOME");
    *name = NULL;
    *home = NULL;
    for (const char *line = accounts->passwd, *end; *line && !*name; line = *end ? end + 1 : end) {
        size_t length;
        end = strchrnul(line, '\n');
        const char *id = field(line, end, 2, &length);
        if (!id || *id < '0' || *id > '9' || strtoul(id, NULL, 10) != uid)
            continue;
        const char *text = field(line, end, 0, &length);
        *name = text_format("%.*s", (int)length, text);
        text = field(line, end, 5, &length);
        if (text && *text == '/')
            *home = text_format("%.*s", (int)length, text);
    }
    if (!*name)
        *name = text_format("%u", uid);
    if (!*home)
        *home = text_duplicate(environment_home && environment_home[0] == '/' ? environment_home : "/");
    if (*name && *home)
        return POSTERN_OK;
    free(*name);
    free(*home);
    *name = *home = NULL;
    return error_memory(error, STAGE);
}

/* ---- files ---- */

static bool add_devices(struct layout *layout)
{
    static const char *const names[] = {"null", "zero", "full", "random", "urandom", "tty"};
    struct stat status;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[32] = "/dev/";
        text_copy(path + 5, sizeof(path) - 5, names[i]);
        if (lstat(path, &status) == 0 && S_ISCHR(status.st_mode) && !strings_add(&layout->devices, names[i]))
            return false;
    }
    return true;
}

/* Names are resolved by a file that often is a link into /run, where it would be hidden. */
static bool add_resolver(const struct policy_rules *rules, struct layout *layout)
{
    char *path = realpath("/etc/resolv.conf", NULL);
    bool added = true;
    if (path && layout_is_place(layout_cover(layout, path)) && policy_access_of(rules, path) != POLICY_DENIED)
        added = strings_add(&layout->returned, path);
    free(path);
    return added;
}

int host_look(const struct policy_rules *rules, bool network, struct layout *layout, struct postern_error *error)
{
    if (!add_devices(layout) || (network && !add_resolver(rules, layout)))
        return error_memory(error, STAGE);
    return host_find_sockets(layout, error);
}
