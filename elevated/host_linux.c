/*
 * host_linux.c - looks at the host for the layout of a sandbox. Parent; see host_linux.h.
 */
#include "elevated/host_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elevated/workspace_linux.h"
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

/* ---- places ---- */

/* Takes `path`. The same directory under two names is one place; one above others comes before them, because covering
 * it later would cover them again. */
static bool add_place(struct host *host, char *path, uint32_t mode, bool writable)
{
    struct layout *layout = &host->layout;
    size_t at = layout->place_count;
    if (!strings_add_owned(&host->owned, path))
        return false;
    for (size_t i = layout->place_count; i > 0; i--) {
        if (strcmp(layout->places[i - 1].path, path) == 0)
            return true;
        if (layout_is_beneath(layout->places[i - 1].path, path))
            at = i - 1;
    }
    if (layout->place_count == LAYOUT_PLACES)
        return false;
    memmove(&layout->places[at + 1], &layout->places[at], (layout->place_count - at) * sizeof(layout->places[0]));
    layout->places[at] = (struct layout_place){.path = path, .mode = mode, .writable = writable};
    layout->place_count++;
    return true;
}

/* Places hold what others leave for each other: temporary files, sockets of services, other people's homes. */
static bool add_places(struct host *host, bool other_user)
{
    static const struct {
        const char *path;
        uint32_t mode;
        bool writable;
        bool with_own_user_only; /* at level restricted the user keeps the view of his own home */
    } known[] = {{"/tmp", 01777, true, false},
                 {"/var/tmp", 01777, true, false},
                 {"/run", 0755, false, false},
                 {"/home", 0755, true, true}};
    struct stat status;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        char *path = known[i].with_own_user_only && !other_user ? NULL : realpath(known[i].path, NULL);
        if (!path)
            continue;
        if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode) || strcmp(path, "/") == 0)
            free(path);
        else if (!add_place(host, path, known[i].mode, known[i].writable))
            return false;
    }
    return true;
}

static bool add_devices(struct host *host)
{
    static const char *const names[] = {"null", "zero", "full", "random", "urandom", "tty"};
    struct stat status;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[32] = "/dev/";
        text_copy(path + 5, sizeof(path) - 5, names[i]);
        if (lstat(path, &status) == 0 && S_ISCHR(status.st_mode) && !strings_add(&host->layout.devices, names[i]))
            return false;
    }
    return true;
}

/* Names are resolved by a file that often is a link into /run, where it would be hidden. */
static bool add_resolver(struct host *host)
{
    char *path = realpath("/etc/resolv.conf", NULL);
    bool added = true;
    if (path && layout_hiding_place(&host->layout, path))
        added = strings_add(&host->layout.returned, path);
    free(path);
    return added;
}

static int add_workspace(struct host *host, const struct host_options *options, struct postern_error *error)
{
    struct layout *layout = &host->layout;
    struct workspace workspace;
    char barrier[PATH_MAX];
    int result = workspace_inspect(options->workspace, &workspace, error);
    if (result != POSTERN_OK)
        return result;
    layout->workspace = options->workspace;
    layout->workspace_device = workspace.device;
    layout->workspace_inode = workspace.inode;
    layout->workspace_uid = workspace.uid;
    layout->workspace_gid = workspace.gid;
    if (!options->other_user || layout_hiding_place(layout, options->workspace))
        return POSTERN_OK;
    result = workspace_barrier(options->workspace, barrier, sizeof(barrier), error);
    if (result == POSTERN_OK && barrier[0] && !add_place(host, text_duplicate(barrier), 0755, false))
        result = error_memory(error, STAGE);
    return result;
}

int host_look(const struct host_options *options, struct host *out, struct postern_error *error)
{
    int result = POSTERN_OK;
    memset(out, 0, sizeof(*out));
    out->layout.other_user = options->other_user;
    if (!add_places(out, options->other_user) || !add_devices(out) || (options->network && !add_resolver(out)))
        result = error_memory(error, STAGE);
    if (result == POSTERN_OK && options->workspace)
        result = add_workspace(out, options, error);
    if (result == POSTERN_OK && !host_find_sockets(&out->layout))
        result = error_memory(error, STAGE);
    if (result != POSTERN_OK)
        host_free(out);
    return result;
}

void host_free(struct host *host)
{
    strings_free(&host->layout.devices);
    strings_free(&host->layout.returned);
    strings_free(&host->layout.masked);
    strings_free(&host->owned);
    memset(host, 0, sizeof(*host));
}
