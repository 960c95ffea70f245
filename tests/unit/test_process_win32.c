/*
 * shared/process.h on Windows: what reaches a child and what does not, exit codes, failures and their names, search.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "runner/desktop_win32.h"
#include "shared/block_win32.h"
#include "shared/process_win32.h"
#include "shared/text.h"
#include "shared/token_win32.h"
#include "shared/wide.h"
#include "tests/support/host_resources_win32.h"
#include "tests/support/run_win32.h"

static char *number_text(os_handle handle)
{
    char *text = text_format("%llu", (unsigned long long)handle);

    assert_non_null(text);
    return text;
}

/* ---- handles ---- */

static os_handle inheritable_event(void)
{
    SECURITY_ATTRIBUTES inherit = {.nLength = sizeof(inherit), .bInheritHandle = TRUE};
    HANDLE event = CreateEventW(&inherit, TRUE, FALSE, NULL);

    assert_non_null(event);
    return (os_handle)event;
}

static void only_listed_handles_arrive(void **state)
{
    os_handle stray = inheritable_event(); /* what a careless host program leaves about */
    os_handle passed = (os_handle)CreateEventW(NULL, TRUE, FALSE, NULL);
    char *stray_text = number_text(stray), *passed_text = number_text(passed);
    const char *argv[] = {"child", "handles", stray_text, passed_text, NULL};
    struct process_spec spec;
    struct run run;
    DWORD flags = HANDLE_FLAG_INHERIT;

    (void)state;
    process_spec_init(&spec);
    spec.pass = &passed;
    spec.pass_count = 1;
    run_spec(&spec, argv, &run);
    assert_string_equal(run.text, "closed\nopen\n");
    /* Only inheritable for the call. */
    assert_true(GetHandleInformation((HANDLE)passed, &flags));
    assert_int_equal(flags & HANDLE_FLAG_INHERIT, 0);
    free(stray_text);
    free(passed_text);
    handle_close(&stray);
    handle_close(&passed);
}

static void a_passed_handle_is_the_same_object(void **state)
{
    os_handle event = (os_handle)CreateEventW(NULL, TRUE, FALSE, NULL);
    os_handle twice[2] = {event, event};
    char *text = number_text(event);
    const char *argv[] = {"child", "signal", text, NULL};
    struct process_spec spec;
    struct run run;

    (void)state;
    process_spec_init(&spec);
    spec.pass = twice; /* named twice: once in the list */
    spec.pass_count = 2;
    run_spec(&spec, argv, &run);
    assert_true(run_is_signalled(event));
    free(text);
    handle_close(&event);
}

static void missing_streams_are_the_null_device(void **state)
{
    const char *argv[] = {"child", "std", NULL};
    struct run run;

    (void)state;
    run_child(argv, &run);
    assert_string_equal(run.text, "null\npipe\nnull\n");
}

static void stdin_and_one_pipe_for_two_streams(void **state)
{
    const char *argv[] = {"child", "std", NULL};
    os_handle reader = OS_HANDLE_NONE, writer = OS_HANDLE_NONE;
    struct process_spec spec;
    struct run run;

    (void)state;
    run_pipe(&reader, &writer);
    process_spec_init(&spec);
    spec.in = reader;
    spec.err = writer;
    run_spec(&spec, argv, &run);
    assert_string_equal(run.text, "pipe\npipe\npipe\n");
    handle_close(&reader);
    handle_close(&writer);
}

static DWORD handle_count(void)
{
    DWORD count = host_handles_of(GetCurrentProcessId());

    assert_true(count > 0);
    return count;
}

static void nothing_is_left_open(void **state)
{
    const char *argv[] = {"child", "exit", "0", NULL}, *missing[] = {"nothing", NULL};
    struct process_spec spec;
    struct process process = {OS_HANDLE_NONE, 0};
    struct run run;
    DWORD before;

    (void)state;
    run_child(argv, &run); /* what the libraries open once */
    before = handle_count();
    for (int i = 0; i < 5; i++) {
        run_child(argv, &run);
        process_spec_init(&spec);
        spec.program = "C:\\nothing.exe";
        spec.argv = missing;
        spec.env = run_environment();
        assert_int_equal(process_spawn(&spec, &process, NULL), POSTERN_E_NOT_FOUND);
    }
    assert_int_equal(handle_count(), before);
}

/* ---- text ---- */

static void arguments_arrive_as_they_were(void **state)
{
    const char *argv[] = {"child",
                          "args",
                          "",
                          " ",
                          "a b",
                          "\"",
                          "a\\",
                          "a\\\\\"b",
                          "\\\\server\\share\\",
                          "%PATH%",
                          "*",
                          "^&|<>()!",
                          "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7",
                          "tab\there",
                          "--",
                          "'single'",
                          NULL};
    char expected[512] = "";
    struct run run;

    (void)state;
    for (size_t i = 2; argv[i] != NULL; i++) {
        strcat(expected, argv[i]);
        strcat(expected, "\n");
    }
    run_child(argv, &run);
    assert_string_equal(run.text, expected);
}

static void environment_is_exactly_the_one_given(void **state)
{
    const char *env[] = {"zeta=1", "SystemRoot=C:\\windows", "Alpha=\xc3\xa4\xf0\x9f\x90\xa7", "=C:=C:\\", "beta=a=b",
                         NULL};
    const char *argv[] = {"child", "env", "alpha", "ZETA", "beta", "POSTERN_TEST_CANARY", NULL};
    struct process_spec spec;
    struct run run;

    (void)state;
    assert_true(SetEnvironmentVariableW(L"POSTERN_TEST_CANARY", L"leaked"));
    process_spec_init(&spec);
    spec.env = env;
    run_spec(&spec, argv, &run);
    assert_string_equal(run.text, "\xc3\xa4\xf0\x9f\x90\xa7\n1\na=b\n(unset)\n");
}

static void environment_block_is_sorted_and_ended(void **state)
{
    const char *env[] = {"b=2", "A=1", "c=3", "a_=x", "=D:=D:\\", NULL};
    const char *none[] = {NULL};
    static const wchar_t expected[] = L"=D:=D:\\\0A=1\0a_=x\0b=2\0c=3\0";
    wchar_t *block = NULL;

    (void)state;
    assert_int_equal(block_create(env, &block, NULL), POSTERN_OK);
    assert_memory_equal(block, expected, sizeof(expected));
    free(block);
    assert_int_equal(block_create(none, &block, NULL), POSTERN_OK);
    assert_true(block[0] == L'\0' && block[1] == L'\0');
    free(block);
}

static void environment_that_windows_cannot_hold_is_refused(void **state)
{
    struct postern_error error = {0};
    char *long_entry = malloc(40000);
    const char *env[] = {long_entry, NULL}, *bad[] = {"A=\xff", NULL};
    wchar_t *block = NULL;

    (void)state;
    memset(long_entry, 'x', 39999);
    memcpy(long_entry, "SECRET=", 7);
    long_entry[39999] = '\0';
    assert_int_equal(block_create(env, &block, &error), POSTERN_E_LIMIT);
    assert_non_null(strstr(error.message, "SECRET"));
    assert_null(strstr(error.message, "xxx"));
    assert_int_equal(block_create(bad, &block, &error), POSTERN_E_INVALID);
    free(long_entry);
}

static void the_working_directory_is_used(void **state)
{
    const char *argv[] = {"child", "cwd", NULL};
    struct process_spec spec;
    struct run run;

    (void)state;
    process_spec_init(&spec);
    spec.cwd = "C:\\windows";
    run_spec(&spec, argv, &run);
    assert_int_equal(_stricmp(run.text, "C:\\windows\n"), 0);
}

/* ---- exit ---- */

static void exit_codes_have_32_bits(void **state)
{
    static const char *const codes[] = {"0", "1", "255", "256", "259", "0x7fffffff", "0xC0000005", "0xffffffff"};

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        const char *argv[] = {"child", "exit", codes[i], NULL};
        struct run run;

        run_child(argv, &run);
        assert_int_equal((uint32_t)run.exit_code, strtoul(codes[i], NULL, 0));
    }
}

static void a_running_process_is_not_collected_and_can_be_killed(void **state)
{
    const char *argv[] = {"child", "wait", NULL};
    struct process_spec spec;
    struct process process = {OS_HANDLE_NONE, 0};
    struct process_exit status;
    os_handle handle;

    (void)state;
    process_spec_init(&spec);
    spec.program = run_child_path();
    spec.argv = argv;
    spec.env = run_environment();
    assert_int_equal(process_spawn(&spec, &process, NULL), POSTERN_OK);
    assert_true(process.pid != 0);
    assert_false(process_collect(&process, &status));
    handle = run_open_process(process.pid);
    process_close(&process);
    assert_int_equal(process.handle, OS_HANDLE_NONE);
    assert_true(run_is_signalled(handle));
    handle_close(&handle);
}

/* ---- confinement ---- */

static void a_confinement_of_nothing_is_none(void **state)
{
    const struct process_confinement nothing = {.token = OS_HANDLE_NONE};
    const char *argv[] = {"child", "desktop", NULL};
    struct process_spec spec;
    struct run confined, plain;

    (void)state;
    process_spec_init(&spec);
    run_confined(&spec, &nothing, argv, &confined);
    run_child(argv, &plain);
    assert_string_equal(confined.text, plain.text);
}

/* With a token of our own it takes another call: all that a spawn does has to come by it too. */
static void a_token_changes_nothing_else(void **state)
{
    const char *env[] = {"SystemRoot=C:\\windows", "ALPHA=\xc3\xa4", NULL};
    const char *argv[] = {"child", "env", "ALPHA", "POSTERN_TEST_CANARY", NULL}, *std[] = {"child", "std", NULL};
    struct process_confinement confinement = {
        .token = OS_HANDLE_NONE, .mitigations = PROCESS_CREATION_MITIGATION_POLICY_BOTTOM_UP_ASLR_ALWAYS_ON};
    char sid[TOKEN_SID_SIZE];
    struct desktop *desktop = NULL;
    struct process_spec spec;
    struct run run;

    (void)state;
    assert_int_equal(token_make_sid(sid, NULL), POSTERN_OK);
    assert_int_equal(token_restrict(sid, TOKEN_LOGON_LEFT, &confinement.token, NULL), POSTERN_OK);
    assert_int_equal(desktop_open(sid, &desktop, NULL), POSTERN_OK); /* the token opens no other */
    confinement.desktop = desktop_name(desktop);
    assert_true(SetEnvironmentVariableW(L"POSTERN_TEST_CANARY", L"leaked"));
    process_spec_init(&spec);
    spec.env = env;
    run_confined(&spec, &confinement, argv, &run);
    assert_string_equal(run.text, "\xc3\xa4\n(unset)\n");
    process_spec_init(&spec);
    run_confined(&spec, &confinement, std, &run);
    assert_string_equal(run.text, "null\npipe\nnull\n");
    desktop_close(desktop);
    handle_close(&confinement.token);
}

static void what_cannot_be_had_is_refused(void **state)
{
    const struct process_confinement package = {.token = OS_HANDLE_NONE, .package = "S-1-15-2-1"};
    const struct process_confinement no_token = {.token = 4 * 100000};
    const char *argv[] = {"child", "exit", "0", NULL};
    struct process_spec spec;
    struct process process = {OS_HANDLE_NONE, 0};
    struct postern_error error = {0};

    (void)state;
    process_spec_init(&spec);
    spec.program = run_child_path();
    spec.argv = argv;
    spec.env = run_environment();
    /* that of all containers */
    assert_int_equal(process_spawn_win32(&spec, PROCESS_CONSOLE_OWN, &package, &process, &error), POSTERN_E_CONFINE);
    assert_int_equal(process_spawn_win32(&spec, PROCESS_CONSOLE_OWN, &no_token, &process, &error), POSTERN_E_OS);
    assert_string_equal(error.operation, "CreateProcessAsUserW");
    assert_int_equal(error.os_error, ERROR_INVALID_HANDLE);
    assert_int_equal(process.handle, OS_HANDLE_NONE);
}

/* ---- failures ---- */

static int spawn_failure(const char *program, const char *cwd, struct postern_error *error)
{
    const char *argv[] = {"x", NULL};
    struct process_spec spec;
    struct process process = {OS_HANDLE_NONE, 0};
    int code;

    process_spec_init(&spec);
    spec.program = program;
    spec.cwd = cwd;
    spec.argv = argv;
    spec.env = run_environment();
    code = process_spawn(&spec, &process, error);
    assert_int_equal(process.handle, OS_HANDLE_NONE);
    return code;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* A fresh directory below the temporary one; the caller removes it. */
static char *make_directory(void)
{
    char temp[MAX_PATH];
    char *path;

    assert_true(GetTempPathA(MAX_PATH, temp) > 0);
    path = text_format("%spostern-test-%lu", temp, GetCurrentProcessId());
    assert_non_null(path);
    assert_true(CreateDirectoryA(path, NULL));
    return path;
}

static char *file_in(const char *directory, const char *name)
{
    char *path = text_format("%s\\%s", directory, name);

    assert_non_null(path);
    return path;
}

static void failures_say_what_was_wrong(void **state)
{
    char *directory = make_directory();
    char *text_file = file_in(directory, "text.exe");
    struct postern_error error = {0};

    (void)state;
    write_file(text_file, "this is no program\n");
    assert_int_equal(spawn_failure("C:\\no such\\thing.exe", NULL, &error), POSTERN_E_NOT_FOUND);
    assert_string_equal(error.operation, "CreateProcessW");
    assert_int_equal(spawn_failure(text_file, NULL, &error), POSTERN_E_NOT_EXECUTABLE);
    assert_int_equal(error.os_error, ERROR_BAD_EXE_FORMAT);
    assert_int_equal(spawn_failure(run_child_path(), "C:\\no such directory", &error), POSTERN_E_CWD);
    assert_non_null(strstr(error.message, "no such directory"));
    assert_int_equal(spawn_failure(run_child_path(), text_file, &error), POSTERN_E_CWD);
    assert_int_equal(error.os_error, ERROR_DIRECTORY);
    assert_true(DeleteFileA(text_file));
    assert_true(RemoveDirectoryA(directory));
    free(text_file);
    free(directory);
}

static void an_overlong_command_line_is_refused(void **state)
{
    char *argument = malloc(33000);
    const char *argv[] = {"child", "args", argument, NULL};
    struct process_spec spec;
    struct process process = {OS_HANDLE_NONE, 0};
    struct run run;

    (void)state;
    memset(argument, 'x', 32999);
    argument[32999] = '\0';
    process_spec_init(&spec);
    spec.program = run_child_path();
    spec.argv = argv;
    spec.env = run_environment();
    assert_int_equal(process_spawn(&spec, &process, NULL), POSTERN_E_LIMIT);
    argument[30000] = '\0';
    run_child(argv, &run);
    assert_int_equal(run.exit_code, 0);
    assert_int_equal(run.size, 30001);
    free(argument);
}

/* ---- scripts ---- */

static void run_script(const char *const *argv, struct run *run)
{
    char *directory = make_directory();
    char *script = file_in(directory, "a script & more.cmd");
    struct process_spec spec;

    write_file(script, "@echo off\r\n:next\r\nif [%1]==[] goto end\r\necho %1\r\nshift\r\ngoto next\r\n:end\r\n"
                       "exit /b 37\r\n");
    process_spec_init(&spec);
    spec.program = script;
    run_spec(&spec, argv, run);
    assert_true(DeleteFileA(script));
    assert_true(RemoveDirectoryA(directory));
    free(script);
    free(directory);
    assert_int_equal(run->exit_code, 37);
}

static void batch_files_get_their_arguments_unharmed(void **state)
{
    const char *argv[] = {"script",
                          "plain",
                          "two words",
                          "a&echo injected",
                          "x|y^z>out",
                          "b\" & echo injected & \"c",
                          "!PATH!",
                          "d\\",
                          "e\\\" & echo injected",
                          "(f)",
                          NULL};
    struct run run;

    (void)state;
    run_script(argv, &run);
    assert_non_null(strstr(run.text, "\"plain\"\r\n\"two words\"\r\n\"a&echo injected\"\r\n\"x|y^z>out\"\r\n"));
    assert_null(strstr(run.text, "\ninjected"));
}

static void batch_files_get_percent_signs(void **state)
{
    const char *argv[] = {"script", "100%", "%PATH%", NULL};
    bool arrived;
    struct run run;

    (void)state;
    run_script(argv, &run);
    arrived = strcmp(run.text, "\"100%\"\r\n\"%PATH%\"\r\n") == 0;
    if (run_under_wine()) {
        assert_false(arrived); /* canary: Wine has learned it, so test it there */
        SKIP_BECAUSE("Wine's cmd.exe expands variables otherwise than that of Windows");
    }
    assert_true(arrived);
}

static void batch_files_refuse_line_breaks(void **state)
{
    const char *argv[] = {"x.cmd", "a\nb", NULL};
    struct process_spec spec;
    struct process process = {OS_HANDLE_NONE, 0};
    struct postern_error error = {0};

    (void)state;
    process_spec_init(&spec);
    spec.program = "C:\\x.CMD .";
    spec.argv = argv;
    spec.env = run_environment();
    assert_int_equal(process_spawn(&spec, &process, &error), POSTERN_E_INVALID);
    assert_non_null(strstr(error.message, "line break"));
}

/* ---- search ---- */

static void finds_programs_as_the_command_would(void **state)
{
    char *directory = make_directory();
    char *program = file_in(directory, "tool.EXE"), *script = file_in(directory, "tool.cmd");
    char *plain = file_in(directory, "plain.txt");
    char *path = text_format("C:\\nowhere;;\"%s\";C:\\windows\\system32", directory);
    char *found = NULL;

    (void)state;
    write_file(program, "");
    write_file(script, "");
    write_file(plain, "");
    assert_int_equal(process_find("tool", path, NULL, "C:\\", &found, NULL), POSTERN_OK);
    assert_int_equal(_stricmp(found, program), 0);
    free(found);
    assert_int_equal(process_find("tool", path, ".CMD;.EXE", "C:\\", &found, NULL), POSTERN_OK);
    assert_int_equal(_stricmp(found, script), 0);
    free(found);
    assert_int_equal(process_find("tool.cmd", path, NULL, "C:\\", &found, NULL), POSTERN_OK);
    assert_int_equal(_stricmp(found, script), 0);
    free(found);
    assert_int_equal(process_find(".\\tool", "", NULL, directory, &found, NULL), POSTERN_OK);
    free(found);
    assert_int_equal(process_find("./tool.exe", NULL, NULL, directory, &found, NULL), POSTERN_OK);
    free(found);
    assert_int_equal(process_find(program, NULL, NULL, NULL, &found, NULL), POSTERN_OK);
    free(found);
    /* Not in the current directory unless the name says so. */
    assert_int_equal(process_find("tool", "C:\\windows", NULL, directory, &found, NULL), POSTERN_E_NOT_FOUND);
    assert_int_equal(process_find("plain.txt", path, NULL, "C:\\", &found, NULL), POSTERN_E_NOT_EXECUTABLE);
    assert_int_equal(process_find(directory, NULL, NULL, NULL, &found, NULL), POSTERN_E_NOT_EXECUTABLE);
    assert_int_equal(process_find("missing", path, NULL, "C:\\", &found, NULL), POSTERN_E_NOT_FOUND);
    assert_int_equal(process_find("", path, NULL, "C:\\", &found, NULL), POSTERN_E_NOT_FOUND);
    assert_true(DeleteFileA(program) && DeleteFileA(script) && DeleteFileA(plain) && RemoveDirectoryA(directory));
    free(program);
    free(script);
    free(plain);
    free(path);
    free(directory);
}

/* An alias is a file without length in such a directory; its reparse tag can't be made here. */
static void apps_are_passed_over_or_explained(void **state)
{
    char *directory = make_directory();
    char *apps = file_in(directory, "WindowsApps"), *real = file_in(directory, "real");
    char *alias = file_in(apps, "tool.exe"), *program = file_in(real, "tool.exe");
    char *path = text_format("%s;%s", apps, real);
    struct postern_error error = {0};
    char *found = NULL;

    (void)state;
    assert_true(CreateDirectoryA(apps, NULL) && CreateDirectoryA(real, NULL));
    write_file(alias, "");
    write_file(program, "");
    assert_int_equal(process_find("tool", path, NULL, "C:\\", &found, NULL), POSTERN_OK);
    assert_int_equal(_stricmp(found, program), 0);
    free(found);
    assert_int_equal(process_find("tool", apps, NULL, "C:\\", &found, &error), POSTERN_E_NOT_EXECUTABLE);
    assert_non_null(strstr(error.message, "Store"));
    assert_int_equal(process_find(alias, NULL, NULL, NULL, &found, NULL), POSTERN_E_NOT_EXECUTABLE);
    assert_true(DeleteFileA(alias) && DeleteFileA(program) && RemoveDirectoryA(apps) && RemoveDirectoryA(real));
    assert_true(RemoveDirectoryA(directory));
    free(path);
    free(alias);
    free(program);
    free(apps);
    free(real);
    free(directory);
}

/* Below `directory` by its \\?\ form; `depth` levels of 60 letters. UTF-8, allocated. */
static char *make_deep(const char *directory, int depth, bool make)
{
    char *path = text_format("\\\\?\\%s", directory);

    for (int i = 0; i < depth; i++) {
        char *next = text_format("%s\\%060d", path, i);
        wchar_t *wide = wide_from_utf8(next);

        assert_true(make ? CreateDirectoryW(wide, NULL) : 1);
        free(wide);
        free(path);
        path = next;
    }
    return path;
}

static void remove_deep(const char *directory, int depth)
{
    for (; depth >= 0; depth--) {
        char *path = make_deep(directory, depth, false);
        wchar_t *wide = wide_from_utf8(path);

        assert_true(RemoveDirectoryW(wide));
        free(wide);
        free(path);
    }
}

static void copy_child_to(const char *path)
{
    wchar_t *from = wide_from_utf8(run_child_path()), *to = wide_from_utf8(path);

    assert_true(CopyFileW(from, to, TRUE));
    free(from);
    free(to);
}

static void delete_file(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);

    assert_true(DeleteFileW(wide));
    free(wide);
}

static void run_found(char *found)
{
    const char *argv[] = {"child", "args", "\xc3\xa4", NULL};
    struct process_spec spec;
    struct run run;

    process_spec_init(&spec);
    spec.program = found;
    run_spec(&spec, argv, &run);
    assert_string_equal(run.text, "\xc3\xa4\n");
    free(found);
}

static void names_are_unicode(void **state)
{
    char *directory = make_directory();
    char *program = text_format("%s\\gr\xc3\xbc\xc3\x9f\xf0\x9f\x90\x8c.exe", directory);
    char *found = NULL;

    (void)state;
    copy_child_to(program);
    assert_int_equal(process_find("gr\xc3\xbc\xc3\x9f\xf0\x9f\x90\x8c", directory, ".EXE", "C:\\", &found, NULL),
                     POSTERN_OK);
    run_found(found);
    delete_file(program);
    assert_true(RemoveDirectoryA(directory));
    free(program);
    free(directory);
}

static void programs_beyond_the_old_limit_are_found(void **state)
{
    char *directory = make_directory();
    char *deep = make_deep(directory, 5, true), *program = text_format("%s\\tool.exe", deep);
    const char *names[] = {program, program + 4, "tool"}; /* by \\?\, and by a path that is too long without it */

    (void)state;
    assert_true(strlen(deep) > 300);
    copy_child_to(program);
    for (size_t i = 0; i < 3; i++) {
        char *found = NULL;

        assert_int_equal(process_find(names[i], deep + 4, NULL, "C:\\", &found, NULL), POSTERN_OK);
        free(found);
    }
    delete_file(program);
    remove_deep(directory, 5);
    free(program);
    free(deep);
    free(directory);
}

static void programs_beyond_the_old_limit_are_started(void **state)
{
    char *directory = make_directory();
    char *deep = make_deep(directory, 5, true), *program = text_format("%s\\tool.exe", deep);
    int code = POSTERN_OK;

    (void)state;
    copy_child_to(program);
    if (run_under_wine()) {
        code = spawn_failure(program + 4, NULL, NULL);
    } else {
        run_found(text_duplicate(program));
        run_found(text_duplicate(program + 4));
    }
    delete_file(program);
    remove_deep(directory, 5);
    free(program);
    free(deep);
    free(directory);
    if (run_under_wine()) {
        assert_int_equal(code, POSTERN_E_NOT_FOUND); /* canary: Wine has learned it, so test it there */
        SKIP_BECAUSE("Wine starts no program whose path is longer than 260");
    }
}

static void a_directory_beyond_the_limit_is_refused(void **state)
{
    char *directory = make_directory();
    char *deep = make_deep(directory, 5, true), *plain = text_format("\\\\?\\%s", directory);
    const char *argv[] = {"child", "cwd", NULL};
    struct postern_error error = {0};
    struct process_spec spec;
    struct run run;

    (void)state;
    assert_int_equal(spawn_failure(run_child_path(), deep, &error), POSTERN_E_CWD);
    assert_int_equal(error.os_error, ERROR_FILENAME_EXCED_RANGE);
    process_spec_init(&spec);
    spec.cwd = plain; /* given as programs know it */
    run_spec(&spec, argv, &run);
    assert_memory_equal(run.text, directory, 2);
    remove_deep(directory, 5);
    free(plain);
    free(deep);
    free(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_listed_handles_arrive),
        cmocka_unit_test(a_passed_handle_is_the_same_object),
        cmocka_unit_test(missing_streams_are_the_null_device),
        cmocka_unit_test(stdin_and_one_pipe_for_two_streams),
        cmocka_unit_test(nothing_is_left_open),
        cmocka_unit_test(arguments_arrive_as_they_were),
        cmocka_unit_test(environment_is_exactly_the_one_given),
        cmocka_unit_test(environment_block_is_sorted_and_ended),
        cmocka_unit_test(environment_that_windows_cannot_hold_is_refused),
        cmocka_unit_test(the_working_directory_is_used),
        cmocka_unit_test(a_confinement_of_nothing_is_none),
        cmocka_unit_test(a_token_changes_nothing_else),
        cmocka_unit_test(what_cannot_be_had_is_refused),
        cmocka_unit_test(exit_codes_have_32_bits),
        cmocka_unit_test(a_running_process_is_not_collected_and_can_be_killed),
        cmocka_unit_test(failures_say_what_was_wrong),
        cmocka_unit_test(an_overlong_command_line_is_refused),
        cmocka_unit_test(batch_files_get_their_arguments_unharmed),
        cmocka_unit_test(batch_files_get_percent_signs),
        cmocka_unit_test(batch_files_refuse_line_breaks),
        cmocka_unit_test(finds_programs_as_the_command_would),
        cmocka_unit_test(apps_are_passed_over_or_explained),
        cmocka_unit_test(names_are_unicode),
        cmocka_unit_test(programs_beyond_the_old_limit_are_found),
        cmocka_unit_test(programs_beyond_the_old_limit_are_started),
        cmocka_unit_test(a_directory_beyond_the_limit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
