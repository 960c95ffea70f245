/*
 * doctor_system.h - what `postern doctor` says of the system itself, beside the levels: from what postern_probe() has
 * seen and from trials that doctor_host_win32.c makes. Portable, so that it is tested anywhere; systems without a
 * member get no row for it. Callers: doctor*.c. Parent side.
 */
#ifndef POSTERN_CLI_DOCTOR_SYSTEM_H
#define POSTERN_CLI_DOCTOR_SYSTEM_H

#include "cli/doctor_table.h"

/* `system` is the member of the probe. `elevated`: that level is asked for, so accounts and firewall matter. */
void doctor_tell_system(struct doctor_table *table, json_t *system, bool elevated);

/* Why a level cannot block the network, by the probe: its message, which belongs to it; NULL: it can. */
const char *doctor_network_stays(json_t *probe, const char *level);

/* How a helper ended that was started as nobody calls it: it has to say so and exit with DOCTOR_HELPER_STATUS. Anything
 * else is what keeps it from being loaded. */
enum { DOCTOR_HELPER_STATUS = 2 };
void doctor_judge_helper(struct doctor_table *table, int exit_code);

/* A row for a command that Windows has ended, or not let start, by an exit code of its own; false: the code is the
 * command's word, and there is no row. `what` should have been done. */
bool doctor_judge_command(struct doctor_table *table, const char *check, const char *what, int exit_code);

/* Whether a directory can be a workspace where sandboxes live by access lists. */
struct doctor_lists {
    int64_t os_error;      /* not 0: it could not be looked at */
    const char *operation; /* the call that failed */
    char file_system[32];  /* "NTFS" */
    char owner[160];
    bool has_lists;  /* the file system has them */
    bool may_change; /* this user may change the directory's */
};
void doctor_judge_lists(struct doctor_table *table, const char *directory, const struct doctor_lists *lists);

/* A command's answer to step "desktop": "station\\desktop" in its first line. `opened`: it could also open the caller's
 * window station. `promised`: the sandbox claims to hold "ui". */
void doctor_judge_desktop(struct doctor_table *table, const char *ours, const char *theirs, bool opened, bool promised);

#endif
