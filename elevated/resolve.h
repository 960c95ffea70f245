/*
 * resolve.h - the paths of a policy as this host has them: links followed, facts taken down, what must stay read-only
 * in writable directories found. resolve_linux.c, resolve_win32.c. Looks, changes nothing. Parent; caller: grants.c.
 */
#ifndef POSTERN_ELEVATED_RESOLVE_H
#define POSTERN_ELEVATED_RESOLVE_H

#include "shared/policy.h"

/* The workspace as the host has it: absolute, links followed; allocated. POSTERN_E_CWD: there is no such directory. */
int resolve_workspace(const char *path, char **out, struct postern_error *error);

/* Whether a resolved path could be a project's: it is not the system's or all users', and does not hold a home. */
int resolve_is_project(const char *path, bool *out, struct postern_error *error);

/* Resolves every rule and process.cwd, fills the facts. Refused (POSTERN_E_POLICY, naming the path as it was said):
 * a path that is missing, unless it is denied; a link to nowhere; and as writable: "/", system directories, the
 * caller's home or what is above it, what is neither a file nor a directory. A denied path that is missing keeps its
 * text, with the links above it followed. Rules are not settled afterwards: resolve_check_links() comes first.
 * May be called again when rules were added. */
int resolve_policy(struct policy *policy, enum postern_level level, struct postern_error *error);

/* Refused (POSTERN_E_POLICY): a rule whose path, as it was said, leads over a symbolic link in a directory that these
 * rules let commands write. They could make it lead elsewhere before the next sandbox is opened, or have done so. Only
 * what another rule makes writable without such a link may be made so over one. The rules are resolved, not settled. */
int resolve_check_links(const struct policy_rules *rules, struct postern_error *error);

/* Adds the rules of POLICY_PROTECTED for each writable directory: what exists of policy_protected_names, and the
 * repository that a `.git` file points to, with the one that that one shares (commondir), if it is writable. What does
 * not exist cannot be protected. Refused (POSTERN_E_POLICY): a symbolic link of such a name, which a command could
 * replace whatever is mounted where it leads, unless a rule grants it by name. The rules are settled before and
 * after. */
int resolve_protected(struct policy *policy, enum postern_level level, struct postern_error *error);

/* Adds rules of POLICY_PROTECTED for what is mounted in writable directories and is the kernel's (/proc, /sys), or is
 * by another name what resolve_policy() would refuse. Refused (POSTERN_E_POLICY): a writable path that is itself such.
 * The rules are settled before and after. */
int resolve_mounts(struct policy *policy, enum postern_level level, struct postern_error *error);

/* What the next start is made of: the directory of the helpers, and those in which they are looked for before. */
struct resolve_own {
    const char *libexec;            /* as it was said */
    const struct strings *searched; /* none of them holds helpers */
};

/* Whoever writes helpers and manifest is trusted like them at the next start, perhaps by root. So these directories and
 * the program that is running get rules of POLICY_PROTECTED where they lie in writable ones. So do the directories with
 * postern's records, which say what is to be taken back, whoever wrote them. Refused (POSTERN_E_POLICY): such a
 * directory, a helper, or anything among the records, that is itself made writable; one that does not exist, and that
 * commands could make; and a way to the helpers over a link of theirs. The rules are settled before and after. Not for
 * level none. */
int resolve_keep_own(struct policy *policy, const struct resolve_own *own, enum postern_level level,
                     struct postern_error *error);

/* The paths of policy_protected_names in writable directories that no rule is for: nothing was there, so commands can
 * make them. Settled rules, clamped or not. Appends to *out. */
int resolve_unprotected(const struct policy_rules *rules, struct strings *out, struct postern_error *error);

/* Appends those of `paths` that are there by now, and those that cannot be looked at any more. */
int resolve_made(const struct strings *paths, struct strings *out, struct postern_error *error);

/* Reads a ceiling, resolves what exists of it (paths that do not exist yet stay as they are) and settles it. The file
 * has to be one that only its owner, root or the caller, can change. *present is false, and all is well, when there is
 * no file and `required` is false. */
int resolve_ceiling(const char *file, bool required, struct policy *out, bool *present, struct postern_error *error);

const char *resolve_system_ceiling(void); /* /etc/postern/ceiling.json; %ProgramData%\postern\ceiling.json */

#endif
