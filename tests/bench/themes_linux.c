/*
 * themes_linux.c - the rows of the table on Linux: who is held against whom, and how often. See themes.h.
 */
#include "themes.h"

#include "attempts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIPE_BYTES ((size_t)256 * 1024 * 1024)
#define PTY_BYTES ((size_t)16 * 1024 * 1024)
#define MANY 256

/* ---- start ---- */

/* Both run in an empty directory of our own, which becomes the sandbox's workspace as it would be in use. */
static bool cold(void)
{
    static const char *const what = "cold start to exit of `true`";
    const char *const bwrap[] = {"bwrap", "--unshare-all", "--ro-bind", "/", "/", "true", NULL};
    char product[4200];
    const char *const postern[] = {product, "run", "--level", postern_level_name(ours_level), "--", "true", NULL};
    struct direct_side ours = {.argv = postern, .kind = DIRECT_NOTHING}, peer = {.argv = bwrap, .kind = DIRECT_NOTHING};
    struct samples probe = {0};
    char directory[] = "/tmp/postern-bench-XXXXXX", before[4096];
    if (!measure_wanted(what))
        return true;
    snprintf(product, sizeof(product), "%s/postern", host_product_directory());
    if (!getcwd(before, sizeof(before)) || !mkdtemp(directory) || chdir(directory) != 0)
        return false;
    bool good = true;
    if (!direct_exec(&peer, &probe))
        measure_skip(what, "bwrap does not run here");
    else
        good = measure_contest(&(struct contest){.what = what,
                                                 .against = "bwrap --unshare-all",
                                                 .target = 0.7,
                                                 .rounds = 100,
                                                 .ours = direct_exec,
                                                 .ours_context = &ours,
                                                 .other = direct_exec,
                                                 .other_context = &peer});
    samples_free(&probe);
    good = chdir(before) == 0 && good;
    return rmdir(directory) == 0 && good;
}

static bool warm(struct postern_sandbox *sandbox)
{
    static const char *const command[] = {"true", NULL};
    struct ours ours = {.sandbox = sandbox, .argv = command};
    struct direct_side floor = {.argv = command, .kind = DIRECT_NOTHING};
    struct contest contest = {.what = "warm start to exit of `true`",
                              .against = "posix_spawn",
                              .target = 2.0,
                              .rounds = 400,
                              .ours = ours_exec,
                              .ours_context = &ours,
                              .other = direct_exec,
                              .other_context = &floor};
    return !measure_wanted(contest.what) || measure_contest(&contest);
}

static bool many(struct postern_sandbox *sandbox)
{
    static const char *const command[] = {"sleep", "1000", NULL};
    struct ours ours = {.sandbox = sandbox, .argv = command, .count = MANY};
    struct direct_side floor = {.argv = command, .kind = DIRECT_NOTHING, .count = MANY};
    struct contest contest = {.what = "256 sessions ready",
                              .against = "256 times posix_spawn",
                              .target = 2.0,
                              .rounds = 10,
                              .ours = ours_many,
                              .ours_context = &ours,
                              .other = direct_many,
                              .other_context = &floor};
    return !measure_wanted(contest.what) || measure_contest(&contest);
}

/* ---- streams ---- */

static bool stream(struct postern_sandbox *sandbox, bool tty)
{
    size_t bytes = tty ? PTY_BYTES : PIPE_BYTES;
    char amount[32];
    snprintf(amount, sizeof(amount), "%zu", bytes);
    const char *const command[] = {host_self(), "--child", "write", amount, "65536", NULL};
    struct ours ours = {.sandbox = sandbox, .argv = command, .tty = tty, .bytes = bytes};
    struct direct_side floor = {.argv = command, .kind = tty ? DIRECT_TERMINAL : DIRECT_PIPES, .bytes = bytes};
    struct contest contest = {.what = tty ? "output through a terminal" : "output through a pipe",
                              .against = tty ? "the terminal itself" : "the pipe itself",
                              .unit = UNIT_BYTES_PER_SECOND,
                              .target = tty ? 0.95 : 0.5,
                              .rounds = 15,
                              .ours = ours_stream,
                              .ours_context = &ours,
                              .other = direct_stream,
                              .other_context = &floor};
    return !measure_wanted(contest.what) || measure_contest(&contest);
}

/* ---- echo ---- */

static bool echo(struct postern_sandbox *sandbox, bool tty)
{
    const char *const command[] = {host_self(), "--child", tty ? "echo-raw" : "echo", NULL};
    const char *const relay[] = {host_self(), "--child", tty ? "relay-tty" : "relay", command[0], command[1],
                                 command[2],  NULL};
    struct ours ours = {.sandbox = sandbox, .argv = command, .tty = tty};
    struct direct_side floor = {.argv = relay, .kind = DIRECT_PIPES};
    struct contest contest = {.what = tty ? "echo of 1 byte, terminal" : "echo of 1 byte, pipe",
                              .against = "bare relay process",
                              .target = tty ? 0 : 1.5,
                              .rounds = 50,
                              .ours = ours_echo,
                              .ours_context = &ours,
                              .other = direct_echo,
                              .other_context = &floor};
    if (!measure_wanted(contest.what))
        return true;
    bool good = ours_echo_begin(&ours, tty) && direct_echo_begin(&floor, tty) && measure_contest(&contest);
    ours_echo_end(&ours);
    direct_kill(&floor.running);
    return good;
}

/* The script makes as many round trips as ours_echo() for each byte it is sent. */
static bool node_echo(void *context, struct samples *out)
{
    struct direct_side *side = context;
    char text[8192], *at = text;
    size_t size = 0;
    if (!direct_write(&side->running, "g", 1))
        return false;
    while (size < 2 || memcmp(text + size - 2, ".\n", 2) != 0) {
        size_t got = direct_read(&side->running, text + size, sizeof(text) - 1 - size);
        if (got == 0)
            return false;
        size += got;
    }
    text[size] = '\0';
    while (*at != '.') {
        samples_add(out, strtod(at, &at) * 1e-6);
        at += strspn(at, "\n");
    }
    return true;
}

static bool echo_node(struct postern_sandbox *sandbox, const struct themes_options *options)
{
    const char *const command[] = {host_self(), "--child", "echo-raw", NULL};
    const char *const node[] = {"node", options->node_script, options->node_module, command[0], command[1], command[2],
                                NULL};
    struct ours ours = {.sandbox = sandbox, .argv = command, .tty = true};
    struct direct_side peer = {.argv = node, .kind = DIRECT_PIPES};
    struct contest contest = {.what = "echo of 1 byte, terminal, peer",
                              .against = "node-pty",
                              .target = 1.2,
                              .rounds = 50,
                              .ours = ours_echo,
                              .ours_context = &ours,
                              .other = node_echo,
                              .other_context = &peer};
    if (!measure_wanted(contest.what))
        return true;
    if (!options->node_module) {
        measure_skip(contest.what, "node-pty is not here (scripts/bench says why)");
        return true;
    }
    bool good = ours_echo_begin(&ours, true) && direct_echo_begin(&peer, false) && measure_contest(&contest);
    ours_echo_end(&ours);
    direct_kill(&peer.running);
    return good;
}

bool themes_run(const struct themes_options *options)
{
    struct postern_sandbox *sandbox = NULL;
    bool good = cold();
    good = policy_run() && good;
    if (!ours_open(&sandbox))
        return false;
    good = warm(sandbox) && good;
    good = enforce_run(sandbox) && good;
    good = many(sandbox) && good;
    good = stream(sandbox, false) && good;
    good = stream(sandbox, true) && good;
    good = echo(sandbox, false) && good;
    good = echo(sandbox, true) && good;
    good = echo_node(sandbox, options) && good;
    postern_sandbox_close(sandbox);
    /* Does not depend on the number of processors. */
    return (!options->pinned || memory_run()) && good;
}
