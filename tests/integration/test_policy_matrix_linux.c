/*
 * The matrix of 28 cases: both presets, and what commands do to files and the network. Each case runs as a user would
 * run it, by a shell in the workspace; what the host has afterwards must agree with what the command said. What is
 * refused is done once more without a boundary: there it must work.
 * timeout: 300
 */
#include "tests/support/attempt_linux.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/policy.h"

static struct place place;

/* Paths that options name; they stay. */
static char no[400], shut[400], shut_open[400];

#define DEEP "$(printf 'deep/%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30)"

/* `does` runs in the workspace inside, `done` there outside: whether it has happened. What each preset makes of it. */
struct row {
    const char *does, *done;
    bool read_only, workspace_write;
};

/* X(name, does, done, allowed by read-only, by workspace-write) */
#define ROWS(X)                                                                                                        \
    X(write, "echo new >file", "grep -q new file", false, true)                                                        \
    X(append, "echo new >>file", "grep -q new file", false, true)                                                      \
    X(make_directory, "mkdir made", "test -d made", false, true)                                                       \
    X(rename_file, "mv file named", "test -e named", false, true)                                                      \
    X(delete_file, "rm -f file", "test ! -e file", false, true)                                                        \
    X(move_across_directories, "mv one/file two/moved", "test -e two/moved && test ! -e one/file", false, true)        \
    X(deep_path, "mkdir -p " DEEP " && echo new >" DEEP "new", "test -e " DEEP "new", false, true)                     \
    X(temporary_file, "t=${TMPDIR:-/tmp}/$$ && echo new >$t && grep -q new $t && mv $t $t-2 && rm $t-2", "true", true, \
      true)                                                                                                            \
    X(redirection, "exec 3<>file && echo new >&3 && (set -C; echo x >|other)", "grep -q new file", false, true)

/* ---- one case ---- */

static void fill(enum postern_level level)
{
    place_empty(place.work);
    place_file(place.work, "file", "old\n", false);
    place_file(place.work, "one/file", "old\n", false);
    place_directory(place.work, "two", false);
    place_file(place.work, "no/file", "secret\n", false);
    place_file(place.work, "shut/file", "secret\n", false);
    place_file(place.work, "shut/open/file", "old\n", false);
    place_give(&place, level);
}

static bool on_host(const char *condition)
{
    char line[4096];
    snprintf(line, sizeof(line), "cd '%s' && { %s; } >/dev/null 2>&1", place.work, condition);
    return system(line) == 0;
}

static struct postern_sandbox_options options_for(enum postern_level level, enum postern_preset preset)
{
    struct postern_sandbox_options options = test_options(level);
    options.workspace = place.work;
    options.preset = preset;
    return options;
}

static bool runs(const struct postern_sandbox_options *options, const char *script)
{
    struct postern_sandbox *sandbox = test_open_with(options);
    struct outcome outcome = place_run(&place, sandbox, NULL, (const char *const[]){"/bin/sh", "-c", script, NULL});
    test_close(sandbox);
    return outcome.status == 0;
}

/* Runs it as given; it and the host must agree with `allowed`. Else once more at level none. */
static void check(const struct postern_sandbox_options *options, const char *does, const char *done, bool allowed)
{
    const struct postern_sandbox_options control = options_for(POSTERN_LEVEL_NONE, POSTERN_PRESET_DEFAULT);
    test_need_level(options->level);
    fill(options->level);
    bool worked = runs(options, does), happened = on_host(done);
    if (worked != allowed || (happened != allowed && strcmp(done, "true") != 0))
        fail_msg("%s: the command %s, and the host shows that it %s", does, worked ? "succeeded" : "failed",
                 happened ? "happened" : "did not happen");
    if (allowed)
        return;
    fill(POSTERN_LEVEL_NONE);
    if (!runs(&control, does) || !on_host(done))
        fail_msg("%s: does not work without a boundary either", does);
}

static void check_row(void **state, const struct row *row, enum postern_preset preset)
{
    const struct postern_sandbox_options options = options_for(*(const enum postern_level *)*state, preset);
    check(&options, row->does, row->done, preset == POSTERN_PRESET_READ_ONLY ? row->read_only : row->workspace_write);
}

#define DEFINE_ROW(name, does, done, read_only, workspace_write)                                                       \
    static const struct row row_##name = {does, done, read_only, workspace_write};                                     \
    static void name##_in_read_only(void **state)                                                                      \
    {                                                                                                                  \
        check_row(state, &row_##name, POSTERN_PRESET_READ_ONLY);                                                       \
    }                                                                                                                  \
    static void name##_in_workspace_write(void **state)                                                                \
    {                                                                                                                  \
        check_row(state, &row_##name, POSTERN_PRESET_WORKSPACE_WRITE);                                                 \
    }
ROWS(DEFINE_ROW)

/* ---- the cases that are more than a line ---- */

static void interpreters(void **state, enum postern_preset preset)
{
    static const char *const scripts[][2] = {
        {"/bin/sh", "/bin/sh -c 'echo new >file'"},
        {"/usr/bin/perl",
         "/usr/bin/perl -e 'open(F, q(>), q(file)) or exit 1; print F qq(new\\n); close(F) or exit 1'"},
        {"/usr/bin/python3", "/usr/bin/python3 -c 'open(\"file\", \"w\").write(\"new\\n\")'"},
        {"/usr/bin/awk", "/usr/bin/awk 'BEGIN { print \"new\" >\"file\" }'"},
        {"/usr/bin/node", "/usr/bin/node -e 'require(\"fs\").writeFileSync(\"file\", \"new\\n\")'"},
        {"/bin/sed", "/bin/sed -i s/old/new/ file"},
        {"/bin/dd", "echo new | /bin/dd of=file"},
        {"/usr/bin/tee", "echo new | /usr/bin/tee file"},
        {"/bin/cp", "t=$(mktemp) && echo new >$t && /bin/cp $t file; status=$?; rm -f $t; exit $status"},
    };
    const struct postern_sandbox_options options = options_for(*(const enum postern_level *)*state, preset);
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        if (access(scripts[i][0], X_OK) == 0)
            check(&options, scripts[i][1], "grep -q new file", preset == POSTERN_PRESET_WORKSPACE_WRITE);
        else
            print_message("# no %s here\n", scripts[i][0]);
    }
}

static void network(void **state, enum postern_preset preset)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    char script[900];
    struct postern_sandbox_options options = options_for(*(const enum postern_level *)*state, preset);
    test_need_level(options.level);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(file >= 0 && bind(file, (struct sockaddr *)&address, size) == 0 && listen(file, 16) == 0 &&
                getsockname(file, (struct sockaddr *)&address, &size) == 0);
    snprintf(script, sizeof(script), "'%s/escape_linux' connect %u", place.bin, ntohs(address.sin_port));
    fill(options.level);
    bool refused = !runs(&options, script);
    options.network = true;
    bool allowed = runs(&options, script);
    const struct postern_sandbox_options control = options_for(POSTERN_LEVEL_NONE, POSTERN_PRESET_DEFAULT);
    bool controlled = runs(&control, script);
    close(file);
    assert_true(refused);
    assert_true(allowed); /* where it is said so */
    assert_true(controlled);
}

static void denied_in_writable(void **state, enum postern_preset preset)
{
    struct postern_sandbox_options options = options_for(*(const enum postern_level *)*state, preset);
    const char *const denied[] = {no, NULL}, *const written[] = {place.work, NULL};
    options.denied = denied;
    check(&options, "cat no/file", "true", false);
    check(&options, "ls no", "true", false);
    check(&options, "echo new >no/file", "grep -q new no/file", false);
    check(&options, "echo new >no/new", "test -e no/new", false);
    check(&options, "mv no yes", "test -e yes", false);
    options.read_write = written; /* by name, whatever the preset */
    check(&options, "cat no/file", "true", false);
    check(&options, "echo new >no/new", "test -e no/new", false);
    check(&options, "echo new >file", "grep -q new file", true);
}

static void writable_in_denied(void **state, enum postern_preset preset)
{
    struct postern_sandbox_options options = options_for(*(const enum postern_level *)*state, preset);
    const char *const denied[] = {shut, NULL};
    const char *const written[] = {shut_open, NULL};
    options.denied = denied;
    options.read_write = written;
    check(&options, "cat shut/file", "true", false);
    check(&options, "ls shut", "true", false);
    check(&options, "echo new >shut/new", "test -e shut/new", false);
    check(&options, "echo new >shut/open/file && mkdir shut/open/made", "test -d shut/open/made", true);
    check(&options, "cd shut/open && cat file && ls .", "true", true);
}

/* What its owner trusts in a directory: not to be written unless it is named. */
static void make_protected(enum postern_level level)
{
    fill(level);
    for (const char *const *name = policy_protected_names; *name; name++)
        if (strchr(*name + 1, '.'))
            place_file(place.work, *name, "old\n", false);
        else
            place_file(place_path(place.work, *name), "hooks/config", "old\n", false);
    place_give(&place, level);
}

static void protected_names(void **state, enum postern_preset preset)
{
    struct postern_sandbox_options options = options_for(*(const enum postern_level *)*state, preset);
    char script[600], done[600];
    test_need_level(options.level);
    for (const char *const *name = policy_protected_names; *name; name++) {
        const char *file = strchr(*name + 1, '.') ? "" : "/hooks/config";
        char path[400];
        const char *const lifted[] = {path, NULL};
        snprintf(path, sizeof(path), "%s/%s", place.work, *name);
        snprintf(script, sizeof(script), "grep -q old %s%s && echo new >%s%s", *name, file, *name, file);
        snprintf(done, sizeof(done), "grep -q new %s%s", *name, file);
        options.read_write = NULL;
        make_protected(options.level);
        if (runs(&options, script) || on_host(done))
            fail_msg("%s was not protected", *name);
        snprintf(script, sizeof(script), "mv %s aside || rm -rf %s", *name, *name);
        (void)runs(&options, script);
        snprintf(done, sizeof(done), "grep -q old %s%s", *name, file);
        if (!on_host(done))
            fail_msg("%s could be put aside", *name);
        options.read_write = lifted;
        snprintf(script, sizeof(script), "echo new >%s%s", *name, file);
        snprintf(done, sizeof(done), "grep -q new %s%s", *name, file);
        if (!runs(&options, script) || !on_host(done))
            fail_msg("--rw does not lift the protection of %s", *name);
    }
}

/* A working tree elsewhere: .git is a file that says where. */
static void where_git_points(void **state)
{
    const enum postern_level level = *(const enum postern_level *)*state;
    struct postern_sandbox_options options = options_for(level, POSTERN_PRESET_WORKSPACE_WRITE);
    test_need_level(level);
    fill(level);
    place_file(place.work, "meta/git/hooks/commit", "old\n", false);
    place_file(place.work, "meta/git/commondir", "../common\n", false);
    place_file(place.work, "meta/common/config", "old\n", false);
    place_file(place.work, ".git", "gitdir: meta/git\n", false);
    place_give(&place, level);
    assert_false(runs(&options, "echo new >meta/git/hooks/commit"));
    assert_false(runs(&options, "echo new >meta/common/config"));
    assert_false(runs(&options, "echo gitdir: elsewhere >.git"));
    assert_false(runs(&options, "mv .git aside"));
    assert_false(runs(&options, "mv meta aside"));
    assert_true(runs(&options, "cat meta/git/hooks/commit meta/common/config .git && echo new >meta/new"));
    assert_true(on_host("! grep -qr new meta/git meta/common .git && test -e meta/new"));
}

#define DEFINE_BOTH(name)                                                                                              \
    static void name##_in_read_only(void **state)                                                                      \
    {                                                                                                                  \
        name(state, POSTERN_PRESET_READ_ONLY);                                                                         \
    }                                                                                                                  \
    static void name##_in_workspace_write(void **state)                                                                \
    {                                                                                                                  \
        name(state, POSTERN_PRESET_WORKSPACE_WRITE);                                                                   \
    }
DEFINE_BOTH(interpreters)
DEFINE_BOTH(network)
DEFINE_BOTH(denied_in_writable)
DEFINE_BOTH(writable_in_denied)
DEFINE_BOTH(protected_names)

static int run_all(const enum postern_level *levels, size_t level_count)
{
#define ROW_TESTS(name, does, done, read_only, workspace_write) BOTH_TESTS(name)
#define BOTH_TESTS(name) cmocka_unit_test(name##_in_read_only), cmocka_unit_test(name##_in_workspace_write),
    const struct CMUnitTest tests[] = {
        ROWS(ROW_TESTS)                                               /* 18 */
        BOTH_TESTS(interpreters) BOTH_TESTS(network)                  /* 22 */
        BOTH_TESTS(denied_in_writable) BOTH_TESTS(writable_in_denied) /* 26 */
        BOTH_TESTS(protected_names)                                   /* 28 */
        cmocka_unit_test(where_git_points),
    };
    place_make(&place, (const char *const[]){"escape_linux", NULL});
    snprintf(no, sizeof(no), "%s/no", place.work);
    snprintf(shut, sizeof(shut), "%s/shut", place.work);
    snprintf(shut_open, sizeof(shut_open), "%s/shut/open", place.work);
    int failed = test_run_at_levels(levels, level_count, tests, sizeof(tests) / sizeof(tests[0]));
    place_remove(&place);
    return failed;
}

int main(void)
{
    return attempt_run_everywhere(run_all, NULL);
}
