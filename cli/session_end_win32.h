/*
 * session_end_win32.h - the end of the user's session at Windows: log-off, shutting down. Caller: console_win32.c.
 * Parent side.
 *
 * Console events do not tell it: a process that has loaded user32.dll, as the shell's own libraries do, counts as one
 * with windows, and is told by a message to each of its top-level windows (Microsoft, SetConsoleCtrlHandler, remarks).
 * So there is one that nobody sees, on a thread of its own.
 */
#ifndef POSTERN_CLI_SESSION_END_WIN32_H
#define POSTERN_CLI_SESSION_END_WIN32_H

#include <stdbool.h>

#define SESSION_END_CLASS L"postern session end"

/* `tell` is called on that thread once the session is sure to end; the system ends this process a few seconds later, or
 * when `tell` returns. Where no window can be had nothing is told, which is no error: such a session has no log-off. */
void session_end_watch(void (*tell)(bool log_off));

/* Not called any more when this returns, unless it is being called. */
void session_end_forget(void);

#endif
