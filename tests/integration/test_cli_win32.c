/*
 * The `postern` command on Windows: exit codes, streams, arguments, limits. Level none, the only one there is yet.
 * timeout: 240
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "tests/support/run_win32.h"

#define MANY 3000000u /* bytes: more than the windows and pipes on the way hold */

static const char *postern_path(void)
{
    static char path[MAX_PATH];

    strcpy(path, test_bin_path("postern"));
    return path;
}

#define ARGUMENTS_MAX 24

/* postern run --level none --quiet OPTION... -- child MODE... : `list` has the options and the mode, with "--" in
 * between; both may be missing. The whole of it ends with NULL. */
static void command_line(const char *const *list, const char **argv)
{
    size_t count = 0;
    bool seen = false;

    argv[count++] = "postern";
    argv[count++] = "run";
    argv[count++] = "--level=none";
    argv[count++] = "--quiet";
    for (; *list != NULL; list++) {
        assert_true(count + 2 < ARGUMENTS_MAX);
        argv[count++] = *list;
        if (!seen && strcmp(*list, "--") == 0) {
            seen = true;
            argv[count++] = run_child_path();
        }
    }
    argv[count] = NULL;
}

static void run_with(struct process_spec *spec, const char *const *list, struct run *out)
{
    const char *argv[ARGUMENTS_MAX];

    command_line(list, argv);
    spec->program = postern_path();
    run_spec(spec, argv, out);
}

static void run(const char *const *list, struct run *out)
{
    struct process_spec spec;

    process_spec_init(&spec);
    run_with(&spec, list, out);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A pipe that is filled by a thread and then closed. */
struct feeder {
    HANDLE writer, thread;
    size_t size;
};

static DWORD WINAPI feed(void *context)
{
    struct feeder *feeder = context;
    static char data[65536];

    memset(data, 'x', sizeof(data));
    while (feeder->size > 0) {
        DWORD want = (DWORD)(feeder->size < sizeof(data) ? feeder->size : sizeof(data)), written = 0;
        if (!WriteFile(feeder->writer, data, want, &written, NULL)) {
            break;
        }
        feeder->size -= written;
    }
    CloseHandle(feeder->writer);
    return 0;
}

static os_handle feeder_start(struct feeder *feeder, size_t size)
{
    os_handle reader, writer;

    run_pipe(&reader, &writer);
    feeder->writer = (HANDLE)writer;
    feeder->size = size;
    feeder->thread = CreateThread(NULL, 0, feed, feeder, 0, NULL);
    assert_non_null(feeder->thread);
    return reader;
}

static void feeder_end(struct feeder *feeder)
{
    assert_int_equal(WaitForSingleObject(feeder->thread, RUN_WAIT_MS), WAIT_OBJECT_0);
    CloseHandle(feeder->thread);
}

static void version_and_help(void **state)
{
    struct process_spec spec;
    struct run result;

    (void)state;
    process_spec_init(&spec);
    spec.program = postern_path();
    run_spec(&spec, LIST("postern", "--version"), &result);
    assert_int_equal(result.exit_code, 0);
    assert_memory_equal(result.text, "postern ", 8);
    assert_null(strchr(result.text, '\r'));
    process_spec_init(&spec);
    spec.program = postern_path();
    run_spec(&spec, LIST("postern", "nonsense"), &result);
    assert_int_equal(result.exit_code, 2);
}

static void exit_codes_have_32_bits(void **state)
{
    struct run result;

    (void)state;
    run(LIST("--", "exit", "0"), &result);
    assert_int_equal(result.exit_code, 0);
    run(LIST("--", "exit", "300"), &result);
    assert_int_equal(result.exit_code, 300);
    run(LIST("--", "exit", "0xC0000005"), &result);
    assert_int_equal((unsigned)result.exit_code, 0xC0000005u);
}

static void an_exit_code_of_the_system_is_named(void **state)
{
    struct run result;

    (void)state;
    run(LIST("--json", "--", "exit", "0xC000013A"), &result);
    assert_int_equal((unsigned)result.exit_code, 0xC000013Au);
    assert_non_null(strstr(result.text, "\"exit_code\":-1073741510"));
    assert_non_null(strstr(result.text, "\"name\":\"STATUS_CONTROL_C_EXIT\""));
    run(LIST("--json", "--", "exit", "300"), &result);
    assert_non_null(strstr(result.text, "\"exit_meaning\":null"));
}

/* Pipes carry bytes. A command on them has a console nobody sees, whose code page is that of the system until the
 * command sets another: so it can. */
static void a_command_on_pipes_chooses_its_code_page(void **state)
{
    struct process_spec spec;
    struct run result;

    (void)state;
    process_spec_init(&spec);
    spec.program = postern_path();
    run_spec(&spec,
             LIST("postern", "run", "--level=none", "--quiet", "--", "cmd", "/c",
                  "chcp 65001>nul& echo \xc3\xa4\xe2\x82\xac"),
             &result);
    assert_string_equal(result.text, "\xc3\xa4\xe2\x82\xac\r\n");
    process_spec_init(&spec);
    spec.program = postern_path();
    run_spec(&spec, LIST("postern", "run", "--level=none", "--quiet", "--", "cmd", "/c", "chcp 437>nul& echo \xc3\xa4"),
             &result);
    assert_string_equal(result.text, "\x84\r\n");
}

static void what_postern_cannot_do_is_125_to_127(void **state)
{
    struct run result;

    (void)state;
    run(LIST("no-such-program-here"), &result);
    assert_int_equal(result.exit_code, 127);
    run(LIST("--nonsense", "--", "exit", "0"), &result);
    assert_int_equal(result.exit_code, 125);
    run(LIST("--cwd=no-such-directory", "--", "exit", "0"), &result);
    assert_int_equal(result.exit_code, 125);
}

static void arguments_and_environment_arrive_as_they_are(void **state)
{
    struct run result;

    (void)state;
    run(LIST("--", "args", "a  b", "", "c\"d", "e\\", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "*", "--json"), &result);
    assert_string_equal(result.text, "a  b\n\nc\"d\ne\\\n\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n*\n--json\n");
    run(LIST("--env=A=\xc3\xa4 b", "--env", "B=", "--", "env", "A", "B"), &result);
    assert_string_equal(result.text, "\xc3\xa4 b\n\n");
}

static void input_goes_through_to_its_end(void **state)
{
    struct process_spec spec;
    struct feeder feeder;
    struct run result;

    (void)state;
    process_spec_init(&spec);
    spec.in = feeder_start(&feeder, 50000);
    run_with(&spec, LIST("--", "cat"), &result);
    assert_int_equal(result.exit_code, 0);
    assert_int_equal(result.size, 50000);
    handle_close(&spec.in);
    feeder_end(&feeder);

    process_spec_init(&spec); /* no input: its end comes at once */
    run_with(&spec, LIST("--", "cat"), &result);
    assert_int_equal(result.exit_code, 0);
    assert_int_equal(result.size, 0);
}

static void input_that_nobody_reads_does_not_hold_the_end_up(void **state)
{
    struct process_spec spec;
    struct feeder feeder;
    struct run result;

    (void)state;
    process_spec_init(&spec);
    spec.in = feeder_start(&feeder, MANY);
    run_with(&spec, LIST("--timeout=500ms", "--", "wait"), &result);
    assert_int_equal(result.exit_code, 124);
    handle_close(&spec.in);
    feeder_end(&feeder);
}

static void a_timeout_takes_the_whole_tree(void **state)
{
    struct run result;
    const char *at;
    unsigned pid = 0;

    (void)state;
    run(LIST("--timeout=2s", "--grace=0", "--", "tree", "2"), &result);
    assert_int_equal(result.exit_code, 124);
    at = strstr(result.text, "pid ");
    assert_non_null(at);
    for (int processes = 0; at != NULL; processes++, at = strstr(at + 1, "pid ")) {
        os_handle process;
        assert_int_equal(sscanf(at, "pid %u", &pid), 1);
        process = run_open_process(pid);
        if (process != OS_HANDLE_NONE) { /* the number may live on a little longer than the process */
            assert_true(run_wait(process));
            handle_close(&process);
        }
    }
}

static void json_is_one_object(void **state)
{
    struct run result;

    (void)state;
    run(LIST("--json", "--", "exit", "7"), &result);
    assert_int_equal(result.exit_code, 7);
    assert_non_null(strstr(result.text, "{\"exit_code\":7,\"signal\":null,\"reason\":\"exited\""));
    assert_non_null(strstr(result.text, "\"level\":\"none\""));
    run(LIST("--json", "--max-output=100", "--", "write", "5000"), &result);
    assert_int_equal(result.exit_code, 0);
    assert_non_null(strstr(result.text, "\"stdout_omitted\":4900"));
    run(LIST("--json", "no-such-program-here"), &result);
    assert_int_equal(result.exit_code, 127);
    assert_non_null(strstr(result.text, "{\"error\":{\"code\":\"not_found\""));
}

/* Starts postern with its stdout in a pipe and returns the reading end. */
static os_handle start(const char *const *list, struct process *process)
{
    const char *argv[ARGUMENTS_MAX];
    os_handle reader = OS_HANDLE_NONE, writer = OS_HANDLE_NONE;
    struct process_spec spec;
    struct postern_error error = {0};

    command_line(list, argv);
    run_pipe(&reader, &writer);
    process_spec_init(&spec);
    spec.program = postern_path();
    spec.argv = argv;
    spec.env = run_environment();
    spec.out = writer;
    if (process_spawn(&spec, process, &error) != 0) {
        fail_msg("%s", error.message);
    }
    handle_close(&writer);
    return reader;
}

static int end(struct process *process)
{
    struct process_exit status = {0};

    assert_true(run_wait(process->handle));
    assert_true(process_collect(process, &status));
    process_close(process);
    return status.exit_code;
}

static void a_slow_reader_gets_everything(void **state)
{
    struct process process;
    os_handle reader;
    static unsigned char data[65536];
    size_t size = 0;
    DWORD got;
    char number[16];

    (void)state;
    snprintf(number, sizeof(number), "%u", MANY);
    reader = start(LIST("--", "write", number), &process);
    /* By the time the limits for trailing output have passed the command has long ended, or been held back. */
    assert_int_equal(WaitForSingleObject((HANDLE)process.handle, 4000), WAIT_TIMEOUT);
    while (ReadFile((HANDLE)reader, data, sizeof(data), &got, NULL) && got > 0) {
        for (DWORD i = 0; i < got; i++, size++) {
            assert_int_equal(data[i], size % 251);
        }
    }
    assert_int_equal(size, MANY);
    assert_int_equal(end(&process), 0);
    handle_close(&reader);
}

static void a_reader_that_goes_away_ends_it(void **state)
{
    struct process process;
    os_handle reader;
    char byte;
    DWORD got = 0;

    (void)state;
    reader = start(LIST("--", "write", "1000000000000"), &process);
    assert_true(ReadFile((HANDLE)reader, &byte, 1, &got, NULL) && got == 1);
    handle_close(&reader);
    assert_int_equal(end(&process), 141);
}

static void a_command_does_not_outlive_postern(void **state)
{
    struct process process;
    os_handle reader, child;
    char line[64];
    unsigned pid = 0;

    (void)state;
    reader = start(LIST("--", "tree", "0"), &process);
    run_read_line(reader, line, sizeof(line));
    assert_int_equal(sscanf(line, "pid %u", &pid), 1);
    child = run_open_process(pid);
    assert_true(child != OS_HANDLE_NONE && !run_is_signalled(child));
    process_kill(&process);
    assert_true(run_wait(child));
    process_close(&process);
    handle_close(&child);
    handle_close(&reader);
}

static void a_console_is_to_be_had_by_name(void **state)
{
    struct run result;

    (void)state;
    run(LIST("--", "std"), &result);
    assert_null(strstr(result.text, "console"));
    run(LIST("--tty=always", "--", "std"), &result);
    assert_int_equal(result.exit_code, 0);
    assert_non_null(strstr(result.text, "console"));
}

/* postern WORD...: its exit status, and what it said. */
static int verb(const char *const *words, struct run *out)
{
    struct process_spec spec;
    const char *argv[ARGUMENTS_MAX] = {"postern"};

    for (size_t i = 0; words[i] != NULL; i++) {
        assert_true(i + 2 < ARGUMENTS_MAX);
        argv[i + 1] = words[i];
    }
    process_spec_init(&spec);
    spec.program = postern_path();
    run_spec(&spec, argv, out);
    return out->exit_code;
}

static void doctor_finds_level_none_healthy(void **state)
{
    struct run out;

    (void)state;
    if (verb((const char *const[]){"doctor", "--level", "none", NULL}, &out) != 0) {
        fail_msg("%s", out.text);
    }
    assert_non_null(strstr(out.text, "Healthy"));
    /* the only level there is has no boundary */
    assert_int_equal(verb((const char *const[]){"doctor", "--level", "restricted", NULL}, &out), 1);
    assert_non_null(strstr(out.text, "not offered"));
}

static void probe_and_policy_check_promise_nothing(void **state)
{
    struct run out;

    (void)state;
    assert_int_equal(verb((const char *const[]){"probe", "--json", NULL}, &out), 0);
    assert_non_null(strstr(out.text, "\"conpty\":{\"present\":true"));
    assert_null(strstr(out.text, "rlimit"));
    assert_non_null(strstr(out.text, run_under_wine() ? "\"restricted_token\":{\"holds\":false"
                                                      : "\"restricted_token\":{\"holds\":true"));
    assert_int_equal(verb((const char *const[]){"policy", "check", "--level=none", NULL}, &out), 0);
    assert_int_equal(verb((const char *const[]){"policy", "check", "--level=none", "--memory=1G", NULL}, &out), 0);
    assert_non_null(strstr(out.text, "limits.memory"));
    assert_int_equal(verb((const char *const[]){"policy", "check", "--level=none", "--cpu-time=9s", NULL}, &out), 1);
    assert_non_null(strstr(out.text, "limits.cpu"));
    assert_int_equal(verb((const char *const[]){"policy", "check", "--level=none", "--rw=.", NULL}, &out), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_and_help),
        cmocka_unit_test(exit_codes_have_32_bits),
        cmocka_unit_test(an_exit_code_of_the_system_is_named),
        cmocka_unit_test(a_command_on_pipes_chooses_its_code_page),
        cmocka_unit_test(what_postern_cannot_do_is_125_to_127),
        cmocka_unit_test(arguments_and_environment_arrive_as_they_are),
        cmocka_unit_test(input_goes_through_to_its_end),
        cmocka_unit_test(input_that_nobody_reads_does_not_hold_the_end_up),
        cmocka_unit_test(a_timeout_takes_the_whole_tree),
        cmocka_unit_test(json_is_one_object),
        cmocka_unit_test(a_slow_reader_gets_everything),
        cmocka_unit_test(a_reader_that_goes_away_ends_it),
        cmocka_unit_test(a_command_does_not_outlive_postern),
        cmocka_unit_test(a_console_is_to_be_had_by_name),
        cmocka_unit_test(doctor_finds_level_none_healthy),
        cmocka_unit_test(probe_and_policy_check_promise_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
