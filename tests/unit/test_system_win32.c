/*
 * The small Windows parts of shared/: UTF-8 and UTF-16, paths, environment, error texts, handles.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#include "runner/startup.h"
#include "shared/environment.h"
#include "shared/error.h"
#include "shared/handle.h"
#include "shared/system.h"
#include "shared/text.h"
#include "shared/wide.h"

static void text_goes_there_and_back(void **state)
{
    static const char *const texts[] = {"", "a", "\xc3\xa4\xe2\x82\xac", "\xf0\x9f\x90\xa7\xf4\x8f\xbf\xbf",
                                        "\xef\xbf\xbf"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        wchar_t *wide = wide_from_utf8(texts[i]);
        char *back = wide_to_utf8(wide);

        assert_string_equal(back, texts[i]);
        free(wide);
        free(back);
    }
}

static void what_is_not_valid_is_refused(void **state)
{
    static const char *const bad[] = {"\xff", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xc3"};
    static const wchar_t *const lone[] = {L"\xD800", L"\xDC00", L"a\xD83Dz", L"\xD83D\xD83D"};
    wchar_t *wide = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(wide_from_utf8(bad[i]));
        assert_int_equal(GetLastError(), ERROR_NO_UNICODE_TRANSLATION);
        assert_int_equal(wide_convert(bad[i], "test", "it", &wide, NULL), POSTERN_E_INVALID);
    }
    for (size_t i = 0; i < sizeof(lone) / sizeof(lone[0]); i++) {
        assert_null(wide_to_utf8(lone[i]));
        assert_int_equal(GetLastError(), ERROR_NO_UNICODE_TRANSLATION);
    }
}

static void variables_of_any_length(void **state)
{
    wchar_t *value, text[1000];

    (void)state;
    for (int i = 0; i < 999; i++) {
        text[i] = L'x';
    }
    text[999] = L'\0';
    assert_true(SetEnvironmentVariableW(L"POSTERN_TEST", text));
    value = wide_variable(L"POSTERN_TEST");
    assert_int_equal(wcslen(value), 999);
    free(value);
    assert_true(SetEnvironmentVariableW(L"POSTERN_TEST", L""));
    value = wide_variable(L"POSTERN_TEST");
    assert_true(value != NULL && value[0] == L'\0');
    free(value);
    assert_true(SetEnvironmentVariableW(L"POSTERN_TEST", NULL));
    assert_null(wide_variable(L"POSTERN_TEST"));
}

static void the_environment_is_read_as_utf8(void **state)
{
    struct strings list = {0};

    (void)state;
    assert_true(environment_folds());
    assert_true(SetEnvironmentVariableW(L"POSTERN_TEST", L"\x20AC"));
    assert_true(SetEnvironmentVariableW(L"POSTERN_LONE", L"\xD800")); /* can't be said in UTF-8: left out */
    assert_true(environment_of_process(&list));
    assert_string_equal(environment_get(&list, "postern_test", environment_folds()), "\xe2\x82\xac");
    assert_null(environment_get(&list, "POSTERN_LONE", true));
    strings_free(&list);
    SetEnvironmentVariableW(L"POSTERN_TEST", NULL);
    SetEnvironmentVariableW(L"POSTERN_LONE", NULL);
}

static void paths_are_made_plain(void **state)
{
    int64_t os_error = 0;
    char *path = system_absolute_path("C:\\windows\\.\\SYSTEM32\\..", &os_error);
    char *directory = system_program_directory(), *current = system_current_directory();
    char *program = system_program_path();

    (void)state;
    assert_non_null(path);
    assert_int_equal(_stricmp(path, "C:\\windows"), 0);
    free(path);
    assert_null(system_absolute_path("C:\\no such thing", &os_error));
    assert_int_equal(os_error, ERROR_FILE_NOT_FOUND);
    assert_null(system_absolute_path("C:\\\xff", &os_error));
    assert_int_equal(os_error, ERROR_NO_UNICODE_TRANSLATION);
    assert_true(system_path_is_absolute(directory) && system_path_is_absolute(current));
    assert_true(program != NULL && strncmp(program, directory, strlen(directory)) == 0);
    assert_non_null(strstr(program, "test_system_win32"));
    free(program);
    free(directory);
    free(current);
}

static void absolute_paths_are_told_from_others(void **state)
{
    static const char *const absolute[] = {"C:\\", "c:/x", "\\\\server\\share", "//server/share", "\\\\?\\C:\\x"};
    static const char *const relative[] = {"", "x", "\\x", "/x", "C:", "C:x", ".\\x", "1:\\x"};

    (void)state;
    for (size_t i = 0; i < sizeof(absolute) / sizeof(absolute[0]); i++) {
        assert_true(system_path_is_absolute(absolute[i]));
    }
    for (size_t i = 0; i < sizeof(relative) / sizeof(relative[0]); i++) {
        assert_false(system_path_is_absolute(relative[i]));
    }
}

static void the_clock_goes_forward(void **state)
{
    uint64_t before = system_now_us();
    uint64_t after;

    (void)state;
    Sleep(20);
    after = system_now_us();
    assert_true(after - before >= 10000 && after - before < 10000000);
}

static void errors_have_texts(void **state)
{
    char text[128];

    (void)state;
    error_os_text(ERROR_ACCESS_DENIED, text, sizeof(text));
    assert_non_null(strstr(text, "denied"));
    assert_true(text[strlen(text) - 1] > ' ' && text[strlen(text) - 1] != '.');
    error_os_text(ERROR_BAD_EXE_FORMAT, text, sizeof(text));
    assert_null(strchr(text, '%'));
    assert_non_null(strstr(text, "the file"));
    error_os_text(0xC0000142, text, sizeof(text));
    assert_string_equal(text, "STATUS_DLL_INIT_FAILED");
    error_os_text((int32_t)0x80004001, text, sizeof(text)); /* an HRESULT, with its sign */
    assert_string_equal(text, "E_NOTIMPL");
    error_os_text(0x80004001u, text, sizeof(text));
    assert_string_equal(text, "E_NOTIMPL");
    error_os_text(0x2ABCDEF, text, sizeof(text));
    assert_string_equal(text, "error 0x02ABCDEF");
    error_os_text(ERROR_ACCESS_DENIED, text, 5);
    assert_int_equal(strlen(text), 4);
}

static void handles_are_closed_once(void **state)
{
    os_handle event = (os_handle)CreateEventW(NULL, TRUE, FALSE, NULL);
    os_handle moved = handle_take(&event);
    DWORD flags;

    (void)state;
    assert_int_equal(event, OS_HANDLE_NONE);
    SetLastError(4711);
    handle_close(&event);
    assert_true(GetHandleInformation((HANDLE)moved, &flags));
    SetLastError(4711);
    handle_close(&moved);
    assert_int_equal(GetLastError(), 4711);
    assert_int_equal(moved, OS_HANDLE_NONE);
}

static void adopted_handles_are_inherited_no_more(void **state)
{
    SECURITY_ATTRIBUTES inherit = {.nLength = sizeof(inherit), .bInheritHandle = TRUE};
    HANDLE event = CreateEventW(&inherit, TRUE, FALSE, NULL);
    char *text = text_format("handle:%llu", (unsigned long long)(uintptr_t)event);
    static const char *const bad[] = {
        "", "fd:3", "handle:", "handle:x", "handle:-1", "handle:0", "handle:18446744073709551615"};
    os_handle adopted = OS_HANDLE_NONE;
    DWORD flags = HANDLE_FLAG_INHERIT;

    (void)state;
    assert_int_equal(startup_adopt_handle(text, &adopted, NULL), 0);
    assert_int_equal(adopted, (os_handle)event);
    assert_true(GetHandleInformation(event, &flags));
    assert_int_equal(flags & HANDLE_FLAG_INHERIT, 0);
    handle_close(&adopted);
    assert_int_equal(startup_adopt_handle(text, &adopted, NULL), POSTERN_E_INVALID); /* not open any more */
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(startup_adopt_handle(bad[i], &adopted, NULL), POSTERN_E_INVALID);
    }
    free(text);
}

static void the_start_record_is_read_to_its_end_or_limit(void **state)
{
    static const size_t limits[] = {20000, 10000, 9999, 8192};
    static char data[10000];

    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        HANDLE reader, writer;
        struct buffer record;
        DWORD written;
        char *text;

        assert_true(CreatePipe(&reader, &writer, NULL, 20000));
        assert_true(WriteFile(writer, data, sizeof(data), &written, NULL));
        CloseHandle(writer);
        text = text_format("handle:%llu", (unsigned long long)(uintptr_t)reader);
        buffer_init(&record, limits[i]);
        if (limits[i] >= sizeof(data)) {
            assert_int_equal(startup_read_bootstrap(text, &record, NULL), 0);
            assert_int_equal(buffer_length(&record), sizeof(data));
        } else {
            assert_int_equal(startup_read_bootstrap(text, &record, NULL), POSTERN_E_LIMIT);
        }
        buffer_wipe(&record);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_goes_there_and_back),
        cmocka_unit_test(what_is_not_valid_is_refused),
        cmocka_unit_test(variables_of_any_length),
        cmocka_unit_test(the_environment_is_read_as_utf8),
        cmocka_unit_test(paths_are_made_plain),
        cmocka_unit_test(absolute_paths_are_told_from_others),
        cmocka_unit_test(the_clock_goes_forward),
        cmocka_unit_test(errors_have_texts),
        cmocka_unit_test(handles_are_closed_once),
        cmocka_unit_test(adopted_handles_are_inherited_no_more),
        cmocka_unit_test(the_start_record_is_read_to_its_end_or_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
