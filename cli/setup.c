/*
 * `postern setup`: sets the host up for sandbox accounts, says what is not as it should be, or takes all of it back.
 * Parent side, as administrator.
 */
#include "elevated/setup.h"

#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "cli/report.h"
#include "cli/show.h"
#include "cli/status.h"
#include "cli/verb.h"

#define STAGE "options"

enum { SETUP_NOT_FINE = 1, RESULT = 10, KIND = 19 };

struct setup_options {
    bool check, undo, help;
    uint64_t accounts;
};

static const struct option_row rows[] = {
    {"check", 0, OPTION_FLAG, offsetof(struct setup_options, check), NULL},
    {"undo", 0, OPTION_FLAG, offsetof(struct setup_options, undo), NULL},
    {"accounts", 0, OPTION_NUMBER, offsetof(struct setup_options, accounts), NULL},
    {"help", 'h', OPTION_FLAG, offsetof(struct setup_options, help), NULL},
};

static const char *result_name(enum setup_result result)
{
    switch (result) {
    case SETUP_IS_FINE:
        return "ok";
    case SETUP_WAS_MADE:
        return "made";
    case SETUP_WAS_CHANGED:
        return "changed";
    case SETUP_IS_MISSING:
        return "MISSING";
    case SETUP_IS_WRONG:
        return "WRONG";
    case SETUP_WAS_UNDONE:
        return "undone";
    case SETUP_WAS_LEFT:
        return "left";
    }
    return "unknown";
}

static void tell(void *context, enum setup_kind kind, const char *name, enum setup_result result, const char *text)
{
    (void)context;
    size_t column = show_cell(result_name(result), RESULT) + show_cell(setup_kind_name(kind), KIND);
    show_text(name);
    if (text[0]) {
        printf(": ");
        show_wrapped(column + strlen(name) + 2, RESULT + KIND, text);
    } else {
        putchar('\n');
    }
    fflush(stdout); /* the next item may take its time */
}

static void tell_ready(void)
{
    puts("\nThe accounts are ready: this user's sandboxes have level elevated if they ask for no other.");
}

static int work(const struct setup_system *system, const struct setup_options *options, int *status,
                struct postern_error *error)
{
    const struct setup_listener listener = {.tell = tell};
    unsigned accounts = (unsigned)options->accounts;
    bool fine = true;
    int result;
    if (options->undo) {
        result = setup_undo(system, &listener, error);
        if (result == 0)
            puts("\nWhat was set up is taken back.");
        return result;
    }
    if (!options->check) {
        result = setup_apply(system, accounts, &listener, error);
        if (result == 0)
            tell_ready();
        return result;
    }
    result = setup_check(system, accounts, &listener, &fine, error);
    if (result == 0 && fine)
        tell_ready();
    else if (result == 0)
        puts("\nNOT set up as it should be; run: postern setup");
    *status = fine ? STATUS_OK : SETUP_NOT_FINE;
    return result;
}

static int perform(const struct setup_options *options, int *status, struct postern_error *error)
{
    struct setup_system *system = NULL;
    int result = setup_open(options->check ? SETUP_TO_LOOK : SETUP_TO_CHANGE, &system, error);
    if (result == 0 && !system)
        puts("Nothing needs to be set up on this system.");
    else if (result == 0)
        result = work(system, options, status, error);
    setup_close(system);
    return result;
}

static int check_options(const struct setup_options *options, const char *rest, struct postern_error *error)
{
    if (rest)
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "unexpected argument \"%s\"", rest);
    if (options->check && options->undo)
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "--check and --undo cannot be had together");
    if (options->undo && options->accounts)
        return error_set(error, POSTERN_E_INVALID, STAGE, "",
                         "--undo takes all accounts back; --accounts says nothing");
    if (options->accounts > SETUP_ACCOUNTS_MAX)
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "--accounts: at most %d", SETUP_ACCOUNTS_MAX);
    return 0;
}

int setup_main(int argc, char **argv)
{
    struct setup_options options = {.check = false};
    struct postern_error error = {0};
    int rest = argc, status = STATUS_OK;
    int result = options_parse(rows, sizeof(rows) / sizeof(rows[0]), argc, argv, &options, &rest, &error);
    if (result == 0 && options.help) {
        fputs(help_setup, stdout);
        return STATUS_OK;
    }
    if (result == 0)
        result = check_options(&options, argv[rest], &error);
    if (result == 0)
        result = perform(&options, &status, &error);
    if (result != 0) {
        report_error(&error);
        status = STATUS_FAILED;
    }
    return status;
}
