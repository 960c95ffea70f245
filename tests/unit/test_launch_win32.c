/*
 * elevated/launch.h on Windows, with the real runner and with others in its place; and what is left when one of the two
 * sides is killed. This program also is the parent that gets killed: see main().
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "elevated/launch.h"
#include "elevated/launch_helper_win32.h"
#include "postern.h"
#include "shared/environment.h"
#include "shared/system.h"
#include "shared/text.h"
#include "shared/wide.h"
#include "tests/support/host_resources_win32.h"
#include "tests/support/manifest.h"
#include "tests/support/run_win32.h"

#define SECOND_US ((uint64_t)1000000)

static const unsigned char key[CRYPTO_KEY_SIZE] = {1, 2, 3};

static struct policy no_policy = {.rules = {.style = PATH_WINDOWS}};

static struct launch_options options_for(const char *libexec, uint64_t wait_ms)
{
    struct launch_options options = {0};

    options.level = POSTERN_LEVEL_NONE;
    options.policy = &no_policy;
    options.libexec = libexec;
    options.key = key;
    options.deadline_us = system_now_us() + wait_ms * 1000;
    return options;
}

/* A directory with something else as its postern-runner.exe; removed by remove_fake(). */
static char *make_fake(const char *program)
{
    char temp[MAX_PATH];
    char *directory, *path;

    assert_true(GetTempPathA(MAX_PATH, temp) > 0);
    directory = text_format("%spostern-fake-%lu", temp, GetCurrentProcessId());
    path = text_format("%s\\postern-runner.exe", directory);
    assert_true(CreateDirectoryA(directory, NULL));
    if (program != NULL) {
        assert_true(CopyFileA(program, path, TRUE));
    }
    assert_true(manifest_write(directory));
    free(path);
    return directory;
}

static void remove_fake(char *directory)
{
    uint64_t end_us = system_now_us() + 5 * SECOND_US;
    char *path = text_format("%s\\postern-runner.exe", directory);

    /* The system lets go of a program's file a little after its end. */
    while (!DeleteFileA(path) && GetLastError() != ERROR_FILE_NOT_FOUND) {
        assert_true(system_now_us() < end_us);
        Sleep(1);
    }
    free(path);
    path = text_format("%s\\postern-runner.exe.pid", directory);
    DeleteFileA(path);
    free(path);
    path = text_format("%s\\postern-helpers.sha256", directory);
    DeleteFileA(path);
    assert_true(RemoveDirectoryA(directory));
    free(path);
    free(directory);
}

/* The process id that the child in the runner's place has left. */
static uint32_t fake_pid(const char *directory)
{
    uint64_t end_us = system_now_us() + 10 * SECOND_US;
    char *path = text_format("%s\\postern-runner.exe.pid", directory);
    unsigned pid = 0;

    while (pid == 0) {
        FILE *file = fopen(path, "r");

        assert_true(system_now_us() < end_us);
        if (file == NULL || fscanf(file, "pid %u\n", &pid) != 1) {
            Sleep(1);
        }
        if (file != NULL) {
            fclose(file);
        }
    }
    free(path);
    return pid;
}

/* ---- what does not start ---- */

/* What a host can't give is not given: on Wine neither a token that holds nor accounts. */
static void levels_are_had_or_refused(void **state)
{
    struct postern_sandbox *sandbox = NULL;
    struct postern_error error = {0};
    int restricted = launch_check_level(POSTERN_LEVEL_RESTRICTED, &error);

    (void)state;
    assert_true(restricted == POSTERN_OK || restricted == POSTERN_E_LEVEL);
    assert_true(restricted == POSTERN_OK || strstr(error.remedy, "--level none") != NULL);
    if (launch_check_level(POSTERN_LEVEL_ELEVATED, &error) != POSTERN_OK) {
        assert_int_equal(error.code, POSTERN_E_LEVEL);
        assert_true(restricted != POSTERN_OK || strstr(error.remedy, "postern setup") != NULL);
    }
    assert_int_equal(launch_check_level(POSTERN_LEVEL_NONE, NULL), 0);
    assert_int_equal(launch_check_level(POSTERN_LEVEL_STRONGEST, NULL), POSTERN_E_INVALID);
    /* Nothing is weakened silently: without a level there is no sandbox. */
    if (run_under_wine()) {
        assert_int_equal(restricted, POSTERN_E_LEVEL);
        assert_int_equal(postern_sandbox_open(NULL, &sandbox, &error), POSTERN_E_LEVEL);
    }
}

static void a_missing_runner_is_named(void **state)
{
    char *directory = make_fake(NULL);
    struct launch_options options = options_for(directory, 10000);
    struct launch *launch = NULL;
    struct postern_error error = {0};

    (void)state;
    assert_false(launch_has_helpers(directory));
    assert_int_equal(launch_start(&options, &launch, &error), POSTERN_E_RUNNER_MISSING);
    assert_non_null(strstr(error.message, "postern-runner.exe"));
    remove_fake(directory);
}

/* It ends at once; that is noticed at once, and not after the time allowed for the start. */
static void a_runner_that_ends_is_noticed(void **state)
{
    char *directory = make_fake("C:\\windows\\system32\\hostname.exe");
    struct launch_options options = options_for(directory, 20000);
    struct launch *launch = NULL;
    struct postern_error error = {0};
    uint64_t start_us = system_now_us();

    (void)state;
    assert_int_equal(launch_start(&options, &launch, &error), POSTERN_E_RUNNER_START);
    assert_true(system_now_us() - start_us < 10 * SECOND_US);
    assert_non_null(strstr(error.message, "exit status"));
    remove_fake(directory);
}

static void a_runner_that_is_no_program_is_not_the_command(void **state)
{
    char *directory = make_fake(NULL);
    char *path = text_format("%s\\postern-runner.exe", directory);
    struct launch_options options = options_for(directory, 10000);
    struct launch *launch = NULL;
    struct postern_error error = {0};
    FILE *file = fopen(path, "wb");

    (void)state;
    assert_non_null(file);
    assert_true(fputs("no program", file) >= 0 && fclose(file) == 0);
    assert_true(manifest_write(directory));
    assert_int_equal(launch_start(&options, &launch, &error), POSTERN_E_RUNNER_START);
    assert_int_equal(error.code, POSTERN_E_RUNNER_START);
    assert_int_equal(error.os_error, ERROR_BAD_EXE_FORMAT);
    free(path);
    remove_fake(directory);
}

static void a_runner_that_never_connects_is_ended(void **state)
{
    char *directory = make_fake(run_child_path());
    struct launch_options options = options_for(directory, 500);
    struct launch *launch = NULL;
    uint64_t start_us = system_now_us();

    (void)state;
    assert_int_equal(launch_start(&options, &launch, NULL), POSTERN_E_TIMED_OUT);
    assert_true(system_now_us() - start_us < 10 * SECOND_US);
    remove_fake(directory); /* which could not be done while it ran */
}

/* ---- the runner is pinned ---- */

static int start_code(const char *directory, struct postern_error *error)
{
    struct launch_options options = options_for(directory, 20000);
    struct launch *launch = NULL;
    int code = launch_start(&options, &launch, error);

    launch_end(launch);
    return code;
}

/* After the last section, so that it runs as before. */
static void append_byte(const char *path)
{
    FILE *file = fopen(path, "ab");

    assert_non_null(file);
    assert_true(fputc('x', file) != EOF && fclose(file) == 0);
}

static void write_manifest(const char *directory, const char *text)
{
    char *path = text_format("%s\\postern-helpers.sha256", directory);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
    free(path);
}

static void a_runner_that_is_another_does_not_start(void **state)
{
    static const char other[] = "0000000000000000000000000000000000000000000000000000000000000000";
    char *directory = make_fake(test_bin_path("postern-runner"));
    char *path = text_format("%s\\postern-runner.exe", directory);
    char *wrong = text_format("%s  postern-runner.exe\n", other), *foreign = text_format("%s  postern.exe\n", other);
    struct postern_error error = {0};

    (void)state;
    assert_int_equal(start_code(directory, &error), 0);
    append_byte(path);
    assert_int_equal(start_code(directory, &error), POSTERN_E_RUNNER_START);
    assert_non_null(strstr(error.message, "SHA-256"));
    assert_true(manifest_write(directory)); /* it was this, and nothing else, that kept it from starting */
    assert_int_equal(start_code(directory, &error), 0);
    write_manifest(directory, wrong);
    assert_int_equal(start_code(directory, &error), POSTERN_E_RUNNER_START);
    write_manifest(directory, foreign);
    assert_int_equal(start_code(directory, &error), POSTERN_E_RUNNER_MISSING);
    write_manifest(directory, "garbage\n");
    assert_int_equal(start_code(directory, &error), POSTERN_E_RUNNER_MISSING);
    write_manifest(directory, "");
    assert_int_equal(start_code(directory, &error), POSTERN_E_RUNNER_MISSING);
    free(foreign);
    free(wrong);
    free(path);
    remove_fake(directory);
}

static bool may_write(const char *path)
{
    HANDLE file = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);

    if (file == INVALID_HANDLE_VALUE) {
        return false;
    }
    CloseHandle(file);
    return true;
}

/* From the check to the execution. */
static void the_file_is_held(void **state)
{
    char *directory = make_fake(test_bin_path("postern-runner"));
    char *path = text_format("%s\\postern-runner.exe", directory), *away = text_format("%s\\away.exe", directory);
    struct postern_error error = {0};
    os_handle held = OS_HANDLE_NONE;
    HANDLE writer;

    (void)state;
    assert_true(may_write(path));
    assert_int_equal(helper_hold(directory, "postern-runner.exe", &held, &error), 0);
    assert_false(may_write(path));
    assert_false(MoveFileA(path, away));
    assert_false(DeleteFileA(path));
    handle_close(&held);
    assert_true(MoveFileA(path, away));
    assert_true(MoveFileA(away, path));
    /* somebody who could still write */
    writer = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                         OPEN_EXISTING, 0, NULL);
    assert_true(writer != INVALID_HANDLE_VALUE);
    assert_int_equal(helper_hold(directory, "postern-runner.exe", &held, &error), POSTERN_E_RUNNER_START);
    assert_int_equal(error.os_error, ERROR_SHARING_VIOLATION);
    assert_true(held == OS_HANDLE_NONE);
    CloseHandle(writer);
    assert_int_equal(helper_hold(directory, "postern-runner.exe", &held, &error), 0);
    handle_close(&held);
    free(away);
    free(path);
    remove_fake(directory);
}

/* ---- what does ---- */

static void the_runner_starts_and_its_end_is_described(void **state)
{
    struct launch_options options = options_for(test_bin_dir(), 10000);
    struct launch *launch = NULL;
    struct postern_error error = {0};
    struct strings environment = {0};
    os_handle channel, process;

    (void)state;
    if (launch_start(&options, &launch, &error) != 0) {
        fail_msg("%s", error.message);
    }
    channel = launch_take_channel(launch);
    assert_true(channel != OS_HANDLE_NONE);
    process = run_open_process(launch_runner_pid(launch));
    assert_true(process != OS_HANDLE_NONE);
    assert_false(run_is_signalled(launch_wait_handle(launch)));
    assert_string_equal(launch_in_force(launch)->item[0], "lifetime:job");
    assert_true(system_path_is_absolute(launch_default_directory(launch)));
    assert_true(launch_put_identity(launch, &environment));
    assert_string_equal(environment_get(&environment, "userprofile", true), launch_home(launch));
    assert_string_equal(environment_get(&environment, "TEMP", true), launch_temp(launch));
    assert_string_equal(environment_get(&environment, "USERNAME", true), launch_user(launch));
    strings_free(&environment);
    handle_close(&channel); /* the runner sees its parent gone */
    assert_true(run_wait(launch_wait_handle(launch)));
    launch_describe_end(launch, &error);
    assert_int_equal(error.code, POSTERN_E_RUNNER_DIED);
    assert_non_null(strstr(error.message, "exit status"));
    launch_end(launch);
    assert_true(run_is_signalled(process));
    handle_close(&process);
}

static void limits_are_put_on_the_job(void **state)
{
    struct launch_options options = options_for(test_bin_dir(), 10000);
    struct policy policy;
    struct launch *launch = NULL;
    struct postern_error error = {0};

    (void)state;
    policy_init(&policy, PATH_WINDOWS);
    policy.limits.memory = UINT64_C(1) << 30;
    policy.limits.processes = 50;
    options.policy = &policy;
    if (launch_start(&options, &launch, &error) != 0) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(launch_in_force(launch)->count, 3);
    assert_string_equal(launch_in_force(launch)->item[1], "limits.memory:job");
    assert_string_equal(launch_in_force(launch)->item[2], "limits.processes:job");
    launch_end(launch);
    policy.limits.cpu_ms = 1000;
    assert_int_equal(launch_start(&options, &launch, &error), POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, "limits.cpu"));
    policy_free(&policy);
}

static void ending_kills_the_runner(void **state)
{
    struct launch_options options = options_for(test_bin_dir(), 10000);
    struct launch *launch = NULL;
    os_handle process;

    (void)state;
    assert_int_equal(launch_start(&options, &launch, NULL), 0);
    process = run_open_process(launch_runner_pid(launch));
    launch_end(launch);
    assert_true(run_is_signalled(process));
    handle_close(&process);
}

static uint32_t handles_of(uint32_t pid)
{
    uint32_t count = host_handles_of(pid);

    assert_true(count > 0);
    return count;
}

static void nothing_is_left_open(void **state)
{
    uint32_t before = 0;

    for (int i = 0; i < 4; i++) {
        if (i == 1) {
            before = handles_of(GetCurrentProcessId());
        }
        ending_kills_the_runner(state);
    }
    assert_int_equal(handles_of(GetCurrentProcessId()), before);
}

/* ---- through the library ---- */

static struct postern_sandbox *open_sandbox(void)
{
    struct postern_sandbox_options options = POSTERN_SANDBOX_OPTIONS_INIT;
    struct postern_sandbox *sandbox = NULL;
    struct postern_error error = {0};

    options.level = POSTERN_LEVEL_NONE;
    options.libexec = test_bin_dir();
    if (postern_sandbox_open(&options, &sandbox, &error) != 0) {
        fail_msg("%s: %s", error.stage, error.message);
    }
    return sandbox;
}

static struct postern_session *start(struct postern_sandbox *sandbox, const char *const *argv)
{
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    struct postern_error error = {0};

    command.argv = argv;
    command.open_stdin = true;
    if (postern_session_start(sandbox, &command, &session, &error) != 0) {
        fail_msg("%s: %s", error.stage, error.message);
    }
    return session;
}

static void our_environment_and_handles_do_not_reach_the_command(void **state)
{
    SECURITY_ATTRIBUTES inherit = {.nLength = sizeof(inherit), .bInheritHandle = TRUE};
    HANDLE stray = CreateEventW(&inherit, TRUE, FALSE, NULL);
    char *stray_text = text_format("%llu", (unsigned long long)(uintptr_t)stray);
    const char *env_argv[] = {run_child_path(), "env", "POSTERN_TEST_CANARY", "SystemRoot", NULL};
    const char *handle_argv[] = {run_child_path(), "handles", stray_text, NULL};
    struct postern_sandbox_options options = POSTERN_SANDBOX_OPTIONS_INIT;
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_run_result result;

    (void)state;
    assert_true(SetEnvironmentVariableW(L"POSTERN_TEST_CANARY", L"leaked"));
    options.level = POSTERN_LEVEL_NONE;
    options.libexec = test_bin_dir();
    command.argv = env_argv;
    assert_int_equal(postern_run(&options, &command, NULL, 0, 0, &result, NULL), 0);
    assert_memory_equal(result.out.data, "(unset)\nC:\\", 11);
    postern_run_result_free(&result);
    command.argv = handle_argv;
    assert_int_equal(postern_run(&options, &command, NULL, 0, 0, &result, NULL), 0);
    assert_string_equal((char *)result.out.data, "closed\n");
    postern_run_result_free(&result);
    free(stray_text);
    CloseHandle(stray);
}

static void run_to_the_end(struct postern_sandbox *sandbox, bool tty)
{
    const char *argv[] = {run_child_path(), "lines", "20", NULL};
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    struct postern_result result;

    command.argv = argv;
    command.tty = tty;
    command.open_stdin = true;
    assert_int_equal(postern_session_start(sandbox, &command, &session, NULL), 0);
    assert_int_equal(postern_session_wait(session, 20000, &result, NULL), 0);
    assert_int_equal(result.reason, POSTERN_REASON_EXITED);
    assert_int_equal(result.exit_code, 0);
    assert_false(result.output_cut);
    postern_session_release(session);
}

static void sessions_leave_no_handle_in_the_runner(void **state)
{
    struct postern_sandbox *sandbox = open_sandbox();
    uint64_t end_us = system_now_us() + 15 * SECOND_US;
    struct postern_sandbox_info info;
    uint32_t before;

    (void)state;
    postern_sandbox_get_info(sandbox, &info);
    run_to_the_end(sandbox, false); /* what is opened once */
    run_to_the_end(sandbox, true);
    before = handles_of(info.runner_pid);
    for (int i = 0; i < 5; i++) {
        run_to_the_end(sandbox, false);
        run_to_the_end(sandbox, true);
    }
    /* The threads that close consoles, and the system's that wait, go a little later. */
    while (handles_of(info.runner_pid) > before) {
        if (system_now_us() >= end_us) {
            fail_msg("%u handles before, %u after", before, handles_of(info.runner_pid));
        }
        Sleep(1);
    }
    postern_sandbox_close(sandbox);
}

static void a_killed_runner_is_reported_at_once(void **state)
{
    const char *argv[] = {run_child_path(), "wait", NULL};
    struct postern_sandbox *sandbox = open_sandbox();
    struct postern_session *session = start(sandbox, argv);
    struct postern_sandbox_info info;
    struct postern_result result;
    os_handle command = run_open_process(postern_session_pid(session));
    uint64_t start_us;
    HANDLE runner;

    (void)state;
    assert_true(command != OS_HANDLE_NONE);
    postern_sandbox_get_info(sandbox, &info);
    runner = OpenProcess(PROCESS_TERMINATE, FALSE, info.runner_pid);
    assert_non_null(runner);
    assert_true(TerminateProcess(runner, 77));
    CloseHandle(runner);
    start_us = system_now_us();
    assert_int_equal(postern_session_wait(session, 15000, &result, NULL), 0);
    assert_int_equal(result.reason, POSTERN_REASON_RUNNER_DIED);
    assert_true(system_now_us() - start_us < 5 * SECOND_US);
    assert_true(run_wait(command)); /* with its runner */
    handle_close(&command);
    postern_session_release(session);
    postern_sandbox_close(sandbox);
}

/* The parent that is killed: starts a command and says who is who. */
static int hold(void)
{
    const char *argv[] = {run_child_path(), "wait", NULL};
    struct postern_sandbox *sandbox = open_sandbox();
    struct postern_session *session = start(sandbox, argv);
    struct postern_sandbox_info info;
    char text[64];
    DWORD written;

    postern_sandbox_get_info(sandbox, &info);
    snprintf(text, sizeof(text), "%u\n%u\n", (unsigned)info.runner_pid, (unsigned)postern_session_pid(session));
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, (DWORD)strlen(text), &written, NULL);
    Sleep(RUN_WAIT_MS);
    return 0;
}

static void spawn_self(const char *mode, const char *argument, os_handle output, struct process *out)
{
    const char *argv[] = {"test", mode, argument, NULL};
    wchar_t self_wide[MAX_PATH];
    struct process_spec spec;
    char *self;

    assert_true(GetModuleFileNameW(NULL, self_wide, MAX_PATH) > 0);
    self = wide_to_utf8(self_wide);
    process_spec_init(&spec);
    spec.program = self;
    spec.argv = argv;
    spec.env = run_environment();
    spec.out = output;
    assert_int_equal(process_spawn(&spec, out, NULL), 0);
    free(self);
}

/* A runner that does not look after its parent: the system ends it. */
static void even_a_dead_runner_ends_with_the_parent(void **state)
{
    char *directory = make_fake(run_child_path());
    struct process parent = {OS_HANDLE_NONE, 0};
    os_handle runner;

    (void)state;
    spawn_self("--hold-fake", directory, OS_HANDLE_NONE, &parent);
    runner = run_open_process(fake_pid(directory));
    assert_true(runner != OS_HANDLE_NONE);
    assert_false(run_is_signalled(runner));
    process_close(&parent);
    assert_int_equal(WaitForSingleObject((HANDLE)runner, 1000), WAIT_OBJECT_0);
    handle_close(&runner);
    remove_fake(directory);
}

static void all_end_with_the_parent(void **state)
{
    struct process parent = {OS_HANDLE_NONE, 0};
    os_handle reader, writer, member[2];

    (void)state;
    run_pipe(&reader, &writer);
    spawn_self("--hold", NULL, writer, &parent);
    handle_close(&writer);
    for (int i = 0; i < 2; i++) {
        char line[64];

        run_read_line(reader, line, sizeof(line));
        member[i] = run_open_process((uint32_t)strtoul(line, NULL, 10));
        assert_true(member[i] != OS_HANDLE_NONE);
        assert_false(run_is_signalled(member[i]));
    }
    process_kill(&parent);
    assert_true(run_wait(parent.handle));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(WaitForSingleObject((HANDLE)member[i], 1000), WAIT_OBJECT_0);
        handle_close(&member[i]);
    }
    process_close(&parent);
    handle_close(&reader);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_had_or_refused),
        cmocka_unit_test(a_missing_runner_is_named),
        cmocka_unit_test(a_runner_that_ends_is_noticed),
        cmocka_unit_test(a_runner_that_is_no_program_is_not_the_command),
        cmocka_unit_test(a_runner_that_never_connects_is_ended),
        cmocka_unit_test(a_runner_that_is_another_does_not_start),
        cmocka_unit_test(the_file_is_held),
        cmocka_unit_test(the_runner_starts_and_its_end_is_described),
        cmocka_unit_test(limits_are_put_on_the_job),
        cmocka_unit_test(ending_kills_the_runner),
        cmocka_unit_test(nothing_is_left_open),
        cmocka_unit_test(our_environment_and_handles_do_not_reach_the_command),
        cmocka_unit_test(sessions_leave_no_handle_in_the_runner),
        cmocka_unit_test(a_killed_runner_is_reported_at_once),
        cmocka_unit_test(all_end_with_the_parent),
        cmocka_unit_test(even_a_dead_runner_ends_with_the_parent),
    };

    policy_init(&no_policy, PATH_WINDOWS);
    if (argc > 1 && strcmp(argv[1], "--hold") == 0) {
        return hold();
    }
    if (argc > 2 && strcmp(argv[1], "--hold-fake") == 0) {
        struct launch_options options = options_for(argv[2], RUN_WAIT_MS);
        struct launch *launch = NULL;

        return launch_start(&options, &launch, NULL) == 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
