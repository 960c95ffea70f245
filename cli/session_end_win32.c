/*
 * session_end_win32.c - a window that hears of log-off, see session_end_win32.h. Parent side.
 */
#include "cli/session_end_win32.h"

#include <process.h>
#include <windows.h>

#define END_WAIT_MS 1000u /* a thread that is being told of the end does not come back */

static struct {
    void (*tell)(bool log_off);
    HANDLE thread;
    HANDLE ready; /* manual-reset: `window` is final */
    HWND window;  /* NULL: none could be had */
} watch;

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM wide, LPARAM information)
{
    switch (message) {
    case WM_QUERYENDSESSION:
        return TRUE; /* it is not for us to keep the user from leaving */
    case WM_ENDSESSION:
        if (wide) {
            watch.tell((information & (LPARAM)ENDSESSION_LOGOFF) != 0);
        }
        return 0;
    case WM_DESTROY:
        PostQuitMessage(0);
        return 0;
    default:
        return DefWindowProcW(window, message, wide, information);
    }
}

static HWND make_window(void)
{
    WNDCLASSEXW kind = {.cbSize = sizeof(kind), .lpszClassName = SESSION_END_CLASS, .lpfnWndProc = on_message};

    kind.hInstance = GetModuleHandleW(NULL);
    RegisterClassExW(&kind); /* fails where it is there already, from an earlier time */
    /* Top-level, since messages to all windows pass over those for messages only; never shown. */
    return CreateWindowExW(0, SESSION_END_CLASS, L"", WS_OVERLAPPED, 0, 0, 0, 0, NULL, NULL, kind.hInstance, NULL);
}

static unsigned __stdcall run(void *context)
{
    MSG message;

    (void)context;
    watch.window = make_window();
    SetEvent(watch.ready);
    while (watch.window != NULL && GetMessageW(&message, NULL, 0, 0) > 0) {
        DispatchMessageW(&message);
    }
    return 0;
}

void session_end_watch(void (*tell)(bool log_off))
{
    watch.tell = tell;
    watch.window = NULL;
    watch.ready = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (watch.ready != NULL) {
        watch.thread = (HANDLE)_beginthreadex(NULL, 0, run, NULL, 0, NULL);
    }
}

void session_end_forget(void)
{
    if (watch.thread != NULL) {
        bool ready = WaitForSingleObject(watch.ready, END_WAIT_MS) == WAIT_OBJECT_0;
        if (ready && watch.window != NULL) {
            PostMessageW(watch.window, WM_CLOSE, 0, 0);
        }
        if (!ready || WaitForSingleObject(watch.thread, END_WAIT_MS) != WAIT_OBJECT_0) {
            return; /* it is being told of the end, and uses all this */
        }
        CloseHandle(watch.thread);
        watch.thread = NULL;
    }
    if (watch.ready != NULL) {
        CloseHandle(watch.ready);
        watch.ready = NULL;
    }
}
