/*
 * find_windows.h - which file a command's name means on Windows, over any file system. Portable, so that its rules are
 * tested anywhere; process_find_win32.c gives it the real one. Runs in the runner, as the sandbox
 * user, and in the parent's probe.
 *
 * The rules, in the order in which they hold:
 *   - a name with a separator or a drive is a path, relative to `cwd`; "\x" is on the drive or share of `cwd`; "C:x",
 * which would depend on a directory of ours, and names of alternate streams ("a.txt:b.exe") are refused;
 *   - any other name is looked for in each directory of `path`, in order: quotes are taken off and protect semicolons,
 *     empty entries are nothing, relative ones are relative to `cwd`. The current directory is never searched unless
 *     an entry names it;
 *   - in each directory the name stands for itself first, if it ends in what can be started (.com .exe .bat .cmd), then
 *     with each such ending of `extensions`, in order;
 *   - what lies beneath a WindowsApps directory, and an app execution alias anywhere, is passed over for a real program
 *     later in `path`; when there is none that is an error of its own. Such files start an app of the Store for the
 * user it is installed for, and no other.
 */
#ifndef POSTERN_SHARED_FIND_WINDOWS_H
#define POSTERN_SHARED_FIND_WINDOWS_H

#include "shared/strings.h"

struct postern_error;

enum find_kind {
    FIND_NOTHING,
    FIND_FILE,
    FIND_ALIAS,  /* a reparse point IO_REPARSE_TAG_APPEXECLINK */
    FIND_DENIED, /* it exists, and the user may not look at it */
    FIND_OTHER   /* a directory, a device */
};

struct find_files {
    enum find_kind (*look)(void *context, const char *path); /* an absolute path with backslashes */
    void *context;
};

struct find_query {
    const char *name;
    const char *path;       /* the command's PATH; NULL: none */
    const char *extensions; /* its PATHEXT; NULL or "": the usual ones */
    const char *cwd;        /* absolute; NULL: paths have to be absolute */
};

/* *found is allocated. POSTERN_E_NOT_FOUND, POSTERN_E_NOT_EXECUTABLE (only what can't be started was found),
 * POSTERN_E_INVALID. */
int find_windows(const struct find_query *query, const struct find_files *files, char **found,
                 struct postern_error *error);

/* What a shell would start is not always what find_windows() finds: *passed is the first app or alias that it passes
 * over on the way (NULL: none), *found what it takes then (NULL: nothing). Both allocated. false: memory is out. */
bool find_windows_apps(const struct find_query *query, const struct find_files *files, char **passed, char **found);

/* The directories of `path` in which such apps lie, absolute, in order; the name is not looked at. They are added to
 * `out`. false: memory is out. */
bool find_windows_app_directories(const struct find_query *query, struct strings *out);

/* What to do about a program that is only there as an app: one line, static. */
const char *find_windows_app_remedy(void);

/* Whether a component of the path is "WindowsApps". */
bool find_windows_is_app(const char *path);

#endif
