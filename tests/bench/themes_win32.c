/*
 * themes_win32.c - the rows of the table on Windows, and under Wine, where a call costs a round trip to another process
 * and the targets are what the raw pipe leaves. See themes.h.
 */
#include "themes.h"

#include "attempts.h"
#include "tests/support/host_resources_win32.h"

#include <windows.h>

#include <stdio.h>

#define PIPE_BYTES ((size_t)64 * 1024 * 1024)
#define MANY 64
#define SESSIONS 1000 /* in groups of AT_ONCE */
#define AT_ONCE 8

static bool ready(struct postern_sandbox *sandbox)
{
    const char *const command[] = {host_self(), "--child", "idle", NULL};
    struct ours cold = {.argv = command}, warm = {.sandbox = sandbox, .argv = command};
    struct direct_side floor = {.argv = command, .kind = DIRECT_PIPES};
    struct contest contest = {.what = "cold start to first byte",
                              .against = "CreateProcess, pipes",
                              .rounds = 20,
                              .ours = ours_ready,
                              .ours_context = &cold,
                              .other = direct_ready,
                              .other_context = &floor};
    bool good = !measure_wanted(contest.what) || measure_contest(&contest);
    contest.what = "warm start to first byte";
    contest.ours_context = &warm;
    return (!measure_wanted(contest.what) || measure_contest(&contest)) && good;
}

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
                              .target = 0.7,
                              .rounds = 15,
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
                              .target = 1.8,
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

static bool many(struct postern_sandbox *sandbox)
{
    const char *const command[] = {host_self(), "--child", "idle", NULL};
    struct ours ours = {.sandbox = sandbox, .argv = command, .count = MANY};
    struct direct_side floor = {.argv = command, .kind = DIRECT_PIPES, .count = MANY};
    struct contest contest = {.what = "64 sessions started",
                              .against = "64 times CreateProcess, pipes",
                              .rounds = 5,
                              .ours = ours_many,
                              .ours_context = &ours,
                              .other = direct_many,
                              .other_context = &floor};
    return !measure_wanted(contest.what) || measure_contest(&contest);
}

/* What we and the runner hold, before and after many sessions. A number that grew says so; whether it may have is for
 * the tests (tests/integration/test_flat_win32.c). */
static bool held(struct postern_sandbox *sandbox)
{
    static const char what[] = "held, before and after 1,000";
    const char *const command[] = {host_self(), "--child", "idle", NULL};
    struct ours ours = {.sandbox = sandbox, .argv = command, .count = AT_ONCE};
    struct samples ignored = {0};
    struct postern_sandbox_info info;
    uint32_t count[8] = {0};
    char words[160];
    bool good = true;
    if (!measure_wanted(what))
        return true;
    postern_sandbox_get_info(sandbox, &info);
    const uint32_t pids[2] = {GetCurrentProcessId(), info.runner_pid};
    good = ours_many(&ours, &ignored); /* what is opened once */
    for (int after = 0; after < 2; after++) {
        for (int i = 0; i < 2; i++) {
            count[4 * after + i] = host_handles_of(pids[i]);
            count[4 * after + 2 + i] = host_threads_of(pids[i]);
        }
        for (int done = 0; after == 0 && good && done < SESSIONS; done += AT_ONCE)
            good = ours_many(&ours, &ignored);
    }
    samples_free(&ignored);
    snprintf(words, sizeof(words),
             "parent: handles %u -> %u, threads %u -> %u; runner: handles %u -> %u, threads %u -> %u", count[0],
             count[4], count[2], count[6], count[1], count[5], count[3], count[7]);
    measure_words(what, good ? words : "failed (see above)");
    return good;
}

bool themes_run(const struct themes_options *options)
{
    struct postern_sandbox *sandbox = NULL;
    if (!ours_open(&sandbox))
        return false;
    bool good = ready(sandbox);
    good = start(sandbox) && good;
    good = stream(sandbox) && good;
    good = echo(sandbox) && good;
    good = many(sandbox) && good;
    if (!options->pinned)
        good = held(sandbox) && good;
    postern_sandbox_close(sandbox);
    return good;
}
