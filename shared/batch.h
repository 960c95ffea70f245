/*
 * batch.h - command lines for .bat and .cmd files. Portable, so that the quoting is tested anywhere. Callers:
 * batch_win32.c, process_win32.c.
 *
 * CreateProcessW hands such files to cmd.exe, which reads the command line by rules of its own: an argument quoted for
 * CommandLineToArgvW can end its string there and become another command (CVE-2024-24576, "BatBadBut"). So we name
 * cmd.exe ourselves and quote for it. What the script does with its arguments is its own affair: %~1 takes the quotes
 * off again.
 */
#ifndef POSTERN_SHARED_BATCH_H
#define POSTERN_SHARED_BATCH_H

#include <stdbool.h>
#include <stddef.h>

struct postern_error;

/* What cmd.exe reads at most, in UTF-16 units (Microsoft, "Command prompt line string limitation"), and the longest
 * path that it takes. */
#define BATCH_LIMIT 8191u
#define BATCH_PATH_LIMIT 259u

/* By the name's end. Trailing dots and blanks are no part of a file name, so they do not hide one. */
bool batch_is_script(const char *program);

/* *line (UTF-8) is freed with free(). argv[0] is not used: the script sees `script` as %0. A \\?\ before a drive is
 * left out, since cmd.exe does not know it. POSTERN_E_INVALID for what cmd.exe can't be given: line breaks, a quotation
 * mark in the script's name, \\?\ before anything else; POSTERN_E_LIMIT. */
int batch_quote(const char *script, const char *const *argv, char **line, struct postern_error *error);

/* cmd.exe reads `cwd` as its directory; it runs in the Windows directory instead where that is a share or \\?\. */
int batch_check_directory(const char *cwd, struct postern_error *error);

#endif
