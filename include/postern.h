/*
 * postern.h - run commands for a coding agent on the far side of a privilege boundary.
 *
 * The caller (the parent) opens a sandbox; postern starts a helper, the runner, as the sandbox user and talks to it
 * over an authenticated channel. A sandbox hosts any number of sessions; a session is one command with its streams.
 *
 * Rules that hold for every function here:
 *  - Threads: a sandbox and its sessions belong to one thread at a time; different sandboxes may be used by different
 *    threads at once. postern_sandbox_wake() alone may be called from any thread. The library starts no threads on
 *    Linux; on Windows it starts helper threads that never call back into the program.
 *  - Errors: functions return 0 (POSTERN_OK) or a negative enum postern_code. `error` may be NULL; if it is not, it is
 *    filled on failure and left alone on success.
 *  - Text is UTF-8, NUL-terminated, on every platform. Paths are absolute unless said otherwise.
 *  - Times are in milliseconds unless the name says otherwise; a timeout argument of 0 polls, -1 waits for ever.
 *  - Structures that the caller fills begin with `size`; set it with the *_INIT macros so that later versions can
 *    tell which fields the caller knows.
 *  - Nothing here raises SIGPIPE, installs a signal handler, or waits for children that it did not start.
 */
#ifndef POSTERN_H
#define POSTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How the shared library exports its functions: only the build of it defines this. */
#ifndef POSTERN_API
#define POSTERN_API
#endif

/* ---- errors ------------------------------------------------------------------------------------------------- */

/* X(constant, number, name, text, remedy): the one table every name, text and remedy comes from. */
#define POSTERN_CODES(X)                                                                                               \
    X(POSTERN_OK, 0, "ok", "no error", "")                                                                             \
    X(POSTERN_E_INVALID, -1, "invalid_argument", "an argument is not valid", "correct the named argument")             \
    X(POSTERN_E_MEMORY, -2, "out_of_memory", "memory could not be allocated", "free memory and try again")             \
    X(POSTERN_E_OS, -3, "os_error", "an operating system call failed", "see the operation and its error number")       \
    X(POSTERN_E_NOT_FOUND, -4, "not_found", "the program was not found",                                               \
      "check its name and the PATH the command is given")                                                              \
    X(POSTERN_E_NOT_EXECUTABLE, -5, "not_executable", "the program could not be executed",                             \
      "check its permissions and file format as the sandbox user sees them")                                           \
    X(POSTERN_E_CWD, -6, "bad_cwd", "the working directory cannot be used",                                            \
      "name a directory that exists and that the sandbox user may enter")                                              \
    X(POSTERN_E_LEVEL, -7, "level_unavailable", "this host cannot provide the level asked for",                        \
      "see the cause; choose another level by name with --level")                                                      \
    X(POSTERN_E_POLICY, -8, "policy_validation", "the policy asks for what cannot be enforced or is not sensible",     \
      "change the named item")                                                                                         \
    X(POSTERN_E_RUNNER_MISSING, -9, "runner_missing", "a helper program of postern was not found",                     \
      "reinstall postern, or set POSTERN_LIBEXEC to the directory of its helpers")                                     \
    X(POSTERN_E_RUNNER_START, -10, "runner_start_failed", "the runner could not be started",                           \
      "see the stage and the operating system error; no command was started")                                          \
    X(POSTERN_E_RUNNER_DIED, -11, "runner_died", "the runner ended unexpectedly",                                      \
      "see its status; its commands were ended with it; open a new sandbox")                                           \
    X(POSTERN_E_HANDSHAKE, -12, "handshake_failed", "the runner did not authenticate itself",                          \
      "make sure that the installed helpers are of the same version as the program")                                   \
    X(POSTERN_E_PROTOCOL, -13, "protocol_error", "the runner sent what the protocol does not allow",                   \
      "the sandbox was ended; make sure that the helpers are of the same version")                                     \
    X(POSTERN_E_TIMED_OUT, -14, "timed_out", "the operation did not finish in time", "try again with a longer time")   \
    X(POSTERN_E_CLOSED, -15, "closed", "the stream or session has ended", "start another session")                     \
    X(POSTERN_E_LIMIT, -16, "limit_exceeded", "a stated limit was exceeded", "send less, or read in between")          \
    X(POSTERN_E_UNSUPPORTED, -17, "unsupported", "this is not supported here", "see the message")                      \
    X(POSTERN_E_CONFINE, -18, "confinement_failed", "the sandbox could not be confined as asked",                      \
      "no command was started; see the stage and the operating system error")                                          \
    X(POSTERN_E_WOULD_BLOCK, -19, "would_block", "nothing is ready yet", "wait on the sandbox handle")                 \
    X(POSTERN_E_STATE, -20, "wrong_state", "the call does not fit the state of the object", "see the message")         \
    X(POSTERN_E_INTERNAL, -21, "internal_error", "postern found a fault of its own", "report it with the log file")

enum postern_code {
#define POSTERN_CODE_ENUM(constant, number, name, text, remedy) constant = number,
    POSTERN_CODES(POSTERN_CODE_ENUM)
#undef POSTERN_CODE_ENUM
};

/* What failed, where, why, and what to do. Plain memory: needs no freeing, may be copied. */
struct postern_error {
    int code;           /* enum postern_code */
    int64_t os_error;   /* errno, GetLastError() or HRESULT; 0 when no system call failed */
    char stage[32];     /* what was being done: "launch", "handshake", "confine", "spawn", ... */
    char operation[64]; /* the call that failed, e.g. "execve"; empty when none did */
    char message[512];  /* one line for people: the item concerned and the cause */
    char remedy[256];   /* one line: what to do about it */
};

/* Static strings; "unknown" for numbers that are not codes. */
POSTERN_API const char *postern_code_name(int code);
POSTERN_API const char *postern_code_text(int code);

/* Version of the library, "major.minor.patch". */
POSTERN_API const char *postern_version(void);

/* ---- sandbox ------------------------------------------------------------------------------------------------ */

/* How strong the boundary is. */
enum postern_level {
    POSTERN_LEVEL_STRONGEST = 0,  /* the strongest of elevated and restricted that the host offers; never `none` */
    POSTERN_LEVEL_NONE = 1,       /* no boundary, only process control */
    POSTERN_LEVEL_RESTRICTED = 2, /* the caller's own user, confined */
    POSTERN_LEVEL_ELEVATED = 3    /* another user: root's callers; on Windows an account of `postern setup` */
};
POSTERN_API const char *postern_level_name(enum postern_level level);

/* What commands may touch when nothing else is said; docs/policy.md. Either: read what the sandbox user may read, write
 * a temporary directory of the sandbox's own, no network (at level restricted on Windows nothing blocks one but an app
 * container: there `network` has to be true, or the policy ask for that). */
enum postern_preset {
    POSTERN_PRESET_DEFAULT = 0,   /* WORKSPACE_WRITE; nothing more if there is a `policy`, which says what it grants */
    POSTERN_PRESET_READ_ONLY = 1, /* nothing more, but for reading the workspace with its owner's rights */
    POSTERN_PRESET_WORKSPACE_WRITE = 2 /* and write the workspace, but for what is dangerous to its owner (.git, ...) */
};

/* A policy item that nothing on this host can enforce at the level in force is refused (POSTERN_E_POLICY) before
 * anything is started. An operator's ceiling in the system's configuration (docs/policy.md) narrows all of it. */
struct postern_sandbox_options {
    size_t size;              /* sizeof(struct postern_sandbox_options) */
    enum postern_level level; /* exactly this level, or STRONGEST */
    const char *workspace;    /* directory that commands start in and, by preset, may write; NULL: none */
    bool network;             /* true: commands may use the network as the host does */
    uint32_t max_processes;   /* processes and threads of the sandbox user at once, on Windows processes of the sandbox;
                                 0: 4096, at level none no limit; on Linux one is refused there */
    uint32_t start_timeout;   /* for the runner to start and authenticate, and for each command to be started; 0:
                                 10,000 ms */
    const char *libexec;      /* directory of the helper programs; NULL: $POSTERN_LIBEXEC, else where postern was
                                 installed or built */
    const char *log_file;     /* appended to, created 0600; NULL: no log */
    enum postern_preset preset;
    const char *policy;            /* JSON, see docs/policy.md; NULL: none */
    const char *policy_name;       /* what messages call it, e.g. its file; NULL: "policy" */
    const char *const *read_write; /* more paths, each list NULL-terminated; NULL: none */
    const char *const *read_only;
    const char *const *denied;
    bool no_network;     /* no network whatever the policy says; refused where that cannot be held: level none */
    uint64_t max_memory; /* bytes: of all commands where a cgroup or a job can be made, else of each process; 0: none */
    uint64_t max_cpu_time;  /* processor time of each process, milliseconds; 0: no limit. Windows: refused */
    uint64_t max_file_size; /* bytes a file may grow to; 0: no limit. Windows: refused */
    const char *ceiling;    /* file of one more policy that narrows all the above; NULL: none */
};
#define POSTERN_SANDBOX_OPTIONS_INIT                                                                                   \
    {                                                                                                                  \
        .size = sizeof(struct postern_sandbox_options)                                                                 \
    }

struct postern_sandbox;
struct postern_session;

/* Starts a runner and confines it. On success *out is owned by the caller: postern_sandbox_close(). Blocks until the
 * runner is ready, at most start_timeout. No command runs yet. */
POSTERN_API int postern_sandbox_open(const struct postern_sandbox_options *options, struct postern_sandbox **out,
                                     struct postern_error *error);

/* Ends the runner and everything it started, releases the sandbox user and all memory, sessions included. NULL is
 * allowed. When it returns no process of the sandbox is left (levels elevated, and restricted with a pid namespace; on
 * Windows at every level, unless the system does not end one within seconds: that is in the log). */
POSTERN_API void postern_sandbox_close(struct postern_sandbox *sandbox);

struct postern_sandbox_info {
    enum postern_level level;      /* the level in force */
    uint32_t runner_pid;           /* as the parent's system numbers it */
    const char *const *capability; /* NULL-terminated list of what is enforced, e.g. "fs.write:landlock-abi7" */
};
/* The strings belong to the sandbox and stay valid until it is closed. */
POSTERN_API void postern_sandbox_get_info(const struct postern_sandbox *sandbox, struct postern_sandbox_info *info);

/* What ceilings took from the policy, as the "cuts" of postern_policy_check(): a JSON array, "[]" when they left all of
 * it. Belongs to the sandbox. */
POSTERN_API const char *postern_sandbox_cuts(const struct postern_sandbox *sandbox);

/* What was not there when the sandbox was opened, so that it could not be kept read-only, and is there now: hooks,
 * settings and the like of the names that are protected (docs/policy.md), directly in writable directories. Their
 * owner's programs may follow them, so a person should look before they do. A JSON array of paths, "[]" when there are
 * none; what cannot be looked at any more is among them. Looks when it is called: call it when the commands have ended.
 * *json is freed with postern_free(). */
POSTERN_API int postern_sandbox_new_protected(const struct postern_sandbox *sandbox, char **json,
                                              struct postern_error *error);

/* Why `level` cannot be had on this host for this caller; 0 if it can. Looks, starts nothing lasting. */
POSTERN_API int postern_level_check(enum postern_level level, struct postern_error *error);

/* What a sandbox opened with these options would grant and refuse, and by which mechanism, as a JSON object
 * (docs/policy.md); also when it would be refused: then its "refused" holds the error, and what could not be known is
 * null. Starts nothing. *json is freed with postern_free(). Fails only if that could not be found out. */
POSTERN_API int postern_policy_check(const struct postern_sandbox_options *options, char **json,
                                     struct postern_error *error);

/* What this host can do for this caller: each capability, what enforces it or why nothing does, the levels on offer,
 * versions; a JSON object (docs/policy.md). Needs no privilege, changes nothing. Freed with postern_free(). */
POSTERN_API int postern_probe(char **json, struct postern_error *error);

POSTERN_API void postern_free(void *memory); /* what the library said to free with this; NULL is allowed */

/* A handle to wait on: a file descriptor for poll(2), readable when postern_sandbox_dispatch() has work; on Windows
 * an event HANDLE for WaitForMultipleObjects. Owned by the sandbox. -1 on failure. */
POSTERN_API intptr_t postern_sandbox_handle(struct postern_sandbox *sandbox, struct postern_error *error);

/* Moves bytes and events; waits up to `timeout` for something to happen. Returns 0 whether or not something did, or
 * an error after which the sandbox is dead: all its sessions have ended with POSTERN_REASON_RUNNER_DIED. */
POSTERN_API int postern_sandbox_dispatch(struct postern_sandbox *sandbox, int timeout, struct postern_error *error);

/* Ends the dispatch, read, write or wait that the owning thread is in as if its time were over; the next one, if it is
 * in none. Any thread. */
POSTERN_API void postern_sandbox_wake(struct postern_sandbox *sandbox);

/* The next session with news: of which postern_session_events() has changed since it was last returned here, other than
 * by what the caller did itself. NULL if there is none. Ask before waiting: any call that waits may have brought news.
 */
POSTERN_API struct postern_session *postern_sandbox_next_session(struct postern_sandbox *sandbox);

/* ---- session ------------------------------------------------------------------------------------------------ */

enum postern_on_exit {
    POSTERN_ON_EXIT_KILL = 0, /* what the command left running is killed after the drain limit */
    POSTERN_ON_EXIT_KEEP = 1  /* it may live until the sandbox is closed */
};

struct postern_command {
    size_t size;             /* sizeof(struct postern_command) */
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in the command's PATH unless it has a slash */
    const char *cwd;         /* NULL: the workspace, or "/" without one */
    const char *const *env;  /* NULL-terminated "NAME=value": added to the base environment; later entries win */
    bool inherit_env;        /* base environment: false a small clean one, true the caller's */
    bool tty;                /* true: on a pseudo terminal (then stderr is part of stdout) */
    uint16_t rows, cols;     /* of the pseudo terminal; 0: 24 x 80 */
    bool open_stdin;         /* false: the command sees end of file at once (pipes only) */
    uint64_t timeout;        /* from spawn to the end of the whole tree; 0: none */
    uint32_t grace;          /* between asking the tree to end and killing it; 0: 2,000 ms */
    uint32_t drain_idle;     /* after the command's exit: end when no byte came for this long; 0: 200 ms */
    uint32_t drain_limit;    /* after the command's exit: end in any case; 0: 2,000 ms */
    enum postern_on_exit on_exit;
};
#define POSTERN_COMMAND_INIT                                                                                           \
    {                                                                                                                  \
        .size = sizeof(struct postern_command)                                                                         \
    }

enum postern_stream { POSTERN_STDOUT = 0, POSTERN_STDERR = 1 };

enum postern_signal {
    POSTERN_SIGNAL_INTERRUPT = 1, /* as Ctrl-C: SIGINT to the foreground group; CTRL_C_EVENT */
    POSTERN_SIGNAL_QUIT = 2,      /* SIGQUIT; CTRL_BREAK_EVENT */
    POSTERN_SIGNAL_HANGUP = 3,    /* SIGHUP */
    POSTERN_SIGNAL_TERMINATE = 4, /* SIGTERM to the command's group */
    POSTERN_SIGNAL_KILL = 5       /* the whole tree, at once */
};

enum postern_reason {
    POSTERN_REASON_EXITED = 0,          /* by itself, by exit or by a signal */
    POSTERN_REASON_TIMEOUT = 1,         /* its timeout passed */
    POSTERN_REASON_TERMINATED = 2,      /* postern_session_terminate or POSTERN_SIGNAL_KILL */
    POSTERN_REASON_PARENT_GONE = 3,     /* only seen in the runner's log */
    POSTERN_REASON_RUNNER_SHUTDOWN = 4, /* the sandbox was closed */
    POSTERN_REASON_RUNNER_DIED = 5      /* the runner ended; the command was ended with it */
};
POSTERN_API const char *postern_reason_name(enum postern_reason reason);

struct postern_result {
    enum postern_reason reason;
    int exit_code;    /* of the command; meaningful when signal == 0; 32 bits on Windows */
    int signal;       /* Linux: the signal that ended the command, else 0 */
    bool timed_out;   /* reason == TIMEOUT */
    bool output_cut;  /* the drain limit passed while something still held the output open */
    uint64_t wall_us; /* from spawn to the command's exit */
    uint64_t user_us; /* processor time of the whole tree */
    uint64_t system_us;
    uint64_t peak_memory; /* bytes, largest process (Linux) or whole job (Windows); 0: unknown */
};

/* Starts a command and waits until it runs, at most the sandbox's start_timeout. Errors from the far side say which
 * step failed: POSTERN_E_NOT_FOUND, POSTERN_E_NOT_EXECUTABLE, POSTERN_E_CWD, ... On success *out belongs to the caller:
 * postern_session_release(). */
POSTERN_API int postern_session_start(struct postern_sandbox *sandbox, const struct postern_command *command,
                                      struct postern_session **out, struct postern_error *error);

/* The same without waiting: arguments are checked at once, a failure to spawn is reported by the first
 * postern_session_wait() (and POSTERN_EVENT_ENDED). */
POSTERN_API int postern_session_begin(struct postern_sandbox *sandbox, const struct postern_command *command,
                                      struct postern_session **out, struct postern_error *error);

/* Waits until the command runs or could not be started. 0, the spawn error, or POSTERN_E_TIMED_OUT. */
POSTERN_API int postern_session_wait_spawned(struct postern_session *session, int timeout, struct postern_error *error);

/* Process id of the command as the sandbox numbers it; 0 before it runs. */
POSTERN_API uint32_t postern_session_pid(const struct postern_session *session);

/* Bits of postern_session_events(). */
enum {
    POSTERN_EVENT_STDOUT = 1, /* data or end of stream can be read without waiting */
    POSTERN_EVENT_STDERR = 2,
    POSTERN_EVENT_STDIN = 4,   /* postern_session_write() will take at least one byte */
    POSTERN_EVENT_SPAWNED = 8, /* the command runs */
    POSTERN_EVENT_ENDED = 16   /* postern_session_wait() will not wait */
};
POSTERN_API unsigned postern_session_events(const struct postern_session *session);

/* Reads up to `capacity` bytes. 0 with *got > 0: data; 0 with *got == 0: the stream has ended;
 * POSTERN_E_WOULD_BLOCK: nothing came within `timeout`. What was sent before the end is always delivered first. */
POSTERN_API int postern_session_read(struct postern_session *session, enum postern_stream stream, void *data,
                                     size_t capacity, int timeout, size_t *got, struct postern_error *error);

/* The same without copying: *data points into the session's buffer (at most the window, 1 MiB) and stays valid until
 * the next call on this sandbox other than postern_session_consume(), which removes the bytes read. Never waits. */
POSTERN_API int postern_session_peek(struct postern_session *session, enum postern_stream stream, const void **data,
                                     size_t *size, struct postern_error *error);
POSTERN_API void postern_session_consume(struct postern_session *session, enum postern_stream stream, size_t size);

/* Queues bytes for the command's stdin, as many as the window allows; *written says how many. With a timeout it waits
 * for room until all are queued. POSTERN_E_WOULD_BLOCK: not one byte fitted; POSTERN_E_CLOSED: stdin is closed. */
POSTERN_API int postern_session_write(struct postern_session *session, const void *data, size_t size, int timeout,
                                      size_t *written, struct postern_error *error);

/* End of file after what was written. A command on a terminal is sent its end-of-file character instead. */
POSTERN_API int postern_session_close_stdin(struct postern_session *session, struct postern_error *error);

POSTERN_API int postern_session_resize(struct postern_session *session, uint16_t rows, uint16_t cols,
                                       struct postern_error *error);
POSTERN_API int postern_session_signal(struct postern_session *session, enum postern_signal signal,
                                       struct postern_error *error);

/* Asks the tree to end, kills what is left after `grace` ms. Returns at once; the session ends as TERMINATED. */
POSTERN_API int postern_session_terminate(struct postern_session *session, uint32_t grace, struct postern_error *error);

/* Waits for the session's end. 0: *result is filled, and unread output can still be read. A command that could not be
 * started: its spawn error. POSTERN_E_TIMED_OUT: still running.
 * While waiting, output is kept up to the window and then holds the command back: a caller that does not read must
 * not wait for ever for a command that writes. */
POSTERN_API int postern_session_wait(struct postern_session *session, int timeout, struct postern_result *result,
                                     struct postern_error *error);

/* Forgets the session; one that still runs is killed. NULL is allowed. */
POSTERN_API void postern_session_release(struct postern_session *session);

/* ---- one call ----------------------------------------------------------------------------------------------- */

struct postern_output {
    unsigned char *data; /* `size` bytes and a NUL that is not counted */
    size_t size;
    size_t head;      /* bytes before the gap; equals size when nothing was omitted */
    uint64_t omitted; /* bytes left out of the middle because of max_output */
};

struct postern_run_result {
    struct postern_result result;
    enum postern_level level; /* in force */
    struct postern_output out, err;
};

/* Opens a sandbox, runs one command to its end with `input` as its stdin (NULL: none), collects its output, closes
 * the sandbox. Of each stream at most `max_output` bytes are kept (0: 1 MiB), the first and the last half.
 * On success free with postern_run_result_free(). A command that failed or timed out is a success of this call. */
POSTERN_API int postern_run(const struct postern_sandbox_options *options, const struct postern_command *command,
                            const void *input, size_t input_size, size_t max_output, struct postern_run_result *result,
                            struct postern_error *error);
POSTERN_API void postern_run_result_free(struct postern_run_result *result);

#ifdef __cplusplus
}
#endif

#endif
