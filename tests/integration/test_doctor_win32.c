/*
 * `postern doctor` and `postern probe` on Windows: what they find of the host, and helpers that do not load.
 * timeout: 240
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "shared/environment.h"
#include "shared/text.h"
#include "shared/wide.h"
#include "tests/support/run_win32.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *postern_path(void)
{
    static char path[MAX_PATH];

    strcpy(path, test_bin_path("postern"));
    return path;
}

/* ---- a place for files ---- */

static struct {
    char *base;
    struct strings files, directories; /* what to remove; directories in the order they were made */
} place;

static char *make_directory(const char *name)
{
    char *path = text_format("%s\\%s", place.base, name);
    wchar_t *wide = wide_from_utf8(path);

    assert_non_null(wide);
    assert_true(CreateDirectoryW(wide, NULL));
    assert_true(strings_add(&place.directories, path));
    free(wide);
    return path;
}

static char *copy_to(const char *directory, const char *name, const char *from)
{
    char *path = text_format("%s\\%s", directory, name);
    wchar_t *wide = wide_from_utf8(path), *source = wide_from_utf8(from);

    assert_non_null(wide);
    assert_true(CopyFileW(source, wide, TRUE));
    assert_true(strings_add(&place.files, path));
    free(wide);
    free(source);
    return path;
}

static void write_to(const char *directory, const char *name, const char *text)
{
    char *path = text_format("%s\\%s", directory, name);
    FILE *file = fopen(path, "wbx");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_true(strings_add_owned(&place.files, path));
}

static int in_a_place(void **state)
{
    wchar_t temp[MAX_PATH + 1], path[MAX_PATH * 2];

    (void)state;
    if (!GetTempPathW(MAX_PATH + 1, temp)) {
        return -1;
    }
    swprintf(path, MAX_PATH * 2, L"%lspostern-test-doctor-%lu", temp, (unsigned long)GetCurrentProcessId());
    place.base = CreateDirectoryW(path, NULL) ? wide_to_utf8(path) : NULL;
    return place.base && strings_add(&place.directories, place.base) ? 0 : -1;
}

static int without_it(void **state)
{
    bool gone = true;

    (void)state;
    for (size_t i = 0; i < place.files.count; i++) {
        wchar_t *wide = wide_from_utf8(place.files.item[i]);
        gone = wide && DeleteFileW(wide) && gone;
        free(wide);
    }
    for (size_t i = place.directories.count; i > 0; i--) {
        wchar_t *wide = wide_from_utf8(place.directories.item[i - 1]);
        gone = wide && RemoveDirectoryW(wide) && gone;
        free(wide);
    }
    strings_free(&place.files);
    strings_free(&place.directories);
    free(place.base);
    return gone ? 0 : -1;
}

/* postern WORD..., with one variable of its environment set. */
static int verb(const char *const *words, const char *name, const char *value, struct run *out)
{
    struct strings environment = {0};
    struct process_spec spec;
    const char *argv[16] = {"postern"};

    for (size_t i = 0; words[i] != NULL; i++) {
        argv[i + 1] = words[i];
    }
    assert_true(environment_of_process(&environment));
    assert_true(name == NULL || environment_set(&environment, name, value, true));
    process_spec_init(&spec);
    spec.program = postern_path();
    spec.env = (const char *const *)strings_array(&environment);
    run_spec(&spec, argv, out);
    strings_free(&environment);
    return out->exit_code;
}

static struct run out; /* too large for the stack */

/* "WinSta0" for whoever has signed in, another one for services. */
static const char *station_name(void)
{
    static char name[128];
    DWORD size = 0;

    assert_true(GetUserObjectInformationA(GetProcessWindowStation(), UOI_NAME, name, sizeof(name), &size));
    return name;
}

static void expect(const char *text)
{
    if (strstr(out.text, text) == NULL) {
        fail_msg("no %s in: %s", text, out.text);
    }
}

/* ---- probe ---- */

static void an_ordinary_caller_sees_the_host(void **state)
{
    (void)state;
    assert_int_equal(verb(LIST("probe", "--json"), NULL, NULL, &out), 0);
    expect("\"conpty\":{\"present\":true");
    expect("\"flags\":\"none\"");
    expect("\"window_station\":{\"known\":true,\"name\":\"");
    expect(station_name());
    expect("\"setup\":{\"known\":true,\"done\":");
    assert_int_equal(verb(LIST("probe"), NULL, NULL, &out), 0);
    expect("window station    name ");
    assert_null(strstr(out.text, "memory group"));
}

static void the_firewall_is_asked(void **state)
{
    (void)state;
    assert_int_equal(verb(LIST("probe", "--json"), NULL, NULL, &out), 0);
    if (run_under_wine()) {
        expect("\"firewall\":{\"known\":false"); /* canary: Wine has learned it, so look at what it says */
        SKIP_BECAUSE("Wine does not tell how its firewall stands");
    }
    expect("\"firewall\":{\"known\":true,\"in_force\":");
}

/* What lies in WindowsApps stands for an alias; its reparse tag can only be made by the Store. */
static void aliases_first_on_path_are_told(void **state)
{
    char *apps = make_directory("WindowsApps"), *real = make_directory("real"), *first = make_directory("first");
    char *alias = copy_to(apps, "python.exe", run_child_path()), *other = copy_to(apps, "pwsh.exe", run_child_path());
    char *covered = copy_to(apps, "git.exe", run_child_path()), *git = copy_to(first, "git.exe", run_child_path());
    char *program = copy_to(real, "python.exe", run_child_path());
    char *path = text_format("%s;%s;%s", first, apps, real);

    (void)state;
    assert_int_equal(verb(LIST("probe", "--json"), "PATH", path, &out), 0);
    expect("\"name\":\"python.exe\"");
    expect("\"message\":\"an alias comes first; the program further on is taken\"");
    expect("\\\\real\\\\python.exe\"");
    expect("\"name\":\"pwsh.exe\"");
    expect("\"program\":null");
    expect("on PATH only as aliases of the Store: pwsh.exe\"");
    assert_null(strstr(out.text, "git.exe")); /* the real one comes first */
    (void)verb(LIST("doctor", "--level=none"), "PATH", path, &out);
    expect("programs on PATH     ok       on PATH only as aliases of the Store");
    expect("Healthy"); /* to know of them is enough */
    free(path);
    free(apps), free(real), free(first);
    free(alias), free(other), free(covered), free(git), free(program);
}

/* ---- doctor ---- */

static void a_helper_that_is_no_program_is_told(void **state)
{
    char *helpers = make_directory("text");

    (void)state;
    write_to(helpers, "postern-runner.exe", "no program at all");
    assert_int_equal(verb(LIST("doctor", "--level=none", "--json"), "POSTERN_LIBEXEC", helpers, &out), 1);
    expect("\"check\":\"helper loads\",\"result\":\"failed\"");
    expect("not a program for this Windows");
    free(helpers);
}

static void a_helper_of_another_kind_is_told(void **state)
{
    char *helpers = make_directory("other"), *helper = copy_to(helpers, "postern-runner.exe", run_child_path());

    (void)state;
    assert_int_equal(verb(LIST("doctor", "--level=none", "--json"), "POSTERN_LIBEXEC", helpers, &out), 1);
    expect("\"check\":\"helper loads\",\"result\":\"failed\",\"cause\":\"the runner ended with ");
    free(helper);
    free(helpers);
}

static void levels_that_are_not_offered_have_their_rows(void **state)
{
    (void)state;
    (void)verb(LIST("doctor", "--json", "--level=elevated"), NULL, NULL, &out);
    expect("\"check\":\"accounts\"");
    expect("\"check\":\"passwords\"");
    expect("\"check\":\"logon rights\"");
    expect("\"check\":\"network filters\"");
    expect("\"check\":\"firewall rule\"");
    expect("{\"level\":\"elevated\",\"check\":\"desktop\",\"result\":\"skipped\",\"cause\":\"not checked because");
    expect(
        "{\"level\":\"elevated\",\"check\":\"network denied\",\"result\":\"skipped\",\"cause\":\"not checked because");
}

/* ---- steps, outside: what doctor takes for a failure inside does work ---- */

static void steps_can_fail(void **state)
{
    (void)state;
    assert_int_equal(verb(LIST("doctor-step", "desktop", station_name()), NULL, NULL, &out), 0);
    expect(station_name());
    assert_int_equal(verb(LIST("doctor-step", "desktop", "no-such-station"), NULL, NULL, &out), 40);
    expect(station_name());
}

/* On a desktop of its own a step says that one. */
static void a_step_tells_the_desktop_it_is_on(void **state)
{
    HDESK desktop = CreateDesktopW(L"postern-test-doctor", NULL, NULL, 0, GENERIC_ALL, NULL);
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};
    char *place_name = text_format("%s\\postern-test-doctor", station_name());
    wchar_t *name = wide_from_utf8(place_name);
    STARTUPINFOW startup = {.cb = sizeof(startup), .lpDesktop = name, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process = {0};
    char *line = text_format("\"%s\" doctor-step desktop %s", postern_path(), station_name());
    wchar_t *wide = wide_from_utf8(line);
    HANDLE reader, writer;
    char text[512] = "";
    DWORD got = 0, size = 0;

    (void)state;
    assert_non_null(desktop);
    assert_true(CreatePipe(&reader, &writer, &inherited, 0));
    assert_true(SetHandleInformation(reader, HANDLE_FLAG_INHERIT, 0));
    startup.hStdOutput = startup.hStdError = writer;
    assert_true(CreateProcessW(NULL, wide, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &startup, &process));
    CloseHandle(writer);
    while (size + 1 < sizeof(text) && ReadFile(reader, text + size, sizeof(text) - 1 - size, &got, NULL) && got > 0) {
        size += got;
    }
    assert_true(run_wait((os_handle)process.hProcess));
    text[strcspn(text, "\r\n")] = '\0';
    assert_string_equal(text, place_name);
    CloseHandle(reader);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    CloseDesktop(desktop);
    free(wide);
    free(line);
    free(name);
    free(place_name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_caller_sees_the_host),
        cmocka_unit_test(the_firewall_is_asked),
        cmocka_unit_test(aliases_first_on_path_are_told),
        cmocka_unit_test(a_helper_that_is_no_program_is_told),
        cmocka_unit_test(a_helper_of_another_kind_is_told),
        cmocka_unit_test(levels_that_are_not_offered_have_their_rows),
        cmocka_unit_test(steps_can_fail),
        cmocka_unit_test(a_step_tells_the_desktop_it_is_on),
    };

    return cmocka_run_group_tests(tests, in_a_place, without_it);
}
