/*
 * themes_win32.c - the rows of the table on Windows, and under Wine, where a call costs a round trip to another process
 * and the targets are what the raw pipe leaves. See themes.h.
 */
#include "themes.h"

#include "attempts.h"

#include <stdio.h>

#define PIPE_BYTES ((size_t)64 * 1024 * 1024)

static bool start(struct postern_sandbox *sandbox)
{
    const char *const command[] = {host_self(), "--child", "nothing", NULL};
    struct ours ours = {.sandbox = sandbox, .argv = command};
    struct direct_side floor = {.argv = command, .kind = DIRECT_NOTHING};
    struct contest contest = {.what = "warm start to exit",
                              .against = "CreateProcess",
                              .rounds = 20,
                              .ours = ours_exec,
                              .ours_context = &ours,
                              .other = direct_exec,
                              .other_context = &floor};
    return !measure_wanted(contest.what) || measure_contest(&contest);
}

static bool stream(struct postern_sandbox *sandbox)
{
    char amount[32];
    snprintf(amount, sizeof(amount), "%llu", (unsigned long long)PIPE_BYTES);
    const char *const command[] = {host_self(), "--child", "write", amount, "65536", NULL};
    struct ours ours = {.sandbox = sandbox, .argv = command, .bytes = PIPE_BYTES};
    struct direct_side floor = {.argv = command, .kind = DIRECT_PIPES, .bytes = PIPE_BYTES};
    struct contest contest = {.what = "output through a pipe",
                              .against = "the named pipe itself",
                              .unit = UNIT_BYTES_PER_SECOND,
                              .target = 0.5,
                              .enough = 150e6,
                              .rounds = 9,
                              .ours = ours_stream,
                              .ours_context = &ours,
                              .other = direct_stream,
                              .other_context = &floor};
    return !measure_wanted(contest.what) || measure_contest(&contest);
}

static bool echo(struct postern_sandbox *sandbox)
{
    const char *const command[] = {host_self(), "--child", "echo", NULL};
    struct ours ours = {.sandbox = sandbox, .argv = command};
    struct direct_side floor = {.argv = command, .kind = DIRECT_PIPES};
    struct contest contest = {.what = "echo of 1 byte, pipe",
                              .against = "the named pipes themselves",
                              .target = 2.2,
                              .rounds = 20,
                              .ours = ours_echo,
                              .ours_context = &ours,
                              .other = direct_echo,
                              .other_context = &floor};
    if (!measure_wanted(contest.what))
        return true;
    bool good = ours_echo_begin(&ours, false) && direct_echo_begin(&floor, false) && measure_contest(&contest);
    ours_echo_end(&ours);
    direct_kill(&floor.running);
    return good;
}

bool themes_run(const struct themes_options *options)
{
    struct postern_sandbox *sandbox = NULL;
    (void)options;
    if (!ours_open(&sandbox))
        return false;
    bool good = start(sandbox);
    good = stream(sandbox) && good;
    good = echo(sandbox) && good;
    postern_sandbox_close(sandbox);
    return good;
}
