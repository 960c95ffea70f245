/*
 * doctor_checks.c - one level from its sandbox to what that leaves behind, and the commands in between; see doctor.h
 * and doctor_level.h. Parent side, on the public API.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/doctor_host.h"
#include "cli/doctor_level.h"
#include "cli/doctor_system.h"
#include "shared/system.h"

#define SECRET_VALUE "kept"
#define NOT_OFFERED "not checked because the level is not offered"

/* ---- helpers of the checks ---- */

bool doctor_is_confined(const struct doctor *doctor)
{
    return doctor->level != POSTERN_LEVEL_NONE;
}

bool doctor_run(struct doctor *doctor, struct postern_sandbox *sandbox, const char *check,
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
        doctor_fail(doctor->table, check, DOCTOR_SEE_LOG, "the runner ended before its command");
        return false;
    }
    return true;
}

bool doctor_exited(const struct doctor_outcome *out, int status)
{
    return out->result.signal == 0 && out->result.reason == POSTERN_REASON_EXITED && out->result.exit_code == status;
}

void doctor_fail_outcome(struct doctor *doctor, const char *check, const char *action, const char *what,
                         const struct doctor_outcome *out)
{
    if (out->result.signal != 0)
        doctor_fail(doctor->table, check, action, "%s: ended by signal %d", what, out->result.signal);
    else if (!doctor_judge_command(doctor->table, check, what, out->result.exit_code))
        doctor_fail(doctor->table, check, action, "%s: %s, exit status %d%s%.*s", what,
                    postern_reason_name(out->result.reason), out->result.exit_code, out->output[0] ? ": " : "",
                    (int)strcspn(out->output, "\r\n"), out->output);
}

/* ---- commands ---- */

static void check_pipe(struct doctor *doctor)
{
    static const char *const words[] = {"cat", NULL};
    const struct doctor_step step = {.words = words, .input = "there and back"};
    struct doctor_outcome out;
    if (!doctor_run(doctor, doctor->sandbox, "pipe", &step, &out))
        return;
    if (doctor_exited(&out, 0) && strcmp(out.output, "there and back") == 0)
        doctor_ok(doctor->table, "pipe");
    else
        doctor_fail_outcome(doctor, "pipe", DOCTOR_SEE_LOG, "what was sent did not come back", &out);
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
    if (!doctor_run(doctor, doctor->sandbox, "terminal", &step, &out))
        return;
    if (doctor_exited(&out, 0) && out.reached && strstr(out.output, "line (typed)"))
        doctor_ok(doctor->table, "terminal");
    else
        doctor_fail_outcome(doctor, "terminal", DOCTOR_SEE_LOG, "no terminal of 24 x 80 that takes a line", &out);
}

static void check_exit_status(struct doctor *doctor)
{
    static const char *const words[] = {"exit", "7", NULL};
    const struct doctor_step step = {.words = words};
    struct doctor_outcome out;
    if (!doctor_run(doctor, doctor->sandbox, "exit status", &step, &out))
        return;
    if (doctor_exited(&out, 7))
        doctor_ok(doctor->table, "exit status");
    else
        doctor_fail_outcome(doctor, "exit status", DOCTOR_SEE_LOG, "the command's status 7 did not arrive", &out);
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
    if (!doctor_run(doctor, doctor->sandbox, "interrupt", &step, &out))
        return;
    if (doctor_exited(&out, STEP_INTERRUPTED))
        doctor_ok(doctor->table, "interrupt");
    else
        doctor_fail_outcome(doctor, "interrupt", DOCTOR_SEE_LOG, "the interrupt did not reach the command", &out);
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
        if (!doctor_run(doctor, doctor->sandbox, check, &step, &out))
            return;
    }
    if (!out.reached || !hold.seen || !out.result.timed_out)
        doctor_fail_outcome(doctor, check, DOCTOR_SEE_LOG,
                            "control: no process in the background that would outlive its parent", &out);
    else if (doctor_host_is_held(doctor->scratch.lock))
        doctor_fail(doctor->table, check, DOCTOR_REPORT_IT,
                    "a process that a command started lives on after its timeout");
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
        doctor_fail(doctor->table, check, DOCTOR_SEE_LOG, "%s", problem);
    else
        doctor_ok(doctor->table, check);
}

/* ---- a level ---- */

int doctor_open_sandbox(struct doctor *doctor, bool denying, struct postern_sandbox **out, struct postern_error *error)
{
    struct postern_sandbox_options options = POSTERN_SANDBOX_OPTIONS_INIT;
    const char *read_only[] = {doctor->scratch.base, NULL};
    const char *denied[] = {doctor->scratch.secret, NULL};
    struct postern_sandbox_info info;
    options.level = doctor->level;
    options.workspace = doctor->scratch.work;
    if (doctor_is_confined(doctor))
        options.read_only = read_only;
    if (denying)
        options.denied = denied;
    options.network = doctor->network != NULL && doctor_is_confined(doctor);
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

static void check_all(struct doctor *doctor)
{
    check_pipe(doctor);
    check_terminal(doctor);
    check_exit_status(doctor);
    doctor_check_denials(doctor);
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
    if (!doctor_host_set_variable(DOCTOR_SECRET_NAME, SECRET_VALUE) || leak == OS_HANDLE_NONE)
        doctor_fail(table, "files to work with", DOCTOR_SEE_LOG, "nothing could be prepared that might leak");
    if (doctor_open_sandbox(&doctor, false, &doctor.sandbox, &error) != 0) {
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
