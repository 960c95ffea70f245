/*
 * elevated/launch.h at levels restricted and elevated: what the runner is given, and what is left of it. The runner is
 * this program itself (see runner_main()): it says what it has got in its log. The accounts are in a directory of the
 * test's, and a logon starts a program of our own user: what a logon of another user does only a real Windows shows.
 * wraps: token_try account_logon account_profile setup_place_find setup_sid_text_of network_filter_ask
 * wraps: launch_record_write
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "elevated/account_win32.h"
#include "elevated/launch.h"
#include "elevated/launch_parts_win32.h"
#include "elevated/network_filter.h"
#include "elevated/setup_win32.h"
#include "ipc/bootstrap.h"
#include "ipc/endpoint.h"
#include "postern.h"
#include "shared/environment.h"
#include "shared/security_win32.h"
#include "shared/system.h"
#include "shared/text.h"
#include "shared/token_win32.h"
#include "shared/wide.h"
#include "tests/support/manifest.h"
#include "tests/support/run_win32.h"
#include "tests/support/wraps_win32.h"

#define ACCOUNT "postern-online-1"
#define OFFLINE "postern-offline-1"

static const unsigned char key[CRYPTO_KEY_SIZE] = {1, 2, 3};
static const wchar_t secret_text[SETUP_PASSWORD_SIZE] = L"0123456789012345678901234567890123456789";
static char *place, *libexec, *log_path; /* of this test, removed at the end */
static char account[TOKEN_SID_SIZE];     /* of no one: other programs use our own meanwhile */

/* ---- the host ---- */

static struct {
    DWORD end[4]; /* what logons end with, the first first; 0: the program starts */
    unsigned count;
    char name[64], cwd[MAX_PATH];
    wchar_t password[SETUP_PASSWORD_SIZE];
    char record[MAX_PATH];
    bool record_early;    /* was the start record there before the runner was? */
    bool record_readable; /* for our own user */
} logons;

int __wrap_token_try(os_handle token, const char *sid, struct postern_error *error)
{
    return run_under_wine() ? POSTERN_OK : __real_token_try(token, sid, error);
}

int __wrap_setup_place_find(struct setup_windows *windows, struct postern_error *error);
int __wrap_setup_place_find(struct setup_windows *windows, struct postern_error *error)
{
    (void)error;
    windows->above = text_duplicate(place);
    windows->place = text_duplicate(place);
    windows->run = text_format("%s\\run", place);
    windows->journal.path = text_format("%s\\undo-record", place);
    return 0;
}

char *__wrap_setup_sid_text_of(const char *name);
char *__wrap_setup_sid_text_of(const char *name)
{
    (void)name;
    return text_duplicate(account);
}

/* Nobody has a profile by that SID; ours is as good. */
DWORD __real_account_profile(const char *sid, char **out);
DWORD __wrap_account_profile(const char *sid, char **out);
DWORD __wrap_account_profile(const char *sid, char **out)
{
    char *own = security_own_sid();
    DWORD number = strcmp(sid, account) == 0 ? __real_account_profile(own, out) : ERROR_INVALID_PARAMETER;

    free(own);
    return number;
}

/* Commands at level restricted are our user, so he may not read it. The account's runner is him as well here: as the
 * file's owner he can let himself. */
int __real_launch_record_write(struct launch_start *start, const char *account_sid, struct postern_error *error);
int __wrap_launch_record_write(struct launch_start *start, const char *account_sid, struct postern_error *error);
int __wrap_launch_record_write(struct launch_start *start, const char *account_sid, struct postern_error *error)
{
    SECURITY_DESCRIPTOR open_to_all;
    int code = __real_launch_record_write(start, account_sid, error);
    HANDLE file = code == 0 ? CreateFileA(start->record_path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                                          OPEN_EXISTING, 0, NULL)
                            : INVALID_HANDLE_VALUE;

    logons.record_readable = file != INVALID_HANDLE_VALUE;
    if (file != INVALID_HANDLE_VALUE) {
        CloseHandle(file);
    }
    InitializeSecurityDescriptor(&open_to_all, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorDacl(&open_to_all, TRUE, NULL, FALSE);
    if (code == 0) {
        SetFileSecurityA(start->record_path, DACL_SECURITY_INFORMATION, &open_to_all);
    }
    return code;
}

static bool filter_gone;

enum network_filter_answer __wrap_network_filter_ask(const char *sid, struct postern_error *error);
enum network_filter_answer __wrap_network_filter_ask(const char *sid, struct postern_error *error)
{
    (void)sid;
    if (!filter_gone) {
        return NETWORK_FILTER_HOLDS;
    }
    error_set(error, POSTERN_E_LEVEL, "test", "", "the filter is gone");
    return NETWORK_FILTER_FAILS;
}

static bool exists(const char *path)
{
    return GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES;
}

/* Where the command line says that the start record will be. */
static void note_record(const wchar_t *line)
{
    const wchar_t *at = wcsstr(line, L"file:");
    size_t i = 0;

    assert_non_null(at);
    for (at += 5; at[i] != L'\0' && at[i] != L'"' && i + 1 < sizeof(logons.record); i++) {
        logons.record[i] = (char)at[i];
    }
    logons.record[i] = '\0';
    logons.record_early = exists(logons.record);
}

DWORD __wrap_account_logon(const struct account_call *call, PROCESS_INFORMATION *out);
DWORD __wrap_account_logon(const struct account_call *call, PROCESS_INFORMATION *out)
{
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    DWORD end = logons.count < 4 ? logons.end[logons.count] : ERROR_SUCCESS;
    char *name = wide_to_utf8(call->name), *cwd = wide_to_utf8(call->cwd);

    logons.count++;
    text_copy(logons.name, sizeof(logons.name), name);
    text_copy(logons.cwd, sizeof(logons.cwd), cwd);
    wcscpy(logons.password, call->password);
    note_record(call->line);
    free(name);
    free(cwd);
    if (end != ERROR_SUCCESS) {
        return end;
    }
    return CreateProcessW(call->program, call->line, NULL, NULL, FALSE,
                          CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT | DETACHED_PROCESS, NULL, call->cwd, &startup,
                          out)
               ? ERROR_SUCCESS
               : GetLastError();
}

/* ---- the runner ---- */

static void say(HANDLE log, const char *format, ...)
{
    char line[512];
    va_list arguments;
    DWORD written;
    int size;

    va_start(arguments, format);
    size = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    WriteFile(log, line, (DWORD)size, &written, NULL);
}

static const char *argument(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], name) == 0) {
            return argv[i + 1];
        }
    }
    return "";
}

static HANDLE handle_of(const char *text)
{
    return strncmp(text, "handle:", 7) == 0 ? (HANDLE)(uintptr_t)strtoull(text + 7, NULL, 10) : NULL;
}

/* As the product's runner is to: for itself alone, and gone when it is closed. */
static HANDLE open_record(const char *text)
{
    if (strncmp(text, "file:", 5) != 0) {
        return handle_of(text);
    }
    return CreateFileA(text + 5, GENERIC_READ | DELETE, 0, NULL, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE, NULL);
}

static bool read_record(const char *text, struct bootstrap *out)
{
    static unsigned char data[65536];
    HANDLE file = open_record(text);
    DWORD got = 0, size = 0;

    while (size < sizeof(data) && ReadFile(file, data + size, (DWORD)sizeof(data) - size, &got, NULL) && got > 0) {
        size += got;
    }
    CloseHandle(file);
    return bootstrap_decode(data, size, out, NULL) == POSTERN_OK;
}

static void describe(HANDLE log, HANDLE parent, const struct bootstrap *bootstrap)
{
    BOOL in_job = FALSE;
    char temp[MAX_PATH] = "";

    IsProcessInJob(GetCurrentProcess(), NULL, &in_job);
    GetTempPathA(sizeof(temp), temp);
    say(log, "level %s\nsid %s\njob %d\nparent %d\nterminate %d\n", postern_level_name(bootstrap->level),
        bootstrap->sid != NULL ? bootstrap->sid : "-", in_job, WaitForSingleObject(parent, 0) == WAIT_TIMEOUT,
        TerminateProcess(parent, 1));
    for (size_t i = 0; i < bootstrap->steps.count; i++) {
        say(log, "step %s\n", enforce_info(bootstrap->steps.item[i].mechanism)->id);
    }
    for (size_t i = 0; i < bootstrap->in_force.count; i++) {
        say(log, "in force %s\n", bootstrap->in_force.item[i]);
    }
}

static int runner_main(int argc, char **argv)
{
    const char *endpoint = argument(argc, argv, "--endpoint");
    struct bootstrap bootstrap = {0};
    os_handle channel = OS_HANDLE_NONE;
    HANDLE log = handle_of(argument(argc, argv, "--log")), parent = handle_of(argument(argc, argv, "--parent"));
    DWORD got;
    char byte;

    if (getenv("POSTERN_TEST_END") != NULL) {
        ExitProcess((UINT)strtoul(getenv("POSTERN_TEST_END"), NULL, 0));
    }
    if (!read_record(argument(argc, argv, "--bootstrap"), &bootstrap)) {
        return 70;
    }
    if (log == NULL) {
        log = (HANDLE)bootstrap.log;
        parent = (HANDLE)bootstrap.parent;
    }
    describe(log, parent, &bootstrap);
    say(log, "key %d\n", memcmp(bootstrap.key, key, sizeof(key)) == 0);
    if (endpoint_connect(endpoint, &channel, NULL) != POSTERN_OK) {
        return 71;
    }
    ReadFile((HANDLE)channel, &byte, 1, &got, NULL);
    return 72;
}

/* ---- around the tests ---- */

static char *read_log(void)
{
    static char text[8192];
    FILE *file = fopen(log_path, "rb");
    size_t size = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;

    if (file != NULL) {
        fclose(file);
    }
    text[size] = '\0';
    return text;
}

static void assert_logged(const char *line)
{
    if (strstr(read_log(), line) == NULL) {
        fail_msg("no \"%s\" in:\n%s", line, read_log());
    }
}

/* As setup leaves it, but for the access list. */
static void write_secret(const char *path)
{
    DATA_BLOB sealed;
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(setup_secret_seal(secret_text, sizeof(secret_text) - sizeof(wchar_t), &sealed));
    assert_int_equal(fwrite(sealed.pbData, 1, sealed.cbData, file), sealed.cbData);
    assert_int_equal(fclose(file), 0);
    LocalFree(sealed.pbData);
}

static void make_account_named(const char *name)
{
    char *secret = text_format("%s\\%s.secret", place, name);

    write_secret(secret);
    free(secret);
}

static void make_account(void)
{
    make_account_named(ACCOUNT);
}

/* Another file, and in any case of another time, which is told in steps. */
static void renew(const char *path)
{
    FILETIME time = {.dwLowDateTime = 0, .dwHighDateTime = 0x01d00000};
    HANDLE file;

    assert_true(DeleteFileA(path));
    write_secret(path);
    file = CreateFileA(path, FILE_WRITE_ATTRIBUTES, 0, NULL, OPEN_EXISTING, 0, NULL);
    assert_true(SetFileTime(file, NULL, NULL, &time));
    CloseHandle(file);
}

static void remove_all(const char *directory)
{
    WIN32_FIND_DATAA entry;
    char *pattern = text_format("%s\\*", directory);
    HANDLE search = FindFirstFileA(pattern, &entry);

    do {
        char *path = text_format("%s\\%s", directory, entry.cFileName);

        DeleteFileA(path);
        free(path);
    } while (search != INVALID_HANDLE_VALUE && FindNextFileA(search, &entry));
    if (search != INVALID_HANDLE_VALUE) {
        FindClose(search);
    }
    RemoveDirectoryA(directory);
    free(pattern);
}

static int set_up(void **state)
{
    static unsigned count;
    char temp[MAX_PATH], self[MAX_PATH];
    char *run, *runner;

    (void)state;
    memset(&logons, 0, sizeof(logons));
    if (GetTempPathA(sizeof(temp), temp) == 0 || GetModuleFileNameA(NULL, self, sizeof(self)) == 0) {
        return -1;
    }
    place = text_format("%spostern-levels-%lu-%u", temp, GetCurrentProcessId(), count++);
    libexec = text_format("%s\\libexec", place);
    log_path = text_format("%s\\log", place);
    run = text_format("%s\\run", place);
    runner = text_format("%s\\postern-runner.exe", libexec);
    bool made = CreateDirectoryA(place, NULL) && CreateDirectoryA(libexec, NULL) && CreateDirectoryA(run, NULL) &&
                CopyFileA(self, runner, TRUE) && manifest_write(libexec);
    free(runner);
    free(run);
    return made ? 0 : -1;
}

static int tear_down(void **state)
{
    uint64_t end_us = system_now_us() + 5000000u;
    char *run = text_format("%s\\run", place);

    (void)state;
    SetEnvironmentVariableA("POSTERN_TEST_END", NULL);
    /* The system lets go of a program's file a little after its end. */
    for (remove_all(libexec); exists(libexec) && system_now_us() < end_us; remove_all(libexec)) {
        Sleep(1);
    }
    remove_all(run);
    remove_all(place);
    bool left = exists(place);
    free(run);
    free(log_path);
    free(libexec);
    free(place);
    return left ? -1 : 0;
}

static struct policy policy;

static int start(enum postern_level level, struct launch **out, struct postern_error *error)
{
    struct launch_options options = {.level = level,
                                     .policy = &policy,
                                     .libexec = libexec,
                                     .key = key,
                                     .log_file = log_path,
                                     .deadline_us = system_now_us() + 20000000u};

    *out = NULL;
    memset(error, 0, sizeof(*error));
    return launch_start(&options, out, error);
}

static struct launch *must_start(enum postern_level level)
{
    struct launch *launch = NULL;
    struct postern_error error;

    if (start(level, &launch, &error) != POSTERN_OK) {
        fail_msg("%s: %s [%s]", error.stage, error.message, error.operation);
    }
    return launch;
}

static bool is_in_force(const struct launch *launch, const char *id)
{
    for (size_t i = 0; i < launch_in_force(launch)->count; i++) {
        if (strcmp(launch_in_force(launch)->item[i], id) == 0) {
            return true;
        }
    }
    return false;
}

/* Files of `run` that end in this way. */
static unsigned count_left(const char *ending)
{
    WIN32_FIND_DATAA entry;
    char *pattern = text_format("%s\\run\\*%s", place, ending);
    HANDLE search = FindFirstFileA(pattern, &entry);
    unsigned count = 0;

    free(pattern);
    if (search == INVALID_HANDLE_VALUE) {
        return 0;
    }
    do {
        count += entry.cFileName[0] != '.';
    } while (FindNextFileA(search, &entry));
    FindClose(search);
    return count;
}

/* ---- level restricted ---- */

static void restricted_is_our_user_with_a_sid(void **state)
{
    struct launch *launch = must_start(POSTERN_LEVEL_RESTRICTED);
    struct strings environment = {0};
    os_handle process = run_open_process(launch_runner_pid(launch));
    char *temp = text_duplicate(launch_temp(launch)), *own;

    (void)state;
    assert_int_equal(logons.count, 0);
    assert_logged("level restricted\nsid S-1-5-21-");
    assert_logged("job 1\nparent 1\nterminate 0\n");
    assert_logged("step privileges:restricted-token\n");
    assert_logged("step fs.write:restricted-token\n");
    assert_logged("step desktop:private-desktop\n");
    assert_logged("in force lifetime:job\n");
    assert_logged("in force fs.private:directory\n");
    assert_logged("key 1\n");
    assert_null(strstr(read_log(), "account"));
    assert_true(is_in_force(launch, "fs.private:directory"));
    assert_false(is_in_force(launch, "privileges:restricted-token")); /* the runner's to say */
    own = security_own_sid();
    assert_null(strstr(read_log(), own)); /* the sandbox's SID is nobody's */
    free(own);
    assert_true(exists(temp));
    assert_true(launch_put_identity(launch, &environment));
    assert_string_equal(environment_get(&environment, "TEMP", true), temp);
    strings_free(&environment);
    launch_end(launch);
    assert_true(run_is_signalled(process));
    assert_false(exists(temp));
    handle_close(&process);
    free(temp);
}

static void every_sandbox_has_a_sid_of_its_own(void **state)
{
    char first[256];

    (void)state;
    launch_end(must_start(POSTERN_LEVEL_RESTRICTED));
    text_copy(first, sizeof(first), strstr(read_log(), "sid "));
    *strchr(first, '\n') = '\0';
    assert_true(DeleteFileA(log_path));
    launch_end(must_start(POSTERN_LEVEL_RESTRICTED));
    assert_null(strstr(read_log(), first));
}

/* ---- level elevated ---- */

static void elevated_is_started_as_an_account(void **state)
{
    struct launch *launch;
    struct strings environment = {0};
    os_handle process;
    char *temp, *run = text_format("%s\\run\\", place);

    (void)state;
    make_account();
    assert_true(SetEnvironmentVariableA("POSTERN_TEST_CANARY", "leaked"));
    launch = must_start(POSTERN_LEVEL_ELEVATED);
    process = run_open_process(launch_runner_pid(launch));
    assert_int_equal(logons.count, 1);
    assert_string_equal(logons.name, ACCOUNT);
    assert_int_equal(wcscmp(logons.password, secret_text), 0);
    assert_non_null(strstr(logons.cwd, "system32"));
    /* in the job before it ran; what it could not inherit was given to it */
    assert_logged("level elevated\nsid S-1-5-21-");
    assert_logged("job 1\nparent 1\nterminate 0\n");
    assert_logged("key 1\n");
    assert_logged("in force user:account\n");
    assert_null(strstr(read_log(), "offline"));
    assert_true(is_in_force(launch, "user:account"));
    /* the record was there after the runner, and is gone */
    assert_int_equal(strncmp(logons.record, run, strlen(run)), 0);
    assert_false(logons.record_early);
    assert_int_equal(logons.record_readable, run_under_wine()); /* canary: everybody reads all there */
    assert_false(exists(logons.record));
    /* who it is */
    assert_string_equal(launch_user(launch), ACCOUNT);
    assert_true(system_path_is_absolute(launch_home(launch)));
    temp = text_duplicate(launch_temp(launch));
    assert_int_equal(strncmp(temp, run, strlen(run)), 0);
    assert_true(launch_put_identity(launch, &environment));
    assert_string_equal(environment_get(&environment, "USERNAME", true), ACCOUNT);
    assert_non_null(environment_get(&environment, "SystemRoot", true));
    assert_null(environment_get(&environment, "POSTERN_TEST_CANARY", true));
    strings_free(&environment);
    launch_end(launch);
    assert_true(run_is_signalled(process)); /* killed with its job */
    assert_false(exists(temp));
    assert_int_equal(count_left(""), 1); /* the account's state */
    handle_close(&process);
    free(temp);
    free(run);
}

static void an_account_is_one_sandboxs_at_a_time(void **state)
{
    struct launch *first, *second = NULL;
    struct postern_error error;

    (void)state;
    make_account();
    first = must_start(POSTERN_LEVEL_ELEVATED);
    assert_int_equal(start(POSTERN_LEVEL_ELEVATED, &second, &error), POSTERN_E_STATE);
    assert_non_null(strstr(error.message, "in use"));
    assert_int_equal(logons.count, 1);
    launch_end(first);
    launch_end(must_start(POSTERN_LEVEL_ELEVATED));
}

static void a_wrong_password_is_tried_twice_and_not_again(void **state)
{
    struct launch *launch = NULL;
    struct postern_error error;
    char *secret = text_format("%s\\" ACCOUNT ".secret", place);

    (void)state;
    make_account();
    logons.end[0] = logons.end[1] = ERROR_LOGON_FAILURE;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(start(POSTERN_LEVEL_ELEVATED, &launch, &error), POSTERN_E_RUNNER_START);
        assert_int_equal(error.os_error, ERROR_LOGON_FAILURE);
        assert_string_equal(error.operation, "CreateProcessWithLogonW");
        assert_non_null(strstr(error.remedy, "postern setup"));
        assert_int_equal(logons.count, 2);
        assert_int_equal(count_left(""), 1);
    }
    assert_non_null(strstr(error.message, "s ago"));
    renew(secret); /* as setup does */
    launch_end(must_start(POSTERN_LEVEL_ELEVATED));
    assert_int_equal(logons.count, 3);
    free(secret);
}

static void a_password_is_read_afresh(void **state)
{
    (void)state;
    make_account();
    logons.end[0] = ERROR_NO_SUCH_LOGON_SESSION;
    launch_end(must_start(POSTERN_LEVEL_ELEVATED));
    assert_int_equal(logons.count, 2);
    assert_int_equal(wcscmp(logons.password, secret_text), 0);
}

static void other_failures_are_told_at_once(void **state)
{
    struct launch *launch = NULL;
    struct postern_error error;

    (void)state;
    make_account();
    logons.end[0] = ERROR_ACCESS_DENIED;
    assert_int_equal(start(POSTERN_LEVEL_ELEVATED, &launch, &error), POSTERN_E_RUNNER_START);
    assert_int_equal(error.os_error, ERROR_ACCESS_DENIED);
    assert_non_null(strstr(error.remedy, "all users may read"));
    assert_int_equal(logons.count, 1);
}

static void a_runner_that_dies_is_told_in_words(void **state)
{
    struct launch *launch = NULL;
    struct postern_error error;

    (void)state;
    make_account();
    assert_true(SetEnvironmentVariableA("POSTERN_TEST_END", "0xc0000142"));
    assert_int_equal(start(POSTERN_LEVEL_ELEVATED, &launch, &error), POSTERN_E_RUNNER_START);
    /* and not that the time for the start is over */
    assert_int_equal(error.os_error, 0xc0000142);
    assert_non_null(strstr(error.message, "window station or desktop"));
    /* The record it has not read is gone, and its account is free. */
    assert_false(exists(logons.record));
    assert_int_equal(count_left(".start"), 0);
    assert_true(SetEnvironmentVariableA("POSTERN_TEST_END", NULL));
    launch_end(must_start(POSTERN_LEVEL_ELEVATED));
}

static void nothing_is_left_open(void **state)
{
    DWORD before = 0, after = 0;

    (void)state;
    make_account();
    for (int i = 0; i < 4; i++) {
        if (i == 2) {
            assert_true(GetProcessHandleCount(GetCurrentProcess(), &before));
        }
        launch_end(must_start(POSTERN_LEVEL_ELEVATED));
        launch_end(must_start(POSTERN_LEVEL_RESTRICTED));
    }
    assert_true(GetProcessHandleCount(GetCurrentProcess(), &after));
    assert_int_equal(after, before);
}

/* ---- with the runner itself ---- */

static void use_real_runner(void)
{
    char *runner = text_format("%s\\postern-runner.exe", libexec);

    assert_true(
        CopyFileA(run_under_wine() ? test_program_path("trusting_runner_win32") : test_bin_path("postern-runner"),
                  runner, FALSE));
    assert_true(manifest_write(libexec));
    free(runner);
}

/* A command in a sandbox of that level, by the public calls; its output. */
static void run_in(enum postern_level level, const char *const *argv, struct postern_run_result *result)
{
    struct postern_sandbox_options options = POSTERN_SANDBOX_OPTIONS_INIT;
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_error error = {0};

    options.level = level;
    options.libexec = libexec;
    options.network = true;
    command.argv = argv;
    if (postern_run(&options, &command, NULL, 0, 0, result, &error) != POSTERN_OK) {
        fail_msg("%s: %s [%s]", error.stage, error.message, error.operation);
    }
}

static void a_command_runs_at(enum postern_level level)
{
    const char *argv[] = {run_child_path(), "env", "USERNAME", "POSTERN_TEST_CANARY", NULL};
    struct postern_run_result result;
    char *own = getenv("USERNAME"), *expected;

    use_real_runner();
    make_account();
    assert_true(SetEnvironmentVariableA("POSTERN_TEST_CANARY", "leaked"));
    run_in(level, argv, &result);
    assert_int_equal(result.result.reason, POSTERN_REASON_EXITED);
    assert_int_equal(result.result.exit_code, 0);
    expected = text_format("%s\n(unset)\n", level == POSTERN_LEVEL_ELEVATED ? ACCOUNT : own);
    assert_string_equal((char *)result.out.data, expected);
    free(expected);
    postern_run_result_free(&result);
    assert_int_equal(count_left(".start"), 0);
}

static void a_command_runs_restricted(void **state)
{
    (void)state;
    a_command_runs_at(POSTERN_LEVEL_RESTRICTED);
    assert_int_equal(logons.count, 0);
}

static void a_command_runs_elevated(void **state)
{
    (void)state;
    a_command_runs_at(POSTERN_LEVEL_ELEVATED);
    assert_int_equal(logons.count, 1);
}

/* ---- whether there is the level ---- */

static void the_level_needs_accounts(void **state)
{
    struct launch *launch = NULL;
    struct postern_error error = {0};
    char *run = text_format("%s\\run", place);

    (void)state;
    assert_int_equal(launch_check_level(POSTERN_LEVEL_RESTRICTED, &error), POSTERN_OK);
    assert_int_equal(launch_check_level(POSTERN_LEVEL_ELEVATED, &error), POSTERN_E_LEVEL);
    assert_non_null(strstr(error.message, "no sandbox accounts"));
    assert_non_null(strstr(error.remedy, "postern setup"));
    assert_int_equal(start(POSTERN_LEVEL_ELEVATED, &launch, &error), POSTERN_E_LEVEL);
    make_account();
    assert_int_equal(launch_check_level(POSTERN_LEVEL_ELEVATED, &error), POSTERN_OK);
    /* there is none for a sandbox without network */
    policy.network = POLICY_NETWORK_BLOCK;
    assert_int_equal(start(POSTERN_LEVEL_ELEVATED, &launch, &error), POSTERN_E_LEVEL);
    make_account_named(OFFLINE);
    filter_gone = true;
    assert_int_equal(start(POSTERN_LEVEL_ELEVATED, &launch, &error), POSTERN_E_LEVEL);
    assert_non_null(strstr(error.message, "filter is gone"));
    filter_gone = false;
    assert_int_equal(logons.count, 0);
    launch = must_start(POSTERN_LEVEL_ELEVATED);
    assert_string_equal(launch_user(launch), OFFLINE);
    assert_true(is_in_force(launch, "net.block:offline-account"));
    launch_end(launch);
    policy.network = POLICY_NETWORK_ALLOW;
    remove_all(run);
    assert_false(exists(run));
    assert_int_equal(launch_check_level(POSTERN_LEVEL_ELEVATED, &error), POSTERN_E_LEVEL);
    assert_int_equal(error.os_error, ERROR_FILE_NOT_FOUND);
    free(run);
}

int main(int argc, char **argv)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(restricted_is_our_user_with_a_sid),
        TEST(every_sandbox_has_a_sid_of_its_own),
        TEST(elevated_is_started_as_an_account),
        TEST(an_account_is_one_sandboxs_at_a_time),
        TEST(a_wrong_password_is_tried_twice_and_not_again),
        TEST(a_password_is_read_afresh),
        TEST(other_failures_are_told_at_once),
        TEST(a_runner_that_dies_is_told_in_words),
        TEST(nothing_is_left_open),
        TEST(a_command_runs_restricted),
        TEST(a_command_runs_elevated),
        TEST(the_level_needs_accounts),
    };

    if (argument(argc, argv, "--endpoint")[0] != '\0') {
        return runner_main(argc, argv);
    }
    if (token_make_sid(account, NULL) != POSTERN_OK) {
        return 1;
    }
    policy_init(&policy, PATH_WINDOWS);
    policy.network = POLICY_NETWORK_ALLOW;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
