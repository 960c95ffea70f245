/*
 * A command that goes for files it was not given: by links, names, renames, descriptors, handles, races. Every way is
 * tried outside as well, at level none, where it must work: see tests/support/attempt_linux.h.
 * timeout: 240
 */
#include "tests/support/attempt_linux.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char PROGRAM[] = "escape_files_linux", KERNEL[] = "escape_kernel_linux";
static struct place place;

/* ---- what there is to get at; escape_files_linux.c knows the names ---- */

static void fill(enum postern_level level)
{
    const char *const secrets[] = {"secret/file",   "secret.txt",  "work/no/file",
                                   "work/no/file2", "work/no.txt", "work/deep/no/file"};
    const char *const kept[] = {"work/ro/file",         "work/ro/file2",  "work/deep/ro/file", "work/.git/config",
                                "work/.git/hooks/old",  "work/mine",      "work/folder/file",  "work/no/yes/file",
                                "tree/meta/git/config", "tree/other/file"};
    place_empty(place.work);
    place_empty(place.outside);
    place_directory(place.base, "tree", false);
    place_empty(place_path(place.base, "tree"));
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
        place_file(place.base, secrets[i], "secret\n", false);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        place_file(place.base, kept[i], "kept\n", false);
    place_file(place.base, "tree/.git", "gitdir: meta/git\n", false);
    place_directory(place.work, "over", false);
    place_directory(place.outside, "folder", true);
    place_file(place.outside, "open", "open\n", true);
    place_file(place.outside, "own", "own\n", true);
    place_file(place.outside, "file2", "open\n", true);
    const char *const fifos[] = {"outside/fifo", "work/ro/fifo"};
    for (size_t i = 0; i < 2; i++)
        assert_true(mkfifo(place_path(place.base, fifos[i]), 0666) == 0 &&
                    chmod(place_path(place.base, fifos[i]), 0666) == 0);
    place_give(&place, level);
}

static int listen_outside(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", place_path(place.outside, "socket"));
    assert_true(file >= 0 && bind(file, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(file, 8) == 0);
    assert_int_equal(chmod(address.sun_path, 0666), 0);
    return file;
}

static struct postern_sandbox *open_sandbox(enum postern_level level)
{
    struct postern_sandbox_options options = test_options(level);
    const char *const read_only[] = {place_path(place.work, "ro"), place_path(place.work, "deep/ro"), NULL};
    const char *const read_write[] = {place_path(place.work, "no/yes"), place_path(place.base, "tree"), NULL};
    const char *const denied[] = {place_path(place.work, "no"),         place_path(place.work, "no.txt"),
                                  place_path(place.work, "deep/no"),    place_path(place.base, "secret"),
                                  place_path(place.base, "secret.txt"), NULL};
    options.workspace = place.work;
    options.read_only = read_only;
    options.read_write = read_write;
    options.denied = denied;
    return test_open_with(&options);
}

/* The control first, each with a place as it was.  */
static void try_each(void **state, const char *const *argv, const char *const *control_argv, struct outcome *control,
                     struct outcome *inside)
{
    const enum postern_level level = *(const enum postern_level *)*state;
    struct postern_sandbox_options options = test_options(POSTERN_LEVEL_NONE);
    test_need_level(level);
    options.workspace = place.work;
    fill(level);
    int service = listen_outside();
    *control = place_run(&place, test_open_with(&options), NULL, control_argv);
    close(service);
    fill(level);
    service = listen_outside();
    struct postern_sandbox *sandbox = open_sandbox(level);
    *inside = place_run(&place, sandbox, NULL, argv);
    test_close(sandbox);
    close(service);
    assert_int_equal(access(place_path(place.outside, "new"), F_OK), -1);
}

static void try_with(void **state, const char *const *argv, const char *const *control_argv)
{
    struct outcome control, inside;
    try_each(state, argv, control_argv, &control, &inside);
    expect_refused(&control, &inside);
}

static void try_both(void **state, const char *attempt)
{
    const char *const argv[] = {PROGRAM, attempt, place.base, NULL};
    try_with(state, argv, argv);
}

/* ---- the tests ---- */

static void plainly(void **state)
{
    try_both(state, "plain");
}

static void dots_lead_nowhere(void **state)
{
    try_both(state, "dots");
}

static void symlinks_lead_nowhere(void **state)
{
    try_both(state, "symlinks");
}

static void second_names_give_no_more_rights(void **state)
{
    try_both(state, "hardlinks");
}

static void nothing_is_moved_over_the_boundary(void **state)
{
    try_both(state, "renames");
}

static void nothing_above_what_is_kept_is_moved(void **state)
{
    try_both(state, "above");
}

static void mount_points_stay(void **state)
{
    try_both(state, "removing");
}

static void metadata_is_kept_as_well(void **state)
{
    try_both(state, "metadata");
}

static void descriptors_grow_no_rights(void **state)
{
    try_both(state, "descriptors");
}

static void handles_open_nothing(void **state)
{
    try_both(state, "handles");
}

static void special_files_are_files(void **state)
{
    try_both(state, "special");
}

/* A read-only mount lets its FIFOs be written, and Landlock grants that with the directory around: a gap that no
 * mechanism closes. Said here so that it is not forgotten; the test turns good by itself when a kernel closes it. */
static void fifos_in_read_only_directories(void **state)
{
    const char *const argv[] = {PROGRAM, "fifo", place.base, NULL};
    struct outcome control, inside;
    try_each(state, argv, argv, &control, &inside);
    if (strstr(inside.out, "\tworked"))
        SKIP_BECAUSE("KNOWN GAP: a FIFO in a read-only directory of a writable one can be written to");
    expect_refused(&control, &inside);
}

static void there_is_no_moment_between(void **state)
{
    try_both(state, "race");
}

static void programs_without_a_name_are_confined(void **state)
{
    try_both(state, "nameless");
}

/* The control has masks of its own to lift. */
static void masks_stay(void **state)
{
    try_with(state, (const char *const[]){KERNEL, "mounts", place.base, "none", NULL},
             (const char *const[]){KERNEL, "mounts", place.base, "own", NULL});
}

/* What stays as it was is worth as much as what was refused. */
static void what_may_be_done_can_be_done(void **state)
{
    const enum postern_level level = *(const enum postern_level *)*state;
    char script[2048];
    fill(level);
    struct postern_sandbox *sandbox = open_sandbox(level);
    snprintf(script, sizeof(script),
             "cd '%s/work' && echo x >mine && mkdir made && mv mine made/ && ln made/mine again && rm made/mine && "
             "mv folder other && echo x >no/yes/file && echo x >no/yes/new && rm no/yes/new && cat ro/file .git/config "
             "deep/ro/file ../outside/open >/dev/null && echo x >deep/new && echo x >../tree/new && echo all",
             place.base);
    struct outcome outcome = place_run(&place, sandbox, NULL, (const char *const[]){"/bin/sh", "-c", script, NULL});
    assert_string_equal(outcome.out, "all\n");
    assert_int_equal(access(place_path(place.work, "again"), F_OK), 0);
    assert_int_equal(access(place_path(place.base, "tree/new"), F_OK), 0);
}

/* Who could write everything would need no way out. */
static void a_workspace_that_is_too_much_is_refused(void **state)
{
    const enum postern_level level = *(const enum postern_level *)*state;
    struct postern_sandbox_options options = test_options(level);
    struct postern_sandbox *none = NULL;
    char *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    options.workspace = "/";
    MUST_FAIL(postern_sandbox_open(&options, &none, &test_error), POSTERN_E_POLICY, NULL, "/");
    setenv("HOME", place.work, 1);
    options.workspace = place.work;
    int status = postern_sandbox_open(&options, &none, &test_error);
    options.workspace = place.base; /* what is above it is no better */
    int above = status == POSTERN_E_POLICY ? postern_sandbox_open(&options, &none, &test_error) : 0;
    setenv("HOME", place_path(place.base, "bin"), 1);
    options.workspace = place.work; /* the control: with another home it is a directory like others */
    int control = postern_sandbox_open(&options, &none, NULL);
    if (home)
        setenv("HOME", home, 1);
    else
        unsetenv("HOME");
    free(home);
    postern_sandbox_close(none);
    assert_int_equal(status, POSTERN_E_POLICY);
    assert_int_equal(above, POSTERN_E_POLICY);
    assert_int_equal(control, 0);
}

static int run_all(const enum postern_level *levels, size_t level_count)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plainly),
        cmocka_unit_test(dots_lead_nowhere),
        cmocka_unit_test(symlinks_lead_nowhere),
        cmocka_unit_test(second_names_give_no_more_rights),
        cmocka_unit_test(nothing_is_moved_over_the_boundary),
        cmocka_unit_test(nothing_above_what_is_kept_is_moved),
        cmocka_unit_test(mount_points_stay),
        cmocka_unit_test(metadata_is_kept_as_well),
        cmocka_unit_test(descriptors_grow_no_rights),
        cmocka_unit_test(handles_open_nothing),
        cmocka_unit_test(special_files_are_files),
        cmocka_unit_test(fifos_in_read_only_directories),
        cmocka_unit_test(there_is_no_moment_between),
        cmocka_unit_test(programs_without_a_name_are_confined),
        cmocka_unit_test(masks_stay),
        cmocka_unit_test(what_may_be_done_can_be_done),
        cmocka_unit_test(a_workspace_that_is_too_much_is_refused),
    };
    place_make(&place, (const char *const[]){PROGRAM, KERNEL, NULL});
    int failed = test_run_at_levels(levels, level_count, tests, sizeof(tests) / sizeof(tests[0]));
    place_remove(&place);
    return failed;
}

int main(void)
{
    return attempt_run_everywhere(run_all, NULL);
}
