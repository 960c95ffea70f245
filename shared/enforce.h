/*
 * enforce.h - the plan: which mechanism enforces what, as data. Made by pure code from a policy and from what the host
 * can do (enforce_plan), printed by `postern policy check`, executed by elevated/launch_*.c, the keeper and
 * runner/confine_*.c. Nothing else decides what a command may touch.
 *
 * A policy is enforced or refused: enforce_plan() fails with POSTERN_E_POLICY, naming the capability that is missing,
 * where any of it could not be held.
 */
#ifndef POSTERN_SHARED_ENFORCE_H
#define POSTERN_SHARED_ENFORCE_H

#include "shared/policy.h"

enum enforce_executor { ENFORCE_BY_LAUNCHER, ENFORCE_BY_RUNNER };
enum enforce_argument { ENFORCE_TAKES_NOTHING, ENFORCE_TAKES_PATH, ENFORCE_TAKES_NUMBER };

/* X(constant, capability, mechanism, executor, argument). "capability:mechanism" is what HELLO, --json and probe say.
 */
#define ENFORCE_MECHANISMS(X)                                                                                          \
    /* who it is, what it can find */                                                                                  \
    X(ENFORCE_OTHER_USER, "user", "uid", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NOTHING)                                   \
    X(ENFORCE_PID_NAMESPACE, "processes", "pid-namespace", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NOTHING)                 \
    X(ENFORCE_LIFETIME_NAMESPACE, "lifetime", "keeper-pid-namespace", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NOTHING)      \
    X(ENFORCE_LIFETIME_SUBREAPER, "lifetime", "keeper-subreaper", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NOTHING)          \
    X(ENFORCE_IPC_NAMESPACE, "ipc", "ipc-namespace", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NOTHING)                       \
    X(ENFORCE_NO_NEW_PRIVS, "privileges", "no_new_privs", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)                    \
    X(ENFORCE_SECCOMP, "syscalls", "seccomp", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)                                \
    X(ENFORCE_SCOPE_SIGNALS, "signals", "landlock-scope", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)                    \
    X(ENFORCE_SCOPE_SOCKETS, "sockets.abstract", "landlock-scope", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)           \
    X(ENFORCE_NO_LOCAL_SOCKETS, "sockets.local", "seccomp", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)                  \
    /* files; mounts are made in the order of the plan, what is above a path before it */                              \
    X(ENFORCE_LOCK_ROOT, "fs.write", "read-only-mounts", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NOTHING)                   \
    X(ENFORCE_PRIVATE, "fs.private", "tmpfs", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_PATH)                                 \
    X(ENFORCE_PRIVATE_WAY, "fs.private", "tmpfs-read-only", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_PATH)                   \
    X(ENFORCE_PRIVATE_DIRECTORY, "fs.private", "directory", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NOTHING)                \
    X(ENFORCE_MAPPED_WRITE, "fs.owner", "id-mapped-mount", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_PATH)                    \
    X(ENFORCE_MAPPED_READ, "fs.owner", "id-mapped-mount-read-only", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_PATH)           \
    X(ENFORCE_MOUNT_WRITE, "fs.write", "mount", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_PATH)                               \
    X(ENFORCE_MOUNT_READ, "fs.write", "read-only-mount", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_PATH)                      \
    X(ENFORCE_MASK, "fs.deny", "mask-mount", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_PATH)                                  \
    X(ENFORCE_LANDLOCK_READ, "fs.read", "landlock", ENFORCE_BY_RUNNER, ENFORCE_TAKES_PATH)                             \
    X(ENFORCE_LANDLOCK_WRITE, "fs.write", "landlock", ENFORCE_BY_RUNNER, ENFORCE_TAKES_PATH)                           \
    /* network */                                                                                                      \
    X(ENFORCE_NET_NAMESPACE, "net.block", "net-namespace", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NOTHING)                 \
    X(ENFORCE_NET_SECCOMP, "net.block", "seccomp", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)                           \
    X(ENFORCE_NET_LANDLOCK, "net.block", "landlock", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)                         \
    /* limits */                                                                                                       \
    X(ENFORCE_CGROUP_MEMORY, "limits.memory", "cgroup", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NUMBER)                     \
    X(ENFORCE_CGROUP_PROCESSES, "limits.processes", "cgroup", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NUMBER)               \
    X(ENFORCE_RLIMIT_MEMORY, "limits.memory", "rlimit", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NUMBER)                       \
    X(ENFORCE_RLIMIT_PROCESSES, "limits.processes", "rlimit", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NUMBER)                 \
    X(ENFORCE_RLIMIT_CPU, "limits.cpu", "rlimit", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NUMBER) /* milliseconds */          \
    X(ENFORCE_RLIMIT_FILE_SIZE, "limits.file_size", "rlimit", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NUMBER)                 \
    X(ENFORCE_NO_CORE, "core", "rlimit", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)                                     \
    /* Windows */                                                                                                      \
    X(ENFORCE_LIFETIME_JOB, "lifetime", "job", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NOTHING)                             \
    X(ENFORCE_ACCOUNT, "user", "account", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NOTHING)                                  \
    X(ENFORCE_ACCOUNT_OFFLINE, "net.block", "offline-account", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NOTHING)             \
    X(ENFORCE_RESTRICTED_TOKEN, "privileges", "restricted-token", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)            \
    X(ENFORCE_TOKEN_LOCK, "fs.write", "restricted-token", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)                    \
    X(ENFORCE_APPCONTAINER, "privileges", "appcontainer", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)                    \
    X(ENFORCE_APPCONTAINER_FILES, "fs.write", "appcontainer", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)                \
    X(ENFORCE_APPCONTAINER_NET, "net.block", "appcontainer", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)                 \
    X(ENFORCE_DESKTOP, "desktop", "private-desktop", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)                         \
    X(ENFORCE_UI, "ui", "window-station", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)                                    \
    X(ENFORCE_MITIGATIONS, "mitigations", "process-mitigations", ENFORCE_BY_RUNNER, ENFORCE_TAKES_NOTHING)             \
    X(ENFORCE_ENTRY, "fs.write", "access-entry", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_PATH)                              \
    X(ENFORCE_NO_ENTRY, "fs.write", "no-access-entry", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_PATH)                        \
    X(ENFORCE_READ_ENTRY, "fs.read", "access-entry", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_PATH)                          \
    X(ENFORCE_DENY_ENTRY, "fs.deny", "deny-entry", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_PATH)                            \
    X(ENFORCE_JOB_MEMORY, "limits.memory", "job", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NUMBER)                           \
    X(ENFORCE_JOB_PROCESSES, "limits.processes", "job", ENFORCE_BY_LAUNCHER, ENFORCE_TAKES_NUMBER)

enum enforce_mechanism {
#define ENFORCE_ENUM(constant, capability, mechanism, executor, argument) constant,
    ENFORCE_MECHANISMS(ENFORCE_ENUM)
#undef ENFORCE_ENUM
        ENFORCE_MECHANISM_COUNT
};

struct enforce_mechanism_info {
    const char *id; /* "capability:mechanism", static */
    const char *capability, *mechanism;
    enum enforce_executor executor;
    enum enforce_argument argument;
};
const struct enforce_mechanism_info *enforce_info(enum enforce_mechanism mechanism);
/* By its id; false: there is no such. */
bool enforce_find(const char *id, enum enforce_mechanism *out);

struct enforce_step {
    enum enforce_mechanism mechanism;
    char *path; /* owned; NULL unless it takes one */
    uint64_t number;
    const struct policy_rule
        *rule; /* of a mount or mask: its facts, borrowed from the policy; NULL: the host's place */
    const struct policy_rule *owner; /* of an id-mapped mount: whose owner appears as the sandbox user (a subdirectory
                                        of a grant is mapped as the grant is) */
};
struct enforce_steps {
    struct enforce_step *item;
    size_t count, capacity;
};
void enforce_steps_free(struct enforce_steps *steps);
bool enforce_add(struct enforce_steps *steps, const struct enforce_step *step); /* copies the path; false: no memory */
bool enforce_has(const struct enforce_steps *steps, enum enforce_mechanism mechanism);

/* A directory that every sandbox with mounts of its own covers with a fresh one, e.g. /tmp: by a step of
 * ENFORCE_PRIVATE, or of ENFORCE_PRIVATE_WAY when it is not writable. */
struct enforce_place {
    const char *path;
    bool writable; /* false: it only leads to something */
};

/* What the host can do for one sandbox at one level. Facts; see elevated/capabilities_*.c. Borrowed. */
struct enforce_host {
    enum postern_level level;
    bool own_files; /* mounts can be changed */
    bool own_proc;  /* a /proc of the sandbox's own */
    bool own_pids, own_ipc;
    bool own_network; /* a network namespace */
    bool other_user;
    int landlock_abi; /* 0: none */
    bool seccomp;
    bool cgroup_memory, cgroup_processes;
    /* Windows */
    bool restricted_token;                /* one with restricting SIDs was seen to keep its holder from writing */
    bool account_online, account_offline; /* sandbox accounts that were set up, with the firewall on for the latter */
    bool appcontainer;                    /* the system makes app containers for us */
    const struct enforce_place *place;    /* what is above comes first */
    size_t place_count;
    const struct strings *device; /* paths that commands may write though no rule says so: /dev/null, ... */
};

#define ENFORCE_MOUNTS_MAX 1024 /* mounts and masks of one sandbox; on Windows: directories that get entries or not */

/* Makes the plan for a policy (resolved, settled, clamped; borrowed by the plan's steps) on a host. POSTERN_E_POLICY:
 * the capability that is missing, the item of the policy, what to do. POSTERN_E_LEVEL: the host lacks what the level
 * cannot do without. POSTERN_E_LIMIT: more than ENFORCE_MOUNTS_MAX mounts. *out is empty before and after a failure.
 * Level none can enforce nothing but limits.
 *
 * The steps are in the order of execution: the user and namespaces; ENFORCE_LOCK_ROOT; private places and ways, what is
 * above first; mounts and masks, what is above first (among them a place that is inside of one); what the runner does.
 *
 * Files, where mounts can be changed:
 *  - A private place is what every sandbox has instead of the host's directory. A grant of the caller's beneath it is
 *    mounted in; so is what a ceiling leaves of one, but a path that only a ceiling names grants nothing there.
 *  - A place is replaced by a rule of the caller's for its own path, and by one that denies it or what is above it
 *    (other than "/"): `--ro /tmp` is the host's /tmp, read-only; a denied /tmp is a mask. There is no temporary
 *    directory at that path then, and no step for the place.
 *  - Beneath a place, what is denied is masked also when it is missing on the host; a mask or mount there, or beneath a
 *    way or another mask, needs its mount point made.
 *  - What is denied by "/" or the base is held by Landlock, which grants places, devices and a /proc of the sandbox's
 *    own all the same. What is denied by name beneath is masked as well.
 *  - Devices, and what is in /proc, follow no rules but those that deny something in them; they themselves cannot be
 *    denied. /dev is the sandbox's own whatever a rule for it says: `--ro /dev` leaves only devices to be written.
 *  - A path that is missing (denied, or of a ceiling) is refused where a command could make it, and else ignored.
 *
 * A policy with paths of Windows gets a plan for Windows. The job and its limits hold at every level; the time of
 * processors and the size of files are limited by nothing there. At levels elevated and restricted:
 *  - Commands hold a restricted token, which lets them write only where an entry for the sandbox's own SID is, or where
 *    everybody may write; they are on a desktop of their own, with mitigations on.
 *  - Level elevated: an account of its own, an offline one where the network is blocked. It has no rights to what is
 *    the caller's but by entries.
 *  - Level restricted: they run as the caller, so reading cannot be denied and the network cannot be blocked: refused,
 *    unless the containment is "processcontainer": then an app container is used instead of the token, which reads and
 *    writes only by entries or what is open to all such packages, and has a network only if it is given one. To it
 *    Windows only grants, and passes over entries that deny something: for less than what it is in nothing can be.
 *  - ENFORCE_ENTRY: a directory that is writable gets an entry, with all that is in it; what is above first.
 *    ENFORCE_READ_ENTRY: may be read by an entry (account, app container). ENFORCE_NO_ENTRY: one in a writable
 * directory that is read-only, and needs no entry for reading. ENFORCE_DENY_ENTRY: denied, by an entry that says so.
 */
int enforce_plan(const struct policy *policy, const struct enforce_host *host, struct enforce_steps *out,
                 struct postern_error *error);

#endif
