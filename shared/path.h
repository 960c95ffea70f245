/*
 * path.h - absolute paths as policies compare them: by component, never as prefix strings. Pure text, both styles on
 * both platforms, so that all rules can be tested anywhere; what only the system can answer (links, 8.3 names, files
 * that exist) is elevated/resolve_*.c. Both sides.
 */
#ifndef POSTERN_SHARED_PATH_H
#define POSTERN_SHARED_PATH_H

#include "shared/error.h"
#include "shared/strings.h"

enum path_style {
    PATH_POSIX,
    PATH_WINDOWS /* case does not matter; drives, UNC and the \\?\ forms; both kinds of slash */
};
enum path_style path_style_here(void); /* path_linux.c, path_win32.c */

/* The one form in which a path is kept: absolute, no "." and "..", no double separators, none at the end but in a
 * root. *out is allocated; on failure POSTERN_E_POLICY that names `what` and the rule broken:
 *  - blank, relative (also "C:x" and "\x"), not UTF-8, holding a control character, "." aside any ".." (where a link
 * may be on the way its meaning is the system's to say), longer than PATH_SIZE_MAX bytes;
 *  - Windows: "C:/a" and "\\?\C:\a" become "C:\a", "\\?\UNC\s\h\a" becomes "\\s\h\a"; refused: devices (CON, NUL, also
 *    with an extension; "\\.\"), alternate streams ("a:b" and the forbidden characters <>"|?*), names that end in a dot
 *    or a blank, names that may be short for others ("PROGRA~1"), volume GUID paths. */
#define PATH_SIZE_MAX 4096 /* with the NUL, as Linux's PATH_MAX; Windows allows 32,767, which no policy needs */
int path_canonical(enum path_style style, const char *text, const char *what, char **out, struct postern_error *error);

/* The rest is for canonical paths. */

/* `path` is `directory` or beneath it. */
bool path_is_beneath(enum path_style style, const char *path, const char *directory);

/* Orders paths so that everything beneath a directory comes directly after it (separators sort before all else). 0:
 * the same path. */
int path_compare(enum path_style style, const char *a, const char *b);

/* The path of the entry `name` in `directory`; allocated, NULL when memory is out. */
char *path_join(enum path_style style, const char *directory, const char *name);

/* Splits a list as PATH has it, ":" or ";" (on Windows a colon belongs to the drive); empty items are left out. false:
 * memory is out. */
bool path_split_list(enum path_style style, const char *text, struct strings *out);

#endif
