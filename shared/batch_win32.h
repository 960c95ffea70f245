/*
 * batch_win32.h - command lines for .bat and .cmd files. Caller: shared/process_win32.c.
 *
 * CreateProcessW hands such files to cmd.exe, which reads the command line by rules of its own: an argument quoted for
 * CommandLineToArgvW can end its string there and become another command (CVE-2024-24576). So we name cmd.exe
 * ourselves and quote for it.
 */
#ifndef POSTERN_SHARED_BATCH_WIN32_H
#define POSTERN_SHARED_BATCH_WIN32_H

#include <stdbool.h>
#include <stddef.h>

struct postern_error;

/* By the name's end. Trailing dots and blanks are no part of a file name, so they do not hide one. */
bool batch_is_script(const char *program);

/* *line (UTF-8) and *program (cmd.exe's path) are freed with free(). argv[0] is not used: the script sees `script` as
 * %0. POSTERN_E_INVALID for arguments that cmd.exe can't be given: those with line breaks. */
int batch_command_line(const char *script, const char *const *argv, char **line, wchar_t **program,
                       struct postern_error *error);

#endif
