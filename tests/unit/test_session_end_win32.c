/*
 * cli/session_end_win32.h: the messages that a window is sent when its user logs off are heard and told.
 */
#include "cli/session_end_win32.h"

#include "tests/support/test.h"

#include <windows.h>

#include "tests/support/run_win32.h"

#define WAIT_MS 10000u

static volatile LONG told; /* 1: shutting down, 2: log-off */

static void tell(bool log_off)
{
    InterlockedExchange(&told, log_off ? 2 : 1);
}

/* Wine makes none without a display. */
static bool can_have_windows(void)
{
    HWND window = CreateWindowExW(0, L"STATIC", L"", WS_OVERLAPPED, 0, 0, 0, 0, NULL, NULL, NULL, NULL);

    return window != NULL && DestroyWindow(window);
}

static HWND wait_for_window(void)
{
    ULONGLONG end = GetTickCount64() + WAIT_MS;
    HWND window = FindWindowW(SESSION_END_CLASS, NULL);

    while (window == NULL) {
        assert_true(GetTickCount64() < end);
        Sleep(1);
        window = FindWindowW(SESSION_END_CLASS, NULL);
    }
    return window;
}

static void send(HWND window, UINT message, WPARAM wide, LPARAM information, DWORD_PTR expected)
{
    DWORD_PTR answer = 99;

    assert_true(SendMessageTimeoutW(window, message, wide, information, SMTO_NORMAL, WAIT_MS, &answer) != 0);
    assert_int_equal(answer, expected);
}

static void log_off_is_told(void **state)
{
    HWND window;

    (void)state;
    if (!can_have_windows()) {
        assert_true(run_under_wine()); /* elsewhere there is no such excuse */
        SKIP_BECAUSE("Wine makes no windows without a display");
    }
    session_end_watch(tell);
    window = wait_for_window();
    send(window, WM_QUERYENDSESSION, 0, (LPARAM)ENDSESSION_LOGOFF, TRUE);
    assert_int_equal(told, 0); /* the user may still change his mind */
    send(window, WM_ENDSESSION, FALSE, (LPARAM)ENDSESSION_LOGOFF, 0);
    assert_int_equal(told, 0);
    send(window, WM_ENDSESSION, TRUE, (LPARAM)ENDSESSION_LOGOFF, 0);
    assert_int_equal(told, 2);
    send(window, WM_ENDSESSION, TRUE, 0, 0);
    assert_int_equal(told, 1);
    session_end_forget();
    assert_null(FindWindowW(SESSION_END_CLASS, NULL));
}

/* Without a display there is no window, but what it would do with a message is known from its class. */
static WNDPROC wait_for_class(void)
{
    ULONGLONG end = GetTickCount64() + WAIT_MS;
    WNDCLASSEXW kind = {.cbSize = sizeof(kind)};

    while (!GetClassInfoExW(GetModuleHandleW(NULL), SESSION_END_CLASS, &kind)) {
        assert_true(GetTickCount64() < end);
        Sleep(1);
    }
    return kind.lpfnWndProc;
}

static void only_a_sure_end_is_told(void **state)
{
    WNDPROC handle;

    (void)state;
    InterlockedExchange(&told, 0);
    session_end_watch(tell);
    handle = wait_for_class();
    assert_int_equal(handle(NULL, WM_QUERYENDSESSION, 0, (LPARAM)ENDSESSION_LOGOFF), TRUE);
    assert_int_equal(handle(NULL, WM_ENDSESSION, FALSE, (LPARAM)ENDSESSION_LOGOFF), 0);
    assert_int_equal(told, 0);
    assert_int_equal(handle(NULL, WM_ENDSESSION, TRUE, (LPARAM)ENDSESSION_LOGOFF), 0);
    assert_int_equal(told, 2);
    assert_int_equal(handle(NULL, WM_ENDSESSION, TRUE, 0), 0);
    assert_int_equal(told, 1);
    InterlockedExchange(&told, 0);
    session_end_forget();
}

static void it_may_be_watched_again(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        session_end_watch(tell);
        session_end_forget();
    }
    session_end_forget(); /* twice does no harm */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_may_be_watched_again),
        cmocka_unit_test(only_a_sure_end_is_told),
        cmocka_unit_test(log_off_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
