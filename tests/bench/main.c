/*
 * main.c - bench: measures postern against floors and peers, and prints ratios. Started by scripts/bench; see
 * docs/performance.md. It judges nothing: the exit status says only whether everything could be measured.
 */
#include "attempts.h"
#include "child.h"
#include "themes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: bench [--level elevated|restricted|none] [--only TEXT] [--rounds N]\n"
                            "             [--one-cpu | --all-cpus] [--node-pty SCRIPT MODULE]\n";

struct arguments {
    struct themes_options themes;
    bool one, all;
};

static bool parse_level(const char *name)
{
    for (int level = POSTERN_LEVEL_NONE; level <= POSTERN_LEVEL_ELEVATED; level++) {
        if (strcmp(name, postern_level_name((enum postern_level)level)) == 0) {
            ours_level = (enum postern_level)level;
            return true;
        }
    }
    return false;
}

static bool parse(int argc, char **argv, struct arguments *out)
{
    for (int i = 1; i < argc; i++) {
        int left = argc - i - 1;
        if (strcmp(argv[i], "--one-cpu") == 0) {
            out->one = true;
        } else if (strcmp(argv[i], "--all-cpus") == 0) {
            out->all = true;
        } else if (strcmp(argv[i], "--only") == 0 && left >= 1) {
            measure_filter = argv[++i];
        } else if (strcmp(argv[i], "--rounds") == 0 && left >= 1) {
            measure_rounds = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--node-pty") == 0 && left >= 2) {
            out->themes.node_script = argv[++i];
            out->themes.node_module = argv[++i];
        } else if (strcmp(argv[i], "--level") != 0 || left < 1 || !parse_level(argv[++i])) {
            return false;
        }
    }
    if (!out->one && !out->all)
        out->one = out->all = true;
    return true;
}

/* What is in force is part of every figure. */
static bool describe(void)
{
    struct postern_sandbox *sandbox = NULL;
    struct postern_sandbox_info info;
    if (!ours_open(&sandbox))
        return false;
    postern_sandbox_get_info(sandbox, &info);
    ours_level = info.level;
    printf("postern %s, level %s:", postern_version(), postern_level_name(info.level));
    for (size_t i = 0; info.capability && info.capability[i]; i++)
        printf(" %s", info.capability[i]);
    printf("\n");
    postern_sandbox_close(sandbox);
    return true;
}

static bool run(struct arguments *arguments, bool pinned)
{
    char title[64] = "all processors";
    int cpu = host_pin(pinned);
    if (pinned && cpu < 0) {
        fprintf(stderr, "bench: this program could not be kept on one processor\n");
        return false;
    }
    if (pinned)
        snprintf(title, sizeof(title), "pinned to one processor (number %d)", cpu);
    measure_heading(title);
    arguments->themes.pinned = pinned;
    return themes_run(&arguments->themes);
}

int main(int argc, char **argv)
{
    struct arguments arguments = {0};
    if (argc > 2 && strcmp(argv[1], "--child") == 0)
        return child_main(argc - 2, argv + 2);
    if (!parse(argc, argv, &arguments)) {
        fputs(usage, stderr);
        return 2;
    }
    if (!describe())
        return 1;
    bool good = !arguments.one || run(&arguments, true);
    return (!arguments.all || run(&arguments, false)) && good ? 0 : 1;
}
