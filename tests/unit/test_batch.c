/*
 * shared/batch.h: no argument of a .bat or .cmd file becomes a command, and each arrives as it was. Judged by a model
 * of how cmd.exe reads a line (tests/support/cmd_model.h); what cmd.exe itself does is in test_process_win32.c.
 */
#include "tests/support/test.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/batch.h"
#include "shared/error.h"
#include "tests/support/cmd_model.h"

#define MAX_ARGUMENTS 8

/* Values that would do harm if they came in. */
static const struct cmd_variable variables[] = {
    {"PATH", "C:\\x\" & injected & \""}, {"a", "\" & injected \""}, {"x:", "y"}, {"CmdCmdLine", "z"}, {NULL, NULL}};

/*
 * What the program that the script hands %1 on to makes of it: the rules of the Visual C++ library since 2008, where
 * two quotes inside quotes are one. (CommandLineToArgvW leaves the quotes there; nothing that cmd.exe takes suits
 * both.) Returns what follows the argument.
 */
static const char *read_by_crt(const char *at, char *out)
{
    bool quoted = false;

    while (*at != '\0' && (quoted || (*at != ' ' && *at != '\t'))) {
        size_t slashes = strspn(at, "\\");
        bool quote = at[slashes] == '"';
        size_t kept = quote ? slashes / 2 : slashes;

        memset(out, '\\', kept);
        out += kept;
        at += slashes;
        if (quote && slashes % 2 == 1) {
            *out++ = *at++;
        } else if (quote && quoted && at[1] == '"') {
            *out++ = '"';
            at += 2;
        } else if (quote) {
            quoted = !quoted;
            at++;
        } else if (*at != '\0' && (quoted || (*at != ' ' && *at != '\t'))) {
            *out++ = *at++;
        }
    }
    *out = '\0';
    return at;
}

static void check_argument(const char *seen, const char *meant)
{
    char text[1100];

    assert_int_equal(*read_by_crt(seen, text), '\0');
    assert_string_equal(text, meant);
}

static void check_list(const char *script, const char *const *argv)
{
    static struct cmd_reading reading;
    char expected[300];
    char *line = NULL;
    size_t count = 1;

    assert_int_equal(batch_quote(script, argv, &line, NULL), POSTERN_OK);
    assert_ptr_equal(strstr(line, "cmd.exe /d /e:on /v:off /s /c \""), line);
    cmd_model_read(line, variables, &reading);
    if (reading.leaked || reading.commands) {
        fail_msg("%s is read as %s", line, reading.line);
    }
    snprintf(expected, sizeof(expected), "\"%s\"", script);
    assert_true(reading.count > 0);
    assert_string_equal(reading.argument[0], expected);
    for (; argv[count] != NULL; count++) {
        assert_true(count < reading.count);
        check_argument(reading.argument[count], argv[count]);
    }
    assert_int_equal(reading.count, count);
    free(line);
}

static void awkward_arguments_arrive(void **state)
{
    static const char *const awkward[] = {
        "",
        " ",
        "a",
        "a b",
        "\"",
        "\"\"",
        "a\"b",
        "\" & injected & \"",
        "%PATH%",
        "%",
        "%%",
        "%%PATH%%",
        "100%",
        "%a",
        "%a:~0,5%",
        "%cd:~,%",
        "%a:b=c%",
        "a%",
        "^",
        "a^&b",
        "&",
        "|",
        "<in",
        ">out",
        "(",
        ")",
        "!PATH!",
        "!",
        "a\\",
        "a b\\",
        "\\",
        "\\\\",
        "\\\"",
        "\\\\\"",
        "a,b;c=d",
        "\t",
        "/c",
        "@echo",
        "\"%a%\"",
        "%CmdCmdLine:~-1%",
        "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x8c",
        "a\x1a"
        "b",
        "%~1",
        "%*",
        "\"^",
        "C:\\dir with blanks\\",
    };
    const size_t count = sizeof(awkward) / sizeof(awkward[0]);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            const char *argv[] = {"ignored", awkward[i], awkward[k], "last", NULL};

            check_list("C:\\a dir\\a & b (1) 100%.cmd", argv);
        }
    }
}

static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

static void random_argument(char *out, size_t size)
{
    static const char *const letters[] = {"a", "b",  " ", "\"", "\"\"", "%",  "%%",       "%PATH%", "\\", "\\\\", "&",
                                          "|", "^",  "!", "<",  ">",    "(",  ")",        ",",      ";",  "=",    ":",
                                          "~", "cd", "x", "\t", "~,",   "%a", "\xc3\xa4", "*",      "?",  "'"};
    size_t used = 0;

    for (uint32_t length = random_below(10); length > 0; length--) {
        const char *letter = letters[random_below(sizeof(letters) / sizeof(letters[0]))];

        if (used + strlen(letter) + 1 < size) {
            memcpy(out + used, letter, strlen(letter));
            used += strlen(letter);
        }
    }
    out[used] = '\0';
}

static void any_argument_arrives(void **state)
{
    (void)state;
    random_state = 20260204;
    for (int round = 0; round < 20000; round++) {
        char text[MAX_ARGUMENTS - 1][80];
        const char *argv[MAX_ARGUMENTS + 1] = {"x"};
        uint32_t count = 1 + random_below(MAX_ARGUMENTS - 1);

        for (uint32_t i = 0; i < count; i++) {
            random_argument(text[i], sizeof(text[i]));
            argv[i + 1] = text[i];
        }
        check_list("C:\\x.cmd", argv);
    }
}

/* The control: quoted as for other programs, the model sees what cmd.exe would run. */
static void the_model_sees_the_harm(void **state)
{
    static const struct {
        const char *line;
        bool leaked, commands;
    } cases[] = {
        {"cmd.exe /s /c \"\"x.cmd\" \"\\\"&injected\"\"", false, true},
        {"cmd.exe /s /c \"\"x.cmd\" a&injected\"", false, true},
        {"cmd.exe /s /c \"\"x.cmd\" \"%PATH%\"\"", true, true},
        {"cmd.exe /s /c \"\"x.cmd\" \"%%PATH%%\"\"", true, true},
        {"cmd.exe /s /c \"\"x.cmd\" ^%PATH^%\"", false, true},
        {"cmd.exe /s /c \"\"x.cmd\" \"%x:%\"\"", true, false},
        {"cmd.exe /s /c \"\"x.cmd\" \"%CmdCmdLine:~-1%\"\"", true, false},
        {"cmd.exe /s /c \"\"x.cmd\" \"a\nb\"\"", false, true},
        {"cmd.exe /s /c \"\"x.cmd\" \"a\"", false, true},
        {"cmd.exe /s /c \"\"x.cmd\" \"%nothing%\" %\"", false, false},
    };
    static struct cmd_reading reading;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cmd_model_read(cases[i].line, variables, &reading);
        assert_int_equal(reading.leaked, cases[i].leaked);
        assert_int_equal(reading.commands, cases[i].commands);
    }
}

static void scripts_are_known_by_their_end(void **state)
{
    (void)state;
    assert_true(batch_is_script("x.bat"));
    assert_true(batch_is_script("C:\\a b\\X.CMD"));
    assert_true(batch_is_script("x.cMd. . "));
    assert_false(batch_is_script(".bat"));
    assert_false(batch_is_script("x.bat.exe"));
    assert_false(batch_is_script("xbat"));
    assert_false(batch_is_script(""));
}

static int quote_one(const char *script, const char *argument, struct postern_error *error)
{
    const char *argv[] = {"x", argument, NULL};
    char *line = NULL;
    int code = batch_quote(script, argv, &line, error);

    assert_int_equal(line != NULL, code == POSTERN_OK);
    free(line);
    return code;
}

static void what_cmd_cannot_be_given_is_refused(void **state)
{
    struct postern_error error = {0};
    char path[400];

    (void)state;
    assert_int_equal(quote_one("x.cmd", "a\nb", &error), POSTERN_E_INVALID);
    assert_non_null(strstr(error.message, "line break"));
    assert_int_equal(quote_one("x.cmd", "a\r", NULL), POSTERN_E_INVALID);
    assert_int_equal(quote_one("a\"b.cmd", "a", NULL), POSTERN_E_INVALID);
    assert_int_equal(quote_one("a\nb.cmd", "a", NULL), POSTERN_E_INVALID);
    assert_int_equal(quote_one("\\\\?\\UNC\\s\\x\\y.cmd", "a", &error), POSTERN_E_INVALID);
    assert_non_null(strstr(error.message, "device path"));
    assert_int_equal(quote_one("\\\\.\\C:\\y.cmd", "a", NULL), POSTERN_E_INVALID);
    assert_int_equal(quote_one("\\\\server\\share\\y.cmd", "a", NULL), POSTERN_OK);
    memset(path, 'p', sizeof(path));
    memcpy(path, "\\\\?\\C:\\", 7);
    memcpy(path + 4 + BATCH_PATH_LIMIT - 4, ".cmd", 5);
    assert_int_equal(quote_one(path, "a", NULL), POSTERN_OK); /* 259 without its \\?\ */
    memmove(path + 8, path + 7, 390);
    assert_int_equal(quote_one(path, "a", &error), POSTERN_E_LIMIT);
    assert_non_null(strstr(error.message, "259"));
}

static void the_long_form_of_a_drive_is_left_out(void **state)
{
    const char *argv[] = {"x", NULL};
    char *line = NULL;

    (void)state;
    assert_int_equal(batch_quote("\\\\?\\C:\\a b\\y.cmd", argv, &line, NULL), POSTERN_OK);
    assert_non_null(strstr(line, "\"\"C:\\a b\\y.cmd\"\""));
    free(line);
}

/* Counted as Windows counts: UTF-16 units, and the terminator is one. */
static void the_limit_is_cmds(void **state)
{
    static const char frame[] = "cmd.exe /d /e:on /v:off /s /c \"\"x.cmd\" \"\"\"";
    size_t room = BATCH_LIMIT - (sizeof(frame) - 1);
    char *text = calloc(room + 2, 3);

    (void)state;
    memset(text, 'a', room);
    assert_int_equal(quote_one("x.cmd", text, NULL), POSTERN_OK);
    text[room] = 'a';
    assert_int_equal(quote_one("x.cmd", text, NULL), POSTERN_E_LIMIT);
    memset(text, 0, 3 * (room + 2));
    for (size_t i = 0; i < room; i++) {
        memcpy(text + 3 * i, "\xe2\x82\xac", 3);
    }
    assert_int_equal(quote_one("x.cmd", text, NULL), POSTERN_OK);
    text[3 * room] = 'a';
    assert_int_equal(quote_one("x.cmd", text, NULL), POSTERN_E_LIMIT);
    free(text);
}

static void cmd_needs_a_directory_with_a_drive(void **state)
{
    struct postern_error error = {0};

    (void)state;
    assert_int_equal(batch_check_directory(NULL, NULL), POSTERN_OK);
    assert_int_equal(batch_check_directory("C:\\x", NULL), POSTERN_OK);
    assert_int_equal(batch_check_directory("\\\\?\\C:\\x", NULL), POSTERN_OK);
    assert_int_equal(batch_check_directory("\\\\server\\share", &error), POSTERN_E_CWD);
    assert_non_null(strstr(error.message, "Windows directory"));
    assert_int_equal(batch_check_directory("//server/share", NULL), POSTERN_E_CWD);
    assert_int_equal(batch_check_directory("\\\\?\\UNC\\server\\share", NULL), POSTERN_E_CWD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(awkward_arguments_arrive),
        cmocka_unit_test(any_argument_arrives),
        cmocka_unit_test(the_model_sees_the_harm),
        cmocka_unit_test(scripts_are_known_by_their_end),
        cmocka_unit_test(what_cmd_cannot_be_given_is_refused),
        cmocka_unit_test(the_long_form_of_a_drive_is_left_out),
        cmocka_unit_test(the_limit_is_cmds),
        cmocka_unit_test(cmd_needs_a_directory_with_a_drive),
    };

    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
