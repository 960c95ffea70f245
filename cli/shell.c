/*
 * `postern shell`: the caller's shell in a sandbox. It is `postern run` with another command. Parent side.
 */
#include <stdio.h>

#include "cli/arguments.h"
#include "cli/run.h"
#include "cli/status.h"
#include "cli/verb.h"

int shell_main(int argc, char **argv)
{
    struct session_options options;
    struct postern_error error = {0};
    const char *const command[] = {arguments_shell(), NULL};
    int rest = argc, status = STATUS_OK;

    if (session_options_parse_shell(argc, argv, &options, &rest, &error) != 0) {
        status = run_failed(&options, &error);
    } else if (options.help) {
        fputs(help_shell, stdout);
    } else {
        status = run_session(&options, command);
    }
    session_options_free(&options);
    return status;
}
