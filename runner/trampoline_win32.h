/*
 * trampoline_win32.h - what postern-runner does on a console that is not its own, as a short-lived process: the runner
 * itself must not attach to a command's console, because that is a property of the whole process.
 *
 *   postern-runner --trampoline PROGRAM ARGV0 [ARG...]
 *       Wine only. CreateProcessW binds a child's standard handles to its pseudo console on Windows, on Wine (8 and 10)
 *       it does not. This opens the console, starts the real command on it, and ends with its exit code.
 *   postern-runner --console-agent PID interrupt|break
 *   postern-runner --console-agent PID resize ROWS COLS
 *       Attaches to the console of process PID and sends the event to all on it, or sets its size (Wine only, where
 *       ResizePseudoConsole is missing).
 */
#ifndef POSTERN_RUNNER_TRAMPOLINE_WIN32_H
#define POSTERN_RUNNER_TRAMPOLINE_WIN32_H

#include <stdbool.h>

#define TRAMPOLINE_OPTION "--trampoline"
#define CONSOLE_AGENT_OPTION "--console-agent"

/* Exit codes for failures of the trampoline itself, as env(1) has them. */
#define TRAMPOLINE_NOT_EXECUTABLE 126
#define TRAMPOLINE_NOT_FOUND 127

/* Whether the command has to be started through the trampoline. */
bool trampoline_needed(void);

/* The whole program in one of these modes, from its own command line; returns the exit status. */
int trampoline_main(void);

#endif
