/*
 * stream.c - the command of the integration tests, on both platforms. It stands for whatever a user runs, so nothing in
 * it knows postern. usage: stream WHAT [ARGUMENT...]; each WHAT is described at its function.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/environment.h"
#include "shared/process.h"
#include "shared/system.h"
#include "tests/support/host.h"
#include "tests/support/pattern.h"

#define OUT 1
#define ERR 2

HOST_RUNS_CONFINED

static unsigned long long number(char **argv, int index, unsigned long long otherwise)
{
    return argv[index] ? strtoull(argv[index], NULL, 10) : otherwise;
}

static bool say(const char *text)
{
    return host_write(OUT, text, strlen(text));
}

static bool write_piece(struct pattern *pattern, int stream, unsigned long long left)
{
    size_t size = left < 65536 - 16 ? (size_t)left : 65536 - 16;
    if (!host_write(stream, pattern_peek(pattern), size))
        return false;
    pattern->at += size;
    return true;
}

/* write SIZE SEED [letters]: the pattern to stdout. */
static int do_write(char **argv)
{
    struct pattern pattern;
    unsigned long long size = number(argv, 0, 0);
    pattern_init(&pattern, (uint32_t)number(argv, 1, 0), argv[1] && argv[2]);
    while (pattern.at < size)
        if (!write_piece(&pattern, OUT, size - pattern.at))
            return 1;
    return 0;
}

/* both OUT-SIZE ERR-SIZE: pattern 1 to stdout and pattern 2 to stderr, in turns. */
static int do_both(char **argv)
{
    struct pattern out, err;
    unsigned long long out_size = number(argv, 0, 0), err_size = number(argv, 1, 0);
    pattern_init(&out, 1, false);
    pattern_init(&err, 2, false);
    while (out.at < out_size || err.at < err_size) {
        if (out.at < out_size && !write_piece(&out, OUT, out_size - out.at))
            return 1;
        if (err.at < err_size && !write_piece(&err, ERR, err_size - err.at))
            return 1;
    }
    return 0;
}

/* check SEED: compares stdin with the pattern, to its end, and prints "SIZE ok" or "SIZE differs". */
static int do_check(char **argv)
{
    static unsigned char data[65536];
    struct pattern pattern;
    bool same = true;
    ptrdiff_t got;
    char text[64];
    pattern_init(&pattern, (uint32_t)number(argv, 0, 0), false);
    while (same && (got = host_read(data, sizeof(data))) > 0)
        same = pattern_matches(&pattern, data, (size_t)got);
    snprintf(text, sizeof(text), "%llu %s\n", (unsigned long long)pattern.at, same ? "ok" : "differs");
    return say(text) ? 0 : 1;
}

/* echo: stdin to stdout, to its end. */
static int do_echo(char **argv)
{
    static unsigned char data[65536];
    ptrdiff_t got;
    (void)argv;
    while ((got = host_read(data, sizeof(data))) > 0)
        if (!host_write(OUT, data, (size_t)got))
            return 1;
    return 0;
}

/* hold [STATUS]: says "ready", waits for the end of stdin, says "end", exits with STATUS. */
static int do_hold(char **argv)
{
    unsigned char byte[4096];
    say("ready\n");
    while (host_read(byte, sizeof(byte)) > 0)
        continue;
    say("end\n");
    return (int)number(argv, 0, 0);
}

/* deaf: says "ready", then does nothing for ever. Never reads its stdin. */
static int do_deaf(char **argv)
{
    (void)argv;
    say("ready\n");
    host_sleep_forever();
    return 0;
}

/* silent: does nothing for ever. */
static int do_silent(char **argv)
{
    (void)argv;
    host_sleep_forever();
    return 0;
}

/* babble: a byte every 20 ms, for ever. */
static int do_babble(char **argv)
{
    (void)argv;
    while (say("."))
        host_sleep(20);
    return 0;
}

/* endless SEED: the pattern to stdout until nobody takes it. */
static int do_endless(char **argv)
{
    struct pattern pattern;
    pattern_init(&pattern, (uint32_t)number(argv, 0, 0), false);
    while (write_piece(&pattern, OUT, 65536))
        continue;
    return 0;
}

static int do_exit(char **argv)
{
    return (int)number(argv, 0, 0);
}

static const char *self; /* our path */

static bool start_child(const char *what, const char *mark, uint32_t *pid)
{
    struct strings environment = {0};
    struct process child;
    struct process_spec spec;
    const char *arguments[] = {self, what, mark, NULL};
    process_spec_init(&spec);
    spec.program = self;
    spec.argv = arguments;
    spec.out = host_stream(OUT);
    spec.err = host_stream(ERR);
    if (!environment_of_process(&environment))
        return false;
    spec.env = (const char *const *)strings_array(&environment);
    bool started = process_spawn(&spec, &child, NULL) == 0;
    *pid = started ? child.pid : 0; /* not closed: that would end it */
    strings_free(&environment);
    return started;
}

/* leave STATUS WHAT [MARK]: starts a child that does WHAT with our output, says "left PID", and exits. */
static int do_leave(char **argv)
{
    char text[64];
    uint32_t pid = 0;
    if (!argv[0] || !argv[1] || !start_child(argv[1], argv[2], &pid))
        return 99;
    snprintf(text, sizeof(text), "left %lu\n", (unsigned long)pid);
    say(text);
    return (int)number(argv, 0, 0);
}

/* tree COUNT: starts children that do nothing, says the number of each on a line and then "ready", and stays. */
static int do_tree(char **argv)
{
    char text[64];
    uint32_t pid = 0;
    for (unsigned long long i = number(argv, 0, 1); i > 0; i--) {
        if (!start_child("silent", NULL, &pid))
            return 99;
        snprintf(text, sizeof(text), "%lu\n", (unsigned long)pid);
        say(text);
    }
    return do_deaf(argv);
}

/* lives PID: status 0 if there is such a process, else 1. */
static int do_lives(char **argv)
{
    return host_lives((uint32_t)number(argv, 0, 0)) ? 0 : 1;
}

static int caught_status;

static void on_terminate(int signal_number)
{
    (void)signal_number;
    _Exit(caught_status);
}

/* caught STATUS: says "ready" and exits with STATUS when it is asked to end. */
static int do_caught(char **argv)
{
    caught_status = (int)number(argv, 0, 0);
    signal(SIGTERM, on_terminate);
#ifdef SIGBREAK
    signal(SIGBREAK, on_terminate);
#endif
    return do_deaf(argv);
}

/* stubborn: says "ready" and does not end when it is asked to. */
static int do_stubborn(char **argv)
{
    signal(SIGTERM, SIG_IGN);
#ifdef SIGBREAK
    signal(SIGBREAK, SIG_IGN);
#endif
    return do_deaf(argv);
}

/* args...: each on a line. */
static int do_args(char **argv)
{
    for (; *argv; argv++)
        if (!say(*argv) || !say("\n"))
            return 1;
    return 0;
}

/* count ARG...: how many, and how many bytes in all. */
static int do_count(char **argv)
{
    char text[64];
    size_t count = 0, bytes = 0;
    for (; argv[count]; count++)
        bytes += strlen(argv[count]);
    snprintf(text, sizeof(text), "%lu arguments, %lu bytes\n", (unsigned long)count, (unsigned long)bytes);
    return say(text) ? 0 : 1;
}

static int do_env(char **argv)
{
    struct strings environment = {0};
    (void)argv;
    if (!environment_of_process(&environment))
        return 1;
    for (size_t i = 0; i < environment.count; i++)
        if (!say(environment.item[i]) || !say("\n"))
            return 1;
    strings_free(&environment);
    return 0;
}

static int do_cwd(char **argv)
{
    char *directory = system_current_directory();
    (void)argv;
    bool said = directory && say(directory) && say("\n");
    free(directory);
    return said ? 0 : 1;
}

/* tty: which of its streams are terminals, as three digits. */
static int do_tty(char **argv)
{
    char text[] = "000\n";
    (void)argv;
    for (int i = 0; i < 3; i++)
        text[i] = host_is_terminal(i) ? '1' : '0';
    return say(text) ? 0 : 1;
}

/* touch FILE: makes it, to show that we ran. */
static int do_touch(char **argv)
{
    FILE *file = argv[0] ? fopen(argv[0], "w") : NULL;
    return file && fclose(file) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(char **argv);
    } modes[] = {{"write", do_write},     {"both", do_both},     {"check", do_check},       {"echo", do_echo},
                 {"hold", do_hold},       {"deaf", do_deaf},     {"silent", do_silent},     {"babble", do_babble},
                 {"endless", do_endless}, {"exit", do_exit},     {"leave", do_leave},       {"tree", do_tree},
                 {"lives", do_lives},     {"caught", do_caught}, {"stubborn", do_stubborn}, {"args", do_args},
                 {"count", do_count},     {"env", do_env},       {"cwd", do_cwd},           {"tty", do_tty},
                 {"touch", do_touch}};
    argv = host_arguments(argc, argv);
    self = argv[0];
    for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++)
        if (strcmp(argv[1], modes[i].name) == 0)
            return modes[i].run(argv + 2);
    fprintf(stderr, "stream: it is not known what to do\n");
    return 98;
}
