/*
 * doctor_denials.c - what must not be possible at one level, see doctor_level.h. Parent side, on the public API.
 */
#include <stdio.h>
#include <string.h>

#include "cli/doctor_host.h"
#include "cli/doctor_level.h"
#include "cli/doctor_system.h"

/* A step of one word and its argument. */
static bool try(struct doctor *doctor, struct postern_sandbox *sandbox, const char *check, const char *word,
                const char *argument, struct doctor_outcome *out)
{
    const char *words[] = {word, argument, NULL};
    const struct doctor_step step = {.words = words};
    return doctor_run(doctor, sandbox, check, &step, out);
}

/* Must have been refused; what it came to otherwise is the failure. */
static bool was_denied(struct doctor *doctor, const char *check, const char *what, const struct doctor_outcome *out)
{
    if (doctor_exited(out, STEP_DENIED))
        return true;
    if (doctor_exited(out, STEP_WORKED))
        doctor_fail(doctor->table, check, DOCTOR_REPORT_IT, "%s", what);
    else
        doctor_fail_outcome(doctor, check, DOCTOR_SEE_LOG, "the attempt neither worked nor was it refused", out);
    return false;
}

/* ---- files and network ---- */

static void check_write(struct doctor *doctor)
{
    static const char check[] = "write denied";
    const struct doctor_scratch *scratch = &doctor->scratch;
    struct doctor_outcome out;
    if (!try(doctor, doctor->sandbox, check, "write", scratch->inside, &out))
        return;
    if (!doctor_exited(&out, STEP_WORKED) || !doctor_scratch_holds(scratch->inside, DOCTOR_CONTENT DOCTOR_WRITTEN)) {
        doctor_fail_outcome(doctor, check, DOCTOR_SEE_LOG, "control: the workspace could not be written either", &out);
        return;
    }
    if (!try(doctor, doctor->sandbox, check, "write", scratch->outside, &out) ||
        !was_denied(doctor, check, "a command wrote a file outside its workspace", &out))
        return;
    if (doctor_scratch_holds(scratch->outside, DOCTOR_CONTENT))
        doctor_ok(doctor->table, check);
    else
        doctor_fail(doctor->table, check, DOCTOR_REPORT_IT, "the file outside the workspace has changed");
}

/* A file that the same command can read without the rule. */
static void check_rule(struct doctor *doctor, struct postern_sandbox *denying)
{
    static const char check[] = "read denied by rule";
    struct doctor_outcome out;
    if (!try(doctor, doctor->sandbox, check, "read", doctor->scratch.secret, &out))
        return;
    if (!doctor_exited(&out, STEP_WORKED) || strcmp(out.output, "untouched") != 0) {
        doctor_fail_outcome(doctor, check, DOCTOR_SEE_LOG,
                            "control: without the rule the file could not be read either", &out);
        return;
    }
    if (!try(doctor, denying, check, "read", doctor->scratch.secret, &out))
        return;
    /* a masked file may also be there and empty */
    if (doctor_exited(&out, STEP_BROKEN) && out.output[0] == '\0')
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
        doctor_fail(doctor->table, check, DOCTOR_SEE_LOG, "control: the caller cannot read the file either");
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
        doctor_fail(doctor->table, check, DOCTOR_REPORT_IT,
                    "a connection arrived though the command was told it was refused");
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

/* ---- what is the caller's ---- */

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
    if (!doctor_is_confined(doctor)) {
        doctor_skip(doctor->table, check, "level none has no boundary: commands are on the caller's desktop");
        return;
    }
    if (ours[0] == '\0' || doctor_host_open_station(station) != 0) {
        doctor_skip(doctor->table, check, "control: the caller cannot open his own window station either");
        return;
    }
    if (!try(doctor, doctor->sandbox, check, "desktop", station, &out))
        return;
    if (doctor_exited(&out, STEP_WORKED) || doctor_exited(&out, STEP_DENIED))
        doctor_judge_desktop(doctor->table, ours, out.output, doctor_exited(&out, STEP_WORKED), promises_ui(doctor));
    else
        doctor_fail_outcome(doctor, check, DOCTOR_SEE_LOG, "the command could not tell its desktop", &out);
}

static void check_environment(struct doctor *doctor)
{
    static const char check[] = "environment clean";
    struct doctor_outcome out;
    if (try(doctor, doctor->sandbox, check, "variable", DOCTOR_SECRET_NAME, &out) &&
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

/* ---- all of it ---- */

static void check_access(struct doctor *doctor)
{
    struct postern_sandbox *denying = NULL;
    struct postern_error error = {0};
    if (!doctor_is_confined(doctor)) {
        doctor_skip(doctor->table, "write, read, network", "level none has no boundary");
        return;
    }
    check_write(doctor);
    check_own(doctor);
    int status = doctor_open_sandbox(doctor, true, &denying, &error);
    if (status == 0)
        check_rule(doctor, denying);
    else if (status == POSTERN_E_POLICY)
        doctor_table_add(doctor->table, "read denied by rule", DOCTOR_SKIPPED, error.message, error.remedy);
    else
        doctor_fail_error(doctor->table, "read denied by rule", &error);
    postern_sandbox_close(denying);
    check_network(doctor);
}

void doctor_check_denials(struct doctor *doctor)
{
    check_access(doctor);
    check_desktop(doctor);
    check_environment(doctor);
    check_handles(doctor);
}
