/*
 * embed.c - an agent in small: opens a sandbox, starts a shell in it, types a line, prints what comes back.
 *
 *   cc embed.c $(pkg-config --cflags --libs postern) -o embed && ./embed [elevated|restricted|none]
 */
#include <postern.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every failure has the same four parts; the last one says what to do about it. */
static int complain(const struct postern_error *error)
{
    fprintf(stderr, "embed: %s: %s\n", error->stage, error->message);
    if (error->remedy[0])
        fprintf(stderr, "embed: %s\n", error->remedy);
    return EXIT_FAILURE;
}

static int parse_level(const char *name, enum postern_level *level)
{
    for (int i = POSTERN_LEVEL_NONE; i <= POSTERN_LEVEL_ELEVATED; i++) {
        if (strcmp(name, postern_level_name((enum postern_level)i)) == 0) {
            *level = (enum postern_level)i;
            return 0;
        }
    }
    fprintf(stderr, "embed: %s is not a level\n", name);
    return -1;
}

/* Prints the output until it ends. An agent with a loop of its own would wait on postern_sandbox_handle() instead. */
static int print_output(struct postern_session *session, struct postern_error *error)
{
    char text[4096];
    size_t size;
    int status;

    while ((status = postern_session_read(session, POSTERN_STDOUT, text, sizeof(text), -1, &size, error)) == 0 &&
           size > 0)
        fwrite(text, 1, size, stdout);
    return status;
}

int main(int argc, char **argv)
{
    struct postern_sandbox_options options = POSTERN_SANDBOX_OPTIONS_INIT;
    struct postern_command command = POSTERN_COMMAND_INIT;
    const char *shell[] = {getenv("ComSpec") ? getenv("ComSpec") : "/bin/sh", NULL};
    const char *line = "echo hello from the sandbox\rexit\r"; /* \r is the Enter key */
    struct postern_sandbox *sandbox = NULL;
    struct postern_session *session = NULL;
    struct postern_result result;
    struct postern_error error;
    size_t written;

    if (argc > 1 && parse_level(argv[1], &options.level) != 0)
        return EXIT_FAILURE;
    if (postern_sandbox_open(&options, &sandbox, &error) != 0)
        return complain(&error);
    command.argv = shell;
    command.tty = true;
    command.timeout = 10000;
    int status = postern_session_start(sandbox, &command, &session, &error);
    if (status == 0)
        status = postern_session_write(session, line, strlen(line), -1, &written, &error);
    if (status == 0)
        status = print_output(session, &error);
    if (status == 0)
        status = postern_session_wait(session, -1, &result, &error);
    if (status == 0)
        printf("%s with status %d\n", postern_reason_name(result.reason), result.exit_code);
    postern_session_release(session);
    postern_sandbox_close(sandbox);
    return status == 0 && result.exit_code == 0 ? EXIT_SUCCESS : status == 0 ? EXIT_FAILURE : complain(&error);
}
