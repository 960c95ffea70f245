/*
 * What a caller gets wrong, and what is wrong with what it wants to run: an error that names the item, and nothing
 * started. Beside each, the nearest thing that works.
 */
#include "tests/support/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct postern_sandbox *sandbox;
static char folder[512]; /* the workspace: writable by the sandbox */

/* A name in the workspace, which also commands of the sandbox can reach. */
static const char *in_folder(const char *name)
{
    return test_join(folder, name);
}

/* A copy in the workspace: where the tests were built may be hidden from a sandbox. */
static const char *stream(void)
{
    static char path[1024];
    snprintf(path, sizeof(path), "%s%s", folder, strrchr(test_program_path("stream"), '/'));
    return path;
}

static int set_up(void **state)
{
    struct postern_sandbox_options options = test_options(test_level());
    (void)state;
    if (!host_make_directory(folder, sizeof(folder)) || !host_copy_file(test_program_path("stream"), stream()))
        return -1;
    options.workspace = folder;
    sandbox = test_open_with(&options);
    return 0;
}

static int tear_down(void **state)
{
    test_close_all(state);
    host_remove_directory(folder);
    return 0;
}

static bool exists(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file)
        fclose(file);
    return file != NULL;
}

/* ---- refused by the parent ---- */

static void refused(const struct postern_command *command, int code, const char *word)
{
    struct postern_session *session = NULL;
    memset(&test_error, 0, sizeof(test_error));
    MUST_FAIL(postern_session_start(sandbox, command, &session, &test_error), code, NULL, word);
    assert_null(session);
    memset(&test_error, 0, sizeof(test_error));
    MUST_FAIL(postern_session_begin(sandbox, command, &session, &test_error), code, NULL, word);
    assert_null(session);
    assert_null(postern_sandbox_next_session(sandbox));
    assert_int_equal(postern_session_start(sandbox, command, &session, NULL), code); /* an error is optional */
}

/* "stream touch FILE": shows whether it ran. */
static struct postern_command touch(const char *name)
{
    static const char *argv[4];
    struct postern_command command = POSTERN_COMMAND_INIT;
    argv[0] = stream();
    argv[1] = "touch";
    argv[2] = in_folder(name);
    remove(argv[2]);
    command.argv = argv;
    return command;
}

static void runs(const struct postern_command *command, int status)
{
    struct postern_session *session = NULL;
    MUST(postern_session_start(sandbox, command, &session, &test_error));
    test_exits(session, status);
}

static void a_good_command_runs(void **state)
{
    struct postern_command command = touch("made");
    (void)state;
    runs(&command, 0);
    assert_true(exists(in_folder("made")));
}

static void argv_must_name_a_program(void **state)
{
    struct postern_command command = touch("made");
    const char *const nothing[] = {NULL}, *const nameless[] = {"", "touch", NULL};
    (void)state;
    command.argv = NULL;
    refused(&command, POSTERN_E_INVALID, "command");
    command.argv = nothing;
    refused(&command, POSTERN_E_INVALID, "command");
    command.argv = nameless;
    refused(&command, POSTERN_E_INVALID, "name is empty");
    refused(NULL, POSTERN_E_INVALID, "POSTERN_COMMAND_INIT");
    assert_false(exists(in_folder("made")));
}

static void empty_arguments_are_arguments(void **state)
{
    const char *const argv[] = {stream(), "args", "", "a b", "\"", "\\", "", NULL};
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    (void)state;
    command.argv = argv;
    MUST(postern_session_start(sandbox, &command, &session, &test_error));
    test_expect(session, POSTERN_STDOUT, "\na b\n\"\n\\\n\n");
    test_exits(session, 0);
}

static void text_must_be_utf8(void **state)
{
    struct postern_command command = touch("made");
    const char *bad[] = {stream(), "args", "caf\xe9", NULL}, *good[] = {stream(), "args", "caf\xc3\xa9", NULL};
    const char *const bad_env[] = {"GOOD=1", "NAME=\xff\xfe", NULL};
    struct postern_session *session = NULL;
    (void)state;
    command.env = bad_env;
    refused(&command, POSTERN_E_INVALID, "NAME");
    assert_null(strstr(test_error.message, "\xff")); /* a value may be a secret, and this one is no text */
    command = touch("made");
    command.cwd = "/tmp/\xff";
    refused(&command, POSTERN_E_CWD, "UTF-8");
    assert_false(exists(in_folder("made")));
    command = (struct postern_command)POSTERN_COMMAND_INIT;
    command.argv = bad;
    refused(&command, POSTERN_E_INVALID, "argument 2");
    command.argv = good;
    MUST(postern_session_start(sandbox, &command, &session, &test_error));
    test_expect(session, POSTERN_STDOUT, "caf\xc3\xa9\n");
    test_exits(session, 0);
}

static void environment_entries_need_a_name(void **state)
{
    const char *const without[] = {"FIRST=1", "NOEQUALS", NULL}, *const nameless[] = {"=value", NULL};
    const char *const good[] = {"EMPTY=", "TWICE=1", "TWICE=a=b", NULL};
    struct postern_command command = touch("made");
    struct postern_session *session = NULL;
    char text[65536];
    (void)state;
    command.env = without;
    refused(&command, POSTERN_E_INVALID, "NOEQUALS");
    command.env = nameless;
    refused(&command, POSTERN_E_INVALID, "name");
    assert_false(exists(in_folder("made")));
    command.env = good;
    command.argv = (const char *const[]){stream(), "env", NULL};
    MUST(postern_session_start(sandbox, &command, &session, &test_error));
    test_read_all(session, POSTERN_STDOUT, text, sizeof(text));
    assert_non_null(strstr(text, "TWICE=a=b\n"));
    assert_null(strstr(text, "TWICE=1"));
    if (!strstr(stream(), ".exe")) /* Windows has no empty values */
        assert_non_null(strstr(text, "EMPTY=\n"));
    test_exits(session, 0);
}

static void sizes_must_fit(void **state)
{
    struct postern_sandbox_options options = test_options(test_level());
    struct postern_sandbox *other = NULL;
    struct postern_command command = touch("made");
    (void)state;
    command.size = 0;
    refused(&command, POSTERN_E_INVALID, "POSTERN_COMMAND_INIT");
    command.size = sizeof(command) - 1;
    refused(&command, POSTERN_E_INVALID, "POSTERN_COMMAND_INIT");
    assert_false(exists(in_folder("made")));
    options.size--;
    MUST_FAIL(postern_sandbox_open(&options, &other, &test_error), POSTERN_E_INVALID, NULL,
              "POSTERN_SANDBOX_OPTIONS_INIT");
    assert_null(other);
}

static void options_are_checked(void **state)
{
    struct postern_sandbox_options options = test_options(test_level());
    struct postern_sandbox *other = NULL;
    (void)state;
    options.level = (enum postern_level)17;
    MUST_FAIL(postern_sandbox_open(&options, &other, &test_error), POSTERN_E_INVALID, NULL, "17");
    options = test_options(test_level());
    options.workspace = in_folder("missing");
    MUST_FAIL(postern_sandbox_open(&options, &other, &test_error), POSTERN_E_CWD, NULL, "missing");
    options.workspace = "/no/\xff";
    MUST_FAIL(postern_sandbox_open(&options, &other, &test_error), POSTERN_E_CWD, NULL, "UTF-8");
    options = test_options(test_level());
    options.log_file = in_folder("missing/log");
    MUST_FAIL(postern_sandbox_open(&options, &other, &test_error), POSTERN_E_OS, NULL, "log");
    options = test_options(test_level());
    options.libexec = folder;
    MUST_FAIL(postern_sandbox_open(&options, &other, &test_error), POSTERN_E_RUNNER_MISSING, NULL, "postern-runner");
    assert_null(other);
}

static void not_opened(const struct postern_sandbox_options *options, int code, const char *word)
{
    struct postern_sandbox *other = NULL;
    char *report = NULL;
    memset(&test_error, 0, sizeof(test_error));
    MUST_FAIL(postern_sandbox_open(options, &other, &test_error), code, NULL, word);
    assert_null(other);
    memset(&test_error, 0, sizeof(test_error));
    if (code != POSTERN_E_POLICY) {
        MUST_FAIL(postern_policy_check(options, &report, &test_error), code, NULL, word);
        assert_null(report);
        return;
    }
    MUST(postern_policy_check(options, &report, &test_error)); /* what is refused is told, with the same words */
    assert_non_null(strstr(report, "\"code\":\"policy_validation\""));
    assert_non_null(strstr(report, word));
    postern_free(report);
}

static void policies_are_checked(void **state)
{
    static const char *const relative[] = {"some/where", NULL}, *const blank[] = {" ", NULL};
    struct postern_sandbox_options options = test_options(test_level());
    const char *const missing[] = {in_folder("missing"), NULL};
    (void)state;
    options.preset = (enum postern_preset)17;
    not_opened(&options, POSTERN_E_INVALID, "17");
    options = test_options(test_level());
    options.network = options.no_network = true;
    not_opened(&options, POSTERN_E_INVALID, "no_network");
    options = test_options(test_level());
    options.policy_name = "\xff";
    not_opened(&options, POSTERN_E_INVALID, "policy_name");
    options = test_options(test_level());
    options.policy = "{\"version\": \"0.8.0\", \"surprise\": true}";
    not_opened(&options, POSTERN_E_POLICY, "surprise");
    options = test_options(test_level());
    options.read_write = relative;
    not_opened(&options, POSTERN_E_POLICY, "some/where");
    options.read_write = missing;
    not_opened(&options, POSTERN_E_POLICY, "missing");
    options.read_write = NULL;
    options.denied = blank;
    not_opened(&options, POSTERN_E_POLICY, "blank");
    options = test_options(test_level());
    options.ceiling = missing[0];
    not_opened(&options, POSTERN_E_POLICY, "missing");
    options.ceiling = NULL;
    test_close(test_open_with(&options)); /* the control */
}

/* A caller that was built with the first version of the structure. */
static void old_options_are_accepted(void **state)
{
    struct postern_sandbox_options options = test_options(test_level());
    struct postern_command command = POSTERN_COMMAND_INIT;
    (void)state;
    options.size = offsetof(struct postern_sandbox_options, preset);
    options.preset = (enum postern_preset)17; /* not among what it knows */
    struct postern_sandbox *other = test_open_with(&options);
    test_exits(test_start(other, &command, "exit", "5", NULL), 5);
    test_close(other);
}

/* ---- large ---- */

/* `count` arguments of 1,000 bytes after "count". */
static const char **many_arguments(size_t count)
{
    static char filler[1001];
    const char **argv = calloc(count + 3, sizeof(*argv));
    assert_non_null(argv);
    memset(filler, 'x', 1000);
    argv[0] = stream();
    argv[1] = "count";
    for (size_t i = 0; i < count; i++)
        argv[2 + i] = filler;
    return argv;
}

static void long_arguments_work(void **state)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    bool windows = strstr(stream(), ".exe") != NULL;
    size_t count = windows ? 30 : 200;
    char expected[64];
    (void)state;
    const char **argv = many_arguments(count);
    command.argv = argv;
    snprintf(expected, sizeof(expected), "%lu arguments, %lu bytes\n", (unsigned long)count,
             (unsigned long)count * 1000);
    MUST(postern_session_start(sandbox, &command, &session, &test_error));
    test_expect(session, POSTERN_STDOUT, expected);
    test_exits(session, 0);
    free(argv);
    if (!windows)
        return;
    argv = many_arguments(200);
    command.argv = argv; /* more than the system allows, which only the runner knows */
    MUST_FAIL(postern_session_start(sandbox, &command, &session, &test_error), POSTERN_E_LIMIT, NULL, "command line");
    free(argv);
}

static void longer_arguments_are_refused(void **state)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    const char **argv = many_arguments(1049);
    (void)state;
    command.argv = argv;
    refused(&command, POSTERN_E_LIMIT, "arguments");
    free(argv);
    command = touch("made"); /* and the sandbox is none the worse */
    runs(&command, 0);
}

static void longer_environments_are_refused(void **state)
{
    struct postern_command command = touch("made");
    char *entry = malloc(1024 * 1024 + 16);
    const char *const env[] = {entry, NULL};
    (void)state;
    assert_non_null(entry);
    memset(entry, 'x', 1024 * 1024);
    memcpy(entry, "BIG=", 4);
    entry[1024 * 1024] = '\0';
    command.env = env;
    refused(&command, POSTERN_E_LIMIT, "environment");
    assert_false(exists(in_folder("made")));
    free(entry);
}

/* What escapes to six times its size in a frame must not be lost in silence either. */
static void arguments_full_of_controls_are_told(void **state)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    size_t size = strstr(stream(), ".exe") ? 20000 : 100000;
    struct postern_session *session = NULL;
    char *text = malloc(size + 1), expected[64];
    const char *argv[] = {stream(), "count", text, NULL};
    (void)state;
    assert_non_null(text);
    memset(text, 1, size);
    text[size] = '\0';
    command.argv = argv;
    snprintf(expected, sizeof(expected), "1 arguments, %lu bytes\n", (unsigned long)size);
    MUST(postern_session_start(sandbox, &command, &session, &test_error));
    test_expect(session, POSTERN_STDOUT, expected);
    test_exits(session, 0);
    free(text);
}

/* ---- refused by the runner: what only it can see ---- */

static void not_started(const char *program, const char *cwd, int code, const char *word)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    struct postern_result result;
    command.argv = (const char *const[]){program, "exit", "0", NULL};
    command.cwd = cwd;
    memset(&test_error, 0, sizeof(test_error));
    MUST_FAIL(postern_session_start(sandbox, &command, &session, &test_error), code, NULL, word);
    assert_null(session);
    /* begun without waiting: the same by the first wait, as an ended session without output */
    MUST(postern_session_begin(sandbox, &command, &session, &test_error));
    memset(&test_error, 0, sizeof(test_error));
    MUST_FAIL(postern_session_wait(session, TEST_WAIT_MS, &result, &test_error), code, NULL, word);
    assert_true(postern_session_events(session) & POSTERN_EVENT_ENDED);
    assert_int_equal(postern_session_pid(session), 0);
    postern_session_release(session);
}

static void programs_that_are_not_there(void **state)
{
    (void)state;
    not_started("no-such-program-of-that-name", NULL, POSTERN_E_NOT_FOUND, "no-such-program-of-that-name");
    not_started(in_folder("no-such-file"), NULL, POSTERN_E_NOT_FOUND, "no-such-file");
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void programs_that_cannot_be_executed(void **state)
{
    bool windows = strstr(stream(), ".exe") != NULL;
    const char *bad = in_folder(windows ? "bad.exe" : "bad");
    (void)state;
    not_started(folder, NULL, POSTERN_E_NOT_EXECUTABLE, folder);
    if (!windows) {
        write_file(in_folder("plain"), "#!/bin/sh\nexit 0\n");
        not_started(in_folder("plain"), NULL, POSTERN_E_NOT_EXECUTABLE, "plain");
        remove(in_folder("plain"));
    }
    assert_true(host_copy_file(stream(), bad)); /* for its permissions */
    write_file(bad, "this is no program of any format\n");
    not_started(bad, NULL, POSTERN_E_NOT_EXECUTABLE, "bad");
    /* the control: the same place with a program in it */
    remove(bad);
    assert_true(host_copy_file(stream(), bad));
    struct postern_command command = POSTERN_COMMAND_INIT;
    command.argv = (const char *const[]){bad, "exit", "6", NULL};
    runs(&command, 6);
    remove(bad);
}

static void working_directories(void **state)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    char text[2048];
    (void)state;
    command.argv = (const char *const[]){stream(), "cwd", NULL};
    command.cwd = "relative/path";
    refused(&command, POSTERN_E_CWD, "absolute");
    command.cwd = "";
    refused(&command, POSTERN_E_CWD, "absolute");
    not_started(stream(), in_folder("no-such-directory"), POSTERN_E_CWD, "no-such-directory");
    write_file(in_folder("file"), "");
    not_started(stream(), in_folder("file"), POSTERN_E_CWD, "file");
    command.cwd = NULL; /* the workspace */
    MUST(postern_session_start(sandbox, &command, &session, &test_error));
    test_read_all(session, POSTERN_STDOUT, text, sizeof(text));
    const char *name = strstr(text, "postern-test-");
    assert_non_null(name);
    assert_non_null(strstr(folder, "postern-test-"));
    assert_memory_equal(name, strstr(folder, "postern-test-"), strlen(strstr(folder, "postern-test-")));
    test_exits(session, 0);
}

/* ---- calls that do not fit ---- */

static void calls_that_do_not_fit_the_session(void **state)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_sandbox *other = test_open(test_level()); /* where the helper programs are in sight */
    (void)state;
    command.open_stdin = true;
    struct postern_session *session = test_start(other, &command, "hold", NULL);
    MUST_FAIL(postern_session_resize(session, 30, 100, &test_error), POSTERN_E_INVALID, NULL, "terminal");
    MUST_FAIL(postern_session_signal(session, (enum postern_signal)0, &test_error), POSTERN_E_INVALID, NULL, "0");
    MUST_FAIL(postern_session_signal(session, (enum postern_signal)99, &test_error), POSTERN_E_INVALID, NULL, "99");
    MUST(postern_session_close_stdin(session, &test_error));
    MUST(postern_session_close_stdin(session, &test_error));
    test_wait(session);
    MUST_FAIL(postern_session_signal(session, POSTERN_SIGNAL_INTERRUPT, &test_error), POSTERN_E_CLOSED, NULL, "ended");
    postern_session_release(session);
    postern_session_release(NULL);
    postern_sandbox_close(NULL);
    command.tty = true;
    session = test_start(other, &command, "deaf", NULL);
    MUST_FAIL(postern_session_resize(session, 0, 100, &test_error), POSTERN_E_INVALID, NULL, "0");
    MUST(postern_session_resize(session, 30, 100, &test_error));
    postern_session_release(session);
    test_close(other);
}

static void names_of_numbers(void **state)
{
    (void)state;
    assert_string_equal(postern_code_name(POSTERN_E_CWD), "bad_cwd");
    assert_string_equal(postern_code_name(12345), "unknown");
    assert_string_equal(postern_code_text(12345), "unknown");
    assert_string_equal(postern_level_name(POSTERN_LEVEL_RESTRICTED), "restricted");
    assert_string_equal(postern_reason_name(POSTERN_REASON_TIMEOUT), "timeout");
    assert_true(postern_version()[0] >= '0' && postern_version()[0] <= '9');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_command_runs),
        cmocka_unit_test(argv_must_name_a_program),
        cmocka_unit_test(empty_arguments_are_arguments),
        cmocka_unit_test(text_must_be_utf8),
        cmocka_unit_test(environment_entries_need_a_name),
        cmocka_unit_test(sizes_must_fit),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(policies_are_checked),
        cmocka_unit_test(old_options_are_accepted),
        cmocka_unit_test(long_arguments_work),
        cmocka_unit_test(longer_arguments_are_refused),
        cmocka_unit_test(longer_environments_are_refused),
        cmocka_unit_test(arguments_full_of_controls_are_told),
        cmocka_unit_test(programs_that_are_not_there),
        cmocka_unit_test(programs_that_cannot_be_executed),
        cmocka_unit_test(working_directories),
        cmocka_unit_test(calls_that_do_not_fit_the_session),
        cmocka_unit_test(names_of_numbers),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
