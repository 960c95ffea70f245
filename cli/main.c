/*
 * The `postern` command: finds the verb and runs it. Everything it does goes through the public API,
 * but for setting the host up, which is an administrator's and no agent's. Parent side.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/report.h"
#include "cli/status.h"
#include "cli/verb.h"
#include "shared/error.h"
#include "shared/text.h"

static int help_main(int argc, char **argv);
static int version_main(int argc, char **argv);

static const struct verb verbs[] = {
    {"run", "run one command in a sandbox", help_run, run_main},
    {"shell", "start an interactive shell in a sandbox", help_shell, shell_main},
    {"policy", "say what a policy grants here, and what enforces it", help_policy, policy_main},
    {"probe", "say what this host can do, without trying it", help_probe, probe_main},
    {"doctor", "try all of it with sandboxed commands", help_doctor, doctor_main},
    {"setup", "make or remove the accounts sandboxes run as (Windows)", help_setup, setup_main},
    {"help", "explain a verb", help_help, help_main},
    {"version", "print the version", help_version, version_main},
    {"doctor-step", NULL, NULL, doctor_step_main}, /* what doctor runs in its sandboxes */
};
#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static void print_verbs(FILE *out)
{
    fputs(help_postern, out);
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (verbs[i].summary != NULL) {
            fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
        }
    }
    fputs("\n`postern help VERB` or `postern VERB --help` tells more.\n", out);
}

static int bad_verb(const char *name)
{
    char shown[80] = "";

    text_escape(shown, sizeof(shown), name, strlen(name));
    fprintf(stderr, "postern: there is no verb \"%s\"; see postern help\n", shown);
    return STATUS_USAGE;
}

static int help_main(int argc, char **argv)
{
    const struct verb *verb;

    if (argc < 2) {
        print_verbs(stdout);
        return STATUS_OK;
    }
    verb = find_verb(argv[1]);
    if (verb == NULL || verb->help == NULL) {
        return bad_verb(argv[1]);
    }
    fputs(verb->help, stdout);
    return STATUS_OK;
}

static int version_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("postern %s\n", postern_version());
    return STATUS_OK;
}

/* argv[1] names the verb. The options that stand alone are spelt as every other program has them. */
static int dispatch(int argc, char **argv)
{
    const struct verb *verb;
    const char *name;

    if (argc < 2) {
        print_verbs(stderr);
        return STATUS_USAGE;
    }
    name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = "help";
    } else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        name = "version";
    }
    verb = find_verb(name);
    return verb == NULL ? bad_verb(argv[1]) : verb->main(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    struct postern_error error = {0};
    int status;

    if (arguments_get(&argc, &argv, &error) != 0) {
        report_error(&error);
        return STATUS_FAILED;
    }
    status = dispatch(argc, argv);
    if (fflush(stdout) != 0 && status == STATUS_OK) {
        error_set(&error, POSTERN_E_OS, "output", "", "standard output cannot be written");
        report_error(&error);
        status = STATUS_FAILED;
    }
    return status;
}
