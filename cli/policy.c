/*
 * `postern policy check`: what a policy would grant and refuse here, and by which mechanism. Starts nothing. Parent
 * side.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/policy_options.h"
#include "cli/policy_text.h"
#include "cli/report.h"
#include "cli/status.h"
#include "cli/verb.h"
#include "shared/error.h"

#define STAGE "options"

enum { POLICY_REFUSED = 1 };

struct check_options {
    struct policy_options policy;
    bool json, help;
};

static const struct option_row rows[] = {
    POLICY_OPTION_ROWS(struct check_options),
    {"json", 0, OPTION_FLAG, offsetof(struct check_options, json), NULL},
    {"help", 'h', OPTION_FLAG, offsetof(struct check_options, help), NULL},
};

/* Options may stand before and behind the file's name. */
static int parse(int argc, char **argv, struct check_options *options, struct postern_error *error)
{
    for (int at = 0, rest = 0; at < argc; at += rest) {
        int result = options_parse(rows, sizeof(rows) / sizeof(rows[0]), argc - at, argv + at, options, &rest, error);
        const char *word = result == 0 ? argv[at + rest] : NULL;
        if (result != 0 || options->help || !word)
            return result;
        if (options->policy.policy)
            return error_set(error, POSTERN_E_INVALID, STAGE, "", "unexpected argument \"%s\": the policy is %s", word,
                             options->policy.policy);
        if (word[0] == '\0')
            return error_set(error, POSTERN_E_INVALID, STAGE, "", "the name of the policy's file is empty");
        options->policy.policy = word;
    }
    return 0;
}

static int check(const struct check_options *options, bool *granted, struct postern_error *error)
{
    struct policy_request request;
    int result = policy_request_make(&options->policy, &request, error);
    if (result == 0)
        result = policy_text_tell(&request.sandbox, options->json, granted, error);
    policy_request_free(&request);
    return result;
}

static bool asks_for_json(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

static int check_main(int argc, char **argv)
{
    struct check_options options = {.json = false};
    struct postern_error error = {0};
    bool granted = false;
    policy_options_init(&options.policy);
    int result = parse(argc, argv, &options, &error);
    int status = STATUS_USAGE;
    if (result == 0 && options.help) {
        fputs(help_policy, stdout);
        status = STATUS_OK;
    } else if (result == 0) {
        result = check(&options, &granted, &error);
        status = granted ? STATUS_OK : result == 0 || result == POSTERN_E_POLICY ? POLICY_REFUSED : STATUS_USAGE;
    }
    if (result != 0)
        report_failure(&error, asks_for_json(argc, argv));
    policy_options_free(&options.policy);
    return status;
}

int policy_main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "check") == 0)
        return check_main(argc - 1, argv + 1);
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help_policy, stdout);
        return STATUS_OK;
    }
    fputs("usage: postern policy check [options] [FILE]\n", stderr);
    return STATUS_USAGE;
}
