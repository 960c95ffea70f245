/*
 * The options of `postern run` and `postern shell`; see session_options.h. Parent side.
 */
#include "cli/session_options.h"

#include <string.h>

#include "cli/options.h"
#include "shared/environment.h"
#include "shared/error.h"

#define STAGE "options"
#define DEFAULT_GRACE 2000u
#define DEFAULT_MAX_OUTPUT (UINT64_C(1) << 20)

static const struct option_choice tty_choices[] = {
    {"auto", TTY_AUTO}, {"always", TTY_ALWAYS}, {"never", TTY_NEVER}, {NULL, 0}};

#define FIELD(name) offsetof(struct session_options, name)

/* Those of shell come first; run has all. */
static const struct option_row rows[] = {
    {"tty", 0, OPTION_CHOICE, FIELD(tty), tty_choices},
    {"env", 0, OPTION_LIST, FIELD(env), NULL},
    {"inherit-env", 0, OPTION_FLAG, FIELD(inherit_env), NULL},
    {"timeout", 0, OPTION_DURATION, FIELD(timeout), NULL},
    {"grace", 0, OPTION_DURATION, FIELD(grace), NULL},
    POLICY_OPTION_ROWS(struct session_options),
    {"log-file", 0, OPTION_TEXT, FIELD(log_file), NULL},
    {"quiet", 'q', OPTION_FLAG, FIELD(quiet), NULL},
    {"help", 'h', OPTION_FLAG, FIELD(help), NULL},
    {"interactive", 'i', OPTION_FLAG, FIELD(interactive), NULL},
    {"dry-run", 0, OPTION_FLAG, FIELD(dry_run), NULL},
    {"json", 0, OPTION_FLAG, FIELD(json), NULL},
    {"max-output", 0, OPTION_SIZE, FIELD(max_output), NULL},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))
#define SHELL_ROW_COUNT (ROW_COUNT - 4)

/* Who asked for JSON gets JSON also when another option is wrong, wherever it stands. */
static bool asks_for_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return true;
        }
    }
    return false;
}

static int check(struct session_options *options, struct postern_error *error)
{
    bool fold = environment_folds();

    for (size_t i = 0; i < options->env.count; i++) {
        int result = environment_check(options->env.item[i], fold, error);
        if (result != 0) {
            return result;
        }
    }
    if (options->grace > UINT32_MAX) {
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "option --grace: more than 49 days");
    }
    if (options->grace == 0) {
        options->grace = 1; /* at once; 0 would be the API's default */
    }
    if (options->max_output > SIZE_MAX) {
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "option --max-output: more than memory can hold");
    }
    return 0;
}

static int parse(size_t count, int argc, char **argv, struct session_options *options, int *rest,
                 struct postern_error *error)
{
    int result;

    memset(options, 0, sizeof(*options));
    options->grace = DEFAULT_GRACE;
    options->timeout = TIMEOUT_UNSAID;
    policy_options_init(&options->policy);
    options->max_output = DEFAULT_MAX_OUTPUT;
    result = options_parse(rows, count, argc, argv, options, rest, error);
    if (result == 0 && !options->help) {
        result = check(options, error);
    }
    return result;
}

int session_options_parse_run(int argc, char **argv, struct session_options *options, int *rest,
                              struct postern_error *error)
{
    int result = parse(ROW_COUNT, argc, argv, options, rest, error);

    if (result != 0) {
        options->json = asks_for_json(argc, argv);
        return result;
    }
    if (!options->help && argv[*rest] == NULL && options->policy.policy == NULL) {
        error_set(error, POSTERN_E_INVALID, STAGE, "", "the command to run is missing");
        error_remedy(error, "postern run [options] -- COMMAND [ARGUMENT...]");
        return POSTERN_E_INVALID;
    }
    if (!options->help && argv[*rest] != NULL && argv[*rest][0] == '\0') {
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "the command's name is empty");
    }
    return 0;
}

int session_options_parse_shell(int argc, char **argv, struct session_options *options, int *rest,
                                struct postern_error *error)
{
    int result = parse(SHELL_ROW_COUNT, argc, argv, options, rest, error);

    if (result == 0 && !options->help && argv[*rest] != NULL) {
        error_set(error, POSTERN_E_INVALID, STAGE, "", "unexpected argument \"%s\"", argv[*rest]);
        error_remedy(error, "to run one command, use postern run");
        return POSTERN_E_INVALID;
    }
    options->interactive = true;
    return result;
}

void session_options_free(struct session_options *options)
{
    strings_free(&options->env);
    policy_options_free(&options->policy);
}
