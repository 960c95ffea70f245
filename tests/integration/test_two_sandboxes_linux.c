/*
 * Two sandboxes at once: what one does or holds is nothing to the other. Beside each refusal stands the control, the
 * same program in the sandbox whose things they are.
 * timeout: 120
 */
#include "tests/support/attempt_linux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char HOST[] = "sharing_linux";
static struct place place, other_place;

static enum postern_level level_of(void **state)
{
    return *(const enum postern_level *)*state;
}

static struct postern_sandbox *open_in(const struct place *where, enum postern_level level)
{
    struct postern_sandbox_options options = test_options(level);
    options.workspace = where->work;
    place_give(where, level);
    return test_open_with(&options);
}

/* ---- a command that holds things, in the first sandbox ---- */

struct holder {
    struct postern_sandbox *sandbox;
    struct postern_session *session;
    char name[64], pid[24], port[24], file[100];
};

static void read_line(struct postern_session *session, char *out, size_t size)
{
    size_t have = 0, got = 0;
    do {
        assert_true(have + 1 < size);
        MUST(postern_session_read(session, POSTERN_STDOUT, out + have, 1, TEST_WAIT_MS, &got, &test_error));
        assert_int_equal(got, 1);
    } while (out[have++] != '\n');
    out[have - 1] = '\0';
}

/* Starts it; it says its process id and the port it listens on, once it holds everything. */
static void start_holder(struct holder *holder, enum postern_level level)
{
    static unsigned count;
    char line[128], program[700];
    struct postern_command command = POSTERN_COMMAND_INIT;
    snprintf(holder->name, sizeof(holder->name), "postern-test-%d-%u", (int)getpid(), ++count);
    snprintf(program, sizeof(program), "%s/%s", place.bin, HOST);
    command.argv = (const char *const[]){program, "hold", holder->name, NULL};
    holder->sandbox = open_in(&place, level);
    MUST(postern_session_start(holder->sandbox, &command, &holder->session, &test_error));
    read_line(holder->session, line, sizeof(line));
    if (sscanf(line, "%20s %20s %99s", holder->pid, holder->port, holder->file) != 3)
        fail_msg("it said: %s", line);
}

/* Visits what is held from within the holder's sandbox and from within another: the first is the control. */
static void visit_both(void **state, const char *what)
{
    struct holder holder;
    test_need_level(level_of(state));
    start_holder(&holder, level_of(state));
    struct postern_sandbox *other = open_in(&other_place, level_of(state));
    const char *const argv[] = {HOST, what, holder.name, holder.pid, holder.port, holder.file, NULL};
    struct outcome control = place_run(&place, holder.sandbox, NULL, argv);
    struct outcome inside = place_run(&place, other, NULL, argv);
    expect_refused(&control, &inside);
    assert_int_equal(postern_session_events(holder.session) & POSTERN_EVENT_ENDED, 0);
}

static void processes_are_not_seen(void **state)
{
    visit_both(state, "seen");
}

static void processes_are_not_touched(void **state)
{
    visit_both(state, "touched");
}

static void sockets_are_not_reached(void **state)
{
    visit_both(state, "sockets");
}

static void memory_and_queues_are_not_shared(void **state)
{
    visit_both(state, "ipc");
}

static void temporary_files_are_not_shared(void **state)
{
    visit_both(state, "files");
}

/* Each writes in its own workspace, and neither in the other's. */
static void workspaces_are_not_shared(void **state)
{
    const char *paths[2] = {place_path(place.work, "made"), place_path(other_place.work, "made")};
    struct postern_sandbox *sandboxes[2] = {open_in(&place, level_of(state)), open_in(&other_place, level_of(state))};
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 2; k++) {
            char script[1100];
            snprintf(script, sizeof(script), "echo x >'%s' && rm '%s'", paths[k], paths[k]);
            struct outcome outcome =
                place_run(&place, sandboxes[i], NULL, (const char *const[]){"/bin/sh", "-c", script, NULL});
            assert_int_equal(outcome.status == 0, i == k);
        }
}

/* Killing all it may leaves the other alone; its own sandbox ends with it. */
static void killing_all_kills_ones_own(void **state)
{
    struct holder holder;
    char host[64] = "";
    test_need_level(level_of(state));
    start_holder(&holder, level_of(state));
    struct postern_sandbox *other = open_in(&other_place, level_of(state));
    if (!in_force(other, "processes"))
        SKIP_BECAUSE("without a pid namespace of its own it would kill the user's other processes");
    assert_true(readlink("/proc/self/ns/pid", host, sizeof(host) - 1) > 0);
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    struct postern_result result;
    char program[700];
    snprintf(program, sizeof(program), "%s/escape_linux", place.bin);
    command.argv = (const char *const[]){program, "killall", host, NULL};
    MUST(postern_session_begin(other, &command, &session, &test_error));
    int status = postern_session_wait(session, TEST_WAIT_MS, &result, &test_error);
    assert_true(status == 0 || status == POSTERN_E_RUNNER_DIED);
    assert_true(status != 0 || result.exit_code != 2);
    /* the control: what was not to be killed answers */
    const char *const argv[] = {HOST, "sockets", holder.name, holder.pid, holder.port, holder.file, NULL};
    struct outcome outcome = place_run(&place, holder.sandbox, NULL, argv);
    assert_non_null(strstr(outcome.out, "\tworked"));
}

static int run_all(const enum postern_level *levels, size_t level_count)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processes_are_not_seen),         cmocka_unit_test(processes_are_not_touched),
        cmocka_unit_test(sockets_are_not_reached),        cmocka_unit_test(memory_and_queues_are_not_shared),
        cmocka_unit_test(temporary_files_are_not_shared), cmocka_unit_test(workspaces_are_not_shared),
        cmocka_unit_test(killing_all_kills_ones_own),
    };
    place_make(&place, (const char *const[]){HOST, "escape_linux", NULL});
    place_make(&other_place, (const char *const[]){NULL});
    int failed = test_run_at_levels(levels, level_count, tests, sizeof(tests) / sizeof(tests[0]));
    place_remove(&place);
    place_remove(&other_place);
    return failed;
}

int main(void)
{
    return attempt_run_everywhere(run_all, NULL);
}
