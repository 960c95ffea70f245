/*
 * `postern doctor-step`: what doctor runs in its sandboxes. Each word tries one thing, says what came of it and exits
 * with one of the statuses of doctor.h. Runs as the command, so it has no rights that its user would not have.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"
#include "cli/doctor_host.h"
#include "cli/file.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "shared/environment.h"
#include "shared/text.h"

static int denied(int64_t os_error)
{
    char text[160] = "";
    error_os_text(os_error, text, sizeof(text));
    printf("%s\n", text);
    return STEP_DENIED;
}

static int step_cat(char **words)
{
    int c;
    (void)words;
    while ((c = getchar()) != EOF)
        putchar(c);
    return STEP_WORKED;
}

static int step_exit(char **words)
{
    uint64_t status = STEP_BROKEN;
    (void)text_parse_u64(words[0], &status);
    return (int)status;
}

/* Says the terminal's size, then reads a line from it. */
static int step_terminal(char **words)
{
    char line[80] = "";
    uint16_t rows = 0, cols = 0;
    (void)words;
    if (!terminal_is(TERMINAL_STDIN) || !terminal_is(TERMINAL_STDOUT) || !terminal_size(&rows, &cols))
        return STEP_DENIED;
    printf("terminal %u %u\n", rows, cols);
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin))
        return STEP_BROKEN;
    line[strcspn(line, "\r\n")] = '\0';
    printf("line (%s)\n", line);
    return STEP_WORKED;
}

static int step_write(char **words)
{
    int64_t os_error = 0;
    FILE *file = file_append(words[0], &os_error);
    if (!file)
        return denied(os_error);
    bool written = fputs(DOCTOR_WRITTEN, file) >= 0;
    return fclose(file) == 0 && written ? STEP_WORKED : STEP_BROKEN;
}

static int step_read(char **words)
{
    char text[80] = "";
    int64_t os_error = 0;
    FILE *file = file_open(words[0], &os_error);
    if (!file)
        return denied(os_error);
    size_t got = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    printf("%s", text);
    return got > 0 ? STEP_WORKED : STEP_BROKEN;
}

static int step_connect(char **words)
{
    uint64_t port = 0;
    if (!text_parse_u64(words[0], &port) || port > UINT16_MAX)
        return STEP_BROKEN;
    int64_t os_error = doctor_host_connect((uint16_t)port);
    return os_error == 0 ? STEP_WORKED : denied(os_error);
}

/* Says where it is, then tries the window station that is named. */
static int step_desktop(char **words)
{
    char text[300], station[128];
    if (!doctor_host_desktop(text, sizeof(text), station, sizeof(station)))
        return STEP_BROKEN;
    printf("%s\n", text);
    int64_t os_error = doctor_host_open_station(words[0]);
    return os_error == 0 ? STEP_WORKED : denied(os_error);
}

/* "Worked" means: a variable of this name came along. */
static int step_variable(char **words)
{
    struct strings environment = {0};
    bool there = !environment_of_process(&environment) || environment_get(&environment, words[0], environment_folds());
    strings_free(&environment);
    return there ? STEP_WORKED : STEP_DENIED;
}

static int step_handle(char **words)
{
    uint64_t number = 0;
    bool there = !text_parse_u64(words[0], &number) || doctor_host_has_handle(number);
    return there ? STEP_WORKED : STEP_DENIED;
}

/* Where the sandbox's own temporary directory is. */
static int step_temporary(char **words)
{
    static const char *const names[] = {"TMPDIR", "TEMP"};
    struct strings environment = {0};
    const char *value = NULL;
    (void)words;
    if (environment_of_process(&environment))
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !value; i++)
            value = environment_get(&environment, names[i], environment_folds());
    printf("%s", value ? value : "");
    strings_free(&environment);
    return STEP_WORKED;
}

static void interrupted(int number)
{
    (void)number;
    _Exit(STEP_INTERRUPTED);
}

/* Until its input ends, which the parent does not let happen. */
static int wait_for_end(void)
{
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    return STEP_BROKEN;
}

static int step_interrupt(char **words)
{
    (void)words;
    return signal(SIGINT, interrupted) != SIG_ERR ? wait_for_end() : STEP_BROKEN;
}

static int step_hold(char **words)
{
    return doctor_host_start_holder(words[0]) ? wait_for_end() : STEP_BROKEN;
}

static int step_holder(char **words)
{
    uint64_t number = 0;
    if (text_parse_u64(words[1], &number))
        doctor_host_be_holder(words[0], number);
    return STEP_BROKEN;
}

static const struct {
    const char *name;
    int words; /* that follow */
    int (*run)(char **words);
} steps[] = {
    {"cat", 0, step_cat},         {"exit", 1, step_exit},           {"terminal", 0, step_terminal},
    {"write", 1, step_write},     {"read", 1, step_read},           {"connect", 1, step_connect},
    {"handle", 1, step_handle},   {"variable", 1, step_variable},   {"temporary", 0, step_temporary},
    {"hold", 1, step_hold},       {"interrupt", 0, step_interrupt}, {"holder", 2, step_holder},
    {"desktop", 1, step_desktop},
};

/* Ends without what else is to be done at an exit: a build that looks for leaks then traces itself, which no sandbox
 * allows. */
static int finish(int status)
{
    if (fflush(stdout) != 0)
        status = STEP_BROKEN;
    _Exit(status);
}

int doctor_step_main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof(steps) / sizeof(steps[0]); i++)
        if (strcmp(steps[i].name, argv[1]) == 0 && argc == 2 + steps[i].words)
            return finish(steps[i].run(argv + 2));
    fputs("postern: doctor-step is for postern doctor alone\n", stderr);
    return STEP_BROKEN;
}
