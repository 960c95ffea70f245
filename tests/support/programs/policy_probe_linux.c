/*
 * policy_probe_linux.c - a command that tries what it is told to and undoes it: reads lines "OPERATION PATH" from
 * stdin, says "OPERATION PATH 0" or the errno. For test_policy_property_linux.c and test_policy_matrix_linux.c.
 * Files hold "junk": what the kernel may execute but cannot.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/host.h"

HOST_RUNS_CONFINED

static const char *beside(const char *path, const char *suffix)
{
    static char out[1100];
    snprintf(out, sizeof(out), "%s%s", path, suffix);
    return out;
}

static int closing(int file, bool worked)
{
    int number = errno;
    if (file >= 0)
        close(file);
    errno = number;
    return file >= 0 && worked ? 0 : -1;
}

static int do_list(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry = directory ? readdir(directory) : NULL;
    if (directory)
        closedir(directory);
    return entry ? 0 : -1;
}

static int do_read(const char *path)
{
    char byte;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    errno = file >= 0 ? ENODATA : errno;
    return closing(file, file >= 0 && read(file, &byte, 1) == 1);
}

static int do_write(const char *path)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    return closing(file, file >= 0 && write(file, "j", 1) == 1);
}

static int do_append(const char *path)
{
    int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    return closing(file, file >= 0 && write(file, "k", 1) == 1);
}

static int do_truncate(const char *path)
{
    return truncate(path, 4);
}

static int do_exec(const char *path)
{
    char *const arguments[] = {(char *)path, NULL}, *const environment[] = {NULL};
    execve(path, arguments, environment);
    return errno == ENOEXEC ? 0 : -1;
}

static int make(const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    return closing(file, file >= 0 && write(file, "junk", 4) == 4);
}

static int do_create(const char *path)
{
    const char *name = beside(path, "/made-by-a-probe");
    return make(name) == 0 ? unlink(name) : -1;
}

static int do_mkdir(const char *path)
{
    const char *name = beside(path, "/made-by-a-probe");
    return mkdir(name, 0755) == 0 ? rmdir(name) : -1;
}

static int do_delete(const char *path)
{
    return unlink(path) == 0 ? make(path) : -1;
}

static int do_rename(const char *path)
{
    const char *name = beside(path, "-renamed");
    return rename(path, name) == 0 ? rename(name, path) : -1;
}

static int do_link(const char *path)
{
    const char *name = beside(path, "-linked");
    return link(path, name) == 0 ? unlink(name) : -1;
}

static int do_mode(const char *path)
{
    return chmod(path, 0755);
}

int main(void)
{
    static const struct {
        const char *name;
        int (*run)(const char *path);
    } operations[] = {{"list", do_list},     {"read", do_read},         {"write", do_write},   {"append", do_append},
                      {"exec", do_exec},     {"truncate", do_truncate}, {"create", do_create}, {"mkdir", do_mkdir},
                      {"delete", do_delete}, {"rename", do_rename},     {"link", do_link},     {"mode", do_mode}};
    char line[1100], name[32], path[1024];
    umask(022);
    while (fgets(line, sizeof(line), stdin)) {
        int result = -1;
        errno = EINVAL;
        if (sscanf(line, "%31s %1023s", name, path) != 2)
            return 1;
        for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
            if (strcmp(name, operations[i].name) == 0)
                result = operations[i].run(path);
        printf("%s %s %d\n", name, path, result == 0 ? 0 : errno);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
