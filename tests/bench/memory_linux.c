/*
 * memory_linux.c - what a warm idle session costs beyond its command. See themes.h.
 *
 * Two figures, both for 64 sessions with pipes on a sandbox that has run one before, divided by 64:
 *  - user memory: growth of the proportional set size (PSS, /proc/PID/smaps_rollup) of this program, the keeper, the
 *    runner and its reapers together; processes that execute the command's file are left out.
 *  - kernel memory: growth of Slab + KernelStack + PageTables + Percpu in /proc/meminfo, less the growth of the same
 *    for 64 direct children with pipes. It is the machine's, so a busy machine disturbs it.
 */
#include "themes.h"

#include "attempts.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SESSIONS 64
#define LIMIT (64.0 * 1024)

/* Sum of the named lines of a /proc file that says "Name:  N kB"; -1 when it cannot be read. */
static double sum_lines(const char *path, const char *const *names)
{
    char line[256];
    double total = 0;
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    while (fgets(line, sizeof(line), file))
        for (size_t i = 0; names[i]; i++)
            if (strncmp(line, names[i], strlen(names[i])) == 0)
                total += strtod(line + strlen(names[i]), NULL) * 1024;
    fclose(file);
    return total;
}

static double kernel_memory(void)
{
    static const char *const names[] = {"Slab:", "KernelStack:", "PageTables:", "Percpu:", NULL};
    return sum_lines("/proc/meminfo", names);
}

static long parent_of(long pid)
{
    char path[64], text[512] = "";
    long parent = 0;
    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    /* The name in parentheses may hold anything, so look from its end. */
    if (fgets(text, sizeof(text), file) && strrchr(text, ')'))
        sscanf(strrchr(text, ')'), ") %*c %ld", &parent);
    fclose(file);
    return parent;
}

static bool is_ours(long pid)
{
    while (pid > 1 && pid != getpid())
        pid = parent_of(pid);
    return pid == getpid();
}

static bool is_command(long pid)
{
    char path[64];
    struct stat own, theirs;
    snprintf(path, sizeof(path), "/proc/%ld/exe", pid);
    return pid != getpid() && stat("/proc/self/exe", &own) == 0 && stat(path, &theirs) == 0 &&
           own.st_dev == theirs.st_dev && own.st_ino == theirs.st_ino;
}

/* PSS of everything of postern's, this program included. */
static double user_memory(size_t *processes)
{
    static const char *const names[] = {"Pss:", NULL};
    double total = 0;
    DIR *proc = opendir("/proc");
    *processes = 0;
    for (struct dirent *entry; proc && (entry = readdir(proc)) != NULL;) {
        char path[64];
        long pid = strtol(entry->d_name, NULL, 10);
        if (!isdigit((unsigned char)entry->d_name[0]) || !is_ours(pid) || is_command(pid))
            continue;
        snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", pid);
        double pss = sum_lines(path, names);
        if (pss < 0)
            fprintf(stderr, "bench: the memory of process %ld cannot be read\n", pid);
        total += pss > 0 ? pss : 0;
        ++*processes;
    }
    if (proc)
        closedir(proc);
    return total;
}

/* After a start memory still moves for a while (a reaper gives its share back when the command runs): looks until two
 * looks agree, for two seconds at most. */
static double settled_user_memory(struct postern_sandbox *sandbox, size_t *processes)
{
    double last = user_memory(processes), now = last;
    for (int i = 0; i < 20; i++) {
        (void)postern_sandbox_dispatch(sandbox, 100, NULL);
        now = user_memory(processes);
        if (now == last)
            break;
        last = now;
    }
    return now;
}

/* Each says one byte when it waits for input. */
static bool all_greet(struct postern_session **sessions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char byte;
        size_t got = 0;
        if (postern_session_read(sessions[i], POSTERN_STDOUT, &byte, 1, -1, &got, NULL) != 0 || got != 1)
            return false;
    }
    return true;
}

static bool measure_direct(const char *const *command, double *kernel)
{
    struct direct direct[SESSIONS];
    size_t count = 0;
    char byte;
    bool good = true;
    double before = kernel_memory();
    while (count < SESSIONS && good && (good = direct_start(command, DIRECT_PIPES, &direct[count])))
        good = direct_read(&direct[count++], &byte, 1) == 1;
    *kernel = kernel_memory() - before;
    for (size_t i = 0; i < count; i++)
        direct_kill(&direct[i]);
    return good;
}

static bool measure_ours(struct ours *ours, double *user, double *kernel)
{
    struct postern_session *sessions[SESSIONS] = {NULL};
    size_t before_count, after_count;
    bool good = ours_start_many(ours, sessions, 1) && all_greet(sessions, 1);
    ours_end_many(sessions, 1);
    memset(sessions, 0, sizeof(sessions));
    *user = -settled_user_memory(ours->sandbox, &before_count);
    *kernel = -kernel_memory();
    good = good && ours_start_many(ours, sessions, SESSIONS) && all_greet(sessions, SESSIONS);
    *user += settled_user_memory(ours->sandbox, &after_count);
    *kernel += kernel_memory();
    ours_end_many(sessions, SESSIONS);
    if (good && measure_wanted("processes"))
        printf("%-34s %zu, with %d sessions %zu beside their commands\n", "processes of postern", before_count,
               SESSIONS, after_count);
    return good;
}

bool memory_run(void)
{
    static const char *const user_row = "memory of an idle session, user", *const kernel_row =
                                                                               "memory of an idle session, kernel";
    const char *const command[] = {host_self(), "--child", "idle", NULL};
    struct ours ours = {.argv = command};
    double user, kernel, direct;
    if (!measure_wanted(user_row) && !measure_wanted(kernel_row))
        return true;
    if (!ours_open(&ours.sandbox))
        return false;
    bool good = measure_direct(command, &direct) && measure_ours(&ours, &user, &kernel);
    postern_sandbox_close(ours.sandbox);
    if (good) {
        measure_row(user_row, "limit", UNIT_BYTES, user / SESSIONS, LIMIT, 1.0);
        measure_row(kernel_row, "direct child", UNIT_BYTES, (kernel - direct) / SESSIONS, direct / SESSIONS, 0);
    }
    return good;
}
