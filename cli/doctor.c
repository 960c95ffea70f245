/*
 * `postern doctor`: starts sandboxed commands at every level on offer and says what does not work, why, and what to do.
 * Parent side.
 */
#include "cli/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor_host.h"
#include "cli/doctor_system.h"
#include "cli/options.h"
#include "cli/policy_options.h"
#include "cli/report.h"
#include "cli/status.h"
#include "cli/verb.h"
#include "shared/json.h"
#include "shared/system.h"

#define STAGE "doctor"

enum { DOCTOR_UNHEALTHY = 1 };

struct doctor_options {
    int level; /* STRONGEST: all */
    bool codes, json, help;
};

static const struct option_row rows[] = {
    {"level", 0, OPTION_CHOICE, offsetof(struct doctor_options, level), policy_level_choices},
    {"codes", 0, OPTION_FLAG, offsetof(struct doctor_options, codes), NULL},
    {"json", 0, OPTION_FLAG, offsetof(struct doctor_options, json), NULL},
    {"help", 'h', OPTION_FLAG, offsetof(struct doctor_options, help), NULL},
};

static const enum postern_level levels[] = {POSTERN_LEVEL_ELEVATED, POSTERN_LEVEL_RESTRICTED, POSTERN_LEVEL_NONE};

static const char *get(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* NULL: it failed, and a row says so. */
static json_t *look(struct doctor_table *table)
{
    struct postern_error error = {0};
    char *text = NULL;
    json_t *probe = NULL;
    if (postern_probe(&text, &error) != 0 || !(probe = json_read(text, strlen(text), "the probe", STAGE, &error)))
        doctor_fail_error(table, "host", &error);
    postern_free(text);
    return probe;
}

/* By looking (every start hashes them again), and where that tells something by starting one. */
static void check_helpers(struct doctor_table *table, json_t *probe)
{
    json_t *helper;
    size_t index;
    json_array_foreach(json_object_get(probe, "helpers"), index, helper)
    {
        struct postern_error error = {0};
        bool tried = false;
        int exit_code = 0;
        if (!json_is_true(json_object_get(helper, "usable"))) {
            doctor_fail(table, get(helper, "name"), get(helper, "remedy"), "%s", get(helper, "message"));
            continue;
        }
        doctor_ok(table, get(helper, "name"));
        if (doctor_host_try_helper(get(helper, "path"), &tried, &exit_code, &error) != 0)
            doctor_fail_error(table, "helper loads", &error);
        else if (tried)
            doctor_judge_helper(table, exit_code);
    }
}

/* Commands start in the caller's directory if nothing else is said. */
static void check_directory(struct doctor_table *table)
{
    struct doctor_lists lists;
    char *directory = system_current_directory();
    if (directory && doctor_host_look_at_lists(directory, &lists))
        doctor_judge_lists(table, directory, &lists);
    free(directory);
}

/* What came of the levels. */
struct verdict {
    bool boundary; /* elevated or restricted is on offer, and works */
    bool named;    /* the one that was asked for is */
};

bool doctor_was_stopped(struct doctor_watch *watch)
{
    unsigned happened = 0;
    if (watch->signal == 0 && watch->console && console_wait(watch->console, -1, 0, 0, &happened, NULL) == 0 &&
        (happened & CONSOLE_SIGNALLED))
        watch->signal = (int)console_next_signal(watch->console);
    return watch->signal != 0;
}

static void check_levels(struct doctor_table *table, struct doctor_watch *watch, json_t *probe, int wanted,
                         struct verdict *verdict)
{
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        struct postern_error error = {0};
        if ((wanted != POSTERN_LEVEL_STRONGEST && wanted != (int)levels[i]) || doctor_was_stopped(watch))
            continue;
        doctor_table_level(table, postern_level_name(levels[i]));
        if (postern_level_check(levels[i], &error) != 0) {
            doctor_table_add(table, "sandbox opens", DOCTOR_NOT_OFFERED, error.message, error.remedy);
            doctor_skip_level(table);
            continue;
        }
        const char *network = doctor_network_stays(probe, postern_level_name(levels[i]));
        bool works = doctor_check_level(table, watch, levels[i], network);
        verdict->named = verdict->named || works;
        verdict->boundary = verdict->boundary || (works && levels[i] != POSTERN_LEVEL_NONE);
    }
}

static const char *describe(const struct doctor_table *table, int wanted, const struct verdict *verdict, bool *healthy)
{
    bool enough = wanted == POSTERN_LEVEL_STRONGEST ? verdict->boundary : verdict->named;
    *healthy = enough && table->failed == 0;
    if (*healthy)
        return wanted == POSTERN_LEVEL_NONE ? "Healthy, as far as a level without a boundary can be."
                                            : "Healthy: commands are confined as they should be.";
    if (table->failed > 0)
        return "NOT healthy: see what has failed above, the first one first.";
    return wanted == POSTERN_LEVEL_STRONGEST
               ? "NOT healthy: this host offers no level with a boundary; see the actions above."
               : "NOT healthy: this host does not offer that level; see the action above.";
}

static int examine(const struct doctor_options *options, int *status, struct postern_error *error)
{
    struct doctor_table table = {.json = options->json};
    struct verdict verdict = {.boundary = false};
    struct doctor_watch watch = {.signal = 0};
    bool healthy = false;
    if (console_open(&watch.console, NULL) != 0)
        watch.console = NULL;
    doctor_table_begin(&table);
    json_t *probe = look(&table);
    check_helpers(&table, probe);
    doctor_tell_system(&table, json_object_get(probe, "system"),
                       options->level == POSTERN_LEVEL_STRONGEST || options->level == POSTERN_LEVEL_ELEVATED);
    check_directory(&table);
    check_levels(&table, &watch, probe, options->level, &verdict);
    json_decref(probe);
    const char *text = describe(&table, options->level, &verdict, &healthy);
    bool stopped = doctor_was_stopped(&watch);
    console_close(watch.console);
    if (stopped) {
        *status = STATUS_SIGNAL + watch.signal;
        return doctor_table_end(&table, false, "Interrupted: not everything was checked.", error);
    }
    *status = healthy ? STATUS_OK : DOCTOR_UNHEALTHY;
    return doctor_table_end(&table, healthy, text, error);
}

int doctor_main(int argc, char **argv)
{
    struct doctor_options options = {.level = POSTERN_LEVEL_STRONGEST};
    struct postern_error error = {0};
    int rest = argc, status = STATUS_OK;
    int result = options_parse(rows, sizeof(rows) / sizeof(rows[0]), argc, argv, &options, &rest, &error);
    if (result == 0 && !options.help && argv[rest])
        result = error_set(&error, POSTERN_E_INVALID, "options", "", "unexpected argument \"%s\"", argv[rest]);
    if (result == 0 && options.help)
        fputs(help_doctor, stdout);
    else if (result == 0)
        result = options.codes ? doctor_tell_codes(options.json, &error) : examine(&options, &status, &error);
    if (result != 0) {
        report_failure(&error, options.json);
        status = STATUS_FAILED;
    }
    return status;
}
