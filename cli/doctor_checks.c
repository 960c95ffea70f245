/*
 * doctor_checks.c - what is checked at one level; see doctor.h. Parent side, on the public API.
 *
 * Whatever must be refused inside is first done outside, or beside it where it is allowed: a check whose control fails
 * says nothing and is reported so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"
#include "cli/doctor_host.h"
#include "cli/doctor_system.h"
#include "shared/system.h"

#define SECRET_NAME "POSTERN_DOCTOR_SECRET"
#define SECRET_VALUE "kept"
#define REPORT_IT "the sandbox does not hold: do not use this level, and report it with `postern probe --json`"
#define NOT_OFFERED "not checked because the level is not offered"
#define SEE_LOG "run it again with --level and look at what else has failed; report it with `postern probe --json`"

/* A level while it is looked at. */
struct doctor {
    struct doctor_table *table;
    struct doctor_watch *watch;
    enum postern_level level;
    struct doctor_scratch scratch;
    struct postern_sandbox *sandbox;
    const char *network; /* why it cannot be blocked at this level; NULL: it can */
    const char *program; /* what commands execute: scratch.program, or ours */
    char *ours;
    uint64_t leaked;        /* number of a descriptor that could be inherited */
    uint32_t runner_pid[2]; /* of the sandboxes so far */
    char temporary[512];    /* the sandbox's, if it has one that can be seen from here */
};

/* ---- helpers of the checks ---- */

static bool confined(const struct doctor *doctor)
{
    return doctor->level != POSTERN_LEVEL_NONE;
}

/* Runs a step; a failure to do so is the check's. false: there is nothing more to say about the check. */
static bool run(struct doctor *doctor, struct postern_sandbox *sandbox, const char *check,
                const struct doctor_step *step, struct doctor_outcome *out)
{
    struct postern_error error = {0};
    if (doctor_was_stopped(doctor->watch))
        return false;
    int status = doctor_session_run(sandbox, doctor->program, step, out, &error);
    if (status != 0) {
        doctor_fail_error(doctor->table, check, &error);
        return false;
    }
    if (out->result.reason == POSTERN_REASON_RUNNER_DIED) {
        doctor_fail(doctor->table, check, SEE_LOG, "the runner ended before its command");
        return false;
    }
    return true;
}

static bool exited(const struct doctor_outcome *out, int status)
{
    return out->result.signal == 0 && out->result.reason == POSTERN_REASON_EXITED && out->result.exit_code == status;
}

/* "exit status 1: the first line of its output" */
static void fail_outcome(struct doctor *doctor, const char *check, const char *action, const char *what,
                         const struct doctor_outcome *out)
{
    if (out->result.signal != 0)
        doctor_fail(doctor->table, check, action, "%s: ended by signal %d", what, out->result.signal);
    else if (!doctor_judge_command(doctor->table, check, what, out->result.exit_code))
        doctor_fail(doctor->table, check, action, "%s: %s, exit status %d%s%.*s", what,
                    postern_reason_name(out->result.reason), out->result.exit_code, out->output[0] ? ": " : "",
                    (int)strcspn(out->output, "\r\n"), out->output);
}

/* A step of one word and its argument. */
static bool try(struct doctor *doctor, struct postern_sandbox *sandbox, const char *check, const char *word,
                const char *argument, struct doctor_outcome *out)
{
    const char *words[] = {word, argument, NULL};
    const struct doctor_step step = {.words = words};
    return run(doctor, sandbox, check, &step, out);
}

/* Must have been refused; what it came to otherwise is the failure. */
static bool was_denied(struct doctor *doctor, const char *check, const char *what, const struct doctor_outcome *out)
{
    if (exited(out, STEP_DENIED))
        return true;
    if (exited(out, STEP_WORKED))
        doctor_fail(doctor->table, check, REPORT_IT, "%s", what);
    else
        fail_outcome(doctor, check, SEE_LOG, "the attempt neither worked nor was it refused", out);
    return false;
}

/* ---- commands ---- */

static void check_pipe(struct doctor *doctor)
{
    static const char *const words[] = {"cat", NULL};
    const struct doctor_step step = {.words = words, .input = "there and back"};
    struct doctor_outcome out;
    if (!run(doctor, doctor->sandbox, "pipe", &step, &out))
        return;
    if (exited(&out, 0) && strcmp(out.output, "there and back") == 0)
        doctor_ok(doctor->table, "pipe");
    else
        fail_outcome(doctor, "pipe", SEE_LOG, "what was sent did not come back", &out);
}

static void type_line(struct postern_session *session, void *context)
{
    size_t written = 0;
    (void)context;
    /* a failure shows in what does not come back */
    postern_session_write(session, "typed\r", 6, 1000, &written, NULL);
}

static void check_terminal(struct doctor *doctor)
{
    static const char *const words[] = {"terminal", NULL};
    const struct doctor_step step = {.words = words, .tty = true, .until = "terminal 24 80", .then = type_line};
    struct doctor_outcome out;
    if (!run(doctor, doctor->sandbox, "terminal", &step, &out))
        return;
    if (exited(&out, 0) && out.reached && strstr(out.output, "line (typed)"))
        doctor_ok(doctor->table, "terminal");
    else
        fail_outcome(doctor, "terminal", SEE_LOG, "no terminal of 24 x 80 that takes a line", &out);
}

static void check_exit_status(struct doctor *doctor)
{
    struct doctor_outcome out;
    if (!try(doctor, doctor->sandbox, "exit status", "exit", "7", &out))
        return;
    if (exited(&out, 7))
        doctor_ok(doctor->table, "exit status");
    else
        fail_outcome(doctor, "exit status", SEE_LOG, "the command's status 7 did not arrive", &out);
}

static void send_interrupt(struct postern_session *session, void *context)
{
    (void)context;
    postern_session_signal(session, POSTERN_SIGNAL_INTERRUPT, NULL); /* a failure shows in the command's end */
}

static void check_interrupt(struct doctor *doctor)
{
    static const char *const words[] = {"interrupt", NULL};
    const struct doctor_step step = {.words = words, .timeout = 10000, .until = "ready", .then = send_interrupt};
    struct doctor_outcome out;
    if (!run(doctor, doctor->sandbox, "interrupt", &step, &out))
        return;
    if (exited(&out, STEP_INTERRUPTED))
        doctor_ok(doctor->table, "interrupt");
    else
        fail_outcome(doctor, "interrupt", SEE_LOG, "the interrupt did not reach the command", &out);
}

/* ---- what must not be possible ---- */

static void check_write(struct doctor *doctor)
{
    static const char check[] = "write denied";
    const struct doctor_scratch *scratch = &doctor->scratch;
    struct doctor_outcome out;
    if (!try(doctor, doctor->sandbox, check, "write", scratch->inside, &out))
        return;
    if (!exited(&out, STEP_WORKED) || !doctor_scratch_holds(scratch->inside, DOCTOR_CONTENT DOCTOR_WRITTEN)) {
        fail_outcome(doctor, check, SEE_LOG, "control: the workspace could not be written either", &out);
        return;
    }
    if (!try(doctor, doctor->sandbox, check, "write", scratch->outside, &out) ||
        !was_denied(doctor, check, "a command wrote a file outside its workspace", &out))
        return;
    if (doctor_scratch_holds(scratch->outside, DOCTOR_CONTENT))
        doctor_ok(doctor->table, check);
    else
        doctor_fail(doctor->table, check, REPORT_IT, "the file outside the workspace has changed");
}

/* A file that the same command can read without the rule. */
static void check_rule(struct doctor *doctor, struct postern_sandbox *denying)
{
    static const char check[] = "read denied by rule";
    struct doctor_outcome out;
    if (!try(doctor, doctor->sandbox, check, "read", doctor->scratch.secret, &out))
        return;
    if (!exited(&out, STEP_WORKED) || strcmp(out.output, "untouched") != 0) {
        fail_outcome(doctor, check, SEE_LOG, "control: without the rule the file could not be read either", &out);
        return;
    }
    if (!try(doctor, denying, check, "read", doctor->scratch.secret, &out))
        return;
    /* a masked file may also be there and empty */
    if (exited(&out, STEP_BROKEN) && out.output[0] == '\0')
        out.result.exit_code = STEP_DENIED;
    if (was_denied(doctor, check, "a command read a file that a rule denies", &out))
        doctor_ok(doctor->table, check);
}

static void check_own(struct doctor *doctor)
{
    static const char check[] = "read denied by owner";
    struct doctor_outcome out;
    if (doctor->level != POSTERN_LEVEL_ELEVATED) {
        doctor_skip(doctor->table, check, "at this level commands are the same user; keep files from them with --deny");
        return;
    }
    if (!doctor_scratch_holds(doctor->scratch.own, DOCTOR_CONTENT)) {
        doctor_fail(doctor->table, check, SEE_LOG, "control: the caller cannot read the file either");
        return;
    }
    if (try(doctor, doctor->sandbox, check, "read", doctor->scratch.own, &out) &&
        was_denied(doctor, check, "a command read a file that is for the caller only", &out))
        doctor_ok(doctor->table, check);
}

static void try_network(struct doctor *doctor, os_handle listener, uint16_t port)
{
    static const char check[] = "network denied";
    struct doctor_outcome out;
    char text[8];
    if (doctor_host_connect(port) != 0 || !doctor_host_was_reached(listener)) {
        doctor_skip(doctor->table, check, "control: this host cannot reach its own loopback address either");
        return;
    }
    snprintf(text, sizeof(text), "%u", (unsigned)port);
    if (!try(doctor, doctor->sandbox, check, "connect", text, &out) ||
        !was_denied(doctor, check, "a command connected to a port of this host", &out))
        return;
    if (doctor_host_was_reached(listener))
        doctor_fail(doctor->table, check, REPORT_IT, "a connection arrived though the command was told it was refused");
    else
        doctor_ok(doctor->table, check);
}

static void check_network(struct doctor *doctor)
{
    os_handle listener = OS_HANDLE_NONE;
    struct postern_error error = {0};
    uint16_t port = 0;
    if (doctor->network)
        doctor_skip(doctor->table, "network denied", doctor->network);
    else if (doctor_host_listen(&listener, &port, &error) == 0)
        try_network(doctor, listener, port);
    else
        doctor_skip(doctor->table, "network denied", error.message);
    doctor_host_close_socket(&listener);
}

static bool promises_ui(const struct doctor *doctor)
{
    struct postern_sandbox_info info;
    postern_sandbox_get_info(doctor->sandbox, &info);
    for (size_t i = 0; info.capability[i]; i++)
        if (strncmp(info.capability[i], "ui:", 3) == 0)
            return true;
    return false;
}

/* Only where there are desktops. */
static void check_desktop(struct doctor *doctor)
{
    static const char check[] = "desktop";
    char ours[300], station[128];
    struct doctor_outcome out;
    if (!doctor_host_desktop(ours, sizeof(ours), station, sizeof(station)))
        return;
    if (!confined(doctor)) {
        doctor_skip(doctor->table, check, "level none has no boundary: commands are on the caller's desktop");
        return;
    }
    if (ours[0] == '\0' || doctor_host_open_station(station) != 0) {
        doctor_skip(doctor->table, check, "control: the caller cannot open his own window station either");
        return;
    }
    if (!try(doctor, doctor->sandbox, check, "desktop", station, &out))
        return;
    if (exited(&out, STEP_WORKED) || exited(&out, STEP_DENIED))
        doctor_judge_desktop(doctor->table, ours, out.output, exited(&out, STEP_WORKED), promises_ui(doctor));
    else
        fail_outcome(doctor, check, SEE_LOG, "the command could not tell its desktop", &out);
}

static void check_environment(struct doctor *doctor)
{
    static const char check[] = "environment clean";
    struct doctor_outcome out;
    if (try(doctor, doctor->sandbox, check, "variable", SECRET_NAME, &out) &&
        was_denied(doctor, check, "a variable of the caller's reached a command", &out))
        doctor_ok(doctor->table, check);
}

static void check_handles(struct doctor *doctor)
{
    static const char check[] = "descriptors kept";
    struct doctor_outcome out;
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)doctor->leaked);
    if (try(doctor, doctor->sandbox, check, "handle", text, &out) &&
        was_denied(doctor, check, "an open file of the caller's reached a command", &out))
        doctor_ok(doctor->table, check);
}

/* ---- the end of things ---- */

struct hold {
    const char *path;
    bool seen;
};

static void look_for_holder(struct postern_session *session, void *context)
{
    struct hold *hold = context;
    (void)session;
    hold->seen = doctor_host_is_held(hold->path);
}

/* A process that has left its session and lost its parent holds a file: as long as it does, it lives. */
static void check_tree(struct doctor *doctor)
{
    static const char check[] = "tree killed";
    static const uint64_t timeouts[] = {700, 5000}; /* a slow host may not have come that far in the first */
    const char *words[] = {"hold", doctor->scratch.lock, NULL};
    struct doctor_outcome out = {.reached = false};
    struct hold hold = {.path = doctor->scratch.lock};
    for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]) && !out.reached; i++) {
        const struct doctor_step step = {
            .words = words, .timeout = timeouts[i], .until = "ready", .then = look_for_holder, .context = &hold};
        if (!run(doctor, doctor->sandbox, check, &step, &out))
            return;
    }
    if (!out.reached || !hold.seen || !out.result.timed_out)
        fail_outcome(doctor, check, SEE_LOG, "control: no process in the background that would outlive its parent",
                     &out);
    else if (doctor_host_is_held(doctor->scratch.lock))
        doctor_fail(doctor->table, check, REPORT_IT, "a process that a command started lives on after its timeout");
    else
        doctor_ok(doctor->table, check);
}

static void note_temporary(struct doctor *doctor)
{
    static const char *const words[] = {"temporary", NULL};
    const struct doctor_step step = {.words = words};
    struct doctor_outcome out;
    struct postern_error ignored = {0};
    /* "/tmp" is one of the sandbox's own there; only a name that is ours alone tells something here */
    if (doctor_session_run(doctor->sandbox, doctor->program, &step, &out, &ignored) == 0 &&
        strstr(out.output, "postern-") && strlen(out.output) < sizeof(doctor->temporary))
        memcpy(doctor->temporary, out.output, strlen(out.output) + 1);
}

/* After everything is closed. The scratch files are removed here, by their names. */
static void check_rest(struct doctor *doctor)
{
    static const char check[] = "nothing left behind";
    char *base = doctor->scratch.base;
    const char *problem = NULL;
    for (size_t i = 0; i < sizeof(doctor->runner_pid) / sizeof(doctor->runner_pid[0]); i++)
        if (doctor->runner_pid[i] != 0 && doctor_host_is_running(doctor->runner_pid[i]))
            problem = "the runner still runs";
    if (doctor_host_has_children())
        problem = "a process that postern started is not collected";
    if (doctor->temporary[0] && doctor_host_exists(doctor->temporary))
        problem = "the sandbox's temporary directory is still there";
    if (doctor_host_is_mounted(base))
        problem = "a mount of the sandbox is still there";
    if (!doctor_scratch_remove(&doctor->scratch))
        problem = "files of the sandbox's are left in its workspace, or cannot be removed";
    if (problem)
        doctor_fail(doctor->table, check, SEE_LOG, "%s", problem);
    else
        doctor_ok(doctor->table, check);
}

/* ---- a level ---- */

static int open_sandbox(struct doctor *doctor, bool denying, struct postern_sandbox **out, struct postern_error *error)
{
    struct postern_sandbox_options options = POSTERN_SANDBOX_OPTIONS_INIT;
    const char *read_only[] = {doctor->scratch.base, NULL};
    const char *denied[] = {doctor->scratch.secret, NULL};
    struct postern_sandbox_info info;
    options.level = doctor->level;
    options.workspace = doctor->scratch.work;
    if (confined(doctor))
        options.read_only = read_only;
    if (denying)
        options.denied = denied;
    options.network = doctor->network != NULL && confined(doctor);
    int status = postern_sandbox_open(&options, out, error);
    if (status == 0) {
        postern_sandbox_get_info(*out, &info);
        doctor->runner_pid[denying] = info.runner_pid;
    }
    return status;
}

/* The copy may lie on a file system from which nothing is executed. */
static bool find_program(struct doctor *doctor)
{
    static const char *const words[] = {"cat", NULL};
    const struct doctor_step step = {.words = words, .input = ""};
    const char *candidates[] = {doctor->scratch.program, doctor->ours};
    struct postern_error error = {0};
    for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        struct doctor_outcome out;
        doctor->program = candidates[i];
        if (!doctor->program)
            continue;
        if (doctor_session_run(doctor->sandbox, doctor->program, &step, &out, &error) == 0)
            return out.result.reason != POSTERN_REASON_EXITED || out.result.signal != 0 ||
                   !doctor_judge_command(doctor->table, "command starts", "it ends at once", out.result.exit_code);
        if (error.code != POSTERN_E_NOT_EXECUTABLE && error.code != POSTERN_E_NOT_FOUND)
            break;
    }
    doctor_fail_error(doctor->table, "command starts", &error);
    return false;
}

static void check_denials(struct doctor *doctor)
{
    struct postern_sandbox *denying = NULL;
    struct postern_error error = {0};
    if (!confined(doctor)) {
        doctor_skip(doctor->table, "write, read, network", "level none has no boundary");
        return;
    }
    check_write(doctor);
    check_own(doctor);
    int status = open_sandbox(doctor, true, &denying, &error);
    if (status == 0)
        check_rule(doctor, denying);
    else if (status == POSTERN_E_POLICY)
        doctor_table_add(doctor->table, "read denied by rule", DOCTOR_SKIPPED, error.message, error.remedy);
    else
        doctor_fail_error(doctor->table, "read denied by rule", &error);
    postern_sandbox_close(denying);
    check_network(doctor);
}

static void check_all(struct doctor *doctor)
{
    check_pipe(doctor);
    check_terminal(doctor);
    check_exit_status(doctor);
    check_denials(doctor);
    check_desktop(doctor);
    check_environment(doctor);
    check_handles(doctor);
    check_interrupt(doctor);
    check_tree(doctor);
    note_temporary(doctor);
}

void doctor_skip_level(struct doctor_table *table)
{
    static const char *const checks[] = {"pipe",
                                         "terminal",
                                         "exit status",
                                         "write denied",
                                         "read denied by owner",
                                         "read denied by rule",
                                         "network denied",
                                         "environment clean",
                                         "descriptors kept",
                                         "interrupt",
                                         "tree killed",
                                         "nothing left behind"};
    char ignored[300], station[128];
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        doctor_table_note(table, checks[i], DOCTOR_SKIPPED, NOT_OFFERED);
    if (doctor_host_desktop(ignored, sizeof(ignored), station, sizeof(station)))
        doctor_table_note(table, "desktop", DOCTOR_SKIPPED, NOT_OFFERED);
}

bool doctor_check_level(struct doctor_table *table, struct doctor_watch *watch, enum postern_level level,
                        const char *network)
{
    struct doctor doctor = {
        .table = table, .watch = watch, .level = level, .network = network, .ours = system_program_path()};
    struct postern_error error = {0};
    unsigned failed = table->failed;
    if (doctor_scratch_make(&doctor.scratch, &error) != 0) {
        doctor_fail_error(table, "files to work with", &error);
        free(doctor.ours);
        return false;
    }
    os_handle leak = doctor_host_leak(doctor.scratch.leaked, &doctor.leaked);
    if (!doctor_host_set_variable(SECRET_NAME, SECRET_VALUE) || leak == OS_HANDLE_NONE)
        doctor_fail(table, "files to work with", SEE_LOG, "nothing could be prepared that might leak");
    if (open_sandbox(&doctor, false, &doctor.sandbox, &error) != 0) {
        doctor_fail_error(table, "sandbox opens", &error);
    } else {
        doctor_ok(table, "sandbox opens");
        if (find_program(&doctor))
            check_all(&doctor);
    }
    postern_sandbox_close(doctor.sandbox);
    handle_close(&leak);
    check_rest(&doctor);
    free(doctor.ours);
    return table->failed == failed;
}
