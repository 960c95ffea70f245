/*
 * arguments.h - the first thing main() does: arguments as UTF-8 and standard streams fit for bytes.
 * arguments_linux.c, arguments_win32.c. Parent side.
 */
#ifndef POSTERN_CLI_ARGUMENTS_H
#define POSTERN_CLI_ARGUMENTS_H

struct postern_error;

/* Replaces what main() was given. The new list is NULL-terminated, lives as long as the process, and may be permuted
 * but not freed.
 * Linux: also opens what of descriptors 0, 1 and 2 the caller left closed, so that nothing opened later is taken for
 * a standard stream, and has SIGPIPE ignored. Windows: also has the C streams leave line ends alone. */
int arguments_get(int *argc, char ***argv, struct postern_error *error);

/* What `postern shell` starts: $SHELL or /bin/sh; %COMSPEC% or cmd.exe. Static or the environment's. */
const char *arguments_shell(void);

/* The two words that have the system's shell run a line of text: "/bin/sh -c", "cmd.exe /c" (to which quoting adds
 * "/s"). Static. */
const char *const *arguments_command_shell(void);

#endif
