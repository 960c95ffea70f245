/*
 * Command line options: the table-driven parser, and what run and shell make of it.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/session_options.h"
#include "shared/error.h"
#include "shared/strings.h"
#include "tests/support/test.h"

struct sample {
    bool flag;
    const char *text;
    struct strings list;
    uint64_t time, size, number;
    int choice;
};

static const struct option_choice choices[] = {{"one", 1}, {"two", 2}, {NULL, 0}};

static const struct option_row rows[] = {
    {"flag", 'f', OPTION_FLAG, offsetof(struct sample, flag), NULL},
    {"text", 't', OPTION_TEXT, offsetof(struct sample, text), NULL},
    {"list", 0, OPTION_LIST, offsetof(struct sample, list), NULL},
    {"time", 0, OPTION_DURATION, offsetof(struct sample, time), NULL},
    {"size", 0, OPTION_SIZE, offsetof(struct sample, size), NULL},
    {"number", 'n', OPTION_NUMBER, offsetof(struct sample, number), NULL},
    {"choice", 0, OPTION_CHOICE, offsetof(struct sample, choice), choices},
};

#define ARGUMENTS_MAX 32

/* As main() has them; the words themselves stay as they are. */
struct words {
    char *argv[ARGUMENTS_MAX + 1];
    int argc;
};

static struct words split(const char *const *list)
{
    struct words words = {.argc = 0};

    while (list[words.argc] != NULL) {
        assert_true(words.argc < ARGUMENTS_MAX);
        words.argv[words.argc] = (char *)(uintptr_t)list[words.argc];
        words.argc++;
    }
    return words;
}

#define LIST(...) ((const char *const[]){"verb", __VA_ARGS__, NULL})

static int parse(const char *const *list, struct sample *sample, int *rest, struct postern_error *error)
{
    struct words words = split(list);

    memset(sample, 0, sizeof(*sample));
    return options_parse(rows, sizeof(rows) / sizeof(rows[0]), words.argc, words.argv, sample, rest, error);
}

static void every_kind_of_option_is_stored(void **state)
{
    struct sample sample;
    struct postern_error error = {0};
    int rest = 0;

    (void)state;
    assert_int_equal(parse(LIST("-f", "--text=a b", "--list", "x", "--list=y", "--time", "1500ms", "--size", "2K", "-n",
                                "12", "--choice", "two", "command"),
                           &sample, &rest, &error),
                     0);
    assert_true(sample.flag);
    assert_string_equal(sample.text, "a b");
    assert_int_equal(sample.list.count, 2);
    assert_string_equal(sample.list.item[0], "x");
    assert_string_equal(sample.list.item[1], "y");
    assert_int_equal(sample.time, 1500);
    assert_int_equal(sample.size, 2048);
    assert_int_equal(sample.choice, 2);
    assert_int_equal(sample.number, 12);
    assert_int_equal(rest, 14);
    strings_free(&sample.list);
}

static void letters_may_stand_together(void **state)
{
    struct sample sample;
    int rest = 0;

    (void)state;
    assert_int_equal(parse(LIST("-fn12", "-tx y", "word"), &sample, &rest, NULL), 0);
    assert_true(sample.flag);
    assert_int_equal(sample.number, 12);
    assert_string_equal(sample.text, "x y");
    assert_int_equal(rest, 3);
    assert_int_equal(parse(LIST("-ft", "--", "-n", "3"), &sample, &rest, NULL),
                     0); /* a value, whatever it looks like */
    assert_string_equal(sample.text, "--");
    assert_int_equal(sample.number, 3);
    assert_int_equal(rest, 5);
}

static void what_follows_the_first_word_is_left_alone(void **state)
{
    struct sample sample;
    int rest = 0;

    (void)state;
    assert_int_equal(parse(LIST("-f", "command", "--text", "-t", "--nonsense"), &sample, &rest, NULL), 0);
    assert_int_equal(rest, 2);
    assert_null(sample.text);
    assert_int_equal(parse(LIST("--", "--flag"), &sample, &rest, NULL), 0);
    assert_int_equal(rest, 2);
    assert_false(sample.flag);
    assert_int_equal(parse(LIST("-", "x"), &sample, &rest, NULL), 0);
    assert_int_equal(rest, 1);
}

static void mistakes_are_named(void **state)
{
    const struct {
        const char *const *list;
        const char *message;
    } cases[] = {
        {(const char *const[]){"verb", "--nonsense", NULL}, "unknown option --nonsense"},
        {(const char *const[]){"verb", "--nonsense=3", NULL}, "unknown option --nonsense"},
        {(const char *const[]){"verb", "-x", NULL}, "unknown option -x"},
        {(const char *const[]){"verb", "-fx", NULL}, "unknown option -x"},
        {(const char *const[]){"verb", "-f\xc3\xa4", NULL}, "unknown option -f\xc3\xa4"}, /* whole characters only */
        {(const char *const[]){"verb", "--=x", NULL}, "unknown option --"},
        {(const char *const[]){"verb", "-f", "-ft", NULL}, "option -t needs a value"},
        {(const char *const[]){"verb", "-f", "--text", NULL}, "option --text needs a value"},
        {(const char *const[]){"verb", "--flag=yes", NULL}, "option --flag takes no value"},
        {(const char *const[]){"verb", "--text=", NULL}, "option --text: the value is empty"},
        {(const char *const[]){"verb", "--time", "soon", NULL}, "option --time: \"soon\" is not a time such as"},
        {(const char *const[]){"verb", "--time", "-1", NULL}, "option --time: \"-1\" is not a time such as"},
        {(const char *const[]){"verb", "--size=big", NULL}, "option --size: \"big\" is not a size such as"},
        {(const char *const[]){"verb", "--number=-1", NULL}, "option --number: \"-1\" is not a number"},
        {(const char *const[]){"verb", "-n1K", NULL}, "option --number: \"1K\" is not a number"},
        {(const char *const[]){"verb", "--choice", "three", NULL}, "option --choice: \"three\" is not one of one, two"},
        {(const char *const[]){"verb", "--tex", "x", NULL}, "unknown option --tex"}, /* no beginnings of names */
        {(const char *const[]){"verb", "--ti", "1s", NULL}, "unknown option --ti"},
        {(const char *const[]){"verb", "--fla", NULL}, "unknown option --fla"},
        {(const char *const[]){"verb", "command", "\xff", NULL}, "argument 2 is not valid UTF-8: \\xff"},
        {(const char *const[]){"verb", "--text=\xc3", NULL}, "argument 1 is not valid UTF-8: --text=\\xc3"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sample sample;
        struct postern_error error = {0};
        int rest = 0;
        assert_int_equal(parse(cases[i].list, &sample, &rest, &error), POSTERN_E_INVALID);
        if (strncmp(error.message, cases[i].message, strlen(cases[i].message)) != 0) {
            fail_msg("\"%s\" instead of \"%s\"", error.message, cases[i].message);
        }
        assert_string_not_equal(error.remedy, "");
        strings_free(&sample.list);
    }
}

static int parse_run(const char *const *list, struct session_options *options, int *rest, struct postern_error *error)
{
    struct words words = split(list);

    return session_options_parse_run(words.argc, words.argv, options, rest, error);
}

static void run_has_sensible_defaults(void **state)
{
    struct session_options options;
    int rest = 0;

    (void)state;
    assert_int_equal(parse_run(LIST("true"), &options, &rest, NULL), 0);
    assert_int_equal(rest, 1);
    assert_int_equal(options.tty, TTY_AUTO);
    assert_int_equal(options.policy.level, POSTERN_LEVEL_STRONGEST);
    assert_int_equal(options.policy.network, NETWORK_UNSAID);
    assert_true(options.timeout == TIMEOUT_UNSAID);
    assert_int_equal(options.policy.preset, POSTERN_PRESET_DEFAULT);
    assert_int_equal(options.policy.memory, 0);
    assert_null(options.policy.policy);
    assert_int_equal(options.grace, 2000);
    assert_int_equal(options.max_output, 1024 * 1024);
    assert_false(options.inherit_env);
    assert_false(options.interactive);
    session_options_free(&options);
}

static void run_takes_all_its_options(void **state)
{
    struct session_options options;
    int rest = 0;

    (void)state;
    assert_int_equal(parse_run(LIST("--tty=always", "-i", "--cwd", "sub", "--env=A=1", "--env=A=", "--inherit-env",
                                    "--timeout=100d", "--grace=0", "--level=none", "--net=on", "--", "ls", "-l"),
                               &options, &rest, NULL),
                     0);
    assert_int_equal(rest, 13);
    assert_int_equal(options.tty, TTY_ALWAYS);
    assert_true(options.interactive);
    assert_string_equal(options.policy.cwd, "sub");
    assert_int_equal(options.env.count, 2);
    assert_true(options.inherit_env);
    assert_true(options.timeout == UINT64_C(8640000000)); /* more than 32 bits */
    assert_int_equal(options.grace, 1);                   /* 0 would be the default of the API */
    assert_int_equal(options.policy.level, POSTERN_LEVEL_NONE);
    assert_int_equal(options.policy.network, 1);
    session_options_free(&options);
}

static void run_takes_all_that_makes_a_policy(void **state)
{
    struct session_options options;
    const struct policy_options *policy = &options.policy;
    int rest = 0;

    (void)state;
    assert_int_equal(parse_run(LIST("--preset", "read-only", "--ro", "a", "--ro=b", "--rw", "c", "--deny", "d", "--net",
                                    "off", "--policy", "p.json", "--ceiling", "c.json", "--memory", "1G", "--pids",
                                    "50", "--cpu-time", "2s", "--file-size=4K", "--timeout=0", "--dry-run"),
                               &options, &rest, NULL),
                     0);
    assert_int_equal(policy->preset, POSTERN_PRESET_READ_ONLY);
    assert_int_equal(policy->read_only.count, 2);
    assert_string_equal(policy->read_only.item[1], "b");
    assert_string_equal(policy->read_write.item[0], "c");
    assert_string_equal(policy->denied.item[0], "d");
    assert_int_equal(policy->network, 0);
    assert_string_equal(policy->policy, "p.json");
    assert_string_equal(policy->ceiling, "c.json");
    assert_true(policy->memory == UINT64_C(1) << 30);
    assert_int_equal(policy->processes, 50);
    assert_int_equal(policy->cpu_time, 2000);
    assert_int_equal(policy->file_size, 4096);
    assert_int_equal(options.timeout, 0); /* said: the policy's does not count */
    assert_true(options.dry_run);
    session_options_free(&options);
}

static void run_refuses(const char *const *list, const char *message)
{
    struct session_options options;
    struct postern_error error = {0};
    int rest = 0;

    assert_int_equal(parse_run(list, &options, &rest, &error), POSTERN_E_INVALID);
    if (strstr(error.message, message) == NULL) {
        fail_msg("\"%s\" instead of \"%s\"", error.message, message);
    }
    session_options_free(&options);
}

static void run_refuses_what_makes_no_sense(void **state)
{
    (void)state;
    run_refuses((const char *const[]){"run", NULL}, "the command to run is missing");
    run_refuses(LIST("--net=off", "--"), "the command to run is missing");
    run_refuses(LIST("--", ""), "the command's name is empty");
    run_refuses(LIST("--env", "NOVALUE", "true"), "NOVALUE");
    run_refuses(LIST("--env", "=x", "true"), "=");
    run_refuses(LIST("--grace", "60d", "true"), "option --grace");
    run_refuses(LIST("--level", "strongest", "true"), "option --level");
    run_refuses(LIST("--preset", "full", "true"), "option --preset");
    run_refuses(LIST("--pids", "many", "true"), "option --pids");
    run_refuses(LIST("--policy", "", "true"), "option --policy");
}

static void json_is_recognised_beside_a_mistake(void **state)
{
    struct session_options options;
    int rest = 0;

    (void)state;
    assert_int_not_equal(parse_run(LIST("--nonsense", "--json", "--", "true"), &options, &rest, NULL), 0);
    assert_true(options.json);
    session_options_free(&options);
    assert_int_not_equal(parse_run(LIST("--nonsense", "--", "--json"), &options, &rest, NULL), 0);
    assert_false(options.json);
    session_options_free(&options);
}

static void help_needs_no_command(void **state)
{
    struct session_options options;
    int rest = 0;

    (void)state;
    assert_int_equal(parse_run(LIST("--help"), &options, &rest, NULL), 0);
    assert_true(options.help);
    session_options_free(&options);
}

static void shell_takes_no_command_and_fewer_options(void **state)
{
    struct session_options options;
    struct postern_error error = {0};
    struct words words = split(LIST("--level=none"));
    int rest = 0;

    (void)state;
    assert_int_equal(session_options_parse_shell(words.argc, words.argv, &options, &rest, NULL), 0);
    assert_true(options.interactive);
    session_options_free(&options);

    words = split(LIST("ls"));
    assert_int_equal(session_options_parse_shell(words.argc, words.argv, &options, &rest, &error), POSTERN_E_INVALID);
    assert_non_null(strstr(error.message, "\"ls\""));
    session_options_free(&options);

    words = split(LIST("--json"));
    assert_int_equal(session_options_parse_shell(words.argc, words.argv, &options, &rest, &error), POSTERN_E_INVALID);
    assert_non_null(strstr(error.message, "--json"));
    session_options_free(&options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_option_is_stored),
        cmocka_unit_test(letters_may_stand_together),
        cmocka_unit_test(what_follows_the_first_word_is_left_alone),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(run_has_sensible_defaults),
        cmocka_unit_test(run_takes_all_its_options),
        cmocka_unit_test(run_takes_all_that_makes_a_policy),
        cmocka_unit_test(run_refuses_what_makes_no_sense),
        cmocka_unit_test(json_is_recognised_beside_a_mistake),
        cmocka_unit_test(help_needs_no_command),
        cmocka_unit_test(shell_takes_no_command_and_fewer_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
