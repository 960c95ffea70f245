/*
 * batch_win32.h - command line and interpreter of a .bat or .cmd file. Caller: shared/process_win32.c.
 */
#ifndef POSTERN_SHARED_BATCH_WIN32_H
#define POSTERN_SHARED_BATCH_WIN32_H

#include "shared/batch.h"

/* batch_quote(), and cmd.exe's path in *program. Both are freed with free(). */
int batch_command_line(const char *script, const char *const *argv, char **line, wchar_t **program,
                       struct postern_error *error);

#endif
